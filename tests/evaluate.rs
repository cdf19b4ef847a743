//! Held-out page views through the funnel, on the shipped assets.

use engine::pipeline::Funnel;
use engine::pipeline::assets::{AssetSource, Manifest};
use engine::pipeline::views::{HELD_OUT, Outcome, Views};
use futures::executor::block_on;
use lab::native::Folder;
use lab::native::Patient;
use languages::english;
use link::State;
use market::features::split::{Split, day_of};
use market::held_out::{HeldOut, Occasion, Wanted};
use market::metrics::Mean;
use market::metrics::measure::{Against, Measure, PLACES, Values, place};
use market::{MarketConfig, World};
use protocol::blend::Ranked;
use protocol::{Candidate, Evaluated};
use systems::shared::{self, Surface};
use systems::{dmt, mlpr, retrieval_alone, yandex};

use crate::support::{Spoilt, funnel, load, run};

fn evaluate(funnel: &mut Funnel<Spoilt>, state: &State, from: u32, count: u32) -> Evaluated {
    block_on(funnel.evaluate(1, state, from, count, &Patient::default()))
}

fn mean(values: &[Values], against: Against, measure: Measure) -> Mean {
    values.iter().map(|view| view[place(against, measure)].map(f64::from)).collect()
}

fn value(values: &[Values], against: Against, measure: Measure) -> f64 {
    mean(values, against, measure).value().expect("some view has it")
}

fn shipped() -> HeldOut {
    let bytes = block_on(Folder("assets".into()).fetch(HELD_OUT)).expect("it is shipped");
    serde_json::from_slice(&bytes).expect("it is JSON")
}

#[test]
fn slices_add_up_to_the_whole_and_a_ranking_between_them_changes_nothing() {
    let state = State::default();
    let whole = evaluate(&mut funnel(), &state, 0, 12);
    assert_eq!((whole.values.len(), whole.notices.len()), (12, 0));
    let mut funnel = funnel();
    let mut slices = Vec::new();
    for (from, count) in [(0, 5), (5, 1), (6, 6)] {
        slices.extend(evaluate(&mut funnel, &state, from, count).values);
        run(&mut funnel, &State { query: "couch".into(), ..State::default() });
    }
    assert_eq!(slices, whole.values);
    let beyond = evaluate(&mut funnel, &state, whole.views, 5);
    assert_eq!((beyond.values.len(), beyond.views), (0, whole.views));
}

#[test]
fn without_a_ranker_the_truth_of_its_page_is_measured_and_nothing_is_expected_of_it() {
    let mut funnel = funnel();
    let none = State::default().ranked_by(&retrieval_alone::RANKER);
    let values = evaluate(&mut funnel, &none, 0, 20).values;
    let ranked = evaluate(&mut funnel, &State::default(), 0, 20).values;
    for measure in [Measure::Clicks, Measure::Orders, Measure::Gmv] {
        assert_eq!(mean(&values, Against::Log, measure).count(), 0, "{measure:?}");
        assert_ne!(
            mean(&values, Against::Truth, measure).value(),
            mean(&ranked, Against::Truth, measure).value()
        );
    }
    // What reaches the page is the same, in another order.
    let recall = |values: &[Values]| mean(values, Against::Truth, Measure::RecallClicks).value();
    assert_eq!(recall(&values), recall(&ranked));
}

#[test]
fn what_is_measured_is_within_its_bounds() {
    let mut funnel = funnel();
    for &surface in Surface::ALL {
        let state = State::default().with(&shared::SURFACE, surface.value());
        let values = evaluate(&mut funnel, &state, 0, 30).values;
        assert_eq!(values.len(), 30);
        for view in &values {
            assert_eq!(view.len(), PLACES);
            for against in [Against::Truth, Against::Log] {
                let at = |measure| view[place(against, measure)];
                for share in [
                    Measure::NdcgClicks,
                    Measure::NdcgOrders,
                    Measure::RecallClicks,
                    Measure::RecallOrders,
                    Measure::Good,
                ] {
                    assert!(
                        at(share).is_none_or(|value| (0.0..=1.0).contains(&value)),
                        "{share:?}"
                    );
                }
                // Nothing is relevant to no query.
                assert!(surface == Surface::Search || at(Measure::Good).is_none());
                if let (Some(clicks), Some(orders)) = (at(Measure::Clicks), at(Measure::Orders)) {
                    assert!(orders <= clicks && clicks <= 20.0);
                    assert!(at(Measure::Diversity).is_some_and(|n| (1.0..=20.0001).contains(&n)));
                }
            }
        }
        assert!(mean(&values, Against::Log, Measure::NdcgClicks).count() > 5);
        assert!(mean(&values, Against::Truth, Measure::Gmv).count() > 20);
    }
}

#[test]
fn each_system_is_measured_and_what_is_better_by_design_measures_better() {
    let mut funnel = funnel();
    let of = |change: fn(&mut State), funnel: &mut Funnel<Spoilt>| {
        let mut state = State::default();
        change(&mut state);
        let evaluated = evaluate(funnel, &state, 0, 40);
        assert_eq!(evaluated.notices, []);
        evaluated.values
    };
    let shipped = of(|_| (), &mut funnel);
    // Drawn by lot from nearly the whole catalogue, and left in that order.
    let lot = of(
        |state| {
            state.settings.switch(&shared::SAMPLE, true);
            state.settings.set(&shared::TEMPERATURE, 0.2);
            state.settings.switch(&shared::RELEVANCE_CONTROL, false);
            state.settings.set(&shared::WEIGHT_CLICK, 0.0);
            state.settings.set(&shared::WEIGHT_ORDER, 0.0);
        },
        &mut funnel,
    );
    for measure in [
        Measure::NdcgClicks,
        Measure::NdcgOrders,
        Measure::RecallClicks,
        Measure::Good,
        Measure::Clicks,
        Measure::Gmv,
    ] {
        let (good, bad) =
            (value(&shipped, Against::Truth, measure), value(&lot, Against::Truth, measure));
        assert!(good > 1.2 * bad, "{measure:?}: {good} against {bad}");
    }
    // Behind relevance control nearly all that is relevant is retrieved whatever K is.
    let few = of(|state| state.settings.switch(&shared::RELEVANCE_CONTROL, false), &mut funnel);
    let more = of(
        |state| {
            state.settings.switch(&shared::RELEVANCE_CONTROL, false);
            state.settings.set(&shared::CANDIDATES, 200.0);
        },
        &mut funnel,
    );
    let recall = |values: &[Values]| value(values, Against::Truth, Measure::RecallClicks);
    assert!(recall(&more) > recall(&few));
    let mlpr = of(|state| state.settings.set(&shared::RANKER, mlpr::RANKER.value()), &mut funnel);
    let yandex =
        of(|state| state.settings.set(&shared::RETRIEVER, yandex::RETRIEVER.value()), &mut funnel);
    assert_ne!(mlpr, shipped);
    assert_ne!(yandex, shipped);
}

#[test]
fn the_truths_own_order_is_the_best_and_turned_round_it_is_worse() {
    let funnel = funnel();
    let stock = funnel.stock();
    let source = Folder("assets".into());
    let manifest = block_on(Manifest::fetch(&source)).expect("it is shipped");
    let mut views =
        block_on(Views::fetch(&manifest, &source, stock, Vec::new())).expect("it is shipped");
    let held_out = shipped();
    let mut compared = 0;
    for number in views.on(Surface::Search) {
        let view = &held_out.views[number];
        if !view.from_all || compared == 15 {
            continue;
        }
        compared += 1;
        let truth = held_out.truth(&stock.catalogue, view);
        let mut products: Vec<u32> = (0..stock.catalogue.products.len() as u32)
            .filter(|product| stock.catalogue.is_on_sale(*product, day_of(view.time)))
            .collect();
        products.sort_by(|&a, &b| {
            truth.utility(b).attraction.total_cmp(&truth.utility(a).attraction).then(a.cmp(&b))
        });
        products.truncate(30);
        let mut measured = |products: &[u32]| {
            let candidate = |&product: &u32| Candidate {
                product,
                retrieval_score: 0.0,
                probability: 0.0,
                tier: 0,
                utility: vec![0.0, 0.0],
                bias: 0.0,
            };
            let candidates: Vec<Candidate> = products.iter().map(candidate).collect();
            let place = |candidate| Ranked { candidate, score: 0.0 };
            let order: Vec<Ranked> = (0..candidates.len()).map(place).collect();
            let tasks = dmt::RANKER.tasks;
            let outcome = Outcome { candidates: &candidates, order: &order, tasks };
            views.measure(&stock.catalogue, number, outcome, &State::default())
        };
        let at = |values: &Values, measure| values[place(Against::Truth, measure)].expect("all");
        let best = measured(&products);
        assert!((at(&best, Measure::NdcgClicks) - 1.0).abs() < 1e-6);
        assert_eq!(at(&best, Measure::RecallClicks), 1.0);
        products.reverse();
        let worst = measured(&products);
        assert!(at(&worst, Measure::NdcgClicks) < at(&best, Measure::NdcgClicks));
        assert!(at(&worst, Measure::Clicks) < at(&best, Measure::Clicks));
    }
    assert_eq!(compared, 15);
}

#[test]
fn the_judge_and_the_truth_see_nearly_the_same() {
    let values = evaluate(&mut funnel(), &State::default(), 0, 60).values;
    let of = |against| value(&values, against, Measure::Good);
    let (judge, truth) = (of(Against::Log), of(Against::Truth));
    assert!((judge - truth).abs() < 0.12, "{judge} {truth}");
}

#[test]
fn without_the_file_the_notice_names_it_and_a_second_try_gets_it() {
    let mut funnel = load(Spoilt::without(HELD_OUT)).expect("the rest is there");
    for _ in 0..2 {
        let evaluated = evaluate(&mut funnel, &State::default(), 0, 1);
        assert!(evaluated.values.is_empty());
        assert!(english(&evaluated.notices[0].says).contains(HELD_OUT), "{:?}", evaluated.notices);
    }
    let short = Spoilt::new();
    short.short.borrow_mut().insert(HELD_OUT.into());
    let mut funnel = load(short).expect("the rest is there");
    assert!(
        english(&evaluate(&mut funnel, &State::default(), 0, 1).notices[0].says).contains("bytes")
    );
}

#[test]
fn weights_that_are_missing_are_not_measured_as_others() {
    let mut funnel = load(Spoilt::without("mlpr.safetensors")).expect("the rest is there");
    let state = State::default().ranked_by(&mlpr::RANKER);
    let evaluated = evaluate(&mut funnel, &state, 0, 1);
    assert!(evaluated.values.is_empty());
    assert!(
        english(&evaluated.notices[0].says).contains("mlpr.safetensors"),
        "{:?}",
        evaluated.notices
    );
}

/// The market of a sample that is small enough for a test, and the sample after it went through
/// a file.
fn small() -> (World, HeldOut) {
    let config = MarketConfig { products: 1_500, shoppers: 80, ..MarketConfig::default() };
    let world = World::generate(&config);
    let test = Split::last_day(config.days).test;
    let occasions: Vec<Occasion> = world
        .shopper_logs()
        .flat_map(|log| Occasion::of(&log, |view| test.contains(&day_of(view.time))))
        .collect();
    let wanted = Wanted { searches: [25, 5], feeds: [10, 5], of_one_shopper: 2 };
    let drawn = HeldOut::draw(&world, &occasions, &wanted);
    assert_eq!(drawn, HeldOut::draw(&world, &occasions, &wanted));
    let text = serde_json::to_string(&drawn).expect("plain data");
    (world, serde_json::from_str(&text).expect("what was written"))
}

#[test]
fn the_truth_of_the_file_is_the_markets() {
    let (world, held_out) = small();
    assert!(held_out.fits(&world.catalogue));
    let mut compared = 0;
    for view in held_out.views.iter() {
        let shopper = &held_out.shoppers[view.shopper as usize];
        let log = world.shopper_log(shopper.number);
        let same = |logged: &&market::log::PageView| logged.time == view.time;
        let logged = log.views.iter().find(same).expect("it was drawn from here");
        assert_eq!(logged.page, 0);
        assert_eq!(held_out.events(view), log.events[..logged.events_before as usize]);
        let truth = held_out.truth(&world.catalogue, view);
        // After the first order on a page the need is gone: what the log says of later places was
        // drawn from another standing than the page began with.
        for shown in &logged.impressions {
            let utility = truth.utility(shown.product);
            for (here, there) in [
                (utility.attraction, shown.truth.attraction),
                (utility.conversion(), shown.truth.conversion),
            ] {
                assert!((here / there - 1.0).abs() < 0.05, "{here} {there}");
            }
            let relevant = truth.relevance(shown.product).is_none_or(|r| r.is_relevant());
            assert_eq!(relevant, shown.truth.relevant);
            let judged = truth.judged(shown.product).unwrap_or(true);
            assert_eq!(judged, shown.judged_relevant);
            compared += 1;
            if shown.clicked {
                break;
            }
        }
    }
    assert!(compared > 150, "{compared}");
}

#[test]
fn a_sample_of_another_market_does_not_fit() {
    let (_, held_out) = small();
    let other = World::generate(&MarketConfig { seed: 2, shoppers: 0, ..MarketConfig::default() });
    assert!(!held_out.fits(&other.catalogue));
}

#[test]
fn the_shipped_views_are_of_others_than_can_be_played() {
    let held_out = shipped();
    let funnel = funnel();
    assert!(held_out.fits(&funnel.stock().catalogue));
    let searches = held_out.views.iter().filter(|view| view.asked.is_some()).count();
    assert!(searches >= 200 && held_out.views.len() - searches >= 50);
    for view in &held_out.views {
        let events = held_out.events(view);
        assert!(events.iter().all(|event| event.time <= view.time));
    }
    for shopper in funnel.stock().shoppers.iter() {
        let same = |view: &&_| {
            let events = held_out.events(view);
            let kept = |time| time >= shopper.now - 30 * 24 * 60;
            let new: Vec<_> = events.iter().filter(|event| kept(event.time)).collect();
            !new.is_empty() && new.iter().all(|event| shopper.events.contains(event))
        };
        assert!(held_out.views.iter().find(same).is_none(), "{}", shopper.name);
    }
}
