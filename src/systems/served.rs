//! What stands behind every ranker's own parts: its tasks blended to one score, and the place on the
//! shelf that the score comes to. They are the same behind each, so no system lists them.

use std::slice;

use crate::Ranker;
use crate::knob::Settings;
use crate::part::Part;
use crate::registry::RANKERS;
use crate::shared::Blend;

/// Key of the part that blends the tasks.
pub const BLEND: &str = "blend";
/// Key of the part that is the place on the shelf.
pub const SHELF: &str = "shelf";

const SOURCE: &str = "src/protocol/blend.rs";

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

/// Whether a part is one of those behind the ranker's own.
pub fn is_one(part: &str) -> bool {
    part == BLEND || part == SHELF
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
    use crate::{dmt, retrieval_alone};

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
