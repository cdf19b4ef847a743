//! DMT over the candidates, with its insides.

use async_trait::async_trait;
use burn::tensor::activation::sigmoid;
use burn::tensor::{Tensor, Transaction};

use super::shares::{Shares, orders, rows, shares};
use super::{
    Asked, Ranks, Reads, Scored, Standing, contributions, expert, farthest, gates, layer, named,
};
use crate::pipeline::request::{Part, Request};
use crate::pipeline::stage::Stage;
use crate::pipeline::stock::Stock;
use crate::pipeline::watch::{Named, Watch, days, task_name};
use crate::pipeline::{Numbers, StageError, numbers};
use market::catalogue::ProductId;
use market::features::dense::FEATURES;
use market::history::Event;
use market::language::Message;
use nets::models::dmt::ranker;
use nets::models::dmt::{DmtConfig, Encoded, Output, SEQUENCE_NAMES, SEQUENCES};
use nets::models::weights::Weights;
use nets::nn::experts::TaskOutput;
use protocol::Detail;
use protocol::block::{Block, Row, Rows, SequenceAttention, Shape};
use protocol::machine::Activity;
use systems::dmt::{BiasFeatures, MULTI_TASK, MultiTask, RANKER};
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
    about: Some(|bytes| {
        let weights = Weights::from_bytes(bytes, ranker::MODEL)?;
        let config: DmtConfig = weights.config()?;
        let mut settings = Settings::default().with(&MULTI_TASK, config.multi_task.value());
        config.bias.choose(&mut settings);
        Ok((settings, weights.about.command))
    }),
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

/// Behaviours whose attention on each other is shown, the newest: what a telephone's 390 pixels have room for.
const NEWEST: usize = 16;

/// The parts that the encoders read of a request.
const ENCODED: &[Part] = &[Part::History];
/// The parts that the whole reads of it.
const READS: &[Part] = &[Part::Profile, Part::History, Part::Query];

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

/// The request's sequences, encoded.
fn encoded<'a>(
    stage: &'a mut Stage<Request, Encoded>,
    model: &ranker::Ranker,
    stock: &Stock,
    request: &Request,
) -> &'a Encoded {
    let read = request.only(ENCODED);
    stage.get_or_insert(read, |read| model.encode(&stock.catalogue, &read.moment()))
}

#[async_trait(?Send)]
impl Ranks for Dmt {
    /// Runs the encoders over the request's sequences.
    fn encode(&mut self, stock: &Stock, request: &Request) -> bool {
        let kept = self.encoded.holds(&request.only(ENCODED));
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
        let key = RankKey {
            request: request.only(READS),
            candidates: candidates.to_vec(),
            held,
            gate_temperature,
        };
        if candidates.is_empty() {
            return Ok((Scored::default(), false));
        }
        let kept = self.ranked.holds(&key);
        let Self { model, encoded: stage, ranked, .. } = self;
        let ranked = ranked.get_or_try_insert(key, async |RankKey { request, .. }| {
            let encoded = encoded(stage, model, stock, request);
            let mut dense =
                stock.dense.request(&stock.catalogue, &request.moment(), query, candidates);
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
        let values = stock.dense.request(&stock.catalogue, &request.moment(), query, candidates);
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

    async fn watch(
        &mut self,
        stock: &Stock,
        request: &Request,
        asked: Asked<'_>,
        Standing { order, page_size }: Standing<'_>,
        settings: &Settings,
    ) -> Result<Vec<Activity>, StageError> {
        let Asked { query, candidates, .. } = asked;
        let (catalogue, moment) = (&stock.catalogue, request.moment());
        let Self { model, encoded: stage, .. } = self;
        let encoded = encoded(stage, model, stock, request);
        let dense = stock.dense.request(catalogue, &moment, query, candidates);
        let temperature = settings.number(&GATE_TEMPERATURE);
        let output = model.rank(catalogue, encoded, candidates, &dense, temperature);
        let inputs =
            model.model().inputs(encoded, &model.candidates(catalogue, candidates, &dense));
        let d = model.config().d();

        let mut watch = Watch::default();
        let positions = model.behaviours(&moment);
        let events = |positions: &Vec<usize>| -> Vec<Event> {
            positions.iter().map(|&position| moment.events[position]).collect()
        };
        let read = positions.iter().map(events);
        let read: Vec<_> = read.collect();
        let products = |events: &Vec<Event>| events.iter().map(|event| event.product).collect();
        let sequences: Vec<Vec<ProductId>> = read.iter().map(products).collect();
        let named = SEQUENCE_NAMES.map(|name| Message::new(word!("studio.sequences.{}", name)));
        let title = |product: &ProductId| &*catalogue.products[*product as usize].title;
        for ((name, products), events) in named.iter().zip(&sequences).zip(&read) {
            let days = events.iter().map(|event| days(request.history.now, event.time)).collect();
            watch.known_of("sequences", name.clone(), products.clone(), days);
        }
        // Where each task has a network of its own, the first stands for all.
        let x = inputs[0].clone();
        let [_, _, width] = x.dims();
        let x = x.reshape([1, width]);
        watch.matrix("target", Named::alone(), x.clone().narrow(1, SEQUENCES * d, d));
        let [_, _, features] = output.dense.dims();
        let names = FEATURES.iter().map(|(name, _)| Message::new(word!("features.{}", name)));
        let z_scores = output.dense.clone().reshape([1, features]);
        watch.matrix("features", Named::alone().columns(names), z_scores);
        let of_two = |first: &Message, second: Message| {
            Message::new(word!("machine.of-two"))
                .with("first", first.clone())
                .with("second", second)
        };
        let head = |number: usize| {
            Message::new(word!("machine.head")).with("number", (number + 1).to_string())
        };
        let among = model.self_attention(catalogue, &moment);
        for ((attention, products), name) in among.into_iter().zip(&sequences).zip(&named) {
            let [_, heads, length, _] = attention.dims();
            let newest = &products[..products.len().min(NEWEST)];
            for number in 0..heads {
                let mut name = of_two(name, head(number));
                if newest.len() < products.len() {
                    let count = Message::new(word!("machine.newest"));
                    name = of_two(&name, count.with("count", NEWEST.to_string()));
                }
                let shown =
                    Named::rows([name]).columns(newest.iter().map(title)).products(newest.to_vec());
                let of_head = attention.clone().narrow(1, number, 1).reshape([length, length]);
                watch.among("encoder", shown, of_head);
            }
        }
        let of_network = encoded.encodings().into_iter().next().unwrap_or_default();
        for (encoding, products) in of_network.into_iter().zip(&sequences) {
            let [_, length, width] = encoding.dims();
            let encoding = encoding.clone().reshape([length, width]);
            watch.matrix("encoder", Named::rows(products.iter().map(title)), encoding);
        }
        for ((attention, products), name) in output.attention.iter().zip(&sequences).zip(&named) {
            let [_, heads, _, length] = attention.dims();
            let attention = attention.clone().reshape([heads, length]);
            let heads = (0..heads).map(|number| of_two(name, head(number)));
            // Nobody attends to nothing.
            if !products.is_empty() {
                watch.matrix("attention", Named::rows(heads).products(products.clone()), attention);
            }
        }
        watch.matrix(
            "interests",
            Named::rows(named),
            x.clone().narrow(1, 0, SEQUENCES * d).reshape([SEQUENCES, d]),
        );
        watch.matrix("joined", Named::alone(), x);
        let tasks = || RANKER.tasks.iter().map(task_name);
        for tasks_output in &output.tasks {
            let TaskOutput { gates, experts, .. } = tasks_output;
            let [_, count, width] = experts.dims();
            let names = || (0..count).map(|number| expert("expert", number));
            watch.matrix("experts", Named::rows(names()), experts.clone().reshape([count, width]));
            let [_, of_tasks, _] = gates.dims();
            if output.gates.is_some() {
                let named = Named::rows(tasks()).columns(names());
                watch.matrix("gates", named, gates.clone().reshape([of_tasks, count]));
            }
            let weighed = tasks_output.weighed().reshape([of_tasks, width]);
            watch.matrix("mixture", Named::rows(tasks().take(of_tasks)), weighed);
        }
        let [_, _, count] = output.utilities.dims();
        let utilities = output.utilities.reshape([count, 1]);
        watch.matrix("chance", Named::rows(tasks()), sigmoid(utilities.clone()));
        watch.matrix("utility", Named::rows(tasks()), utilities);
        let place = order.iter().position(|product| candidates.contains(product));
        if let (Some(place), true) = (place, model.config().has_bias()) {
            let number = |of: usize| vec![(of + 1) as f32];
            watch.known("place", Message::new(word!("machine.index")), number(place));
            watch.known("place", Message::new(word!("machine.page")), number(place / page_size));
            let terms = model.bias_terms(catalogue, order, place, page_size);
            let names = terms.iter().map(|(name, _)| Message::new(word!("bias.{}", name)));
            let named = Named::alone().columns(names);
            let terms: Vec<_> = terms.into_iter().map(|(_, term)| term.reshape([1, 1])).collect();
            if !terms.is_empty() {
                watch.matrix("bias", named, Tensor::cat(terms, 1));
            }
            if let Some(bias) = model.bias(catalogue, order, page_size) {
                let named = Named::rows([Message::new(word!("bias.together"))]);
                watch.matrix("bias", named, bias.narrow(0, place, 1).reshape([1, 1]));
            }
        }
        watch.read().await
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
        let Some((key, ranked)) = last.filter(|(key, _)| key.request == request.only(READS)) else {
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
        let sequences = self.model.behaviours(&request.moment());
        for ((name, positions), _) in SEQUENCE_NAMES.iter().zip(&sequences).zip(&detail.attention) {
            let entries = positions.iter().map(|&position| request.history.entries[position]);
            let weights = entries.zip(reads.take()?).collect();
            attention.push(SequenceAttention { sequence: (*name).into(), weights });
        }
        let row = |of: &str, value| Row {
            name: Message::new(word!("bias.{}", of)),
            hint: None,
            values: vec![value],
        };
        let mut rows = Vec::with_capacity(terms.len());
        for (name, _) in &terms {
            rows.push(row(name, reads.take()?.first().copied().unwrap_or(0.0)));
        }
        let mut blocks = Vec::new();
        if let Some(tensor) = &detail.expert_contributions {
            let [_, experts] = tensor.dims();
            let added: Vec<_> = reads.take()?.chunks(experts).map(<[f32]>::to_vec).collect();
            blocks.push(contributions(&RANKER, &ranked.scored.blocks, &added));
        }
        blocks.push(Block::new("attention", Shape::Sequences(attention)));
        if !rows.is_empty() {
            // The order has just been given its biases.
            let last =
                self.biased.last().filter(|((of, size), _)| of == order && *size == page_size);
            let bias = last.and_then(|(_, bias)| bias.get(place).copied());
            let together = bias.map(|bias| row("together", bias));
            let rows = Rows { columns: Vec::new(), rows, together };
            blocks.push(Block::new("bias", Shape::Rows(rows)));
        }
        blocks.push(features);
        Ok(Some(Detail { product, blocks }))
    }
}

/// What is said of each of so many candidates.
async fn scored(output: &Output, candidates: usize) -> Result<Scored, StageError> {
    let mut read = Transaction::default().register(output.utilities.clone());
    if let Some(weights) = &output.gates {
        read = read.register(weights.clone());
    }
    let mut read = Numbers::read(read).await?;
    let utilities = read.take()?;
    let by_candidate = utilities.chunks(utilities.len() / candidates);
    let utilities = by_candidate.map(<[f32]>::to_vec).collect();
    let mut scored = Scored { utilities, ..Scored::default() };
    if let Some(weights) = &output.gates {
        let [_, _, _, experts] = weights.dims();
        let experts = (0..experts).map(|number| expert("expert", number));
        scored.blocks = vec![gates(vec![layer(&RANKER, None, experts)], read.take()?)];
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
