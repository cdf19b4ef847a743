//! What the studio asks of the browser beyond what the page asks.

use gloo_file::{Blob, ObjectUrl};
use gloo_net::http::Request;
use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    CanvasRenderingContext2d, Element, File, HtmlAnchorElement, HtmlCanvasElement,
    HtmlImageElement, ScrollIntoViewOptions, ScrollLogicalPosition,
};

use market::language::Message;
use page::browser;
pub use page::browser::{recall, remember};

/// What stands before the version in a text's last line (www/write-version.mjs).
const BUILD: &str = "vitrine-build:";

/// A text as it was before the build wrote its version into a last line. A developer's page is of none, and
/// takes it as it is; and what names no version is for its reader to judge.
///
/// # Errors
/// Where it is of another version than the page.
fn of_version(text: String, version: &str) -> Result<String, Message> {
    if version.is_empty() {
        return Ok(text);
    }
    match text.trim_end().rsplit_once('\n') {
        Some((before, last)) if last.contains(BUILD) => {
            match last.contains(&format!("{BUILD}{version}")) {
                true => Ok(format!("{before}\n")),
                false => Err(Message::new(word!("studio.why.outdated"))),
            }
        }
        _ => Ok(text),
    }
}

/// Fetches a text of the page's version.
///
/// # Errors
/// Says why there is none.
pub async fn fetch_text(relative: &str) -> Result<String, Message> {
    let outdated = Message::new(word!("studio.why.outdated"));
    match fetch_once(relative, 0).await {
        // It may be a cache that has another version's under this address.
        Err(why) if why == outdated => fetch_once(relative, 1).await,
        fetched => fetched,
    }
}

async fn fetch_once(relative: &str, attempts: u32) -> Result<String, Message> {
    let unreachable = |_| Message::new(word!("studio.why.unreachable"));
    let address = browser::address(&browser::again(browser::versioned(relative), attempts));
    let response = Request::get(&address).send().await.map_err(unreachable)?;
    // What is kept here is of the page's version alone, and the host has another.
    if response.status() == 410 {
        return Err(Message::new(word!("studio.why.outdated")));
    }
    if !response.ok() {
        return Err(Message::new(word!("studio.why.answered"))
            .with("status", response.status().to_string()));
    }
    let text = response.text().await.map_err(unreachable)?;
    of_version(text, &browser::marked("version"))
}

/// Attribute of what a lesson points at; the style sheet draws a ring around it.
const POINTED_AT: &str = "data-pointed-at";
/// Attribute of what is to be watched beside that.
const WATCHED: &str = "data-watched";
/// Attribute of the part of that panel which is meant.
const WATCHED_PART: &str = "data-watched-part";

/// Points at the page's control with this `data-testid`, or at nothing, and marks what
/// is to be watched, with its panel: what hides either is opened. Says whether there is what was asked for.
pub fn point(testid: Option<&str>, watched: Option<&str>) -> bool {
    let found = [testid, watched].map(|testid| {
        // The studio may hold a second control of the same knob.
        let wanted = format!("[data-testid=\"{}\"]:not(#studio *)", testid?);
        first(&wanted)
    });
    let panel = found[1]
        .as_ref()
        .map(|element| element.closest(".panel").ok().flatten().unwrap_or_else(|| element.clone()));
    mark(POINTED_AT, found[0].as_ref().map(whole).as_ref());
    mark(WATCHED, panel.as_ref());
    mark(WATCHED_PART, found[1].as_ref());
    for element in found.iter().flatten() {
        let mut hidden_in = element.closest("details").ok().flatten();
        while let Some(details) = hidden_in {
            let _ = details.set_attribute("open", "");
            hidden_in =
                details.parent_element().and_then(|outer| outer.closest("details").ok().flatten());
        }
    }
    found[0].is_some() && (watched.is_none() || found[1].is_some())
}

/// The first element of the document that a selector means.
fn first(selector: &str) -> Option<Element> {
    browser::document().query_selector(selector).ok().flatten()
}

/// The element that has an attribute.
fn marked(attribute: &str) -> Option<Element> {
    first(&format!("[{attribute}]"))
}

/// What is watched, or else pointed at.
fn meant() -> Option<Element> {
    marked(WATCHED_PART).or_else(|| marked(POINTED_AT))
}

/// Gives an attribute to this element and to no other.
fn mark(attribute: &str, target: Option<&Element>) {
    let marked = marked(attribute);
    if marked.as_ref() != target {
        // Setting a well-formed attribute cannot fail.
        let _ = marked.map(|element| element.remove_attribute(attribute));
        let _ = target.map(|element| element.set_attribute(attribute, ""));
    }
}

/// Widest page, in pixels, on which a lesson covers the lower half and the shelf is a strip above
/// it, as the style sheet has it.
const HALVES: f64 = 1240.0;

/// Scrolls what is pointed at, and what is to be watched, into view. Says whether that could be
/// done: where one is in a side sheet that is closed, the sheet is opened, which takes a moment.
pub fn reveal_pointed() -> bool {
    let pointed = marked(POINTED_AT);
    let knob = pointed.as_ref().is_some_and(|element| element.matches(".knob").unwrap_or(false));
    let mut wanted = [marked(WATCHED_PART), pointed];
    // On a narrow page a knob stands in the lesson itself.
    if width() <= HALVES && knob {
        wanted[1] = None;
    }
    // Sheets take turns where there is room for one: what is watched is shown while a lesson has
    // the knob.
    for element in wanted.iter().flatten() {
        if is_hidden(element) {
            open_sheet_of(element);
            return false;
        }
    }
    // What is watched comes last, so that it is in sight whatever the other took.
    for element in wanted.iter().rev().flatten() {
        let sheet = element.closest(".side").ok().flatten();
        match sheet {
            Some(sheet) if width() <= HALVES => reveal_within(element, &sheet),
            // The end of a sheet may be below the window.
            Some(_) => reveal(element, ScrollLogicalPosition::Center),
            None if width() <= HALVES => reveal(element, ScrollLogicalPosition::Start),
            None => reveal(element, ScrollLogicalPosition::Nearest),
        }
    }
    true
}

/// Where what is watched, or else pointed at, stands in the window: what is drawn above it later moves it,
/// and so does a scroll that something else began, as a product that is chosen does.
pub fn pointed_place() -> Option<i32> {
    Some(meant()?.get_bounding_client_rect().top().round() as i32)
}

/// Whether what is watched, or else pointed at, is in the window with nothing over it: a scroll that was
/// begun may have been ended by another.
pub fn is_pointed_in_sight() -> bool {
    /// Parts of its height, one of which is to be seen, and the most pixels that is from its top.
    const SPOTS: [(f64, f64); 3] = [(0.1, 14.0), (0.3, 34.0), (0.5, 54.0)];
    let Some(element) = meant() else { return false };
    let place = element.get_bounding_client_rect();
    SPOTS.iter().any(|(part, most)| {
        let down = place.top() + (part * place.height()).min(*most);
        let across = place.left() + place.width() / 2.0;
        browser::document()
            .element_from_point(across as f32, down as f32)
            .is_some_and(|at| element.contains(Some(&at)))
    })
}

fn reveal(element: &Element, block: ScrollLogicalPosition) {
    let options = ScrollIntoViewOptions::new();
    options.set_block(block);
    element.scroll_into_view_with_scroll_into_view_options(&options);
}

/// Scrolls a sheet to an element in it, and the page to the sheet: to scroll the element into view
/// would take the page along, and the sheet out of sight.
fn reveal_within(element: &Element, sheet: &Element) {
    /// Pixels left above it.
    const ABOVE: f64 = 12.0;
    if let Some(stage) = first(".stage") {
        reveal(&stage, ScrollLogicalPosition::Start);
    }
    let [top, from] = [element, sheet].map(|element| element.get_bounding_client_rect().top());
    sheet.set_scroll_top(sheet.scroll_top() + (top - from - ABOVE) as i32);
}

/// Opens the side sheet that an element is in.
fn open_sheet_of(element: &Element) {
    let left = element.closest(".side.left").ok().flatten().is_some();
    let tab = format!(".tabs [data-tab={}]", if left { "knobs" } else { "insides" });
    let tab = first(&tab);
    // Where both sheets stand side by side the tabs are out of sight; an open one is not closed.
    let closed = |tab: &Element| tab.get_attribute("aria-pressed").as_deref() != Some("true");
    if let Some(tab) = tab.filter(closed) {
        tab.unchecked_into::<web_sys::HtmlElement>().click();
    }
}

/// Scrolls so that the shelf begins below the header, where the studio would leave too little of
/// it in sight.
pub fn reveal_shelf() {
    let (Some(area), Some(studio)) = (first(".shelf-area"), first("#studio")) else { return };
    let seen = studio.get_bounding_client_rect().top() - area.get_bounding_client_rect().top();
    if width() > HALVES && seen < ENOUGH {
        area.scroll_into_view_with_bool(true);
    }
}

/// Height of the shelf, in pixels, in which a row of products is told apart.
const ENOUGH: f64 = 280.0;

/// Width of the page in pixels.
fn width() -> f64 {
    browser::window().inner_width().ok().and_then(|width| width.as_f64()).unwrap_or(0.0)
}

fn is_hidden(element: &Element) -> bool {
    element.get_bounding_client_rect().width() == 0.0
}

/// A knob with its name, where the control is one; else the control itself.
fn whole(control: &Element) -> Element {
    control.closest(".knob").ok().flatten().unwrap_or_else(|| control.clone())
}

/// Lets the browser forget what it remembers under this key.
pub fn forget(key: &str) {
    if let Some(storage) = browser::storage() {
        // What can't be changed there was never kept.
        let _ = storage.remove_item(key);
    }
}

/// Scrolls to the element with this id, and puts the focus there.
pub fn focus(id: &str) {
    let element = browser::document().get_element_by_id(id);
    let Some(element) = element.and_then(|e| e.dyn_into::<web_sys::HtmlElement>().ok()) else {
        return;
    };
    // Focusing scrolls; what can't be focused stays where it is.
    let _ = element.focus();
}

/// Scrolls the row that the element with this id stands in, no more than it takes to show it.
pub fn show_in_row(id: &str) {
    let options = ScrollIntoViewOptions::new();
    options.set_block(ScrollLogicalPosition::Nearest);
    options.set_inline(ScrollLogicalPosition::Nearest);
    if let Some(element) = browser::document().get_element_by_id(id) {
        element.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

/// The day, as the person's calendar has it: `2026-03-01`.
pub fn today() -> String {
    let now = js_sys::Date::new_0();
    format!("{}-{:02}-{:02}", now.get_full_year(), now.get_month() + 1, now.get_date())
}

/// Whether the person's language writes a comma where English has a decimal point.
pub fn has_decimal_comma() -> bool {
    let language = browser::window().navigator().language();
    let half = js_sys::Number::from(0.5).to_locale_string(language.as_deref().unwrap_or("en"));
    half.as_string().is_some_and(|half| half.contains(','))
}

/// Hands a file to the person.
///
/// # Errors
/// Says why the browser refused.
pub fn download(name: &str, kind: &str, content: &str) -> Result<(), Message> {
    let address = ObjectUrl::from(Blob::new_with_options(content, Some(kind)));
    download_from(name, &address)
}

/// Hands a file to the person that is here in base 64.
///
/// # Errors
/// Says why the browser refused.
pub fn download_bytes(name: &str, base64: &str) -> Result<(), Message> {
    download_from(name, &format!("data:application/octet-stream;base64,{base64}"))
}

fn download_from(name: &str, address: &str) -> Result<(), Message> {
    let anchor = browser::document().create_element("a").ok();
    let anchor = anchor.and_then(|a| a.dyn_into::<HtmlAnchorElement>().ok());
    let anchor = anchor.ok_or_else(|| Message::new(word!("studio.why.download-refused")))?;
    anchor.set_href(address);
    anchor.set_download(name);
    anchor.click();
    Ok(())
}

/// Hands a drawing to the person as PNG, at twice its size.
///
/// # Errors
/// Says why the browser refused.
pub async fn download_png(name: &str, svg: &str, size: (u32, u32)) -> Result<(), Message> {
    let refused = |_| Message::new(word!("studio.why.not-drawn"));
    let image = HtmlImageElement::new().map_err(refused)?;
    let encoded = js_sys::encode_uri_component(svg);
    image.set_src(&format!("data:image/svg+xml,{encoded}"));
    JsFuture::from(image.decode()).await.map_err(refused)?;
    let canvas = browser::document().create_element("canvas").map_err(refused)?;
    let canvas: HtmlCanvasElement = canvas.unchecked_into();
    canvas.set_width(2 * size.0);
    canvas.set_height(2 * size.1);
    let context = canvas.get_context("2d").map_err(refused)?;
    let context: CanvasRenderingContext2d =
        context.ok_or_else(|| Message::new(word!("studio.why.not-drawn")))?.unchecked_into();
    let (width, height) = (f64::from(canvas.width()), f64::from(canvas.height()));
    context
        .draw_image_with_html_image_element_and_dw_and_dh(&image, 0.0, 0.0, width, height)
        .map_err(refused)?;
    download_from(name, &canvas.to_data_url().map_err(refused)?)
}

/// Text of a file that the person chose or dropped.
///
/// # Errors
/// Says why it can't be read.
pub async fn read_file(file: &File) -> Result<String, Message> {
    let text = gloo_file::futures::read_as_text(&file.clone().into()).await;
    text.map_err(|_| Message::new(word!("studio.why.unread")))
}

/// A file that the person chose or dropped, in base 64.
///
/// # Errors
/// Says why it can't be read.
pub async fn read_bytes(file: &File) -> Result<String, Message> {
    let unread = || Message::new(word!("studio.why.unread"));
    let address = gloo_file::futures::read_as_data_url(&file.clone().into()).await;
    let address = address.map_err(|_| unread())?;
    // An empty file's has no comma in some browsers.
    Ok(address.split_once(',').map_or_else(String::new, |(_, bytes)| bytes.into()))
}

/// Whether a file is one of weights, by its name.
pub fn is_weights(file: &File) -> bool {
    file.name().ends_with(".safetensors")
}

/// The file that was dropped on the page, once, if it is one of weights or one of those that are not.
pub fn dropped_file(weights: bool) -> Option<File> {
    let (window, name) = (browser::window(), JsValue::from_str("vitrineDropped"));
    let file: File = Reflect::get(&window, &name).ok()?.dyn_into().ok()?;
    if is_weights(&file) != weights {
        return None;
    }
    // A plain property of the window can be deleted.
    let _ = Reflect::delete_property(&window, &name);
    Some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_another_version_is_refused() {
        let read = |last: &str, version| {
            of_version(format!("One\n\nTwo\n{last}"), version).map_err(|why| why.key)
        };
        let outdated = word!("studio.why.outdated");
        assert_eq!(read("<!-- vitrine-build:0123 -->", "0123"), Ok("One\n\nTwo\n".into()));
        assert_eq!(read("# vitrine-build:0123\n", "0123"), Ok("One\n\nTwo\n".into()));
        assert_eq!(read("<!-- vitrine-build:4567 -->", "0123"), Err(outdated.into()));
        assert_eq!(read("</html>", "0123"), Ok("One\n\nTwo\n</html>".into()));
        // A developer's is of none.
        assert_eq!(read("Three", ""), Ok("One\n\nTwo\nThree".into()));
    }
}
