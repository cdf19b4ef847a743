//! `vitrine evaluate samples`: what the log holds for the papers' samples, page view by page view,
//! before anything is trained.

use std::collections::BTreeMap;

use anyhow::Result;
use clap::Args;
use rayon::prelude::*;

use super::market::Market;
use market::World;
use market::catalogue::ProductId;
use market::features::split::{Split, day_of};
use market::history::{DAY, EventKind};
use market::log::ShopperLog;
use training::mlpr::samples::FEW;

/// Which market's log.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    market: Market,
}

/// Under-impressions of a page view that are counted (MOPPR 5.3).
const UNDER: usize = 10;

/// Repurchase periods, in days, that orders are told apart by: up to the first, up to the second, longer.
const PERIODS: [f32; 2] = [60.0, 600.0];

/// Gaps after an order, in days, in which the same type is looked at and bought again.
const GAPS: [i32; 4] = [0, 3, 7, 14];

/// What followed orders of types with one repurchase period.
#[derive(Clone, Copy, Debug, Default)]
struct After {
    /// Orders, of which what follows is in the log.
    orders: u64,
    /// Clicks on the type, and orders of it, in each gap.
    again: [[u64; 2]; GAPS.len() - 1],
}

/// Counts over the page views of the training days; of pairs over every day.
#[derive(Debug, Default)]
struct Counts {
    /// Page views of the feed and of searches, with at least 0, 1, 2 clicks.
    views: [[u64; 3]; 2],
    /// Labels of relevance 1 in page views with a click, on the feed and in searches.
    relevant: [u64; 2],
    /// Impressions of searches, by truth.
    shown: [u64; 2],
    /// Under-impressions of searches with a click, by truth and by the judge's label.
    under: [[u64; 2]; 2],
    /// Impressions, clicks and orders on the feed and in searches.
    acts: [[u64; 3]; 2],
    /// Irrelevant under-impressions among the first of each search, up to four.
    unshown: u64,
    /// Impressions, clicks, carts and orders of each pair of query and product.
    pairs: BTreeMap<(u32, ProductId), [u32; 4]>,
    /// Web searches, and clicks, favourites, carts and orders.
    events: [u64; 2],
    /// By repurchase period (DMT 6.2.1).
    after: [After; PERIODS.len() + 1],
}

impl Counts {
    fn add(&mut self, world: &World, split: &Split, log: &ShopperLog) {
        let logged = |time: i64| time >= 0;
        self.events[0] += log.web_searches.iter().filter(|s| logged(s.time.into())).count() as u64;
        self.events[1] += log.events.iter().filter(|e| logged(e.time.into())).count() as u64;
        self.add_after(world, split, log);
        for view in &log.views {
            let query = view.query.as_deref().and_then(|text| world.query_number(text));
            if let Some(number) = query {
                for shown in &view.impressions {
                    let pair = self.pairs.entry((number, shown.product)).or_default();
                    let acts = [true, shown.clicked, shown.carted, shown.ordered];
                    pair.iter_mut().zip(acts).for_each(|(n, act)| *n += u32::from(act));
                }
            }
            if !split.training.contains(&day_of(view.time)) {
                continue;
            }
            let kind = usize::from(query.is_some());
            let clicks = view.impressions.iter().filter(|i| i.clicked).count();
            for (least, views) in self.views[kind].iter_mut().enumerate() {
                *views += u64::from(clicks >= least);
            }
            let orders = view.impressions.iter().filter(|i| i.ordered).count();
            let acts = [view.impressions.len(), clicks, orders];
            self.acts[kind].iter_mut().zip(acts).for_each(|(n, act)| *n += act as u64);
            if query.is_some() {
                for shown in &view.impressions {
                    self.shown[usize::from(shown.truth.relevant)] += 1;
                }
            }
            let under = &view.under_impressions[..UNDER.min(view.under_impressions.len())];
            let wrong = under.iter().filter(|u| !u.judged_relevant).count();
            self.unshown += if query.is_some() { wrong.min(4) as u64 } else { 0 };
            if clicks == 0 {
                continue;
            }
            let shown = view.impressions.iter().filter(|i| i.judged_relevant).count();
            self.relevant[kind] += (shown + under.len() - wrong) as u64;
            if let Some(number) = query {
                let intent = &world.queries[number as usize].intent;
                for u in under {
                    let truth = world.relevance(intent, u.product).is_relevant();
                    self.under[usize::from(truth)][usize::from(u.judged_relevant)] += 1;
                }
            }
        }
    }

    /// What follows each order: clicks on its type and orders of it, by the days between.
    fn add_after(&mut self, world: &World, split: &Split, log: &ShopperLog) {
        let type_of = |product: ProductId| world.catalogue.products[product as usize].product_type;
        let last = split.test.end * DAY - GAPS[GAPS.len() - 1] * DAY;
        for (number, order) in log.events.iter().enumerate() {
            if order.kind != EventKind::Order || !(0..last).contains(&order.time) {
                continue;
            }
            let product_type = type_of(order.product);
            let period = world.catalogue.product_types[usize::from(product_type)].repurchase_days;
            let after = &mut self.after[PERIODS.iter().filter(|&&most| period > most).count()];
            after.orders += 1;
            for event in &log.events[number + 1..] {
                let act = match event.kind {
                    EventKind::Click => 0,
                    EventKind::Order => 1,
                    EventKind::Favourite | EventKind::Cart => continue,
                };
                let days = (event.time - order.time) / DAY;
                let gap = GAPS.windows(2).position(|gap| (gap[0]..gap[1]).contains(&days));
                if let Some(gap) = gap.filter(|_| type_of(event.product) == product_type) {
                    after.again[gap][act] += 1;
                }
            }
        }
    }

    fn merge(mut self, other: Self) -> Self {
        fn sum<const N: usize>(mine: &mut [u64; N], other: [u64; N]) {
            mine.iter_mut().zip(other).for_each(|(n, more)| *n += more);
        }
        for (mine, other) in self.views.iter_mut().zip(other.views) {
            sum(mine, other);
        }
        for (mine, other) in self.acts.iter_mut().zip(other.acts) {
            sum(mine, other);
        }
        for (mine, other) in self.under.iter_mut().zip(other.under) {
            sum(mine, other);
        }
        sum(&mut self.shown, other.shown);
        sum(&mut self.relevant, other.relevant);
        sum(&mut self.events, other.events);
        self.unshown += other.unshown;
        for (mine, other) in self.after.iter_mut().zip(other.after) {
            mine.orders += other.orders;
            mine.again.iter_mut().zip(other.again).for_each(|(mine, other)| sum(mine, other));
        }
        for (pair, acts) in other.pairs {
            let mine = self.pairs.entry(pair).or_default();
            mine.iter_mut().zip(acts).for_each(|(n, more)| *n += more);
        }
        self
    }

    fn print(&self, world: &World, split: &Split) {
        let share = |part: u64, of: u64| 100.0 * part as f64 / of.max(1) as f64;
        let config = &world.config;
        println!(
            "{} products, {} shoppers, days {:?} (pairs: all {})",
            config.products, config.shoppers, split.training, config.days
        );
        println!("page views          all  with a click  with two and more");
        for (name, [all, one, two]) in ["feed", "search"].iter().zip(self.views) {
            println!("{name:<12} {all:>10} {one:>13} {two:>18}");
        }
        let [feed, search] = self.relevant;
        println!(
            "relevance labels of page views with a click: {} on the feed, {} in searches; {:.1} % \
             have no query",
            feed,
            search,
            share(feed, feed + search)
        );
        let [[right_not, wrong], [missed, right]] = self.under;
        let all = right_not + wrong + missed + right;
        println!(
            "under-impressions of searches: {all}, {:.2} % relevant, {:.2} % labelled relevant, of \
             which {:.1} % wrongly",
            share(missed + right, all),
            share(wrong + right, all),
            share(wrong, wrong + right)
        );
        for (name, [shown, clicks, orders]) in ["feed", "search"].iter().zip(self.acts) {
            println!(
                "{name:<7} {shown} impressions, {:.2} % clicked, {:.3} % ordered",
                share(clicks, shown),
                share(orders, shown)
            );
        }
        let [irrelevant, relevant] = self.shown;
        println!(
            "impressions of searches: {:.1} % relevant",
            share(relevant, irrelevant + relevant)
        );
        let [_, [searched, ..]] = self.acts;
        println!(
            "irrelevant and not shown, at most four a search: {}, {:.1} % of what a ranker would \
             read of searches",
            self.unshown,
            share(self.unshown, self.unshown + searched)
        );
        let kept: Vec<&[u32; 4]> = self.pairs.values().filter(|pair| pair[0] > FEW).collect();
        let of = |act: usize| kept.iter().filter(|pair| pair[act] > 0).count() as u64;
        let impressions: u64 = kept.iter().map(|pair| u64::from(pair[0])).sum();
        println!(
            "pairs of query and product: {}, {} with more than {FEW} impressions, which have {:.1} \
             each; {:.1} % clicked, {:.1} % in a cart, {:.1} % ordered",
            self.pairs.len(),
            kept.len(),
            impressions as f64 / kept.len().max(1) as f64,
            share(of(1), kept.len() as u64),
            share(of(2), kept.len() as u64),
            share(of(3), kept.len() as u64)
        );
        println!("web searches {}, events in the shop {}", self.events[0], self.events[1]);
        println!("after an order, of the same type, a hundred orders and day: clicks, orders");
        let [short, long] = PERIODS;
        let names =
            [format!("up to {short} days"), format!("up to {long}"), format!("more than {long}")];
        for (name, after) in names.iter().zip(&self.after) {
            print!("bought again after {name:<14} {:>6} orders", after.orders);
            for (gap, again) in GAPS.windows(2).zip(after.again) {
                let days = f64::from(gap[1] - gap[0]);
                let [clicks, orders] = again.map(|n| share(n, after.orders) / days);
                print!("; {} to {} days: {clicks:.1}, {orders:.2}", gap[0], gap[1]);
            }
            println!();
        }
    }
}

/// Lives through the market once and prints the counts.
///
/// # Errors
/// None: nothing is read.
pub fn run(arguments: &Arguments) -> Result<()> {
    let world = arguments.market.world();
    let split = Split::last_day(world.config.days);
    let counts = (0..world.config.shoppers)
        .into_par_iter()
        .fold(Counts::default, |mut counts, shopper| {
            counts.add(&world, &split, &world.shopper_log(shopper));
            counts
        })
        .reduce(Counts::default, Counts::merge);
    counts.print(&world, &split);
    Ok(())
}
