//! Utilisation of the experts by task (DMT figure 3), over the page and for the chosen product.

use leptos::prelude::*;

use crate::language::{say, say_with, worded};
use crate::lasting::Lasting;
use crate::parts::{live, when};
use crate::store::store;
use market::language::Message;
use protocol::Gating;
use protocol::words;

/// How much each task weighs each expert, over the page and for the product that was chosen.
#[component]
pub fn ExpertUtilisation() -> impl IntoView {
    let store = store();
    let over_page = store.experts;
    // Empty where none is chosen, or it has no gates.
    let of_chosen = Lasting(Memo::new(move |_| {
        let product = store.state.with(|state| state.selected);
        store.answer.with(|answer| {
            let candidates = answer.iter().flat_map(|answer| &answer.candidates);
            let mut chosen = candidates.filter(|c| Some(c.product) == product);
            chosen.next().map(|c| c.gates.clone()).unwrap_or_default()
        })
    }));
    let gatings = Memo::new(move |_| {
        store.answer.with(|answer| answer.as_ref().map(|a| a.gatings.clone()).unwrap_or_default())
    });
    // All weights of a gating stand together, and of it all of a task.
    let layers = move || {
        let mut first = 0;
        let tasks = store.tasks.get();
        let layer = |gating: Gating| {
            let Gating { name, experts } = gating;
            let from = first;
            first += tasks.len() * experts.len();
            let of_task = |(number, task): (usize, &systems::Task)| {
                let bars = experts.iter().enumerate().map(|(expert, name)| {
                    bar(over_page, of_chosen, from + number * experts.len() + expert, name.clone())
                });
                view! {
                    <figure>
                        <figcaption prop:textContent=say(&word!("tasks.{}", task.name()))></figcaption>
                        <ol>{bars.collect_view()}</ol>
                    </figure>
                }
            };
            view! {
                {name.map(|name| view! { <h3 prop:textContent=worded(&name)></h3> })}
                {tasks.iter().enumerate().map(of_task).collect_view()}
            }
        };
        gatings.get().into_iter().map(layer).collect_view()
    };
    // The first layer, task by expert.
    let values = move || {
        let experts = gatings.with(|all| all.first().map_or(0, |gating| gating.experts.len()));
        let rows = over_page.with(|all| {
            let rows = all.chunks(experts.max(1)).take(store.tasks.get().len());
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
                if gatings.with(Vec::is_empty) {
                    let text = match (store.answer.with(Option::is_some), store.ranks.get()) {
                        (true, true) => word!("experts.no-gates"),
                        (true, false) => word!("experts.no-ranker"),
                        (false, _) => word!("insides.waiting"),
                    };
                    return view! { <p class="empty" prop:textContent=say(text)></p> }.into_any();
                }
                layers().into_any()
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

/// One expert's share in one task's mixture; `number` is its place among all gate weights.
fn bar(
    over_page: Lasting<Memo<Vec<f32>>>,
    of_chosen: Lasting<Memo<Vec<f32>>>,
    number: usize,
    name: Message,
) -> impl IntoView {
    let weight = move || over_page.with(|all| all.get(number).copied()).unwrap_or(0.0);
    let chosen = move || of_chosen.with(|all| all.get(number).copied());
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
    let said = label.clone();
    view! {
        <li title=said>
            <span class="column" style=move || share(weight())>
                {live(move || match chosen() {
                    Some(w) => view! { <i class="chosen" style=share(w)></i> }.into_any(),
                    None => ().into_any(),
                })}
            </span>
            <span class="figure" translate="no">{move || words::percent(weight())}</span>
            <span class="figure chosen" translate="no">
                {move || chosen().map_or(String::new(), words::percent)}
            </span>
            <span class="name" prop:textContent=move || worded(&name)></span>
            <span class="hidden" prop:textContent=label></span>
        </li>
    }
}
