//! State to link and back.
//!
//! A link is what stands in an address behind `#`, which no browser sends to a server, readable and
//! with a version: `#v=1&q=oak+table&w-click=0.4&tau=0.05&h=forget:order,cart:120,-3`. It holds only
//! what differs from the default. Behind `?` it is read too. Whatever it holds that can't be used is
//! dropped with a sentence that says so, and the rest opens.

use std::fmt::Write as _;

use url::form_urlencoded;

use super::arrived::{self, Part, said};
use super::knobs::{clip, read_text, text_of};
use super::state::{MAX_FORGETS, is_full};
use super::{HistoryEdit, MAX_HISTORY_EDITS, MAX_QUERY_CHARS, MAX_SHOPPER_CHARS, State};
use market::history::EventKind;
use market::language::Message;
use systems::registry;

/// Version that is written. A link of a later version is opened as far as it is understood.
pub const LINK_VERSION: u32 = 1;

/// Keys of what is looked at ([`View`](super::view::View)): no ranking depends on them.
pub const VIEWED: [&str; 14] = [
    "panel", "lesson", "lecture", "embed", "metrics", "bench", "machine", "part", "learn", "lang",
    "a", "b", "c", "d",
];

/// Most keys that are named where a link holds some that nobody knows.
const NAMED: usize = 5;

/// A part of a link that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Its name in the link.
    pub key: String,
    /// What and why.
    pub says: Message,
}

/// Names of kinds of behaviour in links.
const KINDS: [(EventKind, &str); 4] = [
    (EventKind::Click, "click"),
    (EventKind::Favourite, "favourite"),
    (EventKind::Cart, "cart"),
    (EventKind::Order, "order"),
];

/// What takes the whole history out, or, with a colon and a kind, all of that kind.
const FORGET: &str = "forget";

/// Name of a kind of behaviour in links.
fn name_of(kind: EventKind) -> &'static str {
    KINDS.iter().find(|(known, _)| *known == kind).map_or("click", |(_, name)| name)
}

/// The kind of behaviour of this name.
fn kind_of(name: &str) -> Option<EventKind> {
    KINDS.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
}

impl State {
    /// The link, with its `#`; empty for the default state.
    pub fn to_link(&self) -> String {
        let default = State::default();
        let mut parts = form_urlencoded::Serializer::new(String::new());
        if self.query != default.query {
            parts.append_pair("q", &self.query);
        }
        if self.shopper != default.shopper {
            parts.append_pair("shopper", &self.shopper);
        }
        for knob in registry::knobs().filter(|knob| !self.settings.is_default(knob)) {
            parts.append_pair(knob.key, &text_of(knob, &self.settings));
        }
        if let Some(product) = self.selected {
            parts.append_pair("look", &product.to_string());
        }
        let mut link = parts.finish();
        if !self.history.is_empty() {
            if !link.is_empty() {
                link.push('&');
            }
            // Written by hand: its colons and commas are legal in an address, and readable.
            link.push_str("h=");
            link.push_str(&write_history(&self.history));
        }
        if link.is_empty() { link } else { arrived::closed(format!("#v={LINK_VERSION}&{link}")) }
    }

    /// Opens a link as far as it can; never fails. Takes an address, what stands in one behind `?`
    /// or `#`, or the same without its mark. What is only looked at is passed over.
    pub fn from_link(link: &str) -> (Self, Vec<Dropped>) {
        let mut parts = arrived::parts(link);
        parts.retain(|(key, _)| !VIEWED.contains(&key.as_str()));
        Self::read(&parts)
    }

    /// The state that these parts say.
    pub(super) fn read(parts: &[Part]) -> (Self, Vec<Dropped>) {
        let mut state = State::default();
        let mut dropped = Vec::new();
        let mut unknown = Vec::new();
        for (key, value) in parts {
            if !is_known(key) {
                unknown.push(clip(key));
            } else if let Err(says) = read_part(&mut state, key, &said(value)) {
                dropped.push(Dropped { key: key.clone(), says });
            }
        }
        if !unknown.is_empty() {
            if unknown.len() > NAMED {
                unknown.truncate(NAMED);
                unknown.push("…".into());
            }
            let says = Message::new(word!("link.unknown")).with("keys", unknown.join(", "));
            dropped.push(Dropped { key: "unknown".into(), says });
        }
        (state, dropped)
    }
}

/// Keys of what is no knob.
const KEYS: [&str; 5] = ["v", "q", "shopper", "look", "h"];

/// Whether a state has something of this name in its link.
pub(super) fn is_known(key: &str) -> bool {
    KEYS.contains(&key) || registry::knob(key).is_some()
}

/// Reads one part of a link into the state, as far as it goes.
fn read_part(state: &mut State, key: &str, value: &str) -> Result<(), Message> {
    let wrong = |key: &str| Message::new(key).with("value", clip(value));
    match key {
        "v" => match value.parse::<u32>() {
            Ok(LINK_VERSION) => Ok(()),
            _ => Err(wrong(word!("link.version")).with("version", LINK_VERSION.to_string())),
        },
        "q" => {
            let (query, cut) = cut_query(value);
            state.query = query.into();
            match cut {
                Some(chars) => Err(Message::new(word!("link.query"))
                    .with("chars", chars.to_string())
                    .with("most", MAX_QUERY_CHARS.to_string())),
                None => Ok(()),
            }
        }
        "shopper" => {
            let known_form = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if value.is_empty() || value.len() > MAX_SHOPPER_CHARS || !value.chars().all(known_form)
            {
                return Err(wrong(word!("link.shopper")));
            }
            state.shopper = value.into();
            Ok(())
        }
        "look" => {
            state.selected = Some(value.parse().map_err(|_| wrong(word!("link.look")))?);
            Ok(())
        }
        "h" => read_history(&mut state.history, value),
        _ => match registry::knob(key) {
            Some(knob) => read_text(knob, &mut state.settings, value).map_err(|why| {
                Message::new(word!("link.knob"))
                    .with("name", Message::new(knob.words("name")))
                    .with("key", knob.key)
                    .with("why", why)
            }),
            // Nobody asks for what is not known.
            None => Ok(()),
        },
    }
}

/// The part of a query that is read, and how many characters it had if that is not all of it.
pub fn cut_query(query: &str) -> (&str, Option<usize>) {
    match query.char_indices().nth(MAX_QUERY_CHARS) {
        Some((end, _)) => (&query[..end], Some(query.chars().count())),
        None => (query, None),
    }
}

fn write_history(edits: &[HistoryEdit]) -> String {
    let mut text = String::new();
    for (i, edit) in edits.iter().enumerate() {
        if i > 0 {
            text.push(',');
        }
        // Writing to a String cannot fail.
        let _ = match edit {
            HistoryEdit::Add { kind, product } => write!(text, "{}:{product}", name_of(*kind)),
            HistoryEdit::Remove { entry } => write!(text, "-{entry}"),
            HistoryEdit::Forget { kind: None } => write!(text, "{FORGET}"),
            HistoryEdit::Forget { kind: Some(kind) } => write!(text, "{FORGET}:{}", name_of(*kind)),
        };
    }
    text
}

fn read_history(edits: &mut Vec<HistoryEdit>, text: &str) -> Result<(), Message> {
    let mut wrong = Vec::new();
    let mut beyond = 0_usize;
    for part in text.split(',').filter(|part| !part.is_empty()) {
        match read_edit(part) {
            Some(edit) if has_room(edits, edit) => edits.push(edit),
            Some(_) => beyond += 1,
            None => wrong.push(part),
        }
    }
    let unread = wrong.first().map(|first| {
        let said = Message::new(word!("link.history-unread"));
        said.with("count", wrong.len().to_string()).with("first", clip(first))
    });
    let long = (beyond > 0).then(|| {
        let said = Message::new(word!("link.history-long"));
        said.with("most", MAX_HISTORY_EDITS.to_string()).with("count", beyond.to_string())
    });
    match (unread, long) {
        (None, None) => Ok(()),
        (Some(said), None) | (None, Some(said)) => Err(said),
        (Some(one), Some(other)) => {
            Err(Message::new(word!("sentences.two")).with("first", one).with("second", other))
        }
    }
}

/// Whether a history that was edited like this may be edited so, too.
fn has_room(edits: &[HistoryEdit], edit: HistoryEdit) -> bool {
    match edit {
        HistoryEdit::Forget { .. } => edits.len() < MAX_HISTORY_EDITS + MAX_FORGETS,
        _ => !is_full(edits),
    }
}

/// `cart:120` adds, `-3` removes, `forget` takes all out that is there so far, `forget:order` all
/// orders. A plus sign before an addition is welcome, also where an address has turned it into a
/// space.
fn read_edit(part: &str) -> Option<HistoryEdit> {
    if let Some(entry) = part.strip_prefix('-') {
        return Some(HistoryEdit::Remove { entry: entry.parse().ok()? });
    }
    if part == FORGET {
        return Some(HistoryEdit::Forget { kind: None });
    }
    match part.trim_start_matches(['+', ' ']).split_once(':')? {
        (FORGET, kind) => Some(HistoryEdit::Forget { kind: Some(kind_of(kind)?) }),
        (kind, product) => {
            Some(HistoryEdit::Add { kind: kind_of(kind)?, product: product.parse().ok()? })
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use languages::english;
    use systems::knob::Control;
    use systems::registry::knobs;
    use systems::shared::{self, Surface};

    #[test]
    fn the_default_state_needs_no_link() {
        assert_eq!(State::default().to_link(), "");
        assert_eq!(State::from_link(""), (State::default(), vec![]));
        assert_eq!(State::from_link("?v=1"), (State::default(), vec![]));
    }

    #[test]
    fn a_link_reads_as_it_is_meant() {
        let (state, dropped) = State::from_link(
            "?v=1&q=oak+table&shopper=clara&w-click=0.4&tau=0.05&h=+cart:120,-3&surface=feed",
        );
        assert_eq!(dropped, []);
        assert_eq!(state.query, "oak table");
        assert_eq!(state.settings.number(&shared::WEIGHT_CLICK), 0.4);
        assert_eq!(state.settings.number(&shared::TEMPERATURE), 0.05);
        assert_eq!(state.surface(), Surface::Feed);
        assert_eq!(
            state.history,
            [
                HistoryEdit::Add { kind: EventKind::Cart, product: 120 },
                HistoryEdit::Remove { entry: 3 }
            ]
        );
        assert_eq!(
            state.to_link(),
            "#v=1&q=oak+table&surface=feed&tau=0.05&w-click=0.4&h=cart:120,-3"
        );
    }

    #[test]
    fn each_bad_part_is_dropped_with_its_reason_and_the_rest_opens() {
        let long = "x".repeat(10_000);
        let link = format!(
            "v=7&colour=blue&tau=NaN&w-order=3&gmv=maybe&shopper=../etc&look=-1&h=cart:x,order:9,huh&w-click=0.25&q={long}"
        );
        let (state, dropped) = State::from_link(&link);
        let expected = ["v", "tau", "w-order", "gmv", "shopper", "look", "h", "q", "unknown"];
        assert_eq!(dropped.iter().map(|d| d.key.as_str()).collect::<Vec<_>>(), expected);
        assert!(
            dropped.iter().map(|d| english(&d.says)).all(|d| d.len() < 200 && d.ends_with('.'))
        );
        let mut opened = State { query: "x".repeat(MAX_QUERY_CHARS), ..State::default() };
        opened.settings.set(&shared::WEIGHT_CLICK, 0.25);
        opened.history = vec![HistoryEdit::Add { kind: EventKind::Order, product: 9 }];
        assert_eq!(state, opened);
    }

    #[test]
    fn keys_that_nobody_knows_are_said_in_one_sentence() {
        let (_, dropped) = State::from_link("?colour=blue&size-of-shoe=42&x&q=couch");
        assert_eq!(dropped.len(), 1);
        assert!(english(&dropped[0].says).contains("colour, size-of-shoe, x"), "{dropped:?}");
        let (_, dropped) = State::from_link("?k1=1&k2=1&k3=1&k4=1&k5=1&k6=1&k7=1");
        assert!(english(&dropped[0].says).contains("k4, k5, …"), "{dropped:?}");
    }

    #[test]
    fn forgetting_is_readable_and_keeps_its_place_among_the_edits() {
        let link = "#v=1&h=cart:120,forget:order,-3,forget,click:7";
        let (state, dropped) = State::from_link(link);
        assert_eq!(dropped, []);
        assert_eq!(state.to_link(), link);
        let forget = |kind| HistoryEdit::Forget { kind };
        assert_eq!(state.history[1], forget(Some(EventKind::Order)));
        assert_eq!(state.history[3], forget(None));
        for wrong in ["forget:", "forget:all", "forgets", "forget:3"] {
            let (state, dropped) = State::from_link(&format!("h={wrong}&v=1"));
            assert_eq!((state.history.len(), dropped.len()), (0, 1), "{wrong}");
        }
    }

    #[test]
    fn a_history_without_end_is_cut() {
        let (state, dropped) = State::from_link(&format!("h={}", "click:1,".repeat(5_000)));
        assert_eq!(state.history.len(), MAX_HISTORY_EDITS);
        assert!(english(&dropped[0].says).contains("4800"), "{dropped:?}");
        let (state, dropped) = State::from_link(&format!("h={}", "forget,".repeat(5_000)));
        assert_eq!((state.history.len(), dropped.len()), (MAX_HISTORY_EDITS + MAX_FORGETS, 1));
    }

    #[test]
    fn a_full_history_can_still_be_forgotten_and_that_opens_again() {
        let clicks = "click:1,".repeat(MAX_HISTORY_EDITS);
        let (mut state, dropped) = State::from_link(&format!("h={clicks}&v=1"));
        assert!(state.is_history_full() && dropped.is_empty());
        // Of what nothing was edited, one after the other, and each once more.
        for kind in [EventKind::Order, EventKind::Cart, EventKind::Favourite, EventKind::Order] {
            state.forget(Some(kind), &[]);
            assert_eq!(State::from_link(&state.to_link()), (state.clone(), vec![]));
        }
        assert_eq!(state.history.len(), MAX_HISTORY_EDITS + 3);
        state.forget(Some(EventKind::Click), &[]);
        assert_eq!(
            state.to_link(),
            "#v=1&h=forget:cart,forget:favourite,forget:order,forget:click"
        );
        assert!(!state.is_history_full());
        state.forget(None, &[]);
        assert_eq!(state.to_link(), "#v=1&h=forget");
    }

    fn any_edit() -> impl Strategy<Value = HistoryEdit> {
        prop_oneof![
            (0..KINDS.len(), any::<u32>())
                .prop_map(|(kind, product)| HistoryEdit::Add { kind: KINDS[kind].0, product }),
            any::<u32>().prop_map(|entry| HistoryEdit::Remove { entry }),
            (0..=KINDS.len()).prop_map(|kind| HistoryEdit::Forget {
                kind: KINDS.get(kind).map(|(kind, _)| *kind)
            }),
        ]
    }

    prop_compose! {
        /// Every knob anywhere within its bounds.
        fn any_state()(
            query in "\\PC{0,200}",
            shopper in "[a-z][a-z0-9-]{0,31}",
            history in prop::collection::vec(any_edit(), 0..MAX_HISTORY_EDITS),
            selected in any::<Option<u32>>(),
            turns in prop::collection::vec(0.0..1.0_f64, knobs().count()),
        ) -> State {
            let mut state = State { query, shopper, history, selected, ..State::default() };
            for (knob, turn) in knobs().zip(turns) {
                let value = match knob.control {
                    Control::Number { min, max, whole, .. } => {
                        let value = min + turn * (max - min);
                        if whole { value.round() } else { value }
                    }
                    Control::Switch => turn.round(),
                    Control::Choice(options) => (turn * options.len() as f64).floor(),
                };
                state.settings.turn(knob, value as f32);
            }
            state
        }
    }

    proptest! {
        #[test]
        fn every_state_comes_back_from_its_link(state in any_state()) {
            prop_assert_eq!(State::from_link(&state.to_link()), (state, vec![]));
        }

        #[test]
        fn no_text_breaks_it(text in "\\PC*") {
            let (state, _) = State::from_link(&text);
            // What was opened is itself valid.
            prop_assert_eq!(State::from_link(&state.to_link()), (state, vec![]));
        }

        #[test]
        fn no_value_breaks_it(knob in 0..knobs().count() + 5, value in "\\PC{0,40}") {
            let keys = ["v", "q", "shopper", "look", "h"];
            let key = knobs().nth(knob).map_or_else(|| keys[knob - knobs().count()], |k| k.key);
            let link = form_urlencoded::Serializer::new(String::new()).append_pair(key, &value).finish();
            let (state, dropped) = State::from_link(&link);
            prop_assert!(dropped.len() <= 1);
            prop_assert_eq!(State::from_link(&state.to_link()), (state, vec![]));
        }
    }
}
