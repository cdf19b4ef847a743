//! The few things that are asked of the browser directly, each without a panic where it refuses.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use gloo_events::EventListener;
use js_sys::{Array, Function, JsString, Promise, Reflect, RegExp};
use leptos::prelude::{request_animation_frame, set_timeout};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    Document, Event, HtmlElement, ScrollBehavior, ScrollIntoViewOptions, ScrollLogicalPosition,
    Storage, Window, Worker,
};

/// Key under which the theme is remembered.
const THEME: &str = "vitrine-theme";
/// Keys of notices that have been told, one after another.
const TOLD: &str = "vitrine-told";
/// Longest that a paint is waited for.
const UNPAINTED: Duration = Duration::from_millis(500);

/// The window.
pub fn window() -> Window {
    leptos::prelude::window()
}

/// The document.
pub fn document() -> Document {
    leptos::prelude::document()
}

/// Milliseconds on a steady clock.
pub fn now() -> f64 {
    window().performance().map_or(0.0, |performance| performance.now())
}

/// Acts once what the document says now is painted; nothing calls that off, which is what gloo's timers
/// and frames are for. A page out of sight is not painted, nor is a
/// frame that is scrolled out of sight, which can't be asked for: there a moment is waited.
pub fn after_paint(act: impl FnOnce() + 'static) {
    fn of_one_type(act: Box<dyn FnOnce()>) {
        if document().hidden() {
            set_timeout(act, Duration::ZERO);
            return;
        }
        let act = Rc::new(Cell::new(Some(act)));
        let other = act.clone();
        request_animation_frame(move || {
            set_timeout(move || act.take().into_iter().for_each(|act| act()), Duration::ZERO);
        });
        set_timeout(move || other.take().into_iter().for_each(|act| act()), UNPAINTED);
    }
    of_one_type(Box::new(act));
}

/// Scrolls so that the element with this id is in view, with the heading of its panel. Where a lesson is open
/// that is done at once: the lesson scrolls too, and one smooth scroll ends another.
pub fn reveal(id: &str) {
    let element = document().get_element_by_id(id);
    let panel = element.and_then(|element| element.closest(".panel").ok().flatten());
    let Some(panel) = panel else { return };
    let options = ScrollIntoViewOptions::new();
    options.set_block(ScrollLogicalPosition::Nearest);
    let in_lesson = marked("studio") == "lesson";
    options.set_behavior(if in_lesson || less_motion() {
        ScrollBehavior::Instant
    } else {
        ScrollBehavior::Smooth
    });
    panel.scroll_into_view_with_scroll_into_view_options(&options);
}

/// Whether the browser knows WebGPU at all; an adapter may still be refused.
pub fn has_webgpu() -> bool {
    let navigator = window().navigator();
    Reflect::get(&navigator, &JsValue::from_str("gpu")).is_ok_and(|gpu| gpu.is_object())
}

/// Gigabytes of memory that the browser says this device has, rounded; many say nothing of it.
pub fn gigabytes() -> Option<f64> {
    let navigator = window().navigator();
    Reflect::get(&navigator, &JsValue::from_str("deviceMemory")).ok()?.as_f64()
}

/// The CPU engine that `www/early.js` started before this program arrived, and what was heard from
/// it since. None if that failed, or if it was taken before.
pub fn early_engine() -> Option<(Worker, Vec<Event>)> {
    let engine = left("vitrineEngine")?;
    let worker = Reflect::get(&engine, &"worker".into()).ok()?.dyn_into().ok()?;
    let heard: Array = Reflect::get(&engine, &"heard".into()).ok()?.dyn_into().ok()?;
    Some((worker, heard.iter().filter_map(|event| event.dyn_into().ok()).collect()))
}

/// The file that `www/early.js` sent for before this program arrived; none where it sent for none, or
/// if that was taken before.
pub fn early_file() -> Option<Promise> {
    left("vitrinePrepared")?.dyn_into().ok()
}

/// What `www/early.js` left under a name of the window, once.
fn left(name: &str) -> Option<JsValue> {
    let (window, name) = (window(), JsValue::from_str(name));
    let value = Reflect::get(&window, &name).ok()?;
    Reflect::delete_property(&window, &name).ok()?;
    Some(value)
}

/// A file beside the page as it is of the page's own version: the host may have another by now.
pub fn versioned(name: &str) -> String {
    match marked("version").as_str() {
        "" => name.into(),
        version => format!("{name}?build={version}"),
    }
}

/// The address of a file that a person asks to be fetched once more: past every cache, and past
/// what the browser remembers of the last attempt.
pub fn again(address: String, attempts: u32) -> String {
    let mark = if address.contains('?') { '&' } else { '?' };
    match attempts {
        0 => address,
        _ => format!("{address}{mark}retry={attempts}"),
    }
}

/// Whether the page stands in another, with the parts that were asked for.
pub fn is_embedded() -> bool {
    !marked("embed").is_empty()
}

/// An address relative to the page's, made absolute, so that the page works under any path.
pub fn address(relative: &str) -> String {
    let base = document().base_uri().ok().flatten().unwrap_or_default();
    web_sys::Url::new_with_base(relative, &base).map_or_else(|_| relative.into(), |url| url.href())
}

/// Sets a `data-` attribute of the document's root.
pub fn mark(name: &str, value: &str) {
    if let Some(root) = document().document_element() {
        // Setting a well-formed attribute cannot fail.
        let _ = root.set_attribute(&format!("data-{name}"), value);
    }
}

/// A `data-` attribute of the document's root; empty where it has none.
pub fn marked(name: &str) -> String {
    let root = document().document_element();
    root.and_then(|root| root.get_attribute(&format!("data-{name}"))).unwrap_or_default()
}

/// Says which language the document is in.
pub fn speak(tag: &str) {
    if let Some(root) = document().document_element() {
        // Setting a well-formed attribute cannot fail.
        let _ = root.set_attribute("lang", tag);
    }
}

/// Where things are remembered, if the browser allows it: gloo's storage panics where it does not, and
/// keeps JSON, which this program does not read.
pub fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// Whether the browser lets the page remember anything.
pub fn remembers() -> bool {
    storage().is_some()
}

/// What the browser remembers under this key, if it remembers anything.
pub fn recall(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

/// Lets the browser remember a text, if it does: not where it is forbidden, or its storage full.
pub fn remember(key: &str, text: &str) -> bool {
    storage().is_some_and(|storage| storage.set_item(key, text).is_ok())
}

/// Whether a notice is told for the first time in this browser, as far as it remembers.
pub fn is_news(key: &str) -> bool {
    let told = recall(TOLD).unwrap_or_default();
    let known = told.split(' ').any(|of| of == key);
    if !known {
        // Where it is not remembered it is told again, which harms nobody.
        remember(TOLD, &format!("{told} {key}"));
    }
    !known
}

/// Whether the page is shown dark; `www/early.js` settled it before the first paint.
pub fn is_dark() -> bool {
    marked("theme") == "dark"
}

/// Shows the page as the system now asks for, unless the person chose otherwise here.
pub fn follow_system_theme() {
    if recall(THEME).is_none() {
        let dark = matches_media("(prefers-color-scheme: dark)");
        mark("theme", if dark { "dark" } else { "light" });
    }
}

/// Shows the page dark or light from now on.
pub fn set_dark(dark: bool) {
    let name = if dark { "dark" } else { "light" };
    mark("theme", name);
    // A full storage forgets the theme, which harms nobody.
    remember(THEME, name);
}

/// Whether the person asked the system for less motion.
pub fn less_motion() -> bool {
    matches_media("(prefers-reduced-motion: reduce)")
}

fn matches_media(query: &str) -> bool {
    window().match_media(query).ok().flatten().is_some_and(|media| media.matches())
}

/// A colour or font of the style sheet, as the root has it now.
pub fn style_value(name: &str) -> String {
    document()
        .document_element()
        .and_then(|root| window().get_computed_style(&root).ok().flatten())
        .and_then(|style| style.get_property_value(name).ok())
        .map(|value| value.trim().to_string())
        .unwrap_or_default()
}

/// What the page's address says: what stands in it behind `?` and `#`.
pub fn link() -> String {
    let location = window().location();
    location.search().unwrap_or_default() + &location.hash().unwrap_or_default()
}

/// The address under which this page opens a link.
pub fn address_of(link: &str) -> String {
    let href = window().location().href().unwrap_or_default();
    format!("{}{link}", href.split(['?', '#']).next().unwrap_or_default())
}

/// Writes the link into the page's address: as a new step of the browser's history, or in place
/// of the present one.
pub fn set_link(link: &str, step: bool) {
    let address = address_of(link);
    let Ok(history) = window().history() else { return };
    // A sandboxed frame may refuse; the page works without.
    let _ = if step {
        history.push_state_with_url(&JsValue::NULL, "", Some(&address))
    } else {
        history.replace_state_with_url(&JsValue::NULL, "", Some(&address))
    };
}

/// Text as it looks: a letter of another width is that letter (NFKC), a quotation mark is straight, and
/// what nobody sees is gone.
pub fn as_seen(text: &str) -> String {
    let unseen = RegExp::new(r"\p{Default_Ignorable_Code_Point}", "gu");
    let text = JsString::from(text).normalize("NFKC").replace_by_pattern(&unseen, "");
    String::from(text).replace(['‘', '’'], "'")
}

/// Puts text on the clipboard; says whether that worked.
pub async fn copy(text: &str) -> bool {
    let navigator = window().navigator();
    // Absent where the page is not served securely, and refused in most frames.
    let clipboard = Reflect::get(&navigator, &JsValue::from_str("clipboard"));
    if let Ok(Ok(clipboard)) = clipboard.map(JsCast::dyn_into::<web_sys::Clipboard>)
        && wasm_bindgen_futures::JsFuture::from(clipboard.write_text(text)).await.is_ok()
    {
        return true;
    }
    copy_selected(text).is_some_and(|worked| worked)
}

/// A text in a box of its own, selected.
fn selected(text: &str, style: &str) -> Option<HtmlElement> {
    let document = document();
    let area: HtmlElement = document.create_element("textarea").ok()?.dyn_into().ok()?;
    area.set_text_content(Some(text));
    area.set_attribute("readonly", "").ok()?;
    area.set_attribute("style", style).ok()?;
    document.body()?.append_child(&area).ok()?;
    call(&area, "select", &JsValue::UNDEFINED)?;
    Some(area)
}

fn call(on: &JsValue, name: &str, with: &JsValue) -> Option<JsValue> {
    let function: Function = Reflect::get(on, &name.into()).ok()?.dyn_into().ok()?;
    function.call1(on, with).ok()
}

/// Shows a text that could not be copied, selected, to be copied by hand, until it is left.
pub fn offer_to_copy(text: &str, label: &str) {
    let Some(area) = selected(text, "") else { return };
    area.set_class_name("to-copy");
    for (name, value) in [("aria-label", label), ("data-testid", "to-copy"), ("rows", "3")] {
        // Setting a well-formed attribute cannot fail.
        let _ = area.set_attribute(name, value);
    }
    let left = area.clone();
    EventListener::once(&area, "blur", move |_| left.remove()).forget();
}

/// Copies as browsers did before they had a clipboard: selects the text and gives the command.
fn copy_selected(text: &str) -> Option<bool> {
    let document = document();
    let before = document.active_element();
    let area = selected(text, "position:fixed;top:0;opacity:0")?;
    let worked = call(&document, "execCommand", &"copy".into());
    area.remove();
    if let Some(Ok(before)) = before.map(JsCast::dyn_into::<HtmlElement>) {
        // The focus goes back to the button; what can't have it does without.
        let _ = before.focus();
    }
    worked?.as_bool()
}
