//! The machine of the system that learns: its parts with the numbers that the weights of the look on show
//! give them, and what moved in it. The studio's engine computes them, as of any state that ranks or retrieves
//! with learned weights, and only while the fold is open: a forward pass a second at most.

use std::sync::Arc;
use std::time::Duration;

use leptos::html::Div;
use leptos::prelude::*;
use web_sys::Element;

use super::mine::has;
use super::trainer::Trainer;
use crate::engine::{Engine, Lost};
use crate::machine::moved::{Reading, Subject};
use crate::machine::opened::{Opened, part_in_words};
use crate::machine::seen::{Seen, Shown, Sight, read};
use crate::machine::served;
use crate::machine::system::Board;
use crate::machine::tree::Tree;
use crate::machine::walk::Walk;
use crate::machine::{drawn_tree, in_sight, most_moved, opened_part, option, room_in, titled};
use link::State;
use link::view::Beside;
use market::catalogue::ProductId;
use page::browser;
use page::language::{say, say_with, text};
use page::parts::{follow, live, when};
use page::spoken::spoken;
use page::store::Store;
use protocol::Answer;
use protocol::words::count;
use systems::learning::Role;
use systems::shared::ShopSize;

/// Milliseconds from one question to the next, at least: each is a forward pass on a core that the trainer
/// may want.
const PACE: f64 = 1000.0;

/// The machine with the weights of one look.
#[derive(Clone)]
struct Stood {
    /// Number of the run, or of what was brought.
    number: u64,
    /// Steps made; none where that is not known.
    step: Option<u32>,
    reading: Arc<Reading>,
}

impl Stood {
    /// Whether it is the same machine at some step: one run, one state, one product.
    fn is_like(&self, other: &Self) -> bool {
        let (own, others) = (&self.reading, &other.reading);
        self.number == other.number && own.subject == others.subject && own.state == others.state
    }
}

/// What was seen of a machine.
#[derive(Default)]
struct Course {
    /// With the fewest steps.
    first: Option<Stood>,
    /// Before what is seen now.
    before: Option<Stood>,
    now: Option<Stood>,
    /// The ranking that the product is of.
    answer: Option<Arc<Answer>>,
}

impl Course {
    /// Takes note of what is seen now.
    fn note(&mut self, stood: Stood) {
        if !self.now.as_ref().is_some_and(|now| now.is_like(&stood)) {
            self.first = Some(stood.clone());
            (self.before, self.now) = (None, Some(stood));
            return;
        }
        // Who goes back in the run comes by earlier steps.
        if self.first.as_ref().is_some_and(|first| stood.step <= first.step) {
            self.first = Some(stood.clone());
        }
        let last = self.now.replace(stood.clone());
        if last.as_ref().is_some_and(|last| last.step != stood.step) {
            self.before = last;
        }
    }

    /// What is held against what is seen now; none while there is no other step.
    fn against(&self, first: bool) -> Option<&Stood> {
        let before = if first { &self.first } else { &self.before };
        let now = self.now.as_ref()?;
        before.as_ref().filter(|before| before.step != now.step)
    }

    /// What is drawn: of who learns, for the other moves alone with what it is given.
    fn seen(&self, role: Role, first: bool) -> Option<Seen> {
        let now = self.now.as_ref()?.reading.clone();
        let before = self.against(first);
        let mut moved = before.map(|before| now.moved_since(&before.reading)).unwrap_or_default();
        moved.retain(|moved| moved.of_ranker == is_ranker(role));
        Some(Seen {
            answer: self.answer.clone()?,
            before: before.map(|before| before.reading.clone()),
            since: before.and_then(|before| before.step),
            against: Beside::Nothing,
            moved,
            now,
        })
    }

    /// The product that was looked at in such a state: where learning brings another to the first place, one
    /// goes on with this.
    fn product(&self, state: &State) -> Option<ProductId> {
        let now = &self.now.as_ref()?.reading;
        match now.subject {
            Subject::Product(product) if now.state == *state => Some(product),
            Subject::Product(_) | Subject::Page => None,
        }
    }
}

/// Whether the parts of the ranker are drawn, else those of the retriever.
fn is_ranker(role: Role) -> bool {
    role == Role::Ranks
}

/// What the engine says.
enum Came {
    /// The numbers.
    Of(Arc<Answer>, Arc<Reading>),
    /// That nothing was retrieved.
    Nothing,
    /// That it has no learned weights yet.
    Unlearned,
}

/// Asks for the numbers of the product that is chosen, else of `held`, else of the first on the page.
async fn ask(
    engine: &Engine,
    role: Role,
    state: &State,
    held: Option<ProductId>,
) -> Result<Came, Lost> {
    let alone = State { selected: None, ..state.clone() };
    let answer = engine.answer(&alone).await?;
    if !has(&answer, role) {
        return Ok(Came::Unlearned);
    }
    let first = || served::page(&answer, &alone).first().map(|candidate| candidate.product);
    let Some(product) = state.selected.or(held).or_else(first) else { return Ok(Came::Nothing) };
    let reading = read(engine, &alone, Subject::Product(product), product).await?;
    Ok(Came::Of(answer, Arc::new(reading)))
}

/// Whose the weights are that are meant, by number, and after which step, where that is known.
fn meant_at(trainer: &Trainer, role: Role) -> Option<(u64, Option<u32>)> {
    let (number, at) = (trainer.meant(role)?.number, trainer.at.get());
    let step = trainer.looks().with(|runs| {
        let is_newest = runs.last().is_some_and(|run| run.number == number);
        let run = runs.iter().find(|run| run.number == number)?;
        run.look_at(at.filter(|_| is_newest)).map(|look| look.step)
    });
    Some((number, step))
}

/// What the fold has while it is open.
#[derive(Clone, Copy)]
struct Fold {
    /// What the system does that learns.
    role: Memo<Role>,
    sight: Sight,
    course: StoredValue<Course>,
    /// Whether it is held against the first that was seen, else against what was seen before.
    first: RwSignal<bool>,
    /// Steps behind the numbers that are drawn, where that is known.
    step: RwSignal<Option<u32>>,
    /// Raised where the engine is to be asked again.
    retry: RwSignal<u32>,
    tree: Tree,
}

impl Fold {
    /// Draws what was seen last; nothing where it was closed meanwhile.
    fn draw(self) {
        let Some(first) = self.first.try_get_untracked() else { return };
        let Some(role) = self.role.try_get_untracked() else { return };
        let drawn = self.course.try_with_value(|course| {
            let step = course.now.as_ref().and_then(|now| now.step);
            course.seen(role, first).map(|seen| (seen, step))
        });
        let Some((seen, step)) = drawn.flatten() else { return };
        let parts = seen.parts(is_ranker(role));
        self.tree.keep(if is_ranker(role) { [&[], parts] } else { [parts, &[]] });
        self.step.set(step);
        self.sight.set(Some(Ok(Some(Arc::new(seen)))));
    }

    /// Takes in what the engine says with the weights of a run at a step.
    fn take(self, came: Result<Came, Lost>, (number, step): (u64, Option<u32>)) {
        // It may have been closed meanwhile.
        let _ = match came {
            Ok(Came::Of(answer, reading)) => {
                let _ = self.course.try_update_value(|course| {
                    course.note(Stood { number, step, reading });
                    course.answer = Some(answer);
                });
                return self.draw();
            }
            Ok(Came::Nothing) => self.sight.try_set(Some(Ok(None))),
            Ok(Came::Unlearned) => self.sight.try_set(None),
            Err(why) => self.sight.try_set(Some(Err(why))),
        };
    }
}

/// Asks whenever there are other weights or another page, and never sooner than [`PACE`] has it.
fn ask_on(trainer: &Trainer, fold: Fold, wanted: Memo<Option<State>>) {
    let engine: Engine = expect_context();
    let (trainer, busy) = (trainer.clone(), RwSignal::new(false));
    let (mut asked, mut last) = (None, fold.role.get_untracked());
    follow(move |_| {
        let role = fold.role.get();
        if std::mem::replace(&mut last, role) != role {
            asked = None;
            fold.course.set_value(Course::default());
            fold.sight.set(None);
        }
        let now = (wanted.get(), engine.weighed.get(), fold.retry.get());
        if busy.get() || asked.as_ref() == Some(&now) {
            return;
        }
        let Some(state) = now.0.clone() else {
            asked = None;
            fold.sight.set(None);
            return;
        };
        asked = Some(now);
        busy.set(true);
        let (engine, trainer) = (engine.clone(), trainer.clone());
        let numbers = async move {
            let began = browser::now();
            let weighed = engine.weighed.get_untracked();
            if let Some(at) = untrack(|| meant_at(&trainer, role)) {
                let alone = State { selected: None, ..state.clone() };
                let held = fold.course.try_with_value(|course| course.product(&alone)).flatten();
                let came = ask(&engine, role, &state, held).await;
                // Where others came meanwhile, nobody knows with which it was computed; those are asked for.
                let is_same = fold.role.try_get_untracked() == Some(role);
                if engine.weighed.get_untracked() == weighed && is_same {
                    fold.take(came, at);
                }
            }
            let left = (began + PACE - browser::now()).max(0.0);
            let rested = move || {
                let _ = busy.try_set(false);
            };
            set_timeout(rested, Duration::from_millis(left as u64));
        };
        // Once the weights that are meant are on their way to the engine.
        set_timeout(move || leptos::task::spawn_local(numbers), Duration::ZERO);
    });
}

/// The fold.
pub fn machine(store: Store, trainer: &Trainer) -> AnyView {
    let open = trainer.machine;
    // A panel that is closed asks for nothing.
    on_cleanup(move || open.set(false));
    let turn = move |event| open.set(event_target::<Element>(&event).has_attribute("open"));
    let trainer = trainer.clone();
    let inside = when(move || open.get(), move || unfolded(store, &trainer));
    view! {
        <details class="behind" data-testid="learn-machine" on:toggle=turn>
            <summary prop:textContent=text(word!("learn.machine"))></summary>
            <p class="note" prop:textContent=text(word!("learn.machine.about"))></p>
            {inside}
        </details>
    }
    .into_any()
}

fn unfolded(store: Store, trainer: &Trainer) -> AnyView {
    let opened = Opened::new(store.view);
    let tree = Tree::new(store.view, opened);
    let (looks, goes) = (trainer.looks(), trainer.goes);
    let role = Memo::new(move |_| {
        looks.with(|runs| runs.last().map_or(Role::Ranks, |run| run.learning().role()))
    });
    let fold = Fold {
        role,
        sight: RwSignal::new(None),
        course: StoredValue::new(Course::default()),
        first: RwSignal::new(false),
        step: RwSignal::new(None),
        retry: RwSignal::new(0),
        tree,
    };
    let place = NodeRef::<Div>::new();
    let board = Board { opened, walk: Walk::new(), tree, room: room_in(place) };
    // Towers are for the shop that ships.
    let takes = Memo::new(move |_| {
        let ships = |state: &State| ShopSize::of(&state.settings) == ShopSize::Shipped;
        role.get() == Role::Ranks || store.state.with(ships)
    });
    // The page on show, ranked or retrieved with the weights that are meant.
    let wanted = {
        let trainer = trainer.clone();
        Memo::new(move |_| {
            let role = role.get();
            let variant = takes.get().then(|| trainer.meant_variant(role)).flatten()?;
            let mut state = store.state.get();
            role.serve_with(&mut state.settings, &variant);
            Some(state)
        })
    };
    ask_on(trainer, fold, wanted);
    let said = move || {
        if !takes.get() {
            return say(word!("learn.machine.shop")).to_string();
        }
        let waits = wanted.with(Option::is_some);
        fold.sight.with(|sight| match sight {
            None if waits => say(word!("learn.machine.waits")).into(),
            None => say(word!("learn.machine.none")).into(),
            Some(Ok(Some(seen))) => moved_in_words(seen),
            Some(_) => String::new(),
        })
    };
    let part_told = move || {
        let place = opened.get().filter(|place| place.of_ranker == is_ranker(role.get()));
        let told = fold.sight.with(|sight| match sight {
            Some(Ok(Some(seen))) => place.and_then(|place| part_in_words(seen, place)),
            _ => None,
        });
        Some(told.unwrap_or_default())
    };
    // Who chose another run's weights for the shelf sees that one's.
    let is_other = {
        let trainer = trainer.clone();
        move || {
            let newest = looks.with(|runs| runs.last().map(|run| run.number));
            let meant = trainer.meant(role.get());
            takes.get() && meant.is_some_and(|meant| newest != Some(meant.number))
        }
    };
    let other = when(is_other, || {
        view! { <p class="note" prop:textContent=text(word!("learn.machine.other"))></p> }
            .into_any()
    });
    let drawn = live(move || {
        let ranks = is_ranker(role.get());
        let drawn = move |seen: &Seen| {
            drawing(Shown::of(fold.sight, seen, [!ranks, ranks]), (fold, board), store)
        };
        in_sight(fold.sight, drawn, fold.retry)
    });
    view! {
        <div class="machine" data-step=move || fold.step.get().map(|step| step.to_string()) node_ref=place>
            <p class="note" data-testid="learn-machine-said" prop:textContent=said></p>
            // Once it rests, not at each look.
            {spoken(move || (!goes.get()).then(said))}
            {spoken(part_told)}
            {other}
            {drawn}
        </div>
    }
    .into_any()
}

/// What moved since the step that it is held against.
fn moved_in_words(seen: &Seen) -> String {
    let Some(since) = seen.since else { return say(word!("learn.machine.first")).into() };
    let step = count(since as usize);
    match seen.moved.is_empty() {
        true => say_with(word!("learn.machine.unmoved"), &[("step", &step)]),
        false => {
            let values = [("step", &*step), ("parts", &*most_moved(seen))];
            say_with(word!("learn.machine.moved"), &values)
        }
    }
}

fn drawing(shown: Shown, (fold, board): (Fold, Board), store: Store) -> AnyView {
    let title = live(move || match shown.get() {
        None => ().into_any(),
        Some(seen) => titled(&seen, store),
    });
    let after = move || {
        let step = fold.step.get().map(|step| count(step as usize));
        step.map(|step| say_with(word!("learn.look"), &[("step", &step)])).unwrap_or_default()
    };
    view! {
        {title}
        <div class="actions">
            {since_switch(fold)}
            <span class="note" prop:textContent=after></span>
        </div>
        {drawn_tree(shown, board)}
        {opened_part(shown, board)}
    }
    .into_any()
}

/// What it is held against.
fn since_switch(fold: Fold) -> AnyView {
    let options = [
        (false, "look", word!("learn.machine.since-look")),
        (true, "first", word!("learn.machine.since-first")),
    ];
    let options = options.map(|(first, value, label)| {
        let is = move || fold.first.get() == first;
        let choose = move || {
            fold.first.set(first);
            fold.draw();
        };
        option("learn-machine-since", value, text(label), is, choose)
    });
    view! {
        <fieldset class="segments" data-testid="learn-machine-since">
            <legend prop:textContent=text(word!("learn.machine.since"))></legend>
            {options.into_iter().collect_view()}
        </fieldset>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::machine::{Activity, Machine, Strip};
    use protocol::{Candidate, Trace};

    fn stood(number: u64, step: u32, product: ProductId) -> Stood {
        let row = Strip {
            name: "".into(),
            columns: vec![],
            products: vec![],
            values: vec![1.0 + step as f32],
        };
        let machine = Machine {
            trace: Trace { product, passages: vec![], rank: 0, ranked: 1, score: 0.0 },
            candidate: Candidate {
                product,
                retrieval_score: 0.0,
                probability: 0.0,
                tier: 0,
                utility: vec![],
                bias: 0.0,
            },
            retriever: vec![],
            ranker: vec![Activity { part: "gates".into(), rows: vec![row] }],
            levels: vec![],
        };
        let (state, subject) = (State::default(), Subject::Product(product));
        let systems = ["moppr", "dmt"];
        let reading = Arc::new(Reading { state, weighed: step, subject, systems, machine });
        Stood { number, step: Some(step), reading }
    }

    /// Steps that are held against what is seen now: before, and first.
    fn against(course: &Course) -> [Option<u32>; 2] {
        [false, true].map(|first| course.against(first).and_then(|stood| stood.step))
    }

    #[test]
    fn a_look_is_held_against_the_one_before_and_the_first_of_its_run() {
        let mut course = Course::default();
        assert_eq!(against(&course), [None, None]);
        let steps = [(2, [None, None]), (4, [Some(2), Some(2)]), (8, [Some(4), Some(2)])];
        for (step, expected) in steps {
            course.note(stood(1, step, 7));
            assert_eq!(against(&course), expected, "{step}");
        }
        // The same look again is no other one; going back is, and as far back as that is first.
        course.note(stood(1, 8, 7));
        assert_eq!(against(&course), [Some(4), Some(2)]);
        course.note(stood(1, 0, 7));
        assert_eq!(against(&course), [Some(8), None]);
        course.note(stood(1, 8, 7));
        assert_eq!(against(&course), [Some(0), Some(0)]);
        let (before, now) = (course.against(false), course.now.as_ref());
        let moved = before.zip(now).map(|(before, now)| now.reading.moved_since(&before.reading));
        assert_eq!(moved.map(|moved| moved.len()), Some(1));
        // Another product is another machine, and so is another run.
        course.note(stood(1, 16, 9));
        assert_eq!(against(&course), [None, None]);
        course.note(stood(2, 32, 9));
        assert_eq!(against(&course), [None, None]);
    }

    #[test]
    fn one_goes_on_with_the_product_that_was_looked_at() {
        let mut course = Course::default();
        assert_eq!(course.product(&State::default()), None);
        course.note(stood(1, 2, 7));
        assert_eq!(course.product(&State::default()), Some(7));
        let other = State { query: "table".into(), ..State::default() };
        assert_eq!(course.product(&other), None);
    }
}
