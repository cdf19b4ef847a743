//! The strip of a first visit: what this page is, and one thing to try. Folded away, it does not come
//! back.

use leptos::prelude::*;

use super::browser;
use super::language::{say, say_with};
use super::parts::{click, when};
use super::picture::Mark;
use super::store::store;
use link::panel;
use protocol::words;
use systems::shared::WEIGHT_ORDER;

/// Under which the browser remembers that it was folded away.
const WELCOMED: &str = "vitrine-welcomed";

/// Whether it is on show, on a page that stands for itself.
pub fn is_wanted() -> bool {
    !browser::is_embedded() && browser::recall(WELCOMED).is_none()
}

/// The strip.
#[component]
pub fn Welcome(
    /// Whether it is on show.
    open: RwSignal<bool>,
) -> impl IntoView {
    when(move || open.get(), move || strip(open))
}

fn strip(open: RwSignal<bool>) -> AnyView {
    let store = store();
    let fold = move || {
        // Where it is not remembered it is shown again, which harms nobody.
        browser::remember(WELCOMED, "1");
        open.set(false);
    };
    // What is to be tried: the weight of orders is nothing, or what it was.
    let tried = Memo::new(move |_| store.state.with(|s| s.settings.number(&WEIGHT_ORDER) == 0.0));
    let turn = move || {
        let to = if tried.get_untracked() { WEIGHT_ORDER.default } else { 0.0 };
        store.turn(&WEIGHT_ORDER, to);
    };
    let came = move || {
        let effect = store.effect.with(|effect| {
            effect.as_ref().filter(|e| e.knob == WEIGHT_ORDER.key).map(|e| e.short())
        });
        effect.unwrap_or_else(|| say(word!("welcome.watch")).into())
    };
    let products = move || {
        let counts = store.answer.with(|answer| {
            answer.as_ref().map(|answer| (answer.products as usize, answer.candidates.len()))
        });
        let (all, ranked) = counts.unzip();
        // Before there is an answer, those that ship.
        let shipped =
            || store.shop.with(|shop| shop.as_ref().map(|shop| shop.catalogue.products.len()));
        let all = all.or_else(shipped);
        let [all, ranked] = [all, ranked].map(|count| count.map_or("…".into(), words::count));
        say_with(word!("welcome.funnel"), &[("all", &all), ("ranked", &ranked)])
    };
    let machine = move || store.view.update(|view| view.panel = Some(panel::machine));
    view! {
        <section class="welcome" data-testid="welcome" aria-label=say(word!("welcome.label"))>
            <p>{say(word!("welcome.what"))}</p>
            <p prop:textContent=products></p>
            <p>{say(word!("welcome.open"))}</p>
            <div class="row">
                <button
                    type="button"
                    class="solid"
                    data-testid="try"
                    on:click=click(turn)
                    prop:textContent=move || say(if tried.get() { word!("welcome.back") } else { word!("welcome.try") })
                ></button>
                <span class="came" translate="no" prop:textContent=came></span>
                <button type="button" class="outlined" data-testid="see-machine" on:click=click(machine)>
                    {say(word!("welcome.machine"))}
                </button>
            </div>
            <button
                type="button"
                class="icon"
                data-testid="fold-welcome"
                aria-label=say(word!("welcome.fold"))
                title=say(word!("welcome.fold"))
                on:click=click(fold)
            >
                <Mark name="close" />
            </button>
        </section>
    }
    .into_any()
}
