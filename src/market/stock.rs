//! Fills the shelves: offers of every type, with titles, prices and reviews that fit together.
//!
//! A product is an offer: one seller's listing of an article, which has brand, line and make. Each
//! is drawn from a stream of its own, so that any product of a market of any size can be made
//! without the others.

use super::catalogue::{
    Catalogue, Colour, Department, Product, ProductId, ProductType, ProductTypeId,
};
use super::factors::{Thing, loadings};
use super::product::{ProductTruth, STYLE_DIMENSIONS};
use super::random::{Purpose, Random, key, mix, noise, share};
use super::table::{Table, TypeRow, WORK};

/// Products a type has at least.
const FEWEST_PER_TYPE: usize = 5;
/// How uneven types are: deviation of the logarithm of their weight.
const UNEVEN: f32 = 1.15;
/// Offers whose articles are settled together.
const BLOCK: usize = 8;
/// How many offers the articles of a block have; a block has one of these patterns.
const PATTERNS: [&[usize]; 8] = [
    &[1, 1, 1, 1, 1, 1, 1, 1],
    &[1, 1, 1, 1, 1, 1, 1, 1],
    &[1, 1, 1, 1, 1, 1, 2],
    &[1, 1, 1, 1, 2, 2],
    &[1, 1, 1, 3, 2],
    &[1, 1, 1, 1, 4],
    &[1, 2, 5],
    &[1, 1, 6],
];
/// What sellers add to the title of an article that others sell, too: to most, and to what is dear
/// and lasts.
pub(crate) const EXTRAS: [&[&str]; 2] = [
    &["Free Delivery", "Next Day Delivery", "Sealed", "New Stock"],
    &["Free Delivery", "2 Year Guarantee", "Open Box", "Ex Display", "Next Day Delivery"],
];

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

/// The shelves: who makes and sells what, and how much of it there is. Holds no product.
pub(crate) struct Shelves {
    seed: u64,
    /// Brands of each group.
    groups: Vec<Vec<Brand>>,
    department_shops: Vec<Vec<u16>>,
    group_shops: Vec<Vec<u16>>,
    /// First product of each type, and the number of products at the end.
    pub starts: Vec<ProductId>,
}

/// How much of a shop each type is: heavy-tailed, the same for every seed.
pub(crate) fn type_weight(row: &TypeRow) -> f32 {
    let name = row.name.bytes().fold(0, |hash, byte| key(hash, u64::from(byte)));
    libm::powf(row.share, 1.5) * libm::expf(UNEVEN * noise(name))
}

impl Shelves {
    /// Puts them up; the catalogue that comes with them has no products yet.
    pub fn new(seed: u64, products: usize, table: &Table) -> (Self, Catalogue) {
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
            products: Vec::new(),
            newcomers: 0,
        };
        let groups = found_brands(seed, table, &mut catalogue);
        let mut open = |names: &[String]| -> Vec<u16> {
            names.iter().map(|name| intern(&mut catalogue.shops, name)).collect()
        };
        let department_shops = table.departments.iter().map(|row| open(&row.shops)).collect();
        let group_shops = table.groups.iter().map(|row| open(&row.shops)).collect();
        let mut starts: Vec<ProductId> = vec![0];
        for count in allocate(products, table) {
            starts.push(starts[starts.len() - 1] + count as ProductId);
        }
        (Self { seed, groups, department_shops, group_shops, starts }, catalogue)
    }

    /// How many products of each type there are.
    pub fn counts(&self) -> impl Iterator<Item = usize> {
        self.starts.windows(2).map(|both| (both[1] - both[0]) as usize)
    }

    /// Products on the shelves.
    pub fn len(&self) -> usize {
        self.starts.last().map_or(0, |end| *end as usize)
    }

    /// Makes a product.
    pub fn make(&self, table: &Table, product: ProductId) -> (Product, ProductTruth) {
        let number = self.starts.partition_point(|start| *start <= product) - 1;
        self.offer(table, number as ProductTypeId, (product - self.starts[number]) as usize)
    }

    /// Makes an offer of a type, whether or not there are so many on the shelves: it hangs on nothing but
    /// the seed, the type and its number.
    pub fn offer(
        &self,
        table: &Table,
        product_type: ProductTypeId,
        offer: usize,
    ) -> (Product, ProductTruth) {
        let row = &table.types[usize::from(product_type)];
        let maker = Maker {
            seed: self.seed,
            product_type,
            row,
            table,
            brands: &self.groups[row.group],
            shops: match self.group_shops[row.group].as_slice() {
                [] => &self.department_shops[usize::from(row.department)],
                own => own,
            },
        };
        maker.make(offer)
    }
}

fn intern(names: &mut Vec<String>, name: &str) -> u16 {
    let known = names.iter().position(|known| known == name);
    known.unwrap_or_else(|| {
        names.push(name.into());
        names.len() - 1
    }) as u16
}

/// Brands by group; a name that several groups use is one brand with one style, which goes with
/// the people that like it.
fn found_brands(seed: u64, table: &Table, catalogue: &mut Catalogue) -> Vec<Vec<Brand>> {
    let mut random = Random::new(seed, Purpose::Names, 0);
    let mut found = |row: &super::table::BrandRow, catalogue: &mut Catalogue| {
        let id = intern(&mut catalogue.brands, &row.name);
        let loading = loadings(seed, Thing::Brand, u64::from(id));
        let own = |axis: u64| noise(key(seed ^ 0xb7a2d, u64::from(id) << 8 | axis));
        let shop =
            (row.tier > 0).then(|| intern(&mut catalogue.shops, &format!("{} Store", row.name)));
        Brand {
            id,
            tier: f32::from(row.tier),
            size: random.log_normal(0.0, 0.7),
            style: std::array::from_fn(|axis| 0.7 * loading[axis] + 0.7 * own(axis as u64)),
            shop,
        }
    };
    let groups = table.groups.iter();
    groups.map(|group| group.brands.iter().map(|row| found(row, catalogue)).collect()).collect()
}

/// How many products each type gets: by its weight, and no fewer than [`FEWEST_PER_TYPE`].
fn allocate(products: usize, table: &Table) -> Vec<usize> {
    let weights: Vec<f32> = table.types.iter().map(type_weight).collect();
    let total: f32 = weights.iter().sum();
    let mut counts: Vec<usize> = weights
        .iter()
        .map(|weight| ((products as f32 * weight / total) as usize).max(FEWEST_PER_TYPE))
        .collect();
    // The large ones give what the small ones have on top, and take what rounding left over.
    let mut largest: Vec<usize> = (0..counts.len()).collect();
    largest.sort_by_key(|place| (usize::MAX - counts[*place], *place));
    let given: usize = counts.iter().sum();
    let some = largest.len().clamp(1, 64);
    for over in 0..products.saturating_sub(given) {
        counts[largest[over % some]] += 1;
    }
    let mut left = given.saturating_sub(products);
    while left > 0 {
        let before = left;
        for place in &largest {
            if left > 0 && counts[*place] > 2 * FEWEST_PER_TYPE {
                counts[*place] -= 1;
                left -= 1;
            }
        }
        if left == before {
            break;
        }
    }
    counts
}

/// Makes the products of one type.
struct Maker<'a> {
    seed: u64,
    product_type: ProductTypeId,
    row: &'a TypeRow,
    table: &'a Table,
    brands: &'a [Brand],
    shops: &'a [u16],
}

/// An article: what its offers have in common.
struct Article {
    brand: usize,
    line: usize,
    attributes: Vec<u8>,
    colour: Option<u8>,
    quality: f32,
    appeal: f32,
    popularity: f32,
    price: f32,
    style: [f32; STYLE_DIMENSIONS],
}

impl Maker<'_> {
    /// The article of an offer: the place of its first offer, and how many it has.
    fn article_of(&self, offer: usize) -> (usize, usize) {
        let block = offer / BLOCK;
        let bits = mix(key(self.seed ^ 0xa271, u64::from(self.product_type) << 32 | block as u64));
        let pattern = PATTERNS[(bits % PATTERNS.len() as u64) as usize];
        let mut first = block * BLOCK;
        for count in pattern {
            if offer < first + count {
                return (first, *count);
            }
            first += count;
        }
        (offer, 1)
    }

    fn stream(&self, purpose: Purpose, place: usize) -> Random {
        Random::new(self.seed, purpose, u64::from(self.product_type) << 32 | place as u64)
    }

    fn make(&self, offer: usize) -> (Product, ProductTruth) {
        let (first, offers) = self.article_of(offer);
        let article = self.article(first);
        let brand = &self.brands[article.brand];
        let mut random = self.stream(Purpose::Offers, offer);

        let colour = match article.colour {
            Some(_) if offers > 1 && random.chance(0.4) => random.pick(&self.row.colours).copied(),
            same => same,
        };
        let quality = article.quality + 0.25 * random.normal();
        let appeal = 0.75 * article.appeal + 0.6 * random.normal();
        let popularity = 0.7 * article.popularity + 0.7 * random.normal();
        let deviation = article.price + if offers > 1 { 0.07 } else { 0.03 } * random.normal();
        let (price_cents, price_position) = self.price(deviation);
        // Reviewers see quality, and a bargain in its price; few of them see it less surely.
        let reviews = random.log_normal(4.1 + 0.25 * quality + 0.2 * brand.tier, 0.9);
        let reviews = (reviews * libm::expf(0.8 * popularity)).clamp(1.0, 40_000.0) as u32;
        let spread = 0.12 + 0.6 / libm::sqrtf(1.0 + reviews as f32);
        let rating = 4.2 + 0.3 * quality - 0.06 * price_position + spread * random.normal();
        // Sellers of one article follow one another on the list of shops.
        let turn =
            share(key(self.seed ^ 0x5a0b, u64::from(self.product_type) << 32 | first as u64));
        let turn = (turn * self.shops.len() as f32) as usize + (offer - first);
        let shop = match brand.shop {
            Some(own) if offer == first && random.chance(0.6) => own,
            _ => self.shops.get(turn % self.shops.len().max(1)).copied().unwrap_or_default(),
        };
        let mut title = self.title(&article, colour);
        if offer > first && random.chance(0.5) {
            let lasting = self.row.repurchase_days > 600.0 && price_cents > 4_000;
            let extras = EXTRAS[usize::from(lasting)];
            title.push_str(", ");
            title.push_str(extras[random.below(extras.len())]);
        }
        let product = Product {
            title,
            product_type: self.product_type,
            brand: brand.id,
            shop,
            colour,
            price_cents,
            rating: libm::roundf(rating.clamp(1.5, 5.0) * 10.0) / 10.0,
            reviews,
        };
        let truth = ProductTruth {
            quality,
            appeal,
            popularity,
            price_position,
            style: article.style,
            attributes: article.attributes,
        };
        (product, truth)
    }

    fn article(&self, first: usize) -> Article {
        let mut random = self.stream(Purpose::Articles, first);
        let attributes: Vec<u8> = (self.row.attributes.iter())
            .map(|attribute| random.below(attribute.values.len()) as u8)
            .collect();
        let brand = self.brand(&attributes, &mut random);
        let lines = &self.table.groups[self.row.group].lines;
        // A brand keeps to a part of the names that its group uses.
        let kept = lines.len().div_ceil(2);
        let line = (brand * 3 + random.below(kept.max(1))) % lines.len().max(1);
        let tier = self.brands[brand].tier;
        let style = self.brands[brand].style;
        let quality = 0.45 * tier + 0.85 * random.normal();
        let mut price = 0.3 * tier + 0.1 * quality + 0.12 * random.normal();
        for (attribute, value) in self.row.attributes.iter().zip(&attributes) {
            price += libm::logf(attribute.values[usize::from(*value)].factor);
        }
        Article {
            brand,
            line,
            colour: random.pick(&self.row.colours).copied(),
            quality,
            appeal: 0.25 * tier + 0.95 * random.normal(),
            popularity: random.normal(),
            price,
            style: std::array::from_fn(|axis| 0.7 * style[axis] + 0.7 * random.normal()),
            attributes,
        }
    }

    /// The brand: by its size, but a work always has the same publisher.
    fn brand(&self, attributes: &[u8], random: &mut Random) -> usize {
        let work = self.row.attributes.iter().position(|a| a.name == WORK);
        match work {
            Some(place) => usize::from(attributes[place]) % self.brands.len(),
            None => random.weighted(self.brands.iter().map(|b| b.size)).unwrap_or(0),
        }
    }

    /// Fills the placeholders of the type's title.
    fn title(&self, article: &Article, colour: Option<u8>) -> String {
        let group = &self.table.groups[self.row.group];
        let mut title = String::with_capacity(80);
        let mut rest = self.row.title.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            title.push_str(before);
            let (name, behind) = after.split_once('}').unwrap_or((after, ""));
            rest = behind;
            let attribute = self.row.attributes.iter().position(|a| a.name == name);
            title.push_str(match (name, attribute) {
                (_, Some(place)) => {
                    let value = usize::from(article.attributes[place]);
                    self.row.attributes[place].values[value].text.as_str()
                }
                ("brand", _) => group.brands[article.brand].name.as_str(),
                ("noun", _) => self.row.noun.as_str(),
                ("colour", _) => {
                    colour.map_or("", |colour| self.table.colours[usize::from(colour)].0.as_str())
                }
                ("line", _) => group.lines.get(article.line).map_or("", String::as_str),
                _ => "",
            });
        }
        title.push_str(rest);
        title
    }

    /// Price in cents, and its place in the type's range from -1 to 1, for a deviation of its
    /// logarithm from the middle.
    fn price(&self, deviation: f32) -> (u32, f32) {
        let (low, high) = (libm::logf(self.row.price.0), libm::logf(self.row.price.1));
        let (middle, half) = ((low + high) / 2.0, (high - low) / 2.0);
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
