//! Retrieval down a tree of clusters, on the shipped assets: what it looks at, what it misses, and what is
//! said of what it misses.

use std::collections::BTreeSet;

use engine::pipeline::Funnel;
use futures::executor::block_on;
use lab::native::Patient;
use link::State;
use protocol::block::Blocks;
use protocol::machine::{MOST_CELLS, Machine};
use protocol::{Answer, Passage, Question, Reply};
use systems::registry::RETRIEVERS;
use systems::shared::{BEAM, GMV, INDEX, LEVELS, RANKER, SAMPLE, SearchedIn};
use systems::{Retriever, bm25, moppr, retrieval_alone, yandex};

use crate::support::{Spoilt, ask, funnel, run};

/// Queries of what there is much of, and of what there is little of.
const QUERIES: [&str; 12] = [
    "couch",
    "shoes",
    "lamp",
    "coat",
    "wine",
    "phone",
    "toaster",
    "red dress",
    "tent",
    "guitar",
    "baby",
    "coffee",
];

/// A query searched down the tree, ordered as it was retrieved.
fn down_the_tree(query: &str, of: &'static Retriever, beam: f32) -> State {
    let state = State { query: query.into(), ..State::default() }.retrieved_by(of);
    let state = state.with(&INDEX, SearchedIn::Tree.value()).with(&BEAM, beam);
    state.ranked_by(&retrieval_alone::RANKER)
}

fn looked_at(answer: &Answer, name: &str) -> f32 {
    answer.retrieval.blocks.pair("tree", name).unwrap_or_else(|| panic!("no {name}"))
}

fn products(answer: &Answer) -> BTreeSet<u32> {
    answer.candidates.iter().map(|candidate| candidate.product).collect()
}

fn at_index(funnel: &mut Funnel<Spoilt>, state: &State, product: u32) -> Passage {
    let question = Question::Trace { product, held: None };
    let told = block_on(funnel.ask(7, state, &question, &Patient::default()));
    let Some(Reply::Trace(trace)) = told.reply else { panic!("{:?}", told.notices) };
    trace.passages.into_iter().find(|passage| passage.stage == "index").expect("it is searched")
}

#[test]
fn the_wider_the_beam_the_more_is_looked_at_and_found() {
    let mut funnel = funnel();
    for of in [&moppr::RETRIEVER, &yandex::RETRIEVER] {
        let mut means = Vec::new();
        for beam in [1.0, 4.0, 16.0, 64.0] {
            let mut recalls = Vec::new();
            let mut scored = 0.0;
            for query in QUERIES {
                let state = down_the_tree(query, of, beam);
                let answer = run(&mut funnel, &state);
                let exact = state.clone().with(&INDEX, SearchedIn::Exact.value());
                let exact = products(&run(&mut funnel, &exact));
                let both = products(&answer).intersection(&exact).count();
                let recall = looked_at(&answer, "recall");
                assert!((recall - both as f32 / exact.len() as f32).abs() < 1e-6, "{query}");
                assert!(looked_at(&answer, "opened") <= beam, "{query}");
                scored += looked_at(&answer, "products") + looked_at(&answer, "centroids");
                recalls.push(recall);
            }
            means.push((recalls.iter().sum::<f32>() / 12.0, scored / 12.0));
        }
        println!("{}: {means:?}", of.key);
        assert!(means.is_sorted_by(|a, b| a.0 <= b.0 && a.1 <= b.1), "{}: {means:?}", of.key);
        let [narrow, wide] = [means[0], means[3]];
        assert!(narrow.0 < 0.6 && wide.0 > 0.95 && wide.1 < 1_000.0, "{}: {means:?}", of.key);
    }
}

#[test]
fn a_product_that_exact_search_finds_and_the_tree_does_not_is_lost_at_the_index() {
    let mut funnel = funnel();
    let mut lost = 0;
    for query in QUERIES {
        let state = down_the_tree(query, &moppr::RETRIEVER, 2.0);
        let found = products(&run(&mut funnel, &state));
        let exact = state.clone().with(&INDEX, SearchedIn::Exact.value());
        let exact = products(&run(&mut funnel, &exact));
        for &product in found.iter().take(2) {
            assert!(at_index(&mut funnel, &state, product).passed, "{query}: {product}");
        }
        for &product in exact.difference(&found).take(2) {
            let passage = at_index(&mut funnel, &state, product);
            assert!(!passage.passed && passage.value >= 1.0, "{query}: {passage:?}");
            lost += 1;
        }
    }
    assert!(lost > 0);
}

#[test]
fn whoever_has_vectors_can_be_searched_so_and_nothing_else_changes() {
    let mut funnel = funnel();
    for of in RETRIEVERS {
        let state = down_the_tree("couch", of, 4.0);
        let blocks = run(&mut funnel, &state).retrieval.blocks;
        let has = blocks.block("tree").is_some();
        assert_eq!(has, of.has_vectors, "{}", of.key);
    }
    // Words have no vectors.
    let words = down_the_tree("couch", &bm25::RETRIEVER, 1.0);
    let exact = words.clone().with(&INDEX, SearchedIn::Exact.value());
    assert_eq!(run(&mut funnel, &words).candidates, run(&mut funnel, &exact).candidates);
}

#[test]
fn a_page_is_full_though_the_beam_is_narrow_and_prices_or_chance_count() {
    let mut funnel = funnel();
    for levels in 1..=3 {
        for knob in [None, Some(&GMV), Some(&SAMPLE)] {
            for query in ["couch", "gift", ""] {
                let mut state = down_the_tree(query, &moppr::RETRIEVER, BEAM.default);
                state.settings.set(&LEVELS, levels as f32);
                state.settings.set(&RANKER, RANKER.default);
                if let Some(knob) = knob {
                    state.settings.switch(knob, true);
                }
                let answer = run(&mut funnel, &state);
                assert!(
                    answer.candidates.len() >= 20,
                    "{levels} {query} {:?}",
                    knob.map(|k| k.key)
                );
            }
        }
    }
}

fn measured(answer: &Answer, name: &str) -> Option<f32> {
    answer.retrieval.blocks.pair("measured", name)
}

#[test]
fn the_mean_recall_is_that_of_the_last_requests_that_were_searched_alike() {
    let mut funnel = funnel();
    let mut recalls = Vec::new();
    let mut last = None;
    for query in QUERIES.into_iter().take(5) {
        let answer = run(&mut funnel, &down_the_tree(query, &moppr::RETRIEVER, 2.0));
        recalls.push(looked_at(&answer, "recall"));
        last = Some(answer);
    }
    let of = |recalls: &[f32]| recalls.iter().sum::<f32>() / recalls.len() as f32;
    let last = last.expect("five answers");
    assert_eq!(measured(&last, "searches"), Some(5.0));
    let mean = measured(&last, "recall").expect("a mean");
    assert!((mean - of(&recalls)).abs() < 1e-5, "{mean} of {recalls:?}");
    assert!(recalls.iter().any(|recall| (recall - mean).abs() > 0.01), "{recalls:?}");
    // Who asks the same again asks once.
    let again = run(&mut funnel, &down_the_tree(QUERIES[0], &moppr::RETRIEVER, 2.0));
    assert_eq!(measured(&again, "searches"), Some(5.0));
    // What is measured does not count: other questions, and other places of the knobs.
    let state = down_the_tree("sofa", &moppr::RETRIEVER, 2.0);
    ask(&mut funnel, &state, Question::Trace { product: 7, held: None });
    let again = run(&mut funnel, &down_the_tree(QUERIES[1], &moppr::RETRIEVER, 2.0));
    assert_eq!(measured(&again, "searches"), Some(5.0));
    let wider = run(&mut funnel, &down_the_tree(QUERIES[1], &moppr::RETRIEVER, 8.0));
    assert_eq!(measured(&wider, "searches"), Some(1.0));
    assert_eq!(measured(&wider, "recall"), Some(looked_at(&wider, "recall")));
}

#[test]
fn a_search_down_the_tree_says_what_it_takes_beside_exact_search_and_apart_from_what_it_is() {
    let (mut one, mut other) = (funnel(), funnel());
    let state = down_the_tree("couch", &moppr::RETRIEVER, 4.0);
    run(&mut one, &down_the_tree("lamp", &moppr::RETRIEVER, 4.0));
    let (one, other) = (run(&mut one, &state), run(&mut other, &state));
    for answer in [&one, &other] {
        for of in ["tree", "exact"] {
            assert!(measured(answer, of).is_some_and(|time| time >= 1.0), "{of}");
        }
    }
    // Whatever was asked before, and however long it took.
    let without = |mut answer: Answer| {
        answer.retrieval.blocks.retain(|block| block.name != "measured");
        (answer.retrieval, answer.candidates)
    };
    assert_eq!((measured(&one, "searches"), measured(&other, "searches")), (Some(2.0), Some(1.0)));
    assert_eq!(without(one), without(other));
    let exact = state.with(&INDEX, SearchedIn::Exact.value());
    assert_eq!(run(&mut funnel(), &exact).retrieval.blocks.block("measured"), None);
}

fn machine(funnel: &mut Funnel<Spoilt>, state: &State, product: u32, of_page: bool) -> Machine {
    match ask(funnel, state, Question::Machine { product, of_page }) {
        Reply::Machine(machine) => *machine,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_levels_that_are_drawn_are_those_that_were_searched() {
    let mut funnel = funnel();
    let on_sale_or_not = funnel.stock().catalogue.products.len();
    let mut missing = 0;
    for levels in 1..=3_u8 {
        let state = down_the_tree("shoes", &moppr::RETRIEVER, 2.0).with(&LEVELS, levels.into());
        let answer = run(&mut funnel, &state);
        let found = answer.candidates[0].product;
        let exact = state.clone().with(&INDEX, SearchedIn::Exact.value());
        let missed = products(&run(&mut funnel, &exact));
        let missed = missed.into_iter().find(|product| !products(&answer).contains(product));
        missing += usize::from(missed.is_some());
        for product in [Some(found), missed].into_iter().flatten() {
            let drawn = machine(&mut funnel, &state, product, false).levels;
            assert_eq!(drawn.len(), usize::from(levels));
            for level in &drawn {
                assert!(level.clusters.len() <= MOST_CELLS, "{levels}: {level:?}");
                let all = level.products.iter().sum::<u32>() as usize;
                assert_eq!(all, on_sale_or_not, "{levels}");
                let opened = level.opened.iter().sum::<u32>();
                assert!((1..=2).contains(&opened), "{levels}: {opened}");
                for (opened, score) in level.opened.iter().zip(&level.scores) {
                    assert_eq!(*opened > 0, score.is_finite(), "{levels}");
                }
                let own = level.own.expect("it is somewhere") as usize;
                assert_eq!(level.clusters[own], 1, "{levels}");
            }
            let last = drawn.last().expect("a level");
            let sums = [&last.clusters, &last.opened].map(|all| all.iter().sum::<u32>() as f32);
            let said = ["clusters", "opened"].map(|name| looked_at(&answer, name));
            assert_eq!(sums, said, "{levels}");
            let own = last.own.expect("it is somewhere") as usize;
            assert_eq!(last.opened[own] == 1, product == found, "{levels}: {product}");
            // A cluster is below the one that it is a part of: none of what was opened hangs in the air.
            for (upper, lower) in drawn.iter().zip(&drawn[1..]) {
                for cell in (0..lower.above.len()).filter(|&cell| lower.opened[cell] > 0) {
                    assert!(upper.opened[lower.above[cell] as usize] > 0, "{levels}");
                }
            }
        }
        let of_page = machine(&mut funnel, &state, found, true).levels;
        assert!(of_page.iter().all(|level| level.own.is_none()), "{levels}");
        assert_eq!(machine(&mut funnel, &exact, found, false).levels, []);
    }
    assert!(missing > 0, "two clusters hold all that exact search finds");
}
