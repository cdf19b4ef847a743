//! What of the playground is kept on this device for when there is no line: how it stands, and the
//! person's wish. A script beside the page does the keeping (`www/offline.js`), in what is shipped; larger
//! shops the engine keeps for itself (`src/worker/kept.rs`), which hears of the wish from that script.

use leptos::prelude::*;

use super::bridge;
use super::kept::Kept;
use super::language::{say, say_with};
use super::parts::{click, when};
use super::spoken::spoken;
use super::store::{Store, store};
use protocol::words;

/// How the script tells how it stands.
const TOLD: &str = "vitrine-kept";
/// How it is told what is wished for.
const WISH: &str = "vitrine-keep";
/// What can be wished for, as the script knows it.
const WISHES: [&str; 3] = ["all", "used", "nothing"];

/// How it stands, in a sentence.
fn worded(kept: &Kept) -> String {
    let key = match kept.doing.as_str() {
        "rests" if kept.here >= kept.all => word!("keeping.whole"),
        "rests" if kept.here == 0 => word!("keeping.none"),
        "rests" => word!("keeping.part"),
        "fetches" => word!("keeping.fetches"),
        "full" => word!("keeping.full"),
        "unreachable" => word!("keeping.unreachable"),
        "newer" => word!("keeping.newer"),
        _ => word!("keeping.failed"),
    };
    let [here, all] = [kept.here, kept.all].map(words::bytes);
    say_with(key, &[("here", &here), ("all", &all)])
}

/// Listens to the script, for as long as the page lives.
pub fn follow(store: Store) {
    bridge::listen(TOLD, move |told| store.kept.set(Kept::read(&told)));
}

fn wish(name: &str) {
    bridge::say(WISH, name);
}

/// What is kept, and what is to be.
#[component]
pub fn Keeping() -> impl IntoView {
    let standing = store().kept;
    let with = move |read: fn(&Kept) -> String| {
        standing.with(|kept| kept.as_ref().map(read).unwrap_or_default())
    };
    let option = move |name: &'static str| {
        let chosen = move || standing.with(|kept| kept.as_ref().is_some_and(|k| k.wish == name));
        let label = match name {
            "all" => word!("keeping.all"),
            "used" => word!("keeping.used"),
            _ => word!("keeping.nothing"),
        };
        view! {
            <label>
                <input type="radio" name="keep" value=name prop:checked=chosen on:change=move |_| wish(name) />
                <span>{say(label)}</span>
            </label>
        }
    };
    let missing = move || {
        standing.with(|kept| {
            let kept = kept.as_ref().filter(|kept| kept.doing != "fetches")?;
            kept.all.checked_sub(kept.here).filter(|missing| *missing > 0)
        })
    };
    let everything = move || {
        let label = move || {
            let bytes = words::bytes(missing().unwrap_or_default());
            say_with(word!("keeping.everything"), &[("bytes", &bytes)])
        };
        view! {
            <button
                type="button"
                class="outlined"
                data-testid="keep-everything"
                on:click=click(|| wish("all"))
                prop:textContent=label
            ></button>
        }
        .into_any()
    };
    let fetches =
        move || standing.with(|kept| kept.as_ref().is_some_and(|kept| kept.doing == "fetches"));
    let shown = move || {
        view! {
            <div class="keeping">
                <fieldset class="segments" data-testid="keep">
                    <legend>{say(word!("keeping.name"))}</legend>
                    {WISHES.map(option).into_iter().collect_view()}
                </fieldset>
                <p data-testid="kept" prop:textContent=move || with(worded)></p>
                <p>{say(word!("keeping.shops"))}</p>
                <progress
                    aria-label=say(word!("keeping.name"))
                    hidden=move || !fetches()
                    max=move || with(|kept| kept.all.max(1).to_string())
                    value=move || with(|kept| kept.here.to_string())
                ></progress>
                {spoken(move || (!fetches()).then(|| with(worded)))}
                {when(move || missing().is_some(), everything)}
            </div>
        }
        .into_any()
    };
    when(move || standing.with(Option::is_some), shown)
}
