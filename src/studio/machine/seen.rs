//! What the machine shows: it is asked of the engine here, and held against what was there before.

use std::sync::Arc;

use leptos::prelude::*;

use super::moved::{Moved, Reading, Subject};
use crate::engine::{Engine, Lost};
use link::State;
use link::view::{Beside, MAX_PINS};
use market::catalogue::ProductId;
use market::language::Message;
use protocol::blend;
use protocol::machine::Activity;
use protocol::{Answer, Question, Reply};
use systems::registry;

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
}

impl Seen {
    /// Key of the system that a part is of.
    pub fn system(&self, of_ranker: bool) -> &'static str {
        self.now.systems[usize::from(of_ranker)]
    }

    /// What is drawn in a part, numbers or difference.
    pub fn drawn(&self, of_ranker: bool, part: &str) -> Option<Activity> {
        match (self.against, &self.before) {
            (Beside::Nothing, _) => self.now.activity(of_ranker, part).cloned(),
            (_, Some(before)) => self.now.difference(before, of_ranker, part),
            (_, None) => None,
        }
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

/// What was seen last, and before the last change.
#[derive(Default)]
pub struct Past {
    latest: Option<Arc<Reading>>,
    before: Option<Arc<Reading>>,
}

impl Past {
    /// Takes note of what is seen now.
    fn note(&mut self, now: &Arc<Reading>) {
        if self.latest.as_ref().is_some_and(|latest| latest.state != now.state) {
            self.before = self.latest.take();
        }
        self.latest = Some(now.clone());
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
    let Some(product) = chosen.or_else(|| first(&answer, &state)) else { return Ok(None) };
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
    let before = match against {
        Beside::Nothing => before.filter(|before| before.subject == subject),
        Beside::Before => match before {
            Some(before) if before.subject == subject => Some(before),
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
    Ok(Some(Seen { answer, now, before, against, moved }))
}

async fn read(
    engine: &Engine,
    state: &State,
    subject: Subject,
    product: ProductId,
) -> Result<Reading, Lost> {
    let question = Question::Machine { product, of_page: subject == Subject::Page };
    let Reply::Machine(machine) = engine.ask(state, question).await? else {
        return Err(Message::new(word!("studio.engine.other")));
    };
    let settings = &state.settings;
    let systems = [registry::retriever(settings).key, registry::ranker(settings).key];
    Ok(Reading { state: state.clone(), subject, systems, machine: *machine })
}

/// The first product of the page.
fn first(answer: &Answer, state: &State) -> Option<ProductId> {
    let order = blend::order(&answer.candidates, answer.predicted(), &state.settings);
    let from = state.page_number() * state.page_size();
    let first = order.get(from).or(order.first())?;
    Some(answer.candidates[first.candidate].product)
}
