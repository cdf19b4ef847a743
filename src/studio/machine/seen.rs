//! What the machine shows: it is asked of the engine here, and held against what was there before.

use std::sync::Arc;

use leptos::prelude::*;

use super::NAMED;
use super::moved::{Moved, Past, Reading, Subject};
use super::served;
use super::strip::Inside;
use crate::engine::{Engine, Lost};
use link::State;
use link::view::{Beside, MAX_PINS};
use market::catalogue::ProductId;
use market::language::Message;
use protocol::machine::Activity;
use protocol::{Answer, Question, Reply};
use systems::learning::Role;
use systems::part::Part;
use systems::registry;
use systems::served::{CUT, SHELF};

/// Names of the pins.
pub const PINS: [&str; MAX_PINS] = ["A", "B", "C", "D"];

/// What is drawn.
pub struct Seen {
    /// The ranking that the product is of.
    pub answer: Arc<Answer>,
    /// The numbers.
    pub now: Arc<Reading>,
    /// What they are held against.
    pub before: Option<Arc<Reading>>,
    /// Whether the difference is drawn, in place of the numbers.
    pub against: Beside,
    /// What is other than before, the most first; none where there is nothing to hold it against.
    pub moved: Vec<Moved>,
    /// The step of a training that `before` is from; none where it is of another state.
    pub since: Option<u32>,
}

/// What there is to draw: nothing yet, what is drawn if anything was retrieved, or why nothing is.
pub type Sight = RwSignal<Option<Result<Option<Arc<Seen>>, Lost>>>;

/// What is drawn of the systems at work while their numbers change.
#[derive(Clone, Copy)]
pub struct Shown {
    sight: Sight,
    systems: [&'static str; 2],
    /// Parts of retriever and ranker, with what stands behind them; none of one that is not drawn.
    pub parts: [&'static [Part]; 2],
}

impl Shown {
    /// Of the systems in sight: of retriever and ranker those that are `drawn`.
    pub fn of(sight: Sight, seen: &Seen, drawn: [bool; 2]) -> Self {
        const NONE: &[Part] = &[];
        let parts = [false, true].map(|of_ranker| match drawn[usize::from(of_ranker)] {
            true => seen.parts(of_ranker),
            false => NONE,
        });
        Self { sight, systems: seen.now.systems, parts }
    }

    /// What is drawn, followed; none once other systems are at work.
    pub fn get(self) -> Option<Arc<Seen>> {
        self.sight.with(|sight| {
            let seen = sight.as_ref()?.as_ref().ok()?.as_ref()?;
            (seen.now.systems == self.systems).then(|| seen.clone())
        })
    }

    /// Key of a system.
    pub fn system(self, of_ranker: bool) -> &'static str {
        self.systems[usize::from(of_ranker)]
    }

    /// The parts that are drawn of a system.
    pub fn parts_of(self, of_ranker: bool) -> &'static [Part] {
        self.parts[usize::from(of_ranker)]
    }
}

impl Seen {
    /// Key of the system that a part is of.
    pub fn system(&self, of_ranker: bool) -> &'static str {
        self.now.systems[usize::from(of_ranker)]
    }

    /// The parts that are drawn of a system, with what stands behind them.
    pub fn parts(&self, of_ranker: bool) -> &'static [Part] {
        match of_ranker {
            true => self.answer.ranker.served(),
            false => self.answer.retriever.served(),
        }
    }

    /// What is drawn in a part, numbers or difference.
    pub fn drawn(&self, of_ranker: bool, part: &str) -> Option<Activity> {
        match (self.against, &self.before) {
            (Beside::Nothing, _) => self.now.activity(of_ranker, part).cloned(),
            (_, Some(before)) => self.now.difference(before, of_ranker, part),
            (_, None) => None,
        }
    }

    /// What stands on a part's box; none where nothing is known of it.
    pub fn inside(&self, of_ranker: bool, part: &str) -> Option<Inside> {
        let drawn = self.drawn(of_ranker, part)?;
        let trace = &self.now.machine.trace;
        let place = match part {
            SHELF => Some(served::place(trace)),
            CUT => served::cut_place(trace),
            _ => None,
        };
        Some(match place.filter(|_| !self.differs() && !drawn.rows.is_empty()) {
            Some(place) => Inside::Numbers(vec![place]),
            None => Inside::of(&drawn, self.differs()),
        })
    }

    /// Whether a part is ringed as one that moved. While a model learns nearly all of them do: then those
    /// are that moved most.
    pub fn is_ringed(&self, of_ranker: bool, part: &str) -> bool {
        let most = if self.since.is_some() { NAMED } else { self.moved.len() };
        let mut moved = self.moved.iter().take(most);
        moved.any(|moved| moved.of_ranker == of_ranker && moved.part == part)
    }

    /// Name of the pinned state that the numbers are held against.
    pub fn pin(&self) -> Option<&'static str> {
        match self.against {
            Beside::Pin(number) => PINS.get(number).copied(),
            Beside::Nothing | Beside::Before => None,
        }
    }

    /// Whether differences are drawn.
    pub fn differs(&self) -> bool {
        self.against != Beside::Nothing
    }

    /// Products on the page.
    pub fn on_page(&self) -> usize {
        let state = &self.now.state;
        let (from, size) = (state.page_number() * state.page_size(), state.page_size());
        self.answer.candidates.len().saturating_sub(from).min(size)
    }
}

/// What is asked for.
pub struct Wanted {
    /// The state, with the product that is chosen in it.
    pub state: State,
    /// A product that is looked at in passing.
    pub passing: Option<ProductId>,
    /// Whether the page's mean is wanted.
    pub of_page: bool,
    /// What it is held against.
    pub against: Beside,
    /// The link of the pinned state that it is held against.
    pub pin: Option<String>,
}

/// Asks for all that is drawn; none where nothing was retrieved.
pub async fn see(
    engine: &Engine,
    wanted: Wanted,
    past: StoredValue<Past>,
) -> Result<Option<Seen>, Lost> {
    let Wanted { state, passing, of_page, against, pin } = wanted;
    let passing = passing.filter(|product| state.selected != Some(*product));
    let chosen = passing.or(state.selected);
    let state = State { selected: None, ..state };
    let answer = engine.answer(&state).await?;
    let first = || served::page(&answer, &state).first().map(|candidate| candidate.product);
    let Some(product) = chosen.or_else(first) else { return Ok(None) };
    let subject = match of_page && passing.is_none() {
        true => Subject::Page,
        false => Subject::Product(product),
    };
    let now = Arc::new(read(engine, &state, subject, product).await?);
    // The panel may have been closed meanwhile.
    let before = past.try_update_value(|past| {
        if passing.is_none() {
            past.note(&now);
        }
        past.before.clone()
    });
    let before = before.flatten();
    // The first of the page is another because a knob was turned. Who went on to a product changed nothing
    // of it, and another query has other numbers everywhere.
    let follows = |before: &Reading| {
        let turned = State { settings: before.state.settings.clone(), ..state.clone() };
        chosen.is_none() && !of_page && turned == before.state
    };
    let before = match against {
        Beside::Nothing | Beside::Before => match before {
            Some(before) if before.subject == subject => Some(before),
            Some(before) if against == Beside::Nothing && !follows(&before) => None,
            // Weights that others took the place of compute nothing any more.
            Some(before) if before.weighed != weighed(engine, &before.state) => None,
            Some(before) => Some(Arc::new(read(engine, &before.state, subject, product).await?)),
            None => None,
        },
        Beside::Pin(_) => match pin {
            Some(pin) => {
                // What could not be used was said when the link was opened.
                let state = State { selected: None, ..State::from_link(&pin).0 };
                Some(Arc::new(read(engine, &state, subject, product).await?))
            }
            None => None,
        },
    };
    let moved = before.as_ref().map(|before| now.moved_since(before)).unwrap_or_default();
    Ok(Some(Seen { answer, now, before, against, moved, since: None }))
}

/// Which learned weights a state is retrieved or ranked with, as [`Reading`] has it.
fn weighed(engine: &Engine, state: &State) -> u32 {
    let asks = Role::ALL.into_iter().any(|role| role.asks(&state.settings));
    if asks { engine.weighed.get_untracked() } else { 0 }
}

/// What the parts make of a product or of the page, with the weights that a state ranks with.
///
/// # Errors
/// Where the engine is lost over it.
pub async fn read(
    engine: &Engine,
    state: &State,
    subject: Subject,
    product: ProductId,
) -> Result<Reading, Lost> {
    let weighed = weighed(engine, state);
    let answer = engine.answer(state).await?;
    let question = Question::Machine { product, of_page: subject == Subject::Page };
    let Reply::Machine(mut machine) = engine.ask(state, question).await? else {
        return Err(Message::new(word!("studio.engine.other")));
    };
    served::serve(&answer, state, subject, &mut machine);
    let settings = &state.settings;
    let systems = [registry::retriever(settings).key, registry::ranker(settings).key];
    Ok(Reading { state: state.clone(), weighed, subject, systems, machine: *machine })
}
