//! The trainer's conversation with the studio.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use crate::run::{Compared, Data, Ground, Run, Stepped, held_out, measured};
use link::State;
use link::recipe::{Learning, Recipe, SHOPPERS};
use protocol::learn::{FromTrainer, Gathered, Measure, Measured, ToTrainer, Went};
use protocol::{Notice, PROTOCOL_VERSION};
use training::learning::Gathered as Samples;
use training::slices::{Sliced, next_slice};
use worker::Network;
use worker::scope::{Bell, hear, let_messages_in, milliseconds, other_version, post};

/// Milliseconds between two messages of steps.
const TOLD: f64 = 100.0;
/// Shoppers between two messages of gathering.
const SHOPPERS_TOLD: u32 = 10;

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

    /// Measures weights on samples of their system, once all that are held out are there; another time where
    /// there are none, or that is not to go on.
    async fn measure(
        &self,
        brought: Brought,
        data: Option<&Data<'_>>,
        goes_on: impl Fn() -> bool,
    ) -> Result<(), Notice> {
        if let Some(data) = data
            && by_slices(Box::pin(data.hold_out()), goes_on).await.transpose()?.is_some()
        {
            brought.measure(data.samples()).await;
        } else {
            self.brought.borrow_mut().push_front(brought);
        }
        Ok(())
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

async fn serve(wanted: &Wanted) -> Result<(), Notice> {
    let ground = Ground::fetch(&Network).await;
    let ground = ground.map_err(|error| Notice { key: "training".into(), says: error.said() })?;
    post(&FromTrainer::Ready);
    // What a system learns from so many shoppers, for the runs after the first.
    let mut gathered: Option<(Key, Data<'_>)> = None;
    // What ships is measured once: who is tested on is the same for every run.
    let mut shipped = Shipped::new();
    loop {
        let begin = wanted.begin.borrow_mut().take();
        let Some((number, state, recipe)) = begin else {
            let Some(brought) = wanted.next(None) else {
                wanted.bell.rung().await;
                continue;
            };
            let goes_on = || !wanted.is_other();
            let key = key(&brought.recipe);
            let at_hand = match gathered.take() {
                Some((of, data)) if of.0 == key.0 => Some((of, data)),
                _ => gather(NONE, &brought.recipe, &ground, goes_on).await?.map(|data| (key, data)),
            };
            let data = at_hand.as_ref().map(|(_, data)| data);
            wanted.measure(brought, data, goes_on).await?;
            gathered = at_hand;
            continue;
        };
        let key = key(&recipe);
        let data = match gathered.take() {
            Some((of, data)) if of == key => data,
            _ => match gather(number, &recipe, &ground, || !wanted.is_other()).await? {
                Some(data) => data,
                None => continue,
            },
        };
        match Run::new(number, (&state, &recipe), &ground, data.samples(), &Network).await {
            Ok(run) => {
                let of = Of { state: &state, recipe: &recipe, data: &data, ground: &ground };
                learn(number, run, of, &mut shipped, wanted).await?;
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

/// Gathers samples to learn from; none where that is not to go on.
async fn gather<'a>(
    run: u64,
    recipe: &Recipe,
    ground: &'a Ground,
    goes_on: impl Fn() -> bool,
) -> Result<Option<Data<'a>>, Notice> {
    let told = |done: u32, of: u32| {
        if done.is_multiple_of(SHOPPERS_TOLD) {
            post(&FromTrainer::Gathered(Gathered { run, done, of }));
        }
    };
    by_slices(Box::pin(ground.learned(recipe, told)), goes_on).await.transpose()
}

/// What a run is of.
#[derive(Clone, Copy)]
struct Of<'a> {
    state: &'a State,
    recipe: &'a Recipe,
    data: &'a Data<'a>,
    ground: &'a Ground,
}

/// What ships as it was measured, by what that comes of.
type Shipped = Vec<(Compared, Vec<Measure>)>;

/// What of a run is done beside its steps: whom it is tested on is gathered, its model is looked at whole as it
/// was meanwhile, what ships is measured, and what came of that is said.
async fn beside(
    run: Run<'_>,
    early: &RefCell<VecDeque<Run<'_>>>,
    of: Of<'_>,
    shipped: &mut Shipped,
) -> Result<(), Notice> {
    of.data.hold_out().await?;
    loop {
        let next = early.borrow_mut().pop_front();
        let Some(run) = next else { break };
        post(&FromTrainer::Looked(Box::new(run.looking().await?)));
    }
    let ships = Compared::of(of.state, of.recipe);
    if shipped.iter().all(|(known, _)| *known != ships) {
        // What cannot be had is asked for again with the next run.
        let measures = of.ground.shipped((of.state, of.recipe), of.data.samples(), &Network);
        if let Ok(measures) = measures.await {
            shipped.push((ships.clone(), held_out(measures)));
        }
    }
    let measures = shipped.iter().find(|(known, _)| *known == ships);
    let measures = measures.map(|(_, measures)| measures.clone()).unwrap_or_default();
    post(&FromTrainer::Begun(run.begun(measures)));
    Ok(())
}

/// Makes slices of what is done beside steps, until it is done or is not to go on.
async fn go_beside(
    beside: &mut Option<Sliced<'_, Result<(), Notice>>>,
    goes_on: impl Fn() -> bool,
) -> Result<(), Notice> {
    while let Some(sliced) = beside {
        if let Some(done) = next_slice(sliced) {
            *beside = None;
            return done;
        }
        let_messages_in().await;
        if !goes_on() {
            break;
        }
    }
    Ok(())
}

/// Makes the steps of a run as they are wanted, until another is.
async fn learn(
    number: u64,
    mut run: Run<'_>,
    of: Of<'_>,
    shipped: &mut Shipped,
    wanted: &Wanted,
) -> Result<(), Notice> {
    let (mut losses, mut since) = (Vec::new(), milliseconds());
    // The model where it was looked at before everyone was there whom it is tested on.
    let early = RefCell::new(VecDeque::new());
    let all: Sliced<'_, _> = Box::pin(beside(run.copy(), &early, of, shipped));
    let mut left = Some(all);
    if of.data.is_whole() {
        // What ships is all that may be left.
        go_beside(&mut left, || !wanted.is_other()).await?;
    } else {
        post(&FromTrainer::Begun(run.begun(Vec::new())));
    }
    // Whether the model is to be looked at before the next step.
    let mut is_news = true;
    loop {
        if is_news {
            let step = run.step_number();
            tell(number, &run, &mut losses, &mut since);
            // What a run came to is said once, by all that it is measured by.
            if run.is_over() {
                go_beside(&mut left, || !wanted.is_other()).await?;
            }
            // A look that a pause breaks off is made once the run goes on.
            let is_wanted = || !wanted.is_other() && !wanted.is_paused(number, &run);
            let look = by_slices(run.looking(), is_wanted).await;
            if let Some(look) = look {
                is_news = false;
                run.looked(&look);
                match look {
                    Ok(look) => {
                        if !of.data.is_whole() {
                            early.borrow_mut().push_back(run.copy());
                        }
                        post(&FromTrainer::Looked(Box::new(look)));
                    }
                    Err(_) => halt(number, &run, step, wanted),
                }
            }
            since = milliseconds();
        }
        let_messages_in().await;
        if wanted.is_other() {
            return Ok(());
        }
        let own = if of.data.is_whole() { wanted.next(Some(of.recipe.learning())) } else { None };
        if let Some(brought) = own {
            tell(number, &run, &mut losses, &mut since);
            wanted.measure(brought, Some(of.data), || true).await?;
            since = milliseconds();
        }
        if !wanted.are_steps(number, &run) {
            tell(number, &run, &mut losses, &mut since);
            let goes_on = || !wanted.is_other() && !wanted.are_steps(number, &run);
            if left.is_some() {
                go_beside(&mut left, goes_on).await?;
            } else if let Some(brought) = wanted.next(None) {
                let data = gather(NONE, &brought.recipe, of.ground, goes_on).await?;
                wanted.measure(brought, data.as_ref(), goes_on).await?;
            } else {
                wanted.bell.rung().await;
            }
            since = milliseconds();
            continue;
        }
        let began = milliseconds();
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
        if left.is_some() {
            // As much time as the step took; none of it counts as the step's.
            let made = milliseconds();
            let until = 2.0 * made - began;
            let is_wanted = || !wanted.is_other() && wanted.are_steps(number, &run);
            go_beside(&mut left, || is_wanted() && milliseconds() < until).await?;
            since += milliseconds() - made;
        }
    }
}

/// Stands still, and says that a loss was no number any more.
fn halt(number: u64, run: &Run<'_>, at: u32, wanted: &Wanted) {
    *wanted.go.borrow_mut() = (number, 0);
    let (step, notice) = (run.step_number(), run.broken(at));
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
