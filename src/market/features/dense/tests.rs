use super::*;
use crate::catalogue::{Colour, Department, ProductType};
use crate::history::PageDevice;

fn product(title: &str, product_type: u16, price_cents: u32, brand: u16) -> Product {
    Product {
        title: title.into(),
        product_type,
        brand,
        shop: 0,
        colour: Some(0),
        price_cents,
        rating: 4.5,
        reviews: 10,
    }
}

/// Two milks, two laptops, a dress.
fn catalogue() -> Catalogue {
    let product_type = |name: &str, department, repurchase_days| ProductType {
        name: name.into(),
        department,
        icon: name.into(),
        repurchase_days,
    };
    Catalogue {
        seed: 1,
        departments: ["Food", "Computers", "Clothes"].map(|n| Department { name: n.into() }).into(),
        product_types: vec![
            product_type("milk", 0, 7.0),
            product_type("laptop", 1, 1000.0),
            product_type("dress", 2, 60.0),
        ],
        brands: vec!["Alm".into(), "Byte".into()],
        shops: vec!["Shop".into()],
        colours: vec![Colour { name: "white".into(), hex: "#ffffff".into() }],
        newcomers: 0,
        products: vec![
            product("Alm Whole Milk, 1 l", 0, 120, 0),
            product("Oat milk", 0, 240, 0),
            product("Byte Laptop 14 in", 1, 90_000, 1),
            product("Laptop", 1, 70_000, 0),
            product("Women's Summer Dress", 2, 4_000, 0),
        ],
    }
}

const PROFILE: Profile =
    Profile { age_band: 2, gender: 0, purchase_power: 4, household: 0, town: 1, member_years: 3 };
const NOW: Minutes = 30 * DAY;

fn event(kind: EventKind, product: ProductId, age: Minutes) -> Event {
    Event { kind, product, time: NOW - age }
}

fn moment<'a>(events: &'a [Event], query: Option<&'a str>) -> Moment<'a> {
    Moment { profile: &PROFILE, events, query, now: NOW, device: PageDevice::Desktop }
}

fn statistics() -> Statistics {
    let mut statistics = Statistics::new(5);
    statistics.products[0] = Counts { impressions: 1000, clicks: 200, carts: 40, orders: 30 };
    statistics.products[2] = Counts { impressions: 1000, clicks: 50, carts: 2, orders: 0 };
    statistics
}

/// Features of the catalogue's products, product by product.
fn features(events: &[Event], query: Option<&str>, matched: QueryMatch<'_>) -> Vec<Vec<f32>> {
    let tables = DenseTables::new(&catalogue(), &statistics());
    rows(tables.request(&catalogue(), &moment(events, query), matched, &[0, 1, 2, 3, 4]))
}

fn rows(features: Vec<f32>) -> Vec<Vec<f32>> {
    features.chunks(COUNT).map(<[f32]>::to_vec).collect()
}

/// The catalogue with two newcomers: a copy of the laptop that was never shown, and a milk that is dearer
/// than the others, of the laptops' brand.
fn grown() -> Catalogue {
    let mut catalogue = catalogue();
    let copy = catalogue.products[3].clone();
    catalogue.products.extend([copy, product("Byte Quinoa Milk", 0, 500, 1)]);
    catalogue.newcomers = 2;
    catalogue
}

/// Features of the grown catalogue's products.
fn grown_features(events: &[Event], query: Option<&str>) -> Vec<Vec<f32>> {
    let tables = DenseTables::new(&grown(), &statistics());
    let moment = moment(events, query);
    rows(tables.request(&grown(), &moment, QueryMatch::default(), &[0, 1, 2, 3, 4, 5, 6]))
}

fn bits(rows: &[Vec<f32>]) -> Vec<u32> {
    rows.iter().flatten().map(|value| value.to_bits()).collect()
}

fn named(row: &[f32], name: &str) -> f32 {
    let position = FEATURES.iter().position(|(n, _)| *n == name);
    row[position.unwrap_or_else(|| panic!("no feature {name}"))]
}

#[test]
fn there_are_enough_of_all_four_kinds_with_names_of_their_own() {
    const { assert!(COUNT >= 24) };
    for kind in [Kind::ItemProfile, Kind::UserProfile, Kind::Matching, Kind::Interaction] {
        assert!(FEATURES.iter().filter(|(_, k)| *k == kind).count() >= 6);
    }
    let names: std::collections::HashSet<&str> = FEATURES.iter().map(|(n, _)| *n).collect();
    assert_eq!(names.len(), COUNT);
}

#[test]
fn every_candidate_has_every_feature_and_each_is_finite() {
    let rows = features(&[], None, QueryMatch::default());
    assert_eq!(rows.len(), 5);
    assert!(rows.iter().flatten().all(|value| value.is_finite()));
    assert!(rows.iter().all(|row| row.len() == COUNT));
}

#[test]
fn item_profiles_are_counted_rates_and_ranks() {
    let rows = features(&[], None, QueryMatch::default());
    // 1000 impressions outweigh the prior of 50 at the type's own rate.
    assert!((named(&rows[0], "click-through-rate-of-the-product") - 0.2).abs() < 0.01);
    assert!(named(&rows[0], "conversion-rate-of-the-product") > 0.1);
    // Never shown: the rate of its type.
    let ctr = named(&rows[3], "click-through-rate-of-the-product");
    assert_eq!(ctr, named(&rows[3], "click-through-rate-of-the-product-type"));
    assert_eq!(named(&rows[0], "price-rank-in-the-product-type"), 0.0);
    assert_eq!(named(&rows[1], "price-rank-in-the-product-type"), 1.0);
    assert_eq!(named(&rows[4], "price-rank-in-the-product-type"), 0.0);
}

#[test]
fn behaviour_counts_within_its_window_only() {
    let events = [
        event(EventKind::Order, 0, 400 * DAY),
        event(EventKind::Order, 0, 14 * DAY),
        event(EventKind::Click, 2, 8 * DAY),
        event(EventKind::Click, 2, 6 * DAY),
        event(EventKind::Click, 3, 60),
    ];
    let rows = features(&events, None, QueryMatch::default());
    assert_eq!(named(&rows[2], "clicks-on-the-product-type-in-7-days"), 2.0_f32.ln_1p());
    assert_eq!(named(&rows[3], "clicks-on-the-product-type-in-a-day"), 1.0_f32.ln_1p());
    assert_eq!(named(&rows[2], "clicks-on-the-product-in-7-days"), 1.0_f32.ln_1p());
    assert_eq!(named(&rows[0], "clicks-on-the-product-type-in-7-days"), 0.0);
    assert_eq!(named(&rows[1], "orders-of-the-product-type-in-a-year"), 1.0_f32.ln_1p());
    assert_eq!(named(&rows[1], "orders-of-the-product-in-a-year"), 0.0);
    assert_eq!(named(&rows[0], "orders-in-a-year"), 1.0_f32.ln_1p());
    let since = "time-since-the-last-order-of-the-product-type-in-repurchase-periods";
    assert_eq!(named(&rows[0], since), 2.0);
    assert_eq!(named(&rows[2], since), LONGEST);
}

#[test]
fn an_order_empties_the_cart() {
    let cart = [event(EventKind::Cart, 0, 3 * DAY), event(EventKind::Cart, 1, 3 * DAY)];
    let ordered = [cart[0], cart[1], event(EventKind::Order, 1, 2 * DAY)];
    let name = "product-put-in-the-cart-in-14-days";
    let rows = features(&cart, None, QueryMatch::default());
    assert_eq!([named(&rows[0], name), named(&rows[1], name)], [1.0, 1.0]);
    let rows = features(&ordered, None, QueryMatch::default());
    assert_eq!([named(&rows[0], name), named(&rows[1], name)], [1.0, 0.0]);
}

#[test]
fn matching_compares_product_and_shopper() {
    let events = [event(EventKind::Click, 0, 60), event(EventKind::Order, 3, DAY)];
    let rows = features(&events, None, QueryMatch::default());
    assert_eq!(named(&rows[4], "made-for-people-like-the-shopper"), 1.0);
    assert_eq!(named(&rows[0], "made-for-people-like-the-shopper"), 0.0);
    // One click and one order: weights 1 and 5.
    assert!((named(&rows[2], "share-of-behaviour-in-the-department") - 5.0 / 6.0).abs() < 1e-6);
    assert_eq!(named(&rows[0], "share-of-behaviour-on-the-brand"), 1.0);
    assert_eq!(named(&rows[2], "share-of-behaviour-on-the-brand"), 0.0);
    // Purchase power is the highest, so is the price.
    assert_eq!(named(&rows[1], "price-rank-less-purchase-power"), 0.0);
    assert_eq!(named(&rows[0], "price-rank-less-purchase-power"), 1.0);
}

#[test]
fn the_query_counts_only_where_there_is_one() {
    let matched =
        QueryMatch { cosine: &[0.9, 0.5, 0.1, 0.0, 0.2], product_types: &[0.7, 0.2, 0.1] };
    let rows = features(&[], Some("whole MILK carton"), matched);
    assert!((named(&rows[0], "share-of-the-querys-words-in-the-title") - 2.0 / 3.0).abs() < 1e-6);
    assert!((named(&rows[1], "share-of-the-querys-words-in-the-title") - 1.0 / 3.0).abs() < 1e-6);
    assert_eq!(named(&rows[1], "cosine-of-query-and-title"), 0.5);
    assert_eq!(named(&rows[3], "predicted-probability-of-the-product-type"), 0.2);
    let rows = features(&[], None, QueryMatch::default());
    for name in ["share-of-the-querys-words-in-the-title", "cosine-of-query-and-title"] {
        assert!(rows.iter().all(|row| named(row, name) == 0.0));
    }
}

#[test]
fn empty_and_strange_queries_are_harmless() {
    for query in ["", "   ", "🦊", "<b>", "ß".repeat(10_000).as_str()] {
        let rows = features(&[], Some(query), QueryMatch::default());
        assert!(rows.iter().flatten().all(|value| value.is_finite()));
    }
}

#[test]
fn newcomers_change_nothing_of_the_others_and_are_not_laid_out() {
    let events = [event(EventKind::Order, 3, 14 * DAY), event(EventKind::Click, 0, 60)];
    for query in [None, Some("whole quinoa milk")] {
        let without = features(&events, query, QueryMatch::default());
        assert_eq!(bits(&grown_features(&events, query)[..5]), bits(&without));
    }
    let tables = DenseTables::new(&grown(), &statistics());
    assert_eq!([tables.profiles.len(), tables.products.len(), tables.titles.len()], [5; 3]);
    assert!(!tables.words.contains_key("quinoa"));
    // Nor need they have been there when the tables were laid out.
    let before = DenseTables::new(&catalogue(), &statistics());
    let moment = moment(&events, Some("quinoa milk"));
    let [before, since] = [before, tables]
        .map(|tables| rows(tables.request(&grown(), &moment, QueryMatch::default(), &[6, 2, 6])));
    assert_eq!(bits(&before), bits(&since));
    assert_eq!(bits(&before[..1]), bits(&before[2..]));
}

#[test]
fn a_newcomer_is_as_a_product_that_was_never_shown() {
    let events = [event(EventKind::Order, 2, 14 * DAY), event(EventKind::Click, 0, 60)];
    for query in [None, Some("laptop 14 quinoa")] {
        let rows = grown_features(&events, query);
        assert_eq!(bits(&rows[5..6]), bits(&rows[3..4]));
        assert!(rows[5].iter().all(|value| value.is_finite()));
    }
    let rows = grown_features(&events, None);
    assert_eq!(named(&rows[5], "clicks-on-the-product"), 0.0);
    assert_eq!(named(&rows[5], "orders-of-the-product-type-in-a-year"), 1.0_f32.ln_1p());
    // Dearer than the dearest milk that a log tells of is as dear as it.
    assert_eq!(named(&rows[6], "price-rank-in-the-product-type"), 1.0);
}

#[test]
fn a_word_that_only_a_newcomer_has_is_found_in_its_title() {
    let rows = grown_features(&[], Some("whole QUINOA milk"));
    let share = |row: usize| named(&rows[row], "share-of-the-querys-words-in-the-title");
    assert_eq!([share(0), share(6)], [2.0 / 3.0; 2]);
    assert_eq!([share(1), share(5)], [1.0 / 3.0, 0.0]);
}

#[test]
fn behaviour_on_newcomers_counts() {
    let events = [event(EventKind::Order, 6, 14 * DAY), event(EventKind::Click, 6, 60)];
    let rows = grown_features(&events, None);
    let once = 1.0_f32.ln_1p();
    assert_eq!(named(&rows[6], "clicks-on-the-product-in-7-days"), once);
    assert_eq!(named(&rows[0], "clicks-on-the-product-in-7-days"), 0.0);
    assert_eq!(named(&rows[0], "clicks-on-the-product-type-in-a-day"), once);
    assert_eq!(named(&rows[2], "clicks-on-the-brand-in-7-days"), once);
    assert_eq!(named(&rows[1], "orders-of-the-product-type-in-a-year"), once);
    let since = "time-since-the-last-order-of-the-product-type-in-repurchase-periods";
    assert_eq!(named(&rows[0], since), 2.0);
    assert_eq!(named(&rows[0], "share-of-behaviour-in-the-department"), 1.0);
    // The newcomer is the dearest milk, the first product the cheapest.
    assert_eq!(named(&rows[0], "price-rank-of-past-carts-and-orders"), 1.0);
    assert_eq!(named(&rows[0], "price-rank-less-that-of-past-behaviour"), 1.0);
}
