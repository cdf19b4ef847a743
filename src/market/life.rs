//! One shopper's life, day by day: wishes arise, show in web searches, are taken to the shop, and end
//! in orders or pass; one leads to the next. In between the shopper browses. What is wished for is in
//! `wanting`, what is done in the shop in `shopping`.

mod shopping;
mod wanting;

use super::catalogue::ProductId;
use super::goods::Goods;
use super::history::{DAY, Event, EventKind, Minutes, PageDevice, WebSearch};
use super::ledger::Ledger;
use super::log::{PageView, ShopperLog};
use super::observed::Observed;
use super::query::demand;
use super::random::{Purpose, Random, key, mix};
use super::shop::{Listing, Request, Shopfront};
use super::shopper::Taste;
use super::table::HABIT_DAYS;
use super::truth::Standing;
use super::wish::{Target, Wish};
use wanting::{Habit, Want};

/// Days before the first page view from which interests are followed.
const BEFORE: i32 = 45;
/// Days before the first page view from which web searches are known.
const WEB_BEFORE: i32 = 30;

/// Days and rates of a life that a market's configuration sets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub seed: u64,
    pub days: i32,
    pub earlier_days: i32,
    pub more_under_impressions: usize,
    pub trial: Option<Trial>,
}

/// A trial of two shops on the same people. From its first day on chance is drawn anew every day:
/// what is wished for, searched for on the web and when the shop is visited comes from the shopper and
/// the day alone, so that it is the same whichever shop answers, as far as what was bought does not
/// change it; what is done on a visit is each arm's own chance.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    /// First day.
    pub from: i32,
    /// Seed of all its chance.
    pub seed: u64,
    /// Number of the arm.
    pub arm: u64,
}

/// Parts of a day that draw on their own in a trial.
#[derive(Clone, Copy, Debug)]
enum Part {
    Wishes = 1,
    Web = 2,
    Visits = 3,
    /// What is done on them: the only part that is each arm's own.
    Acts = 4,
}

/// A life while it is lived.
pub(crate) struct Life<'w, S> {
    goods: &'w Goods,
    span: Span,
    taste: Taste,
    random: Random,
    shop: S,
    observed: Observed,
    events: Vec<Event>,
    web_searches: Vec<WebSearch>,
    views: Vec<PageView>,
    wants: Vec<Want>,
    habits: Vec<Habit>,
    /// Weight of each type among needs, and among what is browsed for pleasure.
    need_weights: Vec<f32>,
    browse_weights: Vec<f32>,
    ledger: Ledger,
    /// No earlier than this does the next thing happen.
    clock: Minutes,
    /// After this no page is opened, so that what follows a page falls on the same day.
    bedtime: Minutes,
}

impl<'w, S: Shopfront> Life<'w, S> {
    pub fn new(goods: &'w Goods, shop: S, span: Span, shopper: u32) -> Self {
        let taste = goods.taste(shopper);
        let interest: Vec<f32> = taste.types.iter().map(|logit| libm::expf(*logit)).collect();
        let rows = &goods.table.types;
        let need_weights = interest.iter().zip(rows).map(|(i, row)| i * demand(row)).collect();
        let browse_weights = interest
            .iter()
            .zip(rows)
            .map(|(i, row)| {
                let often = if row.repurchase_days > HABIT_DAYS { 1.0 } else { 0.2 };
                often * i * demand(row) * libm::powf(row.repurchase_days, 0.3)
            })
            .collect();
        let mut life = Self {
            random: Random::new(span.seed, Purpose::Behaviour, u64::from(shopper)),
            shop,
            span,
            observed: Observed::new(&goods.catalogue),
            events: Vec::new(),
            web_searches: Vec::new(),
            views: Vec::new(),
            wants: Vec::new(),
            habits: Vec::new(),
            need_weights,
            browse_weights,
            ledger: Ledger::new(&goods.catalogue),
            clock: Minutes::MIN,
            bedtime: Minutes::MAX,
            goods,
            taste,
        };
        life.take_up_habits();
        life
    }

    /// Lives it to its end.
    pub fn live(mut self) -> (ShopperLog, S) {
        self.pass();
        let log = ShopperLog {
            shopper: self.taste.shopper,
            profile: self.taste.profile,
            events: self.events,
            web_searches: self.web_searches,
            views: self.views,
        };
        (log, self.shop)
    }

    /// Lives it, and says what is wished for at its end.
    pub fn wishes_at_the_end(mut self) -> Vec<Wish> {
        self.pass();
        self.wishes(self.span.days * DAY)
    }

    /// Lives it, and says what a shop answers to each of these queries at its end.
    pub fn answers_at_the_end(
        mut self,
        mut shop: impl Shopfront,
        queries: &[u32],
        device: PageDevice,
    ) -> Vec<Listing> {
        self.pass();
        let time = self.span.days * DAY;
        let mut answer = |&query: &u32| {
            shop.list(&Request {
                profile: &self.taste.profile,
                query: Some(query),
                time,
                lot: u64::from(query),
                device,
                events: &self.events,
                web_searches: &self.web_searches,
                seen: &self.observed,
            })
        };
        queries.iter().map(&mut answer).collect()
    }

    /// Every day of it.
    fn pass(&mut self) {
        for day in -self.span.earlier_days..self.span.days {
            self.observed.age();
            self.ledger.age();
            self.turn_to(day, Part::Wishes);
            self.arise(day);
            if day >= -BEFORE {
                self.drift(day);
            }
            if day >= -WEB_BEFORE {
                self.turn_to(day, Part::Web);
                self.search_the_web(day);
            }
            if day < 0 {
                self.shop_unseen(day);
            } else if day >= self.taste.since {
                self.visit(day);
            }
            self.wants.retain(|want| want.until > (day + 1) * DAY);
        }
        let end = self.span.days * DAY;
        self.web_searches.retain(|search| search.time < end);
    }

    /// In a trial, the next part of a day draws on its own.
    fn turn_to(&mut self, day: i32, part: Part) {
        let Some(Trial { from, seed, arm }) = self.span.trial else { return };
        if day < from {
            return;
        }
        let arm = if matches!(part, Part::Acts) { arm } else { 0 };
        let when = (day as u64) << 32 | (part as u64) << 16 | arm;
        let number = mix(key(key(u64::from(self.taste.shopper), seed), when)) >> 16;
        self.random = Random::new(self.span.seed, Purpose::Trial, number);
    }

    /// Minute of the day: few at night, most around the shopper's own hour.
    fn time_of_day(&mut self) -> Minutes {
        let peak = if self.random.chance(0.7) { self.taste.hour } else { 14.0 };
        let hour = peak + 2.6 * self.random.normal();
        (hour.clamp(0.5, 23.2) * 60.0) as Minutes
    }

    fn standing(&self, product: ProductId, wishes: &[Wish], now: Minutes) -> Standing {
        self.ledger.standing((&self.goods.catalogue, &self.goods.hidden), product, wishes, now)
    }

    /// What is wished for, by type; one wish a type.
    fn wishes(&self, now: Minutes) -> Vec<Wish> {
        let felt = self.wants.iter().filter(|want| want.felt <= now && now < want.until);
        let mut wishes: Vec<Wish> = felt.map(Want::wish).collect();
        wishes.sort_by_key(|wish| (wish.product_type, !wish.buys));
        wishes.dedup_by_key(|wish| wish.product_type);
        wishes
    }

    fn record(&mut self, kind: EventKind, product: ProductId) {
        let event = Event { kind, product, time: self.clock };
        self.events.push(event);
        let goods = self.goods;
        self.observed.count(&goods.catalogue, &goods.hidden, kind, product);
        self.ledger.record(&goods.catalogue, &event);
        let item = &goods.catalogue.products[product as usize];
        let product_type = item.product_type;
        match kind {
            EventKind::Click => {
                for want in self.wants.iter_mut().filter(|w| w.product_type == product_type) {
                    want.looks = want.looks.saturating_add(1);
                }
            }
            EventKind::Order => {
                self.wants.retain(|want| !want.buys || want.product_type != product_type);
                for want in self.wants.iter_mut().filter(|w| w.product_type == product_type) {
                    want.until = want.until.min(self.clock + 3 * DAY);
                }
                let truth = &goods.hidden.products[product as usize];
                let had = Target {
                    brand: Some(item.brand),
                    colour: item.colour,
                    attribute: None,
                    price: truth.price_position,
                    style: truth.style,
                };
                for then in &goods.table.types[usize::from(product_type)].then {
                    if self.random.chance(0.35) {
                        let felt = self.clock + self.random.below(5 * DAY as usize) as Minutes;
                        let target = self.follow(&had, *then);
                        self.need(*then, felt, 14.0, Some(target));
                    }
                }
            }
            EventKind::Favourite | EventKind::Cart => {}
        }
    }
}
