//! Utilisation of the experts by task (DMT figure 3): gates as bars.

use leptos::prelude::*;

use crate::language::{say, say_with, worded};
use crate::lasting::Lasting;
use crate::parts::{live, when};
use crate::store::store;
use market::language::Message;
use protocol::block::{Blocks, Gates, Layer};
use protocol::words;

/// Weights as [`Gates::of`] lays them out, which bars follow.
type Weights = Lasting<Memo<Vec<f32>>>;
/// A text that follows them.
type Said = Box<dyn Fn() -> String + Send>;

/// How much each task weighs each expert, over the page and for the product that was chosen.
#[component]
pub fn ExpertUtilisation() -> impl IntoView {
    let store = store();
    let over_page = store.experts;
    // Empty where none is chosen, or it has no gates.
    let of_chosen = Lasting(Memo::new(move |_| {
        let product = store.state.with(|state| state.selected);
        let weights = store.answer.with(|answer| {
            let answer = answer.as_ref()?;
            let chosen = answer.candidates.iter().position(|c| Some(c.product) == product)?;
            Some(answer.blocks.gates()?.of(chosen).to_vec())
        });
        weights.unwrap_or_default()
    }));
    let layers = Memo::new(move |_| {
        let layers = store.answer.with(|answer| {
            let answer = answer.as_ref()?;
            Some(answer.blocks.gates()?.layers.clone())
        });
        layers.unwrap_or_default()
    });
    // The first layer, task by expert.
    let values = move || {
        let first = layers.with(|all| {
            let first = all.first()?;
            Some((first.tasks.len(), first.experts.len()))
        });
        let (tasks, experts) = first.unwrap_or_default();
        let rows = over_page.with(|all| {
            let rows = all.chunks(experts.max(1)).take(tasks);
            rows.map(words::json_list).collect::<Vec<_>>()
        });
        format!("[{}]", rows.join(","))
    };
    view! {
        <div
            class="utilisation"
            data-testid="expert-utilisation"
            data-values=values
        >
            {live(move || {
                let layers = layers.get();
                if layers.is_empty() {
                    let text = match (store.answer.with(Option::is_some), store.ranks.get()) {
                        (true, true) => word!("experts.no-gates"),
                        (true, false) => word!("experts.no-ranker"),
                        (false, _) => word!("insides.waiting"),
                    };
                    return view! { <p class="empty" prop:textContent=say(text)></p> }.into_any();
                }
                bars(layers, over_page, of_chosen)
            })}
            {when(move || of_chosen.with(|all| !all.is_empty()), || {
                view! {
                    <p class="legend">
                        <span class="key learned">{say(word!("experts.page"))}</span>
                        <span class="key chosen">{say(word!("experts.chosen"))}</span>
                    </p>
                }
                .into_any()
            })}
        </div>
    }
}

/// Gates that stay as they are, in the mean over all whose they are.
pub fn gates(gates: &Gates) -> AnyView {
    let still = |weights: Vec<f32>| Lasting(Memo::new(move |_| weights.clone()));
    let all = (0..).take_while(|candidate| !gates.of(*candidate).is_empty());
    let bars = bars(gates.layers.clone(), still(gates.mean(all)), still(vec![]));
    view! { <div class="utilisation">{bars}</div> }.into_any()
}

/// A figure for each layer and task, a bar for each expert.
fn bars(layers: Vec<Layer>, over_page: Weights, of_chosen: Weights) -> AnyView {
    let mut places = 0..;
    let layer = |Layer { name, tasks, experts }: Layer| {
        let of_task = |task: Message| {
            let bars = experts.iter().zip(&mut places);
            let bars = bars.map(|(name, place)| bar(over_page, of_chosen, place, name.clone()));
            view! {
                <figure>
                    <figcaption prop:textContent=worded(&task)></figcaption>
                    <ol>{bars.collect_view()}</ol>
                </figure>
            }
        };
        view! {
            {name.map(|name| view! { <h3 prop:textContent=worded(&name)></h3> })}
            {tasks.into_iter().map(of_task).collect_view()}
        }
    };
    layers.into_iter().map(layer).collect_view().into_any()
}

/// One expert's share in one task's mixture; `place` is where it stands among all weights.
fn bar(over_page: Weights, of_chosen: Weights, place: usize, name: Message) -> impl IntoView {
    let weight = move || over_page.with(|all| all.get(place).copied()).unwrap_or(0.0);
    let chosen = move || of_chosen.with(|all| all.get(place).copied());
    let share = |weight: f32| format!("--share:{}", words::css_share(weight));
    let label = {
        let name = name.clone();
        move || {
            let (name, mean) = (worded(&name), words::percent(weight()));
            match chosen().map(words::percent) {
                None => say_with(word!("experts.bar"), &[("expert", &name), ("mean", &mean)]),
                Some(one) => say_with(
                    word!("experts.bar-of-chosen"),
                    &[("expert", &name), ("mean", &mean), ("chosen", &one)],
                ),
            }
        }
    };
    let [title, label]: [Said; 2] = [Box::new(label.clone()), Box::new(label)];
    let name: Said = Box::new(move || worded(&name));
    let mean: Said = Box::new(move || words::percent(weight()));
    let one: Said = Box::new(move || chosen().map_or(String::new(), words::percent));
    view! {
        <li title=title>
            <span class="column" style=move || share(weight())>
                {live(move || match chosen() {
                    Some(w) => view! { <i class="chosen" style=share(w)></i> }.into_any(),
                    None => ().into_any(),
                })}
            </span>
            <span class="figure" translate="no">{mean}</span>
            <span class="figure chosen" translate="no">{one}</span>
            <span class="name" prop:textContent=name></span>
            <span class="hidden" prop:textContent=label></span>
        </li>
    }
}
