//! The four systems in the funnel, on the shipped assets: every pair of them.

use languages::english;
use link::{HistoryEdit, State};
use market::history::EventKind;
use protocol::Answer;
use protocol::blend;
use protocol::block::{Block, Blocks, Shape, Share};
use systems::dmt::{BiasFeatures, MultiTask};
use systems::knob::Settings;
use systems::registry::{RANKERS, RETRIEVERS};
use systems::shared::{self, Surface};
use systems::yandex::{self, TrainingStage};
use systems::{Task, dmt, mlpr, moppr, retrieval_alone};

use crate::support::{Spoilt, funnel, load, run};

fn with_mlpr() -> State {
    State::default().ranked_by(&mlpr::RANKER)
}

/// The feed by Yandex's towers, for a shopper with web searches.
fn with_yandex() -> State {
    State { shopper: "mina".into(), ..State::default() }
        .retrieved_by(&yandex::RETRIEVER)
        .with(&shared::SURFACE, Surface::Feed.value())
}

fn products(answer: &Answer) -> Vec<u32> {
    answer.candidates.iter().map(|candidate| candidate.product).collect()
}

fn names(blocks: &[Block]) -> Vec<&str> {
    blocks.iter().map(|block| block.name.as_str()).collect()
}

/// Holds that an answer has one block of gates where its ranker has gates, whose rows sum to one, and
/// one curve, learned where its ranker reads the place.
fn shows_its_gates_and_curve(answer: &Answer, state: &State, name: &str) {
    let (mut gates, mut curves) = (Vec::new(), Vec::new());
    for block in &answer.blocks {
        match &block.shape {
            Shape::Gates(of_block) => gates.push(of_block),
            Shape::Curve(of_block) => curves.push(of_block),
            shape => panic!("{name}: {shape:?} is of one product"),
        }
    }
    let has_gates = (state.ranker().gates)(&state.settings);
    assert_eq!(gates.len(), usize::from(has_gates), "{name}");
    for gates in gates {
        let named = state.ranker().tasks.iter().map(|task| format!("tasks.{}", task.name()));
        let named: Vec<String> = named.collect();
        assert!(!gates.layers.is_empty(), "{name}");
        for layer in &gates.layers {
            let tasks: Vec<&String> = layer.tasks.iter().map(|task| &task.key).collect();
            assert_eq!(tasks, named.iter().collect::<Vec<_>>(), "{name}");
            assert!(layer.experts.len() > 1, "{name}: {layer:?}");
        }
        assert_eq!(gates.names().count() * answer.candidates.len(), gates.weights.len(), "{name}");
        for candidate in 0..answer.candidates.len() {
            let mut weights = gates.of(candidate);
            for layer in &gates.layers {
                for _ in &layer.tasks {
                    let (of_task, rest) = weights.split_at(layer.experts.len());
                    assert!((of_task.iter().sum::<f32>() - 1.0).abs() < 1e-4, "{name}");
                    weights = rest;
                }
            }
        }
    }
    let [curve] = curves[..] else { panic!("{name}: {} curves", curves.len()) };
    let reads = |bias: fn(&Settings) -> bool| {
        // Neighbours are no place.
        let mut alone = state.settings.clone();
        alone.switch(&dmt::BIAS_NEIGHBOURS, false);
        bias(&alone)
    };
    let learned = if state.ranker().bias.is_some_and(reads) { curve.truth.len() } else { 0 };
    assert_eq!((curve.learned.len(), curve.truth.len()), (learned, 60), "{name}");
    assert_eq!(curve.truth[0], 1.0, "{name}: relative to the first place");
    assert!(curve.learned.iter().chain(&curve.truth).all(|v| v.is_finite()), "{name}");
}

#[test]
fn every_retriever_works_with_every_ranker_on_both_surfaces() {
    let mut funnel = funnel();
    for retriever in RETRIEVERS {
        for ranker in RANKERS {
            for &surface in Surface::ALL {
                let name = format!("{retriever:?}, {ranker:?}, {surface:?}");
                let state = State::default().retrieved_by(retriever).ranked_by(ranker);
                let state = state.with(&shared::SURFACE, surface.value());
                let answer = run(&mut funnel, &state);
                assert_eq!((answer.retriever, answer.ranker), (retriever, ranker));
                assert_eq!(answer.notices, [], "{name}");
                assert!(answer.candidates.len() >= 5, "{name}: {}", answer.candidates.len());
                let tasks = ranker.tasks.len();
                for candidate in &answer.candidates {
                    assert_eq!(candidate.utility.len(), tasks, "{name}");
                    assert!(candidate.utility.iter().all(|u| u.is_finite()), "{name}");
                }
                shows_its_gates_and_curve(&answer, &state, &name);
                assert_eq!(names(&answer.retrieval.blocks), retriever.blocks, "{name}");
                let chosen = State { selected: Some(answer.candidates[0].product), ..state };
                let shown = run(&mut funnel, &chosen).detail;
                let shown = shown.map(|detail| detail.blocks).unwrap_or_default();
                assert_eq!(names(&shown), ranker.blocks, "{name}");
            }
        }
    }
}

#[test]
fn every_variant_of_dmt_shows_the_gates_and_the_curve_that_it_has() {
    let mut funnel = funnel();
    for multi_task in MultiTask::ALL {
        let mut state = State::default();
        state.settings.set(&dmt::MULTI_TASK, multi_task.value());
        shows_its_gates_and_curve(&run(&mut funnel, &state), &state, &format!("{multi_task:?}"));
    }
    for (position, page, neighbours) in
        [(false, false, false), (false, false, true), (false, true, false), (true, false, false)]
    {
        let bias = BiasFeatures { position, page, neighbours };
        let mut state = State::default();
        bias.choose(&mut state.settings);
        shows_its_gates_and_curve(&run(&mut funnel, &state), &state, &format!("{bias:?}"));
    }
}

#[test]
fn a_request_with_nothing_to_go_by_is_answered_by_every_pair() {
    let mut funnel = funnel();
    for retriever in RETRIEVERS {
        for ranker in RANKERS {
            let state = State { query: String::new(), ..State::default() };
            let mut state = state.retrieved_by(retriever).ranked_by(ranker);
            let entries = run(&mut funnel, &state).history.len();
            // Nobody without a history is on file, so somebody's is taken away.
            state.history =
                (0..entries as u32).map(|entry| HistoryEdit::Remove { entry }).collect();
            let answer = run(&mut funnel, &state);
            assert!(answer.history.is_empty());
            assert_eq!(answer.notices[0].key, "empty-query");
            assert!(!answer.candidates.is_empty(), "{retriever:?}, {ranker:?}");
            assert!(answer.candidates.iter().all(|c| c.utility.iter().all(|u| u.is_finite())));
        }
    }
}

#[test]
fn without_a_ranker_the_order_and_the_scores_of_retrieval_stand() {
    let mut funnel = funnel();
    for retriever in RETRIEVERS {
        for (coarse, sample) in [(false, false), (true, false), (false, true)] {
            let state = State { selected: Some(7), ..State::default() }.retrieved_by(retriever);
            let mut state = state;
            state.settings.switch(&shared::COARSE, coarse);
            state.settings.switch(&shared::SAMPLE, sample);
            let ranked = run(&mut funnel, &state);
            let state = state.ranked_by(&retrieval_alone::RANKER);
            let answer = run(&mut funnel, &state);
            let name = format!("{retriever:?}, coarse {coarse}, sample {sample}");
            assert_eq!(products(&answer), products(&ranked), "{name}: the same is retrieved");
            let order = blend::order(&answer.candidates, answer.predicted(), &state.settings);
            for (place, stands) in order.iter().enumerate() {
                assert_eq!(stands.candidate, place, "{name}");
                assert_eq!(stands.score, answer.candidates[place].retrieval_score, "{name}");
            }
            shows_its_gates_and_curve(&answer, &state, &name);
            assert!(answer.base_rates.is_empty() && answer.detail.is_none(), "{name}");
            let stages: Vec<_> = answer.timings.iter().map(|time| time.stage.as_str()).collect();
            assert!(!stages.contains(&"rank") && !stages.contains(&"encode"), "{stages:?}");
            assert_eq!(stages.contains(&"coarse"), coarse, "{stages:?}");
        }
    }
}

#[test]
fn a_ranker_comes_back_from_retrieval_alone_as_it_was() {
    let mut funnel = funnel();
    let before = run(&mut funnel, &State::default());
    let none = State::default().ranked_by(&retrieval_alone::RANKER);
    run(&mut funnel, &none);
    assert_eq!(run(&mut funnel, &State::default()).candidates, before.candidates);
    let (link, dropped) = State::from_link("#v=1&ranker=none");
    assert_eq!((link, dropped), (none, vec![]));
}

#[test]
fn each_step_of_mlpr_is_at_most_as_likely_as_the_one_before() {
    let mut funnel = funnel();
    let answer = run(&mut funnel, &with_mlpr());
    assert_eq!(answer.ranker.tasks, [Task::Click, Task::Cart, Task::Order]);
    let knobs = State::default().settings;
    for candidate in &answer.candidates {
        let [click, cart, order] = [0, 1, 2].map(|k| blend::probability(candidate, k, &knobs));
        assert!(0.0 < order && order <= cart && cart <= click && click < 1.0);
    }
}

#[test]
fn gates_of_both_of_mlprs_stages_sum_to_one_and_follow_their_temperature() {
    let mut funnel = funnel();
    let mut state = with_mlpr();
    let answer = run(&mut funnel, &state);
    assert_eq!(answer.blocks.gates().map(|gates| gates.layers.len()), Some(2));
    shows_its_gates_and_curve(&answer, &state, "MLPR");
    let sharpest = |answer: &Answer| {
        let gates = answer.blocks.gates().expect("MLPR has gates");
        gates.weights.iter().copied().fold(0.0, f32::max)
    };
    let before = sharpest(&answer);
    state.settings.set(&shared::GATE_TEMPERATURE, 5.0);
    let after = run(&mut funnel, &state);
    shows_its_gates_and_curve(&after, &state, "MLPR, hot");
    assert!(sharpest(&after) < before);
}

#[test]
fn what_mlpr_hands_on_multiplies_to_its_joint_probabilities() {
    let mut funnel = funnel();
    let mut state = with_mlpr();
    let chosen = run(&mut funnel, &state).candidates[3].clone();
    state.selected = Some(chosen.product);
    let detail = run(&mut funnel, &state).detail.expect("it is among the candidates");
    let mut joint = 1.0;
    let steps = detail.blocks.steps("chain").expect("MLPR's chain");
    assert_eq!(steps.len(), 3, "click, cart, order");
    for (number, step) in steps.iter().enumerate() {
        joint *= step.conditional;
        assert!((joint - step.joint).abs() < 1e-5 * joint.max(1e-3));
        let blended = blend::probability(&chosen, number, &state.settings);
        assert!((blended - step.joint).abs() < 1e-4 * blended.max(1e-3));
        assert!(step.from_former.is_none_or(|share| (0.0..=1.0).contains(&share)));
        assert_eq!(step.from_former.is_none(), number == 0, "nothing comes before the click");
    }
    let Some(Shape::Rows(features)) = detail.blocks.block("features-panel").map(|b| &b.shape)
    else {
        panic!("MLPR reads features");
    };
    let sizes: Vec<f32> = features.rows.iter().map(|row| row.values[0].abs()).collect();
    assert!(sizes.len() > 1 && sizes.is_sorted_by(|a, b| a >= b), "{sizes:?}");
}

#[test]
fn vectors_made_before_and_on_the_spot_rank_the_same() {
    let mut funnel = funnel();
    let mut state = with_mlpr();
    let before = run(&mut funnel, &state);
    state.settings.switch(&mlpr::PRECOMPUTED, false);
    let on_the_spot = run(&mut funnel, &state);
    assert_eq!(products(&before), products(&on_the_spot));
    for (a, b) in before.candidates.iter().zip(&on_the_spot.candidates) {
        for (a, b) in a.utility.iter().zip(&b.utility) {
            assert!((a - b).abs() < 1e-3 * a.abs().max(1.0), "{a} {b}");
        }
    }
}

#[test]
fn the_user_towers_attention_sums_to_one_over_all_that_it_reads() {
    let mut funnel = funnel();
    let answer = run(&mut funnel, &with_yandex());
    let tower = |name| answer.retrieval.blocks.pair("towers", name).expect(name);
    let read = answer.retrieval.blocks.shares("searches").expect("Yandex's towers retrieved");
    assert!(!read.is_empty());
    let history: f32 = answer.history.iter().map(|entry| entry.attention).sum();
    let searches: f32 = read.iter().map(|search| search.share).sum();
    assert!((tower("own-attention") + history + searches - 1.0).abs() < 1e-3);
    let kept = answer.history.iter().filter(|entry| entry.kept).count();
    assert_eq!((kept + read.len()) as f32, tower("read"));
    assert!(tower("temperature") > 1.0);
}

#[test]
fn the_newest_of_a_history_are_read() {
    let mut funnel = funnel();
    let mut state = with_yandex();
    for length in [64, 10, 1, 0] {
        state.settings.set(&yandex::HISTORY_LENGTH, length as f32);
        let answer = run(&mut funnel, &state);
        let read = answer.retrieval.blocks.pair("towers", "read").expect("Yandex's towers");
        assert!(read <= length as f32);
        let oldest_kept = answer.history.iter().position(|entry| entry.kept);
        let from = oldest_kept.unwrap_or(answer.history.len());
        assert!(answer.history[from..].iter().all(|entry| entry.kept), "{length}");
    }
    let alone = run(&mut funnel, &state).retrieval.blocks.pair("towers", "own-attention");
    assert!((alone.expect("it is there") - 1.0).abs() < 1e-5, "[CLS] is alone");
}

#[test]
fn web_searches_stages_of_training_and_deeds_change_the_feed() {
    let mut funnel = funnel();
    let before = run(&mut funnel, &with_yandex());
    let mut state = with_yandex();
    state.settings.switch(&yandex::WEB_SEARCHES, false);
    let without = run(&mut funnel, &state);
    assert!(without.retrieval.blocks.shares("searches").is_some_and(<[Share]>::is_empty));
    assert_ne!(products(&without), products(&before));
    let mut state = with_yandex();
    state.settings.set(&yandex::STAGE, TrainingStage::PreTrained.value());
    assert_ne!(products(&run(&mut funnel, &state)), products(&before));
    let mut state = with_yandex();
    state.history = vec![HistoryEdit::Add { kind: EventKind::Cart, product: 11 }];
    assert_ne!(products(&run(&mut funnel, &state)), products(&before));
}

#[test]
fn a_system_that_cannot_be_had_leaves_the_last_pair_at_work() {
    for (file, wanted) in [("mlpr.safetensors", with_mlpr()), ("yandex.safetensors", with_yandex())]
    {
        let spoilt = Spoilt::new();
        spoilt.short.borrow_mut().insert(file.into());
        for source in [Spoilt::without(file), spoilt] {
            let mut funnel = load(source).expect("the rest is there");
            let default = wanted.clone().ranked_by(&dmt::RANKER).retrieved_by(&moppr::RETRIEVER);
            let before = run(&mut funnel, &default);
            let after = run(&mut funnel, &wanted);
            assert_eq!(after.candidates, before.candidates);
            assert_eq!((after.retriever, after.ranker), (&moppr::RETRIEVER, &dmt::RANKER));
            let said = &english(&after.notices[0].says);
            assert!(said.contains(file) && said.contains("stays in use"), "{said}");
        }
    }
}

#[test]
fn the_coarse_ranker_hands_on_the_best_of_what_was_retrieved() {
    let mut funnel = funnel();
    let mut state = State::default();
    state.settings.set(&shared::CANDIDATES, 100.0);
    let without = run(&mut funnel, &state);
    state.settings.switch(&shared::COARSE, true);
    state.settings.set(&shared::COARSE_KEEP, 20.0);
    let with = run(&mut funnel, &state);
    assert_eq!(with.candidates.len(), 20);
    // In the order of retrieval, and each as it was.
    let mut retrieved = without.candidates.iter();
    for kept in &with.candidates {
        let as_before = retrieved.find(|before| before.product == kept.product);
        assert_eq!(as_before.map(|c| c.retrieval_score), Some(kept.retrieval_score));
    }
    assert_ne!(products(&with), products(&without)[..20]);
    state.settings.set(&shared::COARSE_KEEP, 500.0);
    assert_eq!(products(&run(&mut funnel, &state)), products(&without));
}

#[test]
fn without_the_coarse_rankers_weights_all_goes_on() {
    let mut funnel = load(Spoilt::without("coarse-ranker.safetensors")).expect("the rest is there");
    let mut state = State::default();
    let before = run(&mut funnel, &state);
    state.settings.switch(&shared::COARSE, true);
    let after = run(&mut funnel, &state);
    assert_eq!(products(&after), products(&before));
    assert!(
        english(&after.notices[0].says).contains("coarse-ranker.safetensors"),
        "{:?}",
        after.notices
    );
}
