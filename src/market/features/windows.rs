//! Which behaviours a model looks at: windows over the history by kind, age and number.

use crate::history::{DAY, Event, EventKind, Minutes};

/// A window over the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Kinds of behaviour that count.
    pub kinds: &'static [EventKind],
    /// Youngest age that counts, in minutes.
    pub from_age: Minutes,
    /// First age that no longer counts, in minutes.
    pub to_age: Minutes,
    /// Most behaviours kept; the newest are.
    pub length: usize,
}

const ALL: &[EventKind] =
    &[EventKind::Click, EventKind::Favourite, EventKind::Cart, EventKind::Order];

/// DMT 4.2.1: clicks of the last seven days, carts and orders of the last year.
pub const DMT: [Window; 3] = [
    Window { kinds: &[EventKind::Click], from_age: 0, to_age: 7 * DAY, length: 50 },
    Window { kinds: &[EventKind::Cart], from_age: 0, to_age: 365 * DAY, length: 10 },
    Window { kinds: &[EventKind::Order], from_age: 0, to_age: 365 * DAY, length: 10 },
];

/// MOPPR 3: real-time (the past day), short-term (second to tenth day) and long-term (eleventh
/// day to a month) behaviours of every kind. The lengths are the playground's.
pub const BY_SPAN: [Window; 3] = [
    Window { kinds: ALL, from_age: 0, to_age: DAY, length: 20 },
    Window { kinds: ALL, from_age: DAY, to_age: 10 * DAY, length: 30 },
    Window { kinds: ALL, from_age: 10 * DAY, to_age: 30 * DAY, length: 30 },
];

impl Window {
    /// Positions in `events` (oldest first) of the behaviours in the window, oldest first.
    pub fn select(&self, events: &[Event], now: Minutes) -> Vec<usize> {
        let mut found: Vec<usize> = events
            .iter()
            .enumerate()
            .rev()
            .skip_while(|(_, event)| now - event.time < self.from_age)
            .take_while(|(_, event)| now - event.time < self.to_age)
            .filter(|(_, event)| self.kinds.contains(&event.kind))
            .map(|(position, _)| position)
            .take(self.length)
            .collect();
        found.reverse();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: EventKind, time: Minutes) -> Event {
        Event { kind, product: 0, time }
    }

    #[test]
    fn windows_of_moppr_part_the_month_without_overlap() {
        let now = 40 * DAY;
        let events: Vec<Event> =
            (0..40).map(|day| event(EventKind::Click, day * DAY + 5)).collect();
        let chosen: Vec<Vec<usize>> = BY_SPAN.iter().map(|w| w.select(&events, now)).collect();
        assert_eq!(chosen[0], [39]);
        assert_eq!(chosen[1], (30..39).collect::<Vec<_>>());
        assert_eq!(chosen[2], (10..30).collect::<Vec<_>>());
    }

    #[test]
    fn the_newest_of_a_kind_are_kept() {
        let events: Vec<Event> = (0..30)
            .map(|n| event(if n % 2 == 0 { EventKind::Cart } else { EventKind::Click }, n))
            .collect();
        let carts = DMT[1].select(&events, 100);
        assert_eq!(carts.len(), 10);
        assert_eq!(carts.last(), Some(&28));
        assert!(carts.iter().all(|&p| events[p].kind == EventKind::Cart));
    }
}
