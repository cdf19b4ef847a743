//! What a shopper does in the shop: visits, searches, pages that are seen and acted on.

use super::wanting::Want;
use super::{Life, Part, Shopfront};
use crate::catalogue::{ProductId, ProductTypeId};
use crate::examination::{competition, examination};
use crate::history::{DAY, EventKind, Minutes, PageDevice, is_weekend};
use crate::log::{Impression, ImpressionTruth, PageView, UnderImpression};
use crate::random::{Purpose, Random};
use crate::relevance::Relevance;
use crate::shop::{Listing, Request};
use crate::truth::{Context, Standing, season};
use crate::wish::{Target, Wish};

/// Products on a page, and products sampled from far below it (MOPPR 4.3.1).
const PAGE: usize = 10;
/// Minutes before midnight when the last page is opened; acting on ten products takes at most
/// forty, four steps each.
const LATEST: Minutes = 45;
/// Pages of one list that are looked at, at most.
const MOST_PAGES: u16 = 6;

/// What a search is about.
#[derive(Clone, Copy, Debug)]
struct Topic {
    product_type: ProductTypeId,
    /// How precisely it is asked.
    sure: f32,
    target: Option<Target>,
}

impl<S: Shopfront> Life<'_, S> {
    /// Shopping before the log begins: carts and orders are known, the pages are not.
    pub(super) fn shop_unseen(&mut self, day: Minutes) {
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

    /// The visits of a day.
    pub(super) fn visit(&mut self, day: Minutes) {
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
            let clicked = self.random.chance(truth.click());
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
