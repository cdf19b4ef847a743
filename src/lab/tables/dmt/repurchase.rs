//! Clicks and orders by how long ago one of the type was ordered (DMT 6.2.1): what is bought again
//! seldom is said to be clicked and not bought soon after an order, what is bought again often to be
//! both.

use std::collections::HashMap;

use rayon::prelude::*;

use crate::tables::study::Study;
use market::catalogue::{Catalogue, ProductTypeId};
use market::history::{DAY, EventKind, Minutes};
use market::log::ShopperLog;
use market::metrics::{BLOCKS, Figure, block_of};

/// The study.
pub static STUDY: Study = Study {
    name: "dmt-repurchase",
    says: "clicks an impression and orders a click by time since the last order of the type",
    figures: &FIGURES,
    of: |market| Ok(format!("{:?} {GROUPS:?} {GAPS:?}", market.config())),
    run: |market| {
        let world = market.world();
        let nothing = || vec![Counts::default(); BLOCKS];
        let blocks = (0..world.config.shoppers)
            .into_par_iter()
            .fold(nothing, |mut blocks, shopper| {
                add(&mut blocks[block_of(shopper)], &world.catalogue, &world.shopper_log(shopper));
                blocks
            })
            .reduce(nothing, |mut blocks, more| {
                blocks.iter_mut().zip(&more).for_each(|(block, more)| merge(block, more));
                blocks
            });
        Ok(figures(&blocks))
    },
};

/// Names, and the repurchase periods of their types in days: from, to.
const GROUPS: [(&str, [f32; 2]); 2] = [("long", [365.0, f32::INFINITY]), ("short", [0.0, 30.0])];

/// Days since the last order of the type, and less than so many.
const GAPS: [(&str, i32); 3] =
    [("within 14 days", 14), ("14 to 90 days", 90), ("90 days and more", i32::MAX)];

/// Names of the figures.
const FIGURES: [&str; 16] = [
    "long: clicks an impression within 14 days",
    "long: clicks an impression 14 to 90 days",
    "long: clicks an impression 90 days and more",
    "long: orders a click within 14 days",
    "long: orders a click 14 to 90 days",
    "long: orders a click 90 days and more",
    "long: clicks kept",
    "long: orders kept",
    "short: clicks an impression within 14 days",
    "short: clicks an impression 14 to 90 days",
    "short: clicks an impression 90 days and more",
    "short: orders a click within 14 days",
    "short: orders a click 14 to 90 days",
    "short: orders a click 90 days and more",
    "short: clicks kept",
    "short: orders kept",
];

/// Impressions, clicks and orders, by group and gap.
type Counts = [[[f64; 3]; GAPS.len()]; GROUPS.len()];

fn merge(counts: &mut Counts, more: &Counts) {
    let (all, more) = (counts.iter_mut().flatten().flatten(), more.iter().flatten().flatten());
    all.zip(more).for_each(|(count, more)| *count += more);
}

/// Counts what a shopper was shown of types that the shopper had ordered before: with a need that is
/// known to be one, and nothing that lies ahead.
fn add(counts: &mut Counts, catalogue: &Catalogue, log: &ShopperLog) {
    let mut ordered: HashMap<ProductTypeId, Minutes> = HashMap::new();
    let mut known = 0;
    for view in &log.views {
        let before = view.events_before as usize;
        for event in &log.events[known..before.max(known)] {
            if event.kind == EventKind::Order {
                let of = catalogue.products[event.product as usize].product_type;
                ordered.insert(of, event.time);
            }
        }
        known = before.max(known);
        for shown in &view.impressions {
            let of = catalogue.products[shown.product as usize].product_type;
            let period = catalogue.product_types[usize::from(of)].repurchase_days;
            let fits = |(_, [from, to]): &(&str, [f32; 2])| (*from..=*to).contains(&period);
            let (Some(group), Some(&when)) = (GROUPS.iter().position(fits), ordered.get(&of))
            else {
                continue;
            };
            let days = (view.time - when).div_euclid(DAY);
            let Some(gap) = GAPS.iter().position(|(_, less)| days < *less) else { continue };
            let of_gap = &mut counts[group][gap];
            of_gap[0] += 1.0;
            of_gap[1] += f64::from(u8::from(shown.clicked));
            of_gap[2] += f64::from(u8::from(shown.ordered));
        }
    }
}

/// Clicks an impression and orders a click, and what of either is kept within the first gap of what it
/// is after it.
fn figures(blocks: &[Counts]) -> Vec<Figure> {
    let mut whole = Counts::default();
    blocks.iter().for_each(|block| merge(&mut whole, block));
    let figure = |name: String, of: &dyn Fn(&Counts) -> Option<f64>| {
        let of_block = |block: usize| blocks.get(block).and_then(of);
        Figure { name, whole: of(&whole), blocks: std::array::from_fn(of_block) }
    };
    let ratio = |above: f64, below: f64| (below > 0.0).then(|| above / below);
    let rates = [("clicks an impression", 1), ("orders a click", 2)];
    let mut all = Vec::with_capacity(FIGURES.len());
    for (group, (of_group, _)) in GROUPS.iter().enumerate() {
        for (rate, what) in rates {
            for (gap, (when, _)) in GAPS.iter().enumerate() {
                all.push(figure(format!("{of_group}: {rate} {when}"), &|counts| {
                    let of_gap = counts[group][gap];
                    ratio(of_gap[what], of_gap[what - 1])
                }));
            }
        }
        for (kept, what) in [("clicks kept", 1), ("orders kept", 2)] {
            all.push(figure(format!("{of_group}: {kept}"), &|counts| {
                let [soon, later @ ..] = &counts[group];
                let sum = |what: usize| later.iter().map(|of_gap| of_gap[what]).sum::<f64>();
                ratio(ratio(soon[what], soon[what - 1])?, ratio(sum(what), sum(what - 1))?)
            }));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use market::catalogue::ProductId;
    use market::history::{Event, PageDevice, Profile};
    use market::log::{Impression, ImpressionTruth, PageView};
    use market::{MarketConfig, World};

    fn shown(product: ProductId, clicked: bool, ordered: bool) -> Impression {
        let truth = ImpressionTruth {
            relevant: true,
            examination: 1.0,
            attraction: 1.0,
            competition: 1.0,
            conversion: 1.0,
        };
        Impression {
            product,
            index: 0,
            judged_relevant: true,
            clicked,
            favourited: false,
            carted: ordered,
            ordered,
            truth,
        }
    }

    fn view(day: i32, events_before: u32, impressions: Vec<Impression>) -> PageView {
        PageView {
            time: day * DAY,
            events_before,
            query: None,
            page: 0,
            device: PageDevice::Phone,
            impressions,
            under_impressions: Vec::new(),
            needs: Vec::new(),
        }
    }

    #[test]
    fn a_shopper_by_hand() {
        let config = MarketConfig { products: 1_500, ..MarketConfig::default() };
        let world = World::generate(&config);
        let catalogue = &world.catalogue;
        let of_period = |fits: &dyn Fn(f32) -> bool| -> ProductId {
            let period = |p: &market::catalogue::Product| {
                catalogue.product_types[usize::from(p.product_type)].repurchase_days
            };
            catalogue.products.iter().position(|p| fits(period(p))).unwrap() as ProductId
        };
        let long = of_period(&|days| days >= 365.0);
        let short = of_period(&|days| days <= 30.0);
        let between = of_period(&|days| days > 30.0 && days < 365.0);
        let order = |product, day: i32| Event { kind: EventKind::Order, product, time: day * DAY };
        let click = Event { kind: EventKind::Click, product: short, time: 0 };
        let events =
            vec![order(long, -100), order(between, -100), click, order(long, 5), order(short, 6)];
        let views = vec![
            // Nothing of the short type was ordered yet; what lies between does not count.
            view(1, 3, vec![shown(short, true, true), shown(between, true, true)]),
            // 102 days after.
            view(2, 3, vec![shown(long, true, true), shown(long, true, false)]),
            // 2 days and 1 day after.
            view(7, 5, vec![shown(long, true, false), shown(short, true, true)]),
            // 16 and 15 days after.
            view(21, 5, vec![shown(long, false, false), shown(short, true, false)]),
        ];
        let profile = Profile {
            age_band: 1,
            gender: 0,
            purchase_power: 2,
            household: 0,
            town: 1,
            member_years: 1,
        };
        let log = ShopperLog { shopper: 0, profile, events, web_searches: Vec::new(), views };
        let mut blocks = vec![Counts::default(); BLOCKS];
        add(&mut blocks[0], catalogue, &log);
        assert_eq!(blocks[0][0], [[1.0, 1.0, 0.0], [1.0, 0.0, 0.0], [2.0, 2.0, 1.0]]);
        assert_eq!(blocks[0][1], [[1.0, 1.0, 1.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]);

        let found = figures(&blocks);
        assert_eq!(found.iter().map(|figure| &*figure.name).collect::<Vec<_>>(), FIGURES);
        let of = |name: &str| found.iter().find(|figure| figure.name == name).unwrap();
        assert_eq!(of("long: orders a click 90 days and more").whole, Some(0.5));
        assert_eq!(of("short: orders a click 90 days and more").whole, None);
        // 1 of 1 against 2 of 3, none of 1 against 1 of 2.
        assert_eq!(of("long: clicks kept").blocks[0], Some(1.5));
        assert_eq!(of("long: orders kept").whole, Some(0.0));
        assert_eq!(of("long: clicks kept").blocks[1], None);
    }
}
