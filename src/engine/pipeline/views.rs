//! Held-out page views: the request that each made, and what is measured of an answer to it.

use super::assets::{AssetError, AssetSource, Manifest, damaged};
use super::request::{EditedHistory, Request};
use super::stock::Stock;
use link::State;
use market::catalogue::{Catalogue, ProductId};
use market::examination::{competition, examination};
use market::features::split::day_of;
use market::held_out::{HeldOut, HeldOutView, ViewTruth};
use market::history::Minutes;
use market::metrics::measure::{
    Against, BEST, Expected, GOOD, Measure, PLACES, TOP, Values, best, expected, place,
};
use market::metrics::{dcg_at, effective_number_of, ndcg_at, p_good, recall_at};
use market::product::ProductTruth;
use market::query::words;
use market::relevance::Relevance;
use protocol::Candidate;
use protocol::blend::{self, Ranked};
use systems::Task;
use systems::shared::Surface;

/// File of the held-out page views; fetched when they are first asked for.
pub const HELD_OUT: &str = "held-out.json";

/// The held-out page views, with what is known of the best for each.
pub struct Views {
    held_out: HeldOut,
    /// For each view that was evaluated: the truly best products for clicks and for orders, which
    /// no state changes.
    best: Vec<Option<Best>>,
}

/// The [`BEST`] products on sale for a view, with their worth.
#[derive(Clone, Debug, PartialEq)]
struct Best {
    clicks: Vec<(ProductId, f64)>,
    orders: Vec<(ProductId, f64)>,
}

/// What a funnel made of a view.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    /// What reached the ranker.
    pub candidates: &'a [Candidate],
    /// The order that the blend gives them.
    pub order: &'a [Ranked],
    /// What the ranker predicts, in the order of its utilities; empty without one.
    pub tasks: &'a [Task],
}

impl Views {
    /// Fetches and reads the file; `newcomers` is the hidden side of the products that no log tells of.
    ///
    /// # Errors
    /// Where it is missing, damaged or of another catalogue.
    pub async fn fetch(
        manifest: &Manifest,
        source: &impl AssetSource,
        stock: &Stock,
        newcomers: Vec<ProductTruth>,
    ) -> Result<Self, AssetError> {
        let mut held_out: HeldOut = manifest.json(source, HELD_OUT).await?;
        if !held_out.fits(&stock.catalogue) {
            return Err(damaged(HELD_OUT, "it is of another catalogue"));
        }
        held_out.hidden.products.extend(newcomers);
        Ok(Self { best: vec![None; held_out.views.len()], held_out })
    }

    /// Numbers of the views on a surface, in an order drawn by lot.
    pub fn on(&self, surface: Surface) -> Vec<usize> {
        let views = self.held_out.views.iter().enumerate();
        let wanted = |view: &HeldOutView| view.asked.is_none() == (surface == Surface::Feed);
        views.filter(|(_, view)| wanted(view)).map(|(number, _)| number).collect()
    }

    /// The request that was made for a view.
    ///
    /// # Panics
    /// If there is no such view; the same holds for [`Self::measure`].
    pub fn request(&self, number: usize) -> Request {
        let view = &self.held_out.views[number];
        let shopper = &self.held_out.shoppers[view.shopper as usize];
        let events = self.held_out.events(view);
        let searches = shopper.web_searches.iter().filter(|search| search.time <= view.time);
        Request {
            profile: shopper.profile,
            history: EditedHistory {
                entries: (0..events.len() as u32).collect(),
                events,
                now: view.time,
            },
            web_searches: searches.cloned().collect(),
            query: view.asked.as_ref().map(|asked| asked.text.clone()),
            device: view.device,
        }
    }

    /// What is true of each product of an order that the shopper of a state is shown, on pages of
    /// the state's size: examination, attraction, competition. Empty where the market does not know
    /// the shopper, or what the query asks for.
    pub fn truths(
        &self,
        stock: &Stock,
        request: &Request,
        state: &State,
        order: &[ProductId],
    ) -> Vec<[f32; 3]> {
        let number_of = |query: &str| {
            let as_typed = stock.queries.iter().position(|known| known.0 == query);
            // Endings of the plural and words without a meaning ask for nothing else.
            let same = |known: &str| words(known).eq(words(query));
            as_typed.or_else(|| stock.queries.iter().position(|known| same(&known.0)))
        };
        let intent = match &request.query {
            Some(query) => {
                // Slips of the fingers are queries of their own, if they are frequent.
                let number = number_of(state.query.trim()).or_else(|| number_of(query));
                match number.and_then(|number| self.held_out.intents.get(number)) {
                    Some(intent) => Some(intent),
                    None => return Vec::new(),
                }
            }
            None => None,
        };
        let shopper = stock.shoppers.iter().position(|shopper| shopper.key == state.shopper);
        let catalogue = &stock.catalogue;
        let past = (request.history.events.as_slice(), request.history.now);
        let shopper = shopper.unwrap_or(0);
        let truth = self.held_out.truth_of_played(catalogue, shopper, intent, past, request.device);
        let Some(truth) = truth else { return Vec::new() };
        let size = state.page_size();
        let of_page = |(page, products): (usize, &[ProductId])| {
            let types: Vec<_> =
                products.iter().map(|&p| catalogue.products[p as usize].product_type).collect();
            let of_place = |(place, &product): (usize, &ProductId)| {
                let index = (page * size + place) as u16;
                [
                    examination(page as u16, index, request.device),
                    truth.utility(product).attraction,
                    competition(&types, place),
                ]
            };
            products.iter().enumerate().map(of_place).collect::<Vec<_>>()
        };
        order.chunks(size).enumerate().flat_map(of_page).collect()
    }

    /// Measures what a funnel made of a view.
    pub fn measure(
        &mut self,
        catalogue: &Catalogue,
        number: usize,
        outcome: Outcome<'_>,
        state: &State,
    ) -> Values {
        let Self { held_out, best } = self;
        let view = &held_out.views[number];
        let truth = held_out.truth(catalogue, view);
        let best = best[number].get_or_insert_with(|| Best::of(&truth, catalogue, view.time));
        measure(catalogue, view, &truth, best, outcome, state)
    }
}

impl Best {
    fn of(truth: &ViewTruth<'_>, catalogue: &Catalogue, now: Minutes) -> Self {
        let offered = |product| catalogue.is_on_sale(product, day_of(now));
        let all: Vec<[f64; 2]> = (0..catalogue.products.len() as ProductId)
            .map(|product| if offered(product) { worth(truth, product) } else { [0.0; 2] })
            .collect();
        let of = |which: usize| best(all.iter().map(|worth| worth[which]), BEST);
        Self { clicks: of(0), orders: of(1) }
    }
}

/// Chance that a product is clicked once looked at, and that it is ordered.
fn worth(truth: &ViewTruth<'_>, product: ProductId) -> [f64; 2] {
    let utility = truth.utility(product);
    let attraction = f64::from(utility.attraction);
    [attraction, attraction * f64::from(utility.conversion())]
}

fn measure(
    catalogue: &Catalogue,
    view: &HeldOutView,
    truth: &ViewTruth<'_>,
    best: &Best,
    Outcome { candidates, order, tasks }: Outcome<'_>,
    state: &State,
) -> Values {
    let products: Vec<ProductId> = order.iter().map(|r| candidates[r.candidate].product).collect();
    let size = state.page_size();
    let page = &products[..size.min(products.len())];
    let types: Vec<_> =
        page.iter().map(|product| catalogue.products[*product as usize].product_type).collect();
    let price =
        |product: ProductId| f64::from(catalogue.products[product as usize].price_cents) / 100.0;

    let mut values: Values = vec![None; PLACES];
    let mut set = |against, measure, value: Option<f64>| {
        let by_orders = matches!(measure, Measure::NdcgOrders | Measure::RecallOrders);
        // What was drawn for its order would count twice wherever all views count.
        if view.from_all || (against == Against::Log && by_orders) {
            values[place(against, measure)] = value.map(|value| value as f32);
        }
    };

    let (clicked, ordered) = (view.clicked(), view.ordered());
    set(Against::Log, Measure::NdcgClicks, ndcg_at(TOP, &products, &clicked));
    set(Against::Log, Measure::NdcgOrders, ndcg_at(TOP, &products, &ordered));
    let all = candidates.len();
    set(Against::Log, Measure::RecallClicks, recall_at(all, &products, &clicked));
    set(Against::Log, Measure::RecallOrders, recall_at(all, &products, &ordered));
    let top: Vec<[f64; 2]> = products.iter().take(TOP).map(|p| worth(truth, *p)).collect();
    for (which, best, of_top, recalled) in [
        (0, &best.clicks, Measure::NdcgClicks, Measure::RecallClicks),
        (1, &best.orders, Measure::NdcgOrders, Measure::RecallOrders),
    ] {
        let most = dcg_at(TOP, best.iter().map(|(_, worth)| *worth));
        let found = dcg_at(TOP, top.iter().map(|worth| worth[which]));
        set(Against::Truth, of_top, (most > 0.0).then(|| found / most));
        let targets: Vec<ProductId> = best.iter().map(|(product, _)| *product).collect();
        set(Against::Truth, recalled, recall_at(all, &products, &targets));
    }

    if view.asked.is_some() {
        let judged = |product| truth.judged(product) == Some(true);
        set(Against::Log, Measure::Good, p_good(GOOD, &products, judged));
        let relevant = |product| truth.relevance(product).is_some_and(Relevance::is_relevant);
        set(Against::Truth, Measure::Good, p_good(GOOD, &products, relevant));
    }

    let by_ranker = expected(order.iter().take(page.len()).map(|ranked| {
        let candidate = &candidates[ranked.candidate];
        let chance = |wanted| {
            let number = tasks.iter().position(|task| *task == wanted);
            number.map_or(0.0, |n| f64::from(blend::probability(candidate, n, &state.settings)))
        };
        let (click, order) = (chance(Task::Click), chance(Task::Order));
        Expected { click, order, price: price(candidate.product) }
    }));
    let by_truth = expected(page.iter().enumerate().map(|(index, &product)| {
        let [attraction, bought] = worth(truth, product);
        let looked = f64::from(examination(0, index as u16, view.device))
            * f64::from(competition(&types, index));
        Expected { click: looked * attraction, order: looked * bought, price: price(product) }
    }));
    let diversity = effective_number_of(types.iter().copied());
    // Without a ranker nobody expects anything.
    let by_ranker = (!tasks.is_empty()).then_some(by_ranker);
    for (against, expected) in [(Against::Log, by_ranker), (Against::Truth, Some(by_truth))] {
        set(against, Measure::Clicks, expected.map(|[clicks, _, _]| clicks));
        set(against, Measure::Orders, expected.map(|[_, orders, _]| orders));
        set(against, Measure::Gmv, expected.map(|[_, _, gmv]| gmv));
        set(against, Measure::Diversity, diversity);
    }
    values
}
