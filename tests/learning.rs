//! Learning in the tab, as far as it needs no tab: the trainer's runs over the files that ship.

use futures::executor::block_on;
use lab::native::Folder;
use link::State;
use link::recipe::{EXPERTS, Recipe, SEED, SHIPPED, SHOPPERS};
use protocol::learn::Look;
use serde::{Deserialize, Serialize};
use systems::dmt::{BIAS_PAGE, MULTI_TASK, MultiTask};
use trainer::run::{Ground, Run, Stepped, settings_of};
use training::dmt::Settings;
use training::dmt::data::Data;

/// What a short run comes to. The tab's is held against it (tests/browser/learn.test.mjs).
#[derive(Debug, Serialize, Deserialize)]
struct Short {
    views: usize,
    held_out: usize,
    losses: Vec<f32>,
    auc: Vec<f32>,
}

/// Steps of the short run.
const STEPS: usize = 16;

fn folder() -> Folder {
    Folder("assets".into())
}

fn recipe(settings: &[(&link::recipe::Setting, f32)]) -> Recipe {
    let mut recipe = Recipe::default();
    recipe.set(&SHOPPERS, 50.0);
    settings.iter().for_each(|(setting, value)| recipe.set(setting, *value));
    recipe
}

/// Page views of the fewest shoppers that one may learn from.
fn ground() -> (Ground, Data) {
    let ground = block_on(Ground::fetch(&folder())).expect("the shop's files");
    let mut gathering = ground.gathering().expect("the CPU");
    for (shopper, tested) in ground.people(&recipe(&[])) {
        gathering.add(shopper, tested).expect("the CPU");
    }
    let data = gathering.data;
    (ground, data)
}

fn begun(ground: &Ground, data: &Data, recipe: &Recipe) -> Run {
    block_on(Run::new(1, (&State::default(), recipe), ground, data, &folder())).expect("a run")
}

fn steps(mut run: Run, count: usize, ground: &Ground, data: &Data) -> (Run, Vec<f32>) {
    let mut losses = Vec::new();
    for _ in 0..count {
        let stepped;
        (run, stepped) = run.step(ground, data);
        match stepped {
            Stepped::Loss(loss) => losses.push(loss),
            other => panic!("{other:?}"),
        }
    }
    (run, losses)
}

fn look(run: &mut Run, ground: &Ground, data: &Data) -> Look {
    run.look(ground, data).expect("numbers")
}

#[test]
fn a_run_learns_is_the_same_again_and_can_go_back() {
    let (ground, data) = ground();
    let recipe = recipe(&[]);
    let mut run = begun(&ground, &data, &recipe);
    let untrained = look(&mut run, &ground, &data);
    let (mut run, losses) = steps(run, STEPS, &ground, &data);
    // The look before is gone back to.
    run.go_back();
    assert_eq!(run.step_number(), 0);
    assert_eq!(look(&mut run, &ground, &data).weights, untrained.weights);
    // The same steps give the same bytes.
    let (mut run, again) = steps(run, STEPS, &ground, &data);
    assert_eq!(again, losses);
    let first = look(&mut run, &ground, &data);
    let (mut other, _) = steps(begun(&ground, &data, &recipe), STEPS, &ground, &data);
    assert_eq!(look(&mut other, &ground, &data).weights, first.weights);

    let short: Short =
        serde_json::from_str(include_str!("learning.json")).expect("what a short run comes to");
    let found = Short {
        views: data.training.len(),
        held_out: data.test.len(),
        losses: losses.clone(),
        auc: first.held_out.clone(),
    };
    let near = |one: &[f32], other: &[f32], by: f32| {
        one.len() == other.len() && one.iter().zip(other).all(|(a, b)| (a - b).abs() < by)
    };
    let text = serde_json::to_string(&found).expect("plain data");
    assert_eq!((found.views, found.held_out), (short.views, short.held_out), "{text}");
    assert!(near(&found.losses, &short.losses, 1e-4), "{text}");
    assert!(near(&found.auc, &short.auc, 1e-3), "{text}");

    // To the end.
    let left = (run.steps() - run.step_number()) as usize;
    let (run, more) = steps(run, left, &ground, &data);
    assert_eq!(more.len(), left);
    assert_eq!(run.step(&ground, &data).1, Stepped::Over);
    let (head, tail) = (&losses[..8], &more[more.len() - 8..]);
    let mean = |losses: &[f32]| losses.iter().sum::<f32>() / losses.len() as f32;
    assert!(mean(tail) < 0.5 * mean(head), "{head:?} {tail:?}");
}

#[test]
fn what_is_said_is_what_learns() {
    let (ground, data) = ground();
    let weights = |recipe: &Recipe| look(&mut begun(&ground, &data, recipe), &ground, &data);
    let as_it_comes = weights(&recipe(&[]));
    assert_eq!(as_it_comes.gates.len(), 2);
    for gate in &as_it_comes.gates {
        assert_eq!(gate.len(), 4);
        assert!((gate.iter().sum::<f32>() - 1.0).abs() < 1e-4);
    }
    assert_ne!(as_it_comes.weights, weights(&recipe(&[(&SEED, 2.0)])).weights);
    assert_eq!(weights(&recipe(&[(&EXPERTS, 6.0)])).gates[0].len(), 6);
    // What ships has learned, of other shoppers, what these do.
    let shipped = weights(&recipe(&[(&SHIPPED, 1.0)]));
    let measured = |state: &State| {
        block_on(ground.shipped(state, &data, &folder())).expect("the files that ship")
    };
    let reference = measured(&State::default()).expect("the variant that opens");
    for (held_out, reference) in shipped.held_out.iter().zip(&reference) {
        // A look rounds the weights of its file once more.
        assert!((held_out - reference).abs() < 2e-3, "{shipped:?} {reference:?}");
    }
    // The other ways to share ship with what the bias network reads as it opens, and with no other.
    let alone = State::default().with(&MULTI_TASK, MultiTask::SingleTask.value());
    assert!(measured(&alone).is_some_and(|alone| alone != reference));
    assert_eq!(measured(&alone.with(&BIAS_PAGE, 1.0)), None);
    assert!(shipped.held_out[0] > as_it_comes.held_out[0] + 0.1, "{shipped:?}");
    assert!(!shipped.learned.is_empty() && shipped.learned.len() == shipped.examination.len());
}

#[test]
fn a_loss_that_is_no_number_takes_the_run_back_to_its_last_look() {
    let (ground, data) = ground();
    let recipe = recipe(&[]);
    let settings = Settings { rate: 1e30, ..settings_of(&recipe) };
    let run = (&State::default(), &recipe, settings);
    let run = block_on(Run::with_settings(1, run, &ground, &data, &folder()));
    let mut run = run.expect("a run");
    let before = look(&mut run, &ground, &data).weights;
    let broke = loop {
        let stepped;
        (run, stepped) = run.step(&ground, &data);
        match stepped {
            Stepped::Loss(_) => {}
            Stepped::Broke(at) => break at,
            Stepped::Over => panic!("such a rate breaks anything"),
        }
    };
    assert!(broke > 0);
    assert_eq!(run.step_number(), 0);
    assert_eq!(look(&mut run, &ground, &data).weights, before);
}
