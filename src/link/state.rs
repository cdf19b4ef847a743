//! Everything a person can set, as one value.

use wire::message;

use market::catalogue::ProductId;
use market::history::{Event, EventKind, PageDevice};
use systems::knob::{Knob, Settings};
use systems::shared::{self, BackendChoice, Surface};
use systems::{Ranker, Retriever, registry};

message! {
    /// Everything a person can set. Two equal states give the same ranking.
    #[derive(Clone, Debug, PartialEq)]
    pub struct State {
        /// Query as typed; not read on the feed.
        pub query: String,
        /// Key of the shopper in `assets/shoppers.json`, for example "mara".
        pub shopper: String,
        /// Changes made to that shopper's history, in the order they were made.
        pub history: Vec<HistoryEdit>,
        /// What every knob stands at: which systems, and all that can be turned of them.
        pub settings: Settings,
        /// Product whose insides are shown.
        pub selected: Option<ProductId>,
    }
}

impl Default for State {
    fn default() -> Self {
        Self {
            query: "shoes".into(),
            shopper: "clara".into(),
            history: Vec::new(),
            settings: Settings::default(),
            selected: None,
        }
    }
}

impl State {
    /// Where products are shown.
    pub fn surface(&self) -> Surface {
        Surface::of(&self.settings)
    }

    /// The system that retrieves.
    pub fn retriever(&self) -> &'static Retriever {
        registry::retriever(&self.settings)
    }

    /// The system that ranks.
    pub fn ranker(&self) -> &'static Ranker {
        registry::ranker(&self.settings)
    }

    /// Where to compute.
    pub fn backend(&self) -> BackendChoice {
        BackendChoice::of(&self.settings)
    }

    /// Device that the page is shown on.
    pub fn device(&self) -> PageDevice {
        match self.settings.option(&shared::DEVICE) {
            0 => PageDevice::Desktop,
            _ => PageDevice::Phone,
        }
    }

    /// Products a page, one at least.
    pub fn page_size(&self) -> usize {
        shared::page_size(&self.settings) as usize
    }

    /// Number of the page shown, from 0.
    pub fn page_number(&self) -> usize {
        self.settings.count(&shared::PAGE_NUMBER) as usize
    }

    /// Takes out of the history all that is there so far, or all of a kind. The edits that this makes
    /// needless go, so that whoever has made as many as there may be can forget, too. `own` is the
    /// shopper's own history, oldest first.
    pub fn forget(&mut self, kind: Option<EventKind>, own: &[Event]) {
        self.history = forgetting(&self.history, kind, own);
    }

    /// Whether no more can be added to the history or taken out of it one by one.
    pub fn is_history_full(&self) -> bool {
        is_full(&self.history)
    }

    /// With a knob set.
    pub fn with(mut self, knob: &'static Knob, value: f32) -> Self {
        self.settings.set(knob, value);
        self
    }

    /// With another system retrieving.
    pub fn retrieved_by(self, retriever: &Retriever) -> Self {
        self.with(&shared::RETRIEVER, retriever.value())
    }

    /// With another system ranking.
    pub fn ranked_by(self, ranker: &Ranker) -> Self {
        self.with(&shared::RANKER, ranker.value())
    }
}

message! {
    /// One change to a shopper's history.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum HistoryEdit {
        /// The person did this now.
        Add {
            /// What was done.
            kind: EventKind,
            /// To which product.
            product: ProductId,
        } = "add",
        /// Take out the entry with this number, counted over the shopper's own history, oldest
        /// first, and on through the entries added.
        Remove {
            /// Number of the entry.
            entry: u32,
        } = "remove",
        /// Take out every entry there is so far; web searches too, where no kind is named.
        Forget {
            /// Only those of this kind.
            kind: Option<EventKind>,
        } = "forget",
    }
}

/// Edits that say the same as these followed by forgetting a kind, or everything.
fn forgetting(edits: &[HistoryEdit], kind: Option<EventKind>, own: &[Event]) -> Vec<HistoryEdit> {
    let forget = HistoryEdit::Forget { kind };
    // Whatever was edited before is forgotten with the rest.
    let Some(kind) = kind else { return vec![forget] };
    // By number of an entry, whether it is of the kind: first the shopper's own, then those added.
    let added = edits.iter().filter_map(|edit| match edit {
        HistoryEdit::Add { kind, .. } => Some(*kind),
        _ => None,
    });
    let gone: Vec<bool> = own.iter().map(|e| e.kind).chain(added).map(|of| of == kind).collect();
    // Entries that were added have other numbers where one before them was not.
    let moved = |entry: u32| {
        let added = gone.iter().take(entry as usize).skip(own.len());
        entry - added.filter(|gone| **gone).count() as u32
    };
    let mut left: Vec<HistoryEdit> = edits
        .iter()
        .enumerate()
        .filter_map(|(n, edit)| match *edit {
            HistoryEdit::Add { kind: of, .. } => (of != kind).then_some(*edit),
            HistoryEdit::Remove { entry } => {
                let needless = gone.get(entry as usize) == Some(&true);
                (!needless).then(|| HistoryEdit::Remove { entry: moved(entry) })
            }
            HistoryEdit::Forget { .. } => {
                let again = *edit == forget || edits[n + 1..].contains(edit);
                (!again).then_some(*edit)
            }
        })
        .collect();
    left.push(forget);
    left
}

/// Whether there is no room for another edit that adds or removes. What forgets has room of its own.
pub(super) fn is_full(edits: &[HistoryEdit]) -> bool {
    let forgets = edits.iter().filter(|edit| matches!(edit, HistoryEdit::Forget { .. })).count();
    edits.len() - forgets >= MAX_HISTORY_EDITS
}

/// Longest query that is read, in characters; what is beyond is cut with a notice.
pub const MAX_QUERY_CHARS: usize = 200;
/// Longest shopper key that a link may carry.
pub const MAX_SHOPPER_CHARS: usize = 32;
/// Most edits of a history that add something to it or take something out.
pub const MAX_HISTORY_EDITS: usize = 200;
/// Most edits beside them that forget: as many as there are kinds, and everything.
pub(super) const MAX_FORGETS: usize = 5;
