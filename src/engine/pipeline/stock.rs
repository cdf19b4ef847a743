//! What is read before any weights are: the shop's files, and what is laid out from them once.

use std::collections::HashMap;

use futures::try_join;
use serde::{Deserialize, Serialize};

use super::assets::{AssetError, AssetSource, Manifest, damaged};
use super::dot;
use market::catalogue::{Catalogue, Product, ProductId, ProductTypeId};
use market::features::dense::DenseTables;
use market::features::search::{ProductFeatures, QueryFrequency};
use market::features::statistics::{Counts, Statistics};
use market::text::{Parts, Reading, Spelling, TokenVectors};
use protocol::{Shop, Shopper};
use systems::Task;

/// File of the catalogue.
pub const CATALOGUE: &str = "catalogue.json";
/// File of the shoppers.
pub const SHOPPERS: &str = "shoppers.json";
/// File of [`QueryCount`]s.
pub const QUERIES: &str = "queries.json";
/// File of the statistics.
pub const STATISTICS: &str = "statistics.json";
/// File of the word pieces.
pub const WORDS: &str = "words.txt";
/// File of the vectors of the word pieces that the shop itself uses.
pub const WORD_VECTORS: &str = "words.safetensors";
/// File of the vectors of all other word pieces.
pub const MORE_WORD_VECTORS: &str = "words-more.safetensors";

/// File of the shelves that a larger shop is made from; fetched when one is first asked for.
pub const SHELVES: &str = "shelves.txt";

/// The files a stock is read from.
pub const FILES: [&str; 6] = [CATALOGUE, SHOPPERS, QUERIES, STATISTICS, WORDS, WORD_VECTORS];

/// Pieces that end a word without making another of it.
const ENDINGS: [&str; 9] = ["##s", "##es", "##ed", "##d", "##ing", "##er", "##r", "##est", "##ly"];
/// Least letters of the piece before an ending.
const SHORTEST_STEM: usize = 4;

/// A query, how often it was typed on the days of the statistics, whether it is spelled well
/// enough to be suggested, and the product types that were clicked most after it, with the clicks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryCount(pub String, pub u32, pub bool, pub Vec<(ProductTypeId, u32)>);

/// The shop as its models know it.
pub struct Stock {
    /// What is sold, and what was.
    pub catalogue: Catalogue,
    /// Who can be played.
    pub shoppers: Vec<Shopper>,
    /// Queries, most frequent first.
    pub queries: Vec<QueryCount>,
    /// How often they are typed.
    pub frequency: QueryFrequency,
    /// Titles of the products, in parts.
    pub parts: Parts,
    /// Words of the titles and of the queries that are spelled well.
    pub spelling: Spelling,
    /// MOPPR's features of the products.
    pub products: ProductFeatures,
    /// What the days before training counted.
    pub statistics: Statistics,
    /// DMT's dense features.
    pub dense: DenseTables,
    /// Vectors of word pieces.
    pub words: TokenVectors,
    /// Mean word vector of the title of each product that a log tells of, one after another.
    pub titles: Vec<f32>,
    /// Price of each product.
    pub prices_cents: Vec<u32>,
    /// Newcomers that models have rows for.
    pub met: Met,
}

/// Newcomers that a request named, one by one: models that have a row for each product have theirs behind
/// those of the products that a log tells of, in this order.
#[derive(Debug, Default)]
pub struct Met {
    products: Vec<ProductId>,
    rows: HashMap<ProductId, u32>,
}

impl Met {
    /// Those that were met after the first `count`.
    pub fn since(&self, count: usize) -> &[ProductId] {
        self.products.get(count..).unwrap_or_default()
    }
}

impl Stock {
    /// Fetches the files and reads each as soon as it is here, so that little is left to do when
    /// the last has come. `on_shop` is given the shop once there is one to show.
    ///
    /// # Errors
    /// Where one is missing, short or damaged.
    pub async fn fetch(
        manifest: &Manifest,
        source: &impl AssetSource,
        on_shop: impl FnOnce(Shop),
    ) -> Result<Self, AssetError> {
        let shop = async {
            let catalogue = manifest.json::<Catalogue>(source, CATALOGUE);
            let shoppers = manifest.json::<Vec<Shopper>>(source, SHOPPERS);
            let queries = manifest.json::<Vec<QueryCount>>(source, QUERIES);
            let (catalogue, shoppers, queries) = try_join!(catalogue, shoppers, queries)?;
            on_shop(shop(&catalogue, &shoppers, &queries));
            Ok((catalogue, shoppers, queries))
        };
        let counted = async {
            let statistics = manifest.json::<Statistics>(source, STATISTICS);
            let ((catalogue, shoppers, queries), statistics) = try_join!(shop, statistics)?;
            if statistics.products.len() != catalogue.products.len() {
                return Err(damaged(STATISTICS, "it counts another number of products"));
            }
            let parts = Parts::new(catalogue.titles());
            let spelling = spelling(&parts, &queries);
            let products = ProductFeatures::new(&catalogue, &statistics);
            let dense = DenseTables::new(&catalogue, &statistics);
            let laid_out = (parts, spelling, products, dense);
            Ok((catalogue, shoppers, queries, laid_out, statistics))
        };
        let words = async {
            let [words, vectors] = manifest.all(source, [WORDS, WORD_VECTORS]).await?;
            let words = String::from_utf8(words).map_err(|error| damaged(WORDS, error))?;
            TokenVectors::new(&words, &vectors).map_err(|error| damaged(WORD_VECTORS, error))
        };
        let (counted, words) = try_join!(counted, words)?;
        let (catalogue, shoppers, queries, laid_out, statistics) = counted;
        let (parts, spelling, products, dense) = laid_out;
        let counts = queries.iter().map(|QueryCount(query, count, ..)| (query.clone(), *count));
        Ok(Self {
            shoppers,
            frequency: QueryFrequency::new(counts.collect()),
            parts,
            spelling,
            products,
            dense,
            titles: words.means(catalogue.titles()),
            prices_cents: prices_cents(&catalogue),
            met: Met::default(),
            catalogue,
            statistics,
            queries,
            words,
        })
    }

    /// Sells these newcomers in place of those that it sold, behind the products that a log tells of. What is
    /// laid out of the products is laid out anew; what is known of one does not hang on newcomers.
    /// `met` are those of them that models have rows for. Gives back those that it sold, and the met.
    pub fn sell(&mut self, newcomers: Vec<Product>, met: Met) -> (Vec<Product>, Met) {
        let Self { catalogue, queries, statistics, .. } = self;
        let before = catalogue.products.split_off(catalogue.logged());
        catalogue.products.shrink_to_fit();
        catalogue.products.reserve_exact(newcomers.len());
        catalogue.newcomers = newcomers.len() as u32;
        catalogue.products.extend(newcomers);
        self.parts = Parts::new(catalogue.titles());
        self.spelling = spelling(&self.parts, queries);
        self.products = ProductFeatures::new(catalogue, statistics);
        self.prices_cents = prices_cents(catalogue);
        (before, std::mem::replace(&mut self.met, met))
    }

    /// Meets the newcomers among these products: models can be asked of them then.
    pub fn meet(&mut self, products: impl IntoIterator<Item = ProductId>) {
        let logged = self.catalogue.logged() as u32;
        for product in products {
            let is_newcomer = product >= logged && self.knows(product);
            if is_newcomer && !self.met.rows.contains_key(&product) {
                self.met.rows.insert(product, logged + self.met.products.len() as u32);
                self.met.products.push(product);
            }
        }
    }

    /// Row of a product in tables that have one for each that a log tells of, and for each that was met.
    ///
    /// # Panics
    /// If it is a newcomer that was not met.
    pub fn row(&self, product: ProductId) -> u32 {
        match (product as usize) < self.catalogue.logged() {
            true => product,
            false => self.met.rows[&product],
        }
    }

    /// Titles of some products.
    pub fn titles_of<'a>(
        &'a self,
        products: &'a [ProductId],
    ) -> impl Iterator<Item = &'a str> + Clone {
        products.iter().map(|&product| self.catalogue.products[product as usize].title.as_str())
    }

    /// Cosine of a text's mean word vector with the title of each of these products; empty where the text
    /// says nothing.
    pub fn title_cosines(&self, text: &[f32], products: &[ProductId]) -> Vec<f32> {
        let length = dot(text, text).sqrt();
        if length == 0.0 {
            return Vec::new();
        }
        let dimensions = self.words.dimensions();
        let cosine = |title: &[f32]| {
            let both = length * dot(title, title).sqrt();
            if both == 0.0 { 0.0 } else { dot(title, text) / both }
        };
        let logged = self.catalogue.logged() as ProductId;
        let others: Vec<ProductId> = products.iter().copied().filter(|p| *p >= logged).collect();
        let others = self.words.means(self.titles_of(&others));
        let mut others = others.chunks(dimensions);
        let title_of = |&product: &ProductId| match product < logged {
            true => self.titles.chunks(dimensions).nth(product as usize),
            false => others.next(),
        };
        products.iter().map(title_of).map(|title| title.map_or(0.0, cosine)).collect()
    }

    /// The query as the shop can read it, where that is not as it was typed.
    pub fn read(&self, query: &str) -> Option<Reading> {
        self.spelling.read(query, |word| self.is_word(word))
    }

    /// Whether the vocabulary has a word whole, or all of it but an ending: what it spells of
    /// other pieces means nothing that the pieces would tell.
    fn is_word(&self, word: &str) -> bool {
        match *self.words.pieces(word) {
            [_] => true,
            [stem, ending] => {
                let has =
                    |id, holds: fn(&str) -> bool| self.words.piece(id).is_some_and(|p| holds(&p));
                has(stem, |stem| stem.len() >= SHORTEST_STEM)
                    && has(ending, |e| ENDINGS.contains(&e))
            }
            _ => false,
        }
    }

    /// How usual each task is in the shop, by what the days before training counted.
    pub fn base_rates(&self, tasks: &[Task]) -> Vec<f32> {
        let total = self.statistics.total();
        tasks.iter().map(|&task| rate(&total, task)).collect()
    }

    /// Whether the catalogue has such a product, on sale or sold out.
    pub fn knows(&self, product: ProductId) -> bool {
        (product as usize) < self.catalogue.products.len()
    }

    /// Whether each product can be bought on a day of the market.
    pub fn on_sale(&self, day: i32) -> Vec<bool> {
        let products = 0..self.catalogue.products.len() as ProductId;
        products.map(|product| self.catalogue.is_on_sale(product, day)).collect()
    }
}

fn prices_cents(catalogue: &Catalogue) -> Vec<u32> {
    catalogue.products.iter().map(|product| product.price_cents).collect()
}

/// What the page needs to show products and shoppers.
fn shop(catalogue: &Catalogue, shoppers: &[Shopper], queries: &[QueryCount]) -> Shop {
    let suggested = queries.iter().filter(|QueryCount(_, _, suggest, _)| *suggest);
    Shop {
        catalogue: catalogue.clone(),
        shoppers: shoppers.to_vec(),
        queries: suggested.map(|QueryCount(query, ..)| query.clone()).collect(),
        others: Vec::new(),
    }
}

/// The words of the titles and of the queries that are spelled well.
fn spelling(titles: &Parts, queries: &[QueryCount]) -> Spelling {
    let well = queries.iter().filter(|QueryCount(_, _, well, _)| *well);
    Spelling::new(titles, well.map(|QueryCount(query, count, ..)| (query.as_str(), *count)))
}

/// Share of the impressions that a task's behaviour came of; 0 where nothing was shown.
fn rate(counts: &Counts, task: Task) -> f32 {
    let happened = match task {
        Task::Click => counts.clicks,
        Task::Cart => counts.carts,
        Task::Order => counts.orders,
    };
    happened as f32 / counts.impressions.max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_share_of_what_was_shown() {
        let counts = Counts { impressions: 1_000, clicks: 70, carts: 8, orders: 2 };
        let rates = [Task::Click, Task::Cart, Task::Order].map(|task| rate(&counts, task));
        assert_eq!(rates, [0.07, 0.008, 0.002]);
        assert_eq!(rate(&Counts::default(), Task::Click), 0.0);
    }
}
