//! A sample of the page views of the last day, with the hidden side of the market: what a funnel
//! is evaluated on outside the command line.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::World;
use super::catalogue::{Catalogue, ProductId};
use super::hidden::Hidden;
use super::history::{Event, EventKind, Minutes, PageDevice, Profile, WebSearch};
use super::ledger::Ledger;
use super::log::{PageView, ShopperLog};
use super::query::Intent;
use super::random::{Purpose, Random};
use super::relevance::Relevance;
use super::shopper::Taste;
use super::truth::{Context, Utility};
use super::wish::Wish;

/// Held-out page views and what is true of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldOut {
    /// What no model sees.
    pub hidden: Hidden,
    /// Who looked at the pages.
    pub shoppers: Vec<HeldOutShopper>,
    /// The page views, in an order drawn by lot, so that the first few are a sample too.
    pub views: Vec<HeldOutView>,
    /// The shoppers one can take the place of, in the order of their file.
    #[serde(default)]
    pub played: Vec<Played>,
    /// What the queries of the queries' file truly ask for, in its order.
    #[serde(default)]
    pub intents: Vec<Intent>,
}

/// The truth of a shopper one can take the place of: the number in the market, and what is wished
/// for, by type, when play begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Played(pub u32, pub Vec<Wish>);

/// A shopper of held-out page views.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldOutShopper {
    /// Number in the market.
    pub number: u32,
    /// Profile features.
    pub profile: Profile,
    /// Behaviour up to the last of the views, oldest first. Kinds, products and times lie apart,
    /// which makes for a file that is a fifth smaller.
    kinds: Vec<EventKind>,
    products: Vec<ProductId>,
    /// Minutes since the one before.
    gaps: Vec<Minutes>,
    /// Web searches, oldest first.
    pub web_searches: Vec<WebSearch>,
}

/// A held-out page view: the first page of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldOutView {
    /// Place in [`HeldOut::shoppers`].
    pub shopper: u32,
    /// Number of behaviours that had happened before.
    pub events_before: u32,
    /// When the page was asked for.
    pub time: Minutes,
    /// Device.
    pub device: PageDevice,
    /// What was asked; none on the feed.
    pub asked: Option<Asked>,
    /// Products shown in their order, each with the deepest that was done to it.
    pub shown: Vec<(ProductId, Option<EventKind>)>,
    /// What the shopper wishes for, by type: truth.
    pub needs: Vec<Wish>,
    /// Drawn from all views of the day. The others were drawn from those with an order, and count
    /// in what is measured over orders alone.
    pub from_all: bool,
}

/// A query with its truth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// Text as typed.
    pub text: String,
    /// Number of the query in the market, which the judge goes by.
    pub number: u32,
    /// What it truly asks for.
    pub intent: Intent,
}

/// A page view of the day that may be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occasion {
    /// Number of the shopper.
    pub shopper: u32,
    /// Place in the shopper's [`ShopperLog::views`].
    pub view: u32,
    /// On the feed, not a search.
    pub feed: bool,
    /// Something was ordered.
    pub ordered: bool,
}

/// How many page views are drawn: from all, and on top from those with an order.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Searches.
    pub searches: [usize; 2],
    /// Feed views.
    pub feeds: [usize; 2],
    /// Of one shopper from all, at most, so that many shoppers have a say.
    pub of_one_shopper: usize,
}

impl Occasion {
    /// The first pages of lists among a shopper's views that are asked for.
    pub fn of(log: &ShopperLog, held_out: impl Fn(&PageView) -> bool) -> Vec<Self> {
        let views = log.views.iter().zip(0..);
        let occasion = |(view, number): (&PageView, u32)| Self {
            shopper: log.shopper,
            view: number,
            feed: view.query.is_none(),
            ordered: view.impressions.iter().any(|shown| shown.ordered),
        };
        views.filter(|(view, _)| view.page == 0 && held_out(view)).map(occasion).collect()
    }
}

impl HeldOut {
    /// Draws page views by lot. The same market and occasions, in the same order, give the same.
    pub fn draw(world: &World, occasions: &[Occasion], wanted: &Wanted) -> Self {
        let mut random = Random::new(world.config.seed, Purpose::HeldOut, 0);
        let mut all: Vec<Occasion> = occasions.to_vec();
        random.shuffle(&mut all);
        // A history is as large as many page views: few shoppers with all that they looked at.
        let mut turn: Vec<u32> = all.iter().map(|one| one.shopper).collect();
        turn.sort_unstable();
        turn.dedup();
        random.shuffle(&mut turn);
        let turn: HashMap<u32, usize> = turn.into_iter().zip(0..).collect();
        let mut by_shopper = all.clone();
        by_shopper.sort_by_key(|one| turn[&one.shopper]);
        let mut drawn: Vec<(Occasion, bool)> = Vec::new();
        for feed in [false, true] {
            let [most, more] = if feed { wanted.feeds } else { wanted.searches };
            let mut taken: Vec<Occasion> = Vec::new();
            for &one in by_shopper.iter().filter(|one| one.feed == feed) {
                let same = taken.iter().filter(|other| other.shopper == one.shopper).count();
                if taken.len() < most && same < wanted.of_one_shopper {
                    taken.push(one);
                }
            }
            let ordered = all.iter().filter(|one| one.feed == feed && one.ordered);
            let on_top = ordered.filter(|one| !taken.contains(one)).take(more);
            drawn.extend(on_top.map(|&one| (one, false)));
            drawn.extend(taken.into_iter().map(|one| (one, true)));
        }
        random.shuffle(&mut drawn);
        let mut numbers: Vec<u32> = drawn.iter().map(|(one, _)| one.shopper).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let logs: Vec<ShopperLog> = numbers.iter().map(|&n| world.shopper_log(n)).collect();
        let place = |shopper| numbers.partition_point(|&number| number < shopper);
        let last = |log: &ShopperLog| {
            let of_log = drawn.iter().filter(|(one, _)| one.shopper == log.shopper);
            of_log.map(|(one, _)| one.view as usize).max().unwrap_or(0)
        };
        Self {
            hidden: world.hidden.clone(),
            shoppers: logs.iter().map(|log| HeldOutShopper::new(log, last(log))).collect(),
            views: drawn
                .iter()
                .map(|&(one, from_all)| {
                    let place = place(one.shopper);
                    let view = &logs[place].views[one.view as usize];
                    HeldOutView::new(world, place as u32, view, from_all)
                })
                .collect(),
            played: Vec::new(),
            intents: Vec::new(),
        }
    }

    /// The same with the truth of the shoppers that can be played and of the queries that serving
    /// knows.
    pub fn with_play<'a>(
        mut self,
        world: &World,
        cast: &[u32],
        queries: impl Iterator<Item = &'a str>,
    ) -> Self {
        self.played = cast.iter().map(|&shopper| Played(shopper, world.needs(shopper))).collect();
        self.intents = queries.map(|q| world.intent(q).cloned().unwrap_or_default()).collect();
        self
    }

    /// Whether it is of this catalogue, and nothing in it points beyond its end.
    pub fn fits(&self, catalogue: &Catalogue) -> bool {
        let sold = |product: ProductId| (product as usize) < catalogue.logged();
        let view_fits = |view: &HeldOutView| {
            self.shoppers.get(view.shopper as usize).is_some_and(|shopper| {
                view.events_before as usize <= shopper.kinds.len()
                    && view.shown.iter().all(|(product, _)| sold(*product))
            })
        };
        let types = catalogue.product_types.len();
        let known = |intent: &Intent| intent.types.iter().all(|t| usize::from(*t) < types);
        self.hidden.fits(catalogue)
            && self.views.iter().flat_map(|view| &view.asked).all(|asked| known(&asked.intent))
            && self.intents.iter().all(known)
            && self.views.iter().all(view_fits)
            && self.shoppers.iter().all(|one| {
                let lengths = [one.products.len(), one.gaps.len()];
                lengths == [one.kinds.len(); 2] && one.products.iter().all(|p| sold(*p))
            })
    }

    /// What the shopper of a view had done before, oldest first.
    ///
    /// # Panics
    /// If the view is of another sample.
    pub fn events(&self, view: &HeldOutView) -> Vec<Event> {
        let shopper = &self.shoppers[view.shopper as usize];
        let mut time: Minutes = 0;
        let events = shopper.kinds.iter().zip(&shopper.products).zip(&shopper.gaps);
        let event = |((&kind, &product), &gap): ((&EventKind, &ProductId), &Minutes)| {
            time = time.saturating_add(gap);
            Event { kind, product, time }
        };
        events.take(view.events_before as usize).map(event).collect()
    }

    /// What is true of a view.
    ///
    /// # Panics
    /// If the view is of another sample, or the catalogue another.
    pub fn truth<'a>(&'a self, catalogue: &'a Catalogue, view: &'a HeldOutView) -> ViewTruth<'a> {
        let shopper = &self.shoppers[view.shopper as usize];
        let asked = view.asked.as_ref();
        ViewTruth {
            hidden: &self.hidden,
            catalogue,
            intent: asked.map(|asked| &asked.intent),
            number: asked.map(|asked| asked.number),
            needs: &view.needs,
            time: view.time,
            device: view.device,
            taste: Taste::draw(&self.hidden, catalogue, shopper.number),
            ledger: Ledger::after(catalogue, &self.events(view), view.time),
        }
    }

    /// What is true of a page that one of the shoppers who can be played asks for now; none where
    /// there is no such shopper. What is needed is what was needed when play began.
    ///
    /// # Panics
    /// If the catalogue is another.
    pub fn truth_of_played<'a>(
        &'a self,
        catalogue: &'a Catalogue,
        shopper: usize,
        intent: Option<&'a Intent>,
        (events, time): (&[Event], Minutes),
        device: PageDevice,
    ) -> Option<ViewTruth<'a>> {
        let Played(number, needs) = self.played.get(shopper)?;
        Some(ViewTruth {
            hidden: &self.hidden,
            catalogue,
            intent,
            number: None,
            needs,
            time,
            device,
            taste: Taste::draw(&self.hidden, catalogue, *number),
            ledger: Ledger::after(catalogue, events, time),
        })
    }
}

impl HeldOutShopper {
    /// Of a log, as far as this view of it.
    fn new(log: &ShopperLog, last: usize) -> Self {
        let view = &log.views[last];
        let events = &log.events[..view.events_before as usize];
        let times = || events.iter().map(|event| event.time);
        let before = std::iter::once(0).chain(times());
        let searches = log.web_searches.iter().filter(|search| search.time <= view.time);
        Self {
            number: log.shopper,
            profile: log.profile,
            kinds: events.iter().map(|event| event.kind).collect(),
            products: events.iter().map(|event| event.product).collect(),
            gaps: times().zip(before).map(|(time, before)| time - before).collect(),
            web_searches: searches.cloned().collect(),
        }
    }
}

impl HeldOutView {
    fn new(world: &World, shopper: u32, view: &PageView, from_all: bool) -> Self {
        let asked = view.query.as_ref().and_then(|text| {
            let number = world.query_number(text)?;
            let intent = world.queries[number as usize].intent.clone();
            Some(Asked { text: text.clone(), number, intent })
        });
        let shown = view.impressions.iter().map(|shown| {
            let done = [
                (shown.ordered, EventKind::Order),
                (shown.carted, EventKind::Cart),
                (shown.favourited, EventKind::Favourite),
                (shown.clicked, EventKind::Click),
            ];
            (shown.product, done.into_iter().find(|(done, _)| *done).map(|(_, kind)| kind))
        });
        Self {
            shopper,
            events_before: view.events_before,
            time: view.time,
            device: view.device,
            asked,
            shown: shown.collect(),
            needs: view.needs.clone(),
            from_all,
        }
    }

    /// Products that were clicked.
    pub fn clicked(&self) -> Vec<ProductId> {
        let clicked = self.shown.iter().filter(|(_, done)| done.is_some());
        clicked.map(|(product, _)| *product).collect()
    }

    /// Products that were ordered.
    pub fn ordered(&self) -> Vec<ProductId> {
        let ordered = self.shown.iter().filter(|(_, done)| *done == Some(EventKind::Order));
        ordered.map(|(product, _)| *product).collect()
    }
}

/// What is true of a view, whatever product is put on its page.
pub struct ViewTruth<'a> {
    hidden: &'a Hidden,
    catalogue: &'a Catalogue,
    intent: Option<&'a Intent>,
    /// Number of the query, which the judge goes by.
    number: Option<u32>,
    needs: &'a [Wish],
    time: Minutes,
    device: PageDevice,
    taste: Taste,
    ledger: Ledger,
}

impl ViewTruth<'_> {
    /// How well a product answers the query; none on the feed.
    ///
    /// # Panics
    /// If the product is not in the catalogue; the same holds for all that follows.
    pub fn relevance(&self, product: ProductId) -> Option<Relevance> {
        Some(self.hidden.relevance(self.catalogue, self.intent?, product))
    }

    /// Whether the noisy judge finds a product relevant; none on the feed.
    pub fn judged(&self, product: ProductId) -> Option<bool> {
        Some(self.hidden.judge(self.number?, product, self.relevance(product)?))
    }

    /// What the shopper makes of a product that is looked at.
    pub fn utility(&self, product: ProductId) -> Utility {
        let market = (self.catalogue, self.hidden);
        let standing = self.ledger.standing(market, product, self.needs, self.time);
        let relevance = self.relevance(product);
        let context = Context { relevance, device: self.device, time: self.time };
        self.hidden.utility(self.catalogue, &self.taste, product, context, standing)
    }
}
