//! What people type: several thousand queries with their true intent, many in words that no
//! title uses, some misspelled.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::catalogue::{Catalogue, ProductTypeId};
use super::random::{Purpose, Random};
use super::stock::type_weight;
use super::table::{HABIT_DAYS, Table, TypeRow, WORK};

/// Queries of a type that ask for two things at once, at most.
const PAIRS: usize = 10;

/// What a query truly asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Product types that answer it: mostly one, several for a query like "shoes".
    pub types: Vec<ProductTypeId>,
    /// Brand asked for.
    pub brand: Option<u16>,
    /// Colour asked for.
    pub colour: Option<u8>,
    /// Attribute values asked for: index of the attribute in the type, index of the value.
    pub attributes: Vec<(u8, u8)>,
}

impl Intent {
    /// Whether any product of the types will do.
    fn is_plain(&self) -> bool {
        self.brand.is_none() && self.colour.is_none() && self.attributes.is_empty()
    }
}

/// A query with its truth.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Text as typed.
    pub text: String,
    /// What it asks for.
    pub intent: Intent,
    /// How often it is typed, relative to others.
    pub frequency: f32,
    /// Whether it is misspelled.
    pub misspelled: bool,
    /// Whether it shares no word with any title of its types: the vocabulary gap.
    pub gap: bool,
}

/// Words that carry no meaning of their own in titles and queries.
const STOP_WORDS: &[&str] = &[
    "a", "and", "as", "at", "for", "from", "in", "is", "of", "on", "or", "set", "the", "to",
    "with", "x",
];

/// Share of the demand for a type that is put in words other than its noun, where there are
/// natural ones.
const MOST_BY_OTHER_WORDS: f32 = 0.68;

/// Modifiers that no title uses, with their share.
const MODIFIERS: &[&str] = &[
    "cheap {}",
    "best {}",
    "good {}",
    "{} sale",
    "{} offers",
    "{} gift",
    "top rated {}",
    "affordable {}",
];

/// Words of a text in the form in which queries and titles are compared: lower case, without
/// stop words, plural endings and possessives.
pub fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'')
        .map(|word| {
            let lower = word.to_lowercase();
            let trimmed = lower.trim_matches('\'');
            let trimmed = trimmed.strip_suffix("'s").unwrap_or(trimmed);
            match trimmed.strip_suffix('s') {
                Some(stem) if stem.chars().count() >= 3 && !stem.ends_with('s') => stem.to_string(),
                _ => trimmed.to_string(),
            }
        })
        .filter(|word| !word.is_empty() && !STOP_WORDS.contains(&word.as_str()))
}

/// Generates the queries, most frequent first.
pub(crate) fn queries(seed: u64, table: &Table, catalogue: &Catalogue) -> Vec<Query> {
    let mut writer = Writer {
        table,
        random: Random::new(seed, Purpose::Queries, 0),
        known: HashMap::new(),
        queries: Vec::new(),
    };
    let brands: Vec<Vec<u16>> = brands_by_type(catalogue, table.types.len())
        .into_iter()
        .map(|brands| brands.into_iter().collect())
        .collect();
    let mut demands = Vec::with_capacity(table.types.len());
    for (number, row) in table.types.iter().enumerate() {
        let demand = demand(row) * writer.random.log_normal(0.0, 0.25);
        demands.push(demand);
        writer.write_type(number as ProductTypeId, row, demand, &brands[number], catalogue);
    }
    for broad in &table.broad {
        let demand: f32 = broad.types.iter().map(|t| demands[usize::from(*t)]).sum();
        let intent = Intent { types: broad.types.clone(), ..Intent::default() };
        writer.add(broad.text.clone(), intent, 0.08 * demand);
    }
    writer.misspell();

    let title_words = title_words(catalogue, table.types.len());
    let mut queries = writer.queries;
    for query in &mut queries {
        query.gap = words(&query.text).all(|word| {
            query.intent.types.iter().all(|t| !title_words[usize::from(*t)].contains(&word))
        });
    }
    queries.sort_by(|a, b| b.frequency.total_cmp(&a.frequency).then_with(|| a.text.cmp(&b.text)));
    queries
}

/// How often a type is asked for, relative to others.
pub(crate) fn demand(row: &TypeRow) -> f32 {
    libm::sqrtf(type_weight(row))
        * libm::powf(row.repurchase_days, -0.3)
        * if row.owners.is_empty() { 1.0 } else { 0.5 }
}

/// Words of all titles, by type.
pub(crate) fn title_words(catalogue: &Catalogue, types: usize) -> Vec<BTreeSet<String>> {
    let mut by_type = vec![BTreeSet::new(); types];
    for product in &catalogue.products {
        by_type[usize::from(product.product_type)].extend(words(&product.title));
    }
    by_type
}

fn brands_by_type(catalogue: &Catalogue, types: usize) -> Vec<BTreeSet<u16>> {
    let mut by_type = vec![BTreeSet::new(); types];
    for product in &catalogue.products {
        by_type[usize::from(product.product_type)].insert(product.brand);
    }
    by_type
}

/// Writes queries, each text once.
struct Writer<'a> {
    table: &'a Table,
    random: Random,
    /// Where each text is among the queries.
    known: HashMap<String, usize>,
    queries: Vec<Query>,
}

impl Writer<'_> {
    /// Adds a query. A text that is there already, like "notebook", means both things.
    fn add(&mut self, text: String, intent: Intent, frequency: f32) {
        let text = text.to_lowercase();
        let frequency = frequency * self.random.log_normal(0.0, 0.35);
        if let Some(place) = self.known.get(&text) {
            let known = &mut self.queries[*place];
            if known.intent.is_plain() && intent.is_plain() {
                known.intent.types.extend(intent.types);
                known.intent.types.sort_unstable();
                known.intent.types.dedup();
                known.frequency += frequency;
            }
            return;
        }
        self.known.insert(text.clone(), self.queries.len());
        self.queries.push(Query { text, intent, frequency, misspelled: false, gap: false });
    }

    fn write_type(
        &mut self,
        number: ProductTypeId,
        row: &TypeRow,
        demand: f32,
        brands: &[u16],
        catalogue: &Catalogue,
    ) {
        // Heads: the words people use in place of the noun of the titles, the first the most,
        // and the noun itself for the rest.
        let mut heads = vec![(row.noun.clone(), 1.0)];
        let ease = row.asked.iter().enumerate().map(|(rank, (_, ease))| ease / (rank + 1) as f32);
        let total: f32 = ease.clone().sum();
        let share = MOST_BY_OTHER_WORDS / total.max(1.0);
        for ((asked, _), ease) in row.asked.iter().zip(ease) {
            heads[0].1 -= share * ease;
            heads.push((asked.clone(), share * ease));
        }
        for (rank, (head, share)) in heads.iter().enumerate() {
            let weight = demand * share;
            let of_type =
                |attributes| Intent { types: vec![number], attributes, ..Intent::default() };
            self.add(head.clone(), of_type(vec![]), 2.3 * weight);
            let modifier = self.random.below(MODIFIERS.len());
            for step in 0..if rank == 0 { 2 } else { 1 } {
                let pattern = MODIFIERS[(modifier + 3 * step) % MODIFIERS.len()];
                self.add(pattern.replace("{}", head), of_type(vec![]), 0.35 * weight);
            }
            // Long descriptions stand alone; short words are qualified.
            if rank > 1 || rank > 0 && head.split(' ').count() > 2 {
                continue;
            }
            // What is bought by habit is mostly stuff without a plural: milk, cat food.
            if row.repurchase_days > HABIT_DAYS {
                self.add(plural(head), of_type(vec![]), 0.7 * weight);
            }
            for (index, attribute) in row.attributes.iter().enumerate() {
                let interest = match attribute.name.as_str() {
                    "audience" => 1.9,
                    "pack" | "size" => 0.6,
                    _ => 1.2,
                };
                for (value_index, value) in attribute.values.iter().enumerate() {
                    let weight = weight * interest / attribute.values.len() as f32;
                    let intent = of_type(vec![(index as u8, value_index as u8)]);
                    if attribute.name == WORK {
                        let name = value.text.split(':').next().unwrap_or(&value.text);
                        self.add(name.into(), intent, weight);
                    } else {
                        self.add(format!("{} {head}", value.text), intent, weight);
                    }
                }
            }
            for brand in brands.iter().filter(|_| rank == 0) {
                let name = &catalogue.brands[usize::from(*brand)];
                let intent = Intent { brand: Some(*brand), ..of_type(vec![]) };
                self.add(format!("{name} {head}"), intent, 0.9 * weight / brands.len() as f32);
            }
            for colour in &row.colours {
                let name = &self.table.colours[usize::from(*colour)].0;
                let intent = Intent { colour: Some(*colour), ..of_type(vec![]) };
                self.add(format!("{name} {head}"), intent, weight / row.colours.len() as f32);
            }
        }
        self.write_pairs(number, row, demand * heads[0].1, brands, catalogue);
    }

    /// Queries for two things at once: a make in a colour, a make by a brand.
    fn write_pairs(
        &mut self,
        number: ProductTypeId,
        row: &TypeRow,
        weight: f32,
        brands: &[u16],
        catalogue: &Catalogue,
    ) {
        let asked = |attribute: &&(usize, _)| !matches!(attribute.1, "pack" | "size" | WORK);
        let named: Vec<(usize, &str)> =
            row.attributes.iter().map(|a| a.name.as_str()).enumerate().collect();
        let named: Vec<(usize, &str)> = named.iter().filter(asked).copied().collect();
        for _ in 0..PAIRS {
            let Some((place, _)) = self.random.pick(&named).copied() else {
                return;
            };
            let value = self.random.below(row.attributes[place].values.len());
            let text = row.attributes[place].values[value].text.as_str();
            let colour = self.random.pick(&row.colours).copied();
            let intent = Intent {
                types: vec![number],
                attributes: vec![(place as u8, value as u8)],
                ..Intent::default()
            };
            let noun = &row.noun;
            match colour {
                Some(colour) if self.random.chance(0.6) => {
                    let name = &self.table.colours[usize::from(colour)].0;
                    let intent = Intent { colour: Some(colour), ..intent };
                    self.add(format!("{name} {text} {noun}"), intent, 1.2 * weight / PAIRS as f32);
                }
                _ => {
                    let Some(brand) = self.random.pick(brands).copied() else {
                        continue;
                    };
                    let name = &catalogue.brands[usize::from(brand)];
                    let intent = Intent { brand: Some(brand), ..intent };
                    self.add(format!("{name} {text} {noun}"), intent, 0.8 * weight / PAIRS as f32);
                }
            }
        }
    }

    /// Adds misspellings of the more frequent half.
    fn misspell(&mut self) {
        let mut frequencies: Vec<f32> = self.queries.iter().map(|query| query.frequency).collect();
        frequencies.sort_by(f32::total_cmp);
        let middle = frequencies.get(frequencies.len() / 2).copied().unwrap_or_default();
        let clean = self.queries.len();
        for number in 0..clean {
            if self.queries[number].frequency < middle || !self.random.chance(0.6) {
                continue;
            }
            if let Some(text) = misspelling(&self.queries[number].text, &mut self.random)
                && !self.known.contains_key(&text)
            {
                self.known.insert(text.clone(), self.queries.len());
                let original = &self.queries[number];
                let frequency = original.frequency * 0.1;
                let intent = original.intent.clone();
                self.queries.push(Query { text, intent, frequency, misspelled: true, gap: false });
            }
        }
    }
}

/// The plural of a head, by English rules that fit the nouns at hand.
fn plural(head: &str) -> String {
    if head.ends_with('s') || head.ends_with("wear") || head.ends_with("furniture") {
        head.into()
    } else if head.ends_with("sh") || head.ends_with("ch") || head.ends_with('x') {
        format!("{head}es")
    } else if let Some(stem) = head.strip_suffix('y')
        && !stem.ends_with(['a', 'e', 'o', 'u'])
    {
        format!("{stem}ies")
    } else {
        format!("{head}s")
    }
}

/// One slip of the fingers in the longest word: a letter left out, doubled, or two swapped.
fn misspelling(text: &str, random: &mut Random) -> Option<String> {
    let word = text.split(' ').max_by_key(|word| word.chars().count())?;
    let mut letters: Vec<char> = word.chars().collect();
    if letters.len() < 5 || !letters.iter().all(|letter| letter.is_alphabetic()) {
        return None;
    }
    // The first letter is nearly always right.
    let place = 1 + random.below(letters.len() - 2);
    match random.below(3) {
        0 => {
            letters.remove(place);
        }
        1 => letters.insert(place, letters[place]),
        _ => letters.swap(place, place + 1),
    }
    let slipped: String = letters.into_iter().collect();
    (slipped != word).then(|| text.replacen(word, &slipped, 1))
}
