//! The held-out page views that `vitrine generate` writes down for evaluation in the page.

use engine::pipeline::stock::QueryCount;
use market::World;
use market::features::split::{Split, day_of};
use market::held_out::{HeldOut, Occasion, Wanted};
use market::log::ShopperLog;

/// How many page views are written down.
const WANTED: Wanted = Wanted { searches: [220, 45], feeds: [70, 15], of_one_shopper: 4 };

/// The occasions of a shopper on the day that models are evaluated on.
pub(super) fn occasions(world: &World, log: &ShopperLog) -> Vec<Occasion> {
    let test = Split::last_day(world.config.days).test;
    Occasion::of(log, |view| test.contains(&day_of(view.time)))
}

/// Draws the page views, none of them by the shoppers that one can take the place of, and adds the
/// truth of those and of the queries that serving knows.
pub(super) fn held_out(
    world: &World,
    occasions: &[Occasion],
    cast: &[u32],
    queries: &[QueryCount],
) -> HeldOut {
    let mut others: Vec<Occasion> =
        occasions.iter().copied().filter(|one| !cast.contains(&one.shopper)).collect();
    // They were gathered side by side.
    others.sort_by_key(|one| (one.shopper, one.view));
    let queries = queries.iter().map(|QueryCount(query, ..)| query.as_str());
    HeldOut::draw(world, &others, &WANTED).with_play(world, cast, queries)
}
