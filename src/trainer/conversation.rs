//! The trainer's conversation with the studio.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use crate::run::{Ground, Run, Stepped, compared, failed, held_out, measured};
use link::State;
use link::recipe::{Learning, Recipe, SHOPPERS};
use protocol::learn::{FromTrainer, Gathered, Measure, Measured, ToTrainer, Went};
use protocol::{Notice, PROTOCOL_VERSION};
use training::learning::Gathered as Samples;
use training::slices::{Sliced, next_slice};
use worker::Network;
use worker::scope::{Bell, hear, let_messages_in, milliseconds, post};

/// Milliseconds between two messages of steps.
const TOLD: f64 = 100.0;
/// Shoppers between two messages of gathering.
const SHOPPERS_TOLD: usize = 10;

/// What the studio wants now.
#[derive(Default)]
struct Wanted {
    /// A run to begin, with its number.
    begin: RefCell<Option<(u64, State, Recipe)>>,
    /// Of which run so many steps are wanted.
    go: RefCell<(u64, u32)>,
    /// Weights that wait to be measured, the next one first.
    brought: RefCell<VecDeque<Brought>>,
    bell: Bell,
}

impl Wanted {
    /// Whether another run is wanted.
    fn is_other(&self) -> bool {
        self.begin.borrow().is_some()
    }

    /// Whether steps of a run are.
    fn are_steps(&self, number: u64, run: &Run<'_>) -> bool {
        let (of, until) = *self.go.borrow();
        of == number && run.step_number() < until.min(run.steps())
    }

    /// Whether a run is to stand still, though it is not over.
    fn is_paused(&self, number: u64, run: &Run<'_>) -> bool {
        let (of, until) = *self.go.borrow();
        let step = run.step_number();
        of == number && until < step && step < run.steps()
    }

    /// The next weights of a system to be measured; of any where none is said.
    fn next(&self, of: Option<&Learning>) -> Option<Brought> {
        let mut brought = self.brought.borrow_mut();
        let is_of = |brought: &Brought| of.is_none_or(|of| brought.recipe.learning() == of);
        let place = brought.iter().position(is_of)?;
        brought.remove(place)
    }

    /// They are measured another time.
    fn put_back(&self, brought: Brought) {
        self.brought.borrow_mut().push_front(brought);
    }
}

/// Weights that no run made.
struct Brought {
    number: u64,
    state: State,
    recipe: Recipe,
    weights: String,
}

impl Brought {
    /// Measures them on samples of their system, and says what came of it.
    async fn measure(self, data: &dyn Samples) {
        let Self { number, state, recipe, weights } = self;
        let found: Sliced<'_, _> = Box::pin(measured((&state, &recipe), data, &weights));
        let (measures, notice) = match by_slices(found, || true).await {
            Some(Ok(measures)) => (measures, None),
            Some(Err(notice)) => (Vec::new(), Some(notice)),
            None => return,
        };
        post(&FromTrainer::Measured(Measured { number, measures, notice }));
    }
}

/// Makes something slice by slice, and lets messages in between; none once it is not wanted any more.
async fn by_slices<T>(mut sliced: Sliced<'_, T>, is_wanted: impl Fn() -> bool) -> Option<T> {
    loop {
        if let Some(done) = next_slice(&mut sliced) {
            return Some(done);
        }
        let_messages_in().await;
        if !is_wanted() {
            return None;
        }
    }
}

/// Starts to listen to the studio, and says so.
pub fn listen() {
    console_error_panic_hook::set_once();
    let wanted = Rc::new(Wanted::default());
    hear(move |data| receive(&wanted, data));
    post(&FromTrainer::Hello { version: PROTOCOL_VERSION });
}

fn receive(wanted: &Rc<Wanted>, data: JsValue) {
    match serde_json::from_str(&data.as_string().unwrap_or_default()) {
        Ok(ToTrainer::Begin { run, state, recipe }) => {
            *wanted.begin.borrow_mut() = Some((run, *state, Recipe::of(&recipe)));
            wanted.bell.ring();
        }
        Ok(ToTrainer::Go { run, until }) => {
            *wanted.go.borrow_mut() = (run, until);
            wanted.bell.ring();
        }
        Ok(ToTrainer::Measure { number, state, recipe, weights }) => {
            let mut recipe = Recipe::of(&recipe);
            // Who is learned from is nothing to what is held out, so it may be few.
            recipe.set(&SHOPPERS, 0.0);
            let brought = Brought { number, state: *state, recipe, weights };
            wanted.brought.borrow_mut().push_back(brought);
            wanted.bell.ring();
        }
        Ok(ToTrainer::Start { version }) if version == PROTOCOL_VERSION => {
            let wanted = wanted.clone();
            spawn_local(async move {
                if let Err(notice) = serve(&wanted).await {
                    post(&FromTrainer::Failed(notice));
                }
            });
        }
        Ok(ToTrainer::Start { version }) => {
            post(&FromTrainer::Failed(other_version(format!("speaks version {version}"))));
        }
        Err(error) => post(&FromTrainer::Failed(other_version(error.to_string()))),
    }
}

fn other_version(why: String) -> Notice {
    Notice::new(word!("notices.protocol")).with("why", why)
}

async fn serve(wanted: &Wanted) -> Result<(), Notice> {
    let ground = Ground::fetch(&Network).await;
    let ground = ground.map_err(|error| Notice { key: "training".into(), says: error.said() })?;
    post(&FromTrainer::Ready);
    // What a system learns from so many shoppers, for the runs after the first.
    let mut gathered: Option<(Key, Box<dyn Samples + '_>)> = None;
    // What ships is measured once: who is tested on is the same for every run.
    let mut shipped: BTreeMap<String, Vec<Measure>> = BTreeMap::new();
    loop {
        let begin = wanted.begin.borrow_mut().take();
        let Some((number, state, recipe)) = begin else {
            let Some(brought) = wanted.next(None) else {
                wanted.bell.rung().await;
                continue;
            };
            let key = key(&brought.recipe);
            let at_hand = match gathered.take() {
                Some((of, data)) if of.0 == key.0 => (of, data),
                _ => match gather(NONE, &brought.recipe, &ground, || wanted.is_other()).await? {
                    Some(data) => (key, data),
                    None => {
                        wanted.put_back(brought);
                        continue;
                    }
                },
            };
            brought.measure(&*at_hand.1).await;
            gathered = Some(at_hand);
            continue;
        };
        let key = key(&recipe);
        let data = match gathered.take() {
            Some((of, data)) if of == key => data,
            _ => match gather(number, &recipe, &ground, || wanted.is_other()).await? {
                Some(data) => data,
                None => continue,
            },
        };
        let ships = compared(&state, &recipe);
        if !shipped.contains_key(&ships) {
            // What cannot be had is asked for again with the next run.
            if let Ok(measures) = ground.shipped((&state, &recipe), &*data, &Network).await {
                shipped.insert(ships.clone(), held_out(measures));
            }
        }
        match Run::new(number, (&state, &recipe), &ground, &*data, &Network).await {
            Ok(run) => {
                let shipped = shipped.get(&ships).cloned().unwrap_or_default();
                post(&FromTrainer::Begun(run.begun(shipped)));
                learn(number, run, (key.0, &*data), &ground, wanted).await?;
            }
            Err(notice) => post(&FromTrainer::Halted { run: number, step: 0, notice }),
        }
        gathered = Some((key, data));
    }
}

/// What gathered samples are of: a system, and so many shoppers.
type Key = (&'static Learning, usize);

fn key(recipe: &Recipe) -> Key {
    (recipe.learning(), recipe.count(&SHOPPERS))
}

/// Number of no run.
const NONE: u64 = 0;

/// Gathers samples; none where something else is wanted meanwhile.
async fn gather<'a>(
    run: u64,
    recipe: &Recipe,
    ground: &'a Ground,
    is_other_wanted: impl Fn() -> bool,
) -> Result<Option<Box<dyn Samples + 'a>>, Notice> {
    let people: Vec<_> = ground.people(recipe).collect();
    let mut gathers = ground.gathers(recipe)?;
    for (done, people_now) in people.chunks(SHOPPERS_TOLD).enumerate() {
        let done = (done * SHOPPERS_TOLD) as u32;
        post(&FromTrainer::Gathered(Gathered { run, done, of: people.len() as u32 }));
        for &(shopper, tested) in people_now {
            gathers.add(shopper, tested).map_err(failed)?;
            let_messages_in().await;
            if is_other_wanted() {
                return Ok(None);
            }
        }
    }
    Ok(Some(gathers.all().map_err(failed)?))
}

/// Makes the steps of a run as they are wanted, until another is; samples of its system are at hand.
async fn learn(
    number: u64,
    mut run: Run<'_>,
    (learning, data): (&'static Learning, &dyn Samples),
    ground: &Ground,
    wanted: &Wanted,
) -> Result<(), Notice> {
    let (mut losses, mut since) = (Vec::new(), milliseconds());
    // Whether the model is to be looked at before the next step.
    let mut is_news = true;
    loop {
        if is_news {
            let step = run.step_number();
            tell(number, &run, &mut losses, &mut since);
            // A look that a pause breaks off is made once the run goes on.
            let is_wanted = || !wanted.is_other() && !wanted.is_paused(number, &run);
            let look = by_slices(run.looking(), is_wanted).await;
            if let Some(look) = look {
                is_news = false;
                run.looked(&look);
                match look {
                    Ok(look) => post(&FromTrainer::Looked(Box::new(look))),
                    Err(_) => halt(number, &run, step, wanted),
                }
            }
            since = milliseconds();
        }
        let_messages_in().await;
        if wanted.is_other() {
            return Ok(());
        }
        if let Some(brought) = wanted.next(Some(learning)) {
            tell(number, &run, &mut losses, &mut since);
            brought.measure(data).await;
            since = milliseconds();
        }
        if !wanted.are_steps(number, &run) {
            tell(number, &run, &mut losses, &mut since);
            match wanted.next(None) {
                Some(brought) => {
                    let goes_on = || wanted.is_other() || wanted.are_steps(number, &run);
                    match gather(NONE, &brought.recipe, ground, goes_on).await? {
                        Some(data) => brought.measure(&*data).await,
                        None => wanted.put_back(brought),
                    }
                }
                None => wanted.bell.rung().await,
            }
            since = milliseconds();
            continue;
        }
        match run.step() {
            Stepped::Loss(loss) => {
                losses.push(loss);
                is_news = run.is_looked_at();
                if milliseconds() - since > TOLD {
                    tell(number, &run, &mut losses, &mut since);
                }
            }
            Stepped::Broke(at) => {
                losses.clear();
                halt(number, &run, at, wanted);
            }
            Stepped::Over => {}
        }
    }
}

/// Stands still, and says that a loss was no number any more.
fn halt(number: u64, run: &Run<'_>, at: u32, wanted: &Wanted) {
    *wanted.go.borrow_mut() = (number, 0);
    let step = run.step_number();
    let notice = Notice::new(word!("notices.no-number"))
        .with("at", at.to_string())
        .with("back", step.to_string());
    post(&FromTrainer::Halted { run: number, step, notice });
}

/// Says what losses there were.
fn tell(number: u64, run: &Run<'_>, losses: &mut Vec<f32>, since: &mut f64) {
    if losses.is_empty() {
        return;
    }
    let now = milliseconds();
    let views = (losses.len() * run.batch()) as f64;
    let speed = (views / (now - *since).max(1.0) * 1e3) as f32;
    let step = run.step_number();
    let losses = std::mem::take(losses);
    post(&FromTrainer::Went(Went { run: number, step, losses, speed }));
    *since = now;
}
