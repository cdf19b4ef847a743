//! No ranker: nothing is said of any candidate, and the order of retrieval stands.

use async_trait::async_trait;

use super::{Asked, Ranks, Reads, Scored, Shares};
use crate::pipeline::StageError;
use crate::pipeline::request::Request;
use crate::pipeline::stock::Stock;
use market::catalogue::ProductId;
use protocol::Detail;
use systems::knob::Settings;

/// How it comes from no weights.
pub static SYSTEM: Reads = Reads {
    of: &systems::retrieval_alone::RANKER,
    file: |_| None,
    read: |_, _, _| Ok(Box::new(RetrievalAlone)),
    about: None,
};

/// No ranker.
#[derive(Debug)]
struct RetrievalAlone;

#[async_trait(?Send)]
impl Ranks for RetrievalAlone {
    fn encode(&mut self, _: &Stock, _: &Request) -> bool {
        true
    }

    async fn rank(
        &mut self,
        _: &Stock,
        _: &Request,
        asked: Asked<'_>,
        _: &Settings,
    ) -> Result<(Scored, bool), StageError> {
        let utilities = vec![Vec::new(); asked.candidates.len()];
        Ok((Scored { utilities, ..Scored::default() }, true))
    }

    async fn shares(
        &mut self,
        _: &Stock,
        _: &Request,
        _: Asked<'_>,
        _: &Settings,
    ) -> Result<Shares, StageError> {
        Ok(Shares::default())
    }

    async fn explain(
        &self,
        _: &Stock,
        _: &Request,
        _: ProductId,
        _: &[ProductId],
        _: usize,
    ) -> Result<Option<Detail>, StageError> {
        Ok(None)
    }
}
