//! Dense features of a candidate: the four kinds of DMT 4.1.2.
//!
//! What is known of the products that a log tells of is laid out once ([`DenseTables`]), what is known
//! of the request once a request ([`DenseTables::request`]); a candidate then costs a few look-ups. Of
//! newcomers, of which there may be a million, nothing is laid out: what is known of one is made in the
//! requests that name it.

use std::collections::HashMap;

use super::Moment;
use super::statistics::{Counts, Statistics};
use crate::catalogue::{Catalogue, Product, ProductId};
use crate::history::{DAY, Event, EventKind, Minutes, Profile};

/// The four kinds of dense features (DMT 4.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Of the product alone.
    ItemProfile,
    /// Of the shopper and the request alone.
    UserProfile,
    /// How the product fits the shopper and the query.
    Matching,
    /// What the shopper did to the product and to ones like it.
    Interaction,
}

impl Kind {
    /// Name as the paper has it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::ItemProfile => "item-profile",
            Kind::UserProfile => "user-profile",
            Kind::Matching => "user-item-matching",
            Kind::Interaction => "user-item-interaction",
        }
    }
}

/// Name and kind of each dense feature, in their order.
pub const FEATURES: [(&str, Kind); 44] = {
    use Kind::{Interaction as X, ItemProfile as I, Matching as M, UserProfile as U};
    [
        ("impressions-of-the-product", I),
        ("clicks-on-the-product", I),
        ("click-through-rate-of-the-product", I),
        ("cart-rate-of-the-products-clicks", I),
        ("conversion-rate-of-the-product", I),
        ("click-through-rate-of-the-product-type", I),
        ("conversion-rate-of-the-product-type", I),
        ("click-through-rate-of-the-brand", I),
        ("rating", I),
        ("number-of-reviews", I),
        ("price", I),
        ("price-rank-in-the-product-type", I),
        ("repurchase-period-of-the-product-type", I),
        ("purchase-power", U),
        ("age-band", U),
        ("woman", U),
        ("man", U),
        ("size-of-the-town", U),
        ("family-with-children", U),
        ("years-as-a-member", U),
        ("clicks-in-7-days", U),
        ("orders-in-a-year", U),
        ("price-rank-of-past-carts-and-orders", U),
        ("there-is-a-query", U),
        ("price-rank-less-that-of-past-behaviour", M),
        ("price-rank-less-purchase-power", M),
        ("made-for-people-like-the-shopper", M),
        ("share-of-behaviour-in-the-department", M),
        ("share-of-behaviour-on-the-brand", M),
        ("share-of-behaviour-on-the-colour", M),
        ("share-of-the-querys-words-in-the-title", M),
        ("cosine-of-query-and-title", M),
        ("predicted-probability-of-the-product-type", M),
        ("clicks-on-the-product-in-7-days", X),
        ("clicks-on-the-product-type-in-a-day", X),
        ("clicks-on-the-product-type-in-7-days", X),
        ("clicks-on-the-brand-in-7-days", X),
        ("clicks-on-the-shop-in-7-days", X),
        ("product-put-in-the-cart-in-14-days", X),
        ("carts-of-the-product-type-in-30-days", X),
        ("orders-of-the-product-in-a-year", X),
        ("orders-of-the-product-type-in-a-year", X),
        ("orders-of-the-brand-in-a-year", X),
        ("time-since-the-last-order-of-the-product-type-in-repurchase-periods", X),
    ]
};

/// Number of dense features.
pub const COUNT: usize = FEATURES.len();

/// Since an order this many repurchase periods ago, or none at all, counts the same.
const LONGEST: f32 = 3.0;

/// How the query fits products, as the retriever's text parts see it. Empty slices without a
/// query. Retrieval scores are left out, so that every retriever may feed the ranker.
#[derive(Clone, Copy, Debug, Default)]
pub struct QueryMatch<'a> {
    /// Cosine of the query's and the title's word vectors, by candidate.
    pub cosine: &'a [f32],
    /// Probability that the query means the product type, by product type.
    pub product_types: &'a [f32],
}

/// What is known of products before any request.
#[derive(Clone, Debug)]
pub struct DenseTables {
    /// What every item profile is made of.
    shop: Shop,
    /// Item profile features of each product that a log tells of.
    profiles: Vec<[f32; PROFILE]>,
    /// What ties each of them to others.
    products: Vec<Keys>,
    /// Numbers of the words of each one's title.
    titles: Vec<Box<[u32]>>,
    words: HashMap<String, u32>,
    departments: Vec<u16>,
    brands: usize,
    shops: usize,
    colours: usize,
}

/// Number of item profile features.
pub(super) const PROFILE: usize = 13;
/// The first of them count what came of showing products; the others are the catalogue's.
pub(super) const COUNTED: usize = 8;
/// Position of "price-rank-in-the-product-type" among them.
const PRICE_RANK: usize = 11;

/// What ties products to each other.
#[derive(Clone, Copy, Debug)]
struct Keys {
    product_type: u16,
    brand: u16,
    shop: u16,
    colour: Option<u8>,
    audience: Option<Audience>,
}

impl Keys {
    fn of(product: &Product) -> Self {
        Self {
            product_type: product.product_type,
            brand: product.brand,
            shop: product.shop,
            colour: product.colour,
            audience: Audience::of(&product.title),
        }
    }
}

/// People whom a title names.
#[derive(Clone, Copy, Debug)]
enum Audience {
    Women,
    Men,
    Children,
}

impl Audience {
    fn of(title: &str) -> Option<Self> {
        words_of(title).find_map(|word| match word.as_str() {
            "women" => Some(Self::Women),
            "men" => Some(Self::Men),
            "kids" | "baby" => Some(Self::Children),
            _ => None,
        })
    }

    /// 1 if the shopper is among them, -1 if not, 0 if that is not known.
    fn fits(self, profile: &Profile) -> f32 {
        let fits = match (self, profile.gender) {
            (Self::Women, 0 | 1) => profile.gender == 0,
            (Self::Men, 0 | 1) => profile.gender == 1,
            (Self::Children, _) => profile.household == FAMILY,
            _ => return 0.0,
        };
        if fits { 1.0 } else { -1.0 }
    }
}

/// [`Profile::household`] of a family with children.
const FAMILY: u8 = 2;

impl DenseTables {
    /// Lays out what a catalogue and its past counts say. Newcomers change nothing of it.
    pub fn new(catalogue: &Catalogue, statistics: &Statistics) -> Self {
        let logged = &catalogue.products[..catalogue.logged()];
        let shop = Shop::new(catalogue, statistics);
        let mut words = HashMap::new();
        let titles = logged
            .iter()
            .map(|product| {
                words_of(&product.title)
                    .map(|word| {
                        let next = words.len() as u32;
                        *words.entry(word).or_insert(next)
                    })
                    .collect()
            })
            .collect();
        Self {
            profiles: logged
                .iter()
                .zip(statistics.of_all())
                .map(|(product, counts)| shop.profile(product, counts))
                .collect(),
            products: logged.iter().map(Keys::of).collect(),
            titles,
            words,
            departments: catalogue.product_types.iter().map(|t| t.department).collect(),
            brands: catalogue.brands.len(),
            shops: catalogue.shops.len(),
            colours: catalogue.colours.len(),
            shop,
        }
    }

    /// Dense features of every candidate of one request: `candidates.len() * COUNT` numbers,
    /// candidate by candidate. `catalogue` is the one that the tables were laid out of, whichever
    /// newcomers it sells by now.
    ///
    /// # Panics
    /// If a candidate or a behaviour names a product that the catalogue does not have, or if a
    /// slice of `query` is neither empty nor as long as it should be.
    pub fn request(
        &self,
        catalogue: &Catalogue,
        moment: &Moment<'_>,
        query: QueryMatch<'_>,
        candidates: &[ProductId],
    ) -> Vec<f32> {
        let named = year(moment).map(|event| event.product).chain(candidates.iter().copied());
        let products = Products::new(self, catalogue, named);
        let past = Past::new(&products, moment);
        let words: Vec<(String, Option<u32>)> = moment
            .query
            .into_iter()
            .flat_map(words_of)
            .map(|word| {
                let number = self.words.get(&word).copied();
                (word, number)
            })
            .collect();
        let mut features = Vec::with_capacity(candidates.len() * COUNT);
        for (number, &product) in candidates.iter().enumerate() {
            features.extend(products.profile(product));
            features.extend(past.user);
            past.matching(&products, product, &mut features);
            features.push(self.share_of_words(catalogue, &words, product));
            features.push(query.cosine.get(number).copied().unwrap_or(0.0));
            let product_type = usize::from(products.keys(product).product_type);
            features.push(query.product_types.get(product_type).copied().unwrap_or(0.0));
            past.interaction(&products, product, &mut features);
        }
        features
    }

    /// Share of the query's words, which stand beside their numbers, that are in a title.
    fn share_of_words(
        &self,
        catalogue: &Catalogue,
        words: &[(String, Option<u32>)],
        product: ProductId,
    ) -> f32 {
        if words.is_empty() {
            return 0.0;
        }
        let found = match self.titles.get(product as usize) {
            Some(title) => {
                words.iter().filter_map(|(_, number)| *number).filter(|n| title.contains(n)).count()
            }
            // A word that only newcomers' titles have has no number.
            None => {
                let title = &catalogue.products[product as usize].title;
                let title: Vec<String> = words_of(title).collect();
                words.iter().filter(|(word, _)| title.contains(word)).count()
            }
        };
        found as f32 / words.len() as f32
    }
}

/// Products as one request sees them: those that are laid out, and the newcomers that it names, each made
/// once.
struct Products<'a> {
    tables: &'a DenseTables,
    newcomers: HashMap<ProductId, ([f32; PROFILE], Keys)>,
}

impl<'a> Products<'a> {
    fn new(
        tables: &'a DenseTables,
        catalogue: &Catalogue,
        named: impl Iterator<Item = ProductId>,
    ) -> Self {
        let mut newcomers = HashMap::new();
        for number in named.filter(|&number| number as usize >= tables.profiles.len()) {
            newcomers.entry(number).or_insert_with(|| {
                let product = &catalogue.products[number as usize];
                // No log tells of it: nothing of it is counted.
                (tables.shop.profile(product, &Counts::default()), Keys::of(product))
            });
        }
        Self { tables, newcomers }
    }

    fn profile(&self, product: ProductId) -> [f32; PROFILE] {
        let laid_out = self.tables.profiles.get(product as usize).copied();
        laid_out.unwrap_or_else(|| self.newcomers[&product].0)
    }

    fn keys(&self, product: ProductId) -> Keys {
        let laid_out = self.tables.products.get(product as usize).copied();
        laid_out.unwrap_or_else(|| self.newcomers[&product].1)
    }
}

/// Behaviours of the past year, newest first.
fn year<'a>(moment: &Moment<'a>) -> impl Iterator<Item = &'a Event> {
    let (events, now) = (moment.events, moment.now);
    events.iter().rev().take_while(move |event| now - event.time < 365 * DAY)
}

/// Words of a text, in lower case.
fn words_of(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase)
}

/// Rates of a group of products, each drawn towards the whole shop's.
fn grouped(
    catalogue: &Catalogue,
    statistics: &Statistics,
    key: impl Fn(usize) -> usize,
    groups: usize,
) -> Vec<Counts> {
    let mut counts = vec![Counts::default(); groups];
    for (product, one) in statistics.products.iter().enumerate().take(catalogue.products.len()) {
        let group = &mut counts[key(product)];
        group.impressions += one.impressions;
        group.clicks += one.clicks;
        group.carts += one.carts;
        group.orders += one.orders;
    }
    counts
}

/// What the item profile of any product is made of beside the product and its own counts.
#[derive(Clone, Debug)]
pub(super) struct Shop {
    total: Counts,
    types: Vec<Counts>,
    brands: Vec<Counts>,
    /// Days after which each product type is bought again.
    repurchase: Vec<f32>,
    /// Prices in cents of the products of each type that a log tells of, rising.
    prices: Vec<Vec<u32>>,
}

impl Shop {
    pub(super) fn new(catalogue: &Catalogue, statistics: &Statistics) -> Self {
        let products = &catalogue.products;
        let types = catalogue.product_types.len();
        let mut prices: Vec<Vec<u32>> = vec![Vec::new(); types];
        for product in &products[..catalogue.logged()] {
            prices[usize::from(product.product_type)].push(product.price_cents);
        }
        for prices in &mut prices {
            prices.sort_unstable();
        }
        let type_of = |p: usize| usize::from(products[p].product_type);
        let brand_of = |p: usize| usize::from(products[p].brand);
        Self {
            total: statistics.total(),
            types: grouped(catalogue, statistics, type_of, types),
            brands: grouped(catalogue, statistics, brand_of, catalogue.brands.len()),
            repurchase: catalogue.product_types.iter().map(|t| t.repurchase_days).collect(),
            prices,
        }
    }

    /// Item profile features of a product of which `counts` were counted.
    pub(super) fn profile(&self, product: &Product, counts: &Counts) -> [f32; PROFILE] {
        let total = self.total;
        let ctr = total.ctr(0.0);
        let cvr = total.cvr(0.0);
        let of_type = &self.types[usize::from(product.product_type)];
        let of_brand = &self.brands[usize::from(product.brand)];
        let carts = Counts { orders: counts.carts, ..*counts };
        let all_carts = Counts { orders: total.carts, ..total }.cvr(0.0);
        let type_ctr = of_type.ctr(ctr);
        let type_cvr = of_type.cvr(cvr);
        [
            log(counts.impressions as f32),
            log(counts.clicks as f32),
            counts.ctr(type_ctr),
            carts.cvr(all_carts),
            counts.cvr(type_cvr),
            type_ctr,
            type_cvr,
            of_brand.ctr(ctr),
            product.rating,
            log(product.reviews as f32),
            log(product.price_cents as f32),
            self.price_rank(product),
            log(self.repurchase[usize::from(product.product_type)]),
        ]
    }

    /// Share of the products of the same type that a log tells of and that cost less, from 0 to 1.
    fn price_rank(&self, product: &Product) -> f32 {
        let prices = &self.prices[usize::from(product.product_type)];
        let cheaper = prices.partition_point(|&price| price < product.price_cents);
        let dearest = prices.len().saturating_sub(1).max(1);
        // A newcomer may be dearer than all of them.
        (cheaper as f32 / dearest as f32).min(1.0)
    }
}

/// ln(1 + x): counts and prices spread over orders of magnitude.
pub(super) fn log(x: f32) -> f32 {
    x.ln_1p()
}

/// What the history comes to, counted once a request.
struct Past {
    user: [f32; USER],
    /// Weighted behaviours of the last 30 days, and where they went.
    weight: f32,
    by_department: HashMap<u16, f32>,
    by_brand: Vec<f32>,
    by_colour: Vec<f32>,
    /// Mean price rank of behaviours of a year; none without any.
    price_rank: Option<f32>,
    profile: Profile,
    products: HashMap<ProductId, ProductPast>,
    type_clicks_day: Vec<u16>,
    type_clicks_week: Vec<u16>,
    brand_clicks: Vec<u16>,
    shop_clicks: Vec<u16>,
    type_carts: Vec<u16>,
    type_orders: Vec<u16>,
    brand_orders: Vec<u16>,
    last_order: Vec<Option<Minutes>>,
    now: Minutes,
}

/// Number of user profile features.
const USER: usize = 11;

/// What was done to one product.
#[derive(Clone, Copy, Debug, Default)]
struct ProductPast {
    clicks_week: u16,
    in_cart: bool,
    orders: u16,
}

/// What a behaviour says about taste.
fn weight(kind: EventKind) -> f32 {
    match kind {
        EventKind::Click => 1.0,
        EventKind::Favourite => 2.0,
        EventKind::Cart => 3.0,
        EventKind::Order => 5.0,
    }
}

impl Past {
    fn new(products: &Products<'_>, moment: &Moment<'_>) -> Self {
        let tables = products.tables;
        let types = tables.departments.len();
        let mut past = Self {
            user: [0.0; USER],
            weight: 0.0,
            by_department: HashMap::new(),
            by_brand: vec![0.0; tables.brands],
            by_colour: vec![0.0; tables.colours],
            price_rank: None,
            profile: *moment.profile,
            products: HashMap::new(),
            type_clicks_day: vec![0; types],
            type_clicks_week: vec![0; types],
            brand_clicks: vec![0; tables.brands],
            shop_clicks: vec![0; tables.shops],
            type_carts: vec![0; types],
            type_orders: vec![0; types],
            brand_orders: vec![0; tables.brands],
            last_order: vec![None; types],
            now: moment.now,
        };
        let (mut ranks, mut bought_ranks) = (Mean::default(), Mean::default());
        let (mut clicks, mut orders) = (0.0, 0.0);
        for event in year(moment) {
            let rank = products.profile(event.product)[PRICE_RANK];
            ranks.add(rank, weight(event.kind));
            match event.kind {
                EventKind::Click if moment.now - event.time < 7 * DAY => clicks += 1.0,
                EventKind::Cart => bought_ranks.add(rank, 1.0),
                EventKind::Order => {
                    bought_ranks.add(rank, 1.0);
                    orders += 1.0;
                }
                _ => {}
            }
            past.count(products, event);
        }
        past.price_rank = ranks.value();
        let profile = moment.profile;
        past.user = [
            f32::from(profile.purchase_power),
            f32::from(profile.age_band),
            f32::from(u8::from(profile.gender == 0)),
            f32::from(u8::from(profile.gender == 1)),
            f32::from(profile.town),
            f32::from(u8::from(profile.household == FAMILY)),
            f32::from(profile.member_years),
            log(clicks),
            log(orders),
            bought_ranks.value().unwrap_or(0.5),
            f32::from(u8::from(moment.query.is_some())),
        ];
        past
    }

    /// Counts one behaviour of the past year; newest come first.
    fn count(&mut self, products: &Products<'_>, event: &Event) {
        let keys = products.keys(event.product);
        let age = self.now - event.time;
        let (product_type, brand) = (usize::from(keys.product_type), usize::from(keys.brand));
        let product = self.products.entry(event.product).or_default();
        match event.kind {
            EventKind::Click if age < 7 * DAY => {
                product.clicks_week += 1;
                self.type_clicks_week[product_type] += 1;
                self.type_clicks_day[product_type] += u16::from(age < DAY);
                self.brand_clicks[brand] += 1;
                self.shop_clicks[usize::from(keys.shop)] += 1;
            }
            EventKind::Cart => {
                // An order that came after empties the cart, and has been met already.
                product.in_cart |= age < 14 * DAY && product.orders == 0;
                self.type_carts[product_type] += u16::from(age < 30 * DAY);
            }
            EventKind::Order => {
                product.orders += 1;
                self.type_orders[product_type] += 1;
                self.brand_orders[brand] += 1;
                self.last_order[product_type].get_or_insert(event.time);
            }
            EventKind::Click | EventKind::Favourite => {}
        }
        if age < 30 * DAY {
            let weight = weight(event.kind);
            self.weight += weight;
            let department = products.tables.departments[product_type];
            *self.by_department.entry(department).or_default() += weight;
            self.by_brand[brand] += weight;
            if let Some(colour) = keys.colour {
                self.by_colour[usize::from(colour)] += weight;
            }
        }
    }

    fn matching(&self, products: &Products<'_>, product: ProductId, features: &mut Vec<f32>) {
        let keys = products.keys(product);
        let rank = products.profile(product)[PRICE_RANK];
        let share = |weight: f32| weight / self.weight.max(1.0);
        let department = products.tables.departments[usize::from(keys.product_type)];
        features.extend([
            self.price_rank.map_or(0.0, |own| (rank - own).abs()),
            (rank - f32::from(self.profile.purchase_power) / 4.0).abs(),
            keys.audience.map_or(0.0, |audience| audience.fits(&self.profile)),
            share(self.by_department.get(&department).copied().unwrap_or(0.0)),
            share(self.by_brand[usize::from(keys.brand)]),
            share(keys.colour.map_or(0.0, |colour| self.by_colour[usize::from(colour)])),
        ]);
    }

    fn interaction(&self, products: &Products<'_>, product: ProductId, features: &mut Vec<f32>) {
        let keys = products.keys(product);
        let (product_type, brand) = (usize::from(keys.product_type), usize::from(keys.brand));
        let own = self.products.get(&product).copied().unwrap_or_default();
        let many = |count: u16| log(f32::from(count));
        let since = self.last_order[product_type].map_or(LONGEST, |time| {
            let days = (self.now - time) as f32 / DAY as f32;
            (days / products.tables.shop.repurchase[product_type].max(1.0)).min(LONGEST)
        });
        features.extend([
            many(own.clicks_week),
            many(self.type_clicks_day[product_type]),
            many(self.type_clicks_week[product_type]),
            many(self.brand_clicks[brand]),
            many(self.shop_clicks[usize::from(keys.shop)]),
            f32::from(u8::from(own.in_cart)),
            many(self.type_carts[product_type]),
            many(own.orders),
            many(self.type_orders[product_type]),
            many(self.brand_orders[brand]),
            since,
        ]);
    }
}

/// A weighted mean.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    sum: f32,
    weight: f32,
}

impl Mean {
    fn add(&mut self, value: f32, weight: f32) {
        self.sum += value * weight;
        self.weight += weight;
    }

    fn value(self) -> Option<f32> {
        (self.weight > 0.0).then(|| self.sum / self.weight)
    }
}

#[cfg(test)]
mod tests;
