//! MOPPR's forward pass against plain loops in f64, and properties that padding and order keep.

use std::sync::Arc;

use super::input::{Products, UserQuery};
use super::{Encoder, Moppr, MopprConfig};
use crate::models::vocabulary::Vocabulary;
use crate::models::weights::{About, FORMAT, Precision, Weights};
use crate::nn::tower::NEGATIVE_SLOPE;
use burn::tensor::{Device, Tensor};
use market::features::search::{
    Behaviour, DenseScale, EVENT_KINDS, FREQUENCY_BUCKETS, PRICE_BUCKETS, PROFILE_SIZES,
    PredictedCategories, ProductFeatures, QueryFeatures, SIDE_CATEGORIES, SearchFeatures,
};
use market::history::EventKind;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const PIECES: usize = 40;
const TOKEN: usize = 5;
const PRODUCTS: usize = 30;
const KINDS: [EventKind; EVENT_KINDS] =
    [EventKind::Click, EventKind::Favourite, EventKind::Cart, EventKind::Order];

fn config() -> MopprConfig {
    MopprConfig {
        vocabulary: Vocabulary {
            products: PRODUCTS,
            product_types: 6,
            brands: 7,
            shops: 3,
            colours: 4,
        },
        encoder: Encoder::Moppr,
        token: TOKEN,
        term: 6,
        profile: 2,
        query_side: 3,
        product: 4,
        product_type: 3,
        brand: 2,
        attribute: 2,
        hidden: [9, 8, 7],
        output: 5,
    }
}

struct World {
    encoder: Encoder,
    model: Moppr,
    products: Products,
    features: ProductFeatures,
    titles: Vec<f32>,
    vectors: Vec<f32>,
    device: Device,
}

impl World {
    fn vector(&self, piece: u32) -> Option<Vec<f32>> {
        Some(self.vectors[piece as usize * TOKEN..][..TOKEN].to_vec())
    }

    fn inputs(&self, batch: &[&SearchFeatures]) -> UserQuery {
        UserQuery::new(batch, TOKEN, |piece| self.vector(piece), &self.device)
    }
}

fn numbers(rng: &mut ChaCha8Rng, n: usize) -> Vec<f32> {
    (0..n).map(|_| rng.random_range(-1.0..1.0)).collect()
}

/// A model with random weights everywhere, also where training starts from zeros or ones.
fn world(seed: u64, encoder: Encoder) -> World {
    let device = Device::flex();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let model = MopprConfig { encoder, ..config() }.init(&device);
    let mut weights = weights(&model);
    for array in weights.arrays.values_mut() {
        array.values = numbers(&mut rng, array.values.len());
    }
    let model = weights.apply(model).unwrap();
    let Vocabulary { product_types, brands, shops, colours, .. } = config().vocabulary;
    let mut ids = |below: usize| -> Vec<u16> {
        (0..PRODUCTS).map(|_| rng.random_range(0..below as u16)).collect()
    };
    let features = ProductFeatures {
        product_type: ids(product_types),
        brand: ids(brands),
        shop: ids(shops),
        colour: ids(colours + 1).into_iter().map(|id| id as u8).collect(),
        price: ids(PRICE_BUCKETS).into_iter().map(|id| id as u8).collect(),
        dense: (0..PRODUCTS)
            .map(|_| std::array::from_fn(|_| rng.random_range(-1.0..1.0)))
            .collect(),
        scale: DenseScale::default(),
    };
    let titles = numbers(&mut rng, PRODUCTS * TOKEN);
    let vectors = numbers(&mut rng, PIECES * TOKEN);
    let products = Products::new(&features, &titles, &device);
    World { encoder, model, products, features, titles, vectors, device }
}

fn weights(model: &Moppr) -> Weights {
    let about = About {
        format: FORMAT,
        model: "moppr".into(),
        market_seed: 0,
        command: String::new(),
        config: serde_json::Value::Null,
    };
    Weights::of(model, about).unwrap()
}

fn request(rng: &mut ChaCha8Rng, pieces: usize, lengths: [usize; 3]) -> SearchFeatures {
    let pieces = (0..pieces).map(|_| rng.random_range(0..PIECES as u32)).collect();
    let categories = PredictedCategories(
        (0..rng.random_range(0..5)).map(|n| (n, rng.random_range(0.0..0.5))).collect(),
    );
    let frequency = rng.random_range(0..FREQUENCY_BUCKETS as u8);
    SearchFeatures {
        profile: PROFILE_SIZES.map(|size| rng.random_range(0..size as u8)),
        query: Arc::new(QueryFeatures::new(pieces, categories, frequency)),
        behaviours: lengths.map(|length| {
            let behaviour = |position| Behaviour {
                position,
                product: rng.random_range(0..PRODUCTS as u32),
                kind: KINDS[rng.random_range(0..EVENT_KINDS)],
            };
            (0..length as u32).map(behaviour).collect()
        }),
    }
}

fn requests(seed: u64) -> Vec<SearchFeatures> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    [(3, [4, 2, 1]), (1, [0, 3, 0]), (0, [2, 0, 5]), (0, [0, 0, 0]), (7, [1, 1, 9])]
        .map(|(pieces, lengths)| request(&mut rng, pieces, lengths))
        .into()
}

// The same in plain loops.

struct Scalar<'a> {
    weights: &'a Weights,
    world: &'a World,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn softmax(scores: &[f64]) -> Vec<f64> {
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let exps: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
    let sum: f64 = exps.iter().sum();
    exps.iter().map(|e| e / sum).collect()
}

/// softmax(query keys^T / sqrt(d)) keys.
fn attend(query: &[f64], keys: &[Vec<f64>]) -> (Vec<f64>, Vec<f64>) {
    let scores: Vec<f64> =
        keys.iter().map(|key| dot(query, key) / (query.len() as f64).sqrt()).collect();
    let attention = softmax(&scores);
    let mut sum = vec![0.0; query.len()];
    for (weight, key) in attention.iter().zip(keys) {
        for (s, k) in sum.iter_mut().zip(key) {
            *s += weight * k;
        }
    }
    (sum, attention)
}

fn unit(row: Vec<f64>) -> Vec<f64> {
    let length = dot(&row, &row).sqrt();
    row.iter().map(|x| x / length).collect()
}

impl Scalar<'_> {
    fn row(&self, table: &str, row: usize) -> Vec<f64> {
        let array = &self.weights.arrays[&format!("embeddings.{table}.weight")];
        let size = array.shape[1];
        array.values[row * size..][..size].iter().map(|&x| x.into()).collect()
    }

    fn linear(&self, name: &str, input: &[f64]) -> Vec<f64> {
        let weight = &self.weights.arrays[&format!("{name}.weight")];
        let [rows, columns] = weight.shape[..] else { panic!("{name} is no matrix") };
        assert_eq!(rows, input.len(), "{name}");
        let bias = self.weights.arrays.get(&format!("{name}.bias"));
        (0..columns)
            .map(|column| {
                let at = |row: usize| f64::from(weight.values[row * columns + column]);
                let sum: f64 = (0..rows).map(|row| input[row] * at(row)).sum();
                sum + bias.map_or(0.0, |bias| bias.values[column].into())
            })
            .collect()
    }

    fn mlp(&self, name: &str, input: Vec<f64>) -> Vec<f64> {
        let mut x = input;
        for layer in 0..3 {
            let name = format!("{name}.hidden.{layer}");
            x = self.linear(&format!("{name}.linear"), &x);
            let n = x.len() as f64;
            let mean = x.iter().sum::<f64>() / n;
            let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
            let gamma = &self.weights.arrays[&format!("{name}.norm.gamma")].values;
            let beta = &self.weights.arrays[&format!("{name}.norm.beta")].values;
            for (n, x) in x.iter_mut().enumerate() {
                let normal = (*x - mean) / (variance + 1e-5).sqrt();
                let y = normal * f64::from(gamma[n]) + f64::from(beta[n]);
                *x = if y < 0.0 { y * NEGATIVE_SLOPE } else { y };
            }
        }
        self.linear(&format!("{name}.output"), &x)
    }

    fn product(&self, id: usize) -> Vec<f64> {
        let f = &self.world.features;
        let rows = [
            self.row("product", id),
            self.row("product_type", f.product_type[id].into()),
            self.row("brand", f.brand[id].into()),
            self.row("shop", f.shop[id].into()),
            self.row("colour", f.colour[id].into()),
            self.row("price", f.price[id].into()),
        ];
        rows.concat()
    }

    fn term(&self, vector: &[f32]) -> Vec<f64> {
        let vector: Vec<f64> = vector.iter().map(|&x| x.into()).collect();
        self.linear("embeddings.term", &vector)
    }

    fn item(&self, id: usize) -> Vec<f64> {
        let mut e_i = self.product(id);
        e_i.extend(self.term(&self.world.titles[id * TOKEN..][..TOKEN]));
        e_i.extend(self.world.features.dense[id].map(f64::from));
        unit(self.mlp("towers.item", e_i))
    }

    fn user_query(&self, request: &SearchFeatures) -> (Vec<f64>, Vec<f64>, Vec<Vec<f64>>) {
        let e_u: Vec<f64> = (0..PROFILE_SIZES.len())
            .flat_map(|n| self.row(&format!("profile.{n}"), request.profile[n].into()))
            .collect();

        let query = &request.query;
        let mut e_q = vec![0.0; config().product_type];
        for &(category, probability) in query.categories.0.iter().take(SIDE_CATEGORIES) {
            for (e, x) in e_q.iter_mut().zip(self.row("product_type", category.into())) {
                *e += f64::from(probability) * x;
            }
        }
        e_q.extend(self.row("query_length", query.length.into()));
        e_q.extend(self.row("query_frequency", query.frequency.into()));

        let d = config().term;
        let terms: Vec<Vec<f64>> = query
            .pieces
            .iter()
            .map(|&piece| self.term(&self.world.vectors[piece as usize * TOKEN..][..TOKEN]))
            .collect();
        match self.world.encoder {
            Encoder::Moppr => (),
            Encoder::Mgdspr => return self.multi_granular(request, e_u, e_q, &terms),
            Encoder::AlphaDnn => return self.averaged(request, e_u, e_q, &terms),
        }
        let (mut q_m, mut q_s, mut q_p) = (vec![0.0; d], vec![0.0; d], vec![0.0; d]);
        let mut personal = Vec::new();
        if !terms.is_empty() {
            let attended: Vec<Vec<f64>> = terms.iter().map(|e| attend(e, &terms).0).collect();
            for n in 0..d {
                q_m[n] = terms.iter().map(|e| e[n]).sum::<f64>() / terms.len() as f64;
                q_s[n] = attended.iter().map(|e| e[n]).fold(f64::NEG_INFINITY, f64::max);
            }
            let u = self.linear("embeddings.personal_attention", &e_u);
            (q_p, personal) = attend(&u, &terms);
        }
        let q_o = [q_m, q_s, q_p].concat();

        let q = [q_o.clone(), e_q.clone(), e_u.clone()].concat();
        let (mut h_b, mut attentions) = (Vec::new(), Vec::new());
        for (n, behaviours) in request.behaviours.iter().enumerate() {
            let q = self.linear(&format!("embeddings.query_attention.{n}"), &q);
            let (h, attention) = attend(&q, &self.behaviours(behaviours));
            h_b.extend(h);
            attentions.push(attention);
        }
        let e_uq = [e_u, e_q, q_o, h_b].concat();
        (unit(self.mlp("towers.user_query", e_uq)), personal, attentions)
    }

    fn behaviours(&self, behaviours: &[Behaviour]) -> Vec<Vec<f64>> {
        behaviours
            .iter()
            .map(|b| {
                let kind = self.row("event_kind", b.kind as usize);
                [self.product(b.product as usize), kind].concat()
            })
            .collect()
    }

    /// MGDSPR: pieces, pairs, pieces in context, and their sum; recent behaviours attend to each
    /// other first.
    fn multi_granular(
        &self,
        request: &SearchFeatures,
        e_u: Vec<f64>,
        e_q: Vec<f64>,
        terms: &[Vec<f64>],
    ) -> (Vec<f64>, Vec<f64>, Vec<Vec<f64>>) {
        let d = config().term;
        let pairs: Vec<Vec<f64>> =
            terms.windows(2).map(|pair| self.linear("embeddings.pair", &pair.concat())).collect();
        let in_context: Vec<Vec<f64>> = terms.iter().map(|e| attend(e, terms).0).collect();
        let parts = [mean(terms, d), mean(&pairs, d), mean(&in_context, d)];
        let mix: Vec<f64> = (0..d).map(|n| parts.iter().map(|part| part[n]).sum()).collect();
        let q_o = [parts.concat(), mix].concat();
        let q = [q_o.clone(), e_q.clone(), e_u.clone()].concat();
        let (mut h_b, mut attentions) = (Vec::new(), Vec::new());
        for (n, behaviours) in request.behaviours.iter().enumerate() {
            let q = self.linear(&format!("embeddings.query_attention.{n}"), &q);
            let mut keys = self.behaviours(behaviours);
            if n < 2 {
                keys = keys.iter().map(|key| attend(key, &keys).0).collect();
            }
            let (h, attention) = attend(&q, &keys);
            h_b.extend(h);
            attentions.push(attention);
        }
        let e_uq = [e_u, e_q, q_o, h_b].concat();
        (unit(self.mlp("towers.user_query", e_uq)), Vec::new(), attentions)
    }

    /// alpha-DNN: means.
    fn averaged(
        &self,
        request: &SearchFeatures,
        e_u: Vec<f64>,
        e_q: Vec<f64>,
        terms: &[Vec<f64>],
    ) -> (Vec<f64>, Vec<f64>, Vec<Vec<f64>>) {
        let size = config().behaviour();
        let windows = request.behaviours.iter();
        let h_b = windows.clone().flat_map(|window| mean(&self.behaviours(window), size));
        let e_uq = [e_u, e_q, mean(terms, config().term), h_b.collect()].concat();
        let share = |window: &Vec<Behaviour>| vec![1.0 / window.len() as f64; window.len()];
        let attentions = windows.map(share).collect();
        (unit(self.mlp("towers.user_query", e_uq)), Vec::new(), attentions)
    }
}

/// Mean of rows of this size; zeros without any.
fn mean(rows: &[Vec<f64>], size: usize) -> Vec<f64> {
    let count = rows.len().max(1) as f64;
    (0..size).map(|n| rows.iter().map(|row| row[n]).sum::<f64>() / count).collect()
}

const ENCODERS: [Encoder; 3] = [Encoder::Moppr, Encoder::Mgdspr, Encoder::AlphaDnn];

fn rows(tensor: Tensor<2>) -> Vec<Vec<f32>> {
    let [_, columns] = tensor.dims();
    let values: Vec<f32> = tensor.try_into_vec_as().unwrap();
    values.chunks(columns).map(<[f32]>::to_vec).collect()
}

fn near(a: &[f32], b: &[f64]) {
    for (n, b) in b.iter().enumerate() {
        assert!((f64::from(a[n]) - b).abs() < 2e-5, "{n}: {} {b}", a[n]);
    }
    // Padding has no attention.
    assert!(a[b.len()..].iter().all(|&a| a == 0.0));
}

#[test]
fn both_towers_are_those_of_the_equations() {
    for encoder in ENCODERS {
        assert_follows_the_equations(encoder);
    }
}

fn assert_follows_the_equations(encoder: Encoder) {
    let world = world(1, encoder);
    let weights = weights(&world.model);
    let scalar = Scalar { weights: &weights, world: &world };

    let table = world.model.embeddings.products(&world.products, None);
    let items = world.model.embeddings.items(&world.products, table.clone());
    for (id, item) in rows(world.model.towers.item(items)).iter().enumerate() {
        near(item, &scalar.item(id));
    }

    let requests = requests(2);
    let batch: Vec<&SearchFeatures> = requests.iter().collect();
    let inputs = world.inputs(&batch);
    let (vectors, output) = world.model.user_query(&inputs, &table);
    let (vectors, personal) = (rows(vectors), rows(output.personal_attention));
    let attention: Vec<_> = output.behaviour_attention.into_iter().map(rows).collect();
    for (n, request) in requests.iter().enumerate() {
        let expected = scalar.user_query(request);
        near(&vectors[n], &expected.0);
        near(&personal[n], &expected.1);
        for (window, expected) in expected.2.iter().enumerate() {
            near(&attention[window][n], expected);
        }
    }
}

#[test]
fn pieces_attend_to_each_other_by_equation_5() {
    let world = world(1, Encoder::Moppr);
    let weights = weights(&world.model);
    let scalar = Scalar { weights: &weights, world: &world };
    let requests = requests(2);
    let inputs = world.inputs(&Vec::from_iter(&requests));
    let (embeddings, mask) = (&world.model.embeddings, &inputs.token_mask);
    let terms = embeddings.terms(&inputs.tokens, mask);
    let among = embeddings.attention_among(&terms, mask).unwrap();
    let [_, longest, _] = among.dims();
    let among = rows(among.reshape([requests.len() * longest, longest]));
    for (n, request) in requests.iter().enumerate() {
        let pieces = request.query.pieces.iter();
        let vector = |&piece: &u32| &world.vectors[piece as usize * TOKEN..][..TOKEN];
        let terms: Vec<Vec<f64>> = pieces.map(|piece| scalar.term(vector(piece))).collect();
        for (piece, term) in terms.iter().enumerate() {
            let row = &among[n * longest + piece];
            near(row, &attend(term, &terms).1);
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{row:?}");
        }
    }
    // The baselines read a query otherwise.
    let baseline = self::world(1, Encoder::AlphaDnn).model.embeddings;
    assert!(baseline.attention_among(&terms, mask).is_none());
}

#[test]
fn weights_of_every_encoder_survive_a_round_trip() {
    for encoder in ENCODERS {
        let world = world(4, encoder);
        let bytes = weights(&world.model).to_bytes(Precision::Int8).unwrap();
        let read = Weights::from_bytes(&bytes, "moppr").unwrap();
        let model = read.apply(MopprConfig { encoder, ..config() }.init(&world.device)).unwrap();
        let requests = requests(2);
        let batch: Vec<&SearchFeatures> = requests.iter().collect();
        let vectors = |model: &Moppr| {
            let table = model.embeddings.products(&world.products, None);
            rows(model.user_query(&world.inputs(&batch), &table).0).concat()
        };
        for (before, after) in vectors(&world.model).iter().zip(vectors(&model)) {
            assert!((before - after).abs() < 0.05, "{encoder:?}: {before} {after}");
        }
        // Of another encoder they are not.
        let other = ENCODERS[usize::from(encoder == ENCODERS[0])];
        assert!(
            read.apply(MopprConfig { encoder: other, ..config() }.init(&world.device)).is_err()
        );
    }
}

#[test]
fn a_product_without_its_id_differs_only_by_the_id() {
    let world = world(3, Encoder::Moppr);
    let known = Tensor::<2>::zeros([PRODUCTS, 1], &world.device);
    let without = rows(world.model.embeddings.products(&world.products, Some(known)));
    let with = rows(world.model.embeddings.products(&world.products, None));
    let size = config().product;
    for (without, with) in without.iter().zip(&with) {
        assert!(without[..size].iter().all(|&x| x == 0.0));
        assert_eq!(without[size..], with[size..]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// A request has the same vector alone as beside longer ones, and attention sums to one.
    #[test]
    fn neither_padding_nor_the_order_of_the_batch_changes_anything(
        seed in any::<u64>(),
        shapes in prop::collection::vec((0_usize..9, [0_usize..7, 0..7, 0..7]), 1..6),
        encoder in prop::sample::select(&ENCODERS[..]),
        garbage in prop::sample::select(&[1.0_f32, 1e20, -1e20, f32::MAX][..]),
    ) {
        let world = world(5, encoder);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let requests: Vec<SearchFeatures> =
            shapes.into_iter().map(|(pieces, lengths)| request(&mut rng, pieces, lengths)).collect();
        let table = world.model.embeddings.products(&world.products, None);
        let encode = |batch: &[&SearchFeatures]| {
            let inputs = world.inputs(batch);
            let (vectors, output) = world.model.user_query(&inputs, &table);
            (rows(vectors), output)
        };
        let batch: Vec<&SearchFeatures> = requests.iter().rev().collect();
        let (together, output) = encode(&batch);
        for (request, vector) in batch.iter().zip(&together) {
            let length: f32 = vector.iter().map(|x| x * x).sum();
            prop_assert!((length - 1.0).abs() < 1e-5);
            let (alone, _) = encode(&[request]);
            for (a, b) in alone[0].iter().zip(vector) {
                prop_assert!((a - b).abs() < 1e-5);
            }
        }
        // Nor does what stands under a mask.
        let mut inputs = world.inputs(&batch);
        let absent = inputs.token_mask.clone().equal_elem(0.0);
        let absent = absent.unsqueeze_dim::<3>(2).expand(inputs.tokens.dims());
        inputs.tokens = inputs.tokens.mask_fill(absent, garbage);
        for sequence in &mut inputs.behaviours {
            let absent = sequence.mask.clone().equal_elem(0.0);
            sequence.products = sequence.products.clone().mask_fill(absent.clone(), PRODUCTS as i32 - 1);
            sequence.kinds = sequence.kinds.clone().mask_fill(absent, EVENT_KINDS as i32 - 1);
        }
        prop_assert_eq!(&rows(world.model.user_query(&inputs, &table).0), &together);
        let mut attentions: Vec<_> =
            output.behaviour_attention.into_iter().map(rows).zip(0..).collect();
        if encoder == Encoder::Moppr {
            attentions.push((rows(output.personal_attention), 3));
        }
        for (attention, window) in attentions {
            for (request, weights) in batch.iter().zip(&attention) {
                let length = request.behaviours.get(window).map_or(request.query.pieces.len(), Vec::len);
                let expected = if length == 0 { 0.0 } else { 1.0 };
                prop_assert!((weights.iter().sum::<f32>() - expected).abs() < 1e-5);
                prop_assert!(weights[length..].iter().all(|&weight| weight == 0.0));
            }
        }
    }
}
