//! What stands behind every system's own parts: behind a retriever's the coarse ranker, behind a ranker's
//! its tasks blended to one score, and the place on the shelf that the score comes to. They are the same
//! behind each, so no system lists them.

use std::slice;

use crate::knob::Settings;
use crate::part::Part;
use crate::registry::{RANKERS, RETRIEVERS};
use crate::shared::{Blend, COARSE};
use crate::{Ranker, Retriever};

/// Key of the part that blends the tasks.
pub const BLEND: &str = "blend";
/// Key of the part that is the place on the shelf.
pub const SHELF: &str = "shelf";
/// Key of the coarse ranker's part that scores.
const COARSE_SCORE: &str = "coarse-score";
/// Key of the coarse ranker's part that says who goes on to the ranker.
pub const CUT: &str = "coarse-cut";

const SOURCE: &str = "src/protocol/blend.rs";
const COARSE_MODEL: &str = "src/nets/models/coarse_ranker.rs";

/// The coarse ranker (MOPPR 7.3), as it is behind a retriever whose parts it does not stand on; words under
/// "machine.served.PART" and with ".about".
pub static COARSE_PARTS: [Part; 4] = COARSE_RANKER;

const COARSE_RANKER: [Part; 4] = [
    Part::of(&[], "coarse-request", "H^c_uq", "7.3", COARSE_MODEL)
        .formula("H^c_uq = MLP^c_uq(e^uq) / ‖MLP^c_uq(e^uq)‖")
        .terms(&["query-tower"])
        .where_it(cuts),
    Part::of(&[], "coarse-item", "H^c_i", "7.3", COARSE_MODEL)
        .formula("H^c_i = MLP^c_i(e^i) / ‖MLP^c_i(e^i)‖")
        .terms(&["item-tower"])
        .where_it(cuts),
    Part::of(&["coarse-request", "coarse-item"], COARSE_SCORE, "z^c", "7.3", COARSE_MODEL)
        .formula("z^c = H^c_uq · H^c_i")
        .terms(&["cosine"])
        .where_it(cuts),
    Part::of(&[COARSE_SCORE], CUT, "#^c", "7.3", "src/engine/pipeline/coarse.rs")
        .formula("#^c = 1 + |{j : z^c_j > z^c}| ≤ N")
        .where_it(cuts),
];

/// Whether the coarse ranker is switched on.
fn cuts(settings: &Settings) -> bool {
    settings.is_on(&COARSE)
}

/// Both, as they are behind a ranker without parts; words under "machine.served.PART" and with ".about".
pub static PARTS: [Part; 2] = [BLENDED, Part { from: &[BLEND], ..PLACED }];

const BLENDED: Part =
    Part::of(&[], BLEND, "y", "", SOURCE).formula("y = Σ_k w_k y_k").terms(&["lift"]);
const PLACED: Part = Part::of(&[], SHELF, "#", "", SOURCE).formula("# = 1 + |{j : y_j > y}|");

/// How many parts a ranker has with what stands behind them: without tasks nothing is blended.
const fn count(ranker: &Ranker) -> usize {
    ranker.parts.len() + if ranker.tasks.is_empty() { 1 } else { 2 }
}

/// How many there are of all rankers.
const ALL_COUNT: usize = {
    let (mut all, mut n) = (0, 0);
    while n < RANKERS.len() {
        all += count(RANKERS[n]);
        n += 1;
    }
    all
};

/// Those of every ranker, one ranker after another.
static ALL: [Part; ALL_COUNT] = {
    let mut all = [Part { formula: "", ..PLACED }; ALL_COUNT];
    let (mut at, mut n) = (0, 0);
    while n < RANKERS.len() {
        let own = RANKERS[n].parts;
        let mut number = 0;
        while number < own.len() {
            all[at] = own[number];
            (at, number) = (at + 1, number + 1);
        }
        if !RANKERS[n].tasks.is_empty() {
            // The blend reads what the system says: its last part.
            let says: &[&str] = match own {
                [.., last] => slice::from_ref(&last.key),
                [] => &[],
            };
            all[at] = Part { from: says, ..BLENDED };
            all[at + 1] = Part { from: &[BLEND], ..PLACED };
            at += 1;
        }
        at += 1;
        n += 1;
    }
    all
};

/// What is cut behind each retriever: by the coarse score, what the retriever's last part lets through.
static CUT_OF: [[&str; 2]; RETRIEVERS.len()] = {
    let mut of = [[COARSE_SCORE; 2]; RETRIEVERS.len()];
    let mut n = 0;
    while n < of.len() {
        if let [.., last] = RETRIEVERS[n].parts {
            of[n][1] = last.key;
        }
        n += 1;
    }
    of
};

/// How many there are of all retrievers, with the coarse ranker behind each.
const ALL_RETRIEVING_COUNT: usize = {
    let (mut all, mut n) = (0, 0);
    while n < RETRIEVERS.len() {
        all += RETRIEVERS[n].parts.len() + COARSE_RANKER.len();
        n += 1;
    }
    all
};

/// Those of every retriever, one retriever after another.
static ALL_RETRIEVING: [Part; ALL_RETRIEVING_COUNT] = {
    let mut all = [COARSE_RANKER[0]; ALL_RETRIEVING_COUNT];
    let (mut at, mut n) = (0, 0);
    while n < RETRIEVERS.len() {
        let own = RETRIEVERS[n].parts;
        let mut number = 0;
        while number < own.len() {
            all[at] = own[number];
            (at, number) = (at + 1, number + 1);
        }
        let [request, item, score, cut] = COARSE_RANKER;
        let [of_request, of_item] = RETRIEVERS[n].coarse_stands_on;
        all[at] = Part { from: of_request, ..request };
        all[at + 1] = Part { from: of_item, ..item };
        all[at + 2] = score;
        all[at + 3] = Part { from: &CUT_OF[n], ..cut };
        at += COARSE_RANKER.len();
        n += 1;
    }
    all
};

impl Retriever {
    /// Its parts, and the coarse ranker's behind them.
    pub fn served(&self) -> &'static [Part] {
        let mut from = 0;
        for retriever in RETRIEVERS {
            let to = from + retriever.parts.len() + COARSE_RANKER.len();
            if retriever == self {
                return &ALL_RETRIEVING[from..to];
            }
            from = to;
        }
        self.parts
    }
}

impl Ranker {
    /// Its parts, and what stands behind them: the blend where it has tasks, and the place on the shelf.
    pub fn served(&self) -> &'static [Part] {
        let mut from = 0;
        for ranker in RANKERS {
            let to = from + count(ranker);
            if ranker == self {
                return &ALL[from..to];
            }
            from = to;
        }
        self.parts
    }
}

/// Whether a part is one of those behind a system's own.
pub fn is_one(part: &str) -> bool {
    part == BLEND || part == SHELF || is_coarse(part)
}

/// Key of the retriever whose parts the coarse ranker stands on, whoever retrieves: its paper has both.
pub fn stood_on() -> &'static str {
    let stood_on = RETRIEVERS.iter().find(|system| !system.coarse_stands_on[0].is_empty());
    stood_on.map_or("", |system| system.key)
}

/// Whether a part is the coarse ranker's.
pub fn is_coarse(part: &str) -> bool {
    COARSE_PARTS.iter().any(|coarse| coarse.key == part)
}

/// The formula of a part as it is set: that of the blend is the chosen one's, with w the weights' shares
/// and b the base rates of [`Blend`].
pub fn formula(part: &Part, settings: &Settings) -> &'static str {
    match Blend::of(settings) {
        Blend::Lift if part.key == BLEND => "y = Σ_k w_k y_k/b_k",
        Blend::Product if part.key == BLEND => "y = Π_k (y_k/b_k)^wₖ",
        _ => part.formula,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::BLEND as BLENDED_BY;
    use crate::{dmt, moppr, retrieval_alone, yandex};

    fn keys(parts: &[Part]) -> Vec<&'static str> {
        parts.iter().map(|part| part.key).collect()
    }

    #[test]
    fn behind_every_rankers_parts_stand_blend_and_place() {
        for ranker in RANKERS {
            let (own, served) = (keys(ranker.parts), keys(ranker.served()));
            assert_eq!(served[..own.len()], own, "{ranker:?}");
            let behind: &[&str] = if ranker.tasks.is_empty() { &[SHELF] } else { &[BLEND, SHELF] };
            assert_eq!(&served[own.len()..], behind, "{ranker:?}");
            assert!(!own.iter().any(|key| is_one(key)), "{ranker:?} has a part of that name");
        }
        let [.., blend, shelf] = dmt::RANKER.served() else { panic!("DMT has parts") };
        assert_eq!((blend.from, shelf.from), (&["chance"][..], &["blend"][..]));
        // What is no score of its own has no formula: the retriever's order stands.
        let [alone] = retrieval_alone::RANKER.served() else { panic!("a place, and nothing else") };
        assert_eq!((alone.key, alone.formula, alone.from.len()), (SHELF, "", 0));
    }

    #[test]
    fn behind_every_retrievers_parts_stands_the_coarse_ranker() {
        let coarse = keys(&COARSE_PARTS);
        for retriever in RETRIEVERS {
            let (own, served) = (keys(retriever.parts), keys(retriever.served()));
            assert_eq!(served[..own.len()], own, "{retriever:?}");
            assert_eq!(served[own.len()..], coarse, "{retriever:?}");
            assert!(!own.iter().any(|key| is_one(key)), "{retriever:?} has a part of that name");
            // Each is computed of what stands before it, and the cut of what is retrieved too.
            for (number, part) in retriever.served().iter().enumerate() {
                let before = &served[..number];
                assert!(part.from.iter().all(|of| before.contains(of)), "{part:?}");
            }
            let [.., cut] = retriever.served() else { panic!("{retriever:?} has parts") };
            assert_eq!(cut.from, ["coarse-score", own[own.len() - 1]], "{retriever:?}");
        }
        let from = |retriever: &Retriever| {
            let [.., request, item, _, _] = retriever.served() else { panic!("{retriever:?}") };
            [request.from, item.from].map(<[_]>::to_vec)
        };
        assert_eq!(from(&moppr::RETRIEVER), [vec!["joined"], vec!["product"]]);
        assert_eq!(stood_on(), moppr::RETRIEVER.key);
        assert_eq!(from(&yandex::RETRIEVER), [const { Vec::<&str>::new() }; 2]);
    }

    #[test]
    fn the_coarse_ranker_is_there_where_it_is_switched_on() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../");
        let on = Settings::default().with(&COARSE, 1.0);
        for part in &COARSE_PARTS {
            assert!((part.is_there)(&on) && !(part.is_there)(&Settings::default()), "{part:?}");
            assert!(is_coarse(part.key) && is_one(part.key) && !is_coarse(BLEND));
            assert!(std::fs::exists(format!("{root}{}", part.source)).unwrap(), "{}", part.source);
        }
    }

    #[test]
    fn the_formula_of_the_blend_is_that_of_the_chosen_one() {
        let [blend, shelf] = &PARTS;
        let of = |part: &Part, by: Blend| {
            formula(part, &Settings::default().with(&BLENDED_BY, by.value()))
        };
        let all = Blend::ALL.iter().map(|by| of(blend, *by));
        let told = ["y = Σ_k w_k y_k", "y = Σ_k w_k y_k/b_k", "y = Π_k (y_k/b_k)^wₖ"];
        assert!(all.eq(told));
        assert!(Blend::ALL.iter().all(|by| of(shelf, *by) == shelf.formula));
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../");
        assert!(std::fs::exists(format!("{root}{SOURCE}")).unwrap(), "{SOURCE}");
    }
}
