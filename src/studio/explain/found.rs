//! What is known of the chosen product: what the engine says of it, asked once.

use std::sync::Arc;

use crate::engine::{Engine, Lost};
use link::State;
use market::catalogue::ProductId;
use market::language::Message;
use protocol::{Answer, Parts, Question, Reply, Trace};

/// What is known of the chosen product.
pub struct Found {
    pub state: State,
    pub answer: Arc<Answer>,
    pub trace: Trace,
    pub parts: Parts,
}

impl Found {
    /// Asks for all of it, as long as it is wanted.
    pub async fn ask(
        engine: &Engine,
        state: State,
        product: ProductId,
        wanted: impl Fn() -> bool,
    ) -> Result<Self, Lost> {
        let stale = || if wanted() { Ok(()) } else { Err(Lost::default()) };
        let answer = engine.answer(&State { selected: None, ..state.clone() }).await?;
        stale()?;
        let trace = engine.ask(&state, Question::Trace { product, held: None }).await?;
        stale()?;
        let parts = engine.ask(&state, Question::Parts(product)).await?;
        match (trace, parts) {
            (Reply::Trace(trace), Reply::Parts(parts)) => {
                Ok(Self { state, answer, trace, parts: *parts })
            }
            _ => Err(Message::new(word!("studio.engine.other"))),
        }
    }
}
