//! The shoppers one can take the place of: real shoppers of the market, chosen to differ, and
//! described from what they did.

use std::collections::BTreeMap;

use market::World;
use market::history::{DAY, Event, EventKind, Minutes};
use market::language::Message;
use market::log::ShopperLog;
use protocol::Shopper;

/// What a persona is chosen for.
#[derive(Clone, Copy, Debug)]
enum Wanted {
    /// Looks mostly at these departments.
    Departments(&'static [&'static str]),
    /// Bought something dear and lasting in the last two weeks, and still looks at its like.
    LooksBack,
    /// Buys the same things again and again.
    Habits,
    /// Lowest purchase power.
    Thrift,
    /// Highest purchase power.
    Splurge,
    /// Has hardly done anything yet.
    Newcomer,
}

/// Name, gender as in [`market::history::Profile`], and what the persona is chosen for.
const CAST: [(&str, u8, Wanted); 24] = [
    ("Mara", 0, Wanted::Departments(&["Furniture"])),
    ("Jonas", 1, Wanted::Departments(&["Computing", "Phones & Electronics"])),
    ("Lena", 0, Wanted::Departments(&["Baby & Child"])),
    ("Ravi", 1, Wanted::Departments(&["Kitchen & Dining"])),
    ("Ines", 0, Wanted::Departments(&["Clothing", "Shoes & Accessories"])),
    ("Otto", 1, Wanted::Departments(&["DIY", "Garden"])),
    ("Noor", 0, Wanted::Departments(&["Beauty & Care"])),
    ("Emil", 1, Wanted::Departments(&["Sports & Outdoors"])),
    ("Greta", 0, Wanted::Departments(&["Pets"])),
    ("Luca", 1, Wanted::Departments(&["Toys & Games"])),
    ("Aiko", 0, Wanted::Departments(&["Books & Stationery"])),
    ("Yusuf", 1, Wanted::Departments(&["Groceries"])),
    ("Paula", 0, Wanted::Departments(&["Household", "Groceries"])),
    ("Henrik", 1, Wanted::Departments(&["Appliances"])),
    ("Sofia", 0, Wanted::Departments(&["Lighting & Decor"])),
    ("Diego", 1, Wanted::Departments(&["Phones & Electronics"])),
    ("Ruth", 0, Wanted::Departments(&["Health"])),
    ("Kwame", 1, Wanted::Departments(&["Clothing", "Shoes & Accessories"])),
    ("Sam", 2, Wanted::Departments(&["Computing", "Toys & Games"])),
    ("Tom", 1, Wanted::LooksBack),
    ("Mina", 0, Wanted::Habits),
    ("Elif", 0, Wanted::Thrift),
    ("Clara", 0, Wanted::Splurge),
    ("Robin", 2, Wanted::Newcomer),
];

/// Orders of a type that make it a habit.
const HABIT_ORDERS: usize = 4;

/// Price from which a purchase is dear.
const DEAR_CENTS: u32 = 15_000;

/// What is remembered of a shopper until the personas are chosen.
#[derive(Clone, Debug)]
pub(super) struct Summary {
    shopper: u32,
    gender: u8,
    purchase_power: u8,
    /// Clicks of the logged days, by department.
    clicks: Vec<u32>,
    orders: usize,
    /// Types bought at least [`HABIT_ORDERS`] times.
    habits: usize,
    /// Clicks on the types of dear and lasting things that were bought in the last two weeks.
    looking_back: usize,
}

impl Summary {
    pub fn of(world: &World, log: &ShopperLog) -> Self {
        let catalogue = &world.catalogue;
        let mut clicks = vec![0; catalogue.departments.len()];
        let type_of = |product: u32| catalogue.products[product as usize].product_type;
        for event in log.events.iter().filter(|e| e.time >= 0 && e.kind == EventKind::Click) {
            let product_type = &catalogue.product_types[usize::from(type_of(event.product))];
            clicks[usize::from(product_type.department)] += 1;
        }
        let orders = orders_by_type(world, log);
        Self {
            shopper: log.shopper,
            gender: log.profile.gender,
            purchase_power: log.profile.purchase_power,
            clicks,
            orders: orders.values().sum(),
            habits: orders.values().filter(|count| **count >= HABIT_ORDERS).count(),
            looking_back: looking_back(world, log).map_or(0, |(_, clicks)| clicks),
        }
    }

    /// Number of the shopper.
    pub fn shopper(&self) -> u32 {
        self.shopper
    }

    /// How well the shopper plays a part; `None` where not at all.
    fn suits(&self, world: &World, gender: u8, wanted: Wanted) -> Option<f32> {
        let clicks: u32 = self.clicks.iter().sum();
        let settled = (40..=220).contains(&clicks) && self.orders >= 12;
        if self.gender != gender || settled == matches!(wanted, Wanted::Newcomer) {
            return None;
        }
        Some(match wanted {
            Wanted::Departments(names) => {
                let wanted: u32 = world
                    .catalogue
                    .departments
                    .iter()
                    .zip(&self.clicks)
                    .filter(|(department, _)| names.contains(&department.name.as_str()))
                    .map(|(_, clicks)| clicks)
                    .sum();
                wanted as f32 / clicks as f32
            }
            Wanted::LooksBack => self.looking_back as f32,
            Wanted::Habits => self.habits as f32,
            Wanted::Thrift => -f32::from(self.purchase_power) + self.orders as f32 / 1000.0,
            Wanted::Splurge => f32::from(self.purchase_power) + self.orders as f32 / 1000.0,
            Wanted::Newcomer => -(clicks as f32) - self.orders as f32,
        })
    }
}

/// Chooses and describes the personas: their numbers in the market, and what is shipped of them.
pub(super) fn personas(world: &World, summaries: &[Summary]) -> (Vec<u32>, Vec<Shopper>) {
    let mut cast: Vec<u32> = Vec::new();
    let mut shoppers = Vec::new();
    for (name, gender, wanted) in CAST {
        let best = summaries
            .iter()
            .filter(|summary| !cast.contains(&summary.shopper))
            .filter_map(|summary| Some((summary.suits(world, gender, wanted)?, summary.shopper)))
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        // A very small market may have nobody for a part.
        let Some((_, shopper)) = best else { continue };
        cast.push(shopper);
        let log = world.shopper_log(shopper);
        let about = about(world, &log);
        let since = now(world) - 30 * DAY;
        let events = log.events.into_iter();
        let web_searches = log.web_searches.into_iter().filter(|search| search.time >= since);
        shoppers.push(Shopper {
            key: name.to_lowercase(),
            name: name.into(),
            about,
            profile: log.profile,
            events: events
                .filter(|e| e.time >= since || matches!(e.kind, EventKind::Cart | EventKind::Order))
                .collect(),
            web_searches: web_searches.collect(),
            now: now(world),
        });
    }
    (cast, shoppers)
}

fn now(world: &World) -> Minutes {
    Minutes::from(world.config.days) * DAY
}

/// The dear and lasting purchase of the last two weeks after which most of its like were clicked,
/// and how many.
fn looking_back<'a>(world: &World, log: &'a ShopperLog) -> Option<(&'a Event, usize)> {
    let catalogue = &world.catalogue;
    let type_of = |product: u32| catalogue.products[product as usize].product_type;
    let purchases = log.events.iter().enumerate().filter(|(_, event)| {
        let row = &catalogue.product_types[usize::from(type_of(event.product))];
        event.kind == EventKind::Order
            && event.time > now(world) - 14 * DAY
            && row.repurchase_days > 600.0
            && catalogue.products[event.product as usize].price_cents >= DEAR_CENTS
    });
    let followed = purchases.map(|(place, order)| {
        let wanted = type_of(order.product);
        let later = log.events[place..].iter();
        let clicks = later.filter(|e| e.kind == EventKind::Click && type_of(e.product) == wanted);
        (order, clicks.count())
    });
    followed.max_by_key(|(_, clicks)| *clicks)
}

fn orders_by_type(world: &World, log: &ShopperLog) -> BTreeMap<u16, usize> {
    let mut orders = BTreeMap::new();
    for event in log.events.iter().filter(|e| e.kind == EventKind::Order) {
        let product_type = world.catalogue.products[event.product as usize].product_type;
        *orders.entry(product_type).or_default() += 1;
    }
    orders
}

/// The most frequent of some numbers with its count; the smallest among equals.
fn most_frequent(numbers: impl Iterator<Item = usize>) -> Option<(usize, usize)> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for number in numbers {
        *counts.entry(number).or_default() += 1;
    }
    counts.into_iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0)))
}

/// Some sentences about a shopper, every word of it from the events; the page lists the profile itself.
fn about(world: &World, log: &ShopperLog) -> Vec<Message> {
    let catalogue = &world.catalogue;
    let mut about = Vec::new();

    let clicks = || log.events.iter().filter(|e| e.time >= 0 && e.kind == EventKind::Click);
    let product = |id: u32| &catalogue.products[id as usize];
    let type_of = |id: u32| &catalogue.product_types[usize::from(product(id).product_type)];
    let departments = |skip: Option<usize>| {
        let numbers = clicks().map(|e| usize::from(type_of(e.product).department));
        most_frequent(numbers.filter(move |number| Some(*number) != skip))
    };
    if let Some((first, _)) = departments(None) {
        let department = |number: usize| catalogue.departments[number].name.as_str();
        let mut looks = Message::new(word!("about.looks")).with("first", department(first));
        if let Some((second, _)) = departments(Some(first)) {
            looks = Message::new(word!("about.looks-at-two"))
                .with("first", department(first))
                .with("second", department(second));
        }
        let total = clicks().count();
        if let Some((brand, count)) =
            most_frequent(clicks().map(|e| usize::from(product(e.product).brand)))
            && count * 12 >= total
        {
            let brand = catalogue.brands[brand].as_str();
            looks = Message::new(word!("about.by-brand")).with("looks", looks).with("brand", brand);
        }
        about.push(Message::new(word!("about.sentence")).with("said", looks));
    }
    let orders = orders_by_type(world, log);
    let habit = orders.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
    if let Some((product_type, count)) = habit
        && *count >= HABIT_ORDERS
    {
        let name = &catalogue.product_types[usize::from(*product_type)].name;
        about.push(Message::new(word!("about.habit")).with("type", name.as_str()));
    }
    let ago = |event: &Event| match (now(world) - event.time) / DAY {
        0 => Message::new(word!("about.today")),
        1 => Message::new(word!("about.yesterday")),
        days @ 2..60 => Message::new(word!("about.days-ago")).with("days", days.to_string()),
        days => Message::new(word!("about.months-ago")).with("months", (days / 30).to_string()),
    };
    let name = |event: &Event| type_of(event.product).name.as_str();
    let orders = log.events.iter().filter(|e| e.kind == EventKind::Order);
    if let Some((event, 3..)) = looking_back(world, log) {
        let bought = Message::new(word!("about.bought"));
        about.push(bought.with("ago", ago(event)).with("type", name(event)));
    } else if let Some(event) = orders.max_by_key(|e| (product(e.product).price_cents, e.time)) {
        let dearest = Message::new(word!("about.dearest"));
        about.push(dearest.with("type", name(event)).with("ago", ago(event)));
    }
    if log.events.is_empty() {
        about.push(Message::new(word!("about.newcomer")));
    }
    about
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLDER: &str = r#"{"key":"mara","name":"Mara","about":[],"profile":{"age_band":0,
        "gender":0,"purchase_power":2,"household":2,"town":0,"member_years":7},
        "events":[{"kind":"cart","product":3,"time":-5}],"now":40320"#;

    #[test]
    fn files_without_web_searches_are_read() {
        let mara: Shopper = serde_json::from_str(&format!("{OLDER}}}")).unwrap();
        assert!(mara.web_searches.is_empty());
        let search = r#""web_searches":[{"query":"desk reviews","time":7}]"#;
        let mara: Shopper = serde_json::from_str(&format!("{OLDER},{search}}}")).unwrap();
        assert_eq!(mara.web_searches[0].query, "desk reviews");
    }
}
