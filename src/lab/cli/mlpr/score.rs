//! MLPR over plain arrays: equations 2 to 10. The fields are those of docs/score.md.

use anyhow::{Result, bail};
use burn::tensor::{Device, Tensor};

use crate::cli::score::insides::Insides;
use crate::cli::score::read::{Fields, LOG_VARIANCE, SCALE, TEMPERATURE, WEIGHT};
use nets::models::mlpr::bert::{BertConfig, FIELDS, Texts};
use nets::models::mlpr::extraction::Extracted;
use nets::models::mlpr::ranker::MODEL;
use nets::models::mlpr::{K, MlprConfig, Pairs};
use nets::models::weights::{Weights, WeightsError};
use training::mlpr::loss::{cross_entropy, uncertain, weighted};

/// The insides of MLPR.
pub fn score(weights: &[u8], input: &Fields<'_>) -> Result<Insides> {
    let weights = Weights::from_bytes(weights, MODEL)?;
    let config: MlprConfig = weights.config()?;
    config.check().map_err(|fault| WeightsError::Damaged(fault.into()))?;
    let model = weights.apply(config.init(&Device::flex()))?;
    input.only(&["queries", "items", "pairs", "temperatures", "loss"])?;
    let queries = texts(&config.bert, &input.object("queries")?)?;
    let items = texts(&config.bert, &input.object("items")?)?;
    let temperatures = input.numbers("temperatures", [1.0; 2], TEMPERATURE)?;

    let (phi, psi) = (model.bert.query(&queries), model.bert.item(&items));
    let fields = input.object("pairs")?;
    fields.only(&["query", "item", "wide"])?;
    let wide = fields.floats("wide", [None, Some(config.wide)])?;
    let [n, _] = wide.dims();
    let pairs = Pairs {
        query: phi.clone().select(0, fields.ids("query", [Some(n)], phi.dims()[0])?),
        item: psi.clone().select(0, fields.ids("item", [Some(n)], psi.dims()[0])?),
        wide,
    };
    let mut insides = Insides::default();
    insides.add("phi", phi)?;
    insides.add("psi", psi)?;
    let (x, cosine, r) = model.features(&pairs);
    let output = model.forward(&pairs, temperatures);
    insides.add("cosine", cosine)?;
    insides.add("hadamard", pairs.query * pairs.item)?;
    insides.add("r", r)?;
    insides.add("x", x.clone())?; // (2)
    let mut v = model.bottoms(&x);
    for (name, stage) in [("stage_1", output.stage_1), ("stage_2", output.stage_2)] {
        let Some(Extracted { outputs, gates, experts }) = stage else { continue };
        insides.add(format!("{name}.w"), gates)?; // (3), (4)
        insides.add(format!("{name}.H"), Tensor::stack::<4>(experts, 1))?;
        insides.add(format!("{name}.g"), Tensor::stack::<3>(outputs.clone(), 1))?;
        v = outputs;
    }
    let t = model.towers(&v);
    let (a, attention) = model.units(&t);
    insides.add("t", Tensor::stack::<3>(t, 1))?; // (5)
    if let Some(attention) = attention {
        insides.add("a", Tensor::stack::<3>(a, 1))?; // (6)
        insides.add("attention", attention)?;
    }
    insides.add("p", output.probabilities)?; // (7)
    insides.add("y", output.engagement)?; // (8)
    if let Some(fields) = input.optional("loss")? {
        fields.only(&["engaged", "impressions", "scale", "weights", "log_variance"])?;
        let engaged = fields.counts("engaged", [Some(n), Some(K)])?;
        let impressions = fields.counts("impressions", [Some(n)])?.reshape([n, 1]);
        let scale = fields.number("scale", 1.0, SCALE)?;
        let transfer = model.transfers();
        let losses = cross_entropy(output.logits, transfer, engaged, impressions, scale);
        insides.add("L_k", losses.clone())?;
        insides
            .add("L_9", weighted(losses.clone(), fields.numbers("weights", [1.0; K], WEIGHT)?))?;
        let log_variance = fields.numbers("log_variance", [0.0; K], LOG_VARIANCE)?;
        let log_variance = Tensor::from_floats(log_variance, &Device::flex());
        insides.add("L_10", uncertain(losses, log_variance))?;
    }
    Ok(insides)
}

fn texts(config: &BertConfig, fields: &Fields<'_>) -> Result<Texts> {
    fields.only(&["tokens", "fields", "mask"])?;
    let mask = fields.mask("mask", [None, None])?;
    let [count, length] = mask.dims();
    let tokens = fields.floats_where("tokens", Some(config.token), &mask)?;
    if length > config.length {
        bail!("tokens: {length} word pieces where at most {} are read", config.length);
    }
    let shape = [Some(count), Some(length)];
    Ok(Texts { tokens, fields: fields.ids("fields", shape, FIELDS)?, mask })
}
