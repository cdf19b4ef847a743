//! DMT over the candidates, with its insides.

use async_trait::async_trait;
use burn::tensor::{Tensor, Transaction};

use super::shares::{Shares, orders, rows, shares};
use super::{Asked, Ranks, Reads, Scored, farthest, named};
use crate::pipeline::request::Request;
use crate::pipeline::stage::Stage;
use crate::pipeline::stock::Stock;
use crate::pipeline::{Numbers, StageError, numbers};
use market::catalogue::ProductId;
use market::features::dense::FEATURES;
use nets::models::dmt::input::behaviours;
use nets::models::dmt::ranker;
use nets::models::dmt::{Encoded, Output, SEQUENCE_NAMES};
use protocol::{Detail, Gating, SequenceAttention};
use systems::dmt::{BiasFeatures, MultiTask, RANKER};
use systems::knob::Settings;
use systems::shared::GATE_TEMPERATURE;

/// How it comes from its weights, which are another file for each variant.
pub static SYSTEM: Reads = Reads {
    of: &RANKER,
    file: |settings| {
        let (multi_task, bias) = (MultiTask::of(settings), BiasFeatures::of(settings));
        Some(ranker::file_name(multi_task, bias))
    },
    read: |bytes, stock, device| {
        let model = ranker::Ranker::load(bytes, &stock.catalogue, device)?;
        model.config().as_shipped()?;
        Ok(Box::new(Dmt {
            model,
            encoded: Stage::default(),
            ranked: Stage::default(),
            biased: Stage::default(),
            examined: Stage::default(),
        }))
    },
};

/// A DMT with the last answers of its stages.
#[derive(Debug)]
struct Dmt {
    model: ranker::Ranker,
    encoded: Stage<Request, Encoded>,
    ranked: Stage<RankKey, Ranked>,
    biased: Stage<(Vec<ProductId>, usize), Vec<f32>>,
    examined: Stage<(Vec<ProductId>, usize), Vec<f32>>,
}

/// What the rank stage reads.
#[derive(Clone, Debug, PartialEq)]
struct RankKey {
    request: Request,
    candidates: Vec<ProductId>,
    held: Option<u32>,
    gate_temperature: f32,
}

#[derive(Debug)]
struct Ranked {
    scored: Scored,
    output: Output,
    /// Dense features as they are counted, candidate by candidate.
    dense: Vec<f32>,
}

/// What the encoders read of a request: who asks, and no query.
fn who(request: &Request) -> Request {
    Request { query: None, web_searches: Vec::new(), ..request.on_any_device() }
}

/// The request's sequences, encoded.
fn encoded<'a>(
    stage: &'a mut Stage<Request, Encoded>,
    model: &ranker::Ranker,
    stock: &Stock,
    request: &Request,
) -> &'a Encoded {
    stage.get_or_insert(who(request), |who| model.encode(&stock.catalogue, &who.moment()))
}

#[async_trait(?Send)]
impl Ranks for Dmt {
    /// Runs the encoders over the request's sequences.
    fn encode(&mut self, stock: &Stock, request: &Request) -> bool {
        let kept = self.encoded.holds(&who(request));
        encoded(&mut self.encoded, &self.model, stock, request);
        kept
    }

    async fn rank(
        &mut self,
        stock: &Stock,
        request: &Request,
        asked: Asked<'_>,
        settings: &Settings,
    ) -> Result<(Scored, bool), StageError> {
        let gate_temperature = settings.number(&GATE_TEMPERATURE);
        let Asked { query, candidates, held } = asked;
        let (request_read, candidates_read) = (request.on_any_device(), candidates.to_vec());
        let key =
            RankKey { request: request_read, candidates: candidates_read, held, gate_temperature };
        if candidates.is_empty() {
            return Ok((Scored::default(), false));
        }
        let kept = self.ranked.holds(&key);
        let Self { model, encoded: stage, ranked, .. } = self;
        let ranked = ranked.get_or_try_insert(key, async |_| {
            let encoded = encoded(stage, model, stock, request);
            let mut dense = stock.dense.request(&request.moment(), query, candidates);
            if held.is_some() {
                asked.hold(&mut dense, &read(model.model().feature_means()).await?);
            }
            let output =
                model.rank(&stock.catalogue, encoded, candidates, &dense, gate_temperature);
            Ok(Ranked { scored: scored(&output, candidates.len()).await?, output, dense })
        });
        Ok((ranked.await?.scored.clone(), kept))
    }

    /// By its dense features.
    async fn shares(
        &mut self,
        stock: &Stock,
        request: &Request,
        Asked { query, candidates, .. }: Asked<'_>,
        settings: &Settings,
    ) -> Result<Shares, StageError> {
        let gate_temperature = settings.number(&GATE_TEMPERATURE);
        let encoded = encoded(&mut self.encoded, &self.model, stock, request);
        let values = stock.dense.request(&request.moment(), query, candidates);
        let means = read(self.model.model().feature_means()).await?;
        let orders = orders(values.len());
        let rows = rows(&orders, &means, &values);
        let products = candidates.repeat(rows.len() / values.len().max(1));
        let output = self.model.rank(&stock.catalogue, encoded, &products, &rows, gate_temperature);
        let [_, _, tasks] = output.utilities.dims();
        let z_scores = read(output.dense.narrow(1, products.len() - 1, 1)).await?;
        let utilities = read(output.utilities).await?;
        let added = shares(&orders, &utilities, tasks);
        let features = named(feature_names(), &values, &z_scores).into_iter().zip(added).collect();
        Ok(Shares { base: utilities[..tasks].to_vec(), features })
    }

    async fn neighbours(
        &self,
        stock: &Stock,
        order: &[ProductId],
        page_size: usize,
    ) -> Result<Vec<f32>, StageError> {
        match self.model.neighbours(&stock.catalogue, order, page_size) {
            Some(logits) => read(logits).await,
            None => Ok(Vec::new()),
        }
    }

    async fn bias(
        &mut self,
        stock: &Stock,
        order: &[ProductId],
        page_size: usize,
    ) -> Result<(Vec<f32>, bool), StageError> {
        let key = (order.to_vec(), page_size);
        let kept = self.biased.holds(&key);
        let bias = self.biased.get_or_try_insert(key, async |_| {
            match self.model.bias(&stock.catalogue, order, page_size) {
                Some(logits) => read(logits).await,
                None => Ok(vec![0.0; order.len()]),
            }
        });
        Ok((bias.await?.clone(), kept))
    }

    async fn examination(
        &mut self,
        stock: &Stock,
        shown: &[ProductId],
        places: usize,
        page_size: usize,
    ) -> Result<Vec<f32>, StageError> {
        let key = (shown.to_vec(), page_size);
        let curve = self.examined.get_or_try_insert(key, async |_| {
            match self.model.examination(&stock.catalogue, shown, places, page_size) {
                Some(curve) => read(curve).await,
                None => Ok(Vec::new()),
            }
        });
        curve.await.cloned()
    }

    async fn explain(
        &self,
        stock: &Stock,
        request: &Request,
        product: ProductId,
        order: &[ProductId],
        page_size: usize,
    ) -> Result<Option<Detail>, StageError> {
        let last = self.ranked.last();
        let Some((key, ranked)) = last.filter(|(key, _)| key.request == request.on_any_device())
        else {
            return Ok(None);
        };
        let (Some(number), Some(place)) = (
            key.candidates.iter().position(|&candidate| candidate == product),
            order.iter().position(|&candidate| candidate == product),
        ) else {
            return Ok(None);
        };
        let detail = self.model.detail(&ranked.output, number);
        let terms = self.model.bias_terms(&stock.catalogue, order, place, page_size);
        let mut reads = Transaction::default().register(detail.dense);
        for attention in &detail.attention {
            reads = reads.register(attention.clone());
        }
        for (_, term) in &terms {
            reads = reads.register(term.clone());
        }
        if let Some(contributions) = &detail.expert_contributions {
            reads = reads.register(contributions.clone());
        }
        let mut reads = Numbers::read(reads).await?;

        let z_scores = reads.take()?;
        let raw = ranked.dense.chunks(z_scores.len()).nth(number).unwrap_or_default();
        let features = farthest(named(feature_names(), raw, &z_scores));
        let mut attention = Vec::with_capacity(detail.attention.len());
        let sequences = behaviours(&request.moment());
        for ((name, positions), _) in SEQUENCE_NAMES.iter().zip(&sequences).zip(&detail.attention) {
            let entries = positions.iter().map(|&position| request.history.entries[position]);
            let weights = entries.zip(reads.take()?).collect();
            attention.push(SequenceAttention { sequence: (*name).into(), weights });
        }
        let mut bias_terms = Vec::with_capacity(terms.len());
        for (name, _) in &terms {
            bias_terms.push(((*name).into(), reads.take()?.first().copied().unwrap_or(0.0)));
        }
        let expert_contribution = match &detail.expert_contributions {
            Some(tensor) => {
                let [_, experts] = tensor.dims();
                reads.take()?.chunks(experts).map(<[f32]>::to_vec).collect()
            }
            None => Vec::new(),
        };
        let transfer = Vec::new();
        Ok(Some(Detail { product, attention, features, transfer, expert_contribution, bias_terms }))
    }
}

/// What is said of each of so many candidates.
async fn scored(output: &Output, candidates: usize) -> Result<Scored, StageError> {
    let mut read = Transaction::default().register(output.utilities.clone());
    if let Some(gates) = &output.gates {
        read = read.register(gates.clone());
    }
    let mut read = Numbers::read(read).await?;
    let by_candidate = |values: Vec<f32>| -> Vec<Vec<f32>> {
        values.chunks(values.len() / candidates).map(<[f32]>::to_vec).collect()
    };
    let mut scored = Scored { utilities: by_candidate(read.take()?), ..Scored::default() };
    if let Some(tensor) = &output.gates {
        let [_, _, _, experts] = tensor.dims();
        let experts = (1..=experts).map(|number| format!("expert {number}")).collect();
        scored.gatings = vec![Gating { name: String::new(), experts }];
        scored.gates = by_candidate(read.take()?);
    }
    Ok(scored)
}

/// Name and kind of each feature.
fn feature_names() -> impl Iterator<Item = (&'static str, &'static str)> {
    FEATURES.iter().map(|(name, kind)| (*name, kind.name()))
}

async fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, StageError> {
    numbers(tensor.into_data_async().await?)
}
