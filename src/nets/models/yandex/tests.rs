//! The towers against a plain computation of the paper's equations, one shopper after another in
//! double precision, and the properties that serving relies on.

use burn::tensor::{Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::input::{Contexts, Histories, Sequence};
use super::retriever::{MODEL, Retriever, Source};
use super::{
    DEVICES, KINDS, SIGNALS, SURFACES, UserOutput, WEB_SEARCH, WebQueries, Yandex, YandexConfig,
    similarity,
};
use crate::models::weights::{About, FORMAT, Precision, Weights, WeightsError};
use market::history::{Event, EventKind, PageDevice, WebSearch};
use market::text::TokenVectors;

const TEXTS: usize = 12;
const WORD: usize = 5;
const FUSIONS: [WebQueries; 3] = [WebQueries::None, WebQueries::Fused, WebQueries::Separate];

fn config(change: impl FnOnce(&mut YandexConfig)) -> YandexConfig {
    let mut config = YandexConfig {
        word: WORD,
        d: 6,
        heads: 2,
        layers: 3,
        d_f: 7,
        history: 8,
        web_queries: WebQueries::Fused,
        web_history: 4,
        item_layers: 2,
        item_width: 9,
    };
    change(&mut config);
    config
}

fn about(config: &YandexConfig) -> About {
    About {
        format: FORMAT,
        model: MODEL.into(),
        market_seed: 1,
        command: String::new(),
        config: serde_json::to_value(config).unwrap(),
    }
}

/// A model whose every weight is drawn at random, those too that start as zeros or ones.
fn randomised(config: &YandexConfig, seed: u64) -> (Weights, Yandex) {
    let device = Device::flex();
    let mut weights = Weights::of(&config.init(&device), about(config)).unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for array in weights.arrays.values_mut() {
        array.values.fill_with(|| random.random_range(-0.7..0.7));
    }
    let model = weights.apply(config.init(&device)).unwrap();
    (weights, model)
}

fn sums() -> Vec<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    (0..TEXTS * WORD).map(|_| random.random_range(-2.0..2.0)).collect()
}

type History = Vec<(u32, u8)>;

/// Behaviour in the shop, and web searches, of four shoppers.
fn histories() -> [[History; 2]; 4] {
    [
        [vec![(3, 0), (11, 4), (3, 2), (0, 3), (7, 1)], vec![(9, 4), (2, 4)]],
        [vec![(5, 0)], vec![]],
        [vec![], vec![(10, 4)]],
        [vec![], vec![]],
    ]
}

fn users(model: &Yandex, histories: &[[History; 2]]) -> UserOutput {
    let device = Device::flex();
    let sequence = |n: usize| Sequence::new(histories.iter().map(|h| h[n].as_slice()), &device);
    let content = model.content(tensor(sums(), [TEXTS, WORD]));
    let separate = model.user.web.is_some();
    let histories = Histories { behaviour: sequence(0), web: separate.then(|| sequence(1)) };
    model.users(&content, &histories)
}

fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), &Device::flex())
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.try_into_vec_as::<f32>().unwrap()
}

fn assert_near(found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len());
    for (position, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance, "at {position}: {a} is not {b}");
    }
}

/// The paper's equations, scalar by scalar.
struct Reference<'a> {
    weights: &'a Weights,
    heads: usize,
}

type Vector = Vec<f64>;

impl Reference<'_> {
    fn array(&self, name: &str) -> (Vec<usize>, Vector) {
        let array = self.weights.arrays.get(name).unwrap_or_else(|| panic!("no {name}"));
        (array.shape.clone(), array.values.iter().map(|&v| f64::from(v)).collect())
    }

    /// x W, with b where the layer has one.
    fn linear(&self, name: &str, x: &[f64]) -> Vector {
        let (shape, w) = self.array(&format!("{name}.weight"));
        assert_eq!(shape[0], x.len(), "{name}");
        let bias = format!("{name}.bias");
        let b = match self.weights.arrays.contains_key(&bias) {
            true => self.array(&bias).1,
            false => vec![0.0; shape[1]],
        };
        (0..shape[1])
            .map(|j| b[j] + (0..shape[0]).map(|i| x[i] * w[i * shape[1] + j]).sum::<f64>())
            .collect()
    }

    fn row(&self, name: &str, row: usize) -> Vector {
        let (shape, values) = self.array(name);
        values[row * shape[1]..(row + 1) * shape[1]].to_vec()
    }

    fn norm(&self, name: &str, x: &[f64]) -> Vector {
        let (gamma, beta) =
            (self.array(&format!("{name}.gamma")).1, self.array(&format!("{name}.beta")).1);
        let n = x.len() as f64;
        let mean = x.iter().sum::<f64>() / n;
        let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
        (0..x.len())
            .map(|i| (x[i] - mean) / (variance + 1e-5).sqrt() * gamma[i] + beta[i])
            .collect()
    }

    fn content(&self, text: u32) -> Vector {
        let sums: Vector = sums().iter().map(|&v| f64::from(v)).collect();
        self.linear("content", &sums[text as usize * WORD..][..WORD])
    }

    fn item(&self, text: u32) -> Vector {
        let through = |name: &str, x: Vector| match self
            .weights
            .arrays
            .contains_key(&format!("{name}.weight"))
        {
            true => self.linear(name, &x),
            false => x,
        };
        let mut x = through("item.input", self.content(text));
        for layer in 0..2 {
            let name = format!("item.layers.{layer}");
            let relu = self.linear(&format!("{name}.linear"), &x).into_iter().map(|v| v.max(0.0));
            x = self.norm(&format!("{name}.norm"), &add(&relu.collect::<Vector>(), &x));
        }
        unit(&through("item.output", x))
    }

    /// `CLS` after the last layer, and its attention by layer and head.
    fn encoder(&self, name: &str, history: &[(u32, u8)]) -> (Vector, Vec<Vec<Vector>>) {
        let mut x = vec![self.array(&format!("{name}.cls")).1];
        for (position, &(text, kind)) in history.iter().enumerate() {
            let kind = self.row("user.kinds.weight", kind.into());
            let position = self.row(&format!("{name}.positions"), position);
            let event = add(&add(&self.content(text), &kind), &position);
            x.push(self.norm(&format!("{name}.norm"), &event));
        }
        let mut attention = Vec::new();
        for layer in 0..3 {
            let name = format!("{name}.blocks.{layer}");
            let (next, weights): (Vec<_>, Vec<_>) =
                x.iter().map(|query| self.block(&name, query, &x)).unzip();
            attention.push(weights[0].clone());
            x = next;
        }
        (x[0].clone(), attention)
    }

    /// One position through a layer with post-normalisation; its attention by head.
    fn block(&self, name: &str, query: &[f64], keys: &[Vector]) -> (Vector, Vec<Vector>) {
        let part = |of: &str, x: &[f64]| self.linear(&format!("{name}.attention.{of}"), x);
        let d_k = query.len() / self.heads;
        let q = part("queries", query);
        let k: Vec<Vector> = keys.iter().map(|x| part("keys", x)).collect();
        let v: Vec<Vector> = keys.iter().map(|x| part("values", x)).collect();
        let (mut concatenated, mut weights) = (Vec::new(), Vec::new());
        for head in 0..self.heads {
            let of_head = head * d_k..(head + 1) * d_k;
            let score = |k: &Vector| {
                of_head.clone().map(|i| q[i] * k[i]).sum::<f64>() / (d_k as f64).sqrt()
            };
            let exp: Vector = k.iter().map(|k| score(k).exp()).collect();
            let sum: f64 = exp.iter().sum();
            let w: Vector = exp.iter().map(|e| e / sum).collect();
            for i in of_head {
                concatenated.push(w.iter().zip(&v).map(|(w, v)| w * v[i]).sum());
            }
            weights.push(w);
        }
        let attended = add(query, &part("output", &concatenated));
        let hidden = self.norm(&format!("{name}.attention_norm"), &attended);
        let inner = self.linear(&format!("{name}.feed_forward.layers.0"), &hidden);
        let inner: Vector = inner.into_iter().map(|v| v.max(0.0)).collect();
        let outer = self.linear(&format!("{name}.feed_forward.layers.1"), &inner);
        (self.norm(&format!("{name}.feed_forward_norm"), &add(&hidden, &outer)), weights)
    }

    fn user(&self, history: &[History; 2], separate: bool) -> Vector {
        let (shop, _) = self.encoder("user.behaviour", &history[0]);
        if !separate {
            return unit(&shop);
        }
        let (web, _) = self.encoder("user.web", &history[1]);
        let scales = &self.weights.arrays["user.scales"].values;
        let part = |x: &[f64], n: usize| -> Vector {
            unit(x).into_iter().map(|v| v * f64::from(scales[n])).collect()
        };
        add(&part(&shop, 0), &part(&web, 1))
    }
}

fn add(a: &[f64], b: &[f64]) -> Vector {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

fn unit(x: &[f64]) -> Vector {
    let length = x.iter().map(|v| v * v).sum::<f64>().sqrt();
    x.iter().map(|v| v / length).collect()
}

#[test]
fn the_user_tower_follows_the_paper() {
    for (seed, web_queries) in FUSIONS.into_iter().enumerate() {
        let config = config(|config| config.web_queries = web_queries);
        let (weights, model) = randomised(&config, seed as u64);
        let reference = Reference { weights: &weights, heads: config.heads };
        let histories = histories();
        let separate = web_queries == WebQueries::Separate;
        let expected = histories.iter().flat_map(|history| reference.user(history, separate));
        let expected: Vec<f32> = expected.map(|v| v as f32).collect();
        assert_near(&numbers(users(&model, &histories).vector), &expected, 2e-5);
    }
}

#[test]
fn the_attention_is_that_of_cls_in_every_layer() {
    let config = config(|config| config.web_queries = WebQueries::Separate);
    let (weights, model) = randomised(&config, 3);
    let reference = Reference { weights: &weights, heads: config.heads };
    let history = histories()[0].clone();
    let output = users(&model, std::slice::from_ref(&history));
    for (name, found, history) in [
        ("user.behaviour", output.attention, &history[0]),
        ("user.web", output.web_attention, &history[1]),
    ] {
        let (_, expected) = reference.encoder(name, history);
        assert_eq!(found.len(), config.layers);
        for (found, expected) in found.into_iter().zip(expected) {
            assert_eq!(found.dims(), [1, config.heads, 1 + history.len()]);
            let expected: Vec<f32> = expected.concat().iter().map(|&v| v as f32).collect();
            assert_near(&numbers(found), &expected, 1e-5);
        }
    }
}

#[test]
fn the_item_tower_follows_the_paper() {
    for item_width in [9, 6] {
        let config = config(|config| config.item_width = item_width);
        let (weights, model) = randomised(&config, 4);
        let reference = Reference { weights: &weights, heads: config.heads };
        let items = model.items(model.content(tensor(sums(), [TEXTS, WORD])));
        let expected = (0..TEXTS as u32).flat_map(|text| reference.item(text));
        let expected: Vec<f32> = expected.map(|v| v as f32).collect();
        assert_near(&numbers(items), &expected, 2e-5);
    }
}

#[test]
fn the_context_is_the_sum_of_two_scalars() {
    let config = config(|_| ());
    let (weights, model) = randomised(&config, 5);
    let of = |name: &str, row: usize| weights.arrays[name].values[row];
    let views =
        [(false, PageDevice::Phone), (true, PageDevice::Desktop), (false, PageDevice::Desktop)];
    let contexts = Contexts::new(views.into_iter(), &Device::flex());
    let found = numbers(model.context(&contexts));
    let expected = views.map(|(is_search, device)| {
        of("context.surface.weight", usize::from(is_search))
            + of("context.device.weight", device as usize)
    });
    assert_near(&found, &expected, 1e-6);
    let [surfaces, devices] = model.context_scalars();
    assert_eq!((surfaces.dims(), devices.dims()), ([SURFACES, 1], [DEVICES, 1]));

    // gamma r_ui + gamma_ctx r_ctx + beta, for each signal.
    let (similarity, context) = (tensor(vec![0.5, -0.2, 0.1], [3, 1]), tensor(found, [3, 1]));
    for signal in 0..SIGNALS {
        let [slope, factor, offset] =
            ["slope", "context", "offset"].map(|n| of(&format!("loss.pairwise.{n}"), signal));
        let sigmoids = &model.loss.pairwise;
        let with = sigmoids.logit(signal, similarity.clone(), Some(context.clone()));
        let without = numbers(sigmoids.logit(signal, similarity.clone(), None));
        for (row, r_ui) in [0.5_f32, -0.2, 0.1].into_iter().enumerate() {
            assert!((without[row] - (slope * r_ui + offset)).abs() < 1e-6);
            let logit = slope * r_ui + factor * expected[row] + offset;
            assert!((numbers(with.clone())[row] - logit).abs() < 1e-6);
        }
    }
    let temperature = numbers(model.loss.temperature())[0];
    assert!((temperature - of("loss.log_temperature", 0).exp()).abs() < 1e-5);
}

#[test]
fn vectors_have_unit_length_and_attention_sums_to_one() {
    for web_queries in FUSIONS {
        let (_, model) = randomised(&config(|config| config.web_queries = web_queries), 6);
        let output = users(&model, &histories());
        let items = model.items(model.content(tensor(sums(), [TEXTS, WORD])));
        assert_eq!(output.parts.len(), 1 + usize::from(web_queries == WebQueries::Separate));
        for vectors in output.parts.iter().chain([&items]) {
            let vectors = vectors.clone();
            let lengths = numbers(vectors.square().sum_dim(1).sqrt());
            assert_near(&lengths, &vec![1.0; lengths.len()], 1e-5);
        }
        for attention in output.attention.into_iter().chain(output.web_attention) {
            let sums = numbers(attention.sum_dim(2));
            assert_near(&sums, &vec![1.0; sums.len()], 1e-5);
        }
        for part in output.parts {
            let cosines = numbers(similarity(part, items.clone()));
            assert!(cosines.iter().all(|cosine| cosine.abs() <= 1.0 + 1e-5));
        }
    }
}

#[test]
fn padding_company_and_order_change_nothing() {
    for web_queries in FUSIONS {
        let (_, model) = randomised(&config(|config| config.web_queries = web_queries), 7);
        let histories = histories();
        let together = numbers(users(&model, &histories).vector);
        let each =
            |history: &[History; 2]| numbers(users(&model, std::slice::from_ref(history)).vector);
        let alone: Vec<f32> = histories.iter().flat_map(each).collect();
        assert_near(&together, &alone, 1e-5);
        let mut turned = histories.clone();
        turned.reverse();
        let there = numbers(users(&model, &turned).vector);
        let back: Vec<f32> = there.chunks(6).rev().flatten().copied().collect();
        assert_near(&together, &back, 1e-5);
    }
}

// As it serves, with the shop's word vectors.

fn words() -> TokenVectors {
    TokenVectors::new(
        include_str!("../../../../assets/words.txt"),
        include_bytes!("../../../../assets/words.safetensors"),
    )
    .unwrap()
}

const TITLES: [&str; 5] =
    ["oak desk", "blue cotton sofa", "running shoes", "desk lamp", "coffee maker"];

fn served(change: impl FnOnce(&mut YandexConfig)) -> (YandexConfig, Yandex) {
    let config = config(|config| {
        config.word = 128;
        change(config);
    });
    let (_, model) = randomised(&config, 8);
    (config, model)
}

fn retriever(change: impl FnOnce(&mut YandexConfig)) -> Retriever {
    let (config, model) = served(change);
    Retriever::new(config, model, &words().sums(TITLES), &Device::flex())
}

fn events(count: usize) -> Vec<Event> {
    let kinds = [EventKind::Click, EventKind::Cart, EventKind::Order, EventKind::Favourite];
    let event = |n: usize| Event {
        kind: kinds[n % 4],
        product: (n * 3 % TITLES.len()) as u32,
        time: n as i32 * 10,
    };
    (0..count).map(event).collect()
}

fn search(query: &str, time: i32) -> WebSearch {
    WebSearch { query: query.into(), time }
}

#[test]
fn the_newest_behaviours_are_kept() {
    let retriever = retriever(|_| ());
    let (words, events) = (words(), events(20));
    let searches = [search("desk reviews", 5), search("sofa price", 135)];
    let user = retriever.user(&events, &searches, &words);
    // Eight behaviours: the events 13 to 19 and the search between 13 and 14.
    let sources: Vec<Source> = user.behaviour.iter().map(|seen| seen.source).collect();
    let mut expected: Vec<Source> = (14..20).rev().map(Source::Event).collect();
    expected.extend([Source::WebSearch(1), Source::Event(13)]);
    assert_eq!(sources, expected);
    assert_eq!(user.behaviour[6].kind, WEB_SEARCH);
    let shorter = retriever.user(&events[13..], &searches[1..], &words);
    assert_near(&numbers(user.vector), &numbers(shorter.vector), 1e-6);
}

#[test]
fn web_searches_are_read_as_the_settings_say() {
    let (words, events) = (words(), events(3));
    let searches = [search("desk", 1), search("sofa", 15)];
    let vector = |web_queries, searches: &[WebSearch]| {
        let retriever = retriever(|config| config.web_queries = web_queries);
        let user = retriever.user(&events, searches, &words);
        (numbers(user.vector), user.behaviour.len(), user.web.len())
    };
    let unread = vector(WebQueries::None, &searches);
    assert_eq!(unread, vector(WebQueries::None, &[]));
    assert_eq!((unread.1, unread.2), (3, 0));
    let fused = vector(WebQueries::Fused, &searches);
    assert_eq!((fused.1, fused.2), (5, 0));
    assert_ne!(fused.0, vector(WebQueries::Fused, &[]).0);
    let separate = vector(WebQueries::Separate, &searches);
    assert_eq!((separate.1, separate.2), (3, 2));
    assert_ne!(separate.0, vector(WebQueries::Separate, &[]).0);
}

#[test]
fn an_empty_history_is_cls_alone() {
    for web_queries in FUSIONS {
        let retriever = retriever(|config| config.web_queries = web_queries);
        let user = retriever.user(&[], &[], &words());
        assert!(user.behaviour.is_empty() && user.web.is_empty());
        for attention in user.attention.iter().chain(&user.web_attention) {
            // All of it on [CLS], nothing on the padding.
            assert_eq!(numbers(attention.clone()), [1.0, 0.0, 1.0, 0.0]);
        }
        let scores = numbers(retriever.scores(&user));
        assert_eq!(scores.len(), TITLES.len());
        assert!(scores.iter().all(|score| score.is_finite()));
    }
}

#[test]
fn a_product_that_was_never_seen_is_known_by_its_title() {
    let (config, model) = served(|_| ());
    let items = |titles: &[&str]| {
        let sums = words().sums(titles.iter().copied());
        numbers(Retriever::new(config.clone(), model.clone(), &sums, &Device::flex()).items)
    };
    let more: Vec<&str> = TITLES.into_iter().chain(["oak desk", "garden hose"]).collect();
    let (before, after) = (items(&TITLES), items(&more));
    assert_near(&after[..before.len()], &before, 1e-6);
    assert_near(&after[before.len()..][..6], &before[..6], 1e-6);
}

#[test]
fn a_file_gives_back_the_model() {
    for web_queries in FUSIONS {
        let (config, model) = served(|config| config.web_queries = web_queries);
        let titles = words().sums(TITLES);
        let weights = Weights::of(&model, about(&config)).unwrap();
        let scores = |retriever: &Retriever| {
            let user = retriever.user(&events(6), &[search("desk", 7)], &words());
            numbers(retriever.scores(&user))
        };
        let written = Retriever::new(config, model, &titles, &Device::flex());
        let read = |precision| {
            let file = weights.to_bytes(precision).unwrap();
            Retriever::load(&file, &titles, &Device::flex()).unwrap()
        };
        assert_eq!(scores(&written), scores(&read(Precision::F32)));
        assert_near(&scores(&written), &scores(&read(Precision::Int8)), 0.1);
    }
}

#[test]
fn unsound_settings_and_other_words_are_refused() {
    let (sound, model) = served(|_| ());
    let titles = words().sums(TITLES);
    let load = |config: &YandexConfig, titles: &[f32]| {
        let weights = Weights::of(&model, about(config)).unwrap();
        let file = weights.to_bytes(Precision::Int8).unwrap();
        Retriever::load(&file, titles, &Device::flex()).map(|_| ())
    };
    assert!(load(&sound, &titles).is_ok());
    for change in [
        |config: &mut YandexConfig| config.heads = 0,
        |config: &mut YandexConfig| config.heads = 4,
        |config: &mut YandexConfig| config.d = 0,
        |config: &mut YandexConfig| config.word = 0,
        |config: &mut YandexConfig| config.layers = 0,
        |config: &mut YandexConfig| config.d_f = 0,
        |config: &mut YandexConfig| config.item_width = 0,
        |config: &mut YandexConfig| config.history = 0,
    ] {
        let mut unsound = sound.clone();
        change(&mut unsound);
        assert!(matches!(load(&unsound, &titles), Err(WeightsError::Damaged(_))));
    }
    let other = YandexConfig { history: 9, ..sound.clone() };
    assert!(matches!(load(&other, &titles), Err(WeightsError::Shape { .. })));
    let cut = &titles[..titles.len() - 1];
    assert!(matches!(load(&sound, cut), Err(WeightsError::Catalogue { .. })));
}

#[test]
fn the_presets_are_sound_and_the_kinds_are_the_markets() {
    assert_eq!(YandexConfig::paper().check(), Ok(()));
    assert_eq!(YandexConfig::playground().check(), Ok(()));
    for (kind, name) in [EventKind::Click, EventKind::Favourite, EventKind::Cart, EventKind::Order]
        .into_iter()
        .zip(KINDS)
    {
        assert_eq!(serde_json::to_value(kind).unwrap(), name);
    }
    assert_eq!(KINDS[usize::from(WEB_SEARCH)], "web search");
}
