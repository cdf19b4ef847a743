//! The systems as all who name them know them, a file each: what they predict, what can be turned of
//! them, what of them can be shown. [`registry`] lists them; whoever asks for "every system" asks it,
//! and nobody else decides by a system's name.
//!
//! It knows how its settings travel, and nothing else: no tensor, no product and no link. What holds
//! throughout: a system is a constant, declared once and found by the registry alone; and what a training is
//! told stands at a value that it may have, whatever a link or a message says.

#[macro_use]
extern crate keys;

pub mod bm25;
pub mod dmt;
pub mod knob;
pub mod learning;
pub mod mlpr;
pub mod moppr;
pub mod part;
pub mod registry;
pub mod retrieval_alone;
pub mod served;
pub mod shared;
pub mod yandex;

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wire::{Sink, Source, Wire, Wrong};

use knob::{Knob, Settings};
use learning::Learning;
use part::Part;
use shared::Blend;

/// What a ranker predicts for a product that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Task {
    /// It is clicked (CTR).
    Click,
    /// It is put in the cart (CTR times AVR).
    Cart,
    /// It is ordered (CTCVR).
    Order,
}

impl Task {
    /// Its name; its words are under "tasks." and this.
    pub fn name(self) -> &'static str {
        match self {
            Self::Click => "click",
            Self::Cart => "cart",
            Self::Order => "order",
        }
    }
}

/// A system that retrieves candidates.
pub struct Retriever {
    /// Name in links, files and words.
    pub key: &'static str,
    /// Knobs that it alone reads.
    pub knobs: &'static [&'static Knob],
    /// Those of them that choose among networks, each trained for itself.
    pub networks: &'static [&'static Knob],
    /// What it was trained for, where that can be weighed.
    pub objectives: &'static [Objective],
    /// How it looks at the history.
    pub attends: Attends,
    /// Whether products and requests are vectors to it, which an index can hold and a price can be
    /// weighed in.
    pub has_vectors: bool,
    /// What it reads, in the groups that explanation takes apart; words under
    /// "studio.explain.groups.".
    pub reads: &'static [&'static str],
    /// Names of the blocks that it shows of its insides: words under each and "title" and "note".
    pub blocks: &'static [&'static str],
    /// What it is made of, inputs first.
    pub parts: &'static [Part],
    /// Keys of those that the coarse ranker's two towers stand on, the request's and the product's; none
    /// where they are another system's.
    pub coarse_stands_on: [&'static [&'static str]; 2],
    /// How it learns in the tab; none where it does not.
    pub learns: Option<&'static Learning>,
}

/// One of several things that a retriever was trained for.
pub struct Objective {
    /// Its name.
    pub key: &'static str,
    /// The knob of its weight.
    pub weight: &'static Knob,
}

/// How a retriever looks at the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attends {
    /// At each span of time by itself, so that the attention on each adds up to one.
    BySpan,
    /// At all of it.
    Whole,
}

/// A system that ranks the candidates.
pub struct Ranker {
    /// Name in links, files and words.
    pub key: &'static str,
    /// The tasks that it predicts, in the order of its utilities.
    pub tasks: &'static [Task],
    /// Knobs that it alone reads.
    pub knobs: &'static [&'static Knob],
    /// Those of them that choose among networks, each trained for itself.
    pub networks: &'static [&'static Knob],
    /// Whether gates choose among experts, as it is set.
    pub gates: fn(&Settings) -> bool,
    /// Whether who asks makes a difference.
    pub is_personal: bool,
    /// Where a network of it learns what the place does to a product: whether it reads anything of
    /// the place, as it is set.
    pub bias: Option<fn(&Settings) -> bool>,
    /// Names of the blocks that it shows of a product: words under each and "title" and "note".
    pub blocks: &'static [&'static str],
    /// What it is made of, inputs first.
    pub parts: &'static [Part],
    /// How it learns in the tab; none where it does not.
    pub learns: Option<&'static Learning>,
}

impl Ranker {
    /// How its tasks are blended; none where it has no tasks, and the score is the retriever's.
    pub fn blend(&self, settings: &Settings) -> Option<Blend> {
        (!self.tasks.is_empty()).then(|| Blend::of(settings))
    }
}

/// A system is told from another by its key, and travels as it.
macro_rules! by_key {
    ($system:ident in $all:ident) => {
        impl PartialEq for $system {
            fn eq(&self, other: &Self) -> bool {
                self.key == other.key
            }
        }

        impl fmt::Debug for $system {
            fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str(self.key)
            }
        }

        impl $system {
            /// The one of this key.
            pub fn by_key(key: &str) -> Option<&'static Self> {
                registry::$all.into_iter().find(|system| system.key == key)
            }

            /// Its number in the registry, as its knob counts them.
            pub fn value(&self) -> f32 {
                registry::$all.iter().position(|system| *system == self).unwrap_or(0) as f32
            }
        }

        impl Wire for &'static $system {
            fn read<S: Source>(value: &S, wrong: &mut Wrong) -> Self {
                $system::by_key(&String::read(value, wrong)).unwrap_or_else(|| {
                    *wrong = wrong.or(Some(stringify!($system)));
                    registry::$all[0]
                })
            }

            fn write<S: Sink>(&self) -> S {
                S::name(self.key)
            }
        }

        impl Serialize for $system {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.key)
            }
        }

        impl<'de> Deserialize<'de> for &'static $system {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let key = String::deserialize(deserializer)?;
                let unknown = || serde::de::Error::custom("no such system");
                $system::by_key(&key).ok_or_else(unknown)
            }
        }
    };
}

by_key!(Retriever in RETRIEVERS);
by_key!(Ranker in RANKERS);
