//! Shopper-days as tensors.

use std::collections::HashMap;
use std::ops::Range;

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::data::Corpus;
use super::loss::Page;
use super::samples::ShopperDay;
use crate::work::{block, mlp};
use nets::models::yandex::input::{Contexts, Histories, Read, Sequence};
use nets::models::yandex::rows::{HistoryRows, SequenceRows};
use nets::models::yandex::{SIGNALS, UserOutput, WebQueries, Yandex, YandexConfig, similarity};
use nets::nn::layer::inner_products;

/// The different texts of a batch, in the order in which they were met.
#[derive(Default)]
struct Table {
    rows: HashMap<u32, u32>,
    texts: Vec<u32>,
}

impl Table {
    fn row(&mut self, text: u32) -> u32 {
        *self.rows.entry(text).or_insert_with(|| {
            self.texts.push(text);
            self.texts.len() as u32 - 1
        })
    }

    /// What is read of them, `[M, w]`.
    fn read(&self, corpus: &Corpus, device: &Device) -> Tensor<2> {
        let shape = [self.texts.len(), corpus.word];
        let read = corpus.read(self.texts.iter().copied());
        Tensor::from_data(TensorData::new(read, shape), device)
    }
}

/// Shoppers and the texts that they and their products consist of.
#[derive(Clone, Debug)]
struct Towers {
    /// What is read of all texts of the batch, those of the products first, `[M, w]`.
    texts: Tensor<2>,
    /// Number of different products.
    products: usize,
    histories: Histories,
    /// The same without padding.
    rows: HistoryRows,
}

impl Towers {
    fn new(
        table: Table,
        days: &[&ShopperDay],
        config: &YandexConfig,
        corpus: &Corpus,
        device: &Device,
    ) -> Self {
        let mut table = table;
        let products = table.texts.len();
        let (mut behaviour, mut web) = (Vec::new(), Vec::new());
        for day in days {
            let timeline = corpus.samples.behaviour(day);
            let read = Read::new(config, timeline);
            let mut rows = |positions: &[usize]| -> Vec<(u32, u8)> {
                let row = |&p: &usize| (table.row(timeline[p].content), timeline[p].kind);
                positions.iter().map(row).collect()
            };
            behaviour.push(rows(&read.behaviour));
            web.push(rows(&read.web));
        }
        if table.texts.is_empty() {
            // A tensor has no axis of length zero: padding needs a text to name.
            table.row(0);
        }
        let sequence = |rows: &[Vec<_>]| Sequence::new(rows.iter().map(Vec::as_slice), device);
        let separate = config.web_queries == WebQueries::Separate;
        Self {
            rows: HistoryRows {
                behaviour: SequenceRows::new(&behaviour),
                web: separate.then(|| SequenceRows::new(&web)),
            },
            histories: Histories {
                behaviour: sequence(&behaviour),
                web: separate.then(|| sequence(&web)),
            },
            texts: table.read(corpus, device),
            products,
        }
    }

    /// Multiplications and additions of a forward pass: see [`crate::work`].
    fn products(&self, config: &YandexConfig) -> f64 {
        let YandexConfig { d, d_f, word, item_width, .. } = *config;
        let sequence = |rows: &SequenceRows| -> f64 {
            let shopper = |t: f64| {
                let whole = (config.layers - 1) as f64 * block(d, d_f, [t, t, t * t]);
                whole + block(d, d_f, [1.0, t, t])
            };
            rows.lengths().map(|length| shopper(length as f64)).sum()
        };
        let between = if d == item_width { 0.0 } else { 2.0 * mlp(&[d, item_width]) };
        let item = between + config.item_layers as f64 * mlp(&[item_width, item_width]);
        self.texts.dims()[0] as f64 * mlp(&[word, d])
            + self.products as f64 * item
            + sequence(&self.rows.behaviour)
            + self.rows.web.as_ref().map_or(0.0, sequence)
    }

    /// v_u, `[B, d]`, and v_i, `[products, d]`.
    fn vectors(&self, model: &Yandex) -> [Tensor<2>; 2] {
        let content = model.content(self.texts.clone());
        let users = model
            .users_of_rows(&content, &self.rows)
            .unwrap_or_else(|| model.users(&content, &self.histories).vector);
        [users, model.items(content.narrow(0, 0, self.products))]
    }
}

/// Shoppers alone, for evaluation.
#[derive(Clone, Debug)]
pub struct Users(Towers);

impl Users {
    /// With the histories of these days.
    pub fn new(
        days: &[&ShopperDay],
        config: &YandexConfig,
        corpus: &Corpus,
        device: &Device,
    ) -> Self {
        Self(Towers::new(Table::default(), days, config, corpus, device))
    }

    /// What the user tower makes of them.
    pub fn output(&self, model: &Yandex) -> UserOutput {
        model.users(&model.content(self.0.texts.clone()), &self.0.histories)
    }
}

/// Days of pre-training.
#[derive(Clone, Debug)]
pub struct Positives {
    towers: Towers,
    /// How often each product is positive for each shopper, `[B, M]`.
    pub positives: Tensor<2>,
}

impl Positives {
    /// These days, each with at least one positive.
    pub fn new(
        days: &[&ShopperDay],
        config: &YandexConfig,
        corpus: &Corpus,
        device: &Device,
    ) -> Self {
        let mut table = Table::default();
        let mut pairs = Vec::new();
        for (row, day) in days.iter().enumerate() {
            for &product in &corpus.samples.positives[day.of.clone()] {
                pairs.push((row, table.row(product) as usize));
            }
        }
        let shape = [days.len(), table.texts.len()];
        let mut positives = vec![0.0_f32; shape[0] * shape[1]];
        for (row, column) in pairs {
            positives[row * shape[1] + column] += 1.0;
        }
        Self {
            towers: Towers::new(table, days, config, corpus, device),
            positives: Tensor::from_data(TensorData::new(positives, shape), device),
        }
    }

    /// Multiplications and additions of a forward pass: see [`crate::work`].
    pub fn products(&self, config: &YandexConfig) -> f64 {
        let [shoppers, items] = self.positives.dims();
        self.towers.products(config) + shoppers as f64 * mlp(&[config.d, items])
    }

    /// r_ui, `[B, M]`.
    pub fn similarity(&self, model: &Yandex) -> Tensor<2> {
        let [users, items] = self.towers.vectors(model);
        similarity(users, items)
    }
}

/// Days of fine-tuning: V page views.
#[derive(Clone, Debug)]
pub struct Pages {
    towers: Towers,
    /// Shopper of each view, `[V]`.
    shoppers: Tensor<1, Int>,
    /// Product of each impression; any where there is padding, `[V * C]`.
    shown: Tensor<1, Int>,
    contexts: Contexts,
    labels: [Tensor<2>; SIGNALS],
    present: Tensor<2>,
}

impl Pages {
    /// These days, each with at least one page view.
    pub fn new(
        days: &[&ShopperDay],
        config: &YandexConfig,
        corpus: &Corpus,
        device: &Device,
    ) -> Self {
        let samples = &corpus.samples;
        let views = |range: &Range<usize>| &samples.views[range.clone()];
        let of_batch: Vec<_> = days.iter().flat_map(|day| views(&day.of)).collect();
        let width = of_batch.iter().map(|view| view.impressions.len()).max().unwrap_or(0).max(1);
        let shape = [of_batch.len(), width];
        let cells = shape[0] * shape[1];
        let mut table = Table::default();
        let mut shown = vec![0_i32; cells];
        let mut labels = [(); SIGNALS].map(|()| vec![0.0_f32; cells]);
        let mut present = vec![0.0_f32; cells];
        for (row, view) in of_batch.iter().enumerate() {
            for (column, impression) in samples.shown(view).iter().enumerate() {
                let at = row * width + column;
                shown[at] = table.row(impression.product).cast_signed();
                present[at] = 1.0;
                for (labels, label) in labels.iter_mut().zip(impression.labels) {
                    labels[at] = f32::from(u8::from(label));
                }
            }
        }
        let shoppers = (0..).zip(days).flat_map(|(row, day)| day.of.clone().map(move |_| row));
        let shoppers: Vec<i32> = shoppers.collect();
        let floats = |values| Tensor::from_data(TensorData::new(values, shape), device);
        Self {
            shoppers: Tensor::from_ints(shoppers.as_slice(), device),
            shown: Tensor::from_ints(shown.as_slice(), device),
            contexts: Contexts::new(of_batch.iter().map(|v| (v.is_search, v.device)), device),
            labels: labels.map(floats),
            present: floats(present),
            towers: Towers::new(table, days, config, corpus, device),
        }
    }

    /// Multiplications and additions of a forward pass: see [`crate::work`].
    pub fn products(&self, config: &YandexConfig) -> f64 {
        let impressions: usize = self.present.dims().iter().product();
        self.towers.products(config) + impressions as f64 * mlp(&[config.d, 1])
    }

    /// What the losses read.
    pub fn page(&self, model: &Yandex) -> Page {
        let [users, items] = self.towers.vectors(model);
        let [views, width] = self.present.dims();
        let [_, d] = users.dims();
        let users = users.select(0, self.shoppers.clone());
        let shown = items.select(0, self.shown.clone()).reshape([views, width, d]);
        Page {
            similarity: inner_products(users, &shown),
            context: model.context(&self.contexts),
            labels: self.labels.clone(),
            present: self.present.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yandex::data::Reading;
    use crate::yandex::tests::corpus;
    use nets::nn::fused::alike::assert_same_losses;
    use nets::nn::numbers::seeded;

    #[test]
    fn padding_changes_nothing() {
        let device = Device::flex().autodiff();
        let corpus = corpus(12, Reading::Vectors);
        for web_queries in [WebQueries::Fused, WebQueries::Separate] {
            let config = YandexConfig {
                web_queries,
                d: 16,
                heads: 2,
                history: 9,
                item_width: 8,
                ..YandexConfig::playground()
            };
            let model = seeded(&device, 2, || config.init(&device));
            let days: Vec<&ShopperDay> = corpus.samples.pretraining.iter().take(20).collect();
            let fused = YandexConfig { web_queries: WebQueries::Fused, ..config.clone() };
            let Towers { texts, mut histories, mut rows, .. } =
                Positives::new(&days, &fused, &corpus, &device).towers;
            if web_queries == WebQueries::Separate {
                // Nobody searches the web here: the second transformer reads the same.
                histories.web = Some(histories.behaviour.clone());
                rows.web = Some(rows.behaviour.clone());
            }
            let content = || model.content(texts.clone());
            let own = model.users_of_rows(&content(), &rows).unwrap();
            let padded = model.users(&content(), &histories).vector;
            let loss = |users: Tensor<2>| {
                let [_, d] = users.dims();
                (users * Tensor::<1, Int>::arange(0..d as i64, &device).float().unsqueeze()).mean()
            };
            assert_same_losses(&model, [loss(own), loss(padded)]);
        }
    }
}
