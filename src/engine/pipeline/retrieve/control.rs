//! Relevance control (MOPPR 1 and figure 1): which products answer the query, and which of them
//! have everything that was asked for.
//!
//! Two witnesses say what a query means: the query-to-category predictor, which has learned from
//! clicks, and the words themselves, held against titles and against what was clicked after the
//! queries that use them. The predictor is sure of queries that are typed often and guesses at
//! others; a word is as sure in any company.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::pipeline::stock::{QueryCount, Stock};
use crate::pipeline::{StageError, numbers};
use market::catalogue::{ProductId, ProductTypeId};
use market::features::search::ProductFeatures;
use market::text::{KeyWord, PartId, TokenVectors, key_words};
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
/// Least association of a word with a type at which most people who use the word mean the type as well,
/// though no title of the type has it: half of that of the type that has most to do with the word.
const MEANT: f32 = 0.5;
/// Of all that a word has to do with types, the share that those which bear it must hold for it to be their name:
/// "shoes" is about sandals and trainers as well as running shoes.
const MOSTLY: f32 = 0.5;
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
    /// Words of each part of a title, and of each type, brand and colour: what a product uses.
    of_parts: Vec<Vec<WordId>>,
    of_types: Vec<Vec<WordId>>,
    of_brands: Vec<Vec<WordId>>,
    of_colours: Vec<Vec<WordId>>,
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
    /// Words of the query that titles use, each with whether it may name what is asked for: what stands behind a
    /// preposition says what that is for.
    pub words: Vec<(WordId, bool)>,
    /// Whether something on sale is likely meant at all.
    pub is_likely: bool,
}

/// A word of a query, or a neighbour that stands for it.
struct Said {
    /// The words of the shop that speak for it, each with how near it is.
    by: Vec<(WordId, f32)>,
    /// It is a word of the shop itself.
    own: bool,
    /// It may name what is asked for.
    names: bool,
}

impl Lexicon {
    /// Of a shop.
    pub fn new(stock: &Stock) -> Self {
        let mut lexicon = Self {
            numbers: HashMap::new(),
            words: Vec::new(),
            of_parts: Vec::new(),
            of_types: Vec::new(),
            of_brands: Vec::new(),
            of_colours: Vec::new(),
            directions: Default::default(),
        };
        lexicon.read_products(stock);
        lexicon.read_queries(&stock.queries);
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

    fn read_products(&mut self, stock: &Stock) {
        let Stock { catalogue, parts, .. } = stock;
        let (names, logged) = (&catalogue.product_types, catalogue.logged());
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
        // What a word means hangs on the shop that queries were clicked in; a word that only newcomers use,
        // on them. Parts are numbered as they come, so theirs come last.
        let last = parts.texts().take(logged).flatten().max();
        let of_log = last.map_or(0, |last| *last as usize + 1);
        let mut different = parts.different();
        let mut of_parts: Vec<Vec<WordId>> = Vec::with_capacity(different.len());
        of_parts.extend(different.by_ref().take(of_log).map(|part| self.numbers_of(part)));
        let known = if catalogue.newcomers > 0 { self.words.len() } else { usize::MAX };
        of_parts.extend(different.map(|part| self.numbers_of(part)));
        let is_new = |word: &&WordId| **word as usize >= known;
        let has_new: Vec<bool> =
            of_parts.iter().map(|words| words.iter().any(|word| is_new(&word))).collect();

        let mut of_type = vec![0.0_f32; names.len()];
        let mut of_logged = of_type.clone();
        let mut uses = vec![BTreeMap::<ProductTypeId, f32>::new(); self.words.len()];
        let mut words: Vec<WordId> = Vec::new();
        let products = catalogue.products.iter().zip(parts.texts());
        for (number, (product, title)) in products.enumerate() {
            let of = usize::from(product.product_type);
            of_type[of] += 1.0;
            words.clear();
            if number < logged {
                of_logged[of] += 1.0;
                words.extend(title.iter().flat_map(|part| &of_parts[*part as usize]));
                words.extend(&of_types[of]);
                words.extend(&of_brands[usize::from(product.brand)]);
                words.extend(product.colour.iter().flat_map(|&c| &of_colours[usize::from(c)]));
            } else {
                // A million titles are looked at for the few parts that tell of something new.
                let telling = title.iter().filter(|part| has_new[**part as usize]);
                let all = telling.flat_map(|part| &of_parts[*part as usize]);
                words.extend(all.filter(is_new));
            }
            words.sort_unstable();
            words.dedup();
            for &word in &words {
                *uses[word as usize].entry(product.product_type).or_default() += 1.0;
            }
        }
        for (number, (word, uses)) in self.words.iter_mut().zip(uses).enumerate() {
            let all = if number < known { &of_logged } else { &of_type };
            let share = |(of, count): (ProductTypeId, f32)| (of, count / all[usize::from(of)]);
            word.types = uses.into_iter().map(share).collect();
        }
        (self.of_parts, self.of_types) = (of_parts, of_types);
        (self.of_brands, self.of_colours) = (of_brands, of_colours);
    }

    /// Numbers of a text's words, rising; words that are new get one.
    fn numbers_of(&mut self, text: &str) -> Vec<WordId> {
        let mut numbers: Vec<WordId> = key_words(text)
            .map(|KeyWord { text, stem, .. }| {
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
        let is_frequent = stock.frequency.knows(&query.to_lowercase());
        for KeyWord { text, stem, behind } in
            key_words(query).filter(|word| seen.insert(word.stem.clone()))
        {
            let own = self.numbers.get(&stem).copied();
            if own.is_none_or(|number| !self.words[number as usize].is_brand) {
                // A form that is hardly ever typed the predictor has not learned; its other number it has. A
                // query that is typed often it has learned as it stands.
                let read = match own {
                    Some(_) if !is_frequent => stock.spelling.usual(&text),
                    _ => text.as_str(),
                };
                pieces.extend(vectors.pieces(read));
            }
            let by = match own {
                Some(number) => vec![(number, 1.0)],
                None => self.neighbours(&text, vectors),
            };
            nearest = by.iter().fold(nearest, |most, (_, near)| near.max(most));
            said.push(Said { by, own: own.is_some(), names: !behind });
        }
        let mean = vectors.mean(&pieces);
        let is_known = mean.iter().any(|&value| value != 0.0);
        if !is_known && said.iter().all(|word| word.by.is_empty()) {
            return Ok(Evidence::default());
        }
        let types = stock.catalogue.product_types.len();
        let least = match is_frequent {
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
        let own = said.iter().filter(|word| word.own);
        let words = own.flat_map(|said| said.by.iter().map(|&(word, _)| (word, said.names)));
        let words = words.filter(|&(w, _)| !self.words[w as usize].types.is_empty());
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

    /// How the products of the types that pass differ by a word: none where it tells none of them apart.
    /// `likely` is how likely each type is meant, and those of at least `strict` pass.
    ///
    /// Titles decide within a type of which some use the word and others do not. A type whose titles never
    /// use it answers to it all the same if people who use it mean that type too ("light", a table lamp), or
    /// if the type is as likely meant as those that bear the word as a name ("standing light", a floor lamp
    /// rather than a pendant light): people have other words for things than titles.
    fn ask(&self, (word, names): (WordId, bool), likely: &[f32], strict: f32) -> Option<Ask> {
        let mut shares = vec![0.0_f32; likely.len()];
        for &(of, share) in &self.words[word as usize].types {
            shares[usize::from(of)] = share;
        }
        let association = self.association(word, likely.len());
        let passing = || (0..likely.len()).filter(move |&of| likely[of] >= strict);
        let bears = |of: usize| shares[of] >= 1.0;
        let of_bearers: f32 =
            (0..likely.len()).filter(|&of| bears(of)).map(|of| association[of]).sum();
        let is_theirs = of_bearers >= MOSTLY * association.iter().sum::<f32>();
        let named = passing().filter(|&of| names && is_theirs && bears(of));
        let named = named.map(|of| likely[of]).reduce(f32::max);
        let answers = |of: usize| {
            let is_meant =
                association[of] >= MEANT || named.is_some_and(|named| likely[of] >= named);
            shares[of] >= 1.0 || shares[of] == 0.0 && is_meant
        };
        let answered: Vec<bool> = (0..likely.len()).map(answers).collect();
        let within = passing().any(|of| shares[of] > 0.0 && shares[of] < 1.0);
        let between = named.is_some() && passing().any(|of| !answered[of]);
        (within || between).then_some(Ask { word, is_name: named.is_some(), answered })
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

/// A word of a query that some products of the types that pass answer to and others do not.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ask {
    word: WordId,
    /// All products of a type that passes bear it: it says what a thing is, not what it is like.
    is_name: bool,
    /// Whether each product type answers to it, whatever the titles say.
    answered: Vec<bool>,
}

/// Which of some words the parts of titles, the types, brands and colours use: a bit for each.
struct Uses {
    /// All of the words, and those of them that are names.
    all: u64,
    names: u64,
    /// The words that each type answers to.
    answered: Vec<u64>,
    of_parts: Vec<u64>,
    of_types: Vec<u64>,
    of_brands: Vec<u64>,
    /// As [`ProductFeatures::colour`] has them: the first is none.
    of_colours: Vec<u64>,
}

impl Uses {
    /// Words that there are bits for.
    const MOST: usize = u64::BITS as usize;

    fn new(lexicon: &Lexicon, asks: &[Ask]) -> Self {
        let bits_of = |holds: &dyn Fn(&Ask) -> bool| {
            let held = (0_u32..).zip(asks).filter(|(_, ask)| holds(ask));
            held.fold(0_u64, |bits, (bit, _)| bits | (1_u64 << bit))
        };
        let all = |lists: &[Vec<WordId>]| -> Vec<u64> {
            lists.iter().map(|own| bits_of(&|ask| own.contains(&ask.word))).collect()
        };
        let types = 0..lexicon.of_types.len();
        Self {
            all: bits_of(&|_| true),
            names: bits_of(&|ask| ask.is_name),
            answered: types.map(|of| bits_of(&|ask| ask.answered[of])).collect(),
            of_parts: all(&lexicon.of_parts),
            of_types: all(&lexicon.of_types),
            of_brands: all(&lexicon.of_brands),
            of_colours: [vec![0], all(&lexicon.of_colours)].concat(),
        }
    }

    /// How many of the words a product does not answer to: of names, and of others.
    fn lacked(&self, features: &ProductFeatures, product: usize, title: &[PartId]) -> [u32; 2] {
        let title = title.iter().fold(0, |bits, part| bits | self.of_parts[*part as usize]);
        let of = usize::from(features.product_type[product]);
        let has = title
            | self.answered[of]
            | self.of_types[of]
            | self.of_brands[usize::from(features.brand[product])]
            | self.of_colours[usize::from(features.colour[product])];
        let lacked = self.all & !has;
        [lacked & self.names, lacked & !self.names].map(u64::count_ones)
    }
}

/// Relevance tier of a product that lacks so many names and so many other words, of so many others that
/// are asked for. What a thing is comes before what it is like: whoever asks for a boucle armchair takes
/// one of velvet rather than a sofa of boucle.
fn tier_of([names, others]: [u32; 2], of_others: u32) -> u8 {
    (names * (of_others + 1) + others).min(u32::from(FILLED) - 1) as u8
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
    /// word that it does not answer to, after all of these where that is the name of a thing, [`FILLED`]
    /// beyond; none where it does not pass.
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
        let asks: Vec<Ask> =
            evidence.words.iter().filter_map(|&word| lexicon.ask(word, &likely, strict)).collect();
        let of_others = asks.iter().filter(|ask| !ask.is_name).count() as u32;
        let uses: Vec<Uses> =
            asks.chunks(Uses::MOST).map(|asks| Uses::new(lexicon, asks)).collect();
        let lacked = |product: usize, title: &[PartId]| {
            let lacked = uses.iter().map(|uses| uses.lacked(&stock.products, product, title));
            lacked.fold([0_u32; 2], |[names, others], [n, o]| [names + n, others + o])
        };
        let tier = |(product, title): (usize, &[PartId])| {
            let value = likely[usize::from(of_product[product])];
            match value {
                _ if value >= strict => Some(tier_of(lacked(product, title), of_others)),
                _ if value >= least => Some(FILLED),
                _ => None,
            }
        };
        let tiers = stock.parts.texts().enumerate().map(tier).collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Types of the shop below.
    const ARMCHAIR: usize = 0;
    const SOFA: usize = 1;
    const LAMP: usize = 2;

    /// A shop of one word, with the shares of the types whose titles use it, and the types that were clicked
    /// after it.
    fn shop(titles: &[(usize, f32)], clicked: &[(usize, f32)]) -> Lexicon {
        let of = |&(of, share): &(usize, f32)| (of as ProductTypeId, share);
        let word = Word {
            text: "word".into(),
            types: titles.iter().map(of).collect(),
            clicked: clicked.iter().map(of).collect(),
            is_brand: false,
        };
        Lexicon {
            numbers: HashMap::from([("word".into(), 0)]),
            words: vec![word],
            of_parts: vec![vec![0], vec![]],
            of_types: vec![vec![]; 3],
            of_brands: vec![vec![]],
            of_colours: vec![],
            directions: Default::default(),
        }
    }

    /// What is asked where armchairs and sofas pass, the former likelier.
    fn ask(titles: &[(usize, f32)], clicked: &[(usize, f32)]) -> Option<(bool, [bool; 2])> {
        let ask = shop(titles, clicked).ask((0, true), &[0.7, 0.2, 0.01], 0.07)?;
        Some((ask.is_name, [ask.answered[ARMCHAIR], ask.answered[SOFA]]))
    }

    #[test]
    fn a_name_tells_the_types_that_pass_apart() {
        assert_eq!(ask(&[(ARMCHAIR, 1.0)], &[]), Some((true, [true, false])));
        assert_eq!(ask(&[(ARMCHAIR, 1.0)], &[(SOFA, 0.1)]), Some((true, [true, false])));
        // Of both, of neither, or of one that does not pass.
        assert_eq!(ask(&[(ARMCHAIR, 1.0), (SOFA, 1.0)], &[]), None);
        assert_eq!(ask(&[], &[]), None);
        assert_eq!(ask(&[(LAMP, 1.0)], &[]), None);
    }

    #[test]
    fn a_word_of_many_types_is_the_name_of_none() {
        assert_eq!(
            ask(&[(ARMCHAIR, 1.0)], &[(SOFA, 0.4), (LAMP, 0.4)]),
            Some((true, [true, false]))
        );
        assert_eq!(ask(&[(ARMCHAIR, 1.0)], &[(SOFA, 0.4), (LAMP, 0.7)]), None);
    }

    #[test]
    fn what_a_thing_is_for_names_nothing() {
        let shop = shop(&[(ARMCHAIR, 1.0)], &[]);
        assert!(shop.ask((0, false), &[0.7, 0.2, 0.01], 0.07).is_none());
    }

    #[test]
    fn a_type_answers_to_a_name_that_people_mean_it_by() {
        assert_eq!(ask(&[(ARMCHAIR, 1.0)], &[(SOFA, 0.5)]), None);
        // The likelier type is not put behind the one that bears the name.
        assert_eq!(ask(&[(SOFA, 1.0)], &[]), None);
        // Titles that use it now and then decide for themselves.
        let some = [(ARMCHAIR, 1.0), (SOFA, 0.3)];
        assert_eq!(ask(&some, &[(SOFA, 1.0)]), Some((true, [true, false])));
    }

    #[test]
    fn what_a_thing_is_like_is_asked_of_titles() {
        assert_eq!(ask(&[(ARMCHAIR, 0.1)], &[]), Some((false, [false, false])));
        assert_eq!(ask(&[(ARMCHAIR, 0.1), (SOFA, 0.2)], &[(SOFA, 1.0)]), Some((false, [false; 2])));
        // People say it of sofas, and no title does.
        assert_eq!(ask(&[(ARMCHAIR, 0.1)], &[(SOFA, 1.0)]), Some((false, [false, true])));
    }

    #[test]
    fn what_a_thing_is_comes_before_what_it_is_like() {
        // All; the other two words; the name; everything.
        let tiers = [[0, 0], [0, 2], [1, 0], [1, 2]].map(|lacked| tier_of(lacked, 2));
        assert_eq!(tiers, [0, 2, 3, 5]);
        assert_eq!(tier_of([0, 1], 1), 1);
        assert_eq!(tier_of([20, 20], 20), FILLED - 1);
    }
}
