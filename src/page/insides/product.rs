//! The chosen product: its score taken apart, its experts, its attention, its dense features.

use leptos::prelude::*;

use super::utilisation::expert_name;
use crate::browser;
use crate::language::{say, say_with};
use crate::parts::{click, follow, live};
use crate::picture::{Mark, Picture, Symbol};
use crate::store::{Place, place_of, store};
use market::catalogue::ProductId;
use protocol::blend::{Predicted, mixed, probability, sigmoid, terms};
use protocol::words::{self, count, css_share, fixed, json, percent, signed};
use protocol::{Candidate, Detail, Feature, SequenceAttention, Transfer};
use systems::Ranker;
use systems::Task;
use systems::knob::Settings;
use systems::shared::{BIAS_AT_SERVING, Blend, task_weight};

/// Most entries shown of one sequence, those with the most attention.
const ENTRIES: usize = 4;

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
    /// Experts of the last gating.
    pub experts: Vec<String>,
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
                experts: answer.gatings.last().map(|g| g.experts.clone()).unwrap_or_default(),
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
                    view! { <p class="empty">{say(why)}</p> }.into_any()
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
            let products =
                shop.iter().flat_map(|shop| shop.catalogue.products.get(product as usize));
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
    let Chosen { candidate, place, ranker, base_rates, experts, settings, detail } = chosen;
    let tasks = ranker.tasks;
    view! {
        <Score candidate=candidate.clone() place ranker base_rates settings />
        {detail.map(|detail| {
            view! {
                <Chain tasks steps=detail.transfer.clone() />
                <Contributions tasks experts values=detail.expert_contribution.clone() />
                <Attention sequences=detail.attention.clone() />
                <Bias total=candidate.bias terms=detail.bias_terms.clone() />
                <Features features=detail.features.clone() />
            }
        })}
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
                        <th scope="col">
                            {if settings.is_on(&BIAS_AT_SERVING) { "σ(u+y)" } else { "σ(u)" }}
                        </th>
                        {lifted.then(|| view! { <th scope="col">{say(word!("product.lift"))}</th> })}
                        <th scope="col"><Symbol symbol="w_k" /></th>
                        <th scope="col">
                            {say(match blend {
                                Blend::Product => word!("product.factor"),
                                _ => word!("product.share"),
                            })}
                        </th>
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

/// MLPR's steps from the impression to the order: what each takes from the one before.
#[component]
fn Chain(tasks: &'static [Task], steps: Vec<Transfer>) -> impl IntoView {
    (!steps.is_empty()).then(|| {
        let row = |(number, (task, step)): (usize, (&Task, Transfer))| {
            // The first has nothing before it.
            let former = match number {
                0 => ().into_any(),
                _ => view! {
                    <span class="bar ranker" style=format!("--share:{}", css_share(step.from_former))></span>
                    <small translate="no">{percent(step.from_former)}</small>
                }
                .into_any(),
            };
            view! {
                <tr>
                    <th scope="row" prop:textContent=task_name(*task)></th>
                    <td translate="no">{percent(step.conditional)}</td>
                    <td translate="no">{percent(step.joint)}</td>
                    <td translate="no">{former}</td>
                </tr>
            }
        };
        view! {
            <h3>{say(word!("chain.title"))}</h3>
            <p class="note">{say(word!("chain.note"))}</p>
            <table class="chain" data-testid="chain">
                <thead>
                    <tr>
                        <th scope="col"><span class="hidden">{say(word!("product.task"))}</span></th>
                        <th scope="col"><Symbol symbol="p_k" /></th>
                        <th scope="col"><Symbol symbol="y_k" /></th>
                        <th scope="col">{say(word!("chain.from-before"))}</th>
                    </tr>
                </thead>
                <tbody>{tasks.iter().zip(steps).enumerate().map(row).collect_view()}</tbody>
            </table>
        }
    })
}

/// A bar to the right or to the left of a middle line, by its share of the longest.
pub fn two_sided(value: f32, longest: f32) -> impl IntoView {
    let share = if longest > 0.0 { 50.0 * (value / longest).clamp(-1.0, 1.0) } else { 0.0 };
    let (left, width) = if share < 0.0 { (50.0 + share, -share) } else { (50.0, share) };
    let class = if share < 0.0 { "below" } else { "" };
    let style = format!("left:{}%;width:{}%", fixed(left.into(), 1), fixed(width.into(), 1));
    view! {
        <span class="two-sided">
            <i class=class style=style></i>
        </span>
    }
}

/// The largest by size, largest first: (index, value).
fn strongest(values: &[f32], most: usize) -> Vec<(usize, f32)> {
    let mut found: Vec<(usize, f32)> = vec![];
    while found.len() < most {
        let rest =
            values.iter().copied().enumerate().filter(|(i, value)| {
                value.is_finite() && found.iter().all(|(taken, _)| taken != i)
            });
        match rest.reduce(|a, b| if b.1.abs() > a.1.abs() { b } else { a }) {
            Some(next) => found.push(next),
            None => break,
        }
    }
    found
}

/// The largest magnitude of the values that are numbers; 0 where there is none.
pub fn longest(values: impl IntoIterator<Item = f32>) -> f32 {
    values.into_iter().filter(|v| v.is_finite()).fold(0.0, |most, v| most.max(v.abs()))
}

#[component]
fn Contributions(
    tasks: &'static [Task],
    experts: Vec<String>,
    values: Vec<Vec<f32>>,
) -> impl IntoView {
    (!values.is_empty()).then(|| {
        let cell = |task: usize, expert: usize| {
            let of_task = values.get(task).map(Vec::as_slice).unwrap_or_default();
            let value = of_task.get(expert).copied().unwrap_or(0.0);
            // Orders are rare, so their utility is of another size than that of clicks.
            let bar = two_sided(value, longest(of_task.iter().copied()));
            view! { <td translate="no" title=signed(value, 3)>{bar} <small translate="no">{signed(value, 2)}</small></td> }
        };
        view! {
            <h3>{say(word!("contributions.title"))}</h3>
            <p class="note">{say(word!("contributions.note"))}</p>
            <table class="bars">
                <thead>
                    <tr>
                        <th scope="col"><span class="hidden">{say(word!("contributions.expert"))}</span></th>
                        {tasks
                            .iter()
                            .map(|task| view! { <th scope="col" prop:textContent=task_name(*task)></th> })
                            .collect_view()}
                    </tr>
                </thead>
                <tbody>
                    {experts
                        .into_iter()
                        .enumerate()
                        .map(|(expert, name)| {
                            view! {
                                <tr>
                                    <th scope="row" prop:textContent=expert_name(&name)></th>
                                    {(0..tasks.len()).map(|task| cell(task, expert)).collect_view()}
                                </tr>
                            }
                        })
                        .collect_view()}
                </tbody>
            </table>
        }
    })
}

#[component]
fn Attention(sequences: Vec<SequenceAttention>) -> impl IntoView {
    let store = store();
    let title = move |entry: u32| {
        store.answer.with_untracked(|answer| {
            let event = answer.as_ref()?.history.iter().find(|e| e.entry == entry)?.event;
            store.shop.with_untracked(|shop| {
                let product = shop.as_ref()?.catalogue.products.get(event.product as usize)?;
                Some((event.product, product.title.clone()))
            })
        })
    };
    let list = move |sequence: SequenceAttention| {
        let count = sequence.weights.len();
        let weights: Vec<_> = sequence.weights.iter().map(|(_, weight)| *weight).collect();
        let rows = strongest(&weights, ENTRIES)
            .into_iter()
            .map(|(i, weight)| {
                let (product, name) = title(sequence.weights[i].0)?;
                let tip = name.clone();
                Some(view! {
                    <li title=tip>
                        <Picture product />
                        <span class="what" translate="no">{name}</span>
                        <span class="bar ranker" style=format!("--share:{}", css_share(weight))></span>
                        <small translate="no">{percent(weight)}</small>
                    </li>
                })
            })
            .collect_view();
        view! {
            <div class="sequence">
                <h4 prop:textContent=say_with(&word!("attention.{}", sequence.sequence), &[("count", &words::count(count))])></h4>
                {if count == 0 {
                    view! { <p class="empty">{say(word!("attention.none"))}</p> }.into_any()
                } else {
                    view! { <ol>{rows}</ol> }.into_any()
                }}
            </div>
        }
    };
    (!sequences.is_empty()).then(|| {
        view! {
            <h3>{say(word!("attention.title"))}</h3>
            <p class="note" inner_html=say(word!("attention.note"))></p>
            <div data-testid="attention">{sequences.into_iter().map(list).collect_view()}</div>
        }
    })
}

#[component]
fn Bias(total: f32, terms: Vec<(String, f32)>) -> impl IntoView {
    let most = longest(terms.iter().map(|(_, value)| *value).chain([total]));
    (!terms.is_empty()).then(|| {
        view! {
            <h3>{say(word!("bias.title"))}</h3>
            <table class="bars">
                <tbody>
                    {terms
                        .into_iter()
                        .map(|(name, value)| {
                            view! {
                                <tr>
                                    <th scope="row" prop:textContent=say(&word!("bias.{}", name))></th>
                                    <td translate="no">{two_sided(value, most)} <small translate="no">{signed(value, 2)}</small></td>
                                </tr>
                            }
                        })
                        .collect_view()}
                    <tr class="sum">
                        <th scope="row">{say(word!("bias.together"))}</th>
                        <td translate="no">{two_sided(total, most)} <small translate="no">{signed(total, 2)}</small></td>
                    </tr>
                </tbody>
            </table>
        }
    })
}

#[component]
fn Features(features: Vec<Feature>) -> impl IntoView {
    let most = longest(features.iter().map(|feature| feature.z_score));
    (!features.is_empty()).then(|| {
        view! {
            <h3>{say(word!("features-panel.title"))}</h3>
            <p class="note">{say(word!("features-panel.note"))}</p>
            <table class="bars">
                <tbody>
                    {features
                        .into_iter()
                        .map(|Feature { name, kind, value, z_score }| {
                            // Their words come behind the first ranking's.
                            let title = move || {
                                let value = signed(value, 3);
                                say_with(&word!("feature-kinds.{}", kind), &[("value", &value)])
                            };
                            let name = move || say(&word!("features.{}", name));
                            view! {
                                <tr title=title>
                                    <th scope="row" prop:textContent=name></th>
                                    <td translate="no">{two_sided(z_score, most)} <small translate="no">{signed(z_score, 1)}</small></td>
                                </tr>
                            }
                        })
                        .collect_view()}
                </tbody>
            </table>
        }
    })
}
