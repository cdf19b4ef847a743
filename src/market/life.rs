//! One shopper's life: wishes arise, show in web searches, are taken to the shop, and end in
//! orders or pass; one leads to the next. In between the shopper browses.

use super::catalogue::{ProductId, ProductTypeId};
use super::examination::{competition, examination};
use super::goods::Goods;
use super::hidden::Audience;
use super::history::{DAY, Event, EventKind, Minutes, PageDevice, WebSearch, is_weekend};
use super::ledger::Ledger;
use super::log::{Impression, ImpressionTruth, PageView, ShopperLog, UnderImpression};
use super::observed::Observed;
use super::query::demand;
use super::random::{Purpose, Random, key, mix};
use super::relevance::Relevance;
use super::shop::{Listing, Request, Shopfront};
use super::shopper::Taste;
use super::table::HABIT_DAYS;
use super::truth::{Context, Standing, season};
use super::wish::{Target, Wish};

/// Products on a page, and products sampled from far below it (MOPPR 4.3.1).
const PAGE: usize = 10;
/// Minutes before midnight when the last page is opened; acting on ten products takes at most
/// forty, four steps each.
const LATEST: Minutes = 45;
/// Pages of one list that are looked at, at most.
const MOST_PAGES: u16 = 6;
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

/// Something the shopper wishes for.
#[derive(Clone, Copy, Debug)]
struct Want {
    product_type: ProductTypeId,
    /// To buy, not just to look.
    buys: bool,
    /// When it arises: from then on it shows on the web, and in what is clicked.
    felt: Minutes,
    /// When the shopper starts to look for it in the shop.
    since: Minutes,
    /// When it has passed.
    until: Minutes,
    target: Target,
    /// Clicks on the type since it arose.
    looks: u16,
}

impl Want {
    fn wish(&self) -> Wish {
        Wish {
            product_type: self.product_type,
            buys: self.buys,
            settled: 0.4 + 0.6 * (1.0 - libm::expf(-f32::from(self.looks) / 3.0)),
            target: self.target,
        }
    }
}

/// Something the shopper buys again and again.
#[derive(Clone, Copy, Debug)]
struct Habit {
    product_type: ProductTypeId,
    period: f32,
    next: Minutes,
    target: Target,
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

    fn take_up_habits(&mut self) {
        let first = -self.span.earlier_days;
        for _ in 0..self.random.poisson(2.4) {
            let rows = &self.goods.table.types;
            let weights = self.taste.types.iter().zip(rows).map(|(interest, row)| {
                if row.repurchase_days <= HABIT_DAYS {
                    libm::expf(*interest) * demand(row)
                } else {
                    0.0
                }
            });
            let Some(number) = self.random.weighted(weights) else {
                continue;
            };
            let product_type = number as ProductTypeId;
            let period = rows[number].repurchase_days * self.random.between(1.3, 3.0);
            let next = first * DAY + (self.random.uniform() * period * DAY as f32) as Minutes;
            let target = self.target(product_type);
            self.habits.push(Habit { product_type, period, next, target });
        }
    }

    /// What the shopper has in mind when a wish for a type arises: what is liked anyway, and more
    /// than that.
    fn target(&mut self, product_type: ProductTypeId) -> Target {
        let (goods, taste, random) = (self.goods, &self.taste, &mut self.random);
        let row = &goods.table.types[usize::from(product_type)];
        let products = goods.products_of(product_type);
        let own = |taste: f32, random: &mut Random| 0.5 * taste + 0.7 * random.normal();
        let style = std::array::from_fn(|axis| own(taste.style[axis], random));
        let price = (taste.budget + 0.22 * random.normal()).clamp(-0.9, 0.9);
        // Of a few products of the type that come to mind, the one that is liked best.
        let mut liked: Option<(f32, ProductId)> = None;
        for _ in 0..8 {
            let product = products.start + random.below(products.len()) as ProductId;
            let item = &goods.catalogue.products[product as usize];
            let truth = &goods.hidden.products[product as usize];
            let liking = goods.hidden.liking(taste, item, truth) + 0.5 * random.normal()
                - 0.8 * (truth.price_position - price).abs();
            if liked.is_none_or(|(most, _)| liking > most) {
                liked = Some((liking, product));
            }
        }
        let Some((_, model)) = liked else {
            return Target { price, style, ..Target::default() };
        };
        let item = &goods.catalogue.products[model as usize];
        let truth = &goods.hidden.products[model as usize];
        let attributes = row.attributes.len();
        let attribute = (attributes > 0 && random.chance(0.6)).then(|| {
            // For whom a thing is made is always meant, where it is said.
            let audience = goods.hidden.types[usize::from(product_type)].audience.as_ref();
            let place = audience.map_or_else(|| random.below(attributes), |(p, _)| usize::from(*p));
            (place as u8, truth.attributes[place])
        });
        Target {
            brand: random.chance(0.45).then_some(item.brand),
            colour: item.colour.filter(|_| random.chance(0.5)),
            attribute,
            price,
            style,
        }
    }

    /// The needs that arise on a day.
    fn arise(&mut self, day: Minutes) {
        for index in 0..self.habits.len() {
            let habit = self.habits[index];
            if habit.next < (day + 1) * DAY {
                let again = habit.period * self.random.between(0.85, 1.2);
                self.habits[index].next =
                    habit.next.max(day * DAY) + (again * DAY as f32) as Minutes;
                self.need(habit.product_type, habit.next.max(day * DAY), 4.0, Some(habit.target));
            }
        }
        for _ in 0..self.random.poisson(0.05) {
            let now = day * DAY;
            let ready: Vec<f32> = (0..self.need_weights.len())
                .map(|number| {
                    let satisfied =
                        self.ledger.satisfied(&self.goods.catalogue, number as ProductTypeId, now);
                    self.need_weights[number] * (1.0 - satisfied)
                })
                .collect();
            if let Some(number) = self.random.weighted(ready.iter().copied()) {
                let since = now + self.random.below(DAY as usize) as Minutes;
                self.need(number as ProductTypeId, since, 14.0, None);
            }
        }
    }

    /// A need arises; it is taken to the shop after hours, days or weeks.
    fn need(
        &mut self,
        product_type: ProductTypeId,
        felt: Minutes,
        days: f32,
        target: Option<Target>,
    ) {
        let lead = self.random.log_normal(-0.6, 1.3).min(0.8 * days);
        let since = felt + (lead * DAY as f32) as Minutes;
        let until = since + (self.random.between(0.5, 1.5) * days * DAY as f32) as Minutes;
        let target = target.unwrap_or_else(|| self.target(product_type));
        self.wants.push(Want { product_type, buys: true, felt, since, until, target, looks: 0 });
    }

    /// Interests come and go over weeks: some turn into needs, and one leads to the next.
    fn drift(&mut self, day: Minutes) {
        let now = day * DAY;
        // The first day finds a life in full swing.
        let arising = if day == -BEFORE { 3.0 } else { 0.18 };
        for _ in 0..self.random.poisson(arising) {
            if let Some(number) = self.random.weighted(self.browse_weights.iter().copied()) {
                self.take_interest(number as ProductTypeId, now);
            }
        }
        for index in 0..self.wants.len() {
            let want = self.wants[index];
            if want.buys || want.felt > now {
                continue;
            }
            let satisfied = self.ledger.satisfied(&self.goods.catalogue, want.product_type, now);
            if self.random.chance(0.03 * (1.0 - satisfied)) {
                let want = &mut self.wants[index];
                want.buys = true;
                want.since = want.since.min(now);
                want.until = want.until.max(now + 10 * DAY);
            } else if want.until <= now + DAY && self.random.chance(0.55) {
                let goods = self.goods;
                let next = goods.table.types[usize::from(want.product_type)].then.as_slice();
                let near = goods.related(want.product_type);
                let near = if near.is_empty() || self.random.chance(0.5) { next } else { near };
                if let Some(other) = self.random.pick(near).copied() {
                    let target = self.follow(&want.target, other);
                    self.take_interest_in(other, now, target);
                }
            }
        }
    }

    fn take_interest(&mut self, product_type: ProductTypeId, now: Minutes) {
        let target = self.target(product_type);
        self.take_interest_in(product_type, now, target);
    }

    fn take_interest_in(&mut self, product_type: ProductTypeId, now: Minutes, target: Target) {
        if self.wants.iter().any(|want| want.product_type == product_type) {
            return;
        }
        let felt = now + self.random.below(DAY as usize) as Minutes;
        // From hours to weeks.
        let lead = self.random.log_normal(0.5, 1.6).min(21.0);
        let lasts = 4.0 + self.random.exponential(16.0).min(60.0);
        let until = felt + ((lead + lasts) * DAY as f32) as Minutes;
        // Some are never taken to the search of this shop.
        let never = self.random.chance(0.4);
        let since = if never { until } else { felt + (lead * DAY as f32) as Minutes };
        self.wants.push(Want { product_type, buys: false, felt, since, until, target, looks: 0 });
    }

    /// The target of what follows from a wish: the same style and colour, the same brand where it
    /// makes the type.
    fn follow(&mut self, before: &Target, product_type: ProductTypeId) -> Target {
        let mut target = self.target(product_type);
        let goods = self.goods;
        target.style = before.style;
        target.price = before.price;
        let row = &goods.table.types[usize::from(product_type)];
        if let Some(colour) = before.colour.filter(|colour| row.colours.contains(colour)) {
            target.colour = Some(colour);
        }
        if let Some(brand) = before.brand {
            let name = &goods.catalogue.brands[usize::from(brand)];
            let group = &goods.table.groups[row.group];
            if group.brands.iter().any(|row| row.name == *name) {
                target.brand = Some(brand);
            }
        }
        target
    }

    /// What is wished for is searched for on the web, from when it arises.
    fn search_the_web(&mut self, day: Minutes) {
        let mut searched = false;
        for index in 0..self.wants.len() {
            let want = self.wants[index];
            if want.felt >= (day + 1) * DAY {
                continue;
            }
            for _ in 0..self.random.poisson(self.taste.searching) {
                let time = (day * DAY + self.time_of_day()).max(want.felt);
                let sure = want.wish().settled;
                if let Some(number) =
                    self.choose_query(want.product_type, Some((&want.target, sure)))
                {
                    let text = &self.goods.queries[number as usize].text;
                    let query = match self.random.below(8) {
                        0 => format!("{text} reviews"),
                        1 => format!("which {text}"),
                        2 => format!("{text} price"),
                        _ => text.clone(),
                    };
                    self.web_searches.push(WebSearch { query, time });
                    searched = true;
                }
            }
        }
        if searched {
            self.web_searches.sort_by_key(|search| search.time);
        }
    }

    /// Shopping before the log begins: carts and orders are known, the pages are not.
    fn shop_unseen(&mut self, day: Minutes) {
        let end = (day + 1) * DAY;
        let due = |want: &&Want| want.buys && want.since < end;
        let due: Vec<Want> = self.wants.iter().filter(due).copied().collect();
        for want in due {
            self.wants.retain(|other| !other.buys || other.product_type != want.product_type);
            if day < self.taste.since || !self.random.chance(self.taste.share_of_wallet()) {
                continue;
            }
            let Some(product) = self.choose_product(&want, day) else {
                continue;
            };
            let time = day * DAY + self.time_of_day();
            self.clock = self.clock.max(want.since + 1).max(time).min(end - 1);
            self.record(EventKind::Cart, product);
            if self.random.chance(0.72) {
                self.clock = (self.clock + self.random.below(30) as Minutes).min(end - 1);
                self.record(EventKind::Order, product);
            }
        }
    }

    /// The product of a type that would be bought, a good part of them in view.
    fn choose_product(&mut self, want: &Want, day: i32) -> Option<ProductId> {
        let products = self.goods.products_of(want.product_type);
        let (first, count) = (products.start, products.len());
        let mut best: Option<(f32, ProductId)> = None;
        // Of a large type nobody sees more than so many.
        let step = count.div_ceil(80).max(1);
        let start = self.random.below(step);
        let wishes = [Wish { settled: 1.0, ..want.wish() }];
        for offset in (start..count).step_by(step) {
            let product = first + offset as ProductId;
            if !self.goods.catalogue.is_on_sale(product, day) {
                continue;
            }
            let standing = self.standing(product, &wishes, day * DAY);
            let context =
                Context { relevance: None, device: PageDevice::Desktop, time: day * DAY + 720 };
            let standing = Standing { satisfied: 0.0, curiosity: 0.0, ..standing };
            let utility = self.goods.utility(&self.taste, product, context, standing);
            let worth =
                libm::logf(utility.attraction * utility.conversion()) + self.random.gumbel();
            if best.is_none_or(|(most, _)| worth > most) {
                best = Some((worth, product));
            }
        }
        best.map(|(_, product)| product)
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

    /// The visits of a day.
    fn visit(&mut self, day: Minutes) {
        self.turn_to(day, Part::Visits);
        let weekend = if is_weekend(day * DAY) { 1.25 } else { 0.9 };
        let sessions = self.random.poisson(weekend * self.taste.activity / 2.9);
        let mut starts: Vec<Minutes> = (0..sessions).map(|_| self.time_of_day()).collect();
        starts.sort_unstable();
        self.turn_to(day, Part::Acts);
        self.bedtime = (day + 1) * DAY - LATEST;
        for start in starts {
            self.clock = self.clock.saturating_add(1).max(day * DAY + start);
            let device = self.taste.device(&mut self.random);
            let mut topic: Option<Topic> = None;
            for _ in 0..=self.random.poisson(0.8) {
                if self.random.chance(0.29) {
                    self.look(None, device);
                } else {
                    // Mostly a session stays with what it began, and asks more precisely.
                    topic = match topic {
                        Some(before) if self.random.chance(0.65) => {
                            Some(Topic { sure: before.sure + 0.35, ..before })
                        }
                        _ => self.choose_topic(),
                    };
                    if let Some(query) = topic.and_then(|topic| {
                        self.choose_query(
                            topic.product_type,
                            topic.target.as_ref().map(|target| (target, topic.sure)),
                        )
                    }) {
                        self.look(Some(query), device);
                    }
                }
                self.clock += 1 + self.random.below(4) as Minutes;
            }
        }
    }

    /// Minute of the day: few at night, most around the shopper's own hour.
    fn time_of_day(&mut self) -> Minutes {
        let peak = if self.random.chance(0.7) { self.taste.hour } else { 14.0 };
        let hour = peak + 2.6 * self.random.normal();
        (hour.clamp(0.5, 23.2) * 60.0) as Minutes
    }

    /// What the next search is about: a need, an interest, or whatever comes to mind.
    fn choose_topic(&mut self) -> Option<Topic> {
        let now = self.clock;
        let weekend = self.wants.iter().map(|want| {
            let open = want.since <= now && now < want.until;
            let pull = libm::expf(season(want.product_type, now));
            let weight = match (open, want.buys) {
                (false, _) => 0.0,
                (true, true) => 1.6,
                (true, false) => 0.6,
            };
            weight * pull
        });
        let weights: Vec<f32> = weekend.collect();
        let open: f32 = weights.iter().sum();
        if self.random.chance(open / (open + 0.45)) {
            let place = self.random.weighted(weights.iter().copied())?;
            let want = &self.wants[place];
            return Some(Topic {
                product_type: want.product_type,
                sure: want.wish().settled,
                target: Some(want.target),
            });
        }
        let heat = self.ledger.heat();
        let weights = self.browse_weights.iter().zip(heat).map(|(w, heat)| w * (1.0 + heat));
        let product_type = self.random.weighted(weights)? as ProductTypeId;
        Some(Topic { product_type, sure: 0.0, target: None })
    }

    /// A query for a type as this shopper would put it: the surer of a target, the more precise.
    fn choose_query(
        &mut self,
        product_type: ProductTypeId,
        target: Option<(&Target, f32)>,
    ) -> Option<u32> {
        let goods = self.goods;
        let taste = &self.taste;
        let rows = &goods.table.types;
        let weights = goods.queries_of(product_type).iter().map(|number| {
            let query = &goods.queries[*number as usize];
            let intent = &query.intent;
            let mut pull = 0.0;
            let mut asks = |meant: Option<bool>, liked: f32| {
                pull += match (meant, target) {
                    (Some(true), Some((_, sure))) => 1.0 + 1.6 * sure,
                    (Some(false), Some((_, sure))) => -1.0 - 2.0 * sure,
                    _ => 0.8 * liked - 0.3,
                };
            };
            if let Some(brand) = intent.brand {
                let meant = target.and_then(|(target, _)| target.brand);
                asks(meant.map(|meant| meant == brand), taste.brands[usize::from(brand)]);
            }
            if let Some(colour) = intent.colour {
                let meant = target.and_then(|(target, _)| target.colour);
                asks(meant.map(|meant| meant == colour), taste.colours[usize::from(colour)]);
            }
            for (attribute, value) in &intent.attributes {
                let meant = target.and_then(|(target, _)| target.attribute);
                let meant = meant.filter(|(place, _)| place == attribute);
                let row = &rows[usize::from(product_type)].attributes[usize::from(*attribute)];
                let liked = if row.name == "audience" {
                    1.5 * taste.audience(Audience::of(&row.values[usize::from(*value)].text))
                } else {
                    0.0
                };
                asks(meant.map(|(_, meant)| meant == *value), liked);
            }
            let weight = query.frequency / intent.types.len() as f32;
            if pull == 0.0 { weight } else { weight * libm::expf(pull) }
        });
        let weights: Vec<f32> = weights.collect();
        let place = self.random.weighted(weights.iter().copied())?;
        goods.queries_of(product_type).get(place).copied()
    }

    /// Looks at the pages of one list until tired or done.
    fn look(&mut self, query: Option<u32>, device: PageDevice) {
        let lot = (self.random.below(1 << 31) as u64) << 32 | self.random.below(1 << 31) as u64;
        let known = self.web_searches.partition_point(|search| search.time <= self.clock);
        let listing = self.shop.list(&Request {
            profile: &self.taste.profile,
            query,
            time: self.clock,
            lot,
            device,
            events: &self.events,
            web_searches: &self.web_searches[..known],
            seen: &self.observed,
        });
        let more = if query.is_some() { 0.3 } else { 0.38 };
        for (page, shown) in (0..MOST_PAGES).zip(listing.top.chunks(PAGE)) {
            if self.clock > self.bedtime {
                break;
            }
            let bought = self.see_page(query, page, device, shown, &listing);
            self.clock += 1;
            if bought || !self.random.chance(more) {
                break;
            }
        }
    }

    /// Sees one page, acts on it, and logs it. True if something was bought.
    fn see_page(
        &mut self,
        query: Option<u32>,
        page: u16,
        device: PageDevice,
        shown: &[ProductId],
        listing: &Listing,
    ) -> bool {
        let time = self.clock;
        let events_before = self.events.len() as u32;
        let goods = self.goods;
        let types: Vec<ProductTypeId> = shown
            .iter()
            .map(|product| goods.catalogue.products[*product as usize].product_type)
            .collect();
        let needs = self.wishes(time);
        let mut bought = false;
        let mut impressions = Vec::with_capacity(shown.len());
        for (place, product) in shown.iter().copied().enumerate() {
            let index = page * PAGE as u16 + place as u16;
            let relevance =
                query.map(|q| goods.relevance(&goods.queries[q as usize].intent, product));
            let standing = self.standing(product, &needs, time);
            let context = Context { relevance, device, time };
            let utility = goods.utility(&self.taste, product, context, standing);
            let truth = ImpressionTruth {
                relevant: relevance.is_none_or(Relevance::is_relevant),
                examination: examination(page, index, device),
                attraction: utility.attraction,
                competition: competition(&types, place),
                conversion: utility.conversion(),
            };
            let click = truth.examination * truth.attraction * truth.competition;
            let clicked = self.random.chance(click);
            let favourited = clicked && self.random.chance(utility.favourite);
            let carted = clicked && self.random.chance(utility.cart[usize::from(favourited)]);
            let ordered = carted && self.random.chance(utility.order);
            for (done, kind) in [
                (clicked, EventKind::Click),
                (favourited, EventKind::Favourite),
                (carted, EventKind::Cart),
                (ordered, EventKind::Order),
            ] {
                if done {
                    self.record(kind, product);
                    self.clock += 1;
                }
            }
            bought |= ordered;
            impressions.push(Impression {
                product,
                index,
                judged_relevant: query.is_none_or(|query| goods.judge(query, product)),
                clicked,
                favourited,
                carted,
                ordered,
                truth,
            });
        }
        let until = (usize::from(page) + 1) * PAGE;
        let under_impressions = query.map_or_else(Vec::new, |query| {
            self.under_impressions(query, &listing.below, until, shown.len())
        });
        self.views.push(PageView {
            time,
            events_before,
            query: query.map(|query| goods.queries[query as usize].text.clone()),
            page,
            device,
            impressions,
            under_impressions,
            needs,
        });
        bought
    }

    /// Products that the retrieval took for answers and that were ranked below the page, which ends
    /// at place `until`: as many as are shown, or fewer where there are no more, and those on top.
    fn under_impressions(
        &self,
        query: u32,
        below: &[(usize, ProductId)],
        until: usize,
        wanted: usize,
    ) -> Vec<UnderImpression> {
        let mut pool: Vec<ProductId> = below
            .iter()
            .filter(|(place, _)| *place >= until)
            .map(|(_, product)| *product)
            .collect();
        let drawn = (wanted + self.span.more_under_impressions).min(pool.len());
        // Each page draws on its own, so that more of them change nothing else.
        let page = u64::from(self.taste.shopper) << 16 | self.views.len() as u64;
        let mut random = Random::new(self.span.seed, Purpose::UnderImpressions, page);
        for place in 0..drawn {
            let other = place + random.below(pool.len() - place);
            pool.swap(place, other);
        }
        pool[..drawn]
            .iter()
            .map(|&product| UnderImpression {
                product,
                judged_relevant: self.goods.judge(query, product),
            })
            .collect()
    }
}

/// What a search is about.
#[derive(Clone, Copy, Debug)]
struct Topic {
    product_type: ProductTypeId,
    /// How precisely it is asked.
    sure: f32,
    target: Option<Target>,
}
