//! What a shopper's behaviour says of where the shopper stands with each product type.

use std::collections::HashSet;

use super::catalogue::{Catalogue, ProductId, ProductTypeId};
use super::hidden::Hidden;
use super::history::{DAY, Event, EventKind, Minutes};
use super::table::HABIT_DAYS;
use super::truth::Standing;
use super::wish::Wish;

/// Keeps count of what a shopper does.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// When each type was last ordered.
    ordered: Vec<Option<Minutes>>,
    /// Decaying number of clicks on each type.
    heat: Vec<f32>,
    bought: HashSet<ProductId>,
}

impl Ledger {
    /// Of a shopper who has done nothing yet.
    pub fn new(catalogue: &Catalogue) -> Self {
        let types = catalogue.product_types.len();
        Self { ordered: vec![None; types], heat: vec![0.0; types], bought: HashSet::new() }
    }

    /// What it says after these events, oldest first, on the day of `now`.
    ///
    /// # Panics
    /// If a product is not in the catalogue.
    pub fn after(catalogue: &Catalogue, events: &[Event], now: Minutes) -> Self {
        let mut ledger = Self::new(catalogue);
        let day = |time: Minutes| time.div_euclid(DAY);
        let mut today = events.first().map_or(day(now), |event| day(event.time));
        for event in events {
            (today..day(event.time)).for_each(|_| ledger.age());
            today = today.max(day(event.time));
            ledger.record(catalogue, event);
        }
        (today..day(now)).for_each(|_| ledger.age());
        ledger
    }

    /// A day goes by.
    pub fn age(&mut self) {
        for heat in &mut self.heat {
            *heat *= 0.75;
        }
    }

    /// The shopper does something.
    ///
    /// # Panics
    /// If the product is not in the catalogue.
    pub fn record(&mut self, catalogue: &Catalogue, event: &Event) {
        let number = usize::from(catalogue.products[event.product as usize].product_type);
        match event.kind {
            EventKind::Click => self.heat[number] += 1.0,
            EventKind::Order => {
                self.ordered[number] = Some(event.time);
                self.bought.insert(event.product);
            }
            EventKind::Favourite | EventKind::Cart => {}
        }
    }

    /// Whether the very product was bought before.
    pub fn bought(&self, product: ProductId) -> bool {
        self.bought.contains(&product)
    }

    /// Decaying number of clicks on each type.
    pub fn heat(&self) -> &[f32] {
        &self.heat
    }

    /// 1 just after an order of the type, falling to 0 over its repurchase period.
    pub fn satisfied(
        &self,
        catalogue: &Catalogue,
        product_type: ProductTypeId,
        now: Minutes,
    ) -> f32 {
        let Some(ordered) = self.ordered[usize::from(product_type)] else {
            return 0.0;
        };
        let days = (now - ordered) as f32 / DAY as f32;
        let period = catalogue.product_types[usize::from(product_type)].repurchase_days;
        libm::expf(-days / (0.5 * period))
    }

    /// Where the shopper stands with a product, given what is wished for.
    ///
    /// # Panics
    /// If the product is not in the catalogue.
    pub fn standing(
        &self,
        (catalogue, hidden): (&Catalogue, &Hidden),
        product: ProductId,
        wishes: &[Wish],
        now: Minutes,
    ) -> Standing {
        let item = &catalogue.products[product as usize];
        let number = usize::from(item.product_type);
        let row = &catalogue.product_types[number];
        // What was dear and rare is looked at for weeks after it was bought.
        let looking_back = match self.ordered[number] {
            Some(ordered) if row.repurchase_days > HABIT_DAYS => {
                libm::expf(-((now - ordered) as f32) / (14.0 * DAY as f32))
            }
            _ => 0.0,
        };
        let looked = 1.0 - libm::expf(-0.4 * self.heat[number]);
        let wish = Wish::of(wishes, item.product_type);
        let truth = &hidden.products[product as usize];
        Standing {
            need: wish.map_or(0.0, |wish| if wish.buys { 1.0 } else { 0.0 }),
            interest: wish.map_or(0.0, |_| 1.0),
            nearness: wish.map_or(0.0, |wish| wish.settled * wish.target.nearness(item, truth)),
            satisfied: self.satisfied(catalogue, item.product_type, now),
            curiosity: looking_back.max(0.8 * looked),
            bought_before: self.bought(product),
        }
    }
}
