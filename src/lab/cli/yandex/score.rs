//! Yandex's two towers over plain arrays: sections 3.1 to 3.5. The fields are those of
//! docs/score.md.

use anyhow::{Result, bail};
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor};

use crate::cli::score::insides::Insides;
use crate::cli::score::read::{Fields, WEIGHT};
use nets::models::weights::{Weights, WeightsError};
use nets::models::yandex::input::{Contexts, Histories, Sequence};
use nets::models::yandex::retriever::MODEL;
use nets::models::yandex::{
    DEVICES, KINDS, SIGNALS, SURFACES, WebQueries, Yandex, YandexConfig, similarity,
};
use training::yandex::loss::{
    Objective, Page, Pairwise, Pointwise, fine_tuning, pairwise, pointwise, sampled_softmax,
};

/// The insides of Yandex's two towers.
pub fn score(weights: &[u8], input: &Fields<'_>) -> Result<Insides> {
    let weights = Weights::from_bytes(weights, MODEL)?;
    let config: YandexConfig = weights.config()?;
    config.check().map_err(|fault| WeightsError::Damaged(fault.into()))?;
    let model = weights.apply(config.init(&Device::flex()))?;
    input.only(&["texts", "items", "histories", "web", "pretrain", "finetune"])?;
    let texts = input.floats("texts", [None, Some(config.word)])?;
    let [count, _] = texts.dims();
    let items = input.ids("items", [None], count)?;
    let separate = config.web_queries == WebQueries::Separate;
    if !separate && input.has("web") {
        bail!("web: these weights have no transformer for it");
    }
    let behaviour = sequence(&input.object("histories")?, None, count, config.history)?;
    let [shoppers, _] = behaviour.present.dims();
    let web = separate.then(|| {
        let fields = input.object("web")?;
        sequence(&fields, Some(shoppers), count, config.web_history)
    });
    let histories = Histories { behaviour, web: web.transpose()? };

    let content = model.content(texts);
    let v_i = model.items(content.clone().select(0, items));
    let user = model.users(&content, &histories);
    let mut insides = Insides::default();
    insides.add("content", content.clone())?;
    let events = model.events(&content, &histories);
    let sequences = [Some(&histories.behaviour), histories.web.as_ref()].into_iter().flatten();
    let named = ["events", "web.events"].into_iter().zip(sequences);
    for ((name, sequence), events) in named.zip(events) {
        insides.add(name, events * sequence.present.clone().unsqueeze_dim::<3>(2))?;
    }
    for (name, layers) in [("attention", user.attention), ("web.attention", user.web_attention)] {
        for (layer, attention) in layers.into_iter().enumerate() {
            insides.add(format!("{name}.{layer}"), attention)?;
        }
    }
    let r_ui = similarity(user.vector.clone(), v_i.clone());
    insides.add("v_u", user.vector)?;
    insides.add("v_i", v_i)?;
    insides.add("r_ui", r_ui.clone())?;
    if let Some(fields) = input.optional("pretrain")? {
        fields.only(&["positives"])?;
        let positives = fields.counts("positives", r_ui.dims().map(Some))?;
        if positives.clone().sum().into_scalar::<f32>() == 0.0 {
            bail!("pretrain.positives: there is no positive");
        }
        let tau = model.loss.temperature();
        insides.add("tau", tau.clone())?;
        insides.add("L_pretrain", sampled_softmax(r_ui.clone(), positives, tau))?;
    }
    if let Some(fields) = input.optional("finetune")? {
        fine_tune(&model, r_ui, &fields, &mut insides)?;
    }
    Ok(insides)
}

fn sequence(
    fields: &Fields<'_>,
    shoppers: Option<usize>,
    texts: usize,
    longest: usize,
) -> Result<Sequence> {
    fields.only(&["content", "kinds", "present"])?;
    let present = fields.mask("present", [shoppers, None])?;
    let [_, length] = present.dims();
    if length > longest {
        bail!("histories: {length} behaviours where at most {longest} are read");
    }
    let shape = present.dims().map(Some);
    Ok(Sequence {
        content: fields.ids("content", shape, texts)?,
        kinds: fields.ids("kinds", shape, KINDS.len())?,
        present,
    })
}

/// Context tower and fine-tuning (3.4, 3.5).
fn fine_tune(
    model: &Yandex,
    r_ui: Tensor<2>,
    fields: &Fields<'_>,
    insides: &mut Insides,
) -> Result<()> {
    fields.only(&[
        "shopper",
        "items",
        "present",
        "surface",
        "device",
        "labels",
        "calibrated",
        "each_signal",
        "pointwise_weight",
        "context_debiasing",
    ])?;
    let [shoppers, items] = r_ui.dims();
    let present = fields.mask("present", [None, None])?;
    let [views, _] = present.dims();
    let shape = present.dims().map(Some);
    let of_shopper = r_ui.select(0, fields.ids("shopper", [Some(views)], shoppers)?);
    let labels = fields.object("labels")?;
    labels.only(&KINDS[..SIGNALS])?;
    let label = |signal: usize| labels.mask(KINDS[signal], shape);
    let contexts = Contexts {
        surface: fields.ids("surface", [Some(views)], SURFACES)?,
        device: fields.ids("device", [Some(views)], DEVICES)?,
    };
    let page = Page {
        similarity: of_shopper.gather(1, fields.ids("items", shape, items)?),
        context: model.context(&contexts),
        labels: [label(0)?, label(1)?, label(2)?, label(3)?],
        present,
    };
    let pointwise_weight = fields.number("pointwise_weight", 1.0, WEIGHT)?;
    let objective = Objective {
        pairwise: match fields.flag("calibrated", true)? {
            true => Pairwise::Calibrated,
            false => Pairwise::Plain,
        },
        pointwise: match fields.flag("each_signal", false)? {
            true => Pointwise::EachSignal,
            false => Pointwise::Clicks,
        },
        pointwise_weight,
        context_debiasing: fields.flag("context_debiasing", true)?,
    };
    insides.add("r_ctx", page.context.clone())?;
    let parameters = &model.loss;
    for (signal, kind) in KINDS[..SIGNALS].iter().enumerate() {
        let f = |sigmoids| sigmoid(page.logit(signal, sigmoids, &objective)) * page.present.clone();
        insides.add(format!("f_pairwise_{kind}"), f(&parameters.pairwise))?;
        insides.add(format!("f_pointwise_{kind}"), f(&parameters.pointwise))?;
        let bpr = pairwise(&page, signal, &parameters.pairwise, &objective);
        insides.add(format!("BPR_{kind}"), bpr)?; // (1)
        let bce = pointwise(&page, signal, &parameters.pointwise, &objective);
        insides.add(format!("BCE_{kind}"), bce)?;
    }
    insides.add("L_finetune", fine_tuning(&page, parameters, &objective)) // (2)
}
