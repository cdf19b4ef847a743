//! What would change a product's place: the changes that are tried, and how far each moves it.

use link::{HistoryEdit, State};
use protocol::{HistoryEntry, Passage, Trace};
use systems::shared::Surface;

/// A change that is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The query loses the word with this number.
    Word(usize),
    /// The history loses the entry with this number.
    Entry(u32),
    /// The ranker's feature with this number is held at its training mean for every candidate.
    Feature(u32),
}

/// Words of a query, as they are typed.
pub fn words(state: &State) -> Vec<&str> {
    match state.surface() {
        Surface::Search => state.query.split_whitespace().collect(),
        Surface::Feed => Vec::new(),
    }
}

/// Every change that can be made, those first that should move most: words, features, then what the
/// models attend to; of equals the newest. `attention` is the ranker's on each entry by its number.
pub fn changes(
    state: &State,
    features: usize,
    history: &[HistoryEntry],
    attention: &[(u32, f32)],
) -> Vec<Change> {
    let of_words = (0..words(state).len()).map(Change::Word);
    let of_features = (0..features as u32).map(Change::Feature);
    let weight = |shown: &HistoryEntry| {
        let of_ranker = attention.iter().filter(|(entry, _)| *entry == shown.entry);
        shown.attention + of_ranker.map(|(_, weight)| weight).sum::<f32>()
    };
    let mut entries: Vec<(f32, u32)> =
        history.iter().rev().map(|shown| (weight(shown), shown.entry)).collect();
    entries.sort_by(|a, b| b.0.total_cmp(&a.0));
    let of_entries = entries.into_iter().map(|(_, entry)| Change::Entry(entry));
    of_words.chain(of_features).chain(of_entries).collect()
}

impl Change {
    /// The changed state, and the feature that is held.
    pub fn applied(self, state: &State) -> (State, Option<u32>) {
        let mut state = state.clone();
        match self {
            Self::Word(number) => {
                let kept = words(&state).into_iter().enumerate();
                let kept = kept.filter(|(n, _)| *n != number).map(|(_, word)| word);
                state.query = kept.collect::<Vec<_>>().join(" ");
            }
            Self::Entry(entry) => state.history.push(HistoryEdit::Remove { entry }),
            Self::Feature(feature) => return (state, Some(feature)),
        }
        (state, None)
    }
}

/// The first stage that loses the product; none if it reaches the ranker.
pub fn lost(trace: &Trace) -> Option<&Passage> {
    trace.passages.iter().find(|passage| !passage.passed)
}

/// How far down a product stands: its place in the blended order, or, where it is lost before,
/// behind all of them, the further the more it falls short.
fn depth(trace: &Trace) -> i64 {
    match lost(trace) {
        None => i64::from(trace.rank),
        Some(passage) => {
            let short = passage.place.map_or(0, |place| place.saturating_sub(passage.left));
            i64::from(trace.ranked) + i64::from(short)
        }
    }
}

/// Places that a product rises; below zero where it falls.
pub fn rise(before: &Trace, after: &Trace) -> i64 {
    depth(before) - depth(after)
}

/// What was tried, with what came of it, that which moves the product furthest first.
pub fn furthest_first(before: &Trace, tried: &mut [(Change, Trace)]) {
    let shift = |after: &Trace| (after.score - before.score).abs();
    tried.sort_by(|(_, a), (_, b)| {
        let moved = |trace| rise(before, trace).abs();
        moved(b).cmp(&moved(a)).then(shift(b).total_cmp(&shift(a)))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use market::history::{Event, EventKind};

    fn trace(rank: u32, score: f32, short: Option<u32>) -> Trace {
        let passage = Passage {
            stage: "retrieve".into(),
            entered: 4_000,
            left: 30,
            value: 0.5,
            least: 0.6,
            place: Some(30 + short.unwrap_or(0)),
            passed: short.is_none(),
        };
        Trace { product: 1, passages: vec![passage], rank, ranked: 25, score }
    }

    #[test]
    fn each_change_leaves_one_thing_out() {
        let state = State { query: " red  running shoes".into(), ..State::default() };
        let entry = |entry, attention| HistoryEntry {
            entry,
            event: Event { kind: EventKind::Click, product: 0, time: 0 },
            kept: true,
            attention,
        };
        let history = [entry(0, 0.1), entry(3, 0.1), entry(4, 0.0)];
        let all = changes(&state, 2, &history, &[(4, 0.5), (0, 0.05)]);
        use Change::{Entry, Feature, Word};
        let expected =
            [Word(0), Word(1), Word(2), Feature(0), Feature(1), Entry(4), Entry(0), Entry(3)];
        assert_eq!(all, expected);
        assert_eq!(Word(1).applied(&state).0.query, "red shoes");
        let (without, held) = Entry(3).applied(&state);
        assert_eq!((without.history, held), (vec![HistoryEdit::Remove { entry: 3 }], None));
        assert_eq!(Feature(7).applied(&state), (state.clone(), Some(7)));
        let feed = state.with(&systems::shared::SURFACE, Surface::Feed.value());
        assert_eq!(words(&feed), [""; 0]);
    }

    #[test]
    fn what_moves_furthest_comes_first_and_a_loss_is_further_than_the_last_place() {
        let before = trace(3, 0.5, None);
        let ends = [
            (Change::Word(0), trace(3, 0.49, None)),
            (Change::Word(1), trace(24, 0.1, None)),
            (Change::Word(2), trace(9, 0.5, Some(70))),
            (Change::Word(3), trace(3, 0.2, None)),
            (Change::Word(4), trace(0, 0.9, None)),
        ];
        let mut tried = ends.to_vec();
        furthest_first(&before, &mut tried);
        let order: Vec<Change> = tried.iter().map(|(change, _)| *change).collect();
        assert_eq!(order, [2, 1, 4, 3, 0].map(Change::Word));
        assert_eq!(ends.each_ref().map(|(_, after)| rise(&before, after)), [0, -21, -92, 0, 3]);
        // Lost both times: it may still have come nearer.
        assert_eq!(rise(&trace(0, 0.5, Some(40)), &trace(0, 0.5, Some(15))), 25);
        assert!(lost(&before).is_none() && lost(&ends[2].1).is_some());
    }
}
