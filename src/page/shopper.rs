//! Whose place is taken: the shopper, and the history that the models read, with their attention
//! on it.

use leptos::prelude::*;

use super::language::{say, say_with, worded};
use super::lasting::Lasting;
use super::parts::{click, follow, live, when};
use super::picture::{Mark, Picture};
use super::rows::keyed;
use super::store::store;
use link::HistoryEdit;
use market::history::EventKind;
use protocol::block::Blocks;
use protocol::words;
use protocol::{Detail, HistoryEntry, Shopper};
use systems::shared::PAGE_NUMBER;

/// Behaviours that the history begins with, and that it grows by.
const AT_FIRST: usize = 32;

/// The newest that are printed, as www/print.css has it: the number of all others is printed beside them.
const ON_PAPER: usize = 14;

/// The shopper and the history.
#[component]
pub fn ShopperBand() -> impl IntoView {
    view! {
        <section class="band" aria-label=say(word!("shopper.label"))>
            <Who />
            <History />
        </section>
    }
}

#[component]
fn Who() -> impl IntoView {
    let store = store();
    let shopper = move || {
        store.state.with(|state| {
            store.shop.with(|shop| {
                shop.as_ref()?.shoppers.iter().find(|s| s.key == state.shopper).cloned()
            })
        })
    };
    let options = live(move || {
        store.shop.with(|shop| {
            let shoppers = shop.iter().flat_map(|shop| &shop.shoppers);
            let option =
                |s: &Shopper| view! { <option value=s.key.clone()>{s.name.clone()}</option> };
            shoppers.map(option).collect_view().into_any()
        })
    });
    let pick = move |event| {
        let key = event_target_value(&event);
        store.state.update(|state| {
            state.shopper = key;
            // The edits name entries of the other shopper's history.
            state.history.clear();
            state.settings.set(&PAGE_NUMBER, 0.0);
        });
    };
    // The options arrive after the state: the chosen one is set again once they are there.
    let chosen = move || {
        store.shop.track();
        store.state.with(|state| state.shopper.clone())
    };
    let initial = move || shopper().map_or(String::new(), |s| s.name.chars().take(1).collect());
    let about = move || {
        let sentences = shopper().map(|s| s.about).unwrap_or_default();
        let sentences: Vec<_> = sentences.iter().map(worded).collect();
        sentences.join(say(word!("sentences.between")))
    };
    let profile = live(move || {
        let words = shopper().map(|s| words::profile(&s.profile)).unwrap_or_default();
        words
            .iter()
            .map(|word| view! { <li prop:textContent=worded(word)></li> })
            .collect_view()
            .into_any()
    });
    view! {
        <div class="who">
            <span class="avatar" translate="no" aria-hidden="true">{initial}</span>
            <div>
                <label class="hidden" for="shopper">{say(word!("shopper.label"))}</label>
                <select id="shopper" data-testid="shopper" translate="no" prop:value=chosen on:change=pick>
                    {options}
                </select>
                <p class="about" prop:textContent=about></p>
                <ul class="chips">{profile}</ul>
            </div>
        </div>
    }
}

/// Both models' attention on one entry.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Attention {
    entry: u32,
    /// Read by the retriever.
    kept: bool,
    retriever: f32,
    ranker: f32,
}

#[component]
fn History() -> impl IntoView {
    let store = store();
    let entries = Memo::new(move |_| {
        store.insides.with(|answer| {
            let mut entries = answer.as_ref().map(|a| a.history.clone()).unwrap_or_default();
            entries.reverse();
            entries
        })
    });
    let attention = Lasting(Memo::new(move |_| {
        store.insides.with(|answer| {
            let Some(answer) = answer else { return vec![] };
            let sequences = answer.detail.iter().flat_map(|detail| detail.blocks.sequences());
            let weights: Vec<_> = sequences.flat_map(|s| &s.weights).collect();
            let of_entry = |shown: &HistoryEntry| Attention {
                entry: shown.entry,
                kept: shown.kept,
                retriever: shown.attention,
                ranker: weights.iter().find(|(e, _)| *e == shown.entry).map_or(0.0, |(_, w)| *w),
            };
            answer.history.iter().map(of_entry).collect::<Vec<_>>()
        })
    }));
    let edited = move || store.state.with(|state| !state.history.is_empty());
    let inside = move || {
        let attends = |detail: &Detail| !detail.blocks.sequences().is_empty();
        store.insides.with(|a| a.as_ref().and_then(|a| a.detail.as_ref()).is_some_and(attends))
    };
    let count = move || match entries.with(Vec::len) {
        0 => String::new(),
        1 => say(word!("history.one")).into(),
        count => say_with(word!("history.many"), &[("count", &words::count(count))]),
    };
    let reset = move || {
        let clear = move || store.state.update(|state| state.history.clear());
        view! {
            <button type="button" class="quiet" data-testid="history-reset" on:click=click(clear)>
                <Mark name="reset" />
                {say(word!("history.reset"))}
            </button>
        }
        .into_any()
    };
    // MLPR's paper gives it no shopper: whoever asks, the same products come in the same order.
    let impersonal =
        move || store.insides.with(|answer| answer.as_ref().is_some_and(|a| !a.ranker.is_personal));
    let impersonal_said = || {
        view! {
            <span class="impersonal" data-testid="impersonal" title=say(word!("history.impersonal.about"))>
                {say(word!("history.impersonal"))}
            </span>
        }
        .into_any()
    };
    let waiting = move || store.insides.with(Option::is_none);
    let empty = move || !waiting() && entries.with(Vec::is_empty);
    let nothing = || {
        view! {
            <li class="nothing" data-testid="history-empty">{say(word!("history.empty"))}</li>
        }
        .into_any()
    };
    let ghosts = || {
        let ghost = |_| view! { <li class="entry ghost" aria-hidden="true"></li> };
        (0..24).map(ghost).collect_view().into_any()
    };
    // Another shopper's entry of the same number is another row.
    let key = |e: &HistoryEntry| u64::from(e.event.product) << 32 | u64::from(e.entry);
    // A year of behaviour is thousands of elements: old ones are built when they are scrolled to.
    let shopper = Memo::new(move |_| store.state.with(|state| state.shopper.clone()));
    let old = RwSignal::new(AT_FIRST);
    follow(move |_| {
        shopper.track();
        old.set(AT_FIRST);
    });
    let shown = move || {
        let edits = store.state.with(|state| {
            let added = |edit: &&HistoryEdit| matches!(edit, HistoryEdit::Add { .. });
            let added = state.history.iter().filter(added).count();
            2 * added as isize - state.history.len() as isize
        });
        old.get().saturating_add_signed(edits)
    };
    let keys = move || {
        let shown = shown();
        entries.with(|all| all.iter().take(shown).map(key).collect())
    };
    let unprinted = move || match entries.with(Vec::len).saturating_sub(ON_PAPER.min(shown())) {
        0 => String::new(),
        count => say_with(word!("history.rest"), &[("count", &words::count(count))]),
    };
    let grow = move |event| {
        let strip = event_target::<web_sys::Element>(&event);
        let (seen, width) = (strip.scroll_left() + strip.client_width(), strip.scroll_width());
        // Half a strip ahead of the eye.
        if seen + strip.client_width() / 2 > width && entries.with(Vec::len) > old.get_untracked() {
            old.update(|old| *old += AT_FIRST);
        }
    };
    let entry = move |wanted: u64| {
        let found = entries.with_untracked(|all| all.iter().find(|e| key(e) == wanted).copied());
        let Some(entry) = found else { return ().into_any() };
        let attention = Memo::new(move |_| {
            let number = entry.entry;
            attention
                .with(|all| all.iter().find(|a| a.entry == number).copied())
                .unwrap_or_default()
        });
        view! { <Entry entry now=untrack(|| store.now()) attention /> }.into_any()
    };
    view! {
        <div class="history" data-testid="history">
            <div class="heading">
                <h2>{say(word!("history.title"))}</h2>
                <p prop:textContent=count></p>
                <p class="legend">
                    <span class="key retriever">{say(word!("history.retriever"))}</span>
                    {when(inside, || {
                        view! { <span class="key ranker">{say(word!("history.ranker"))}</span> }.into_any()
                    })}
                    {when(impersonal, impersonal_said)}
                </p>
                <Forget entries />
                {when(edited, reset)}
            </div>
            <ol class="strip" on:scroll=grow>
                {when(waiting, ghosts)}
                {when(empty, nothing)}
                {keyed(keys, entry)}
                <li class="rest" data-testid="history-rest" hidden prop:textContent=unprinted></li>
            </ol>
        </div>
    }
}

/// Takes the whole history out, or all of a kind.
#[component]
fn Forget(entries: Memo<Vec<HistoryEntry>>) -> impl IntoView {
    let store = store();
    let count = move |kind: Option<EventKind>| {
        let is_it = |entry: &&HistoryEntry| kind.is_none_or(|kind| entry.event.kind == kind);
        entries.with(|all| all.iter().filter(is_it).count())
    };
    let forget = move |kind| store.edit_history(HistoryEdit::Forget { kind });
    // Who has no behaviour may still have searched the web.
    let searched = move || {
        store.state.with(|state| {
            !state.history.contains(&HistoryEdit::Forget { kind: None })
                && store.shop.with(|shop| {
                    let shoppers = shop.iter().flat_map(|shop| &shop.shoppers);
                    shoppers
                        .into_iter()
                        .any(|s| s.key == state.shopper && !s.web_searches.is_empty())
                })
        })
    };
    let of_kind = |(kind, key, words): (EventKind, &'static str, &'static str)| {
        let name = move || say_with(words, &[("count", &words::count(count(Some(kind))))]);
        view! {
            <button
                type="button"
                class="icon"
                data-testid=key
                title=name
                aria-label=name
                disabled=move || count(Some(kind)) == 0
                on:click=click(move || forget(Some(kind)))
            >
                <Mark name=kind_mark(kind) />
            </button>
        }
    };
    let kinds = [
        (EventKind::Click, "forget-click", word!("history.forget-click")),
        (EventKind::Favourite, "forget-favourite", word!("history.forget-favourite")),
        (EventKind::Cart, "forget-cart", word!("history.forget-cart")),
        (EventKind::Order, "forget-order", word!("history.forget-order")),
    ];
    view! {
        <div class="forget" role="group" aria-label=say(word!("history.forget"))>
            <button
                type="button"
                class="quiet"
                data-testid="forget-all"
                title=say(word!("history.forget-all.about"))
                disabled=move || count(None) == 0 && !searched()
                on:click=click(move || forget(None))
            >
                {say(word!("history.forget-all"))}
            </button>
            {kinds.map(of_kind).into_iter().collect_view()}
        </div>
    }
}

/// The mark of a kind of behaviour.
pub fn kind_mark(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Click => "click",
        EventKind::Favourite => "heart",
        EventKind::Cart => "cart",
        EventKind::Order => "bag",
    }
}

#[component]
fn Entry(entry: HistoryEntry, now: Option<i32>, attention: Memo<Attention>) -> impl IntoView {
    let store = store();
    let HistoryEntry { entry: number, event, .. } = entry;
    let title = move || {
        store.shop.with(|shop| {
            let products = shop.iter().flat_map(|shop| shop.product(event.product));
            products.map(|product| product.title.clone()).collect::<String>()
        })
    };
    let ago = move || now.map(|now| worded(&words::ago(now, event.time))).unwrap_or_default();
    let sentence = move || {
        let Attention { kept, retriever, ranker, .. } = attention.get();
        let mut sentence =
            say_with(words::deed(event.kind), &[("title", &title()), ("ago", &ago())]);
        if kept {
            let share = words::percent(retriever);
            sentence += &say_with(word!("history.retriever-attention"), &[("share", &share)]);
        } else {
            sentence += say(word!("history.not-read"));
        }
        if store.is_sold_out(event.product) {
            sentence += say(word!("history.sold-out"));
        }
        if ranker > 0.0 {
            let share = words::percent(ranker);
            sentence += &say_with(word!("history.ranker-attention"), &[("share", &share)]);
        }
        sentence
    };
    let bar = |share: f32| format!("--share:{}", words::css_share(share));
    let remove = move || store.edit_history(HistoryEdit::Remove { entry: number });
    view! {
        <li class="entry" class:left-out=move || !attention.get().kept title=sentence data-entry=number.to_string()>
            <Picture product=event.product />
            <span class="kind"><Mark name=kind_mark(event.kind) /></span>
            <span class="hidden" translate="no">{sentence}</span>
            <span class="when" translate="no" aria-hidden="true">{ago}</span>
            <span class="bar retriever" style=move || bar(attention.get().retriever)></span>
            <span class="bar ranker" style=move || bar(attention.get().ranker)></span>
            <button
                type="button"
                class="remove"
                aria-label=move || say_with(word!("history.remove"), &[("title", &title())])
                on:click=click(remove)
            >
                <Mark name="close" />
            </button>
        </li>
    }
}
