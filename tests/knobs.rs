//! What the table says of its knobs, held against the funnel: a knob that is said to do nothing
//! does nothing, wherever it is turned to, and every other one does something.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use engine::pipeline::Funnel;
use lab::cli::blend::{least, measure, without_effect_on_the_first};
use lab::cli::cases::{TOP, asked_by_all, ranked};
use lab::cli::knobs::turn::{Shelf, ends, turned};
use link::State;
use link::knobs::text_of;
use systems::knob::{Group, Idle};
use systems::registry::{is_in_use, knob, knobs};
use systems::retrieval_alone;
use systems::shared::{self, Blend};

use crate::funnel::{TOWERS, untaught};
use crate::support::{Spoilt, funnel, run};

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
    "?q=jacket&ranker=none&coarse=on&candidates=60",
    "?q=lamp&coarse=on&size=60",
    "?q=jacket&retriever=bm25&gmv=on",
    "?q=shoes&index=tree",
];

/// One more, of towers that were learned.
const LEARNED: &str = "?q=couch&retriever-weights=learned";

#[test]
fn what_a_knob_is_said_to_do_is_what_it_does() {
    let mut funnel = funnel();
    let mut wrong = Vec::new();
    let mut reasons: BTreeSet<&str> = BTreeSet::new();
    let mut acted: BTreeMap<&str, bool> = BTreeMap::new();
    for link in STATES.iter().chain([&LEARNED]) {
        if *link == LEARNED {
            let towers = untaught(&funnel);
            funnel.weigh(TOWERS, Some(towers));
        }
        let (state, dropped) = State::from_link(link);
        assert_eq!(dropped, [], "{link}");
        let before = run(&mut funnel, &state);
        let (shown, facts) = (Shelf::new(&before, &state), before.facts());
        let changes = |funnel: &mut Funnel<Spoilt>, state: &State| {
            let after = run(funnel, state);
            !Shelf::new(&after, state).is_like(&shown)
        };
        let of_stages = knobs().filter(|knob| knob.group != Group::Setting);
        for knob in of_stages.filter(|knob| is_in_use(knob, &state.settings)) {
            let (above, below) = turned(knob, &state);
            let idle = (knob.idle)(&state.settings, &facts);
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
                    text_of(knob, &state.settings)
                ));
            }
            reasons.extend(idle.map(Idle::words));
            *acted.entry(knob.key).or_default() |= acts;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The states reach what they are there for.
    let never: Vec<_> = acted.iter().filter(|(_, acted)| !**acted).map(|(key, _)| *key).collect();
    // No ranker's weights are learned here: tests/funnel.rs brings some.
    assert_eq!(never, ["device", "precomputed", "weights"]);
    let sources: String = fs::read_dir("src/systems")
        .expect("the systems")
        .map(|file| fs::read_to_string(file.expect("a file").path()).expect("its text"))
        .collect();
    let known: BTreeSet<&str> =
        sources.split('"').filter(|text| text.starts_with("idle.")).collect();
    assert_eq!(reasons, known, "a reason that no state gives");
}

/// With relevance control and without it, down to nothing and up to all that the slider gives.
#[test]
fn without_a_ranker_every_objectives_weight_changes_the_first_ten_of_most_pages() {
    let mut funnel = funnel();
    let objectives = ["w-relevance", "w-exposure", "w-retrieval-click", "w-purchase"];
    for relevance_control in [true, false] {
        let mut asked = State::default().ranked_by(&retrieval_alone::RANKER);
        asked.settings.switch(&shared::RELEVANCE_CONTROL, relevance_control);
        let cases = asked_by_all(&asked);
        let mut changed = [[0; 2]; 4];
        for state in &cases {
            let mut top = |state: &State| {
                let shelf = Shelf::new(&ranked(&mut funnel, state).expect("it ranks"), state);
                shelf.top(TOP).to_vec()
            };
            let before = top(state);
            for (changed, key) in changed.iter_mut().zip(objectives) {
                // It stands at neither.
                let ends = ends(knob(key).expect(key), state);
                assert_eq!(ends.len(), 2, "{key}");
                for (changed, to) in changed.iter_mut().zip(&ends) {
                    *changed += usize::from(top(to) != before);
                }
            }
        }
        let most = |changed: &usize| 4 * changed >= 3 * cases.len();
        assert!(changed.iter().flatten().all(most), "{relevance_control}: {changed:?}");
    }
}

#[test]
fn the_page_opens_with_the_blend_whose_least_slider_moves_most() {
    let turned = measure(&mut funnel()).expect("the shipped assets rank");
    let first = |blend| least(&turned, blend, |turned| turned.first);
    let new = |blend| least(&turned, blend, |turned| turned.new);
    let default = Blend::of(&State::default().settings);
    for &blend in Blend::ALL {
        assert!(first(default) >= first(blend), "{blend:?}: {turned:?}");
    }
    let still = without_effect_on_the_first(&turned).expect("some sliders never reach the first");
    assert!(still.contains("MLPR") && !still.contains("DMT"), "{still}");
    let docs = fs::read_to_string("docs/blend.md").expect("docs/blend.md");
    assert!(docs.contains(&still), "docs/blend.md does not say: {still}");
    // The sliders are worth moving, which they are not where probabilities are added: there the one
    // of the rarer deed brings next to nothing onto the page.
    assert!(first(default) > first(Blend::Sum), "{turned:?}");
    assert!(new(default) > 2.0 * new(Blend::Sum), "{turned:?}");
}
