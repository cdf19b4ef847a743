//! Utilisation of the experts by task (DMT figure 3), over the page and for the chosen product.

use leptos::prelude::*;

use crate::app::parts::{live, when};
use crate::app::store::{place_of, store};
use crate::app::words;
use crate::pipeline::blend::expert_utilisation;

/// The tasks in the order of `Candidate::gates`.
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
                let place = |product: &u32| candidates.get(place_of(places, *product)?.candidate);
                expert_utilisation(shown.iter().filter_map(place))
            })
        })
    });
    // Empty where none is chosen, or it has no gates.
    let of_chosen = Memo::new(move |_| {
        let product = store.state.with(|state| state.selected);
        store.answer.with(|answer| {
            let candidates = answer.iter().flat_map(|answer| &answer.candidates);
            let mut chosen = candidates.filter(|c| Some(c.product) == product);
            chosen.next().map(|c| c.gates.clone()).unwrap_or_default()
        })
    });
    let experts = Memo::new(move |_| over_page.with(|all| all.first().map_or(0, Vec::len)));
    let weight = move |task: usize, expert: usize| {
        over_page.with(|all| all.get(task)?.get(expert).copied()).unwrap_or(0.0)
    };
    let chosen =
        move |task: usize, expert: usize| of_chosen.with(|all| all.get(task)?.get(expert).copied());
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
                                Some(w) => view! { <i class="chosen" style=share(w)></i> }.into_any(),
                                None => ().into_any(),
                            })}
                        </span>
                        <span class="figure">{move || words::percent(weight(task, expert))}</span>
                        <span class="figure chosen">
                            {move || chosen(task, expert).map_or(String::new(), words::percent)}
                        </span>
                        <span class="name">{format!("expert {}", expert + 1)}</span>
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
                let experts = experts.get();
                if experts == 0 {
                    let text = match store.answer.with(Option::is_some) {
                        true => "These tasks have no gates: choose MMoE to see experts.",
                        false => "Comes with the first ranking.",
                    };
                    return view! { <p class="empty">{text}</p> }.into_any();
                }
                let of_task = |(task, name)| {
                    view! {
                        <figure>
                            <figcaption>{name}</figcaption>
                            <ol>{bars(task, experts)}</ol>
                        </figure>
                    }
                };
                TASKS.into_iter().enumerate().map(of_task).collect_view().into_any()
            })}
            {when(move || of_chosen.with(|all| !all.is_empty()), || {
                view! {
                    <p class="legend">
                        <span class="key learned">"the page"</span>
                        <span class="key chosen">"the chosen product"</span>
                    </p>
                }
                .into_any()
            })}
        </div>
    }
}
