//! What the studio asks of the browser beyond what the page asks.

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

use crate::app::browser;

/// Fetches a text.
///
/// # Errors
/// Says why there is none.
pub async fn fetch_text(relative: &str) -> Result<String, String> {
    let unreachable = |_| "the host can’t be reached".to_string();
    let response = JsFuture::from(browser::window().fetch_with_str(&browser::address(relative)));
    let response: Response = response.await.map_err(unreachable)?.unchecked_into();
    if !response.ok() {
        return Err(format!("the host answered {}", response.status()));
    }
    let text = JsFuture::from(response.text().map_err(unreachable)?).await.map_err(unreachable)?;
    text.as_string().ok_or_else(|| "it is no text".into())
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
