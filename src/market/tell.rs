//! Tells of a market in words: its shelves, and what a shopper saw and did, for someone to read.

use std::fmt::Write;

use super::catalogue::{ProductId, ProductTypeId};
use super::history::{DAY, EventKind, Minutes, PageDevice};
use super::log::{PageView, ShopperLog};
use super::wish::Wish;
use super::world::World;

/// Some products of the largest and of the smallest types, and of some between.
pub fn shelves(world: &World, types: usize, products: usize) -> String {
    let mut numbers: Vec<ProductTypeId> =
        (0..world.catalogue.product_types.len() as ProductTypeId).collect();
    numbers.sort_by_key(|number| (usize::MAX - world.products_of(*number).len(), *number));
    let step = numbers.len().div_ceil(types.max(1)).max(1);
    let mut text = String::new();
    for number in numbers.into_iter().step_by(step) {
        let range = world.products_of(number);
        let name = &world.catalogue.product_types[usize::from(number)].name;
        let _ = writeln!(text, "{name}: {} products", range.len());
        for product in range.take(products) {
            let _ = writeln!(text, "    {}", describe(world, product));
        }
    }
    text
}

/// A shopper's last days: what was done before, wished for, seen and done.
pub fn shopper(world: &World, log: &ShopperLog, views: usize) -> String {
    let mut text = String::new();
    let profile = &log.profile;
    let _ = writeln!(text, "shopper {}: {profile:?}", log.shopper);
    let count = |kind: EventKind| log.events.iter().filter(|event| event.kind == kind).count();
    let _ = writeln!(
        text,
        "  {} page views, {} clicks, {} favourites, {} carts, {} orders, {} web searches",
        log.views.len(),
        count(EventKind::Click),
        count(EventKind::Favourite),
        count(EventKind::Cart),
        count(EventKind::Order),
        log.web_searches.len()
    );
    let earlier = log.events.iter().filter(|e| e.time < 0 && e.kind == EventKind::Order);
    let earlier: Vec<_> = earlier.collect();
    for event in &earlier[earlier.len().saturating_sub(6)..] {
        let _ =
            writeln!(text, "  {} bought {}", moment(event.time), describe(world, event.product));
    }
    let first = log.views.len().saturating_sub(views);
    let mut told: Minutes = log.views.get(first).map_or(0, |view| view.time - DAY);
    for view in &log.views[first..] {
        let web = log.web_searches.iter().filter(|s| (told..view.time).contains(&s.time));
        for search in web {
            let _ = writeln!(text, "  {} on the web: {}", moment(search.time), search.query);
        }
        told = view.time;
        page(world, view, &mut text);
    }
    text
}

fn page(world: &World, view: &PageView, text: &mut String) {
    let device = if view.device == PageDevice::Phone { "phone" } else { "desktop" };
    let asked = view.query.as_deref().unwrap_or("(feed)");
    let wishes: Vec<String> = view.needs.iter().map(|wish| wished(world, wish)).collect();
    let _ = writeln!(
        text,
        "  {} {device}, {asked}, page {}; wishes: {}",
        moment(view.time),
        view.page + 1,
        wishes.join("; ")
    );
    for shown in &view.impressions {
        let done = match shown {
            one if one.ordered => "ORDER",
            one if one.carted => "cart",
            one if one.favourited => "fav",
            one if one.clicked => "click",
            _ => "",
        };
        let relevant = if shown.truth.relevant { ' ' } else { '-' };
        let _ = writeln!(
            text,
            "    {done:>5} {relevant} {:.2} {:.3} {}",
            shown.truth.attraction,
            shown.truth.conversion,
            describe(world, shown.product)
        );
    }
}

fn wished(world: &World, wish: &Wish) -> String {
    let catalogue = &world.catalogue;
    let row = &world.table.types[usize::from(wish.product_type)];
    let target = &wish.target;
    let mut text = String::from(if wish.buys { "to buy " } else { "to see " });
    if let Some(colour) = target.colour {
        let _ = write!(text, "{} ", catalogue.colours[usize::from(colour)].name);
    }
    if let Some((attribute, value)) = target.attribute {
        let values = &row.attributes[usize::from(attribute)].values;
        let _ = write!(text, "{} ", values[usize::from(value)].text);
    }
    text.push_str(&row.name);
    if let Some(brand) = target.brand {
        let _ = write!(text, " by {}", catalogue.brands[usize::from(brand)]);
    }
    let _ = write!(text, " ({:.1}, {:.1})", wish.settled, target.price);
    text
}

fn describe(world: &World, product: ProductId) -> String {
    let item = &world.catalogue.products[product as usize];
    let days = world.catalogue.days_on_sale(product);
    let days = if days.start == i32::MIN { String::new() } else { format!(", days {days:?}") };
    format!(
        "{} | {}, {:.2}, {} stars of {}{days}",
        item.title,
        world.catalogue.shops[usize::from(item.shop)],
        f64::from(item.price_cents) / 100.0,
        item.rating,
        item.reviews
    )
}

fn moment(time: Minutes) -> String {
    let minutes = time.rem_euclid(DAY);
    format!("day {} {:02}:{:02}", time.div_euclid(DAY), minutes / 60, minutes % 60)
}
