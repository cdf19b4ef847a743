//! The top of the page: surface, query with suggestions, backend, theme, share.

use std::time::Duration;

use gloo_timers::callback::Timeout;
use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Event;

use super::keeping::Keeping;
use super::knobs::Segments;
use super::language::{self, say, say_with, worded};
use super::parts::{click, follow, heard, is_composing, is_typed_into, live, when, written};
use super::picture::{Mark, drawing};
use super::spoken::spoken;
use super::store::{Store, store};
use super::studio::StudioButton;
use super::undo::Steps;
use super::{browser, screen};
use link::MAX_QUERY_CHARS;
use link::cut_query;
use market::language::Message;
use protocol::supervisor::{FRAME, Gpu};
use protocol::words;
use protocol::{Backend, Making, StageTime};
use systems::shared::{BACKEND, PAGE_NUMBER, SURFACE, ShopSize, Surface};

/// Most suggestions shown.
const SUGGESTIONS: usize = 8;
/// Milliseconds of rest after which what was typed is searched.
const REST: u32 = 140;

/// The bar at the top.
#[component]
pub fn Header(steps: StoredValue<Steps>) -> impl IntoView {
    view! {
        <header class="top">
            <a class="wordmark" href="." aria-label=say(word!("header.start"))>
                <svg viewBox="0 0 28 28" aria-hidden="true">
                    <use href=drawing("ui-vitrine") />
                </svg>
                "Vitrine"
            </a>
            <Segments knob=&SURFACE />
            <QueryBox />
            <div class="tools">
                <UndoButtons steps />
                <StudioButton />
                <BackendBadge />
                <LanguageButton />
                <ThemeButton />
                <ShareButton />
            </div>
        </header>
    }
}

/// Queries that begin with what was typed, then those that have a word beginning with it.
fn suggestions(queries: &[String], typed: &str) -> Vec<String> {
    // The queries are in ASCII.
    let typed = typed.trim().to_ascii_lowercase();
    let within = format!(" {typed}");
    let mut found = vec![];
    for begins in [true, false] {
        for query in queries {
            let fits = query.starts_with(&typed) == begins && (begins || query.contains(&within));
            if fits && *query != typed && found.len() < SUGGESTIONS {
                found.push(query.clone());
            }
        }
    }
    found
}

#[component]
fn QueryBox() -> impl IntoView {
    let store = store();
    let typed = RwSignal::new(store.state.with_untracked(|s| s.query.clone()));
    let open = RwSignal::new(false);
    let active = RwSignal::new(None::<usize>);
    let pending = StoredValue::new_local(None::<Timeout>);

    // The state may change from elsewhere: a link, back, a suggestion on the shelf.
    follow(move |_| {
        let query = store.state.with(|s| s.query.clone());
        if cut_query(&typed.get_untracked()).0 != query {
            typed.set(query);
        }
    });
    let search = move || {
        pending.set_value(None);
        let text = typed.get_untracked();
        let (query, cut) = cut_query(&text);
        match cut {
            Some(chars) => store.tell(
                "query-too-long",
                Message::new(word!("notices.query-too-long"))
                    .with("chars", words::count(chars))
                    .with("most", MAX_QUERY_CHARS.to_string()),
            ),
            None => store.withdraw("query-too-long"),
        }
        if store.state.with_untracked(|s| s.query != query) {
            store.state.update(|state| {
                state.query = query.into();
                state.settings.set(&PAGE_NUMBER, 0.0);
            });
        }
    };
    // The box may go, for another language, before what was typed is searched for.
    on_cleanup(move || {
        if let Some(Some(_)) = pending.try_update_value(Option::take) {
            search();
        }
    });
    let type_in = move |event: &web_sys::Event| {
        let Some(text) = written(event) else { return };
        typed.set(text);
        open.set(true);
        active.set(None);
        pending.set_value(Some(Timeout::new(REST, search)));
    };
    let found = Memo::new(move |_| {
        store.shop.with(|shop| match shop {
            Some(shop) => suggestions(&shop.queries, &browser::as_seen(&typed.read())),
            None => vec![],
        })
    });
    let choose = move |query: String| {
        typed.set(query);
        open.set(false);
        active.set(None);
        search();
    };
    let press = move |event: ev::KeyboardEvent| {
        if is_composing(&event) {
            return;
        }
        let count = found.with(Vec::len);
        let is_open = open.get() && count > 0;
        match event.key().as_str() {
            "ArrowDown" if count > 0 => {
                event.prevent_default();
                open.set(true);
                active.update(|at| *at = Some(at.map_or(0, |at| (at + 1) % count)));
            }
            "ArrowUp" if count > 0 => {
                event.prevent_default();
                open.set(true);
                active.update(|at| *at = Some(at.map_or(count - 1, |at| (at + count - 1) % count)));
            }
            "Enter" => match active.get().and_then(|at| found.with(|f| f.get(at).cloned())) {
                Some(query) if is_open => choose(query),
                _ => {
                    open.set(false);
                    search();
                }
            },
            "Escape" if is_open => {
                open.set(false);
                active.set(None);
            }
            _ => {}
        }
    };
    let shows = move || open.get() && found.with(|found| !found.is_empty());
    let feed = move || store.state.with(|s| s.surface() == Surface::Feed);
    let clear = move || {
        view! {
            <button
                type="button"
                class="icon"
                aria-label=say(word!("header.clear-query"))
                on:click=click(move || choose(String::new()))
            >
                <Mark name="close" />
            </button>
        }
        .into_any()
    };
    let option = move |(at, query): (usize, String)| {
        let chosen = query.clone();
        view! {
            <li
                role="option"
                id=format!("suggestion-{at}")
                aria-selected=move || (active.get() == Some(at)).to_string()
                on:click=click(move || choose(chosen.clone()))
            >
                <span translate="no">{query}</span>
            </li>
        }
    };
    let options =
        live(move || found.get().into_iter().enumerate().map(option).collect_view().into_any());
    view! {
        <div class="query" role="search" class:off=feed>
            <Mark name="search" />
            <input
                type="text"
                role="combobox"
                data-testid="query"
                aria-label=say(word!("header.query"))
                aria-autocomplete="list"
                aria-expanded=move || shows().to_string()
                aria-controls="suggestions"
                aria-activedescendant=move || {
                    active.get().filter(|_| shows()).map(|at| format!("suggestion-{at}"))
                }
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                placeholder=move || {
                    let key =
                        if feed() { word!("header.feed-needs-no-query") } else { word!("header.query-placeholder") };
                    say(key).to_string()
                }
                disabled=feed
                prop:value=move || if feed() { String::new() } else { typed.get() }
                on:input=move |event| type_in(&event)
                on:compositionend=move |event| type_in(&event)
                on:keydown=press
                on:focus=move |_| open.set(true)
                on:blur=move |_| open.set(false)
            />
            {when(move || !feed() && !typed.read().is_empty(), clear)}
            <ul
                id="suggestions"
                role="listbox"
                aria-label=say(word!("header.suggestions"))
                hidden=move || !shows()
                // The box keeps the focus, or the list would close under the press.
                on:mousedown=move |event| event.prevent_default()
            >
                {options}
            </ul>
        </div>
    }
}

/// Name of a backend as shown, and in `data-backend`.
fn backend_names(backend: Backend) -> (&'static str, &'static str) {
    match backend {
        Backend::Cpu => ("CPU", "cpu"),
        Backend::Webgpu => ("WebGPU", "webgpu"),
    }
}

/// How far a larger shop is that is being made for the run that is waited for.
pub fn growing(store: Store) -> Option<String> {
    let growing = store.status.with(|status| status.growing)?;
    let [made, of] = [growing.made, growing.of].map(|count| words::count(count as usize));
    let words = match growing.what {
        Making::Products => word!("backend.growing"),
        Making::Vectors => word!("backend.growing.vectors"),
        Making::Tree => word!("backend.growing.tree"),
    };
    Some(say_with(words, &[("made", &made), ("of", &of)]))
}

/// Who computes, how fast, and the switch.
#[component]
fn BackendBadge() -> impl IntoView {
    let store = store();
    let serving = move || store.answer.with(|answer| answer.as_ref().map(|answer| answer.backend));
    let total = move || {
        store.answer.with(|answer| match answer {
            // What was prepared took no time here.
            Some(answer) if !answer.timings.is_empty() => {
                let fresh = answer.timings.iter().filter(|t| !t.cached);
                words::milliseconds(fresh.map(|t| f64::from(t.milliseconds)).sum())
            }
            _ => String::new(),
        })
    };
    let fetching = move || {
        let progress = store.status.with(|status| status.fetching)?;
        let share = progress.loaded as f32 / progress.total as f32;
        Some(say_with(word!("backend.fetching"), &[("share", &words::percent(share))]))
    };
    // Told once, and not with every thousand.
    let to_be = Memo::new(move |_| store.status.with(|status| status.growing.map(|all| all.of)));
    let told = move || {
        let of = words::count(to_be.get()? as usize);
        Some(say_with(word!("backend.growing.told"), &[("of", &of)]))
    };
    let sells_more =
        move || store.state.with(|state| ShopSize::of(&state.settings) != ShopSize::Shipped);
    let gpu = move || {
        store.status.with(|status| match status.gpu {
            Gpu::Missing => say(word!("backend.gpu-missing")).into(),
            Gpu::Waiting => say(word!("backend.gpu-waiting")).into(),
            Gpu::Loading => match &status.gpu_progress {
                Some(p) if p.total > 0 => {
                    let [loaded, total] = [p.loaded, p.total].map(words::bytes);
                    say_with(
                        word!("backend.gpu-loading-of"),
                        &[("loaded", &loaded), ("total", &total)],
                    )
                }
                _ => say(word!("backend.gpu-loading")).into(),
            },
            Gpu::OnTrial if sells_more() => say(word!("backend.gpu-trial-waits")).into(),
            Gpu::OnTrial => say(word!("backend.gpu-on-trial")).into(),
            Gpu::Passed => say_with(word!("backend.gpu-passed"), &[("adapter", &status.adapter)]),
            Gpu::Refused => match &status.refusal {
                Some(why) => worded(why),
                None => say(word!("backend.gpu-refused")).into(),
            },
            Gpu::Unreachable => say(word!("backend.gpu-unreachable")).into(),
        })
    };
    let trial = live(move || {
        let Some((cpu, gpu)) = store.status.with(|status| status.trial) else {
            return ().into_any();
        };
        view! {
            <dl class="times">
                <dt>{say(word!("backend.cpu-answers"))}</dt>
                <dd data-testid="time-cpu" translate="no">{words::milliseconds(cpu)}</dd>
                <dt>{say(word!("backend.gpu-answers"))}</dt>
                <dd data-testid="time-webgpu" translate="no">{words::milliseconds(gpu)}</dd>
            </dl>
            <p prop:textContent=say(if gpu <= cpu + FRAME { word!("backend.auto-gpu") } else { word!("backend.auto-cpu") })></p>
        }
        .into_any()
    });
    let stages = live(move || {
        store.answer.with(|answer| {
            let timings = answer.iter().flat_map(|answer| &answer.timings);
            let line = |t: &StageTime| {
                let time = if t.cached {
                    say(word!("stages.kept")).into()
                } else {
                    words::milliseconds(t.milliseconds.into())
                };
                view! {
                    <dt prop:textContent=say(&word!("stages.{}", t.stage))></dt>
                    <dd data-stage=t.stage.clone() translate="no">{time}</dd>
                }
            };
            timings.map(line).collect_view().into_any()
        })
    });
    // A sheet that is open closes when something else is touched, and by Escape.
    let open = || browser::document().query_selector(".backend[open]").ok().flatten();
    heard("pointerdown", move |event: &Event| {
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let within = target.and_then(|target| target.closest(".backend").ok()).flatten().is_some();
        if let Some(sheet) = open().filter(|_| !within) {
            // Taking an attribute away cannot fail.
            let _ = sheet.remove_attribute("open");
        }
    });
    let escape = move |event: ev::KeyboardEvent| {
        if event.key() != "Escape" || is_composing(&event) {
            return;
        }
        let Some(sheet) = open() else { return };
        // Nothing else is closed by it, and the focus does not stay in what is gone.
        event.stop_propagation();
        let _ = sheet.remove_attribute("open");
        if let Ok(Some(summary)) = sheet.query_selector("summary")
            && let Ok(summary) = summary.dyn_into::<web_sys::HtmlElement>()
        {
            let _ = summary.focus();
        }
    };
    view! {
        <details
            class="backend"
            data-testid="backend"
            data-backend=move || serving().map(|b| backend_names(b).1.to_string())
            on:keydown=escape
        >
            <summary title=say(word!("backend.where"))>
                <span class="dot" class:on=move || serving().is_some()></span>
                <span prop:textContent=move || serving().map_or_else(|| say(word!("backend.starting")), |b| backend_names(b).0)></span>
                <span class="ms" translate="no">{move || growing(store).or_else(fetching).unwrap_or_else(total)}</span>
            </summary>
            <div class="sheet">
                <Segments knob=&BACKEND />
                <dl class="times">{stages}</dl>
                <p prop:textContent=gpu></p>
                {trial}
                <Keeping />
            </div>
        </details>
        {spoken(told)}
    }
}

/// The letter of a shortcut: what the key types, or where that is no Latin letter, what it types
/// at its place on a keyboard that has them.
fn shortcut(key: &str, code: &str) -> Option<char> {
    let mut letters = key.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) if letter.is_ascii_alphabetic() => Some(letter.to_ascii_lowercase()),
        _ => code.strip_prefix("Key")?.chars().next().map(|letter| letter.to_ascii_lowercase()),
    }
}

/// Undo, redo, and the way back to the state that the page was opened with: its query, its
/// shopper, its seed.
#[component]
fn UndoButtons(steps: StoredValue<Steps>) -> impl IntoView {
    let store = store();
    let ways = RwSignal::new((false, false));
    follow(move |_| {
        let now = store.link.get();
        let time = Duration::from_millis(browser::now() as u64);
        steps.update_value(|steps| steps.note(now, time));
        ways.set(steps.with_value(Steps::ways));
    });
    let go = move |to: Option<String>| {
        if let Some(link) = to {
            store.go(&link);
        }
    };
    let undo = move || go(steps.try_update_value(Steps::undo).flatten());
    let redo = move || go(steps.try_update_value(Steps::redo).flatten());
    let restart = move || go(Some(steps.with_value(Steps::start)));
    heard("keydown", move |event: &ev::KeyboardEvent| {
        let held = (event.ctrl_key() || event.meta_key()) && !event.alt_key();
        if !held || is_composing(event) || is_typed_into(event) {
            return;
        }
        match (shortcut(&event.key(), &event.code()), event.shift_key()) {
            (Some('z'), false) => undo(),
            (Some('z'), true) | (Some('y'), false) => redo(),
            _ => return,
        }
        event.prevent_default();
    });
    let button = |name: &'static str,
                  mark: &'static str,
                  testid: &'static str,
                  off: Box<dyn Fn() -> bool + Send + Sync>,
                  act: Box<dyn Fn()>| {
        view! {
            <button
                type="button"
                class="icon"
                data-testid=testid
                aria-label=say(name)
                title=say(name)
                disabled=off
                on:click=click(act)
            >
                <Mark name=mark />
            </button>
        }
        .into_any()
    };
    view! {
        <div class="steps" role="group" aria-label=say(word!("header.changes"))>
            {button(word!("header.undo"), "undo", "undo", Box::new(move || !ways.get().0), Box::new(undo))}
            {button(word!("header.redo"), "redo", "redo", Box::new(move || !ways.get().1), Box::new(redo))}
            {button(word!("header.restart"), "restart", "restart", Box::new(move || !ways.get().0), Box::new(restart))}
        </div>
    }
}

/// The way to the next language, called as its speakers call it.
#[component]
fn LanguageButton() -> impl IntoView {
    let store = store();
    let next = language::shown().next();
    let turn = move || store.view.update(|view| view.language = Some(next));
    view! {
        <button
            type="button"
            class="icon language"
            data-testid="language"
            lang=next.tag()
            aria-label=format!("{}, {}", next.sign(), next.name())
            title=next.name()
            on:click=click(turn)
        >
            {next.sign()}
        </button>
    }
}

#[component]
fn ThemeButton() -> impl IntoView {
    let store = store();
    let turn = move || screen::turn(!browser::is_dark());
    let name = move || {
        say(if store.dark.get() { word!("header.light") } else { word!("header.dark") }).to_string()
    };
    view! {
        <button
            type="button"
            class="icon"
            data-testid="theme"
            aria-label=name
            title=name
            on:click=click(turn)
        >
            {live(move || view! { <Mark name=if store.dark.get() { "sun" } else { "moon" } /> }.into_any())}
        </button>
    }
}

#[component]
fn ShareButton() -> impl IntoView {
    let store = store();
    let done = RwSignal::new(false);
    let share = move || {
        let link = store.link.get_untracked();
        browser::set_link(&link, false);
        // Of the state, and not of the page: where the history may not be written they differ.
        let address = browser::address_of(&link);
        leptos::task::spawn_local(async move {
            if browser::copy(&address).await {
                let _ = done.try_set(true);
                let end = move || {
                    let _ = done.try_set(false);
                };
                set_timeout(end, Duration::from_secs(2));
            } else {
                browser::offer_to_copy(&address, say(word!("page.to-copy")));
                store.tell("clipboard-refused", Message::new(word!("notices.clipboard-refused")));
            }
        });
    };
    view! {
        <button type="button" class="solid share" data-testid="share" on:click=click(share)>
            {live(move || view! { <Mark name=if done.get() { "check" } else { "link" } /> }.into_any())}
            <span aria-live="polite" prop:textContent=move || say(if done.get() { word!("header.copied") } else { word!("header.share") })></span>
        </button>
    }
}
