//! The chosen product: its score taken apart, and what the ranker shows of it.

use leptos::prelude::*;

use super::blocks::blocks;
use crate::browser;
use crate::language::{say, say_with};
use crate::parts::{click, follow, live};
use crate::picture::{Mark, Picture, Symbol};
use crate::store::{Place, place_of, store};
use market::catalogue::ProductId;
use protocol::blend::{Predicted, mixed, probability, sigmoid, terms};
use protocol::words::{self, count, fixed, json, percent, signed};
use protocol::{Candidate, Detail};
use systems::Ranker;
use systems::Task;
use systems::knob::Settings;
use systems::shared::{BIAS_AT_SERVING, Blend, task_weight};

/// What is known of the chosen product in the present answer.
pub struct Chosen {
    /// As the answer has it.
    pub candidate: Candidate,
    /// Where it stands.
    pub place: Place,
    /// What ranked it.
    pub ranker: &'static Ranker,
    /// How usual each of its tasks is.
    pub base_rates: Vec<f32>,
    /// How its tasks are blended.
    pub settings: Settings,
    /// What the engine said of it alone.
    pub detail: Option<Detail>,
}

/// The product that was chosen on the shelf, taken apart.
#[component]
pub fn ChosenProduct() -> impl IntoView {
    let store = store();
    let product = Memo::new(move |_| store.state.with(|state| state.selected));
    let chosen = move || {
        let product = product.get()?;
        let place = store.places.with(|places| place_of(places, product))?;
        store.answer.with(|answer| {
            let answer = answer.as_ref()?;
            let candidate = answer.candidates.get(place.candidate)?.clone();
            let detail = answer.detail.clone().filter(|detail| detail.product == product);
            Some(Chosen {
                candidate,
                place,
                ranker: answer.ranker,
                base_rates: answer.base_rates.clone(),
                settings: store.ranking.get(),
                detail,
            })
        })
    };
    let first = move || {
        let first = store.shown().first().copied();
        store.state.update(|state| state.selected = first);
    };
    // It is the second panel of a column that scrolls by itself.
    follow(move |first| {
        if product.get().is_some() && !first {
            browser::after_paint(|| browser::reveal("chosen-product"));
        }
    });
    let inside = live(move || {
        let Some(product) = product.get() else {
            let ranked = store.order.with(|order| !order.is_empty());
            return view! {
                <p class="empty">{say(word!("product.none"))}</p>
                <button type="button" class="chip" hidden=!ranked on:click=click(first)>
                    {say(word!("product.take-first"))}
                </button>
            }
            .into_any();
        };
        view! {
            <Title product />
            {live(move || match chosen() {
                Some(chosen) => view! { <Apart chosen /> }.into_any(),
                None => {
                    let sold_out = store.is_sold_out(product);
                    let why = if sold_out { word!("product.sold-out") } else { word!("product.no-candidate") };
                    view! { <p class="empty" prop:textContent=say(why)></p> }.into_any()
                }
            })}
        }
        .into_any()
    });
    view! { <div id="chosen-product">{inside}</div> }
}

#[component]
fn Title(product: ProductId) -> impl IntoView {
    let store = store();
    let title = move || {
        store.shop.with(|shop| {
            let products = shop.iter().flat_map(|shop| shop.product(product));
            products.map(|product| product.title.clone()).collect::<String>()
        })
    };
    view! {
        <div class="chosen-title">
            <Picture product />
            <p translate="no">{title}</p>
            <button
                type="button"
                class="icon"
                aria-label=say(word!("close"))
                on:click=click(move || store.state.update(|state| state.selected = None))
            >
                <Mark name="close" />
            </button>
        </div>
    }
}

/// The score taken apart.
#[component]
pub fn Apart(
    /// Which, and what is known of it.
    chosen: Chosen,
) -> impl IntoView {
    let Chosen { candidate, place, ranker, base_rates, settings, detail } = chosen;
    view! {
        <Score candidate place ranker base_rates settings />
        {detail.map(|detail| blocks(detail.blocks, "ranker"))}
    }
}

/// What a task is called.
fn task_name(task: Task) -> &'static str {
    say(&word!("tasks.{}", task.name()))
}

/// The blend with its numbers in it.
#[component]
fn Score(
    candidate: Candidate,
    place: Place,
    ranker: &'static Ranker,
    base_rates: Vec<f32>,
    settings: Settings,
) -> impl IntoView {
    let (tasks, blend) = (ranker.tasks, Blend::of(&settings));
    let blended = ranker.blend(&settings);
    let predicted = Predicted { tasks, base_rates: &base_rates };
    let total: f32 = tasks.iter().map(|&task| task_weight(&settings, task)).sum();
    let terms = terms(&candidate, predicted, &settings);
    let lifted = blend != Blend::Sum;
    let mut written = Vec::with_capacity(tasks.len());
    let mut values = String::new();
    let rows = tasks
        .iter()
        .enumerate()
        .map(|(number, &task)| {
            let utility = candidate.utility.get(number).copied().unwrap_or(f32::NAN);
            let name = task.name();
            let weight = signed(task_weight(&settings, task), 2);
            let probability = percent(probability(&candidate, number, &settings));
            let base_rate = base_rates.get(number).copied().unwrap_or(f32::NAN);
            let mixed = mixed(&candidate, number, predicted, &settings);
            let lift = fixed(mixed.into(), 2);
            written.push(match blend {
                Blend::Sum => format!("{weight} × {probability}"),
                Blend::Lift => format!("{weight} × {lift}"),
                Blend::Product => {
                    let exponent = task_weight(&settings, task) / total;
                    format!("{lift}^{}", fixed(exponent.into(), 2))
                }
            });
            let (utility_said, base_said) = (json(utility), json(base_rate));
            values.push_str(&format!("\"u_{name}\":{utility_said},\"b_{name}\":{base_said},"));
            let usual = say_with(word!("product.usual"), &[("rate", &percent(base_rate))]);
            let inline = say(&word!("tasks.{}.inline", name));
            view! {
                <tr>
                    <th scope="row" prop:textContent=task_name(task)></th>
                    <td translate="no" title=say_with(word!("product.utility"), &[("task", inline)])>{signed(utility, 2)}</td>
                    <td translate="no">{probability}</td>
                    {lifted.then(|| view! { <td translate="no" title=usual>{words::times(mixed)}</td> })}
                    <td translate="no" title=say(word!("product.weight"))>{weight}</td>
                    <td translate="no">{words::score(blended, terms[number])}</td>
                </tr>
            }
        })
        .collect_view();
    let score = words::score(blended, place.score);
    let sum = match (total > 0.0, blend) {
        (true, Blend::Sum | Blend::Lift) => {
            format!("({}) / {} = {score}", written.join(" + "), signed(total, 2))
        }
        (true, Blend::Product) => format!("{} = {score}", written.join(" × ")),
        (false, _) if blended.is_none() => {
            say_with(word!("product.no-ranker"), &[("place", &count(place.rank + 1))])
        }
        (false, _) => say(word!("product.no-weights")).into(),
    };
    let columns = if lifted { "5" } else { "4" };
    let others = [
        ("bias", candidate.bias),
        ("score", place.score),
        ("retrieval_score", candidate.retrieval_score),
        ("probability", candidate.probability),
    ]
    .map(|(name, value)| format!("\"{name}\":{}", json(value)));
    values.push_str(&others.join(","));
    let biased = ranker.bias.is_some();
    let table = blended.is_some().then(|| {
        view! {
            <table>
                <thead>
                    <tr>
                        <th scope="col"><span class="hidden">{say(word!("product.task"))}</span></th>
                        <th scope="col"><Symbol symbol="u_k" /></th>
                        <th scope="col" translate="no">
                            {if settings.is_on(&BIAS_AT_SERVING) { "σ(u+y)" } else { "σ(u)" }}
                        </th>
                        {lifted.then(|| view! { <th scope="col">{say(word!("product.lift"))}</th> })}
                        <th scope="col"><Symbol symbol="w_k" /></th>
                        <th
                            scope="col"
                            prop:textContent=say(match blend {
                                Blend::Product => word!("product.factor"),
                                _ => word!("product.share"),
                            })
                        ></th>
                    </tr>
                </thead>
                <tbody>
                    {rows}
                </tbody>
                <tfoot>
                    <tr>
                        <th
                            scope="row"
                            colspan=columns
                            prop:textContent=say_with(word!("product.blended"), &[("place", &count(place.rank + 1))])
                        ></th>
                        <td translate="no"><strong>{score}</strong></td>
                    </tr>
                </tfoot>
            </table>
        }
    });
    let serving = if settings.is_on(&BIAS_AT_SERVING) {
        say(word!("product.bias-kept")).into()
    } else {
        let click = candidate.utility.first().copied().unwrap_or(f32::NAN);
        let chance = percent(sigmoid(click + candidate.bias));
        say_with(word!("product.bias-left-out"), &[("chance", &chance)])
    };
    view! {
        <div
            class="apart"
            data-testid="score-breakdown"
            data-values=format!("{{{values}}}")
        >
            {table}
            <p class="note" translate="no">{sum}</p>
            <dl class="pairs">
                <dt>{say(word!("product.retrieval-score"))}</dt>
                <dd translate="no">{signed(candidate.retrieval_score, 3)}</dd>
                <dt>{say(word!("product.softmax"))}</dt>
                <dd translate="no">{percent(candidate.probability)}</dd>
                <dt>{say(word!("product.retrieved-as"))}</dt>
                <dd translate="no">{say_with(word!("product.number"), &[("number", &count(place.candidate + 1))])}</dd>
                {biased.then(|| view! {
                    <dt>{say(word!("product.bias-logit"))} " " <Symbol symbol="y_b" /></dt>
                    <dd translate="no">{signed(candidate.bias, 2)}</dd>
                })}
            </dl>
            {biased.then(|| view! { <p class="note" prop:textContent=serving></p> })}
        </div>
    }
}
