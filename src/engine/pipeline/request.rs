//! From a state to the request it makes: the shopper with the person's edits, the query as read.

use std::collections::BTreeSet;

use link::{HistoryEdit, State};
use market::catalogue::{Catalogue, ProductId};
use market::features::Moment;
use market::features::split::day_of;
use market::history::{Event, Minutes, PageDevice, Profile, WebSearch};
use market::language::Message;
use market::text::normalised;
use protocol::{Notice, Shopper};
use systems::shared::Surface;

/// Longest query that is read, in characters.
pub const LONGEST_QUERY: usize = 200;

/// A part of a request. A stage that keeps its last answer names the parts that it reads, and is shown
/// no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Who asks.
    Profile,
    /// What was done up to now.
    History,
    /// What was searched for outside the shop.
    WebSearches,
    /// The query.
    Query,
    /// What the page is seen on.
    Device,
}

/// What is asked of the funnel, resolved against the shop.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Profile of the shopper.
    pub profile: Profile,
    /// Behaviour up to now.
    pub history: EditedHistory,
    /// Web searches, oldest first.
    pub web_searches: Vec<WebSearch>,
    /// Query, or none on the feed.
    pub query: Option<String>,
    /// Device the page is seen on.
    pub device: PageDevice,
}

impl Request {
    /// The request that a state makes of a shop with these shoppers and this catalogue, and what the
    /// person should know about it.
    ///
    /// A shopper the shop does not know is stood in for by the first one. A search without a
    /// query shows what behaviour alone retrieves.
    pub fn new(
        state: &State,
        shoppers: &[Shopper],
        catalogue: &Catalogue,
    ) -> Option<(Self, Vec<Notice>)> {
        let mut notices = Vec::new();
        let shopper = match shoppers.iter().find(|shopper| shopper.key == state.shopper) {
            Some(shopper) => shopper,
            None => {
                let first = shoppers.first()?;
                let notice = Notice::new(word!("notices.unknown-shopper"));
                notices
                    .push(notice.with("asked", &*state.shopper).with("name", first.name.as_str()));
                first
            }
        };
        let (history, edits) = edited_history(shopper, &state.history, catalogue);
        notices.extend(edits);
        // Who is forgotten whole is a stranger: nothing is known of the web either.
        let whole = state.history.contains(&HistoryEdit::Forget { kind: None });
        let web_searches = if whole { Vec::new() } else { shopper.web_searches.clone() };
        let query = match state.surface() {
            Surface::Feed => None,
            Surface::Search => {
                let (read, about) = readable_query(state.query.trim());
                let said = !about.is_empty();
                notices.extend(about);
                if read.is_empty() && !said {
                    notices.push(Notice::new(word!("notices.empty-query")));
                }
                Some(read).filter(|query| !query.is_empty())
            }
        };
        let request =
            Self { profile: shopper.profile, history, web_searches, query, device: state.device() };
        Some((request, notices))
    }

    /// Day of the market on which it is made: what is on sale then can be offered.
    pub fn day(&self) -> i32 {
        day_of(self.history.now)
    }

    /// The same with just these parts: whoever reads no other has nothing to do again where another
    /// is another.
    pub fn only(&self, read: &[Part]) -> Self {
        let is_read = |part| read.contains(&part);
        Self {
            profile: if is_read(Part::Profile) { self.profile } else { Profile::default() },
            history: if is_read(Part::History) {
                self.history.clone()
            } else {
                EditedHistory::default()
            },
            web_searches: if is_read(Part::WebSearches) {
                self.web_searches.clone()
            } else {
                Vec::new()
            },
            query: self.query.clone().filter(|_| is_read(Part::Query)),
            device: if is_read(Part::Device) { self.device } else { PageDevice::Desktop },
        }
    }

    /// What models may know of it.
    pub fn moment(&self) -> Moment<'_> {
        Moment {
            profile: &self.profile,
            events: &self.history.events,
            query: self.query.as_deref(),
            now: self.history.now,
            device: self.device,
        }
    }
}

/// A history with the numbers by which its entries are removed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EditedHistory {
    /// What is left, oldest first.
    pub events: Vec<Event>,
    /// Entry number of each event.
    pub entries: Vec<u32>,
    /// The moment after the last edit.
    pub now: Minutes,
}

/// Applies the edits to a shopper's history, with a notice of those that cannot be made, of those that
/// take out what is out already, and of what is added though it is sold out. Each entry added happens a
/// minute after the last.
fn edited_history(
    shopper: &Shopper,
    edits: &[HistoryEdit],
    catalogue: &Catalogue,
) -> (EditedHistory, Vec<Notice>) {
    let mut all: Vec<Option<Event>> = shopper.events.iter().copied().map(Some).collect();
    let mut now = shopper.now;
    let (mut unknown, mut missing, mut gone) = (Vec::new(), Vec::new(), Vec::new());
    let mut sold_out = BTreeSet::new();
    for edit in edits {
        match *edit {
            HistoryEdit::Add { kind, product } if (product as usize) < catalogue.products.len() => {
                all.push(Some(Event { kind, product, time: now }));
                if !catalogue.is_on_sale(product, day_of(now)) {
                    sold_out.insert(product);
                }
                now += 1;
            }
            HistoryEdit::Add { product, .. } => {
                // The number stays taken, so that later removals mean what they meant.
                all.push(None);
                unknown.push(product);
            }
            HistoryEdit::Remove { entry } => match all.get_mut(entry as usize) {
                Some(slot) if slot.is_some() => *slot = None,
                Some(_) => gone.push(entry),
                None => missing.push(entry),
            },
            HistoryEdit::Forget { kind } => {
                let forgotten = |event: Event| kind.is_none_or(|kind| event.kind == kind);
                for slot in &mut all {
                    *slot = slot.filter(|event| !forgotten(*event));
                }
            }
        }
    }
    let gone = gone.first().map(|first| {
        let notice = Notice::new(word!("notices.gone-entry")).with("entry", first.to_string());
        notice.with("count", gone.len().to_string())
    });
    let said = unknown_products(&unknown).into_iter().chain(missing_entries(&missing)).chain(gone);
    let notices = said.chain(added_though_sold_out(&sold_out, catalogue)).collect();
    let (entries, events) = all
        .into_iter()
        .enumerate()
        .filter_map(|(entry, event)| event.map(|event| (entry as u32, event)))
        .unzip();
    (EditedHistory { events, entries, now }, notices)
}

/// One notice for all products that were added to a history and cannot be bought any more.
fn added_though_sold_out(products: &BTreeSet<ProductId>, catalogue: &Catalogue) -> Option<Notice> {
    let first = &*catalogue.products.get(*products.first()? as usize)?.title;
    Some(match products.len() {
        1 => Notice::new(word!("notices.sold-out-added")).with("title", first),
        count => Notice::new(word!("notices.sold-out-several")).with("count", count.to_string()),
    })
}

/// The notice for a product that the catalogue does not have.
pub(super) fn unknown_product(product: ProductId) -> Notice {
    Notice::new(word!("notices.unknown-product")).with("product", product.to_string())
}

/// One notice for all products of a history that the catalogue does not have.
fn unknown_products(products: &[ProductId]) -> Option<Notice> {
    match *products {
        [] => None,
        [product] => Some(unknown_product(product)),
        _ => {
            Some(Notice::new(word!("notices.unknown-products")).with("products", listed(products)))
        }
    }
}

/// One notice for all entries that were to be removed and are not there.
fn missing_entries(entries: &[u32]) -> Option<Notice> {
    match *entries {
        [] => None,
        [entry] => {
            Some(Notice::new(word!("notices.unknown-entry")).with("entry", entry.to_string()))
        }
        _ => Some(Notice::new(word!("notices.unknown-entries")).with("entries", listed(entries))),
    }
}

/// The first few numbers of a list, each once.
fn listed(numbers: &[u32]) -> String {
    const MOST: usize = 5;
    let mut each: Vec<u32> = Vec::new();
    for number in numbers {
        if !each.contains(number) {
            each.push(*number);
        }
    }
    let mut first: Vec<String> = each.iter().take(MOST).map(u32::to_string).collect();
    if each.len() > MOST {
        first.push("…".into());
    }
    first.join(", ")
}

/// The query as far as it is read, and notices of what was left out: what is beyond the longest,
/// and every sign that no word of this shop is written with.
fn readable_query(query: &str) -> (String, Vec<Notice>) {
    let mut notices = Vec::new();
    let end = query.char_indices().nth(LONGEST_QUERY).map(|(end, _)| end);
    if end.is_some() {
        let says = Message::new(word!("notices.query-cut")).with("most", LONGEST_QUERY.to_string());
        notices.push(Notice { key: "query-too-long".into(), says });
    }
    let query = normalised(&query[..end.unwrap_or(query.len())]);
    let spaced: String = query.chars().map(|c| if is_readable(c) { c } else { ' ' }).collect();
    let read = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    if query.trim().is_empty() {
        return (String::new(), notices);
    }
    if !read.chars().any(char::is_alphanumeric) {
        let says = Message::new(word!("notices.query-unreadable"));
        notices.push(Notice { key: "query-signs".into(), says });
        return (String::new(), notices);
    }
    if query.chars().any(|c| !is_readable(c)) {
        notices.push(Notice::new(word!("notices.query-signs")).with("read", read.as_str()));
    }
    (read, notices)
}

/// Whether words of this shop may hold the sign.
fn is_readable(c: char) -> bool {
    let is_latin = c.is_ascii_alphanumeric()
        || matches!(c, '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}')
        || matches!(c, '\u{300}'..='\u{36F}');
    is_latin || matches!(c, ' ' | '\t') || "-'\"&.,:;/+%#()!?°*_".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use languages::english;
    use market::catalogue::Product;
    use market::history::{DAY, EventKind, Profile};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use systems::shared::DEVICE;

    fn shopper() -> Shopper {
        let profile = Profile {
            age_band: 1,
            gender: 2,
            purchase_power: 2,
            household: 0,
            town: 1,
            member_years: 3,
        };
        let event = |product| Event { kind: EventKind::Click, product, time: product as i32 };
        let events = (0..4).map(event).collect();
        let text = String::new;
        Shopper {
            web_searches: Vec::new(),
            key: State::default().shopper,
            name: text(),
            about: Vec::new(),
            profile,
            events,
            now: 100,
        }
    }

    /// Ten products that are on sale on the first day.
    fn catalogue() -> Catalogue {
        let product = |number: u32| Product {
            title: format!("Lamp {number}"),
            product_type: 0,
            brand: 0,
            shop: 0,
            colour: None,
            price_cents: 100,
            rating: 4.0,
            reviews: 3,
        };
        let mut catalogue = Catalogue {
            seed: 1,
            departments: vec![],
            product_types: vec![],
            brands: vec![],
            shops: vec![],
            colours: vec![],
            newcomers: 0,
            products: (0..10).map(product).collect(),
        };
        while !(0..10).all(|product| catalogue.is_on_sale(product, 0)) {
            catalogue.seed += 1;
        }
        catalogue
    }

    #[test]
    fn entries_keep_their_numbers_whatever_is_removed() {
        let add = |product| HistoryEdit::Add { kind: EventKind::Cart, product };
        let edits =
            [HistoryEdit::Remove { entry: 1 }, add(7), HistoryEdit::Remove { entry: 4 }, add(8)];
        let (history, notices) = edited_history(&shopper(), &edits, &catalogue());
        assert_eq!(history.entries, [0, 2, 3, 5]);
        assert_eq!(history.events.last().map(|event| event.product), Some(8));
        assert_eq!(notices, []);
    }

    #[test]
    fn forgetting_takes_all_that_is_there_and_what_comes_later_stays() {
        let mut shopper = shopper();
        shopper.events[2].kind = EventKind::Order;
        shopper.web_searches.push(WebSearch { query: "desk".into(), time: 3 });
        let add = |kind, product| HistoryEdit::Add { kind, product };
        let forget = |kind| HistoryEdit::Forget { kind };
        let read = |history: &[HistoryEdit]| {
            let state = State { history: history.into(), ..State::default() };
            let (request, notices) =
                Request::new(&state, std::slice::from_ref(&shopper), &catalogue())
                    .expect("a shopper");
            assert_eq!(notices, []);
            let entries = request.history.entries;
            (entries, request.web_searches.len())
        };
        assert_eq!(read(&[forget(Some(EventKind::Order))]), (vec![0, 1, 3], 1));
        assert_eq!(read(&[forget(Some(EventKind::Cart))]), (vec![0, 1, 2, 3], 1));
        assert_eq!(read(&[forget(None)]), (vec![], 0));
        let later = [
            add(EventKind::Cart, 7),
            forget(Some(EventKind::Click)),
            add(EventKind::Click, 8),
            HistoryEdit::Remove { entry: 4 },
        ];
        assert_eq!(read(&later), (vec![2, 5], 1));
        assert_eq!(read(&[add(EventKind::Cart, 7), forget(None), add(EventKind::Cart, 8)]).0, [5]);
    }

    /// What is left out of the edits where a kind is forgotten changes nothing of what is left in the
    /// history.
    #[test]
    fn forgetting_a_kind_leaves_the_rest_whatever_was_edited_before() {
        const KINDS: [EventKind; 4] =
            [EventKind::Click, EventKind::Favourite, EventKind::Cart, EventKind::Order];
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let mut shopper = shopper();
        for (event, kind) in shopper.events.iter_mut().zip(KINDS) {
            event.kind = kind;
        }
        let left = |edits: &[HistoryEdit]| {
            let (history, _) = edited_history(&shopper, edits, &catalogue());
            history.events.iter().map(|event| (event.kind, event.product)).collect::<Vec<_>>()
        };
        let mut shorter = 0;
        for _ in 0..500 {
            let kind = KINDS[random.random_range(0..4)];
            let edits: Vec<HistoryEdit> = (0..random.random_range(0..30))
                .map(|_| match random.random_range(0..10) {
                    0 => HistoryEdit::Forget { kind: Some(KINDS[random.random_range(0..4)]) },
                    1 if random.random_bool(0.2) => HistoryEdit::Forget { kind: None },
                    2..5 => HistoryEdit::Remove { entry: random.random_range(0..20) },
                    // Of ten products: the others are said to be unknown.
                    _ => HistoryEdit::Add {
                        kind: KINDS[random.random_range(0..4)],
                        product: random.random_range(0..12),
                    },
                })
                .collect();
            let mut state = State { history: edits.clone(), ..State::default() };
            state.forget(Some(kind), &shopper.events);
            let whole = [&edits[..], &[HistoryEdit::Forget { kind: Some(kind) }]].concat();
            assert_eq!(left(&state.history), left(&whole), "{edits:?}, {kind:?}");
            assert!(state.history.len() <= whole.len());
            shorter += usize::from(state.history.len() < whole.len());
        }
        assert!(shorter > 300, "{shorter}");
    }

    #[test]
    fn what_is_out_already_is_said_once() {
        let remove = |entry| HistoryEdit::Remove { entry };
        let edits = [remove(0), remove(0), remove(0)];
        let (history, notices) = edited_history(&shopper(), &edits, &catalogue());
        assert_eq!((history.entries, notices.len()), (vec![1, 2, 3], 1));
        assert_eq!(notices[0].key, "gone-entry");
        let (_, notices) = edited_history(
            &shopper(),
            &[HistoryEdit::Forget { kind: None }, remove(1)],
            &catalogue(),
        );
        assert_eq!(notices.len(), 1);
    }

    #[test]
    fn impossible_edits_are_said_and_skipped() {
        let edits = [
            HistoryEdit::Add { kind: EventKind::Order, product: 999 },
            HistoryEdit::Remove { entry: 77 },
        ];
        let (history, notices) = edited_history(&shopper(), &edits, &catalogue());
        assert_eq!(history.events.len(), 4);
        assert_eq!(notices.len(), 2);
    }

    #[test]
    fn what_is_sold_out_counts_in_the_history_and_is_said() {
        let mut catalogue = catalogue();
        while catalogue.products.len() < 200 {
            catalogue.products.push(catalogue.products[0].clone());
        }
        let passed = |day| (0..200).filter(|p| !catalogue.is_on_sale(*p, day)).collect::<Vec<_>>();
        let (sold_out, day) = (passed(30), 30);
        assert!(sold_out.len() > 5 && sold_out.len() < 60, "{sold_out:?}");
        let mut shopper = shopper();
        shopper.now = day * DAY;
        let add = |product: u32| HistoryEdit::Add { kind: EventKind::Cart, product };
        let read = |added: &[u32]| {
            let history: Vec<HistoryEdit> = added.iter().copied().map(add).collect();
            let state = State { history, ..State::default() };
            let (request, notices) =
                Request::new(&state, std::slice::from_ref(&shopper), &catalogue)
                    .expect("a shopper");
            assert_eq!(request.day(), day);
            assert_eq!(request.history.events.len(), 4 + added.len());
            notices.iter().map(|notice| notice.key.clone()).collect::<Vec<_>>()
        };
        let on_sale = (0..).find(|p| !sold_out.contains(p)).expect("most are");
        assert!(read(&[on_sale]).is_empty());
        assert_eq!(read(&[sold_out[0], on_sale, sold_out[0]]), ["sold-out-added"]);
        assert_eq!(read(&sold_out[..2]), ["sold-out-several"]);
    }

    #[test]
    fn what_is_not_there_is_said_once_however_often() {
        let add = |product| HistoryEdit::Add { kind: EventKind::Cart, product };
        let remove = |entry| HistoryEdit::Remove { entry };
        let edits = [add(91), add(92), add(91), add(93), remove(70), remove(71), remove(70)];
        let (_, notices) = edited_history(&shopper(), &edits, &catalogue());
        let said: Vec<String> = notices.iter().map(|notice| english(&notice.says)).collect();
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].contains("91, 92, 93") && said[1].contains("70, 71"), "{said:?}");
        let many: Vec<HistoryEdit> = (50..90).map(add).collect();
        let (_, notices) = edited_history(&shopper(), &many, &catalogue());
        assert!(english(&notices[0].says).contains("53, 54, …"), "{notices:?}");
    }

    #[test]
    fn long_queries_are_cut_between_characters() {
        let (read, notices) = readable_query(&"é".repeat(10_000));
        assert_eq!(read.chars().count(), LONGEST_QUERY);
        assert_eq!(notices[0].key, "query-too-long");
        assert_eq!(readable_query("couch"), ("couch".into(), vec![]));
    }

    #[test]
    fn signs_that_no_word_has_are_left_out_and_that_is_said() {
        for (query, expected) in [
            ("<b>sofa</b>", "b sofa /b"),
            ("so\u{0}fa \u{202E}bed\u{7}", "so fa bed"),
            ("диван sofa 沙发", "sofa"),
            ("🛋️🔥", ""),
            ("!!!", ""),
            ("?", ""),
        ] {
            let (read, notices) = readable_query(query);
            assert_eq!(read, expected, "{query}");
            assert_eq!(notices[0].key, "query-signs", "{query}");
        }
        for query in ["men's café table, 1.5 m", "Salt & Pepper 50% 3/4\" (new!)", "  two   words "]
        {
            assert_eq!(readable_query(query).1, [], "{query}");
        }
    }

    #[test]
    fn what_looks_like_a_letter_is_read_without_a_word() {
        for query in
            ["so\u{200B}fa", "\u{FEFF}sofa", "\u{A0}sofa\u{3000}", "ｓｏｆａ", "so\u{AD}fa"]
        {
            assert_eq!(readable_query(query), ("sofa".into(), vec![]), "{query:?}");
        }
        assert_eq!(readable_query("men’s “red” dress"), ("men's \"red\" dress".into(), vec![]));
        assert_eq!(readable_query("\u{200B}\u{3000}"), (String::new(), vec![]));
    }

    #[test]
    fn of_a_request_only_the_parts_that_are_named_are_left() {
        let mut whole = shopper();
        whole.web_searches = vec![WebSearch { query: "desk".into(), time: 7 }];
        let state = State { query: "lamp".into(), ..State::default() }.with(&DEVICE, 1.0);
        let (request, _) = Request::new(&state, &[whole], &catalogue()).expect("a shopper");
        let all = [Part::Profile, Part::History, Part::WebSearches, Part::Query, Part::Device];
        assert_eq!(request.only(&all), request);
        let nothing = request.only(&[]);
        assert_eq!((nothing.profile, nothing.query.as_deref()), (Profile::default(), None));
        assert_eq!((nothing.history.events.len(), nothing.history.now), (0, 0));
        assert_eq!((nothing.web_searches.len(), nothing.device), (0, PageDevice::Desktop));
        // Each part is what tells two requests apart, and no other.
        for part in all {
            let others: Vec<Part> = all.into_iter().filter(|other| *other != part).collect();
            assert_ne!(request.only(&others), request, "{part:?}");
            assert_eq!(request.only(&others).only(&[part]), nothing, "{part:?}");
            assert_ne!(request.only(&[part]), nothing, "{part:?}");
        }
    }

    #[test]
    fn whoever_is_not_here_is_stood_in_for() {
        let state = State { shopper: "nobody".into(), ..State::default() };
        let (request, notices) =
            Request::new(&state, &[shopper()], &catalogue()).expect("a shopper");
        assert_eq!(request.history.events.len(), 4);
        assert_eq!(notices[0].key, "unknown-shopper");
        assert!(Request::new(&state, &[], &catalogue()).is_none());
    }

    #[test]
    fn an_empty_query_asks_by_behaviour_and_says_so() {
        let state = State { query: "  ".into(), ..State::default() };
        let (request, notices) =
            Request::new(&state, &[shopper()], &catalogue()).expect("a shopper");
        assert_eq!(request.query, None);
        assert_eq!(notices[0].key, "empty-query");
    }
}
