//! Who asks for what where knobs are measured: twelve queries, each by four shoppers.

use anyhow::{Result, anyhow, bail};
use futures::executor::block_on;

use super::notices::said;
use crate::native::Patient;
use engine::pipeline::Funnel;
use engine::pipeline::assets::AssetSource;
use link::State;
use protocol::Answer;

/// Queries that are asked, all of them known to the market, so that the truth of their answers is.
pub const QUERIES: [&str; 12] = [
    "shoes",
    "couch",
    "table lamp",
    "tote bag",
    "milk",
    "headphones",
    "running shoes",
    "coffee beans",
    "tent",
    "jacket",
    "toys",
    "shampoo",
];
/// Who asks each.
pub const SHOPPERS: [&str; 4] = ["clara", "emil", "mina", "robin"];
/// Places at the top that are compared.
pub const TOP: usize = 10;

/// A state as each of [`SHOPPERS`] asks each of [`QUERIES`] of it.
pub fn asked_by_all(state: &State) -> Vec<State> {
    let mut states = Vec::new();
    for query in QUERIES {
        for shopper in SHOPPERS {
            states.push(State { query: query.into(), shopper: shopper.into(), ..state.clone() });
        }
    }
    states
}

/// What a state ranks.
///
/// # Errors
/// Where the ranking fails, or something that it needs is missing.
pub fn ranked<S: AssetSource>(funnel: &mut Funnel<S>, state: &State) -> Result<Answer> {
    let Some(answer) = block_on(funnel.run(1, state, &Patient::default())).map_err(said)? else {
        bail!("nobody waits for the answer");
    };
    let missing = answer.notices.iter().find(|notice| notice.key.starts_with("asset-"));
    match missing {
        Some(notice) => Err(anyhow!("{}", said(notice.clone()))),
        None => Ok(answer),
    }
}
