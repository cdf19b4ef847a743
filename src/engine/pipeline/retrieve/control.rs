//! Relevance control (MOPPR 1 and figure 1): which products answer the query, and which of them
//! have everything that was asked for.
//!
//! Two witnesses say what a query means: the query-to-category predictor, which has learned from
//! clicks, and the words themselves, held against titles and against what was clicked after the
//! queries that use them. The predictor is sure of queries that are typed often and guesses at
//! others; a word is as sure in any company.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::pipeline::stock::{QueryCount, Stock};
use crate::pipeline::{StageError, numbers};
use market::catalogue::{Catalogue, ProductId, ProductTypeId};
use market::text::{KeyWord, TokenVectors, key_words};
use nets::models::query_category::CategoryPredictor;

/// A product passes if its type is at least this likely, relative to the likeliest, to be meant.
const RELEVANT: f32 = 0.1;
/// What a word takes from a type that it has nothing to do with, at most: below [`RELEVANT`], so
/// that one word of a query suffices to keep types out.
const LEAST_SAID: f32 = 0.02;
/// The same where the whole query is known: then the predictor has seen what was clicked after it.
const LEAST_SAID_OF_KNOWN: f32 = 0.5;
/// Least probability that is taken from the predictor: it has not learned every word.
const LEAST_PREDICTED: f32 = 1e-3;
/// Queries that speak for a word, at most, the most frequent.
const SPEAKING: usize = 64;
/// Neighbours of a word that the shop never uses, and the least cosine that makes one.
const NEIGHBOURS: usize = 5;
const NEAR: f32 = 0.5;
/// Least cosine of a word that the shop never uses with one of its own at which something here is
/// likely what was meant.
const LIKELY: f32 = 0.6;

/// Relevance tier of products that are let in only to fill a page.
pub const FILLED: u8 = u8::MAX;

/// Number of a word.
type WordId = u32;

/// The words of the shop: of titles and of the queries that are spelled well.
pub struct Lexicon {
    numbers: HashMap<String, WordId>,
    words: Vec<Word>,
    /// Words of each product's title, brand, colour and type, rising, product after product.
    of_products: Vec<WordId>,
    /// Where those of each product end.
    ends: Vec<u32>,
    /// Directions of the words' vectors, one after another, and how many vectors there were.
    directions: (usize, Vec<f32>),
}

/// What is known of a word.
#[derive(Clone, Debug, Default)]
struct Word {
    text: String,
    /// Product types that use it, with the share of their products that do, by number of the type.
    types: Vec<(ProductTypeId, f32)>,
    /// How often each type was clicked after the queries that use it, relative to the most.
    clicked: BTreeMap<ProductTypeId, f32>,
    /// It names a brand, and no type: it says who made a product, not what it is.
    is_brand: bool,
}

/// What a query asks for, as far as it can be known.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// How likely each product type is meant, summing to one; empty where nothing is known.
    pub likely: Vec<f32>,
    /// Words of the query that titles use.
    pub words: Vec<WordId>,
    /// Whether something on sale is likely meant at all.
    pub is_likely: bool,
}

/// A word of a query, or a neighbour that stands for it.
struct Said {
    /// The words of the shop that speak for it, each with how near it is.
    by: Vec<(WordId, f32)>,
    /// It is a word of the shop itself.
    own: bool,
}

impl Lexicon {
    /// Of a shop.
    pub fn new(stock: &Stock) -> Self {
        let Stock { catalogue, queries, .. } = stock;
        let mut lexicon = Self {
            numbers: HashMap::new(),
            words: Vec::new(),
            of_products: Vec::new(),
            ends: Vec::with_capacity(catalogue.products.len()),
            directions: Default::default(),
        };
        lexicon.read_products(catalogue);
        lexicon.read_queries(queries);
        lexicon
    }

    /// Reads what was clicked after the queries that are spelled well, most frequent first.
    fn read_queries(&mut self, queries: &[QueryCount]) {
        let mut speaking = HashMap::<WordId, usize>::new();
        for QueryCount(query, count, _, clicked) in queries.iter().filter(|query| query.2) {
            let weight =
                (*count as f32).ln_1p() / clicked.iter().map(|(_, n)| *n as f32).sum::<f32>();
            for word in self.numbers_of(query) {
                let spoken = speaking.entry(word).or_default();
                *spoken += 1;
                if *spoken <= SPEAKING {
                    let types = &mut self.words[word as usize].clicked;
                    for &(of, clicks) in clicked {
                        *types.entry(of).or_default() += weight * clicks as f32;
                    }
                }
            }
        }
        for word in &mut self.words {
            let most = word.clicked.values().copied().fold(0.0, f32::max);
            word.clicked.values_mut().for_each(|value| *value /= most);
        }
    }

    fn read_products(&mut self, catalogue: &Catalogue) {
        let names = &catalogue.product_types;
        let of_types: Vec<Vec<WordId>> = names.iter().map(|t| self.numbers_of(&t.name)).collect();
        let of_brands: Vec<Vec<WordId>> =
            catalogue.brands.iter().map(|brand| self.numbers_of(brand)).collect();
        let of_colours: Vec<Vec<WordId>> =
            catalogue.colours.iter().map(|colour| self.numbers_of(&colour.name)).collect();
        for &brand in of_brands.iter().flatten() {
            self.words[brand as usize].is_brand = true;
        }
        for &name in of_types.iter().flatten() {
            self.words[name as usize].is_brand = false;
        }
        let mut of_type = vec![0.0_f32; names.len()];
        let mut of_logged = of_type.clone();
        let mut uses: Vec<BTreeMap<ProductTypeId, f32>> = Vec::new();
        // What a word means hangs on the shop that queries were clicked in; a word that only newcomers use, on
        // them.
        let mut known = usize::MAX;
        // A million titles are made of some thousand parts: each is read once.
        let mut parts: FxHashMap<&str, Vec<WordId>> = FxHashMap::default();
        let mut words: Vec<WordId> = Vec::new();
        for (number, product) in catalogue.products.iter().enumerate() {
            if number == catalogue.logged() {
                known = self.words.len();
            }
            words.clear();
            for part in product.title.split(' ') {
                words.extend(&*parts.entry(part).or_insert_with(|| self.numbers_of(part)));
            }
            words.extend(&of_types[usize::from(product.product_type)]);
            words.extend(&of_brands[usize::from(product.brand)]);
            words.extend(product.colour.iter().flat_map(|&c| &of_colours[usize::from(c)]));
            words.sort_unstable();
            words.dedup();
            uses.resize_with(self.words.len(), BTreeMap::new);
            let of = usize::from(product.product_type);
            for &word in words.iter().filter(|word| known == usize::MAX || **word as usize >= known)
            {
                *uses[word as usize].entry(product.product_type).or_default() += 1.0;
            }
            of_type[of] += 1.0;
            if number < catalogue.logged() {
                of_logged[of] += 1.0;
            }
            self.of_products.extend(&words);
            self.ends.push(self.of_products.len() as u32);
        }
        for (number, (word, uses)) in self.words.iter_mut().zip(uses).enumerate() {
            let all = if number < known { &of_logged } else { &of_type };
            let share = |(of, count): (ProductTypeId, f32)| (of, count / all[usize::from(of)]);
            word.types = uses.into_iter().map(share).collect();
        }
    }

    /// Words of each product, in the order of the catalogue.
    fn products(&self) -> impl Iterator<Item = &[WordId]> {
        let starts = [0].into_iter().chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.of_products[start as usize..*end as usize])
    }

    /// Numbers of a text's words, rising; words that are new get one.
    fn numbers_of(&mut self, text: &str) -> Vec<WordId> {
        let mut numbers: Vec<WordId> = key_words(text)
            .map(|KeyWord { text, stem }| {
                let next = self.words.len() as WordId;
                *self.numbers.entry(stem).or_insert_with(|| {
                    self.words.push(Word { text, ..Word::default() });
                    next
                })
            })
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// Whether a query has a word that the shop never uses: its neighbours are sought among the
    /// vectors of all words.
    pub fn has_strangers(&self, query: &str) -> bool {
        key_words(query).any(|word| !self.numbers.contains_key(&word.stem))
    }

    /// Weighs what a query means.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn weigh(
        &mut self,
        query: &str,
        stock: &Stock,
        predictor: &CategoryPredictor,
    ) -> Result<Evidence, StageError> {
        let vectors = &stock.words;
        let mut said = Vec::new();
        let mut pieces = Vec::new();
        let mut nearest: f32 = 0.0;
        let mut seen = HashSet::new();
        for KeyWord { text, stem } in key_words(query).filter(|word| seen.insert(word.stem.clone()))
        {
            let own = self.numbers.get(&stem).copied();
            if own.is_none_or(|number| !self.words[number as usize].is_brand) {
                pieces.extend(vectors.pieces(&text));
            }
            let by = match own {
                Some(number) => vec![(number, 1.0)],
                None => self.neighbours(&text, vectors),
            };
            nearest = by.iter().fold(nearest, |most, (_, near)| near.max(most));
            said.push(Said { by, own: own.is_some() });
        }
        let mean = vectors.mean(&pieces);
        let is_known = mean.iter().any(|&value| value != 0.0);
        if !is_known && said.iter().all(|word| word.by.is_empty()) {
            return Ok(Evidence::default());
        }
        let types = stock.catalogue.product_types.len();
        let least = match stock.frequency.knows(&query.to_lowercase()) {
            true => LEAST_SAID_OF_KNOWN,
            false => LEAST_SAID,
        };
        let mut likely: Vec<f32> = match is_known {
            true => {
                let predicted = predictor.probabilities(mean).into_data_async().await?;
                numbers(predicted)?.iter().map(|p| (p + LEAST_PREDICTED).ln()).collect()
            }
            false => vec![0.0; types],
        };
        for word in &said {
            let mut all = vec![0.0_f32; types];
            for &(other, near) in &word.by {
                for (sum, one) in all.iter_mut().zip(self.association(other, types)) {
                    *sum = sum.max(near * one);
                }
            }
            let most = all.iter().copied().fold(0.0, f32::max);
            if most > 0.0 {
                let says = all.iter().map(|one| (one / most).max(least).ln());
                likely.iter_mut().zip(says).for_each(|(sum, one)| *sum += one);
            }
        }
        let most = likely.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        likely.iter_mut().for_each(|value| *value = (*value - most).exp());
        let all: f32 = likely.iter().sum();
        likely.iter_mut().for_each(|value| *value /= all);
        let own = said.iter().filter(|word| word.own).flat_map(|word| &word.by);
        let words =
            own.map(|(word, _)| *word).filter(|&w| !self.words[w as usize].types.is_empty());
        Ok(Evidence { likely, words: words.collect(), is_likely: nearest >= LIKELY })
    }

    /// How much a word of the shop has to do with each type, at most 1: the share of the type's
    /// titles that use it, or of the clicks after the queries that use it, whichever is more.
    fn association(&self, word: WordId, types: usize) -> Vec<f32> {
        let Word { types: of_titles, clicked, .. } = &self.words[word as usize];
        let mut all = vec![0.0_f32; types];
        for (&of, &share) in of_titles.iter().map(|(of, share)| (of, share)).chain(clicked) {
            let value = &mut all[usize::from(of)];
            *value = value.max(share);
        }
        all
    }

    /// The words of the shop whose vectors are nearest to that of a word it does not use. A word
    /// of several pieces has no meaning that its pieces would tell.
    fn neighbours(&mut self, word: &str, vectors: &TokenVectors) -> Vec<(WordId, f32)> {
        let &[piece] = vectors.pieces(word).as_slice() else { return Vec::new() };
        let Some(own) = vectors.vector(piece) else { return Vec::new() };
        if self.directions.0 != vectors.len() {
            let texts = self.words.iter().map(|word| word.text.as_str());
            let mut all = vectors.means(texts);
            all.chunks_mut(vectors.dimensions()).for_each(normalise);
            self.directions = (vectors.len(), all);
        }
        let mut own = own;
        normalise(&mut own);
        let others = self.directions.1.chunks(vectors.dimensions()).zip(0..);
        let mut near: Vec<(WordId, f32)> = others
            .map(|(other, number)| (number, own.iter().zip(other).map(|(a, b)| a * b).sum()))
            .filter(|(_, cosine)| *cosine >= NEAR)
            .collect();
        near.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        near.truncate(NEIGHBOURS);
        near
    }
}

fn normalise(vector: &mut [f32]) {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|value| *value /= length);
    }
}

/// What relevance control makes of every product, on sale or not: what is sold out is never searched,
/// and has the place that it would have.
#[derive(Clone, Debug)]
pub struct Control {
    /// By product type; empty where everything passes.
    likely: Vec<f32>,
    /// The least likelihood of a type that passes.
    least: f32,
    /// Relevance tier of each product: 0 with everything that was asked for, one more for each
    /// word that its title lacks, [`FILLED`] beyond; none where it does not pass.
    tiers: Vec<Option<u8>>,
    /// Whether each product can be bought.
    on_sale: Arc<[bool]>,
    /// Products on sale.
    pub offered: u32,
    /// Products on sale of types that are likely meant.
    pub relevant: u32,
    /// Products on sale that pass, those that fill a page among them.
    pub admitted: u32,
}

impl Control {
    /// Of what each product passes as, and whether it is on sale.
    fn of(likely: Vec<f32>, least: f32, tiers: Vec<Option<u8>>, on_sale: Arc<[bool]>) -> Self {
        let count = |holds: fn(u8) -> bool| {
            let of = tiers.iter().zip(&*on_sale);
            of.filter(|(tier, on_sale)| **on_sale && tier.is_some_and(holds)).count() as u32
        };
        Self {
            offered: on_sale.iter().filter(|on_sale| **on_sale).count() as u32,
            relevant: count(|tier| tier < FILLED),
            admitted: count(|_| true),
            likely,
            least,
            tiers,
            on_sale,
        }
    }

    /// Controls by the evidence; with too few products on sale of the likely types, the next likely
    /// ones are let in, a type at a time, until there are as many as are wanted.
    pub fn new(
        evidence: &Evidence,
        lexicon: &Lexicon,
        stock: &Stock,
        on: bool,
        on_sale: Arc<[bool]>,
        wanted: usize,
    ) -> Self {
        let of_product = &stock.products.product_type;
        let likely = evidence.likely.clone();
        if !on || likely.is_empty() {
            return Self::of(likely, 0.0, vec![Some(0); of_product.len()], on_sale);
        }
        let strict = RELEVANT * likely.iter().copied().fold(0.0, f32::max);
        let mut sizes = vec![0; likely.len()];
        for (&of, &on_sale) in of_product.iter().zip(&*on_sale) {
            sizes[usize::from(of)] += usize::from(on_sale);
        }
        let mut falling: Vec<(f32, usize)> = likely.iter().copied().zip(sizes).collect();
        falling.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (mut least, mut admitted) = (strict, 0);
        for (value, products) in falling {
            if value < strict && admitted >= wanted {
                break;
            }
            least = value.min(least);
            admitted += products;
        }
        let is_asked = |&word: &WordId| {
            // A word that all of a type share, or none, tells none of them apart.
            let types = &lexicon.words[word as usize].types;
            types.iter().any(|&(of, share)| share < 1.0 && likely[usize::from(of)] >= strict)
        };
        let asked: Vec<WordId> = evidence.words.iter().copied().filter(is_asked).collect();
        let tier = |(of, words): (&ProductTypeId, &[WordId])| {
            let value = likely[usize::from(*of)];
            let lacks = |word: &&WordId| words.binary_search(word).is_err();
            match value {
                _ if value >= strict => {
                    Some((asked.iter().filter(lacks).count() as u8).min(FILLED - 1))
                }
                _ if value >= least => Some(FILLED),
                _ => None,
            }
        };
        let tiers = of_product.iter().zip(lexicon.products()).map(tier).collect();
        Self::of(likely, least, tiers, on_sale)
    }

    /// How likely a type is meant.
    pub fn likelihood(&self, of: ProductTypeId) -> Option<f32> {
        self.likely.get(usize::from(of)).copied()
    }

    /// The least likelihood of a type that passes.
    pub fn least(&self) -> f32 {
        self.least
    }

    /// Whether a product can be bought.
    pub fn is_on_sale(&self, product: ProductId) -> bool {
        self.on_sale.get(product as usize).copied().unwrap_or(false)
    }

    /// Relevance tier of a product, on sale or not; none where it does not pass.
    pub fn relevance(&self, product: ProductId) -> Option<u8> {
        self.tiers.get(product as usize).copied().flatten()
    }

    /// Relevance tier of a product that is searched; none where it does not pass, or is not on sale.
    pub fn tier(&self, product: ProductId) -> Option<u8> {
        self.relevance(product).filter(|_| self.is_on_sale(product))
    }
}
