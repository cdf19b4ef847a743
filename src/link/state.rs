//! Everything a person can set, as one value.

use wire::message;

use market::catalogue::ProductId;
use market::history::{EventKind, PageDevice};
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

/// Longest query that is read, in characters; what is beyond is cut with a notice.
pub const MAX_QUERY_CHARS: usize = 200;
/// Longest shopper key that a link may carry.
pub const MAX_SHOPPER_CHARS: usize = 32;
/// Most edits of a history.
pub const MAX_HISTORY_EDITS: usize = 200;
