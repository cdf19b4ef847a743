//! Learning in the tab, as far as it needs no tab: the trainer's runs over the files that ship.

use std::collections::BTreeMap;
use std::time::Instant;

use futures::executor::block_on;
use lab::native::Folder;
use link::State;
use link::recipe::{
    BALANCE, DROPOUT, EXPERTS, Learning, NOISE, OPTIMISER, Recipe, SEED, SHIPPED, SHOPPERS, Setting,
};
use protocol::learn::{Look, Measure};
use serde::{Deserialize, Serialize};
use systems::dmt::{BIAS_PAGE, CARTS, MULTI_TASK, MultiTask};
use systems::mlpr::{LAMBDAS, SHARING, WEIGHTING};
use systems::moppr;
use systems::registry::LEARNERS;
use trainer::run::{Compared, Data, Ground, Run, Stepped, measured};
use training::descent::At;
use training::learning::{Asked, Looked, Steps};
use training::slices::{Sliced, next_slice, whole};

/// What a short run of a system comes to. The tab's is held against it (tests/browser/learn.test.mjs).
#[derive(Debug, Serialize, Deserialize)]
struct Short {
    views: u32,
    held_out: u32,
    losses: Vec<f32>,
    measures: BTreeMap<String, f32>,
}

/// Steps of the short run.
const STEPS: usize = 16;

fn folder() -> Folder {
    Folder("assets".into())
}

fn learning(key: &str) -> &'static Learning {
    LEARNERS.into_iter().find(|learning| learning.key == key).expect("a system that learns")
}

/// A system's training with the fewest shoppers that one may learn from.
fn recipe(key: &str, settings: &[(&Setting, f32)]) -> Recipe {
    let mut recipe = Recipe::new(learning(key));
    recipe.set(&SHOPPERS, 50.0);
    settings.iter().for_each(|(setting, value)| recipe.set(setting, *value));
    recipe
}

fn ground() -> Ground {
    block_on(Ground::fetch(&folder())).expect("the shop's files")
}

/// Samples of those who are asked for, and of those held out.
fn gathered<'a>(ground: &'a Ground, recipe: &Recipe) -> Data<'a> {
    ground.gathered(recipe).expect("the CPU")
}

fn begun<'a>(ground: &Ground, data: &'a Data<'_>, recipe: &Recipe) -> Run<'a> {
    let asked = (&State::default(), recipe);
    block_on(Run::new(1, asked, ground, data.samples(), &folder())).expect("a run")
}

fn steps(run: &mut Run, count: usize) -> Vec<f32> {
    let step = |_| match run.step() {
        Stepped::Loss(loss) => loss,
        other => panic!("{other:?}"),
    };
    (0..count).map(step).collect()
}

fn look(run: &mut Run) -> Look {
    run.look().expect("numbers")
}

fn near(one: f32, other: f32, by: f32) -> bool {
    (one - other).abs() < by
}

/// A run learns, is the same again, can go back, and is what it was when the file was written.
fn learns(key: &str) {
    let ground = ground();
    let recipe = recipe(key, &[]);
    let data = whole(ground.learned(&recipe, |_, _| ())).expect("the CPU");
    let mut run = begun(&ground, &data, &recipe);
    // Steps wait for nobody held out. Before those are there, what is seen of a model is its weights.
    let early = look(&mut run);
    assert!(early.measures.is_empty() && early.gates.is_empty() && early.curves.is_empty());
    assert_eq!(run.begun(vec![]).held_out, 0);
    let beginning = run.copy();
    let first_loss = steps(&mut run, 1);
    let mut hold_out: Sliced<'_, _> = Box::pin(data.hold_out());
    assert!((0..4).all(|_| next_slice(&mut hold_out).is_none()), "{key}");
    // Left in between, it goes on from there.
    drop(hold_out);
    whole(data.hold_out()).expect("the CPU");
    assert_eq!((run.step_number(), beginning.step_number()), (1, 0));
    run.go_back();
    let untrained = look(&mut run);
    assert_eq!(untrained.weights, early.weights);
    // What was kept from then on is looked at as it was.
    assert_eq!(whole(beginning.looking()), Ok(untrained.clone()));
    // Few shoppers make few steps.
    let made = STEPS.min(run.steps() as usize);
    let losses = steps(&mut run, made);
    // The look before is gone back to.
    run.go_back();
    assert_eq!(run.step_number(), 0);
    assert_eq!(look(&mut run).weights, untrained.weights);
    // The same steps give the same bytes, whoever was there when the first was made.
    assert_eq!(steps(&mut run, made), losses);
    assert_eq!(first_loss, losses[..1]);
    let first = look(&mut run);
    let mut other = begun(&ground, &data, &recipe);
    assert_eq!(steps(&mut other, made), losses);
    // Another optimiser goes elsewhere from where both begin; Adam's first step is Adagrad's.
    let mut told = recipe.clone();
    let other_one = 1.0 - told.get(&OPTIMISER);
    told.set(&OPTIMISER, other_one);
    let otherwise = steps(&mut begun(&ground, &data, &told), made);
    assert_eq!(otherwise[0], losses[0], "{key}");
    assert_ne!(otherwise[2..], losses[2..], "{key}");
    // A look is made slice by slice, and one that is left moves nothing.
    let mut looking = other.looking();
    assert!((0..4).all(|_| next_slice(&mut looking).is_none()), "{key}");
    drop(looking);
    assert_eq!(look(&mut other), first);

    // What is declared is what is seen.
    let keys: Vec<&str> = first.measures.iter().map(|measure| measure.key.as_str()).collect();
    assert_eq!(keys, learning(key).measures);
    let gates: Vec<&str> = first.gates.iter().map(|gate| gate.key.as_str()).collect();
    assert_eq!(gates, learning(key).gates);
    let curves: Vec<&str> = first.curves.iter().map(|curve| curve.key.as_str()).collect();
    assert_eq!(curves, learning(key).curves);
    for gate in &first.gates {
        let is_whole = |shares: &[f32]| near(shares.iter().sum(), 1.0, 1e-4);
        assert!(is_whole(&gate.shares), "{gate:?}");
        let there = gate.departments.iter().filter(|shares| !shares.is_empty());
        assert!(there.clone().count() > 5, "{gate:?}");
        for shares in there {
            assert!(shares.len() == gate.shares.len() && is_whole(shares), "{gate:?}");
        }
    }
    if learning(key).ranks() {
        let state = State::default();
        let of_file = |weights: &str| whole(measured((&state, &recipe), data.samples(), weights));
        let again = of_file(&first.weights).expect("its own weights");
        for (again, before) in again.iter().zip(&first.measures) {
            assert_eq!((&again.key, again.training), (&before.key, None));
            let is_auc = again.key.starts_with("auc");
            let [again, before] = [again, before].map(|of| of.held_out.unwrap_or(0.5));
            // Its weights were rounded for the file.
            assert!(!is_auc || near(again, before, 0.02), "{key}: {again} {before}");
        }
        assert_eq!(again.len(), first.measures.len());
        assert!(["AA==", "no weights"].iter().all(|none| of_file(none).is_err()));
    }

    let all: BTreeMap<String, Short> =
        serde_json::from_str(include_str!("learning.json")).expect("what short runs come to");
    let measures = first.measures.iter();
    let found = Short {
        views: run.begun(vec![]).views,
        held_out: run.begun(vec![]).held_out,
        losses: losses.clone(),
        measures: measures.filter_map(|m| Some((m.key.clone(), m.held_out?))).collect(),
    };
    let text = serde_json::to_string(&found).expect("plain data");
    let short = all.get(key).unwrap_or_else(|| panic!("{key}: {text}"));
    assert_eq!((found.views, found.held_out), (short.views, short.held_out), "{key}: {text}");
    assert_eq!(found.losses.len(), short.losses.len(), "{key}: {text}");
    let alike =
        found.losses.iter().zip(&short.losses).all(|(a, b)| near(*a, *b, 1e-4 * b.abs().max(1.0)));
    assert!(alike, "{key}: {text}");
    let alike = short.measures.iter().all(|(name, value)| {
        found
            .measures
            .get(name)
            .is_some_and(|found| near(*found, *value, 2e-3 * value.abs().max(1.0)))
    });
    assert!(alike, "{key}: {text}");

    // To the end.
    let left = (run.steps() - run.step_number()) as usize;
    assert_eq!(steps(&mut run, left).len(), left);
    assert_eq!(run.step(), Stepped::Over);
    let shipped = block_on(ground.shipped((&State::default(), &recipe), data.samples(), &folder()));
    assert!(shipped.is_ok());
}

#[test]
fn dmt_learns() {
    learns("dmt");
}

#[test]
fn moppr_learns() {
    learns("moppr");
}

#[test]
fn yandex_learns() {
    learns("yandex");
}

#[test]
fn mlpr_learns() {
    learns("mlpr");
}

#[test]
fn what_is_said_is_what_learns() {
    let ground = ground();
    let data = gathered(&ground, &recipe("dmt", &[]));
    let weights =
        |settings: &[(&Setting, f32)]| look(&mut begun(&ground, &data, &recipe("dmt", settings)));
    let as_it_comes = weights(&[]);
    assert_eq!(as_it_comes.gates[0].shares.len(), 4);
    assert_ne!(as_it_comes.weights, weights(&[(&SEED, 2.0)]).weights);
    assert_eq!(weights(&[(&EXPERTS, 6.0)]).gates[0].shares.len(), 6);
    // Chance is the seed's: the same steps again, and none where there is to be none.
    let losses = |settings: &[(&Setting, f32)]| {
        steps(&mut begun(&ground, &data, &recipe("dmt", settings)), 2)
    };
    let plain = losses(&[]);
    assert_eq!(losses(&[(&NOISE, 0.0), (&DROPOUT, 0.0)]), plain);
    for chance in [(&NOISE, 1.0), (&DROPOUT, 0.4)] {
        let by_chance = losses(&[chance]);
        assert_eq!(by_chance, losses(&[chance]));
        assert_ne!(by_chance, plain);
    }
    // What reads a sequence that is left out has nothing to learn from, and the file says which that is.
    let (state, without) = (State::default(), recipe("dmt", &[(&CARTS, 1.0)]));
    let asked = Asked { settings: &state.settings, chosen: &without };
    let mut made = data.samples().begin(asked, &[]).expect("networks");
    let before = whole(made.look("")).expect("numbers").weights;
    assert!((0..4).all(|_| made.step().is_some_and(f32::is_finite)));
    let after = whole(made.look("")).expect("numbers").weights;
    assert_eq!(after.about.config["left_out"], serde_json::json!([false, true, false]));
    let stayed = |sequence: usize| {
        let of_it = format!("networks.0.transformers.{sequence}.");
        let mut arrays = after.arrays.iter().filter(|(name, _)| name.starts_with(&of_it));
        arrays.all(|(name, array)| before.arrays[name] == *array)
    };
    assert_eq!([0, 1].map(stayed), [false, true]);
    // What ships has learned, of other shoppers, what these do.
    let shipped = weights(&[(&SHIPPED, 1.0)]);
    let auc = |look: &Look| look.held_out("auc-click").expect("clicks");
    assert!(auc(&shipped) > auc(&as_it_comes) + 0.1, "{:?}", shipped.measures);
    assert_eq!(shipped.curves[0].learned.len(), shipped.curves[0].truth.len());
    // It misses the sequence that it learned to read.
    let misses = weights(&[(&SHIPPED, 1.0), (&CARTS, 1.0)]);
    assert_ne!(misses.held_out("auc-click"), shipped.held_out("auc-click"));
    // Departments have experts of their own.
    let gate = &shipped.gates[0];
    let furthest = |shares: &Vec<f32>| {
        shares.iter().zip(&gate.shares).map(|(own, mean)| (own - mean).abs()).fold(0.0, f32::max)
    };
    let apart = gate.departments.iter().map(furthest).fold(0.0, f32::max);
    assert!(apart > 0.01, "{gate:?}");
    let recipe = recipe("dmt", &[]);
    let measured = |state: &State| {
        let compared = block_on(ground.shipped((state, &recipe), data.samples(), &folder()));
        compared.expect("the files that ship")
    };
    let reference = measured(&State::default());
    assert_eq!(reference.len(), shipped.measures.len());
    for (looked, reference) in shipped.measures.iter().zip(&reference) {
        assert_eq!(looked.key, reference.key);
        let [looked, reference] = [looked, reference].map(|of| of.held_out.expect("enough"));
        // A look rounds the weights of its file once more.
        assert!(near(looked, reference, 2e-3), "{shipped:?} {reference:?}");
    }
    // The other ways to share ship with what the bias network reads as it opens, and with no other.
    let alone = State::default().with(&MULTI_TASK, MultiTask::SingleTask.value());
    let of_alone = measured(&alone);
    assert!(!of_alone.is_empty() && of_alone != reference);
    assert_eq!(measured(&alone.with(&BIAS_PAGE, 1.0)), []);
}

#[test]
fn mlpr_weighs_its_tasks_as_it_is_told_and_begins_with_what_ships() {
    let ground = ground();
    let data = gathered(&ground, &recipe("mlpr", &[]));
    let run = |settings: &[(&Setting, f32)]| begun(&ground, &data, &recipe("mlpr", settings));
    let first = |settings: &[(&Setting, f32)]| steps(&mut run(settings), 1)[0];
    // By their uncertainty, tasks have no other weights.
    assert_eq!(first(&[(&LAMBDAS[0], 64.0)]), first(&[]));
    // Equation 9 is a sum.
    let weighed = |lambdas: [f32; 3]| {
        let [click, cart, order] = lambdas;
        let lambdas = [(&LAMBDAS[0], click), (&LAMBDAS[1], cart), (&LAMBDAS[2], order)];
        first(&[&lambdas[..], &[(&WEIGHTING, 1.0), (&BALANCE, 0.0)]].concat())
    };
    let alone = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].map(weighed);
    // Orders are few.
    assert!(alone.iter().all(|loss| *loss > 1e-4), "{alone:?}");
    let [click, cart, order] = alone;
    let together = weighed([1.0, 4.0, 16.0]);
    let expected = click + 4.0 * cart + 16.0 * order;
    assert!(near(together, expected, 1e-3 * expected), "{together}, not {expected}");

    // What ships is MLPR whole, whichever model was chosen.
    let look_at = |settings: &[(&Setting, f32)]| look(&mut run(settings));
    let shipped = look_at(&[(&SHIPPED, 1.0), (&SHARING, 4.0)]);
    let asked = (&State::default(), &recipe("mlpr", &[]));
    let ships = block_on(ground.shipped(asked, data.samples(), &folder())).expect("what ships");
    for (found, expected) in shipped.measures.iter().zip(&ships) {
        let [found, expected] = [found, expected].map(|of| of.held_out.unwrap_or(0.0));
        assert!(near(found, expected, 5e-3), "{shipped:?} {ships:?}");
    }
    let auc = |look: &Look| look.held_out("auc-click").expect("clicks");
    assert!(auc(&shipped) > auc(&look_at(&[])) + 0.1, "{:?}", shipped.measures);
}

#[test]
fn what_ships_is_measured_once_for_all_that_it_comes_to_the_same_of() {
    let of = Compared::of;
    let (state, dmt) = (State::default(), recipe("dmt", &[]));
    let other = state.clone().with(&BIAS_PAGE, 1.0);
    assert_eq!(of(&state, &dmt), of(&state, &recipe("dmt", &[(&SEED, 2.0), (&EXPERTS, 2.0)])));
    assert_ne!(of(&state, &dmt), of(&other, &dmt));
    assert_ne!(of(&state, &dmt), of(&state, &recipe("mlpr", &[])));
    // Whose knob it is not, it is nothing to; what is measured by the temperature is another with each.
    let moppr = recipe("moppr", &[]);
    assert_eq!(of(&state, &moppr), of(&other, &moppr));
    assert_ne!(of(&state, &moppr), of(&state, &recipe("moppr", &[(&moppr::TAU, 1.0)])));
}

/// A training whose third step breaks.
struct Breaks<'a>(Box<dyn Steps<'a> + 'a>);

impl<'a> Steps<'a> for Breaks<'a> {
    fn at(&self) -> At {
        self.0.at()
    }

    fn step(&mut self) -> Option<f32> {
        let loss = self.0.step()?;
        Some(if self.0.at().step == 3 { f32::NAN } else { loss })
    }

    fn keep(&mut self) {
        self.0.keep();
    }

    fn go_back(&mut self) {
        self.0.go_back();
    }

    fn copy(&self) -> Box<dyn Steps<'a> + 'a> {
        Box::new(Breaks(self.0.copy()))
    }

    fn look<'b>(&'b self, command: &'b str) -> Sliced<'b, anyhow::Result<Looked>> {
        self.0.look(command)
    }
}

#[test]
fn a_loss_that_is_no_number_takes_the_run_back_to_its_last_look() {
    let ground = ground();
    let recipe = recipe("dmt", &[]);
    let data = gathered(&ground, &recipe);
    let run = begun(&ground, &data, &recipe);
    let mut run = run.with(|steps| Box::new(Breaks(steps)));
    steps(&mut run, 1);
    let before = look(&mut run).weights;
    steps(&mut run, 1);
    assert_eq!(run.step(), Stepped::Broke(2));
    assert_eq!(run.step_number(), 1);
    assert_eq!(look(&mut run).weights, before);
}

/// Else a lesson would be another one wherever the recipe as it comes is.
#[test]
fn lessons_say_whom_their_runs_learn_from() {
    let mut runs = 0;
    for file in std::fs::read_dir("assets/lessons").expect("the lessons") {
        let path = file.expect("a file").path();
        if path.extension().is_some_and(|kind| kind == "md") {
            let text = std::fs::read_to_string(&path).expect("a lesson");
            for link in text.split('"').filter(|part| part.contains("learn=")) {
                assert!(link.contains("shoppers:"), "{}: {link}", path.display());
                runs += 1;
            }
        }
    }
    assert!(runs >= 19, "{runs}");
}

/// What a whole run as it comes costs and comes to, for whoever chooses what it is to be.
#[test]
#[ignore = "takes a minute a system"]
fn whole_runs() {
    let ground = ground();
    let only = std::env::var("SYSTEM").unwrap_or_default();
    let told = std::env::var("RECIPE").unwrap_or_default();
    for learning in LEARNERS.into_iter().filter(|learning| learning.key.contains(&only)) {
        let (recipe, wrong) = Recipe::read(&format!("system:{},{told}", learning.key));
        assert!(wrong.is_empty(), "{wrong:?}");
        let started = Instant::now();
        let data = gathered(&ground, &recipe);
        let counts = (data.samples().learned(), data.samples().held_out());
        println!("{}: {counts:?} gathered in {:.1?}", recipe.write(), started.elapsed());
        let said = |measures: &[Measure]| {
            let number =
                |value: Option<f32>| value.map_or("–".into(), |value| format!("{value:.3}"));
            let measures = measures.iter().map(|measure| {
                format!("{} {}/{}", measure.key, number(measure.training), number(measure.held_out))
            });
            measures.collect::<Vec<_>>().join(", ")
        };
        let asked = (&State::default(), &recipe);
        let shipped = block_on(ground.shipped(asked, data.samples(), &folder()));
        println!("   ships: {}", said(&shipped.expect("what ships")));
        let started = Instant::now();
        let mut run = begun(&ground, &data, &recipe);
        println!("   begun after {:.1?}, {} steps", started.elapsed(), run.steps());
        let (mut looks, mut losses) = (Vec::new(), Vec::new());
        loop {
            if run.is_looked_at() {
                let looking = Instant::now();
                let look = look(&mut run);
                looks.push(looking.elapsed());
                let loss = losses.iter().sum::<f32>() / losses.len().max(1) as f32;
                losses.clear();
                let (at, after) = (look.step, started.elapsed());
                println!("{at:>8} {after:>7.1?} loss {loss:.4}: {}", said(&look.measures));
            }
            match run.step() {
                Stepped::Loss(loss) => losses.push(loss),
                Stepped::Broke(at) => panic!("broke at {at}"),
                Stepped::Over => break,
            }
        }
        let looking: f32 = looks.iter().map(|time| time.as_secs_f32()).sum();
        println!(
            "   {:.1?} in all, {looking:.1} s of it in {} looks",
            started.elapsed(),
            looks.len()
        );
    }
}
