//! Questions that a panel asks again whenever what it reads has come to rest after a change.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use leptos::prelude::*;

use super::engine::Engine;
use page::latest::{Latest, Turn};
use page::parts::follow;

/// Rest after which is asked.
const REST: Duration = Duration::from_millis(250);

/// What is done once there is rest.
pub type Work = Pin<Box<dyn Future<Output = ()>>>;

/// Has `begin` say at once, and at each change of what it reads, what is to be done; that is done
/// at once for the first time, and then when nothing has changed for a while. `None`: nothing is to
/// be done, and what was begun before is no longer wanted.
///
/// Whoever waits in it asks the turn before it says anything: the panel may have been closed, or
/// the state changed again.
pub fn at_rest(mut begin: impl FnMut(Turn) -> Option<Work> + 'static) {
    let asked = Latest::new();
    let engine = use_context::<Engine>();
    follow(move |first| {
        // The same state has another answer with other weights.
        if let Some(engine) = &engine {
            engine.weighed.track();
        }
        let turn = asked.begin();
        let Some(work) = begin(turn) else { return };
        let start = move || {
            if turn.is_latest() {
                leptos::task::spawn_local(work);
            }
        };
        set_timeout(start, if first { Duration::ZERO } else { REST });
    });
}
