//! DMT over plain arrays: equations 1 to 6. The fields are those of docs/score.md.

use anyhow::{Result, bail};
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Int, Tensor};

use crate::cli::score::insides::Insides;
use crate::cli::score::read::{Fields, TEMPERATURE, WEIGHT};
use market::features::places::NEIGHBOURHOOD;
use market::features::windows;
use nets::models::dmt::ranker::MODEL;
use nets::models::dmt::{Candidates, DmtConfig, Interest, Items, SEQUENCE_NAMES, Sequence, TASKS};
use nets::models::weights::{Weights, WeightsError};
use nets::nn::bias::{MAX_INDEX, MAX_PAGE, Places};
use training::dmt::loss::cross_entropy;

/// The insides of DMT.
pub fn score(weights: &[u8], input: &Fields<'_>) -> Result<Insides> {
    let weights = Weights::from_bytes(weights, MODEL)?;
    let config: DmtConfig = weights.config()?;
    config.check().map_err(|fault| WeightsError::Damaged(fault.into()))?;
    let model = weights.apply(config.init(&Device::flex()))?;
    input.only(&["sequences", "candidates", "places", "gate_temperature", "loss"])?;
    let candidates = candidates(&config, &input.object("candidates")?)?;
    let [requests, count] = candidates.items.product.dims();
    let fields = input.objects("sequences", config.sequences)?;
    let sequences = (fields.iter().zip(windows::DMT))
        .map(|(fields, window)| sequence(&config, fields, requests, window.length))
        .collect::<Result<Vec<_>>>()?;
    let temperature = input.number("gate_temperature", 1.0, TEMPERATURE)?;

    let encoded = model.encode(&sequences);
    let output = model.rank(&encoded, &candidates, temperature);
    let mut insides = Insides::default();
    let networks = encoded.encodings().into_iter();
    let networks = networks.zip(model.inputs(&encoded, &candidates)).zip(&output.tasks);
    let several = output.tasks.len() > 1;
    for (number, ((encodings, x), tasks)) in networks.enumerate() {
        // A network of each task's own has its task's name behind each inside.
        let named = |name: &str| match several {
            true => format!("{name}_{}", TASKS[number]),
            false => name.to_owned(),
        };
        for (n, (name, encoding)) in SEQUENCE_NAMES.iter().zip(encodings).enumerate() {
            if config.interest != Interest::Mean {
                let encoding = encoding.clone() * sequences[n].mask.clone().unsqueeze_dim::<3>(2);
                insides.add(named(&format!("encoding_{name}")), encoding)?;
            }
            let interest = x.clone().narrow(2, n * config.d(), config.d());
            insides.add(named(&format!("interest_{name}")), interest)?;
        }
        let target = x.clone().narrow(2, config.sequences * config.d(), config.d());
        insides.add(named("target"), target)?;
        insides.add(named("x"), x)?;
        let by_candidate = |values: Tensor<3>| {
            let [_, rows, columns] = values.dims();
            values.reshape([requests, count, rows, columns])
        };
        insides.add(named("e"), by_candidate(tasks.experts.clone()))?; // (3)
        insides.add(named("w"), by_candidate(tasks.gates.clone()))?;
        insides.add(named("f"), by_candidate(tasks.weighed()))?;
    }
    for (name, attention) in SEQUENCE_NAMES.iter().zip(output.attention) {
        insides.add(format!("attention_{name}"), attention)?; // (1)
    }
    let u = output.utilities;
    insides.add("u", u.clone())?;
    insides.add("y_serving", sigmoid(u.clone()))?; // (6)

    let y_b = match (input.optional("places")?, model.bias_network()) {
        (Some(fields), Some(network)) => {
            let places = places(&config, &fields, requests, count)?;
            let y_b = network.forward(&places);
            insides.add("y_b", y_b.clone().reshape([requests, count]))?; // (4)
            Some(y_b)
        }
        (Some(_), None) => bail!("places: these weights have no bias network to read them"),
        (None, _) => None,
    };
    if y_b.is_some() || !config.has_bias() {
        let bias = y_b.clone().unwrap_or_else(|| Tensor::zeros([requests * count, 1], &u.device()));
        let y = sigmoid(u.clone() + bias.reshape([requests, count, 1]));
        insides.add("y", y)?; // (5)
    }
    if let Some(fields) = input.optional("loss")? {
        if y_b.is_none() && config.has_bias() {
            bail!("places: missing, and the loss of these weights reads them");
        }
        let n = requests * count;
        fields.only(&["labels", "present", "lambda"])?;
        let labels = fields.mask("labels", [Some(requests), Some(count), Some(TASKS.len())])?;
        let present = fields.mask("present", [Some(requests), Some(count)])?;
        if present.clone().sum().into_scalar::<f32>() == 0.0 {
            bail!("loss.present: no impression is there");
        }
        let loss = cross_entropy(
            u.reshape([n, TASKS.len()]),
            y_b,
            labels.reshape([n, TASKS.len()]),
            present.reshape([n, 1]),
            fields.numbers("lambda", [1.0; TASKS.len()], WEIGHT)?,
        );
        insides.add("L", loss)?; // (5)
    }
    Ok(insides)
}

fn items(config: &DmtConfig, fields: &Fields<'_>, shape: [Option<usize>; 2]) -> Result<Items> {
    let column = |name, below| fields.ids(name, shape, below);
    Ok(Items {
        product: column("product", config.vocabulary.products)?,
        product_type: column("product_type", config.vocabulary.product_types)?,
        brand: column("brand", config.vocabulary.brands)?,
        shop: column("shop", config.vocabulary.shops)?,
    })
}

fn candidates(config: &DmtConfig, fields: &Fields<'_>) -> Result<Candidates> {
    fields.only(&["product", "product_type", "brand", "shop", "dense"])?;
    let dense = fields.floats("dense", [None, None, Some(config.dense)])?;
    let [requests, count, _] = dense.dims();
    Ok(Candidates { items: items(config, fields, [Some(requests), Some(count)])?, dense })
}

fn sequence(
    config: &DmtConfig,
    fields: &Fields<'_>,
    requests: usize,
    longest: usize,
) -> Result<Sequence> {
    fields.only(&["product", "product_type", "brand", "shop", "mask"])?;
    let mask = fields.mask("mask", [Some(requests), None])?;
    let [_, length] = mask.dims();
    if length > longest {
        bail!("sequences: {length} behaviours where at most {longest} are read");
    }
    Ok(Sequence { items: items(config, fields, [Some(requests), Some(length)])?, mask })
}

fn places(
    config: &DmtConfig,
    fields: &Fields<'_>,
    requests: usize,
    count: usize,
) -> Result<Places> {
    fields.only(&["index", "page", "types"])?;
    let n = requests * count;
    let number = |read: bool, name, below| -> Result<Tensor<2, Int>> {
        let ids = match read {
            true => fields.ids(name, [Some(requests), Some(count)], below)?,
            false => Tensor::zeros([requests, count], &Device::flex()),
        };
        Ok(ids.reshape([n, 1]))
    };
    let types: Tensor<3, Int> = match config.bias.neighbours {
        true => {
            let shape = [Some(requests), Some(count), Some(NEIGHBOURHOOD)];
            fields.ids("types", shape, config.vocabulary.product_types + 1)?
        }
        false => Tensor::zeros([requests, count, NEIGHBOURHOOD], &Device::flex()),
    };
    Ok(Places {
        index: number(config.bias.position, "index", MAX_INDEX)?,
        page: number(config.bias.page, "page", MAX_PAGE)?,
        types: types.reshape([n, NEIGHBOURHOOD]),
    })
}
