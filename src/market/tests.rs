//! What must hold of any market, and of its logs.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use proptest::prelude::*;

use super::figures::{Figures, ratio};
use super::history::{DAY, EventKind, PageDevice};
use super::query::{title_words, words};
use super::truth::{Context, Relevance, Standing, competition, examination, neighbours};
use super::{MarketConfig, World};

fn small(seed: u64, shoppers: u32) -> World {
    World::generate(&MarketConfig { seed, products: 1_500, shoppers, ..MarketConfig::default() })
}

/// FNV-1a over the catalogue, the queries and every log, as JSON.
fn fingerprint(world: &World) -> u64 {
    let mut bytes = serde_json::to_vec(&world.catalogue).expect("plain data");
    for query in &world.queries {
        bytes.extend(query.text.bytes().chain(query.frequency.to_le_bytes()));
    }
    for log in world.shopper_logs() {
        bytes.extend(serde_json::to_vec(&log).expect("plain data"));
    }
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    assert_eq!(fingerprint(&small(3, 12)), fingerprint(&small(3, 12)));
    assert_ne!(fingerprint(&small(3, 12)), fingerprint(&small(4, 12)));
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
    assert!(catalogue.products.len() >= 2_400);
    assert!(catalogue.product_types.len() >= 210 && catalogue.departments.len() >= 15);
    assert!((2_000..20_000).contains(&world.queries.len()), "{}", world.queries.len());
    let titles: HashSet<&str> = catalogue.products.iter().map(|p| p.title.as_str()).collect();
    assert!(titles.len() as f32 >= 0.97 * catalogue.products.len() as f32, "{}", titles.len());
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
    assert!((0.055..0.085).contains(&figures.click_rate()), "clicks {}", figures.click_rate());
    assert!((0.0015..0.0035).contains(&figures.order_rate()), "orders {}", figures.order_rate());
    assert!(figures.favourites < figures.clicks && figures.orders < figures.carts);
    assert!((0.005..0.012).contains(&share(figures.carts)), "carts {}", share(figures.carts));
    let auc = figures.judge_auc();
    // Of what the retrieval took for answers, which is harder to judge than what fills a list.
    assert!((0.84..0.925).contains(&auc), "judge {auc}");
    let searches = ratio(figures.searches, figures.views);
    assert!((0.67..0.74).contains(&searches), "searches {searches}");
    let gap = ratio(figures.gap_searches, figures.searches);
    assert!((0.29..0.38).contains(&gap), "gap {gap}");
    let misspelled = ratio(figures.misspelled_searches, figures.searches);
    assert!((0.02..0.08).contains(&misspelled), "misspelled {misspelled}");
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
    let context = Context { relevance: Some(Relevance::Exact), device: PageDevice::Phone };
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
fn the_logging_policy_explores() {
    // The same shopper, asking the same, is shown different orders: every product has its chance
    // at several places, so that examination can be told from attraction.
    let world = small(6, 60);
    let mut first: BTreeMap<(u32, String), BTreeSet<u32>> = BTreeMap::new();
    for log in world.shopper_logs() {
        for view in log.views.iter().filter(|view| view.page == 0) {
            if let Some(query) = &view.query {
                let seen = first.entry((log.shopper, query.clone())).or_default();
                seen.extend(view.impressions.first().map(|shown| shown.product));
            }
        }
    }
    let repeated = first.values().filter(|seen| seen.len() > 1).count();
    assert!(repeated > 20, "{repeated}");
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
fn under_impressions_are_what_the_retrieval_took_for_answers() {
    let world = small(3, 40);
    let (mut relevant, mut all) = (0, 0);
    for log in world.shopper_logs() {
        for view in &log.views {
            let Some(text) = &view.query else {
                assert!(view.under_impressions.is_empty());
                continue;
            };
            let number = world.query_number(text).unwrap();
            let intent = &world.queries[number as usize].intent;
            for under in &view.under_impressions {
                let product = &world.catalogue.products[under.product as usize];
                let fits = |t: &u16| {
                    *t == product.product_type || world.related(*t).contains(&product.product_type)
                };
                assert!(intent.types.iter().any(fits), "{text}: {}", product.title);
                relevant += usize::from(world.relevance(intent, under.product).is_relevant());
                all += 1;
            }
        }
    }
    // Relevant ones are a rank of their own (MOPPR 4.4), and so are there.
    assert!(relevant * 20 > all, "{relevant} of {all}");
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
