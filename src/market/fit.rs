//! Fits the production rankers: on the log of an earlier shop, which ranked by weights set by hand.

use super::examination::neighbours;
use super::log::ShopperLog;
use super::ranker::{FEATURES, FITTED_ON, NAMES, Ranker};
use super::shop::{Listing, Request, Shop, Shopfront};
use super::world::{MarketConfig, World};

/// So many clicks is an order worth.
const ORDER: f32 = 5.0;

/// What was shown, with its features: after searches and on the feed.
type Samples = [Vec<([f32; FITTED_ON], f32)>; 2];

/// A shop that keeps the features of what it showed.
struct Recording<'w> {
    shop: Shop<'w>,
    /// When each list was asked for, for which query, and the features of its products.
    lists: Vec<(i32, Option<u32>, Vec<[f32; FEATURES]>)>,
}

impl Shopfront for Recording<'_> {
    fn list(&mut self, request: &Request<'_>) -> Listing {
        let listing = self.shop.list(request);
        let features = self.shop.all_features(request, &listing.top);
        self.lists.push((request.time, request.query, features));
        listing
    }
}

/// Fits both rankers to the logs of a market's shoppers, and writes them as the file that the
/// market reads has them.
pub fn fit_rankers(config: &MarketConfig) -> String {
    // The earlier shop tried out much.
    let config = MarketConfig { ranker_noise: 6.0, ..config.clone() };
    let world = World::with_rankers(&config, [Ranker::BY_HAND; 2]);
    let mut samples = Samples::default();
    for shopper in 0..config.shoppers {
        let recording = Recording { shop: world.shop(), lists: Vec::new() };
        let (log, recording) = world.live(shopper, recording);
        join(&world, &log, &recording, &mut samples);
    }
    let [search, feed] = samples.map(|samples| Ranker::fit(&samples));
    let mut text = String::from(
        "# Weights of the production rankers, search and feed (`vitrine generate --fit-ranker --shoppers 500`).\n",
    );
    for (place, name) in NAMES.iter().enumerate() {
        let weights = [search.weights[place], feed.weights[place]];
        text.push_str(&format!("{name} {:.3} {:.3}\n", weights[0], weights[1]));
    }
    text
}

/// Joins what was shown with what came of it.
fn join(world: &World, log: &ShopperLog, recording: &Recording<'_>, samples: &mut Samples) {
    let mut lists = recording.lists.iter();
    let mut list = None;
    for view in &log.views {
        let query = view.query.as_deref().and_then(|text| world.query_number(text));
        if view.page == 0 {
            list = lists.find(|(time, asked, _)| (*time, *asked) == (view.time, query));
        }
        let Some((.., features)) = list else { continue };
        let type_of = |place: usize| {
            let product = view.impressions[place].product;
            world.catalogue.products[product as usize].product_type
        };
        for (place, shown) in view.impressions.iter().enumerate() {
            let near = neighbours(view.impressions.len(), place);
            let same = near.filter(|near| type_of(*near) == type_of(place)).count();
            let bias = [libm::log1pf(f32::from(shown.index)), same as f32];
            let gain = match (shown.clicked, shown.ordered) {
                (_, true) => ORDER,
                (true, false) => 1.0,
                (false, false) => 0.0,
            };
            let mut all = features[usize::from(shown.index)].into_iter().chain(bias);
            let features = std::array::from_fn(|_| all.next().unwrap_or_default());
            samples[usize::from(query.is_none())].push((features, gain));
        }
    }
}
