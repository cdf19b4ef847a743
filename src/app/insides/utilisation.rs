//! Utilisation of the experts by task (DMT figure 3), over the page and for the chosen product.

use leptos::prelude::*;

use crate::app::parts::{live, when};
use crate::app::store::store;
use crate::app::words;
use crate::pipeline::blend::expert_utilisation;
use crate::protocol::Candidate;

/// The tasks in the order of [`Candidate::gates`].
const TASKS: [&str; 2] = ["Click", "Order"];

#[component]
pub fn ExpertUtilisation() -> impl IntoView {
    let store = store();
    let over_page = Memo::new(move |_| {
        let shown = store.shown();
        store.answer.with(|answer| {
            store.places.with(|places| {
                let candidates =
                    answer.as_ref().map(|a| a.candidates.as_slice()).unwrap_or_default();
                let place = |product| places.get(product).and_then(|p| candidates.get(p.candidate));
                expert_utilisation(shown.iter().filter_map(place))
            })
        })
    });
    let of_chosen = Memo::new(move |_| {
        let product = store.state.with(|state| state.selected)?;
        store.answer.with(|answer| {
            let is_it = |c: &&Candidate| c.product == product;
            Some(answer.as_ref()?.candidates.iter().find(is_it)?.gates.clone())
        })
    });
    let shape =
        Memo::new(move |_| over_page.with(|all| all.iter().map(Vec::len).collect::<Vec<_>>()));
    let answered = Memo::new(move |_| store.answer.with(Option::is_some));
    let weight = move |task: usize, expert: usize| {
        over_page.with(|all| all.get(task)?.get(expert).copied()).unwrap_or(0.0)
    };
    let chosen = move |task: usize, expert: usize| {
        of_chosen.with(|all| all.as_ref()?.get(task)?.get(expert).copied())
    };
    let share = |weight: f32| format!("--share:{}", words::css_share(weight));
    let bars = move |task: usize, experts: usize| {
        (0..experts)
            .map(|expert| {
                let label = move || {
                    let mean = words::percent(weight(task, expert));
                    let one = chosen(task, expert)
                        .map(|w| format!("; chosen product {}", words::percent(w)))
                        .unwrap_or_default();
                    format!("Expert {}: {mean} over the page{one}", expert + 1)
                };
                view! {
                    <li title=label>
                        <span class="column" style=move || share(weight(task, expert))>
                            {live(move || match chosen(task, expert) {
                                Some(w) => view! { <i class="mark-chosen" style=share(w)></i> }.into_any(),
                                None => ().into_any(),
                            })}
                        </span>
                        <span class="figure">{move || words::percent(weight(task, expert))}</span>
                        <span class="hidden">{label}</span>
                    </li>
                }
            })
            .collect_view()
    };
    let values = move || {
        let rows =
            over_page.with(|all| all.iter().map(|row| words::json_list(row)).collect::<Vec<_>>());
        format!("[{}]", rows.join(","))
    };
    view! {
        <div
            class="utilisation"
            data-testid="expert-utilisation"
            data-values=values
        >
            {live(move || {
                let shape = shape.get();
                if shape.is_empty() && !answered.get() {
                    return view! { <p class="empty">"Once there is a ranking."</p> }.into_any();
                }
                if shape.is_empty() {
                    return view! { <p class="empty">"These tasks have no gates: choose MMoE to see experts."</p> }
                        .into_any();
                }
                shape
                    .into_iter()
                    .enumerate()
                    .map(|(task, experts)| {
                        view! {
                            <figure>
                                <figcaption>{TASKS.get(task).copied().unwrap_or("Task")}</figcaption>
                                <ol>{bars(task, experts)}</ol>
                            </figure>
                        }
                    })
                    .collect_view()
                    .into_any()
            })}
            {when(move || of_chosen.with(Option::is_some) && !shape.read().is_empty(), || {
                view! { <p class="legend"><span class="key chosen">"the chosen product"</span></p> }.into_any()
            })}
        </div>
    }
}
