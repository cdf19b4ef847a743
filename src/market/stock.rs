//! Fills the shelves: products of every type, with titles, prices and reviews that fit together.

use std::collections::HashSet;

use super::catalogue::{
    Catalogue, Colour, Department, Product, ProductId, ProductType, ProductTypeId,
};
use super::random::{Purpose, Random};
use super::table::{Table, TypeRow, WORK};
use super::truth::{ProductTruth, STYLE_DIMENSIONS};

/// Products a type has at least.
const FEWEST_PER_TYPE: usize = 4;
/// Titles tried before a second listing of the same title is accepted.
const TITLE_ATTEMPTS: usize = 24;

/// What is on sale and the truth behind it; products of a type have consecutive ids.
pub(crate) struct Stock {
    pub catalogue: Catalogue,
    pub truths: Vec<ProductTruth>,
    /// First product of each type, and the number of products at the end.
    pub starts: Vec<ProductId>,
}

/// A brand of the whole market, as the group that makes one kind of thing sees it.
struct Brand {
    id: u16,
    tier: f32,
    /// Share of its group's products.
    size: f32,
    style: [f32; STYLE_DIMENSIONS],
    /// Its own shop on the platform, if it has one.
    shop: Option<u16>,
}

/// Generates the products.
pub(crate) fn stock(seed: u64, products: usize, table: &Table) -> Stock {
    let mut catalogue = Catalogue {
        seed,
        departments: table
            .departments
            .iter()
            .map(|row| Department { name: row.name.clone() })
            .collect(),
        product_types: table
            .types
            .iter()
            .map(|row| ProductType {
                name: row.name.clone(),
                department: row.department,
                icon: row.icon.clone(),
                repurchase_days: row.repurchase_days,
            })
            .collect(),
        brands: Vec::new(),
        shops: Vec::new(),
        colours: table
            .colours
            .iter()
            .map(|(name, hex)| Colour { name: name.clone(), hex: hex.clone() })
            .collect(),
        products: Vec::with_capacity(products),
    };
    let groups = found_brands(seed, table, &mut catalogue);
    let mut open = |names: &[String]| -> Vec<u16> {
        names.iter().map(|name| intern(&mut catalogue.shops, name)).collect()
    };
    let department_shops: Vec<Vec<u16>> =
        table.departments.iter().map(|row| open(&row.shops)).collect();
    let group_shops: Vec<Vec<u16>> = table.groups.iter().map(|row| open(&row.shops)).collect();

    let mut truths = Vec::with_capacity(products);
    let mut starts = Vec::with_capacity(table.types.len() + 1);
    for (number, count) in allocate(products, table).into_iter().enumerate() {
        starts.push(catalogue.products.len() as ProductId);
        let row = &table.types[number];
        let mut maker = Maker {
            product_type: number as ProductTypeId,
            row,
            table,
            brands: &groups[row.group],
            shops: match group_shops[row.group].as_slice() {
                [] => &department_shops[usize::from(row.department)],
                own => own,
            },
            random: Random::new(seed, Purpose::Products, number as u64),
            titles: HashSet::with_capacity(count),
        };
        for _ in 0..count {
            let (product, truth) = maker.make();
            catalogue.products.push(product);
            truths.push(truth);
        }
    }
    starts.push(catalogue.products.len() as ProductId);
    Stock { catalogue, truths, starts }
}

fn intern(names: &mut Vec<String>, name: &str) -> u16 {
    let known = names.iter().position(|known| known == name);
    known.unwrap_or_else(|| {
        names.push(name.into());
        names.len() - 1
    }) as u16
}

/// Brands by group; a name that several groups use is one brand with one style.
fn found_brands(seed: u64, table: &Table, catalogue: &mut Catalogue) -> Vec<Vec<Brand>> {
    let mut random = Random::new(seed, Purpose::Names, 0);
    let mut styles: Vec<[f32; STYLE_DIMENSIONS]> = Vec::new();
    table
        .groups
        .iter()
        .map(|group| {
            group
                .brands
                .iter()
                .map(|row| {
                    let id = intern(&mut catalogue.brands, &row.name);
                    if styles.len() < catalogue.brands.len() {
                        styles.push(std::array::from_fn(|_| random.normal()));
                    }
                    let shop = (row.tier > 0)
                        .then(|| intern(&mut catalogue.shops, &format!("{} Store", row.name)));
                    Brand {
                        id,
                        tier: f32::from(row.tier),
                        size: random.log_normal(0.0, 0.45),
                        style: styles[usize::from(id)],
                        shop,
                    }
                })
                .collect()
        })
        .collect()
}

/// How many products each type gets: its share, and no fewer than [`FEWEST_PER_TYPE`].
fn allocate(products: usize, table: &Table) -> Vec<usize> {
    let shares: f32 = table.types.iter().map(|row| row.share).sum();
    let mut counts: Vec<usize> = table
        .types
        .iter()
        .map(|row| ((products as f32 * row.share / shares) as usize).max(FEWEST_PER_TYPE))
        .collect();
    // Rounding down leaves a few over: one more for each type in turn.
    let given: usize = counts.iter().sum();
    for over in 0..products.saturating_sub(given) {
        let types = counts.len();
        counts[over % types] += 1;
    }
    counts
}

/// Makes the products of one type.
struct Maker<'a> {
    product_type: ProductTypeId,
    row: &'a TypeRow,
    table: &'a Table,
    brands: &'a [Brand],
    shops: &'a [u16],
    random: Random,
    titles: HashSet<String>,
}

/// What a title is written from.
struct Choice {
    brand: usize,
    line: String,
    attributes: Vec<u8>,
    colour: Option<u8>,
}

impl Maker<'_> {
    fn make(&mut self) -> (Product, ProductTruth) {
        let mut choice = self.choose();
        let mut title = self.title(&choice);
        for _ in 0..TITLE_ATTEMPTS {
            if !self.titles.contains(&title) {
                break;
            }
            choice = self.choose();
            title = self.title(&choice);
        }
        self.titles.insert(title.clone());

        let brand = &self.brands[choice.brand];
        let quality = 0.45 * brand.tier + 0.85 * self.random.normal();
        let appeal = 0.25 * brand.tier + 0.95 * self.random.normal();
        let (price_cents, price_position) = self.price(&choice, quality);
        // Reviewers see quality, and a bargain in its price; few of them see it less surely.
        let popularity = self.random.normal();
        let reviews = self.random.log_normal(4.1 + 0.25 * quality + 0.2 * brand.tier, 0.9);
        let reviews = (reviews * libm::expf(0.8 * popularity)).clamp(1.0, 40_000.0) as u32;
        let spread = 0.12 + 0.6 / libm::sqrtf(1.0 + reviews as f32);
        let rating = 4.2 + 0.3 * quality - 0.06 * price_position + spread * self.random.normal();
        let shop = match brand.shop {
            Some(own) if self.random.chance(0.45) => own,
            _ => self.random.pick(self.shops).copied().unwrap_or_default(),
        };
        let own_style =
            |axis: usize, random: &mut Random| 0.7 * brand.style[axis] + 0.7 * random.normal();
        let style = std::array::from_fn(|axis| own_style(axis, &mut self.random));
        let product = Product {
            title,
            product_type: self.product_type,
            brand: brand.id,
            shop,
            colour: choice.colour,
            price_cents,
            rating: libm::roundf(rating.clamp(1.5, 5.0) * 10.0) / 10.0,
            reviews,
        };
        let truth = ProductTruth {
            quality,
            appeal,
            popularity,
            price_position,
            style,
            attributes: choice.attributes,
        };
        (product, truth)
    }

    fn choose(&mut self) -> Choice {
        let attributes = self.row.attributes.iter();
        let attributes: Vec<u8> =
            attributes.map(|a| self.random.below(a.values.len()) as u8).collect();
        let brand = self.brand(&attributes);
        let lines = &self.table.groups[self.row.group].lines;
        // A brand keeps to a part of the names that its group uses.
        let kept = lines.len().div_ceil(2);
        let line = (brand * 3 + self.random.below(kept.max(1))) % lines.len().max(1);
        Choice {
            brand,
            line: lines.get(line).cloned().unwrap_or_default(),
            attributes,
            colour: self.random.pick(&self.row.colours).copied(),
        }
    }

    /// The brand: by its size, but a work always has the same publisher.
    fn brand(&mut self, attributes: &[u8]) -> usize {
        let work = self.row.attributes.iter().position(|a| a.name == WORK);
        match work {
            Some(place) => usize::from(attributes[place]) % self.brands.len(),
            None => self.random.weighted(self.brands.iter().map(|b| b.size)).unwrap_or(0),
        }
    }

    fn title(&self, choice: &Choice) -> String {
        let group = &self.table.groups[self.row.group];
        let mut title = self
            .row
            .title
            .replace("{brand}", &group.brands[choice.brand].name)
            .replace("{noun}", &self.row.noun);
        for (attribute, value) in self.row.attributes.iter().zip(&choice.attributes) {
            let text = &attribute.values[usize::from(*value)].text;
            title = title.replace(&format!("{{{}}}", attribute.name), text);
        }
        if let Some(colour) = choice.colour {
            title = title.replace("{colour}", &self.table.colours[usize::from(colour)].0);
        }
        title.replace("{line}", &choice.line)
    }

    /// Price in cents, and its place in the type's range from -1 to 1.
    fn price(&mut self, choice: &Choice, quality: f32) -> (u32, f32) {
        let (low, high) = (libm::logf(self.row.price.0), libm::logf(self.row.price.1));
        let (middle, half) = ((low + high) / 2.0, (high - low) / 2.0);
        let mut deviation =
            0.3 * self.brands[choice.brand].tier + 0.1 * quality + 0.14 * self.random.normal();
        for (attribute, value) in self.row.attributes.iter().zip(&choice.attributes) {
            deviation += libm::logf(attribute.values[usize::from(*value)].factor);
        }
        // tanh bends prices that would leave the range back into it.
        let position = libm::tanhf(deviation / half);
        (round_price(libm::expf(middle + half * position)), position)
    }
}

/// Cents of a price as shops write it: 3.49, 27.95, 189, 1,249.
fn round_price(price: f32) -> u32 {
    if price < 20.0 {
        let tens = libm::roundf(price * 10.0) as u32;
        (tens * 10).saturating_sub(1).max(49)
    } else if price < 100.0 {
        libm::roundf(price) as u32 * 100 - 5
    } else if price < 400.0 {
        libm::roundf(price / 5.0) as u32 * 500 - 100
    } else {
        libm::roundf(price / 10.0) as u32 * 1_000 - 100
    }
}
