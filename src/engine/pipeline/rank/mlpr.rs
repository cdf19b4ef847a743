//! MLPR over the candidates, with its insides.

use async_trait::async_trait;
use burn::tensor::{Tensor, Transaction};

use super::shares::{Shares, orders, rows, shares};
use super::{
    Asked, Prepared, Ranks, Reads, Scored, Standing, contributions, expert, farthest, gates, layer,
    named,
};
use crate::pipeline::request::Request;
use crate::pipeline::stage::Stage;
use crate::pipeline::stock::Stock;
use crate::pipeline::watch::{Named, Watch, task_name};
use crate::pipeline::{Numbers, StageError, numbers};
use market::catalogue::ProductId;
use market::features::wide::{FEATURES, WideTables};
use market::language::Message;
use nets::models::mlpr::extraction::Extracted;
use nets::models::mlpr::ranker::{Items, MODEL, Ranker};
use nets::models::mlpr::{K, Output};
use nets::models::weights::Weights;
use protocol::Detail;
use protocol::block::{Block, Shape, Step};
use protocol::machine::Activity;
use systems::Task;
use systems::knob::Settings;
use systems::mlpr::{PRECOMPUTED, RANKER};
use systems::shared::GATE_TEMPERATURE;

/// Products whose vectors are worked out before newer messages are let in: some 50 ms.
const SLICE: usize = 250;

/// How it comes from its weights.
pub static SYSTEM: Reads = Reads {
    of: &RANKER,
    file: |_| Some("mlpr.safetensors".into()),
    read: |bytes, stock, device| {
        let model = Ranker::load(bytes, &stock.catalogue, device)?;
        model.config().as_shipped()?;
        Ok(Box::new(Mlpr {
            model,
            wide: WideTables::new(&stock.catalogue),
            items: None,
            parts: Vec::new(),
            query: Stage::default(),
            ranked: Stage::default(),
        }))
    },
    about: Some(|bytes| {
        let weights = Weights::from_bytes(bytes, MODEL)?;
        Ok((Settings::default(), weights.about.command))
    }),
};

/// MLPR with the last answers of its stages.
#[derive(Debug)]
struct Mlpr {
    model: Ranker,
    wide: WideTables,
    /// psi of all products that a log tells of, once they were asked for.
    items: Option<Items>,
    /// As many of them as were worked out before the caller lost interest.
    parts: Vec<Tensor<2>>,
    query: Stage<Option<String>, Tensor<2>>,
    ranked: Stage<RankKey, Ranked>,
}

/// What the rank stage reads.
#[derive(Clone, Debug, PartialEq)]
struct RankKey {
    /// The paper's model reads nothing else of a request (MLPR 3.1).
    query: Option<String>,
    candidates: Vec<ProductId>,
    held: Option<u32>,
    settings: Settings,
}

#[derive(Debug)]
struct Ranked {
    scored: Scored,
    output: Output,
    /// Wide features as they are counted, candidate by candidate.
    wide: Vec<f32>,
}

/// Wide features of the candidates, as they are counted.
fn counted(tables: &WideTables, stock: &Stock, request: &Request, asked: Asked<'_>) -> Vec<f32> {
    let text = request.query.as_deref().unwrap_or_default();
    let frequency = request.query.as_deref().map_or(0, |text| stock.frequency.bucket(text));
    tables.request(&stock.catalogue, text, frequency, asked.query, asked.candidates)
}

#[async_trait(?Send)]
impl Ranks for Mlpr {
    /// Puts the request's query through the BERT.
    fn encode(&mut self, stock: &Stock, request: &Request) -> bool {
        let kept = self.query.holds(&request.query);
        encoded(&mut self.query, &self.model, stock, request);
        kept
    }

    /// Works the vectors of a slice of the products out, if they are to be looked up.
    fn prepare(&mut self, stock: &Stock, settings: &Settings) -> Prepared {
        if !settings.is_on(&PRECOMPUTED) || self.items.is_some() {
            return Prepared::Ready;
        }
        let all: Vec<ProductId> = (0..).take(stock.catalogue.logged()).collect();
        match all.chunks(SLICE).nth(self.parts.len()) {
            Some(slice) => {
                self.parts.push(self.model.items(&stock.words, &stock.catalogue, slice));
                Prepared::More
            }
            None => {
                self.items = Some(Items::new(std::mem::take(&mut self.parts)));
                Prepared::Done
            }
        }
    }

    fn words_changed(&mut self) {
        self.query.clear();
        self.ranked.clear();
    }

    async fn rank(
        &mut self,
        stock: &Stock,
        request: &Request,
        asked: Asked<'_>,
        settings: &Settings,
    ) -> Result<(Scored, bool), StageError> {
        let Asked { candidates, held, .. } = asked;
        let key = RankKey {
            query: request.query.clone(),
            candidates: candidates.to_vec(),
            held,
            settings: settings.only(&[&GATE_TEMPERATURE, &PRECOMPUTED]),
        };
        let gate_temperature = key.settings.number(&GATE_TEMPERATURE);
        if candidates.is_empty() {
            return Ok((Scored::default(), false));
        }
        let kept = self.ranked.holds(&key);
        let Self { model, wide: tables, items, query, ranked, .. } = self;
        let ranked = ranked.get_or_try_insert(key, async |RankKey { settings, .. }| {
            let query = encoded(query, model, stock, request);
            let on_the_spot =
                |products: &[ProductId]| model.items(&stock.words, &stock.catalogue, products);
            let items = match items {
                Some(items) if settings.is_on(&PRECOMPUTED) => items.of(candidates, on_the_spot),
                _ => on_the_spot(candidates),
            };
            let mut wide = counted(tables, stock, request, asked);
            if held.is_some() {
                let means = model.model().feature_means();
                asked.hold(&mut wide, &numbers(means.into_data_async().await?)?);
            }
            let output = model.rank(query, items, &wide, [gate_temperature; 2]);
            let own = model.config().specific;
            Ok(Ranked { scored: scored(&output, own, candidates.len()).await?, output, wide })
        });
        Ok((ranked.await?.scored.clone(), kept))
    }

    /// By its wide features.
    async fn shares(
        &mut self,
        stock: &Stock,
        request: &Request,
        asked: Asked<'_>,
        settings: &Settings,
    ) -> Result<Shares, StageError> {
        let gate_temperature = settings.number(&GATE_TEMPERATURE);
        let values = counted(&self.wide, stock, request, asked);
        let query = encoded(&mut self.query, &self.model, stock, request);
        let means = self.model.model().feature_means();
        let means = numbers(means.into_data_async().await?)?;
        let orders = orders(values.len());
        let rows = rows(&orders, &means, &values);
        let count = rows.len() / values.len().max(1);
        let item = self.model.items(&stock.words, &stock.catalogue, asked.candidates);
        let [_, width] = item.dims();
        let items = item.expand([count, width]);
        let output = self.model.rank(query, items, &rows, [gate_temperature; 2]);
        let z_scores = output.wide.narrow(0, count - 1, 1);
        let z_scores = numbers(z_scores.into_data_async().await?)?;
        let engagement = numbers(output.engagement.into_data_async().await?)?;
        let utilities: Vec<f32> = engagement.into_iter().map(logit).collect();
        let added = shares(&orders, &utilities, K);
        let features = named(feature_names(), &values, &z_scores).into_iter().zip(added).collect();
        Ok(Shares { base: utilities[..K].to_vec(), features })
    }

    async fn watch(
        &mut self,
        stock: &Stock,
        request: &Request,
        asked: Asked<'_>,
        _: Standing<'_>,
        settings: &Settings,
    ) -> Result<Vec<Activity>, StageError> {
        let wide = counted(&self.wide, stock, request, asked);
        let phi = encoded(&mut self.query, &self.model, stock, request).clone();
        let psi = self.model.items(&stock.words, &stock.catalogue, asked.candidates);
        let pairs = self.model.pairs(&phi, psi.clone(), &wide);
        let model = self.model.model();
        let output = model.forward(&pairs, [settings.number(&GATE_TEMPERATURE); 2]);
        let (x, cosine, _) = model.features(&pairs);

        let mut watch = Watch::default();
        let tasks = || RANKER.tasks.iter().map(task_name);
        let names = FEATURES.iter().map(|(name, _)| Message::new(word!("features.{}", name)));
        watch.matrix("features", Named::alone().columns(names), output.wide.clone());
        watch.matrix("query", Named::alone(), phi.clone());
        watch.matrix("item", Named::alone(), psi.clone());
        watch.matrix("interactions", Named::rows(["cos"]), cosine);
        watch.matrix("interactions", Named::rows(["φ∘ψ"]), phi * psi);
        watch.matrix("joined", Named::alone(), x.clone());
        let mut v = model.bottoms(&x);
        let stages = [
            ("gates-1", "stage-1", output.stage_1, 0),
            ("gates-2", "stage-2", output.stage_2, self.model.config().specific),
        ];
        for (gates, stage, extracted, own) in stages {
            let Some(Extracted { outputs, gates: weights, .. }) = extracted else { continue };
            let [_, of_tasks, experts] = weights.dims();
            for (number, task) in RANKER.tasks.iter().enumerate().take(of_tasks) {
                let columns = (0..experts).map(|number| match expert_of(own, number) {
                    // It is no other task's, though words do not say so.
                    expert if number < own => expert.with("of", task_name(task)),
                    expert => expert,
                });
                let of_task = weights.clone().narrow(1, number, 1).reshape([1, experts]);
                watch.matrix(gates, Named::rows([task_name(task)]).columns(columns), of_task);
            }
            watch.matrix(stage, Named::rows(tasks()), Tensor::cat(outputs.clone(), 0));
            v = outputs;
        }
        let t = model.towers(&v);
        let (a, attention) = model.units(&t);
        watch.matrix("towers", Named::rows(tasks()), Tensor::cat(t, 0));
        if let Some(attention) = attention {
            let [_, of_tasks, two] = attention.dims();
            let columns = [word!("machine.own"), word!("machine.former")].map(Message::new);
            let named = Named::rows(tasks()).columns(columns);
            watch.matrix("attention", named, attention.reshape([of_tasks, two]));
        }
        let as_rows = |of: Tensor<2>| {
            let [_, of_tasks] = of.dims();
            of.reshape([of_tasks, 1])
        };
        watch.matrix("attention", Named::rows(tasks()), Tensor::cat(a, 0));
        watch.matrix("steps", Named::rows(tasks()), as_rows(output.probabilities));
        watch.matrix("chance", Named::rows(tasks()), as_rows(output.engagement));
        watch.read().await
    }

    async fn explain(
        &self,
        _: &Stock,
        request: &Request,
        product: ProductId,
        _: &[ProductId],
        _: usize,
    ) -> Result<Option<Detail>, StageError> {
        let last = self.ranked.last();
        let Some((key, ranked)) = last.filter(|(key, _)| key.query == request.query) else {
            return Ok(None);
        };
        let Some(number) = key.candidates.iter().position(|&candidate| candidate == product) else {
            return Ok(None);
        };
        let output = &ranked.output;
        let row = |of: &Tensor<2>| of.clone().narrow(0, number, 1);
        let mut read = Transaction::default()
            .register(row(&output.wide))
            .register(row(&output.probabilities))
            .register(row(&output.engagement));
        if let Some(attention) = &output.attention {
            read = read.register(attention.clone().narrow(0, number, 1));
        }
        let added = self.model.model().expert_contributions(output);
        if let Some(added) = &added {
            read = read.register(added.clone().narrow(0, number, 1));
        }
        let mut read = Numbers::read(read).await?;
        let z_scores = read.take()?;
        let (conditional, joint) = (read.take()?, read.take()?);
        let attention = if output.attention.is_some() { read.take()? } else { vec![0.0; 2 * K] };
        let added: Option<Vec<Vec<f32>>> = match &added {
            Some(tensor) => {
                let [_, _, experts] = tensor.dims();
                Some(read.take()?.chunks(experts).map(<[f32]>::to_vec).collect())
            }
            None => None,
        };
        let raw = ranked.wide.chunks(z_scores.len()).nth(number).unwrap_or_default();
        let features = farthest(named(feature_names(), raw, &z_scores));
        let steps = conditional.into_iter().zip(joint).zip(attention.chunks(2));
        let steps = RANKER.tasks.iter().zip(steps).enumerate();
        let step = |(number, (task, ((conditional, joint), weights))): (usize, (&Task, _))| {
            let weights: &[f32] = weights;
            let name = Message::new(word!("tasks.{}", task.name()));
            // The first has nothing before it.
            let from_former = (number > 0).then(|| weights[1]);
            Step { name, conditional, joint, from_former }
        };
        let mut blocks = vec![Block::new("chain", Shape::Chain(steps.map(step).collect()))];
        if let Some(added) = added {
            blocks.push(contributions(&RANKER, &ranked.scored.blocks, &added));
        }
        blocks.push(features);
        Ok(Some(Detail { product, blocks }))
    }
}

/// The request's query, encoded. Without one there is a text without a word, whose vector is defined.
fn encoded<'a>(
    stage: &'a mut Stage<Option<String>, Tensor<2>>,
    model: &Ranker,
    stock: &Stock,
    request: &Request,
) -> &'a Tensor<2> {
    stage.get_or_insert(request.query.clone(), |query| {
        model.query(&stock.words, query.as_deref().unwrap_or_default())
    })
}

/// What is said of each of so many candidates; `own` experts of the second stage are a task's own.
async fn scored(output: &Output, own: usize, candidates: usize) -> Result<Scored, StageError> {
    let stages = [("stage-1", &output.stage_1, 0), ("stage-2", &output.stage_2, own)];
    let mut read = Transaction::default().register(output.engagement.clone());
    for (_, stage, _) in stages {
        if let Some(stage) = stage {
            read = read.register(stage.gates.clone());
        }
    }
    let mut read = Numbers::read(read).await?;
    let utilities = read.take()?.chunks(K).map(|y| y.iter().map(|&y| logit(y)).collect()).collect();
    let mut scored = Scored { utilities, ..Scored::default() };
    let mut layers = Vec::new();
    let mut by_candidate: Vec<Vec<f32>> = vec![Vec::new(); candidates];
    for (name, stage, own) in stages {
        let Some(stage) = stage else { continue };
        let [_, tasks, experts] = stage.gates.dims();
        let experts_named = (0..experts).map(|number| expert_of(own, number));
        let name = Message::new(word!("experts.{}", name));
        layers.push(layer(&RANKER, Some(name), experts_named));
        let weights = read.take()?;
        for (of_candidate, weights) in by_candidate.iter_mut().zip(weights.chunks(tasks * experts))
        {
            of_candidate.extend(weights);
        }
    }
    if !layers.is_empty() {
        scored.blocks = vec![gates(layers, by_candidate.concat())];
    }
    Ok(scored)
}

/// What an expert of a stage is called whose first `own` are each task's own.
fn expert_of(own: usize, number: usize) -> Message {
    match own {
        0 => expert("expert", number),
        own if number < own => expert("own", number),
        own => expert("shared", number - own),
    }
}

/// Name and kind of each feature.
fn feature_names() -> impl Iterator<Item = (&'static str, &'static str)> {
    FEATURES.iter().map(|(name, kind)| (*name, kind.name()))
}

/// The utility u whose sigmoid is y.
fn logit(y: f32) -> f32 {
    y.ln() - (-y).ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::blend::sigmoid;

    #[test]
    fn the_sigmoid_of_the_logit_is_the_probability() {
        for y in [1e-12, 1e-6, 0.003, 0.5, 0.97] {
            assert!((sigmoid(logit(y)) / y - 1.0).abs() < 1e-4, "{y}");
        }
        assert_eq!(sigmoid(logit(0.0)), 0.0);
        assert_eq!(sigmoid(logit(1.0)), 1.0);
    }
}
