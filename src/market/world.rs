//! The market as a whole: what is for sale, what is asked, who shops, and the truth of it.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::catalogue::{Catalogue, ProductId, ProductTypeId};
use super::hidden::Hidden;
use super::life::Life;
use super::log::ShopperLog;
use super::query::{self, Intent, Query};
use super::random::{key, noise};
use super::shopper::Taste;
use super::stock::stock;
use super::table::Table;
use super::truth::{Context, Relevance, Standing, Utility};

/// What to generate. Two equal configurations give the same bytes on every platform.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarketConfig {
    /// Seed of everything.
    pub seed: u64,
    /// Products in the catalogue; each type has a few at least, whatever this says.
    pub products: u32,
    /// Shoppers.
    pub shoppers: u32,
    /// Days of page views.
    pub days: u16,
    /// Days of carts and orders before the first page view.
    pub earlier_days: u16,
    /// How much chance is in the production ranker's order: 0 is none, so that a product's place
    /// follows from what is known of it.
    pub ranker_noise: f32,
    /// Under-impressions of a page on top of one for each impression (MOPPR 7.1.2). They leave
    /// everything else as it is.
    #[serde(default)]
    pub more_under_impressions: u16,
}

impl Default for MarketConfig {
    /// Some 350,000 page views, about 100,000 of them in the last 8 days (`vitrine generate`).
    fn default() -> Self {
        Self {
            seed: 1,
            products: 4_000,
            shoppers: 4_000,
            days: 28,
            earlier_days: 365,
            ranker_noise: 1.0,
            more_under_impressions: 0,
        }
    }
}

/// A generated market: the catalogue, and everything that is true of it.
pub struct World {
    /// What it was generated from.
    pub config: MarketConfig,
    /// What models see.
    pub catalogue: Catalogue,
    /// What no model sees of it.
    pub hidden: Hidden,
    /// Every query, most frequent first.
    pub queries: Vec<Query>,
    pub(crate) table: Table,
    starts: Vec<ProductId>,
    /// Numbers of the queries that may mean a type.
    queries_by_type: Vec<Vec<u32>>,
    query_numbers: HashMap<String, u32>,
}

impl World {
    /// Generates catalogue, truth and queries. Shoppers are generated as they are asked for.
    ///
    /// # Panics
    /// Never: the embedded table is read by a test.
    pub fn generate(config: &MarketConfig) -> Self {
        let table = Table::embedded().expect("a test reads the embedded table");
        let stock = stock(config.seed, config.products as usize, &table);
        let queries = query::queries(config.seed, &table, &stock.catalogue);
        let mut queries_by_type = vec![Vec::new(); table.types.len()];
        let mut query_numbers = HashMap::with_capacity(queries.len());
        for (number, query) in queries.iter().enumerate() {
            query_numbers.insert(query.text.clone(), number as u32);
            for product_type in &query.intent.types {
                queries_by_type[usize::from(*product_type)].push(number as u32);
            }
        }
        Self {
            config: config.clone(),
            hidden: Hidden::new(
                config.seed,
                stock.truths,
                &table,
                &stock.catalogue,
                related_types(&table),
            ),
            catalogue: stock.catalogue,
            starts: stock.starts,
            queries,
            queries_by_type,
            query_numbers,
            table,
        }
    }

    /// Every shopper's log, one after another; holds one at a time.
    pub fn shopper_logs(&self) -> impl Iterator<Item = ShopperLog> + '_ {
        (0..self.config.shoppers).map(|shopper| self.shopper_log(shopper))
    }

    /// The log of one shopper: the same whenever and in whatever order it is asked for.
    pub fn shopper_log(&self, shopper: u32) -> ShopperLog {
        Life::new(self, shopper).live()
    }

    /// Product types, rising, that a shopper needs when the log ends.
    pub fn needs(&self, shopper: u32) -> Vec<ProductTypeId> {
        Life::new(self, shopper).needs_at_the_end()
    }

    /// Hidden taste of one shopper.
    pub fn taste(&self, shopper: u32) -> Taste {
        Taste::draw(&self.hidden, &self.catalogue, shopper)
    }

    /// The true intent of a text, if the market knows it.
    pub fn intent(&self, text: &str) -> Option<&Intent> {
        self.query_number(text).map(|number| &self.queries[number as usize].intent)
    }

    /// Number of a query in [`Self::queries`].
    pub fn query_number(&self, text: &str) -> Option<u32> {
        self.query_numbers.get(text).copied()
    }

    /// Frequent, well spelled queries for suggestions, most frequent first.
    pub fn suggestions(&self, most: usize) -> Vec<String> {
        let clean = self.queries.iter().filter(|query| !query.misspelled);
        clean.take(most).map(|query| query.text.clone()).collect()
    }

    /// Relevance as the noisy judge of MOPPR 4.3.1 labels it; the same for the same pair.
    pub fn judge(&self, query: u32, product: ProductId) -> bool {
        let relevance = self.relevance(&self.queries[query as usize].intent, product);
        self.hidden.judge(query, product, relevance)
    }

    /// How well a product answers an intent.
    pub fn relevance(&self, intent: &Intent, product: ProductId) -> Relevance {
        self.hidden.relevance(&self.catalogue, intent, product)
    }

    /// What a shopper of this taste makes of a product that is looked at.
    pub fn utility(
        &self,
        taste: &Taste,
        product: ProductId,
        context: Context,
        standing: Standing,
    ) -> Utility {
        self.hidden.utility(&self.catalogue, taste, product, context, standing)
    }

    /// Ids of the products of a type.
    pub fn products_of(&self, product_type: ProductTypeId) -> Range<ProductId> {
        let place = usize::from(product_type);
        self.starts[place]..self.starts[place + 1]
    }

    /// First id and end of the products in the department of a type.
    pub(crate) fn department_products(&self, product_type: ProductTypeId) -> (usize, usize) {
        let types = &self.catalogue.product_types;
        let department = types[usize::from(product_type)].department;
        let first = types.partition_point(|t| t.department < department);
        let end = types.partition_point(|t| t.department <= department);
        (self.starts[first] as usize, self.starts[end] as usize)
    }

    /// Types that share a broad query with this one: what people may take instead.
    pub fn related(&self, product_type: ProductTypeId) -> &[ProductTypeId] {
        &self.hidden.related[usize::from(product_type)]
    }

    pub(crate) fn queries_of(&self, product_type: ProductTypeId) -> &[u32] {
        &self.queries_by_type[usize::from(product_type)]
    }

    /// How popular the shop believes a product to be: its pull, seen through noisy counts.
    pub(crate) fn estimated_popularity(&self, product: ProductId) -> f32 {
        let truth = &self.hidden.products[product as usize];
        0.5 * truth.appeal
            + 0.35 * truth.quality
            + 0.4 * truth.popularity
            + 0.6 * noise(key(u64::from(product), self.config.seed))
    }
}

fn related_types(table: &Table) -> Vec<Vec<ProductTypeId>> {
    let mut related = vec![BTreeSet::new(); table.types.len()];
    for broad in &table.broad {
        for one in &broad.types {
            related[usize::from(*one)].extend(broad.types.iter().filter(|other| *other != one));
        }
    }
    related.into_iter().map(|types| types.into_iter().collect()).collect()
}
