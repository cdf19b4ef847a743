//! Moves that are seen: a card that takes another place glides there (first, last, invert, play).

use gloo_render::{AnimationFrame, request_animation_frame};
use js_sys::{Array, Function, Object, Reflect};
use leptos::html::Ul;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Animation, AnimationPlayState, HtmlElement};

use super::browser;
use super::parts::follow;
use market::catalogue::ProductId;
use protocol::words::fixed;

/// Milliseconds a move takes.
const DURATION: f64 = 420.0;
/// Starts fast, lands softly.
const EASING: &str = "cubic-bezier(0.2, 0.9, 0.25, 1)";

/// Where the card with this name lay, and the animation that is on it.
struct Seen {
    name: String,
    x: f64,
    y: f64,
    animation: Option<Animation>,
}

/// Glides the children of `parent` that carry the attribute `key` to their places whenever
/// `when` changes. The parent must be positioned, for places are measured from it.
pub fn glide(parent: NodeRef<Ul>, key: &'static str, when: Memo<Vec<ProductId>>) {
    let seen = StoredValue::new_local(Vec::<Seen>::new());
    let frame = StoredValue::new_local(None::<AnimationFrame>);
    follow(move |_| {
        when.track();
        // By then the new order is in the document, and not yet painted.
        let act = move |_| {
            let Some(parent) = parent.get_untracked() else { return };
            let still = browser::less_motion();
            seen.update_value(|seen| play(&parent, key, seen, still));
        };
        // The one before it is called off; so is this one where the page is built in another language.
        frame.set_value(Some(request_animation_frame(act)));
    });
}

fn play(parent: &HtmlElement, key: &str, seen: &mut Vec<Seen>, still: bool) {
    let first_time = seen.is_empty();
    let origin = parent.get_bounding_client_rect();
    // All are measured before the first is set in motion: to measure one after that, the browser
    // would lay all of them out anew.
    let children = parent.children();
    let mut cards = vec![];
    for i in 0..children.length() {
        let Some(Ok(card)) = children.item(i).map(JsCast::dyn_into::<HtmlElement>) else {
            continue;
        };
        let Some(name) = card.get_attribute(key) else { continue };
        let (x, y) = (f64::from(card.offset_left()), f64::from(card.offset_top()));
        let before = seen.iter().position(|seen| seen.name == name).map(|at| seen.swap_remove(at));
        let drawn = card.get_bounding_client_rect();
        // Seen from its new place, a card in flight is drawn off it by its animation.
        let fly = (drawn.left() - origin.left() - x, drawn.top() - origin.top() - y);
        cards.push((card, Seen { name, x, y, animation: None }, before, fly));
    }
    let mut next = vec![];
    for (card, mut now, before, fly) in cards {
        now.animation = match before {
            _ if still => None,
            Some(before) => moved(&card, &now, before, fly),
            None if first_time => None,
            None => animate(&card, "scale(0.94)", "none", Some(("0", "1"))),
        };
        next.push(now);
    }
    *seen = next;
}

/// Glides a card from where it was seen before, or from where it has flown to since, `fly` off
/// its place.
fn moved(card: &HtmlElement, now: &Seen, before: Seen, fly: (f64, f64)) -> Option<Animation> {
    let running = before.animation.filter(|a| a.play_state() == AnimationPlayState::Running);
    let fly = running.as_ref().map_or((0.0, 0.0), |_| fly);
    let (dx, dy) = (before.x + fly.0 - now.x, before.y + fly.1 - now.y);
    if let Some(running) = running {
        if before.x == now.x && before.y == now.y {
            return Some(running);
        }
        running.cancel();
    }
    if dx.abs() <= 0.5 && dy.abs() <= 0.5 {
        return None;
    }
    let from = format!("translate({}px, {}px)", fixed(dx, 1), fixed(dy, 1));
    animate(card, &from, "none", None)
}

/// Runs one transform, and one opacity if given, from and to.
fn animate(
    card: &HtmlElement,
    from: &str,
    to: &str,
    opacity: Option<(&str, &str)>,
) -> Option<Animation> {
    let frames = Array::new();
    for (transform, opacity) in [(from, opacity.map(|o| o.0)), (to, opacity.map(|o| o.1))] {
        let frame = Object::new();
        Reflect::set(&frame, &"transform".into(), &transform.into()).ok()?;
        Reflect::set(&frame, &"easing".into(), &EASING.into()).ok()?;
        if let Some(opacity) = opacity {
            Reflect::set(&frame, &"opacity".into(), &opacity.into()).ok()?;
        }
        frames.push(&frame);
    }
    // Called by name: web-sys counts the typed method among its unstable ones.
    let animate: Function = Reflect::get(card, &"animate".into()).ok()?.dyn_into().ok()?;
    animate.call2(card, &frames, &DURATION.into()).ok()?.dyn_into().ok()
}
