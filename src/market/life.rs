//! One shopper's life: needs arise, are searched for on the web and in the shop, and end in
//! orders or pass; in between the shopper browses.

use super::catalogue::{ProductId, ProductTypeId};
use super::hidden::Audience;
use super::history::{DAY, Event, EventKind, Minutes, PageDevice, WebSearch};
use super::ledger::Ledger;
use super::log::{Impression, ImpressionTruth, PageView, ShopperLog, UnderImpression};
use super::policy::{Observed, Policy, Ranking};
use super::query::demand;
use super::random::{Purpose, Random};
use super::shopper::Taste;
use super::table::HABIT_DAYS;
use super::truth::{Context, Relevance, Standing, competition, examination};
use super::world::World;

/// Products on a page, and products sampled from far below it (MOPPR 4.3.1).
const PAGE: usize = 10;
/// Under-impressions stand below the first of so many parts of a ranking: below place 150 of the
/// 6,000 that are retrieved (MOPPR 4.3.1 and 5.4).
const UNDER: usize = 40;
/// Minutes before midnight when the last page is opened; acting on ten products takes at most
/// forty, four steps each.
const LATEST: Minutes = 45;
/// Pages of one list that are looked at, at most.
const MOST_PAGES: u16 = 6;

/// Something the shopper needs.
#[derive(Clone, Copy, Debug)]
struct Need {
    product_type: ProductTypeId,
    /// When the shopper starts to look in the shop.
    since: Minutes,
    /// When the need has passed.
    until: Minutes,
}

/// Something the shopper buys again and again.
#[derive(Clone, Copy, Debug)]
struct Habit {
    product_type: ProductTypeId,
    period: f32,
    next: Minutes,
}

/// A life while it is lived.
pub(crate) struct Life<'w> {
    world: &'w World,
    taste: Taste,
    random: Random,
    policy: Policy<'w>,
    observed: Observed,
    events: Vec<Event>,
    web_searches: Vec<WebSearch>,
    views: Vec<PageView>,
    needs: Vec<Need>,
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

impl<'w> Life<'w> {
    pub fn new(world: &'w World, shopper: u32) -> Self {
        let taste = world.taste(shopper);
        let interest: Vec<f32> = taste.types.iter().map(|logit| libm::expf(*logit)).collect();
        let rows = &world.table.types;
        let need_weights = interest.iter().zip(rows).map(|(i, row)| i * demand(row)).collect();
        let browse_weights = interest
            .iter()
            .zip(rows)
            .map(|(i, row)| if row.repurchase_days > HABIT_DAYS { i * row.share } else { 0.2 * i })
            .collect();
        let mut life = Self {
            random: Random::new(world.config.seed, Purpose::Behaviour, u64::from(shopper)),
            policy: Policy::new(world),
            observed: Observed::new(world),
            events: Vec::new(),
            web_searches: Vec::new(),
            views: Vec::new(),
            needs: Vec::new(),
            habits: Vec::new(),
            need_weights,
            browse_weights,
            ledger: Ledger::new(&world.catalogue),
            clock: Minutes::MIN,
            bedtime: Minutes::MAX,
            world,
            taste,
        };
        life.take_up_habits();
        life
    }

    /// Lives it to its end.
    pub fn live(mut self) -> ShopperLog {
        self.pass();
        ShopperLog {
            shopper: self.taste.shopper,
            profile: self.taste.profile,
            events: self.events,
            web_searches: self.web_searches,
            views: self.views,
        }
    }

    /// Lives it, and says what is needed at its end.
    pub fn needs_at_the_end(mut self) -> Vec<ProductTypeId> {
        self.pass();
        self.needed_types(Minutes::from(self.world.config.days) * DAY)
    }

    /// Every day of it.
    fn pass(&mut self) {
        let earlier = Minutes::from(self.world.config.earlier_days);
        for day in -earlier..Minutes::from(self.world.config.days) {
            self.observed.age();
            self.ledger.age();
            self.arise(day);
            if day < 0 {
                self.shop_unseen(day);
            } else {
                self.visit(day);
            }
            self.needs.retain(|need| need.until > (day + 1) * DAY);
        }
    }

    fn take_up_habits(&mut self) {
        let first = -Minutes::from(self.world.config.earlier_days);
        for _ in 0..self.random.poisson(2.4) {
            let rows = &self.world.table.types;
            let weights = self.taste.types.iter().zip(rows).map(|(interest, row)| {
                if row.repurchase_days <= HABIT_DAYS {
                    libm::expf(*interest) * row.share
                } else {
                    0.0
                }
            });
            let Some(number) = self.random.weighted(weights) else {
                continue;
            };
            let period = rows[number].repurchase_days * self.random.between(1.3, 3.0);
            let next = first * DAY + (self.random.uniform() * period * DAY as f32) as Minutes;
            self.habits.push(Habit { product_type: number as ProductTypeId, period, next });
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
                self.need(habit.product_type, habit.next.max(day * DAY), 4.0);
            }
        }
        for _ in 0..self.random.poisson(0.055) {
            let now = day * DAY;
            let ready: Vec<f32> = (0..self.need_weights.len())
                .map(|number| {
                    let satisfied =
                        self.ledger.satisfied(&self.world.catalogue, number as ProductTypeId, now);
                    self.need_weights[number] * (1.0 - satisfied)
                })
                .collect();
            if let Some(number) = self.random.weighted(ready.iter().copied()) {
                let since = now + self.random.below(DAY as usize) as Minutes;
                self.need(number as ProductTypeId, since, 14.0);
            }
        }
    }

    /// A need arises; on the web it is searched for before the shop is.
    fn need(&mut self, product_type: ProductTypeId, since: Minutes, days: f32) {
        let lead = self.random.exponential(1.2).min(5.0);
        let searches = if self.random.chance(0.55) { 1 + self.random.poisson(0.7) } else { 0 };
        let shop_since = since + (lead * DAY as f32) as Minutes;
        let until = shop_since + (self.random.between(0.5, 1.5) * days * DAY as f32) as Minutes;
        self.needs.push(Need { product_type, since: shop_since, until });
        for _ in 0..searches {
            let time = since + (self.random.uniform() * lead * DAY as f32) as Minutes;
            if time < -30 * DAY || time >= Minutes::from(self.world.config.days) * DAY {
                continue;
            }
            if let Some(number) = self.choose_query(product_type) {
                let text = &self.world.queries[number as usize].text;
                let query = match self.random.below(5) {
                    0 => format!("{text} reviews"),
                    1 => format!("which {text}"),
                    2 => format!("{text} price"),
                    _ => text.clone(),
                };
                self.web_searches.push(WebSearch { query, time });
            }
        }
        self.web_searches.sort_by_key(|search| search.time);
    }

    /// Shopping before the log begins: carts and orders are known, the pages are not.
    fn shop_unseen(&mut self, day: Minutes) {
        let end = (day + 1) * DAY;
        let due: Vec<Need> = self.needs.iter().copied().filter(|need| need.since < end).collect();
        for need in due {
            if self.random.chance(0.3) {
                continue;
            }
            self.needs.retain(|other| other.product_type != need.product_type);
            let Some(product) = self.choose_product(need.product_type) else {
                continue;
            };
            self.clock = self.clock.max(need.since + 1).max(day * DAY).min(end - 1);
            self.record(EventKind::Cart, product);
            if self.random.chance(0.72) {
                self.clock = (self.clock + self.random.below(30) as Minutes).min(end - 1);
                self.record(EventKind::Order, product);
            }
        }
    }

    /// The product of a type that would be bought, all in view.
    fn choose_product(&mut self, product_type: ProductTypeId) -> Option<ProductId> {
        let products = self.world.products_of(product_type);
        let (first, count) = (products.start, products.len());
        let mut best: Option<(f32, ProductId)> = None;
        // Of a very large type nobody sees more than a few hundred.
        let step = count.div_ceil(300).max(1);
        let start = self.random.below(step);
        for offset in (start..count).step_by(step) {
            let product = first + offset as ProductId;
            let standing = Standing {
                need: 1.0,
                bought_before: self.ledger.bought(product),
                ..Standing::default()
            };
            let context = Context { relevance: None, device: PageDevice::Desktop };
            let utility = self.world.utility(&self.taste, product, context, standing);
            let worth =
                libm::logf(utility.attraction * utility.conversion()) + self.random.gumbel();
            if best.is_none_or(|(most, _)| worth > most) {
                best = Some((worth, product));
            }
        }
        best.map(|(_, product)| product)
    }

    fn standing(&self, product: ProductId, now: Minutes) -> Standing {
        let catalogue = &self.world.catalogue;
        let product_type = catalogue.products[product as usize].product_type;
        let needed = self.needed(now).any(|needed| needed == product_type);
        self.ledger.standing(catalogue, product, needed, now)
    }

    /// The types that the shopper looks for.
    fn needed(&self, now: Minutes) -> impl Iterator<Item = ProductTypeId> {
        self.needs.iter().filter(move |need| need.since <= now).map(|need| need.product_type)
    }

    /// The same, rising.
    fn needed_types(&self, now: Minutes) -> Vec<ProductTypeId> {
        let mut needs: Vec<ProductTypeId> = self.needed(now).collect();
        needs.sort_unstable();
        needs.dedup();
        needs
    }

    fn record(&mut self, kind: EventKind, product: ProductId) {
        let event = Event { kind, product, time: self.clock };
        self.events.push(event);
        self.observed.count(self.world, kind, product);
        self.ledger.record(&self.world.catalogue, &event);
        let product_type = self.world.catalogue.products[product as usize].product_type;
        let number = usize::from(product_type);
        match kind {
            EventKind::Order => {
                self.needs.retain(|need| need.product_type != product_type);
                let rows = &self.world.table.types;
                for then in &rows[number].then {
                    if self.random.chance(0.2) {
                        let since = self.clock + self.random.below(8 * DAY as usize) as Minutes;
                        self.need(*then, since, 14.0);
                    }
                }
            }
            EventKind::Click | EventKind::Favourite | EventKind::Cart => {}
        }
    }

    /// The visits of a day.
    fn visit(&mut self, day: Minutes) {
        let weekend = if matches!(day.rem_euclid(7), 5 | 6) { 1.25 } else { 0.9 };
        let sessions = self.random.poisson(weekend * self.taste.activity / 2.7);
        let mut starts: Vec<Minutes> = (0..sessions).map(|_| self.time_of_day()).collect();
        starts.sort_unstable();
        self.bedtime = (day + 1) * DAY - LATEST;
        for start in starts {
            self.clock = self.clock.saturating_add(1).max(day * DAY + start);
            let device = self.taste.device(&mut self.random);
            for _ in 0..=self.random.poisson(0.65) {
                if self.random.chance(0.27) {
                    self.look(None, device);
                } else if let Some(query) = self.choose_search() {
                    self.look(Some(query), device);
                }
                self.clock += 1 + self.random.below(4) as Minutes;
            }
        }
    }

    /// Minute of the day: few at night, most in the evening.
    fn time_of_day(&mut self) -> Minutes {
        let peak = if self.random.chance(0.4) { 12.5 } else { 20.0 };
        let hour = peak + 2.6 * self.random.normal();
        ((hour.clamp(0.5, 23.4)) * 60.0) as Minutes
    }

    /// The query of the next search: for a need, or for pleasure.
    fn choose_search(&mut self) -> Option<u32> {
        let now = self.clock;
        let open: Vec<ProductTypeId> = self.needed(now).collect();
        let product_type = if !open.is_empty() && self.random.chance(0.6) {
            *self.random.pick(&open)?
        } else {
            let heat = self.ledger.heat();
            let weights = self.browse_weights.iter().zip(heat).map(|(w, heat)| w * (1.0 + heat));
            self.random.weighted(weights)? as ProductTypeId
        };
        self.choose_query(product_type)
    }

    /// A query for a type as this shopper would put it.
    fn choose_query(&mut self, product_type: ProductTypeId) -> Option<u32> {
        let world = self.world;
        let taste = &self.taste;
        let rows = &world.table.types;
        let weights = world.queries_of(product_type).iter().map(|number| {
            let query = &world.queries[*number as usize];
            let intent = &query.intent;
            let mut pull = 0.0;
            if let Some(brand) = intent.brand {
                pull += taste.brands[usize::from(brand)];
            }
            if let Some(colour) = intent.colour {
                pull += 0.8 * taste.colours[usize::from(colour)];
            }
            for (attribute, value) in &intent.attributes {
                let attribute =
                    &rows[usize::from(product_type)].attributes[usize::from(*attribute)];
                if attribute.name == "audience" {
                    let text = &attribute.values[usize::from(*value)].text;
                    pull += 1.5 * taste.audience(Audience::of(text));
                }
            }
            let weight = query.frequency / intent.types.len() as f32;
            if pull == 0.0 { weight } else { weight * libm::expf(pull) }
        });
        let place = self.random.weighted(weights)?;
        world.queries_of(product_type).get(place).copied()
    }

    /// Looks at the pages of one list until tired or done.
    fn look(&mut self, query: Option<u32>, device: PageDevice) {
        let ranking = match query {
            Some(query) => self.policy.search(query, &self.observed, &mut self.random),
            None => self.policy.feed(&self.observed, &mut self.random),
        };
        let more = if query.is_some() { 0.3 } else { 0.38 };
        for page in 0..MOST_PAGES {
            if self.clock > self.bedtime {
                break;
            }
            let first = usize::from(page) * PAGE;
            let Some(shown) = ranking.products.get(first..first + PAGE) else {
                break;
            };
            let bought = self.see_page(query, page, device, shown, &ranking);
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
        ranking: &Ranking,
    ) -> bool {
        let time = self.clock;
        let events_before = self.events.len() as u32;
        let world = self.world;
        let types: Vec<ProductTypeId> = shown
            .iter()
            .map(|product| world.catalogue.products[*product as usize].product_type)
            .collect();
        let needs = self.needed_types(time);
        let mut bought = false;
        let mut impressions = Vec::with_capacity(shown.len());
        for (place, product) in shown.iter().copied().enumerate() {
            let index = page * PAGE as u16 + place as u16;
            let relevance =
                query.map(|q| world.relevance(&world.queries[q as usize].intent, product));
            let standing = self.standing(product, time);
            let context = Context { relevance, device };
            let utility = world.utility(&self.taste, product, context, standing);
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
                judged_relevant: query.is_none_or(|query| world.judge(query, product)),
                clicked,
                favourited,
                carted,
                ordered,
                truth,
            });
        }
        let below = (usize::from(page) + 1) * PAGE;
        let under_impressions = query.map_or_else(Vec::new, |query| {
            self.under_impressions(query, ranking, below, shown.len())
        });
        self.views.push(PageView {
            time,
            events_before,
            query: query.map(|query| world.queries[query as usize].text.clone()),
            page,
            device,
            impressions,
            under_impressions,
            needs,
        });
        bought
    }

    /// Products that the retrieval took for answers and that were ranked below the page: as many as
    /// are shown, or fewer where there are no more, and those on top.
    fn under_impressions(
        &self,
        query: u32,
        ranking: &Ranking,
        below: usize,
        wanted: usize,
    ) -> Vec<UnderImpression> {
        let below = below.max(ranking.products.len() / UNDER).min(ranking.products.len());
        let answers = ranking.products[below..].iter().zip(&ranking.retrieved[below..]);
        let mut pool: Vec<ProductId> =
            answers.filter(|(_, retrieved)| **retrieved).map(|(product, _)| *product).collect();
        let drawn =
            (wanted + usize::from(self.world.config.more_under_impressions)).min(pool.len());
        // Each page draws on its own, so that more of them change nothing else.
        let page = u64::from(self.taste.shopper) << 16 | self.views.len() as u64;
        let mut random = Random::new(self.world.config.seed, Purpose::UnderImpressions, page);
        for place in 0..drawn {
            let other = place + random.below(pool.len() - place);
            pool.swap(place, other);
        }
        pool[..drawn]
            .iter()
            .map(|&product| UnderImpression {
                product,
                judged_relevant: self.world.judge(query, product),
            })
            .collect()
    }
}
