//! What is for sale and what is asked, with the truth of it: all of a market but its people.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use super::catalogue::{Catalogue, ProductId, ProductTypeId};
use super::hidden::Hidden;
use super::product::ProductTruth;
use super::query::{self, Intent, Query};
use super::relevance::Relevance;
use super::shopper::Taste;
use super::stock::Shelves;
use super::table::Table;
use super::truth::{Context, Standing, Utility};

/// The goods of a market.
pub struct Goods {
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

impl Goods {
    /// Generates catalogue, truth and queries.
    ///
    /// # Panics
    /// Never: the embedded table is read by a test.
    pub fn generate(seed: u64, products: usize) -> Self {
        let table = Table::embedded().expect("a test reads the embedded table");
        let (shelves, mut catalogue) = Shelves::new(seed, products, &table);
        let mut truths: Vec<ProductTruth> = Vec::with_capacity(shelves.len());
        catalogue.products.reserve_exact(shelves.len());
        for product in 0..shelves.len() as ProductId {
            let (item, truth) = shelves.make(&table, product);
            catalogue.products.push(item);
            truths.push(truth);
        }
        let queries = query::queries(seed, &table, &catalogue);
        let mut queries_by_type = vec![Vec::new(); table.types.len()];
        let mut query_numbers = HashMap::with_capacity(queries.len());
        for (number, query) in queries.iter().enumerate() {
            query_numbers.insert(query.text.clone(), number as u32);
            for product_type in &query.intent.types {
                queries_by_type[usize::from(*product_type)].push(number as u32);
            }
        }
        let hidden = Hidden::new(seed, truths, &table, &catalogue, related_types(&table));
        Self {
            starts: shelves.starts,
            hidden,
            catalogue,
            queries,
            queries_by_type,
            query_numbers,
            table,
        }
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

    /// Types that share a broad query with this one: what people may take instead.
    pub fn related(&self, product_type: ProductTypeId) -> &[ProductTypeId] {
        &self.hidden.related[usize::from(product_type)]
    }

    pub(crate) fn queries_of(&self, product_type: ProductTypeId) -> &[u32] {
        &self.queries_by_type[usize::from(product_type)]
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
