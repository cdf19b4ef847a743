//! What the table says of its knobs, held against the funnel: a knob that is said to do nothing
//! does nothing, wherever it is turned to, and every other one does something.

use std::collections::{BTreeMap, BTreeSet};

use vitrine::cli::blend::{least, measure};
use vitrine::pipeline::Funnel;
use vitrine::pipeline::blend;
use vitrine::protocol::Answer;
use vitrine::share::knobs::{Control, Group, Idle, KNOBS, Knob};
use vitrine::share::{Blend, State};

use support::{Spoilt, funnel, run};

mod support;

/// States in which knobs are turned: together they give every reason for which one does nothing,
/// and turn every knob where it does something.
const STATES: &[&str] = &[
    "",
    "?q=couch&candidates=200",
    "?q=milk&shopper=elif&sample=on&gmv=on",
    "?q=headphones&shopper=robin&coarse=on&candidates=100&multi-task=shared-bottom",
    "?q=lamp&coarse=on&coarse-keep=300&bias-position=off&bias-neighbours=off",
    "?surface=feed&shopper=emil",
    "?q=shoes&h=forget&w-click=0",
    "?q=shoes&w-click=0&w-order=0&w-relevance=0&w-exposure=0&w-retrieval-click=0",
    "?q=bag&retriever=yandex&shopper=mina&ranker=mlpr",
    "?q=running+shoes&retriever=yandex&shopper=ravi&ranker=mlpr&w-click=0&w-order=0&w-cart=0",
    "?surface=feed&retriever=yandex&h=forget&sample=on",
    "?q=tent&retriever=yandex&history-length=0&page=1&size=8",
    "?q=headphones&blend=sum&multi-task=single-task&bias-at-serving=on&size=60",
];

/// How many products there are, and of each on the page its number, its score, and where retrieval
/// put it by which score.
type Shelf = (usize, Vec<(u32, f32, usize, f32)>);

/// All that the shelf shows of an answer.
fn shelf(answer: &Answer, state: &State) -> Shelf {
    let order = blend::order(&answer.candidates, answer.predicted(), &state.ranking);
    let size = state.page.size.max(1) as usize;
    let last = order.len().saturating_sub(1) / size;
    let from = (state.page.number as usize).min(last) * size;
    let card = |ranked: &blend::Ranked| {
        let candidate = &answer.candidates[ranked.candidate];
        (candidate.product, ranked.score, ranked.candidate, candidate.retrieval_score)
    };
    (order.len(), order.iter().skip(from).take(size).map(card).collect())
}

/// The same but for what rounding does when sums are made in another order.
fn alike(one: &Shelf, other: &Shelf) -> bool {
    let near = |a: f32, b: f32| (a - b).abs() <= 1e-5 * a.abs().max(b.abs()).max(1e-3);
    one.0 == other.0
        && one.1.len() == other.1.len()
        && one
            .1
            .iter()
            .zip(&other.1)
            .all(|(a, b)| (a.0, a.2) == (b.0, b.2) && near(a.1, b.1) && near(a.3, b.3))
}

/// The state with the knob turned to each of a few places: those above where it stands first, then
/// those below.
fn turned(knob: &Knob, state: &State) -> (Vec<State>, Vec<State>) {
    let with = |change: &dyn Fn(&mut State)| {
        let mut state = state.clone();
        change(&mut state);
        state
    };
    match knob.control {
        Control::Number { min, max, step, whole, get, set } => {
            let now = get(state);
            let middle = min + ((max - min) / 2.0 / step).round() * step;
            let next = (now + step).min(max);
            let places = [min, middle, next, max].map(|to| if whole { to.round() } else { to });
            let state = |to: &&f64| with(&|state| set(state, **to));
            let (above, below): (Vec<&f64>, Vec<&f64>) =
                places.iter().filter(|to| **to != now).partition(|to| **to > now);
            (above.iter().map(state).collect(), below.iter().map(state).collect())
        }
        Control::Switch { get, set } => {
            let other = !get(state);
            (Vec::new(), vec![with(&|state| set(state, other))])
        }
        Control::Choice { options, get, set } => {
            let others = (0..options.len()).filter(|option| *option != get(state));
            (Vec::new(), others.map(|option| with(&|state| set(state, option))).collect())
        }
    }
}

#[test]
fn what_a_knob_is_said_to_do_is_what_it_does() {
    let mut funnel = funnel();
    let mut wrong = Vec::new();
    let mut reasons: BTreeSet<&str> = BTreeSet::new();
    let mut acted: BTreeMap<&str, bool> = BTreeMap::new();
    for link in STATES {
        let (state, dropped) = State::from_link(link);
        assert_eq!(dropped, [], "{link}");
        let before = run(&mut funnel, &state);
        let (shown, facts) = (shelf(&before, &state), before.facts());
        let changes = |funnel: &mut Funnel<Spoilt>, state: &State| {
            let after = run(funnel, state);
            !alike(&shelf(&after, state), &shown)
        };
        let of_stages = KNOBS.iter().filter(|knob| knob.group != Group::Setting);
        for knob in of_stages.filter(|knob| knob.is_in_use(&state)) {
            let (above, below) = turned(knob, &state);
            let idle = (knob.idle)(&state, &facts);
            let above: Vec<bool> = above.iter().map(|to| changes(&mut funnel, to)).collect();
            let below: Vec<bool> = below.iter().map(|to| changes(&mut funnel, to)).collect();
            let (any_above, any_below) = (above.contains(&true), below.contains(&true));
            let acts = any_above || any_below;
            let as_said = match idle {
                None => acts,
                Some(Idle::Wholly(_)) => !acts,
                Some(Idle::Beyond(_)) => !any_above && any_below,
            };
            if !as_said {
                wrong.push(format!(
                    "{link}: {}={} is said {idle:?}, and changes {above:?} above, {below:?} below; {facts:?}",
                    knob.key,
                    knob.value(&state)
                ));
            }
            reasons.extend(idle.map(Idle::words));
            *acted.entry(knob.key).or_default() |= acts;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The states reach what they are there for.
    let never: Vec<_> = acted.iter().filter(|(_, acted)| !**acted).map(|(key, _)| *key).collect();
    assert_eq!(never, ["device", "precomputed"]);
    let source = include_str!("../src/share/knobs/table.rs");
    let known: BTreeSet<&str> =
        source.split('"').filter(|text| text.starts_with("idle.")).collect();
    assert_eq!(reasons, known, "a reason that no state gives");
}

#[test]
fn the_page_opens_with_the_blend_whose_least_slider_moves_most() {
    let turned = measure(&mut funnel()).expect("the shipped assets rank");
    let least = |blend| least(&turned, blend);
    let default = State::default().ranking.blend;
    for blend in [Blend::Sum, Blend::Lift, Blend::Product] {
        assert!(least(default) >= least(blend), "{blend:?}: {turned:?}");
    }
    // The sliders are worth moving, which they are not where probabilities are added.
    assert!(least(default) > 2.0 * least(Blend::Sum), "{turned:?}");
}
