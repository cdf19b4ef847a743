//! What must hold of any market, and of its logs.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use proptest::prelude::*;

use super::catalogue::ProductTypeId;
use super::channels::Channels;
use super::examination::{competition, examination, neighbours};
use super::figures::{Figure, Figures, ratio};
use super::fingerprint::fingerprints;
use super::history::{DAY, Event, EventKind, PageDevice};
use super::log::ShopperLog;
use super::query::{Intent, title_words, words};
use super::ranker::Ranker;
use super::relevance::Relevance;
use super::shop::{Listing, Request, Shopfront};
use super::stock::Shelves;
use super::truth::{Context, Standing};
use super::wish::{Target, Wish};
use super::{MarketConfig, Trial, World};

fn small(seed: u64, shoppers: u32) -> World {
    World::generate(&MarketConfig { seed, products: 1_500, shoppers, ..MarketConfig::default() })
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let bytes = |seed| {
        let world = small(seed, 12);
        let logs: Vec<_> = world.shopper_logs().collect();
        serde_json::to_vec(&(&world.catalogue, &world.hidden, logs)).expect("plain data")
    };
    assert_eq!(bytes(3), bytes(3));
    assert_ne!(bytes(3), bytes(4));
}

/// The same on every platform: a browser's test holds the same numbers.
#[test]
fn a_market_has_the_bytes_that_it_always_had() {
    let known: BTreeMap<&str, String> =
        serde_json::from_str(include_str!("../../tests/market.json")).expect("four numbers");
    let found = fingerprints().expect("plain data");
    assert_eq!(BTreeMap::from(found), known);
}

#[test]
fn any_product_is_made_without_the_others() {
    let world = small(1, 0);
    let (shelves, empty) = Shelves::new(1, 1_500, &world.table);
    assert!(empty.products.is_empty());
    for product in [0, 1, 7, 700, 1_499] {
        let (item, truth) = shelves.make(&world.table, product);
        assert_eq!(item, world.catalogue.products[product as usize]);
        assert_eq!(truth, world.hidden.products[product as usize]);
    }
    // A market of a million is its shelves until a product is asked for.
    let (shelves, _) = Shelves::new(1, 1_000_000, &world.table);
    assert_eq!(shelves.len(), 1_000_000);
    let (item, _) = shelves.make(&world.table, 999_999);
    assert!(!item.title.is_empty());
}

#[test]
fn types_are_heavy_tailed() {
    let table = super::table::Table::embedded().expect("the table reads");
    let (shelves, _) = Shelves::new(1, 40_000, &table);
    let mut sizes: Vec<u32> = shelves.starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    sizes.sort_unstable();
    let last = sizes.len() - 1;
    assert_eq!(sizes.iter().sum::<u32>(), 40_000);
    assert!(sizes[0] <= 10 && sizes[last] > 1_000, "{} to {}", sizes[0], sizes[last]);
    assert!((40..100).contains(&sizes[last / 2]), "{}", sizes[last / 2]);
}

#[test]
fn articles_have_several_sellers() {
    let world = World::generate(&MarketConfig::default());
    let mut figures = Figures::default();
    figures.add_goods(&world);
    let shared = figures.value(Figure::NearDuplicates);
    assert!((0.3..0.6).contains(&shared), "{shared}");
}

#[test]
fn products_arrive_and_sell_out() {
    let world = World::generate(&MarketConfig::default());
    let catalogue = &world.catalogue;
    let on_sale = |day: i32| {
        let products = 0..catalogue.products.len() as u32;
        products.filter(|product| catalogue.is_on_sale(*product, day)).collect::<BTreeSet<u32>>()
    };
    let (first, last) = (on_sale(0), on_sale(27));
    let come = last.difference(&first).count();
    let gone = first.difference(&last).count();
    assert!(come > 150 && gone > 100, "{come} come, {gone} gone");
    assert!(first.len() > 3_200 && last.len() > 3_200, "{} {}", first.len(), last.len());
    let shopper = world.shopper_log(0);
    for view in &shopper.views {
        let day = view.time.div_euclid(DAY);
        let shown = view.impressions.iter().map(|shown| shown.product);
        let under = view.under_impressions.iter().map(|under| under.product);
        assert!(shown.chain(under).all(|product| catalogue.is_on_sale(product, day)));
    }
}

#[test]
fn one_taste_tells_another() {
    // People who like one brand like what goes with it: the first of two brands that a factor draws
    // people to says something of the second, and tastes have few dimensions.
    let world = small(1, 0);
    let brands: Vec<Vec<f32>> = (0..400).map(|shopper| world.taste(shopper).brands).collect();
    let correlation = |one: usize, other: usize| {
        let of = |brand: usize| brands.iter().map(move |likes| likes[brand]);
        let mean = |brand: usize| of(brand).sum::<f32>() / 400.0;
        let (a, b) = (mean(one), mean(other));
        let sums = of(one).zip(of(other)).fold([0.0_f32; 3], |[ab, aa, bb], (x, y)| {
            let (x, y) = (x - a, y - b);
            [ab + x * y, aa + x * x, bb + y * y]
        });
        sums[0] / (sums[1] * sums[2]).sqrt()
    };
    let pairs = (0..60).flat_map(|one| (0..one).map(move |other| (one, other)));
    let strong = pairs.filter(|(one, other)| correlation(*one, *other).abs() > 0.3).count();
    assert!(strong > 250, "{strong} of 1770 pairs");
}

#[test]
fn a_wish_steers_what_is_clicked_and_bought() {
    let world = small(1, 0);
    let taste = world.taste(0);
    let context = Context { relevance: None, device: PageDevice::Phone, time: 12 * 60 };
    let product = world.products_of(5).start;
    let item = &world.catalogue.products[product as usize];
    let truth = &world.hidden.products[product as usize];
    let meant = Target {
        brand: Some(item.brand),
        colour: item.colour,
        attribute: None,
        price: truth.price_position,
        style: [0.0; 4],
    };
    let other = Target { brand: Some(item.brand + 1), price: 0.9, ..meant };
    let near = [meant, other].map(|target| {
        let wish = Wish { product_type: 5, buys: true, settled: 1.0, target };
        let ledger = super::ledger::Ledger::new(&world.catalogue);
        let standing = ledger.standing((&world.catalogue, &world.hidden), product, &[wish], 0);
        world.utility(&taste, product, context, standing)
    });
    assert!(near[0].attraction > near[1].attraction);
    assert!(near[0].conversion() > near[1].conversion());
}

#[test]
fn a_target_survives_its_file() {
    let target = Target {
        brand: Some(7),
        colour: None,
        attribute: Some((1, 3)),
        price: -0.25,
        style: [0.5, -1.25, 0.0, 2.0],
    };
    let json = serde_json::to_string(&target).expect("plain data");
    assert_eq!(serde_json::from_str::<Target>(&json).expect("plain data"), target);
}

/// Shows the same products to everyone.
struct Window(Vec<u32>, usize);

impl Shopfront for Window {
    fn list(&mut self, request: &Request<'_>) -> Listing {
        self.1 += 1;
        assert!(request.events.iter().all(|event| event.time <= request.time));
        assert!(request.web_searches.iter().all(|search| search.time <= request.time));
        Listing { top: self.0.clone(), below: Vec::new() }
    }
}

#[test]
fn another_shop_can_answer_the_same_person() {
    let world = small(1, 4);
    let window: Vec<u32> = (0..10).map(|place| place * 100).collect();
    let (log, shop) = world.live(2, Window(window.clone(), 0));
    let usual = world.shopper_log(2);
    assert_eq!(log.profile, usual.profile);
    let earlier = |log: &super::log::ShopperLog| {
        log.events.iter().copied().filter(|event| event.time < 0).collect::<Vec<_>>()
    };
    assert_eq!(earlier(&log), earlier(&usual), "what lies before the shop");
    assert!(shop.1 > 0 && log.views.len() <= shop.1);
    for view in &log.views {
        assert!(view.impressions.iter().map(|shown| shown.product).eq(window.iter().copied()));
    }
}

#[test]
fn in_a_trial_wishes_are_the_same_in_both_arms_and_acts_are_not() {
    let world = small(1, 4);
    let from = 14;
    let trial = |arm, shopper| world.live_in(Trial { from, seed: 7, arm }, shopper, world.shop()).0;
    let mut differ = 0;
    for shopper in 0..4 {
        let (usual, a, b) = (world.shopper_log(shopper), trial(0, shopper), trial(1, shopper));
        assert_eq!(a, trial(0, shopper), "the same again");
        let before = |log: &ShopperLog| {
            let views = log.views.iter().filter(|view| view.time < from * DAY).cloned();
            views.collect::<Vec<_>>()
        };
        assert_eq!(before(&a), before(&usual), "up to its first day nothing is tried");
        assert_eq!(before(&b), before(&usual));
        // Until something is bought, the web is searched at the same times, for the same is wished
        // for; how precisely it is put follows from what was clicked.
        let bought = [&a, &b].map(|log| {
            let late = |e: &&Event| e.kind == EventKind::Order && e.time >= from * DAY;
            log.events.iter().find(late).map_or(i32::MAX, |event| event.time)
        });
        let until = bought[0].min(bought[1]).div_euclid(DAY) * DAY;
        let searches = |log: &ShopperLog| {
            let times = log.web_searches.iter().map(|search| search.time);
            times.filter(|time| *time < until).collect::<Vec<_>>()
        };
        assert_eq!(searches(&a), searches(&b));
        differ += usize::from(a.views != b.views);
    }
    assert!(differ >= 3, "{differ}");
}

/// A page that is not full is seen all the same.
#[test]
fn what_is_left_for_the_last_page_is_shown() {
    let world = small(1, 4);
    let window: Vec<u32> = (0..13).map(|place| place * 100).collect();
    let (log, _) = world.live(2, Window(window, 0));
    let seen: BTreeSet<(u16, usize)> =
        log.views.iter().map(|view| (view.page, view.impressions.len())).collect();
    assert_eq!(seen, BTreeSet::from([(0, 10), (1, 3)]));
}

#[test]
fn fresh_shoppers_are_none_of_those_trained_on() {
    let world = small(1, 5);
    assert_eq!(world.fresh_shoppers(3), 5..8);
    assert_eq!(small(1, 50).shopper_log(6), world.shopper_log(6));
}

#[test]
fn logs_do_not_depend_on_order_or_on_other_shoppers() {
    let world = small(5, 9);
    let streamed: Vec<_> = world.shopper_logs().collect();
    assert_eq!(streamed.len(), 9);
    for shopper in [8, 2, 5, 0] {
        assert_eq!(world.shopper_log(shopper), streamed[shopper as usize]);
    }
    assert_eq!(small(5, 3).shopper_log(2), streamed[2]);
}

#[test]
fn the_default_catalogue_is_as_large_as_promised() {
    let world = World::generate(&MarketConfig::default());
    let catalogue = &world.catalogue;
    assert!(catalogue.product_types.len() >= 210 && catalogue.departments.len() >= 15);
    assert!((2_000..20_000).contains(&world.queries.len()), "{}", world.queries.len());
    assert_eq!(catalogue.products.len(), 4_000);
}

#[test]
fn products_fit_their_types() {
    let world = small(1, 0);
    let mut of_type = vec![0; world.table.types.len()];
    for (id, product) in world.catalogue.products.iter().enumerate() {
        let row = &world.table.types[usize::from(product.product_type)];
        of_type[usize::from(product.product_type)] += 1;
        assert!(world.products_of(product.product_type).contains(&(id as u32)));
        let title = &product.title;
        assert!(!title.contains(['{', '}']), "{title}");
        assert!(title.contains(&row.noun), "{title} is no {}", row.noun);
        let brand = &world.catalogue.brands[usize::from(product.brand)];
        assert!(title.contains(brand.as_str()), "{title} is not by {brand}");
        let group = &world.table.groups[row.group];
        assert!(group.brands.iter().any(|b| b.name == *brand), "{brand} makes no {}", row.name);
        let price = product.price_cents as f32 / 100.0;
        // Prices are rounded to what shops write, by half a step at most.
        assert!(price >= 0.94 * row.price.0 && price <= 1.06 * row.price.1, "{title}: {price}");
        match product.colour {
            None => assert!(row.colours.is_empty(), "{title} has no colour"),
            Some(colour) => {
                assert!(row.colours.contains(&colour), "{title} in a strange colour");
                let name = &world.catalogue.colours[usize::from(colour)].name;
                assert!(title.contains(name.as_str()), "{title} does not say {name}");
            }
        }
        assert!((1.0..=5.0).contains(&product.rating) && product.reviews >= 1, "{title}");
    }
    assert!(of_type.iter().all(|count| *count >= 4), "{of_type:?}");
}

#[test]
fn premium_brands_cost_more_and_quality_shows_in_reviews() {
    let world = World::generate(&MarketConfig { shoppers: 0, ..MarketConfig::default() });
    let hidden = &world.hidden;
    let mean = |keep: &dyn Fn(usize) -> bool, value: &dyn Fn(usize) -> f32| {
        let kept: Vec<f32> = (0..hidden.products.len()).filter(|i| keep(*i)).map(value).collect();
        kept.iter().sum::<f32>() / kept.len() as f32
    };
    let tier = |i: usize| hidden.brand_tiers[usize::from(world.catalogue.products[i].brand)];
    let price = |i: usize| hidden.products[i].price_position;
    let premium = mean(&|i| tier(i) > 0.0, &price);
    let budget = mean(&|i| tier(i) < 0.0, &price);
    assert!(premium > budget + 0.3, "{premium} {budget}");
    let rating = |i: usize| world.catalogue.products[i].rating;
    let good = mean(&|i| hidden.products[i].quality > 1.0, &rating);
    let bad = mean(&|i| hidden.products[i].quality < -1.0, &rating);
    assert!(good > bad + 0.3, "{good} {bad}");
}

#[test]
fn gap_queries_and_synonyms_share_no_word_with_titles() {
    let world = World::generate(&MarketConfig { shoppers: 0, ..MarketConfig::default() });
    let mut faults = Vec::new();
    for row in &world.table.types {
        // Whatever a title of the type may say, at any seed.
        let values = row.attributes.iter().flat_map(|a| &a.values).map(|value| &value.text);
        let named = row.attributes.iter().any(|attribute| attribute.name == "line");
        let lines = &world.table.groups[row.group].lines;
        let lines = lines.iter().filter(|_| !named && row.title.contains("{line}"));
        // Outside its placeholders the pattern of the title has words of its own.
        let own = row.title.split('{').map(|part| part.rsplit('}').next().unwrap_or(part));
        let sayable: BTreeSet<String> = values
            .chain(lines)
            .chain([&row.noun])
            .map(String::as_str)
            .chain(own)
            .flat_map(words)
            .collect();
        for (asked, _) in &row.asked {
            let shared: Vec<String> = words(asked).filter(|word| sayable.contains(word)).collect();
            if !shared.is_empty() {
                faults.push(format!("{}: {asked:?} shares {shared:?}", row.name));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    let titles = title_words(&world.catalogue, world.table.types.len());
    for query in &world.queries {
        let shares = words(&query.text)
            .any(|word| query.intent.types.iter().any(|t| titles[usize::from(*t)].contains(&word)));
        assert_ne!(query.gap, shares, "{}", query.text);
    }
    let plain: BTreeMap<&str, bool> =
        world.queries.iter().map(|query| (query.text.as_str(), query.gap)).collect();
    assert_eq!(plain.get("couch"), Some(&true));
    assert_eq!(plain.get("sofa"), Some(&false));
    assert_eq!(plain.get("leather couch"), Some(&false));
}

#[test]
fn queries_are_distinct_and_fall_off() {
    let world = small(1, 0);
    let texts: BTreeSet<&str> = world.queries.iter().map(|q| q.text.as_str()).collect();
    assert_eq!(texts.len(), world.queries.len());
    assert!(world.queries.windows(2).all(|pair| pair[0].frequency >= pair[1].frequency));
    // Natural frequency: a tenth of the texts carries most of what is typed.
    let total: f32 = world.queries.iter().map(|q| q.frequency).sum();
    let head: f32 = world.queries[..world.queries.len() / 10].iter().map(|q| q.frequency).sum();
    assert!(head > 0.5 * total, "{head} of {total}");
    assert!(world.queries.iter().any(|q| q.misspelled));
    let notebook = world.intent("notebook").expect("a query");
    assert_eq!(notebook.types.len(), 2, "a notebook is for typing or for writing");
    for text in world.suggestions(300) {
        let number = world.query_number(&text).expect("a suggestion is a query");
        assert!(!world.queries[number as usize].misspelled);
    }
}

#[test]
fn relevance_is_graded() {
    let world = World::generate(&MarketConfig { shoppers: 0, ..MarketConfig::default() });
    let intent = world.intent("leather sofa").expect("a query").clone();
    // Type, colour and attributes as asked; anything less is a near miss.
    let navy = world.catalogue.colours.iter().position(|c| c.name == "Navy").expect("a colour");
    let navy = Intent { colour: Some(navy as u8), ..intent.clone() };
    for product in world.products_of(intent.types[0]) {
        let item = &world.catalogue.products[product as usize];
        let leather = item.title.contains("Leather");
        assert_eq!(world.relevance(&intent, product).is_relevant(), leather, "{}", item.title);
        let both = leather && item.title.contains("Navy");
        assert_eq!(world.relevance(&navy, product).is_relevant(), both, "{}", item.title);
        assert!(world.relevance(&navy, product).is_right_type());
    }
    let grade = |title: &dyn Fn(&str) -> bool| {
        let products = &world.catalogue.products;
        let id = products.iter().position(|p| title(&p.title)).expect("such a product");
        world.relevance(&intent, id as u32)
    };
    assert_eq!(grade(&|t| t.contains(" Sofa,") && t.contains("Leather")), Relevance::Exact);
    assert_eq!(grade(&|t| t.contains(" Sofa,") && t.contains("Velvet")), Relevance::Partial);
    assert_eq!(grade(&|t| t.contains(" Armchair,")), Relevance::Related);
    assert_eq!(grade(&|t| t.contains(" Laptop,")), Relevance::Irrelevant);
}

#[test]
fn rates_are_near_the_papers() {
    let world = World::generate(&MarketConfig { shoppers: 260, ..MarketConfig::default() });
    let mut figures = Figures::default();
    for log in world.shopper_logs() {
        figures.add(&world, &log);
    }
    let share = |part| ratio(part, figures.impressions);
    assert!((0.045..0.085).contains(&figures.click_rate()), "clicks {}", figures.click_rate());
    assert!((0.0015..0.0035).contains(&figures.order_rate()), "orders {}", figures.order_rate());
    assert!(figures.favourites < figures.clicks && figures.orders < figures.carts);
    assert!((0.004..0.014).contains(&share(figures.carts)), "carts {}", share(figures.carts));
    let auc = figures.judge_auc();
    // Of what was shown or taken for an answer, which is harder to judge than what fills a list.
    assert!((0.885..0.925).contains(&auc), "judge {auc}");
    for (figure, low, high) in [
        (Figure::Searches, 0.64, 0.74),
        (Figure::GapSearches, 0.28, 0.4),
        (Figure::MisspelledSearches, 0.02, 0.08),
        (Figure::PreciseSearches, 0.35, 0.6),
        // As many web searches as things done in the shop (Yandex 4.3), within a third.
        (Figure::WebSearchesOfShopper, 40.0, 90.0),
        (Figure::EventsOfShopper, 40.0, 100.0),
        // Shoppers are led astray by near misses, and see types that they never touched.
        (Figure::ClicksOnIrrelevant, 0.12, 0.4),
        (Figure::FeedTypesTouched, 0.3, 0.8),
    ] {
        let value = figures.value(figure);
        assert!((low..high).contains(&value), "{}: {value}", figure.name());
    }
    let [untouched, searched] =
        [Figure::ClicksOnUntouched, Figure::ClicksOnWebSearchedAlone].map(|f| figures.value(f));
    assert!(searched > 1.3 * untouched, "{searched} {untouched}");
}

#[test]
fn logs_are_whole_and_history_never_sees_the_future() {
    let world = small(2, 25);
    for log in world.shopper_logs() {
        assert!(log.events.windows(2).all(|pair| pair[0].time <= pair[1].time));
        assert!(log.web_searches.windows(2).all(|pair| pair[0].time <= pair[1].time));
        let mut events = log.events.iter().filter(|e| e.time >= 0);
        let mut before = log.events.iter().filter(|e| e.time < 0).count();
        assert!(
            log.events[..before]
                .iter()
                .all(|e| e.time >= -365 * DAY
                    && matches!(e.kind, EventKind::Cart | EventKind::Order))
        );
        let mut last = 0;
        for view in &log.views {
            assert!((0..28 * DAY).contains(&view.time) && view.time >= last);
            last = view.time;
            // What had happened is exactly what earlier pages say: nothing of this one.
            assert_eq!(view.events_before as usize, before);
            assert!(log.events[..before].iter().all(|e| e.time <= view.time));
            assert!(log.events[before..].iter().all(|e| e.time >= view.time));
            assert_eq!(view.impressions.len(), 10);
            assert!(view.under_impressions.len() <= if view.query.is_some() { 10 } else { 0 });
            let mut seen = HashSet::new();
            for (place, shown) in view.impressions.iter().enumerate() {
                assert!(seen.insert(shown.product));
                assert_eq!(usize::from(shown.index), usize::from(view.page) * 10 + place);
                let truth = &shown.truth;
                for probability in
                    [truth.examination, truth.attraction, truth.competition, truth.conversion]
                {
                    assert!(probability > 0.0 && probability <= 1.0, "{truth:?}");
                }
                // Each step needs the one before it.
                assert!(shown.clicked || !(shown.favourited || shown.carted));
                assert!(shown.carted || !shown.ordered);
                for (done, kind) in [
                    (shown.clicked, EventKind::Click),
                    (shown.favourited, EventKind::Favourite),
                    (shown.carted, EventKind::Cart),
                    (shown.ordered, EventKind::Order),
                ] {
                    if done {
                        let event = events.next().expect("an event for each label");
                        assert_eq!((event.kind, event.product), (kind, shown.product));
                        before += 1;
                    }
                }
            }
            assert!(view.under_impressions.iter().all(|under| seen.insert(under.product)));
        }
        assert!(events.next().is_none(), "an event without a page");
        assert!(log.events.iter().all(|e| e.time < 28 * DAY), "an event after the end");
    }
}

#[test]
fn after_a_lasting_purchase_people_look_and_do_not_buy() {
    let world = small(1, 1);
    let taste = world.taste(0);
    let context =
        Context { relevance: Some(Relevance::Exact), device: PageDevice::Phone, time: 900 };
    let at = |standing| world.utility(&taste, 0, context, standing);
    let never = at(Standing::default());
    let bought = at(Standing { satisfied: 0.98, curiosity: 0.9, ..Standing::default() });
    assert!(bought.attraction > never.attraction);
    assert!(bought.conversion() < 0.2 * never.conversion());
    let needed = at(Standing { need: 1.0, ..Standing::default() });
    assert!(needed.conversion() > 3.0 * never.conversion());
}

#[test]
fn daily_things_are_bought_again_sooner_than_lasting_ones() {
    let world = small(2, 60);
    let mut gaps: [Vec<f32>; 2] = Default::default();
    let mut last = BTreeMap::new();
    for log in world.shopper_logs() {
        for event in log.events.iter().filter(|e| e.kind == EventKind::Order) {
            let product = &world.catalogue.products[event.product as usize];
            let row = &world.catalogue.product_types[usize::from(product.product_type)];
            if let Some(before) = last.insert((log.shopper, product.product_type), event.time) {
                let days = (event.time - before) as f32 / DAY as f32;
                gaps[usize::from(row.repurchase_days > 60.0)].push(days / row.repurchase_days);
            }
        }
    }
    let mut middle = |kind: usize| {
        gaps[kind].sort_by(f32::total_cmp);
        gaps[kind][gaps[kind].len() / 2]
    };
    assert!((0.8..4.0).contains(&middle(0)), "{}", middle(0));
    assert!(gaps[0].len() > 5 * gaps[1].len(), "{} {}", gaps[0].len(), gaps[1].len());
}

#[test]
fn places_follow_from_features_with_a_little_exploration() {
    // The same shopper, asking the same on one day, is mostly shown the same products.
    let world = small(6, 60);
    let mut kept = [0, 0];
    for log in world.shopper_logs() {
        let mut before: BTreeMap<String, (i32, Vec<u32>)> = BTreeMap::new();
        for view in log.views.iter().filter(|view| view.page == 0) {
            let Some(query) = &view.query else { continue };
            let day = view.time.div_euclid(DAY);
            let shown: Vec<u32> = view.impressions.iter().map(|shown| shown.product).collect();
            if let Some((_, earlier)) = before.get(query).filter(|(same, _)| *same == day) {
                kept[0] += shown.iter().filter(|product| earlier.contains(product)).count();
                kept[1] += shown.len();
            }
            before.insert(query.clone(), (day, shown));
        }
    }
    let share = kept[0] as f32 / kept[1] as f32;
    assert!(kept[1] > 200 && (0.6..0.99).contains(&share), "{kept:?}");
}

#[test]
fn the_shop_finds_by_words_and_misses_by_gaps() {
    // Of the products of the type that a rare query means, few are found where no title has its
    // words.
    let world = World::generate(&MarketConfig { products: 40_000, ..MarketConfig::default() });
    let channels = Channels::new(world.goods(), Ranker::fitted());
    let mut found = [[0_usize; 2]; 2];
    let rare = world.queries.len() / 2..world.queries.len();
    for number in rare.step_by(40) {
        let query = &world.queries[number];
        let [product_type] = query.intent.types[..] else { continue };
        let brought = channels.found(world.goods(), number as u32);
        let range = world.products_of(product_type);
        let right = brought.iter().filter(|found| range.contains(&found.product)).count();
        found[usize::from(query.gap)][0] += right;
        found[usize::from(query.gap)][1] += range.len();
    }
    let share = found.map(|[right, all]| right as f32 / all as f32);
    assert!(found[1][1] > 300 && share[1] + 0.15 < share[0], "{found:?}");
}

#[test]
fn an_order_leads_to_what_goes_with_it() {
    // More often after it than before.
    let world = small(2, 120);
    let mut after = [0_u32; 2];
    for log in world.shopper_logs() {
        let types: Vec<(i32, EventKind, ProductTypeId)> = (log.events.iter())
            .map(|e| (e.time, e.kind, world.catalogue.products[e.product as usize].product_type))
            .collect();
        for (place, (time, kind, product_type)) in types.iter().enumerate() {
            if *kind != EventKind::Order {
                continue;
            }
            let then = &world.table.types[usize::from(*product_type)].then;
            let near = |event: &&(i32, EventKind, ProductTypeId)| {
                event.1 == EventKind::Order
                    && (event.0 - time).abs() < 20 * DAY
                    && then.contains(&event.2)
            };
            after[0] += types[..place].iter().filter(near).count() as u32;
            after[1] += types[place + 1..].iter().filter(near).count() as u32;
        }
    }
    assert!(after[1] > 3 * after[0] && after[1] > 15, "{after:?}");
}

proptest! {
    #[test]
    fn examination_falls_with_every_place(page in 0_u16..20, place in 0_u16..200, phone: bool) {
        let device = if phone { PageDevice::Phone } else { PageDevice::Desktop };
        let here = examination(page, place, device);
        prop_assert!(here > 0.0 && here < 1.0);
        prop_assert!(examination(page, place + 1, device) < here);
        prop_assert!(examination(page + 1, place, device) < here);
    }

    #[test]
    fn neighbours_are_the_six_nearest(length in 1_usize..40, place in 0_usize..40) {
        let place = place % length;
        let found: Vec<usize> = neighbours(length, place).collect();
        prop_assert_eq!(found.len(), 6.min(length - 1));
        prop_assert!(!found.contains(&place) && found.iter().all(|other| *other < length));
        let farthest = found.iter().map(|other| other.abs_diff(place)).max().unwrap_or(0);
        let outside = (0..length).filter(|other| *other != place && !found.contains(other));
        for other in outside {
            prop_assert!(other.abs_diff(place) >= farthest);
        }
    }

    #[test]
    fn competition_grows_with_neighbours_of_the_same_type(
        types in prop::collection::vec(0_u16..3, 1..20), place in 0_usize..20,
    ) {
        let place = place % types.len();
        let factor = competition(&types, place);
        prop_assert!(factor > 0.0 && factor <= 1.0);
        let alone: Vec<u16> = (0..types.len()).map(|i| if i == place { 9 } else { 1 }).collect();
        let crowded = vec![1; types.len()];
        prop_assert_eq!(competition(&alone, place), 1.0);
        prop_assert!(competition(&crowded, place) <= factor);
    }
}

#[test]
fn under_impressions_are_what_the_shop_took_for_answers() {
    let world = small(3, 40);
    let (mut relevant, mut near, mut all) = (0, 0, 0);
    for log in world.shopper_logs() {
        for view in &log.views {
            let Some(text) = &view.query else {
                assert!(view.under_impressions.is_empty());
                continue;
            };
            let number = world.query_number(text).expect("a query of the market");
            let intent = &world.queries[number as usize].intent;
            for under in &view.under_impressions {
                let of = world.relevance(intent, under.product);
                relevant += usize::from(of.is_relevant());
                near += usize::from(of != Relevance::Irrelevant);
                all += 1;
            }
        }
    }
    // Relevant ones are a rank of their own (MOPPR 4.4), and so are there.
    assert!(relevant * 20 > all, "{relevant} relevant of {all}");
    assert!(near * 10 > all * 9, "{near} near of {all}");
}

#[test]
fn more_under_impressions_leave_everything_else_as_it_is() {
    let config = MarketConfig { seed: 3, products: 1_500, shoppers: 4, ..Default::default() };
    let more = World::generate(&MarketConfig { more_under_impressions: 20, ..config.clone() });
    let plain = World::generate(&config);
    for shopper in 0..4 {
        let (mut more, plain) = (more.shopper_log(shopper), plain.shopper_log(shopper));
        for view in &mut more.views {
            let drawn = view.under_impressions.len();
            let mut products: Vec<_> = view.under_impressions.iter().map(|u| u.product).collect();
            products.sort_unstable();
            products.dedup();
            assert_eq!(products.len(), drawn);
            view.under_impressions.truncate(10);
        }
        assert_eq!(more, plain);
    }
}
