//! The state in other hands: as a link, a code to photograph, a frame in another page, files.

use std::sync::Arc;

use gloo_events::EventListener;
use leptos::html::Textarea;
use leptos::prelude::*;
use web_sys::{File, HtmlInputElement};

use super::browser::{download, download_png, dropped_file, has_decimal_comma, read_file, today};
use super::engine::Engine;
use super::export::{self, Cells, Source};
use super::figures::{Figure, SIZE, figures};
use super::panels::Panel;
use link::view::{Link, PARTS};
use market::language::Message;
use page::browser;
use page::code::code;
use page::language::{say, say_with, text, worded};
use page::latest::Latest;
use page::parts::{click, follow, live, when};
use page::store::{Store, store};
use protocol::words;
use protocol::{Answer, Shop};

/// Characters of a link over which mail and chats begin to cut it.
const LONG: usize = 2_000;

/// The link as an address of this page, with other parts embedded, and without its panel: who
/// opens it should see the shelf.
fn address(link: &str, embed: &[&'static str]) -> String {
    let (mut link, _) = Link::read(link);
    link.view.panel = link.view.panel.filter(|panel| *panel != PANEL.key);
    link.view.embed = embed.to_vec();
    browser::address_of(&link.write())
}

/// A text with a button that copies it.
#[component]
fn Copied(label: &'static str, testid: &'static str, text: Signal<String>) -> impl IntoView {
    let done = RwSignal::new(None::<bool>);
    let area = NodeRef::<Textarea>::new();
    let copy = move || {
        let text = text.get_untracked();
        leptos::task::spawn_local(async move {
            let worked = browser::copy(&text).await;
            let _ = done.try_set(Some(worked));
            // What could not be copied here is selected, to be copied by hand.
            if let (false, Some(area)) = (worked, area.try_get_untracked().flatten()) {
                area.select();
            }
        });
    };
    let said = move || match done.get() {
        None => say(word!("studio.share.copy")),
        Some(true) => say(word!("header.copied")),
        Some(false) => say(word!("studio.share.refused")),
    };
    follow(move |_| {
        text.track();
        done.set(None);
    });
    view! {
        <div class="copied">
            <textarea node_ref=area readonly rows="3" aria-label=move || say(label) data-testid=testid prop:value=move || text.get()></textarea>
            <button type="button" class="outlined" on:click=click(copy)>
                <span aria-live="polite" prop:textContent=said></span>
            </button>
        </div>
    }
}

/// Link, embedding, files.
pub const PANEL: Panel =
    Panel::new("share", word!("studio.panels.share"), word!("studio.panels.share.about"), || {
        view! { <Share /> }.into_any()
    });

#[component]
fn Share() -> impl IntoView {
    let store = store();
    let engine: Engine = expect_context();
    // What went wrong with a file, or what came of it.
    let said = RwSignal::new(None::<Message>);
    let answer = RwSignal::new(None::<Result<Arc<Answer>, Message>>);
    let asked = Latest::new();
    follow(move |_| {
        let state = store.state.get();
        let turn = asked.begin();
        let engine = engine.clone();
        leptos::task::spawn_local(async move {
            let found = engine.answer(&state).await;
            if turn.is_latest() {
                let _ = answer.try_set(Some(found));
            }
        });
    });
    let link = Signal::derive(move || store.link.with(|link| address(link, &[])));
    let drop_in = move |file: File| {
        leptos::task::spawn_local(async move {
            let name = file.name();
            let link = read_file(&file).await.and_then(|text| export::read_state(&text));
            match link {
                Ok(link) => {
                    store.go(&link);
                    let _ = said.try_set(Some(
                        Message::new(word!("studio.share.opened")).with("name", name),
                    ));
                }
                Err(why) => {
                    let says = Message::new(word!("studio.share.no-state"));
                    let _ = said.try_set(Some(says.with("name", name).with("why", why)));
                }
            }
        });
    };
    let dropped = move || {
        if let Some(file) = dropped_file(false) {
            drop_in(file);
        }
    };
    dropped();
    // It listens for as long as the panel is there.
    StoredValue::new_local(EventListener::new(
        &browser::document(),
        "vitrine-dropped",
        move |_| dropped(),
    ));
    let chosen = move |event: leptos::ev::Event| {
        let input = event_target::<HtmlInputElement>(&event);
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            drop_in(file);
        }
        // The same file can be chosen again.
        input.set_value("");
    };
    let told = move |result: Result<(), Message>| {
        if let Err(why) = result {
            // The panel may have been closed meanwhile.
            let _ =
                said.try_set(Some(Message::new(word!("studio.share.no-file")).with("why", why)));
        }
    };
    let cells = RwSignal::new(if has_decimal_comma() { Cells::Semicolon } else { Cells::Comma });
    // The ranking as its file says it, and the file's name.
    let save_ranking = move |ending: &'static str, kind: &'static str, write: Writer| {
        let file = match answer.get_untracked() {
            Some(Ok(answer)) => source(store, move |source| {
                let shop = store
                    .shop
                    .get_untracked()
                    .ok_or_else(|| Message::new(word!("studio.why.no-shop")))?;
                let text =
                    write(&answer, source, &shop, cells.get_untracked()).map_err(unwritten)?;
                Ok((source.file("ranking", ending), text))
            }),
            Some(Err(why)) => Err(why),
            None => Err(Message::new(word!("studio.why.computing"))),
        };
        told(file.and_then(|(name, text)| download(&name, kind, &text)));
    };
    let save_csv = move || {
        let (ending, kind) = cells.get_untracked().file();
        save_ranking(ending, kind, export::csv);
    };
    let save_json = move || {
        save_ranking("json", "application/json", |answer, source, shop, _| {
            export::json(answer, source, shop)
        });
    };
    let save_state = move || {
        let file = export::write_state(&store.link.get_untracked()).map_err(unwritten);
        let name = source(store, |source| source.file("vitrine", "json"));
        told(file.and_then(|text| download(&name, "application/json", &text)));
    };
    let of_cells = Cells::ALL.map(|(form, key)| {
        view! {
            <option
                value=key
                prop:selected=move || cells.get() == form
                prop:textContent=move || say(&word!("studio.share.cells.{}", key))
            ></option>
        }
    });
    let choose_cells = move |event| {
        let chosen = event_target_value(&event);
        if let Some((form, _)) = Cells::ALL.iter().find(|(_, key)| *key == chosen) {
            cells.set(*form);
        }
    };
    let length = Memo::new(move |_| link.with(|link| link.chars().count()));
    let long = move || {
        let text = say_with(word!("studio.share.long"), &[("most", &words::count(LONG))]);
        view! {
            <p data-testid="long-link" role="status">{text}</p>
            <button type="button" class="outlined" data-testid="save-long" on:click=click(save_state) prop:textContent=say(word!("studio.share.state"))></button>
        }
        .into_any()
    };
    view! {
        <div class="sharing" data-testid="sharing">
            <section>
                <h3 prop:textContent=text(word!("studio.share.link"))></h3>
                <p prop:textContent=text(word!("studio.share.link.about"))></p>
                <Copied label=word!("studio.share.link") testid="share-link" text=link />
                <p class="note" prop:textContent=move || {
                    say_with(word!("studio.share.characters"), &[("count", &words::count(length.get()))])
                }></p>
                {when(move || length.get() > LONG, long)}
            </section>
            <section>
                <h3 prop:textContent=text(word!("studio.share.code"))></h3>
                {live(move || qr(store, link.get(), told))}
            </section>
            <Embedding />
            <section>
                <h3 prop:textContent=text(word!("studio.share.files"))></h3>
                <p prop:textContent=text(word!("studio.share.files.about"))></p>
                <label class="cells">
                    <span prop:textContent=text(word!("studio.share.cells"))></span>
                    <select data-testid="cells" on:change=choose_cells>{of_cells.into_iter().collect_view()}</select>
                </label>
                <div class="row">
                    <button type="button" class="outlined" data-testid="save-csv" on:click=click(save_csv) prop:textContent=text(word!("studio.share.csv"))></button>
                    <button type="button" class="outlined" data-testid="save-json" on:click=click(save_json) prop:textContent=text(word!("studio.share.json"))></button>
                    <button type="button" class="outlined" data-testid="save-state" on:click=click(save_state) prop:textContent=text(word!("studio.share.state"))></button>
                </div>
                <label class="file">
                    <span prop:textContent=text(word!("studio.share.open"))></span>
                    <input type="file" accept=".json,application/json" data-testid="open-state" on:change=chosen />
                </label>
                {live(move || match said.get() {
                    Some(says) => view! { <p data-testid="notice" role="alert" prop:textContent=worded(&says)></p> }.into_any(),
                    None => ().into_any(),
                })}
            </section>
            <section class="broad">
                <h3 prop:textContent=text(word!("studio.share.charts"))></h3>
                {live(move || charts(store, answer.get(), told))}
            </section>
        </div>
    }
}

/// Writes a ranking.
type Writer = fn(&Answer, &Source<'_>, &Shop, Cells) -> Result<String, String>;

/// What a file says of where it is from.
pub fn source<T>(store: Store, told: impl FnOnce(&Source<'_>) -> T) -> T {
    let address = store.link.with_untracked(|link| address(link, &[]));
    let date = today();
    store.state.with_untracked(|state| told(&Source { state, address: &address, date: &date }))
}

/// Why a file could not be written, as whoever writes it said.
fn unwritten(why: String) -> Message {
    Message::new(word!("studio.why.unwritten")).with("why", why)
}

fn qr(
    store: Store,
    link: String,
    told: impl Fn(Result<(), Message>) + Copy + Send + Sync + 'static,
) -> AnyView {
    let Some(svg) = code(&link) else {
        return view! { <p class="empty" data-testid="no-code" prop:textContent=say(word!("studio.share.too-long"))></p> }
            .into_any();
    };
    let file = svg.clone();
    let save = move || {
        let name = source(store, |source| source.file("link", "svg"));
        told(download(&name, "image/svg+xml", &file));
    };
    view! {
        <div class="code" role="img" aria-label=say(word!("studio.share.qr")) data-testid="qr" inner_html=svg></div>
        <button type="button" class="outlined" on:click=click(save)>"SVG"</button>
    }
    .into_any()
}

/// The page within another: which parts, how large, and what to paste.
#[component]
fn Embedding() -> impl IntoView {
    let store = store();
    let parts = RwSignal::new(vec!["shelf", "knobs"]);
    let size = RwSignal::new((960_u32, 640_u32));
    // The page around lets in only frames that allow it, or that bring nothing of the reader's.
    let isolated = RwSignal::new(false);
    let source = Memo::new(move |_| {
        let parts = parts.get();
        store.link.with(|link| address(link, &parts))
    });
    let snippet = Signal::derive(move || {
        let (width, height) = size.get();
        let source = source.get().replace('&', "&amp;").replace('"', "&quot;");
        let credentialless = if isolated.get() { " credentialless" } else { "" };
        format!(
            "<iframe src=\"{source}\" width=\"{width}\" height=\"{height}\" title=\"Vitrine\" loading=\"lazy\"{credentialless} style=\"border:0\"></iframe>"
        )
    });
    let part = move |name: &'static str| {
        let on = move || parts.with(|parts| parts.contains(&name));
        let turn = move |_| {
            parts.update(|parts| match parts.iter().position(|part| *part == name) {
                // One part at least.
                Some(at) if parts.len() > 1 => {
                    parts.remove(at);
                }
                Some(_) => (),
                None => parts.push(name),
            });
        };
        view! {
            <label class="check">
                <input type="checkbox" prop:checked=on on:change=turn />
                <span prop:textContent=move || say(&word!("studio.parts.{}", name))></span>
            </label>
        }
    };
    let number = move |label: &'static str,
                       get: fn((u32, u32)) -> u32,
                       set: fn(&mut (u32, u32), u32)| {
        let turn = move |event| {
            if let Ok(value) = event_target_value(&event).parse::<u32>() {
                size.update(|size| set(size, value.clamp(200, 4000)));
            }
        };
        view! {
            <label class="number">
                <span prop:textContent=text(label)></span>
                <input type="number" min="200" max="4000" step="10" prop:value=move || get(size.get()) on:change=turn />
            </label>
        }
    };
    view! {
        <section>
            <h3 prop:textContent=text(word!("studio.share.embed"))></h3>
            <p prop:textContent=text(word!("studio.share.embed.about"))></p>
            <div class="row">{PARTS.map(part).into_iter().collect_view()}</div>
            <div class="row">
                {number(word!("studio.share.width"), |size| size.0, |size, value| size.0 = value)}
                {number(word!("studio.share.height"), |size| size.1, |size, value| size.1 = value)}
                <a class="outlined" target="_blank" href=move || source.get() prop:textContent=text(word!("studio.share.try"))></a>
            </div>
            <label class="check">
                <input
                    type="checkbox"
                    data-testid="share-isolated"
                    prop:checked=move || isolated.get()
                    on:change=move |event| isolated.set(event_target_checked(&event))
                />
                <span prop:textContent=text(word!("studio.share.isolated"))></span>
            </label>
            <p class="note" prop:textContent=text(word!("studio.share.isolated.about"))></p>
            <Copied label=word!("studio.share.frame") testid="share-frame" text=snippet />
        </section>
    }
}

fn charts(
    store: Store,
    answer: Option<Result<Arc<Answer>, Message>>,
    told: impl Fn(Result<(), Message>) + Copy + Send + Sync + 'static,
) -> AnyView {
    let answer = match answer {
        None => {
            return view! { <p class="empty" role="status" prop:textContent=say(word!("studio.share.computing"))></p> }
                .into_any();
        }
        Some(Err(why)) => {
            return view! { <p data-testid="notice" role="alert" prop:textContent=worded(&why)></p> }.into_any();
        }
        Some(Ok(answer)) => answer,
    };
    let chart = move |figure: Figure| {
        let Figure { title, file, svg } = figure;
        let named = move |ending| source(store, |source| source.file(&file, ending));
        let (name, drawing) = (named("svg"), svg.clone());
        let save_svg = move || told(download(&name, "image/svg+xml", &drawing));
        let (name, drawing) = (named("png"), svg.clone());
        let save_png = move || {
            let (name, drawing) = (name.clone(), drawing.clone());
            leptos::task::spawn_local(async move {
                told(download_png(&name, &drawing, SIZE).await);
            });
        };
        view! {
            <figure>
                <div class="drawing" role="img" aria-label=title.clone() inner_html=svg></div>
                <figcaption prop:textContent=title></figcaption>
                <div class="row">
                    <button type="button" class="outlined" on:click=click(save_svg)>"SVG"</button>
                    <button type="button" class="outlined" on:click=click(save_png)>"PNG"</button>
                </div>
            </figure>
        }
    };
    let all = store.state.with_untracked(|state| figures(&answer, state));
    view! { <div class="charts">{all.into_iter().map(chart).collect_view()}</div> }.into_any()
}
