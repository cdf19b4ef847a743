//! A link that was once shared opens to the same ranking, to the score, on the shipped assets.
//! After training anew `vitrine record` writes down what the links rank then.

use std::path::Path;

use lab::cli::record::{ranking, read};
use link::State;
use systems::registry::knobs;
use systems::shared::SearchedIn;

use crate::support::funnel;

/// Share by which a score may differ between machines: the matrix product sums in another order
/// where vectors are longer.
const TOLERANCE: f32 = 1e-4;

fn near(one: f32, other: f32) -> bool {
    (one - other).abs() <= TOLERANCE * one.abs().max(other.abs())
}

#[test]
fn every_link_opens_to_the_ranking_that_it_was_shared_for() {
    let links = read(Path::new("tests/links.csv")).expect("the links");
    assert!(links.len() >= 200, "{} links", links.len());
    let mut funnel = funnel();
    for recorded in &links {
        let link = &recorded.link;
        let then = recorded.ranking().expect(link);
        let now = ranking(&mut funnel, link).expect(link);
        assert_eq!(now.len(), then.len(), "{link}");
        let (state, _) = State::from_link(link);
        if SearchedIn::of(&state.settings) == SearchedIn::Tree {
            let is_there = |product| then.iter().any(|(other, _)| *other == product);
            let kept = now.iter().filter(|(product, _)| is_there(*product)).count();
            // Clusters hang on the last digits of the vectors: another machine cuts a few otherwise.
            assert!(2 * kept > then.len(), "{link}: {kept} of {} are still there", then.len());
            for (product, score) in &now {
                let old = then.iter().find(|(other, _)| other == product);
                assert!(old.is_none_or(|(_, old)| near(*score, *old)), "{link}: product {product}");
            }
            continue;
        }
        for (place, (&(product, score), &(_, before))) in now.iter().zip(&then).enumerate() {
            assert!(near(score, before), "{link}, place {place}: {before} then, {score} now");
            // Products may change places only where they score the same.
            let old = then.iter().find(|(other, _)| *other == product);
            let old = old.map_or(then[then.len() - 1].1, |(_, score)| *score);
            assert!(near(score, old), "{link}: product {product} at place {place}");
        }
    }
}

#[test]
fn the_links_turn_every_knob() {
    let links = read(Path::new("tests/links.csv")).expect("the links");
    // Nor is what was learned in a tab anywhere else.
    for knob in
        knobs().filter(|knob| !matches!(knob.key, "backend" | "retriever-weights" | "weights"))
    {
        let turned = links.iter().filter(|recorded| {
            let (state, _) = State::from_link(&recorded.link);
            !state.settings.is_default(knob)
        });
        assert!(turned.count() >= 2, "{} is turned in fewer than two links", knob.key);
    }
}
