//! MOPPR over plain arrays: equations 3 to 18. The fields are those of docs/score.md.

use std::collections::HashSet;

use anyhow::{Result, bail};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::cli::score::insides::Insides;
use crate::cli::score::read::{Fields, TEMPERATURE, WEIGHT};
use market::features::search::{
    EVENT_KINDS, FREQUENCY_BUCKETS, LENGTH_BUCKETS, PRICE_BUCKETS, PRODUCT_DENSE, PROFILE_SIZES,
    SIDE_CATEGORIES,
};
use market::features::windows;
use nets::models::moppr::input::{Products, Sequence, UserQuery};
use nets::models::moppr::objectives::OBJECTIVES;
use nets::models::moppr::retriever::MODEL;
use nets::models::moppr::{Encoder, MopprConfig, UserQueryOutput};
use nets::models::weights::Weights;
use training::moppr::loss::{Labels, multi_objective};

/// Added to the score of a candidate that is not there.
const ABSENT: f32 = -1e30;

/// Names of the behaviours' representations, in the order of their windows.
const HISTORIES: [&str; windows::BY_SPAN.len()] = ["r", "s", "l"];

/// The insides of MOPPR.
pub fn score(weights: &[u8], input: &Fields<'_>) -> Result<Insides> {
    let weights = Weights::from_bytes(weights, MODEL)?;
    let config: MopprConfig = weights.config()?;
    let model = weights.apply(config.init(&Device::flex()))?;
    input.only(&["products", "requests", "loss"])?;
    let Shelf { ids, known, products } = shelf(&config, &input.object("products")?)?;
    let requests = requests(&config, &input.object("requests")?, ids.len())?;

    let embeddings = &model.embeddings;
    let table = embeddings.products(&everything(&config, &ids, &products), Some(known));
    let own = TensorData::new(ids.clone(), [ids.len()]);
    let table = table.select(0, Tensor::<1, Int>::from_data(own, &Device::flex()));
    let items = embeddings.items(&products, table.clone());
    let output = embeddings.user_query(&requests, &table);
    let h_uq = model.towers.user_query(output.input.clone());
    let h_i = model.towers.item(items.clone());
    let z = h_uq.clone().matmul(h_i.clone().transpose());

    let mut insides = Insides::default();
    let mask = requests.token_mask.clone().unsqueeze_dim::<3>(2);
    insides.add("e^w", embeddings.terms(&requests.tokens, &requests.token_mask) * mask)?;
    parts(&config, output, &mut insides)?;
    insides.add("H_uq", h_uq)?;
    insides.add("e^i", items)?;
    insides.add("H_i", h_i)?;
    insides.add("z", z.clone())?;
    if let Some(fields) = input.optional("loss")? {
        losses(&z, &fields, &mut insides)?;
    }
    Ok(insides)
}

/// The products of an input.
struct Shelf {
    ids: Vec<i32>,
    /// 1 for a product whose id may be known, `[N, 1]`.
    known: Tensor<2>,
    products: Products,
}

fn shelf(config: &MopprConfig, fields: &Fields<'_>) -> Result<Shelf> {
    fields.only(&[
        "id",
        "product_type",
        "brand",
        "shop",
        "colour",
        "price",
        "title",
        "dense",
        "id_known",
    ])?;
    let vocabulary = config.vocabulary;
    let (ids, [count]) = fields.id_list("id", [None], vocabulary.products)?;
    let mut seen = HashSet::new();
    if let Some(id) = ids.iter().find(|&&id| !seen.insert(id)) {
        bail!("products.id: {id} is there twice");
    }
    let column = |name, below| fields.ids(name, [Some(count)], below);
    let products = Products {
        rows: None,
        product_type: column("product_type", vocabulary.product_types)?,
        brand: column("brand", vocabulary.brands)?,
        shop: column("shop", vocabulary.shops)?,
        colour: column("colour", vocabulary.colours + 1)?,
        price: column("price", PRICE_BUCKETS)?,
        title: fields.floats("title", [Some(count), Some(config.token)])?,
        dense: fields.floats("dense", [Some(count), Some(PRODUCT_DENSE.len())])?,
    };
    let mut known = vec![1.0_f32; vocabulary.products];
    if fields.has("id_known") {
        let (of_each, _) = fields.id_list("id_known", [Some(count)], 2)?;
        for (&id, of_this) in ids.iter().zip(of_each) {
            known[id as usize] = of_this as f32;
        }
    }
    let known = TensorData::new(known, [vocabulary.products, 1]);
    Ok(Shelf { ids, known: Tensor::from_data(known, &Device::flex()), products })
}

/// All products of the weights, those of the input as they are and the others blank: the model
/// reads its whole table of ids at once.
fn everything(config: &MopprConfig, ids: &[i32], listed: &Products) -> Products {
    let mut rows = vec![0_i32; config.vocabulary.products];
    for (row, &id) in (0..).zip(ids) {
        rows[id as usize] = row;
    }
    let rows = TensorData::new(rows, [config.vocabulary.products]);
    let rows = Tensor::<1, Int>::from_data(rows, &Device::flex());
    let of = |column: &Tensor<1, Int>| column.clone().select(0, rows.clone());
    Products {
        rows: None,
        product_type: of(&listed.product_type),
        brand: of(&listed.brand),
        shop: of(&listed.shop),
        colour: of(&listed.colour),
        price: of(&listed.price),
        // Neither is part of the table.
        title: listed.title.clone(),
        dense: listed.dense.clone(),
    }
}

fn requests(config: &MopprConfig, fields: &Fields<'_>, products: usize) -> Result<UserQuery> {
    fields.only(&[
        "profile",
        "tokens",
        "token_mask",
        "categories",
        "category_weights",
        "length",
        "frequency",
        "behaviours",
    ])?;
    let token_mask = fields.mask("token_mask", [None, None])?;
    let [batch, _] = token_mask.dims();
    let tokens = fields.floats_where("tokens", Some(config.token), &token_mask)?;
    let (profile, shape) =
        fields.id_list("profile", [Some(batch), Some(PROFILE_SIZES.len())], 256)?;
    for (n, &id) in profile.iter().enumerate() {
        let (row, feature) = (n / PROFILE_SIZES.len(), n % PROFILE_SIZES.len());
        if id as usize >= PROFILE_SIZES[feature] {
            let below = PROFILE_SIZES[feature];
            bail!("requests.profile[{row}][{feature}]: {id} is not a whole number below {below}");
        }
    }
    let categories = [Some(batch), Some(SIDE_CATEGORIES)];
    let behaviours = fields.objects("behaviours", windows::BY_SPAN.len())?;
    let sequence = |fields: &Fields<'_>| -> Result<Sequence> {
        fields.only(&["products", "kinds", "mask"])?;
        let mask = fields.mask("mask", [Some(batch), None])?;
        let shape = mask.dims().map(Some);
        Ok(Sequence {
            products: fields.ids("products", shape, products)?,
            kinds: fields.ids("kinds", shape, EVENT_KINDS)?,
            mask,
        })
    };
    Ok(UserQuery {
        profile: Tensor::from_data(TensorData::new(profile, shape), &Device::flex()),
        tokens,
        token_mask,
        categories: fields.ids("categories", categories, config.vocabulary.product_types)?,
        category_weights: fields.shares("category_weights", categories)?,
        length: fields.ids("length", [Some(batch)], LENGTH_BUCKETS)?,
        frequency: fields.ids("frequency", [Some(batch)], FREQUENCY_BUCKETS)?,
        behaviours: behaviours.iter().map(sequence).collect::<Result<_>>()?,
    })
}

/// The parts that e^uq is made of, by their names.
fn parts(config: &MopprConfig, output: UserQueryOutput, insides: &mut Insides) -> Result<()> {
    let (d, d_i) = (config.term, config.behaviour());
    let UserQueryOutput { input, query, history, personal_attention, behaviour_attention } = output;
    insides.add("e^u", input.clone().narrow(1, 0, config.user()))?;
    insides.add("e^q", input.clone().narrow(1, config.user(), config.query_side()))?;
    if config.encoder == Encoder::Moppr {
        for (n, name) in ["Q_m", "Q_s", "Q_p"].into_iter().enumerate() {
            insides.add(name, query.clone().narrow(1, n * d, d))?; // (4), (5), (6)
        }
        insides.add("attention_p", personal_attention)?;
    }
    insides.add("Q_o", query)?; // (3)
    for (n, (name, attention)) in HISTORIES.iter().zip(behaviour_attention).enumerate() {
        insides.add(format!("H_{name}"), history.clone().narrow(1, n * d_i, d_i))?; // (7)
        insides.add(format!("attention_{name}"), attention)?;
    }
    insides.add("H_B", history)?; // (9)
    insides.add("e^uq", input) // (11)
}

/// Equations 15 to 18. The last divides each weight by the number of positives in all requests,
/// as 5.3 does.
fn losses(z: &Tensor<2>, fields: &Fields<'_>, insides: &mut Insides) -> Result<()> {
    fields.only(&["candidates", "present", "labels", "temperature", "weights"])?;
    let [batch, products] = z.dims();
    let present = fields.mask("present", [Some(batch), None])?;
    let [_, count] = present.dims();
    let candidates = fields.ids("candidates", [Some(batch), Some(count)], products)?;
    let of_objective = fields.object("labels")?;
    of_objective.only(&OBJECTIVES)?;
    let first = of_objective.mask(OBJECTIVES[0], [Some(batch), None])?.dims()[1];
    if first > count {
        bail!("loss.labels: {first} labels for {count} candidates");
    }
    let mut labels = Vec::with_capacity(OBJECTIVES.len());
    for name in OBJECTIVES {
        labels.push(of_objective.mask(name, [Some(batch), Some(first)])?);
    }
    let temperature = fields.number("temperature", 0.02, TEMPERATURE)?;
    let weights = fields.numbers("weights", [1.0; OBJECTIVES.len()], WEIGHT)?;

    let scores = z.clone().gather(1, candidates);
    let absent: Tensor<2> = (1.0 - present) * ABSENT;
    let y = softmax(scores.clone() / temperature + absent.clone(), 1);
    insides.add("y_hat", y.clone())?; // (15)
    let labels = Labels([0, 1, 2, 3].map(|n: usize| labels[n].clone())).of_present(&absent);
    for (n, name) in OBJECTIVES.into_iter().enumerate() {
        let label = &labels.0[n];
        let positives = label.clone().sum_dim(1);
        let clamped = (y.clone().narrow(1, 0, first) * positives).clamp_max(1.0);
        insides.add(format!("y_hat_{name}"), clamped)?; // (16)
        let mut alone = [0.0; OBJECTIVES.len()];
        alone[n] = label.clone().sum().clamp_min(1.0).into_scalar();
        let (scores, absent) = (scores.clone(), absent.clone());
        let loss = multi_objective(scores, absent, &labels, alone, temperature);
        insides.add(format!("L_{name}"), loss)?; // (17)
    }
    let loss = multi_objective(scores, absent, &labels, weights, temperature);
    insides.add("L", loss) // (18)
}
