//! Signals that outlive those who read them.
//!
//! With each signal Leptos keeps a list of those who read it, and leaves on it who is gone: until
//! the signal changes, with a memo for good. The page shows other products with every query, and
//! each card reads what stays for as long as the page does. So whoever reads a [`Lasting`] signal
//! takes itself off the list when it goes.

use std::ops::Deref;
use std::panic::Location;

use leptos::prelude::*;
use leptos::reactive::computed::ArcMemo;
use leptos::reactive::graph::{AnySource, Observer, Source, ToAnySource};

/// A signal or memo that lives longer than those who read it.
#[derive(Clone, Copy, Debug)]
pub struct Lasting<S>(pub S);

/// What keeps a list of those who read it.
pub trait Listing {
    /// The list; none where it is gone.
    fn list(&self) -> Option<AnySource>;
}

impl<T: Send + Sync + 'static> Listing for RwSignal<T> {
    fn list(&self) -> Option<AnySource> {
        (!self.is_disposed()).then(|| self.to_any_source())
    }
}

impl<T: Send + Sync + 'static> Listing for ArcRwSignal<T> {
    fn list(&self) -> Option<AnySource> {
        Some(self.to_any_source())
    }
}

impl<T: Send + Sync + 'static> Listing for Memo<T> {
    fn list(&self) -> Option<AnySource> {
        Some(ArcMemo::from(*self).to_any_source())
    }
}

impl<S: DefinedAt> DefinedAt for Lasting<S> {
    fn defined_at(&self) -> Option<&'static Location<'static>> {
        self.0.defined_at()
    }
}

impl<S: Track + Listing + DefinedAt> Track for Lasting<S> {
    #[track_caller]
    fn track(&self) {
        fn leave_at_last(list: Option<AnySource>) {
            if let (Some(list), Some(reader)) = (list, Observer::get()) {
                on_cleanup(move || list.remove_subscriber(&reader));
            }
        }
        self.0.track();
        leave_at_last(self.0.list());
    }
}

impl<S: ReadUntracked> ReadUntracked for Lasting<S> {
    type Value = S::Value;

    fn try_read_untracked(&self) -> Option<Self::Value> {
        self.0.try_read_untracked()
    }
}

/// What changes a signal is the signal's own.
impl<S> Deref for Lasting<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.0
    }
}
