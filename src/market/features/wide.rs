//! Wide features of a query and an item (MLPR 3.1): the traditional features of learning to rank.
//!
//! As in the paper, features of engagement are left out (3.1), those of this query and this item
//! together and those of the item, its product type and its brand: the samples are pairs over a
//! whole month (4.1), and what came of an item in that month is what they are to tell. What is known
//! of the products that a log tells of is laid out once ([`WideTables`]), what is known of the query once
//! a request; a candidate then costs a few dozen look-ups. Of newcomers, of which there may be a million,
//! nothing is laid out: what is known of one is made in the requests that name it.

mod words;

use std::collections::HashMap;

use super::dense::{self, COUNTED, PROFILE, QueryMatch, Shop, log};
use super::statistics::{Counts, Statistics};
use crate::catalogue::{Catalogue, Product, ProductId};
use words::{UNNUMBERED, Vocabulary, Word, common, stems, trigrams};

/// What a wide feature is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Of the item alone.
    Item,
    /// Of the query alone.
    Query,
    /// How the item fits the query.
    Interaction,
}

impl Kind {
    /// Name as shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Item => "item",
            Self::Query => "query",
            Self::Interaction => "query-item-interaction",
        }
    }
}

/// Number of features of the item's profile: DMT's, but for what is counted.
const OF_PROFILE: usize = PROFILE - COUNTED;
/// Number of features of the item.
const ITEM: usize = OF_PROFILE + 6;
/// Number of features of the query.
const QUERY: usize = 9;
/// Number of features of the two together.
const INTERACTION: usize = 21;
/// Number of wide features.
pub const COUNT: usize = ITEM + QUERY + INTERACTION;

/// Name and kind of each wide feature, in their order.
pub const FEATURES: [(&str, Kind); COUNT] = {
    use Kind::{Interaction as X, Item as I, Query as Q};
    let mut features = [("", I); COUNT];
    let mut n = 0;
    while n < OF_PROFILE {
        features[n].0 = dense::FEATURES[COUNTED + n].0;
        n += 1;
    }
    let own = [
        ("price-against-the-mean-of-the-product-type", I),
        ("rating-less-the-mean-of-the-product-type", I),
        ("products-of-the-product-type", I),
        ("products-of-the-brand", I),
        ("words-in-the-title", I),
        ("comes-in-a-colour", I),
        ("words-in-the-query", Q),
        ("characters-in-the-query", Q),
        ("frequency-of-the-query", Q),
        ("probability-of-the-likeliest-product-type", Q),
        ("entropy-of-the-predicted-product-types", Q),
        ("the-query-names-a-brand", Q),
        ("the-query-names-a-colour", Q),
        ("the-query-holds-a-number", Q),
        ("share-of-the-querys-words-that-no-product-has", Q),
        ("share-of-the-querys-words-in-the-title", X),
        ("words-of-the-query-in-the-title", X),
        ("share-of-the-titles-words-in-the-query", X),
        ("bm25-of-the-title", X),
        ("bm25-of-product-type-and-department", X),
        ("bm25-of-the-brand", X),
        ("bm25-of-all-fields", X),
        ("the-querys-last-word-is-in-the-title", X),
        ("the-querys-last-word-is-in-the-product-type", X),
        ("share-of-the-product-types-words-in-the-query", X),
        ("neighbouring-words-of-the-query-that-are-neighbours-in-the-title", X),
        ("nearness-of-the-first-shared-word-to-the-titles-start", X),
        ("dice-coefficient-of-the-letter-trigrams-of-query-and-title", X),
        ("share-of-the-querys-letter-trigrams-in-title-and-product-type", X),
        ("the-brand-is-the-one-asked-for", X),
        ("the-colour-is-the-one-asked-for", X),
        ("a-number-of-the-query-is-in-the-title", X),
        ("predicted-probability-of-the-product-type", X),
        ("one-over-the-rank-of-the-predicted-product-type", X),
        ("predicted-probability-of-the-department", X),
        ("cosine-of-query-and-title", X),
    ];
    let mut n = 0;
    while n < own.len() {
        features[OF_PROFILE + n] = own[n];
        n += 1;
    }
    features
};

/// BM25's k1 and b.
const K1: f32 = 1.2;
/// See [`K1`].
const B: f32 = 0.75;

/// What is known of products before any request.
#[derive(Clone, Debug)]
pub struct WideTables {
    words: HashMap<String, Word>,
    /// Inverse document frequency of each word.
    idf: Vec<f32>,
    /// Whether each word holds a digit.
    number: Vec<bool>,
    /// The products that a log tells of.
    items: Vec<Item>,
    /// What every item is made of.
    groups: Groups,
    /// Words of each product type's name, and of its department's behind them.
    types: Vec<(Vec<Word>, Vec<Word>)>,
    departments: Vec<u16>,
    brands: Vec<Vec<Word>>,
    colours: Vec<Vec<Word>>,
    /// Mean number of words of a title, of type and department, of a brand, of all together.
    lengths: [f32; 4],
}

/// What is known of one product.
#[derive(Clone, Debug)]
struct Item {
    features: [f32; ITEM],
    title: Vec<Word>,
    /// Letter trigrams of the title, sorted, and those of the product type with them.
    trigrams: Vec<u32>,
    all_trigrams: Vec<u32>,
    product_type: u16,
    brand: u16,
    colour: Option<u8>,
}

impl WideTables {
    /// Lays out what a catalogue says. Newcomers change nothing of it.
    pub fn new(catalogue: &Catalogue) -> Self {
        let mut vocabulary = Vocabulary::default();
        let names = |vocabulary: &mut Vocabulary, names: &mut dyn Iterator<Item = &str>| {
            names.map(|name| vocabulary.of(name)).collect::<Vec<_>>()
        };
        let departments =
            names(&mut vocabulary, &mut catalogue.departments.iter().map(|d| d.name.as_str()));
        let types: Vec<(Vec<Word>, Vec<Word>)> = catalogue
            .product_types
            .iter()
            .map(|t| (vocabulary.of(&t.name), departments[usize::from(t.department)].clone()))
            .collect();
        let brands = names(&mut vocabulary, &mut catalogue.brands.iter().map(String::as_str));
        let colours =
            names(&mut vocabulary, &mut catalogue.colours.iter().map(|c| c.name.as_str()));
        let groups = Groups::new(catalogue);
        let items = catalogue.products[..catalogue.logged()]
            .iter()
            .map(|product| groups.item(catalogue, product, vocabulary.of(&product.title)))
            .collect();
        let mut tables = Self {
            idf: Vec::new(),
            number: vocabulary.number,
            words: vocabulary.words,
            items,
            groups,
            types,
            departments: catalogue.product_types.iter().map(|t| t.department).collect(),
            brands,
            colours,
            lengths: [1.0; 4],
        };
        tables.count();
        tables
    }

    /// Document frequencies and mean lengths.
    fn count(&mut self) {
        let mut documents = vec![0_u32; self.words.len()];
        let mut sums = [0.0_f32; 4];
        for item in &self.items {
            let mut words = self.fields(item).concat();
            for (sum, field) in sums.iter_mut().zip(self.fields(item)) {
                *sum += field.len() as f32;
            }
            sums[3] += words.len() as f32;
            words.sort_unstable();
            words.dedup();
            words.into_iter().for_each(|word| documents[word as usize] += 1);
        }
        let all = self.items.len() as f32;
        self.lengths = sums.map(|sum| (sum / all.max(1.0)).max(1.0));
        let idf = |&n: &u32| ((all - n as f32 + 0.5) / (n as f32 + 0.5)).ln_1p();
        self.idf = documents.iter().map(idf).collect();
    }

    /// Words of the title, of type and department, of the brand.
    fn fields(&self, item: &Item) -> [Vec<Word>; 3] {
        let (name, department) = &self.types[usize::from(item.product_type)];
        let brand = &self.brands[usize::from(item.brand)];
        [item.title.clone(), [name.as_slice(), department].concat(), brand.clone()]
    }

    /// Wide features of every candidate for a query: `candidates.len() * COUNT` numbers, candidate
    /// by candidate. `catalogue` is the one that the tables were laid out of, whichever newcomers it
    /// sells by now; `frequency` is the query's bucket, `matching` what the retriever's text parts see.
    ///
    /// A word that only newcomers' titles hold is not known: in a query it is one that no product has,
    /// and is not found even in a title that holds it, but for its letter trigrams. In the title it
    /// counts for the number of words.
    ///
    /// # Panics
    /// If a candidate is not in the catalogue, or if a slice of `matching` is neither empty nor as
    /// long as it should be.
    pub fn request(
        &self,
        catalogue: &Catalogue,
        query: &str,
        frequency: u8,
        matching: QueryMatch<'_>,
        candidates: &[ProductId],
    ) -> Vec<f32> {
        let query = Query::new(self, query, frequency, matching.product_types);
        let mut features = Vec::with_capacity(candidates.len() * COUNT);
        for (number, &product) in candidates.iter().enumerate() {
            let newcomer;
            let item = match self.items.get(product as usize) {
                Some(item) => item,
                None => {
                    newcomer = self.newcomer(catalogue, &catalogue.products[product as usize]);
                    &newcomer
                }
            };
            features.extend(item.features);
            features.extend(query.features);
            features.extend(query.interaction(self, item));
            features.push(matching.cosine.get(number).copied().unwrap_or(0.0));
        }
        features
    }

    fn newcomer(&self, catalogue: &Catalogue, product: &Product) -> Item {
        let number = |word: String| self.words.get(&word).copied().unwrap_or(UNNUMBERED);
        self.groups.item(catalogue, product, stems(&product.title).map(number).collect())
    }

    /// BM25 of the query's words over a field of these words, whose mean length is `mean`.
    fn bm25(&self, query: &[Word], field: &[&[Word]], mean: f32) -> f32 {
        let length: usize = field.iter().map(|part| part.len()).sum();
        let norm = K1 * (1.0 - B + B * length as f32 / mean);
        query
            .iter()
            .map(|word| {
                let count = |part: &&[Word]| part.iter().filter(|other| *other == word).count();
                let tf = field.iter().map(count).sum::<usize>() as f32;
                self.idf[*word as usize] * tf * (K1 + 1.0) / (tf + norm)
            })
            .sum()
    }
}

/// What is known of a query before any candidate.
struct Query {
    features: [f32; QUERY],
    /// Words that the catalogue knows; how many there are with the others.
    known: Vec<Word>,
    /// Every word in its place, none where no product has it.
    words: Vec<Option<Word>>,
    trigrams: Vec<u32>,
    brands: Vec<u16>,
    colours: Vec<u8>,
    /// Probability of each product type and one over its rank, and of each department.
    types: Vec<(f32, f32)>,
    departments: Vec<f32>,
}

impl Query {
    fn new(tables: &WideTables, text: &str, frequency: u8, predicted: &[f32]) -> Self {
        let words: Vec<Option<Word>> =
            stems(text).map(|word| tables.words.get(&word).copied()).collect();
        let known: Vec<Word> = words.iter().flatten().copied().collect();
        let named = |names: &[Vec<Word>]| -> Vec<usize> {
            let is_in = |name: &Vec<Word>| {
                let same = |window: &[Option<Word>]| {
                    window.iter().zip(name).all(|(word, of_name)| *word == Some(*of_name))
                };
                !name.is_empty() && words.windows(name.len()).any(same)
            };
            (0..names.len()).filter(|&number| is_in(&names[number])).collect()
        };
        let brands: Vec<u16> = named(&tables.brands).into_iter().map(|n| n as u16).collect();
        let colours: Vec<u8> = named(&tables.colours).into_iter().map(|n| n as u8).collect();

        let mut ranked: Vec<usize> = (0..predicted.len()).collect();
        ranked.sort_by(|&a, &b| predicted[b].total_cmp(&predicted[a]).then(a.cmp(&b)));
        let mut types = vec![(0.0, 0.0); predicted.len()];
        for (rank, number) in ranked.into_iter().enumerate() {
            types[number] = (predicted[number], 1.0 / (rank + 1) as f32);
        }
        let last = tables.departments.iter().max().map_or(0, |&last| usize::from(last));
        let mut departments = vec![0.0; last + 1];
        for (probability, &department) in predicted.iter().zip(&tables.departments) {
            departments[usize::from(department)] += probability;
        }
        let likeliest = predicted.iter().copied().fold(0.0, f32::max);
        let entropy: f32 = predicted.iter().filter(|&&p| p > 0.0).map(|p| -p * p.ln()).sum();
        let unknown = words.len() - known.len();
        let features = [
            words.len() as f32,
            log(text.chars().count() as f32),
            f32::from(frequency),
            likeliest,
            entropy,
            flag(!brands.is_empty()),
            flag(!colours.is_empty()),
            flag(text.chars().any(|c| c.is_ascii_digit())),
            unknown as f32 / words.len().max(1) as f32,
        ];
        let trigrams = trigrams(text);
        Self { features, known, words, trigrams, brands, colours, types, departments }
    }

    /// All but the cosine, which is not known here.
    fn interaction(&self, tables: &WideTables, item: &Item) -> [f32; INTERACTION - 1] {
        let title = item.title.as_slice();
        let product_type = usize::from(item.product_type);
        let (name, department) = &tables.types[product_type];
        let brand = tables.brands[usize::from(item.brand)].as_slice();
        let found = self.known.iter().filter(|word| title.contains(word)).count() as f32;
        let share = |words: &[Word]| {
            let shared = words.iter().filter(|word| self.known.contains(word)).count();
            shared as f32 / words.len().max(1) as f32
        };
        let last = self.words.last().copied().flatten();
        let last_in = |words: &[Word]| flag(last.is_some_and(|last| words.contains(&last)));
        let neighbours = self.words.windows(2).filter(|pair| match pair {
            [Some(one), Some(two)] => title.windows(2).any(|w| w == [*one, *two]),
            _ => false,
        });
        let first = title.iter().position(|word| self.known.contains(word));
        let shared = common(&self.trigrams, &item.trigrams) as f32;
        let length = (self.trigrams.len() + item.trigrams.len()).max(1) as f32;
        let in_all = common(&self.trigrams, &item.all_trigrams) as f32;
        let numbers = self.known.iter().filter(|&&word| tables.number[word as usize]);
        let (probability, rank) = self.types.get(product_type).copied().unwrap_or_default();
        let of_department = usize::from(tables.departments[product_type]);
        let [of_title, of_type, of_brand, of_all] = tables.lengths;
        [
            found / self.words.len().max(1) as f32,
            found,
            share(title),
            tables.bm25(&self.known, &[title], of_title),
            tables.bm25(&self.known, &[name, department], of_type),
            tables.bm25(&self.known, &[brand], of_brand),
            tables.bm25(&self.known, &[title, name, department, brand], of_all),
            last_in(title),
            last_in(name),
            share(name),
            neighbours.count() as f32,
            first.map_or(0.0, |place| 1.0 / (place + 1) as f32),
            2.0 * shared / length,
            in_all / self.trigrams.len().max(1) as f32,
            asked(&self.brands, Some(item.brand)),
            asked(&self.colours, item.colour),
            flag(numbers.into_iter().any(|word| title.contains(word))),
            probability,
            rank,
            self.departments.get(of_department).copied().unwrap_or(0.0),
        ]
    }
}

/// 1 if it is among what is asked for, -1 if something else is, 0 if nothing is.
fn asked<T: PartialEq>(asked: &[T], own: Option<T>) -> f32 {
    match own {
        _ if asked.is_empty() => 0.0,
        Some(own) if asked.contains(&own) => 1.0,
        _ => -1.0,
    }
}

fn flag(value: bool) -> f32 {
    f32::from(u8::from(value))
}

/// Product types and brands, and what items are made of beside them.
#[derive(Clone, Debug)]
struct Groups {
    shop: Shop,
    of_type: Vec<Group>,
    of_brand: Vec<Group>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Group {
    products: f32,
    ln_price: f32,
    rating: f32,
}

impl Groups {
    fn new(catalogue: &Catalogue) -> Self {
        let mut of_type = vec![Group::default(); catalogue.product_types.len()];
        let mut of_brand = vec![Group::default(); catalogue.brands.len()];
        for product in &catalogue.products[..catalogue.logged()] {
            for group in [
                &mut of_type[usize::from(product.product_type)],
                &mut of_brand[usize::from(product.brand)],
            ] {
                group.products += 1.0;
                group.ln_price += log(product.price_cents as f32);
                group.rating += product.rating;
            }
        }
        // Nothing that is counted is read.
        let shop = Shop::new(catalogue, &Statistics::new(0));
        Self { shop, of_type, of_brand }
    }

    /// What is known of a product whose title has these words.
    fn item(&self, catalogue: &Catalogue, product: &Product, title: Vec<Word>) -> Item {
        let name = &catalogue.product_types[usize::from(product.product_type)].name;
        let profile = self.shop.profile(product, &Counts::default());
        let mut features = [0.0; ITEM];
        features[..OF_PROFILE].copy_from_slice(&profile[COUNTED..]);
        features[OF_PROFILE..].copy_from_slice(&self.features(product, title.len()));
        Item {
            features,
            title,
            trigrams: trigrams(&product.title),
            all_trigrams: trigrams(&format!("{} {name}", product.title)),
            product_type: product.product_type,
            brand: product.brand,
            colour: product.colour,
        }
    }

    /// Features that compare a product with others, and those of its title, which has so many words.
    fn features(&self, product: &Product, words: usize) -> [f32; ITEM - OF_PROFILE] {
        let of_type = self.of_type[usize::from(product.product_type)];
        [
            log(product.price_cents as f32) - of_type.ln_price / of_type.products,
            product.rating - of_type.rating / of_type.products,
            log(of_type.products),
            log(self.of_brand[usize::from(product.brand)].products),
            words as f32,
            flag(product.colour.is_some()),
        ]
    }
}

#[cfg(test)]
mod tests;
