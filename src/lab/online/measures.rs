//! What is counted of a shopper's days in a test, and what is measured of the counts.
//!
//! Everything that hangs on clicks and orders is counted twice: as it came, and as the market's truth
//! expected it of what was shown, each click and order by its probability. What was expected has the
//! same mean and none of the chance of the draws, so that a test of the same size sees less.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::arm::{Listed, On};
use market::catalogue::{Catalogue, ProductId};
use market::history::{DAY, Minutes};
use market::log::{PageView, ShopperLog};

/// An order is attributed to recommendations if its product was recommended no longer before
/// (Yandex 4.4, "a short period").
pub const ATTRIBUTED: Minutes = 3 * DAY;

/// Days over which counts are kept apart.
pub const WEEK: i32 = 7;

/// What is counted. On the pages that the arms answer, unless it says everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// The shopper: once.
    Shopper,
    /// Page views.
    Views,
    /// Products shown.
    Impressions,
    /// Clicks.
    Clicks,
    /// Orders, each of one product.
    Orders,
    /// What they cost together, in whole coins.
    Gmv,
    /// Orders everywhere.
    OrdersEverywhere,
    /// What those cost.
    GmvEverywhere,
    /// Products shown after a search.
    Searched,
    /// Those that the noisy judge finds relevant.
    Judged,
    /// Those that are relevant.
    Relevant,
    /// Products shown that embeddings retrieved.
    Embedded,
    /// Clicks on them.
    EmbeddedClicks,
    /// Orders of them.
    EmbeddedOrders,
    /// What those cost.
    EmbeddedGmv,
    /// Orders that are attributed to recommendations.
    Attributed,
    /// Those of products that were never met before they were recommended.
    AttributedNew,
}

/// Number of [`Count`]s.
const COUNTS: usize = Count::AttributedNew as usize + 1;

/// A number for each [`Count`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts([f64; COUNTS]);

impl Counts {
    /// The number of a count.
    pub fn of(&self, count: Count) -> f64 {
        self.0[count as usize]
    }

    fn add(&mut self, count: Count, value: f64) {
        self.0[count as usize] += value;
    }
}

/// Counts as they came, and as the market's truth expected them of what was shown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// As they came.
    pub came: Counts,
    /// As they were expected.
    pub expected: Counts,
}

impl Tally {
    /// Adds another's.
    pub fn merge(&mut self, other: &Self) {
        let both = [(&mut self.came, &other.came), (&mut self.expected, &other.expected)];
        for (one, other) in both {
            one.0.iter_mut().zip(other.0).for_each(|(sum, value)| *sum += value);
            one.0[Count::Shopper as usize] = 1.0;
        }
    }
}

/// How a difference is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// In percent of arm A.
    Relative,
    /// In points of a hundred: for shares.
    Points,
}

/// Something that is measured of an arm: a ratio of two counts over all shoppers.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// Its name.
    pub name: &'static str,
    /// What is counted.
    pub of: Count,
    /// Out of what.
    pub per: Count,
    /// How a difference is told.
    pub scale: Scale,
}

const fn a_shopper(name: &'static str, of: Count) -> Measure {
    Measure { name, of, per: Count::Shopper, scale: Scale::Relative }
}

const fn rate(name: &'static str, of: Count, per: Count) -> Measure {
    Measure { name, of, per, scale: Scale::Relative }
}

const fn share(name: &'static str, of: Count, per: Count) -> Measure {
    Measure { name, of, per, scale: Scale::Points }
}

/// All that is measured.
pub const MEASURES: &[Measure] = &[
    // MOPPR table 3, DMT table 6.
    a_shopper("transactions", Count::Orders),
    a_shopper("GMV", Count::Gmv),
    a_shopper("transactions, whole shop", Count::OrdersEverywhere),
    a_shopper("GMV, whole shop", Count::GmvEverywhere),
    rate("CTR", Count::Clicks, Count::Impressions),
    rate("CVR", Count::Orders, Count::Clicks),
    a_shopper("clicks", Count::Clicks),
    a_shopper("page views", Count::Views),
    // MOPPR table 3.
    share("P_good (judge)", Count::Judged, Count::Searched),
    share("P_good (truth)", Count::Relevant, Count::Searched),
    share("P_exposure", Count::Embedded, Count::Impressions),
    share("P_click", Count::EmbeddedClicks, Count::Clicks),
    share("P_purchase", Count::EmbeddedOrders, Count::Orders),
    share("P_GMV", Count::EmbeddedGmv, Count::Gmv),
    // Yandex table 4.
    a_shopper("RecOrders", Count::Attributed),
    a_shopper("new RecOrders", Count::AttributedNew),
];

/// What is told week by week.
pub fn by_week() -> impl Iterator<Item = &'static Measure> {
    let told = [Count::Orders, Count::Attributed, Count::AttributedNew];
    MEASURES.iter().filter(move |m| told.contains(&m.of) && m.per == Count::Shopper)
}

/// What was counted of a shopper: before the test, and in each of its weeks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counted {
    /// On the days before, with the production shop.
    pub before: Tally,
    /// Week by week.
    pub weeks: Vec<Tally>,
    /// Page views in the test.
    pub views: u32,
}

impl Counted {
    /// Counts a shopper's log, with what was listed; the test begins on day `from` and lasts until
    /// day `until`.
    pub fn of(
        catalogue: &Catalogue,
        log: &ShopperLog,
        listed: &[Listed],
        (from, until): (i32, i32),
        on: On,
    ) -> Self {
        let weeks = (from..until).step_by(WEEK as usize).len();
        let mut counted = Self { weeks: vec![Tally::default(); weeks], ..Self::default() };
        let mut met = Met::before(log);
        let mut lists = listed.iter();
        let mut list: Option<&Listed> = None;
        for view in &log.views {
            if view.page == 0 {
                list = lists.find(|list| list.time == view.time);
            }
            let day = view.time.div_euclid(DAY);
            let week = (day - from).div_euclid(WEEK);
            let tally = match usize::try_from(week) {
                Err(_) => &mut counted.before,
                Ok(_) if day >= until => break,
                Ok(week) => {
                    counted.views += 1;
                    &mut counted.weeks[week]
                }
            };
            let embedded = list.map_or(&[][..], |list| &list.embedded);
            count(catalogue, view, embedded, on, &mut met, tally);
        }
        for tally in counted.weeks.iter_mut().chain([&mut counted.before]) {
            tally.came.0[Count::Shopper as usize] = 1.0;
            tally.expected.0[Count::Shopper as usize] = 1.0;
        }
        counted
    }

    /// All weeks together.
    pub fn all(&self) -> Tally {
        let mut all = Tally::default();
        self.weeks.iter().for_each(|week| all.merge(week));
        all
    }
}

/// When products were met, and when they were recommended.
#[derive(Debug, Default)]
struct Met {
    first: HashMap<ProductId, Minutes>,
    recommended: HashMap<ProductId, Vec<Minutes>>,
}

impl Met {
    /// By what was done before the first page view of the log.
    fn before(log: &ShopperLog) -> Self {
        let mut met = Self::default();
        let pages = log.views.first().map_or(Minutes::MAX, |view| view.time);
        for event in log.events.iter().filter(|event| event.time < pages) {
            met.first.entry(event.product).or_insert(event.time);
        }
        met
    }

    /// A page shows the product.
    fn show(&mut self, product: ProductId, time: Minutes, is_feed: bool) {
        self.first.entry(product).or_insert(time);
        if is_feed {
            self.recommended.entry(product).or_default().push(time);
        }
    }

    /// Whether an order at a time is attributed to a recommendation, and whether the product was never
    /// met before that.
    fn attributed(&self, product: ProductId, time: Minutes) -> (bool, bool) {
        let all = self.recommended.get(&product).map_or(&[][..], Vec::as_slice);
        match all.iter().find(|&&when| time - when <= ATTRIBUTED) {
            Some(when) => (true, self.first.get(&product) == Some(when)),
            None => (false, false),
        }
    }
}

/// Counts a page view.
fn count(
    catalogue: &Catalogue,
    view: &PageView,
    embedded: &[bool],
    on: On,
    met: &mut Met,
    tally: &mut Tally,
) {
    let is_search = view.query.is_some();
    let is_tested = on.covers(is_search);
    for shown in &view.impressions {
        met.show(shown.product, view.time, !is_search);
        let truth = &shown.truth;
        let click = f64::from(truth.examination * truth.attraction * truth.competition);
        let price = f64::from(catalogue.products[shown.product as usize].price_cents) / 100.0;
        let is_embedded = embedded.get(usize::from(shown.index)).is_some_and(|it| *it);
        let (attributed, new) = met.attributed(shown.product, view.time);
        let came = [shown.clicked, shown.ordered].map(|it| f64::from(u8::from(it)));
        let expected = [click, click * f64::from(truth.conversion)];
        for (counts, [clicks, orders]) in [(&mut tally.came, came), (&mut tally.expected, expected)]
        {
            counts.add(Count::OrdersEverywhere, orders);
            counts.add(Count::GmvEverywhere, orders * price);
            if attributed {
                counts.add(Count::Attributed, orders);
            }
            if new {
                counts.add(Count::AttributedNew, orders);
            }
            if !is_tested {
                continue;
            }
            counts.add(Count::Impressions, 1.0);
            counts.add(Count::Clicks, clicks);
            counts.add(Count::Orders, orders);
            counts.add(Count::Gmv, orders * price);
            if is_search {
                counts.add(Count::Searched, 1.0);
                counts.add(Count::Judged, f64::from(u8::from(shown.judged_relevant)));
                counts.add(Count::Relevant, f64::from(u8::from(truth.relevant)));
            }
            if is_embedded {
                counts.add(Count::Embedded, 1.0);
                counts.add(Count::EmbeddedClicks, clicks);
                counts.add(Count::EmbeddedOrders, orders);
                counts.add(Count::EmbeddedGmv, orders * price);
            }
        }
    }
    if is_tested {
        tally.came.add(Count::Views, 1.0);
        tally.expected.add(Count::Views, 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use market::history::{Event, EventKind, PageDevice, Profile};
    use market::log::{Impression, ImpressionTruth};
    use market::{MarketConfig, World};

    fn shown(product: ProductId, index: u16, clicked: bool, ordered: bool) -> Impression {
        let truth = ImpressionTruth {
            relevant: product.is_multiple_of(2),
            examination: 0.5,
            attraction: 0.25,
            competition: 1.0,
            conversion: 0.5,
        };
        Impression {
            product,
            index,
            judged_relevant: product < 3,
            clicked,
            favourited: false,
            carted: ordered,
            ordered,
            truth,
        }
    }

    fn view(
        time: Minutes,
        query: Option<&str>,
        page: u16,
        impressions: Vec<Impression>,
    ) -> PageView {
        PageView {
            time,
            events_before: 0,
            query: query.map(str::to_owned),
            page,
            device: PageDevice::Phone,
            impressions,
            under_impressions: Vec::new(),
            needs: Vec::new(),
        }
    }

    fn log(views: Vec<PageView>) -> ShopperLog {
        let profile = Profile {
            age_band: 1,
            gender: 0,
            purchase_power: 2,
            household: 0,
            town: 1,
            member_years: 1,
        };
        let event = Event { kind: EventKind::Order, product: 9, time: -500 };
        ShopperLog { shopper: 0, profile, events: vec![event], web_searches: Vec::new(), views }
    }

    fn catalogue() -> Catalogue {
        let config = MarketConfig { products: 1_500, ..MarketConfig::default() };
        let mut catalogue = World::generate(&config).catalogue.clone();
        (0..12).for_each(|product| catalogue.products[product].price_cents = 1_000);
        catalogue
    }

    #[test]
    fn a_shopper_by_hand() {
        let log = log(vec![
            // Before the test.
            view(100, Some("a"), 0, vec![shown(0, 0, true, true)]),
            // In its first week: a search of two pages, the embeddings' products at places 1 and 2.
            view(DAY, Some("a"), 0, vec![shown(1, 0, true, false), shown(2, 1, true, true)]),
            view(DAY + 5, Some("a"), 1, vec![shown(4, 2, false, false)]),
            // In its second: the feed.
            view(9 * DAY, None, 0, vec![shown(5, 0, true, true)]),
            // After its end.
            view(12 * DAY, None, 0, vec![shown(5, 0, true, true)]),
        ]);
        let listed = [
            Listed { time: 100, embedded: Vec::new() },
            // Nobody looked at this one.
            Listed { time: DAY - 3, embedded: vec![true] },
            Listed { time: DAY, embedded: vec![false, true, true] },
            Listed { time: 9 * DAY, embedded: Vec::new() },
        ];
        let counted = Counted::of(&catalogue(), &log, &listed, (1, 11), On::Search);
        assert_eq!(counted.weeks.len(), 2);
        assert_eq!(counted.before.came.of(Count::Orders), 1.0);
        let all = counted.all();
        let came = |count| all.came.of(count);
        assert_eq!(came(Count::Shopper), 1.0);
        assert_eq!([came(Count::Views), came(Count::Impressions)], [2.0, 3.0]);
        assert_eq!([came(Count::Clicks), came(Count::Orders), came(Count::Gmv)], [2.0, 1.0, 10.0]);
        assert_eq!([came(Count::OrdersEverywhere), came(Count::GmvEverywhere)], [2.0, 20.0]);
        let searched = [Count::Searched, Count::Judged, Count::Relevant].map(came);
        assert_eq!(searched, [3.0, 2.0, 2.0]);
        let embedded = [Count::Embedded, Count::EmbeddedClicks, Count::EmbeddedOrders].map(came);
        assert_eq!(embedded, [2.0, 1.0, 1.0]);
        assert_eq!(came(Count::EmbeddedGmv), 10.0);
        // A click by 0.5 * 0.25, an order by half of that.
        let expected = |count| all.expected.of(count);
        assert_eq!(expected(Count::Clicks), 3.0 * 0.125);
        assert_eq!(expected(Count::OrdersEverywhere), 4.0 * 0.0625);
        assert_eq!(expected(Count::EmbeddedOrders), 2.0 * 0.0625);
        assert_eq!(expected(Count::Gmv), 3.0 * 0.625);
        assert_eq!(expected(Count::Impressions), 3.0);
    }

    #[test]
    fn orders_are_attributed_to_what_was_recommended_shortly_before() {
        let buys = |product| vec![shown(product, 0, true, true)];
        let sees = |product| vec![shown(product, 0, false, false)];
        let log = log(vec![
            // On the feed and bought there: new.
            view(10, None, 0, buys(1)),
            // Seen after a search, then recommended: attributed, not new.
            view(20, Some("a"), 0, sees(2)),
            view(30, None, 0, buys(2)),
            // Recommended, and bought after a search a day later: new.
            view(40, None, 0, sees(3)),
            view(40 + DAY, Some("a"), 0, buys(3)),
            // Recommended too long ago.
            view(50 + DAY, None, 0, sees(4)),
            view(51 + 4 * DAY, Some("a"), 0, buys(4)),
            // Recommended long ago and again: attributed, not new.
            view(60 + 5 * DAY, None, 0, sees(5)),
            view(60 + 10 * DAY, None, 0, buys(5)),
            // Bought in the year before.
            view(70 + 11 * DAY, None, 0, buys(9)),
            // Never recommended.
            view(80 + 12 * DAY, Some("a"), 0, buys(6)),
        ]);
        let listed = [];
        let counted = Counted::of(&catalogue(), &log, &listed, (0, 14), On::Both);
        let came = |count| counted.all().came.of(count);
        assert_eq!([came(Count::Orders), came(Count::Attributed)], [7.0, 5.0]);
        assert_eq!(came(Count::AttributedNew), 2.0);
    }

    /// Whatever happens, parts are no more than the whole, and what is expected is near what comes.
    #[test]
    fn parts_add_up() {
        let config = MarketConfig { products: 1_500, shoppers: 40, ..MarketConfig::default() };
        let world = World::generate(&config);
        let mut all = Tally::default();
        for log in world.shopper_logs() {
            let listed = log.views.iter().filter(|view| view.page == 0).enumerate();
            let listed: Vec<Listed> = listed
                .map(|(n, view)| Listed { time: view.time, embedded: vec![n % 2 == 0; 60] })
                .collect();
            let of = |on| Counted::of(&world.catalogue, &log, &listed, (0, 28), on);
            let [both, search, feed] = [On::Both, On::Search, On::Feed].map(|on| of(on).all());
            let mut parts = search;
            parts.merge(&feed);
            for count in [Count::Views, Count::Impressions, Count::Clicks, Count::Orders] {
                assert_eq!(parts.came.of(count), both.came.of(count), "{count:?}");
            }
            assert_eq!(both.came.of(Count::Orders), both.came.of(Count::OrdersEverywhere));
            let ordered = log.views.iter().flat_map(|view| &view.impressions);
            let ordered = ordered.filter(|shown| shown.ordered).count();
            assert_eq!(both.came.of(Count::Orders), ordered as f64);
            assert!(both.came.of(Count::Attributed) <= both.came.of(Count::Orders));
            assert!(both.came.of(Count::AttributedNew) <= both.came.of(Count::Attributed));
            assert!(feed.came.of(Count::Orders) <= both.came.of(Count::Attributed));
            assert!(both.came.of(Count::EmbeddedOrders) <= both.came.of(Count::Orders));
            all.merge(&both);
        }
        let [came, expected] = [all.came, all.expected].map(|counts| counts.of(Count::Clicks));
        // A Poisson number is within four of its roots.
        assert!(
            came > 500.0 && (came - expected).abs() < 4.0 * expected.sqrt(),
            "{came} {expected}"
        );
    }
}
