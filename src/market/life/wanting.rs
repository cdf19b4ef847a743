//! What a shopper wishes for: habits, needs and interests, what they lead to, and how they are put in a
//! query.

use super::BEFORE;
use super::{Life, Shopfront};
use crate::catalogue::{ProductId, ProductTypeId};
use crate::hidden::Audience;
use crate::history::{DAY, Minutes, WebSearch};
use crate::query::demand;
use crate::random::Random;
use crate::table::HABIT_DAYS;
use crate::wish::{Target, Wish};

/// Something the shopper wishes for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Want {
    pub(super) product_type: ProductTypeId,
    /// To buy, not just to look.
    pub(super) buys: bool,
    /// When it arises: from then on it shows on the web, and in what is clicked.
    pub(super) felt: Minutes,
    /// When the shopper starts to look for it in the shop.
    pub(super) since: Minutes,
    /// When it has passed.
    pub(super) until: Minutes,
    pub(super) target: Target,
    /// Clicks on the type since it arose.
    pub(super) looks: u16,
}

impl Want {
    pub(super) fn wish(&self) -> Wish {
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
pub(super) struct Habit {
    pub(super) product_type: ProductTypeId,
    pub(super) period: f32,
    pub(super) next: Minutes,
    pub(super) target: Target,
}

impl<S: Shopfront> Life<'_, S> {
    pub(super) fn take_up_habits(&mut self) {
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
    pub(super) fn arise(&mut self, day: Minutes) {
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
    pub(super) fn need(
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
    pub(super) fn drift(&mut self, day: Minutes) {
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
    pub(super) fn follow(&mut self, before: &Target, product_type: ProductTypeId) -> Target {
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
    pub(super) fn search_the_web(&mut self, day: Minutes) {
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

    /// A query for a type as this shopper would put it: the surer of a target, the more precise.
    pub(super) fn choose_query(
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
}
