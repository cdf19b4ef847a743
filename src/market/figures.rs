//! Figures of a log that say whether it is sane, gathered shopper by shopper.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::catalogue::{Product, ProductTypeId};
use super::examination::neighbours;
use super::history::{DAY, EventKind, Minutes};
use super::log::{PageView, ShopperLog};
use super::stock::EXTRAS;
use super::world::World;

/// A sum over a number of occasions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mean {
    /// Sum.
    pub sum: u64,
    /// Occasions.
    pub count: u64,
}

impl Mean {
    fn add(&mut self, value: u64) {
        self.sum += value;
        self.count += 1;
    }

    /// The mean; 0 of nothing.
    pub fn value(&self) -> f64 {
        ratio(self.sum, self.count)
    }
}

/// What is a mean or a share of a log, in the order in which it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Figure {
    /// Share of page views that are searches.
    Searches,
    /// Share of searches in words that no title of the wanted types uses.
    GapSearches,
    /// Share of searches with a misspelled query.
    MisspelledSearches,
    /// Share of searches that ask for a brand, a colour or an attribute.
    PreciseSearches,
    /// Products of the types that a search asks for.
    ProductsOfSearchedTypes,
    /// Products on sale that answer a search.
    RelevantProducts,
    /// Share of a search's impressions that answer it.
    RelevantImpressions,
    /// Share of a search's impressions that are of the right type and miss something.
    NearMisses,
    /// Share of the clicks after a search that are on what does not answer it.
    ClicksOnIrrelevant,
    /// Share of a search's under-impressions that answer it.
    RelevantUnderImpressions,
    /// Share of the under-impressions judged relevant that are not.
    UnderImpressionsMisjudged,
    /// Share of impressions whose brand the shopper has had to do with.
    BrandsKnown,
    /// Share of the feed's impressions whose type the shopper has touched in the shop before.
    FeedTypesTouched,
    /// Share of the feed's impressions of types that were searched for on the web in the month
    /// before.
    FeedTypesWebSearched,
    /// The same, where the type was never touched in the shop.
    FeedTypesWebSearchedAlone,
    /// Clicks on those, an impression.
    ClicksOnWebSearchedAlone,
    /// Clicks on the feed's other types that were never touched.
    ClicksOnUntouched,
    /// Neighbours of the same type, of six, on search pages and on the feed.
    SameTypeNeighboursSearch,
    /// See [`Self::SameTypeNeighboursSearch`].
    SameTypeNeighboursFeed,
    /// Clicks an impression after a search.
    SearchClicks,
    /// Orders an impression after a search.
    SearchOrders,
    /// Clicks an impression on the feed.
    FeedClicks,
    /// Orders an impression on the feed.
    FeedOrders,
    /// Orders a search page with more than one click (MOPPR 5.1).
    OrdersOfPagesWithClicks,
    /// Share of orders of the logged days that were made after a search.
    OrdersAfterSearch,
    /// Clicks in the week before a page view, at most 50 (DMT 4.2.1).
    ClicksOfWeek,
    /// Carts in the year before, at most 10.
    CartsOfYear,
    /// Orders in the year before, at most 10.
    OrdersOfYear,
    /// Everything done before a page view.
    EventsBefore,
    /// Web searches in the month before a page view.
    WebSearchesBefore,
    /// Share of page views of shoppers with fewer than five events before.
    LittleHistory,
    /// Things done in the logged days, a shopper.
    EventsOfShopper,
    /// Web searches in the logged days, a shopper.
    WebSearchesOfShopper,
    /// Orders before the logged days, a shopper.
    EarlierOrders,
    /// Wishes at a page view.
    Wishes,
    /// Share of orders of what was wished to be bought.
    OrdersNeeded,
    /// Share of products that another seller has, too.
    NearDuplicates,
    /// Share of impressions of products that arrived in the three weeks before.
    NewProducts,
}

impl Figure {
    /// Every figure, in order.
    pub const ALL: [Self; 38] = [
        Self::Searches,
        Self::GapSearches,
        Self::MisspelledSearches,
        Self::PreciseSearches,
        Self::ProductsOfSearchedTypes,
        Self::RelevantProducts,
        Self::RelevantImpressions,
        Self::NearMisses,
        Self::ClicksOnIrrelevant,
        Self::RelevantUnderImpressions,
        Self::UnderImpressionsMisjudged,
        Self::BrandsKnown,
        Self::FeedTypesTouched,
        Self::FeedTypesWebSearched,
        Self::FeedTypesWebSearchedAlone,
        Self::ClicksOnWebSearchedAlone,
        Self::ClicksOnUntouched,
        Self::SameTypeNeighboursSearch,
        Self::SameTypeNeighboursFeed,
        Self::SearchClicks,
        Self::SearchOrders,
        Self::FeedClicks,
        Self::FeedOrders,
        Self::OrdersOfPagesWithClicks,
        Self::OrdersAfterSearch,
        Self::ClicksOfWeek,
        Self::CartsOfYear,
        Self::OrdersOfYear,
        Self::EventsBefore,
        Self::WebSearchesBefore,
        Self::LittleHistory,
        Self::EventsOfShopper,
        Self::WebSearchesOfShopper,
        Self::EarlierOrders,
        Self::Wishes,
        Self::OrdersNeeded,
        Self::NearDuplicates,
        Self::NewProducts,
    ];

    /// What it is, in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Searches => "page views that are searches",
            Self::GapSearches => "searches that share no word with titles",
            Self::MisspelledSearches => "searches that are misspelled",
            Self::PreciseSearches => "searches for a brand, a colour or an attribute",
            Self::ProductsOfSearchedTypes => "products of the types of a search",
            Self::RelevantProducts => "products that answer a search",
            Self::RelevantImpressions => "a search's impressions that answer it",
            Self::NearMisses => "a search's impressions that are near misses",
            Self::ClicksOnIrrelevant => "clicks after a search on what does not answer it",
            Self::RelevantUnderImpressions => "a search's under-impressions that answer it",
            Self::UnderImpressionsMisjudged => "under-impressions judged relevant that are not",
            Self::BrandsKnown => "impressions of a brand that the history knows",
            Self::FeedTypesTouched => "feed: impressions of a type touched before",
            Self::FeedTypesWebSearched => "feed: impressions of a type searched for on the web",
            Self::FeedTypesWebSearchedAlone => {
                "feed: of a type searched for on the web, never touched"
            }
            Self::ClicksOnWebSearchedAlone => "feed: clicks on those",
            Self::ClicksOnUntouched => "feed: clicks on other types never touched",
            Self::SameTypeNeighboursSearch => "search: neighbours of the same type, of six",
            Self::SameTypeNeighboursFeed => "feed: neighbours of the same type, of six",
            Self::SearchClicks => "search: clicks an impression",
            Self::SearchOrders => "search: orders an impression",
            Self::FeedClicks => "feed: clicks an impression",
            Self::FeedOrders => "feed: orders an impression",
            Self::OrdersOfPagesWithClicks => "search: orders a page with more than one click",
            Self::OrdersAfterSearch => "orders that were made after a search",
            Self::ClicksOfWeek => "clicks of the week before, at most 50",
            Self::CartsOfYear => "carts of the year before, at most 10",
            Self::OrdersOfYear => "orders of the year before, at most 10",
            Self::EventsBefore => "everything done before a page view",
            Self::WebSearchesBefore => "web searches of the month before",
            Self::LittleHistory => "page views with fewer than five events before",
            Self::EventsOfShopper => "done in the logged days, a shopper",
            Self::WebSearchesOfShopper => "web searches in the logged days, a shopper",
            Self::EarlierOrders => "orders before the logged days, a shopper",
            Self::Wishes => "wishes at a page view",
            Self::OrdersNeeded => "orders of what was needed",
            Self::NearDuplicates => "products that another seller has, too",
            Self::NewProducts => "impressions of products new for three weeks",
        }
    }
}

/// Counts over the shoppers that were [`Figures::add`]ed.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Shoppers.
    pub shoppers: u64,
    /// Page views.
    pub views: u64,
    /// Page views in the last 8 days.
    pub late_views: u64,
    /// Products shown.
    pub impressions: u64,
    /// Products retrieved and not shown.
    pub under_impressions: u64,
    /// Impressions that were clicked, marked as favourite, put in the cart and bought.
    pub clicks: u64,
    /// See [`Self::clicks`].
    pub favourites: u64,
    /// See [`Self::clicks`].
    pub carts: u64,
    /// See [`Self::clicks`].
    pub orders: u64,
    /// Impressions and under-impressions of searches, by truth and by the judge's label.
    pub judged: [[u64; 2]; 2],
    /// Means and shares.
    pub means: BTreeMap<Figure, Mean>,
    /// Clicks and orders by place on a list, after searches and on the feed.
    pub by_place: [BTreeMap<u16, [Mean; 2]>; 2],
    /// Searches by the number of products of the types that they ask for.
    pub searched_types: BTreeMap<u64, u64>,
}

/// Of so many page views one is looked at for what needs the whole catalogue.
const SAMPLED: u64 = 16;

impl Figures {
    fn mean(&mut self, figure: Figure, value: u64) {
        self.means.entry(figure).or_default().add(value);
    }

    fn share(&mut self, figure: Figure, is: bool) {
        self.mean(figure, u64::from(is));
    }

    /// The value of a figure.
    pub fn value(&self, figure: Figure) -> f64 {
        self.means.get(&figure).map_or(0.0, Mean::value)
    }

    /// Counts a shopper in.
    pub fn add(&mut self, world: &World, log: &ShopperLog) {
        let late = (i32::from(world.config.days) - 8) * DAY;
        self.shoppers += 1;
        let logged = |time: Minutes| u64::from(time >= 0);
        self.mean(Figure::EventsOfShopper, log.events.iter().map(|e| logged(e.time)).sum());
        let web = log.web_searches.iter().map(|search| logged(search.time)).sum();
        self.mean(Figure::WebSearchesOfShopper, web);
        let earlier = log.events.iter().filter(|e| e.time < 0 && e.kind == EventKind::Order);
        self.mean(Figure::EarlierOrders, earlier.count() as u64);
        let mut past = Past::new(world, log);
        for view in &log.views {
            past.come_to(world, log, view);
            self.views += 1;
            self.late_views += u64::from(view.time >= late);
            self.impressions += view.impressions.len() as u64;
            self.under_impressions += view.under_impressions.len() as u64;
            self.add_view(world, view, &past);
            self.add_history(log, view, &past);
        }
    }

    fn add_view(&mut self, world: &World, view: &PageView, past: &Past) {
        let products = &world.catalogue.products;
        let number = view.query.as_deref().and_then(|text| world.query_number(text));
        let is_search = number.is_some();
        self.share(Figure::Searches, is_search);
        self.mean(Figure::Wishes, view.needs.len() as u64);
        let type_of = |product: u32| products[product as usize].product_type;
        let types: Vec<ProductTypeId> =
            view.impressions.iter().map(|shown| type_of(shown.product)).collect();
        let [clicks, orders] = if is_search {
            [Figure::SearchClicks, Figure::SearchOrders]
        } else {
            [Figure::FeedClicks, Figure::FeedOrders]
        };
        for (place, shown) in view.impressions.iter().enumerate() {
            self.clicks += u64::from(shown.clicked);
            self.favourites += u64::from(shown.favourited);
            self.carts += u64::from(shown.carted);
            self.orders += u64::from(shown.ordered);
            self.share(clicks, shown.clicked);
            self.share(orders, shown.ordered);
            let at = self.by_place[usize::from(!is_search)].entry(shown.index).or_default();
            at[0].add(u64::from(shown.clicked));
            at[1].add(u64::from(shown.ordered));
            let item = &products[shown.product as usize];
            self.share(Figure::BrandsKnown, past.brands.contains(&item.brand));
            let arrived = world.catalogue.days_on_sale(shown.product).start;
            let day = view.time.div_euclid(DAY);
            self.share(Figure::NewProducts, arrived > day - 21);
            let same = neighbours(types.len(), place).filter(|n| types[*n] == types[place]).count();
            let figure = match is_search {
                true => Figure::SameTypeNeighboursSearch,
                false => Figure::SameTypeNeighboursFeed,
            };
            self.mean(figure, same as u64);
            if shown.ordered {
                self.share(Figure::OrdersAfterSearch, is_search);
                let wish = super::wish::Wish::of(&view.needs, item.product_type);
                self.share(Figure::OrdersNeeded, wish.is_some_and(|wish| wish.buys));
            }
            if !is_search {
                let touched = past.types.contains(&item.product_type);
                let searched = past.searched.contains(&item.product_type);
                self.share(Figure::FeedTypesTouched, touched);
                self.share(Figure::FeedTypesWebSearched, searched);
                self.share(Figure::FeedTypesWebSearchedAlone, searched && !touched);
                match (searched, touched) {
                    (true, false) => self.share(Figure::ClicksOnWebSearchedAlone, shown.clicked),
                    (false, false) => self.share(Figure::ClicksOnUntouched, shown.clicked),
                    _ => {}
                }
            }
        }
        let Some(number) = number else { return };
        let query = &world.queries[number as usize];
        let intent = &query.intent;
        self.share(Figure::GapSearches, query.gap);
        self.share(Figure::MisspelledSearches, query.misspelled);
        let asks = [intent.brand.is_some(), intent.colour.is_some(), !intent.attributes.is_empty()];
        self.share(Figure::PreciseSearches, asks.contains(&true));
        let ranges = || intent.types.iter().map(|number| world.products_of(*number));
        let count: u64 = ranges().map(|range| range.len() as u64).sum();
        self.mean(Figure::ProductsOfSearchedTypes, count);
        *self.searched_types.entry(count).or_default() += 1;
        if self.views.is_multiple_of(SAMPLED) {
            let day = view.time.div_euclid(DAY);
            let answers = ranges().flatten().filter(|product| {
                world.relevance(intent, *product).is_relevant()
                    && world.catalogue.is_on_sale(*product, day)
            });
            self.mean(Figure::RelevantProducts, answers.count() as u64);
        }
        let clicks = view.impressions.iter().filter(|shown| shown.clicked).count();
        if clicks > 1 {
            let orders = view.impressions.iter().filter(|shown| shown.ordered).count();
            self.mean(Figure::OrdersOfPagesWithClicks, orders as u64);
        }
        for shown in &view.impressions {
            let relevance = world.relevance(intent, shown.product);
            self.share(Figure::RelevantImpressions, relevance.is_relevant());
            let near = relevance.is_right_type() && !relevance.is_relevant();
            self.share(Figure::NearMisses, near);
            if shown.clicked {
                self.share(Figure::ClicksOnIrrelevant, !relevance.is_relevant());
            }
            self.judged[usize::from(relevance.is_relevant())]
                [usize::from(shown.judged_relevant)] += 1;
        }
        for under in &view.under_impressions {
            let relevant = world.relevance(intent, under.product).is_relevant();
            self.share(Figure::RelevantUnderImpressions, relevant);
            if under.judged_relevant {
                self.share(Figure::UnderImpressionsMisjudged, !relevant);
            }
            self.judged[usize::from(relevant)][usize::from(under.judged_relevant)] += 1;
        }
    }

    fn add_history(&mut self, log: &ShopperLog, view: &PageView, past: &Past) {
        let before = &log.events[..view.events_before as usize];
        let of = |kind: EventKind, days: Minutes| {
            let since = view.time - days * DAY;
            let late = before.iter().rev().take_while(move |event| event.time >= since);
            late.filter(move |event| event.kind == kind).count() as u64
        };
        self.mean(Figure::ClicksOfWeek, of(EventKind::Click, 7).min(50));
        self.mean(Figure::CartsOfYear, of(EventKind::Cart, 365).min(10));
        self.mean(Figure::OrdersOfYear, of(EventKind::Order, 365).min(10));
        self.mean(Figure::EventsBefore, before.len() as u64);
        self.share(Figure::LittleHistory, before.len() < 5);
        self.mean(Figure::WebSearchesBefore, past.web as u64);
    }

    /// Counts what is true of the goods alone.
    pub fn add_goods(&mut self, world: &World) {
        let article = |item: &Product| {
            let extra = EXTRAS.iter().flat_map(|extras| *extras);
            let title = extra.fold(item.title.replace(", ", "|"), |title, extra| {
                title.replace(&format!("|{extra}"), "")
            });
            match item.colour {
                Some(colour) => {
                    title.replace(&world.catalogue.colours[usize::from(colour)].name, "")
                }
                None => title,
            }
        };
        let mut seen: HashMap<String, HashSet<u16>> = HashMap::new();
        for item in &world.catalogue.products {
            seen.entry(article(item)).or_default().insert(item.shop);
        }
        for item in &world.catalogue.products {
            self.share(Figure::NearDuplicates, seen[&article(item)].len() > 1);
        }
    }

    /// Products of the type of the median search.
    pub fn median_searched_type(&self) -> u64 {
        let total: u64 = self.searched_types.values().sum();
        let mut so_far = 0;
        let sizes = self.searched_types.iter();
        sizes
            .map(|(size, count)| {
                so_far += count;
                (*size, so_far)
            })
            .find(|(_, so_far)| 2 * so_far >= total)
            .map_or(0, |(size, _)| size)
    }

    /// Counts two sets of shoppers together.
    pub fn merge(mut self, other: &Self) -> Self {
        let pairs = [
            (&mut self.shoppers, other.shoppers),
            (&mut self.views, other.views),
            (&mut self.late_views, other.late_views),
            (&mut self.impressions, other.impressions),
            (&mut self.under_impressions, other.under_impressions),
            (&mut self.clicks, other.clicks),
            (&mut self.favourites, other.favourites),
            (&mut self.carts, other.carts),
            (&mut self.orders, other.orders),
        ];
        for (own, others) in pairs {
            *own += others;
        }
        for (own, others) in self.judged.iter_mut().flatten().zip(other.judged.iter().flatten()) {
            *own += others;
        }
        let join = |own: &mut Mean, other: &Mean| {
            own.sum += other.sum;
            own.count += other.count;
        };
        for (figure, mean) in &other.means {
            join(self.means.entry(*figure).or_default(), mean);
        }
        for (own, others) in self.by_place.iter_mut().zip(&other.by_place) {
            for (place, means) in others {
                let own = own.entry(*place).or_default();
                own.iter_mut().zip(means).for_each(|(own, other)| join(own, other));
            }
        }
        for (size, count) in &other.searched_types {
            *self.searched_types.entry(*size).or_default() += count;
        }
        self
    }

    /// Share of impressions that were clicked.
    pub fn click_rate(&self) -> f64 {
        ratio(self.clicks, self.impressions)
    }

    /// Share of impressions that were bought.
    pub fn order_rate(&self) -> f64 {
        ratio(self.orders, self.impressions)
    }

    /// Area under the curve of the judge's labels against the truth: a label is a score with two
    /// values, so it is the mean of both rates of being right.
    pub fn judge_auc(&self) -> f64 {
        let [[true_negative, false_positive], [false_negative, true_positive]] = self.judged;
        0.5 * (ratio(true_positive, true_positive + false_negative)
            + ratio(true_negative, true_negative + false_positive))
    }
}

/// What a shopper has had to do with before a page view.
struct Past {
    events: usize,
    brands: BTreeSet<u16>,
    types: BTreeSet<ProductTypeId>,
    /// Types that were searched for on the web in the month before.
    searched: BTreeSet<ProductTypeId>,
    web: usize,
    /// What each web search is about.
    meant: Vec<Vec<ProductTypeId>>,
}

impl Past {
    fn new(world: &World, log: &ShopperLog) -> Self {
        let meant = log.web_searches.iter().map(|search| {
            let text = search.query.trim_start_matches("which ");
            let text = text.trim_end_matches(" reviews").trim_end_matches(" price");
            world.intent(text).map(|intent| intent.types.clone()).unwrap_or_default()
        });
        Self {
            events: 0,
            brands: BTreeSet::new(),
            types: BTreeSet::new(),
            searched: BTreeSet::new(),
            web: 0,
            meant: meant.collect(),
        }
    }

    fn come_to(&mut self, world: &World, log: &ShopperLog, view: &PageView) {
        for event in &log.events[self.events..view.events_before as usize] {
            let item = &world.catalogue.products[event.product as usize];
            self.brands.insert(item.brand);
            self.types.insert(item.product_type);
        }
        self.events = view.events_before as usize;
        let at = |time: Minutes| log.web_searches.partition_point(|search| search.time < time);
        let month = at(view.time - 30 * DAY)..at(view.time);
        self.web = month.len();
        self.searched = self.meant[month].iter().flatten().copied().collect();
    }
}

/// Share of a part in the whole; 0 of nothing.
pub fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
