//! The state in other hands: as a link, a code to photograph, a frame in another page, files.

use std::sync::Arc;

use leptos::prelude::*;
use qrcodegen::{QrCode, QrCodeEcc};
use wasm_bindgen::JsValue;
use web_sys::{File, HtmlInputElement};

use super::browser::{download, download_png, dropped_file, read_file};
use super::engine::Engine;
use super::export;
use super::figures::{Figure, SIZE, figures};
use crate::app::browser;
use crate::app::language::{say, say_with, text, worded};
use crate::app::parts::{click, follow, live};
use crate::app::store::{Store, store};
use crate::app::words;
use crate::language::Message;
use crate::protocol::Answer;
use crate::share::view::PARTS;

/// Light modules around a code, which readers need.
const MARGIN: i32 = 4;

/// The link as an address of this page, with other parts embedded, and without its panel: who
/// opens it should see the shelf.
fn address(link: &str, embed: &[&str]) -> String {
    let location = browser::window().location();
    let origin = location.origin().unwrap_or_default();
    let path = location.pathname().unwrap_or_default();
    let parts = link.trim_start_matches('?').split('&');
    let mut parts: Vec<String> = parts
        .filter(|part| {
            !part.is_empty() && !part.starts_with("panel=share") && !part.starts_with("embed=")
        })
        .map(String::from)
        .collect();
    if !embed.is_empty() {
        parts.push(format!("embed={}", embed.join(",")));
    }
    let mark = if parts.is_empty() { "" } else { "?" };
    format!("{origin}{path}{mark}{}", parts.join("&"))
}

/// A code of a text as SVG; none where the text is too long for one.
fn code(text: &str) -> Option<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Low).ok()?;
    let size = code.size() + 2 * MARGIN;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in 0..code.size() {
            if code.get_module(x, y) {
                path += &format!("M{} {}h1v1h-1z", x + MARGIN, y + MARGIN);
            }
        }
    }
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" width=\"{0}\" height=\"{0}\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{size}v{size}H0z\"/><path d=\"{path}\"/></svg>",
        8 * size
    ))
}

/// A text with a button that copies it.
#[component]
fn Copied(label: &'static str, testid: &'static str, text: Signal<String>) -> impl IntoView {
    let done = RwSignal::new(None::<bool>);
    let copy = move || {
        let text = text.get_untracked();
        leptos::task::spawn_local(async move {
            let worked = browser::copy(&text).await;
            let _ = done.try_set(Some(worked));
        });
    };
    let said = move || match done.get() {
        None => say("studio.share.copy"),
        Some(true) => say("header.copied"),
        Some(false) => say("studio.share.refused"),
    };
    follow(move |_| {
        text.track();
        done.set(None);
    });
    view! {
        <div class="copied">
            <textarea readonly rows="3" aria-label=move || say(label) data-testid=testid prop:value=move || text.get()></textarea>
            <button type="button" class="outlined" on:click=click(copy)>
                <span aria-live="polite">{said}</span>
            </button>
        </div>
    }
}

#[component]
pub fn Share() -> impl IntoView {
    let store = store();
    let engine: Engine = expect_context();
    // What went wrong with a file, or what came of it.
    let said = RwSignal::new(None::<Message>);
    let answer = RwSignal::new(None::<Result<Arc<Answer>, Message>>);
    let number = StoredValue::new(0_u32);
    follow(move |_| {
        let state = store.state.get();
        let mine = number.try_update_value(|number| {
            *number += 1;
            *number
        });
        let engine = engine.clone();
        leptos::task::spawn_local(async move {
            let found = engine.answer(&state).await;
            if number.try_get_value() == mine {
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
                    let _ =
                        said.try_set(Some(Message::new("studio.share.opened").with("name", name)));
                }
                Err(why) => {
                    let says = Message::new("studio.share.no-state");
                    let _ = said.try_set(Some(says.with("name", name).with("why", why)));
                }
            }
        });
    };
    let dropped = move || {
        if let Some(file) = dropped_file() {
            drop_in(file);
        }
    };
    dropped();
    let listener = leptos::prelude::document();
    let heard = wasm_bindgen::closure::Closure::<dyn Fn()>::new(dropped);
    let heard = StoredValue::new_local(heard);
    heard.with_value(|heard| {
        use wasm_bindgen::JsCast;
        // Listening to the document does not fail.
        let _ = listener
            .add_event_listener_with_callback("vitrine-dropped", heard.as_ref().unchecked_ref());
    });
    on_cleanup(move || {
        heard.with_value(|heard| {
            use wasm_bindgen::JsCast;
            let _ = leptos::prelude::document().remove_event_listener_with_callback(
                "vitrine-dropped",
                heard.as_ref().unchecked_ref(),
            );
        });
    });
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
            let _ = said.try_set(Some(Message::new("studio.share.no-file").with("why", why)));
        }
    };
    let save = move |name: &'static str, kind: &'static str, text: Result<String, Message>| {
        told(text.and_then(|text| download(name, kind, &JsValue::from_str(&text))));
    };
    let of_answer =
        move |write: fn(&Answer, Store) -> Result<String, Message>| match answer.get_untracked() {
            Some(Ok(answer)) => write(&answer, store),
            Some(Err(why)) => Err(why),
            None => Err(Message::new("studio.why.computing")),
        };
    let save_csv = move || {
        save(
            "ranking.csv",
            "text/csv",
            of_answer(|answer, store| {
                let shop =
                    store.shop.get_untracked().ok_or_else(|| Message::new("studio.why.no-shop"))?;
                export::csv(answer, &store.state.get_untracked(), &shop).map_err(unwritten)
            }),
        );
    };
    let save_json = move || {
        save(
            "ranking.json",
            "application/json",
            of_answer(|answer, store| {
                let shop =
                    store.shop.get_untracked().ok_or_else(|| Message::new("studio.why.no-shop"))?;
                let link = store.link.get_untracked();
                export::json(answer, &store.state.get_untracked(), &shop, &link).map_err(unwritten)
            }),
        );
    };
    let save_state = move || {
        let file = export::write_state(&store.link.get_untracked()).map_err(unwritten);
        save("vitrine.json", "application/json", file);
    };
    view! {
        <div class="sharing" data-testid="sharing">
            <section>
                <h3>{text("studio.share.link")}</h3>
                <p>{text("studio.share.link.about")}</p>
                <Copied label="studio.share.link" testid="share-link" text=link />
                <p class="note">{move || {
                    let count = words::count(link.with(|link| link.chars().count()));
                    say_with("studio.share.characters", &[("count", &count)])
                }}</p>
            </section>
            <section>
                <h3>{text("studio.share.code")}</h3>
                {live(move || qr(link.get(), told))}
            </section>
            <Embedding />
            <section>
                <h3>{text("studio.share.files")}</h3>
                <p>{text("studio.share.files.about")}</p>
                <div class="row">
                    <button type="button" class="outlined" data-testid="save-csv" on:click=click(save_csv)>{text("studio.share.csv")}</button>
                    <button type="button" class="outlined" data-testid="save-json" on:click=click(save_json)>{text("studio.share.json")}</button>
                    <button type="button" class="outlined" data-testid="save-state" on:click=click(save_state)>{text("studio.share.state")}</button>
                </div>
                <label class="file">
                    <span>{text("studio.share.open")}</span>
                    <input type="file" accept=".json,application/json" data-testid="open-state" on:change=chosen />
                </label>
                {live(move || match said.get() {
                    Some(says) => view! { <p data-testid="notice" role="alert">{worded(&says)}</p> }.into_any(),
                    None => ().into_any(),
                })}
            </section>
            <section class="broad">
                <h3>{text("studio.share.charts")}</h3>
                {live(move || charts(store, answer.get(), told))}
            </section>
        </div>
    }
}

/// Why a file could not be written, as whoever writes it said.
fn unwritten(why: String) -> Message {
    Message::new("studio.why.unwritten").with("why", why)
}

fn qr(link: String, told: impl Fn(Result<(), Message>) + Copy + Send + Sync + 'static) -> AnyView {
    let Some(svg) = code(&link) else {
        return view! { <p class="empty">{say("studio.share.too-long")}</p> }.into_any();
    };
    let file = svg.clone();
    let save = move || told(download("vitrine.svg", "image/svg+xml", &JsValue::from_str(&file)));
    view! {
        <div class="code" role="img" aria-label=say("studio.share.qr") data-testid="qr" inner_html=svg></div>
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
    let source = Memo::new(move |_| {
        let parts = parts.get();
        store.link.with(|link| address(link, &parts))
    });
    let snippet = Signal::derive(move || {
        let (width, height) = size.get();
        let source = source.get().replace('&', "&amp;").replace('"', "&quot;");
        format!(
            "<iframe src=\"{source}\" width=\"{width}\" height=\"{height}\" title=\"Vitrine\" loading=\"lazy\" style=\"border:0\"></iframe>"
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
                {move || say(&format!("studio.parts.{name}"))}
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
                {text(label)}
                <input type="number" min="200" max="4000" step="10" prop:value=move || get(size.get()) on:change=turn />
            </label>
        }
    };
    view! {
        <section>
            <h3>{text("studio.share.embed")}</h3>
            <p>{text("studio.share.embed.about")}</p>
            <div class="row">{PARTS.map(part).into_iter().collect_view()}</div>
            <div class="row">
                {number("studio.share.width", |size| size.0, |size, value| size.0 = value)}
                {number("studio.share.height", |size| size.1, |size, value| size.1 = value)}
                <a class="outlined" target="_blank" href=move || source.get()>{text("studio.share.try")}</a>
            </div>
            <Copied label="studio.share.frame" testid="share-frame" text=snippet />
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
            return view! { <p class="empty" role="status">{say("studio.share.computing")}</p> }
                .into_any();
        }
        Some(Err(why)) => {
            return view! { <p data-testid="notice" role="alert">{worded(&why)}</p> }.into_any();
        }
        Some(Ok(answer)) => answer,
    };
    let chart = move |figure: Figure| {
        let Figure { title, file, svg } = figure;
        let (name, drawing) = (format!("{file}.svg"), svg.clone());
        let save_svg = move || told(download(&name, "image/svg+xml", &JsValue::from_str(&drawing)));
        let (name, drawing) = (format!("{file}.png"), svg.clone());
        let save_png = move || {
            let (name, drawing) = (name.clone(), drawing.clone());
            leptos::task::spawn_local(async move {
                told(download_png(&name, &drawing, SIZE).await);
            });
        };
        view! {
            <figure>
                <div class="drawing" role="img" aria-label=title.clone() inner_html=svg></div>
                <figcaption>{title}</figcaption>
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
