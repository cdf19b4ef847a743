//! Controls, drawn from the table of knobs.

use leptos::prelude::*;

use super::parts::{click, when};
use super::picture::{Mark, Symbol};
use super::store::store;
use super::words::{self, fixed};
use crate::protocol::Answer;
use crate::share::knobs::{Control, Group, KNOBS, Knob};

/// The knob after which is said whether the objectives' weights matter.
const LAST_OBJECTIVE: &str = "w-purchase";

/// The knob after which is said how long ranking took.
const PRECOMPUTED: &str = "precomputed";

/// The knobs of the stages, under a heading each.
#[component]
pub fn Knobs() -> impl IntoView {
    view! {
        <div class="knobs">
            <KnobGroup
                group=Group::Retrieval
                title="Retrieval"
                about="Which products come into question: distance between two towers."
            />
            <KnobGroup
                group=Group::Ranking
                title="Ranking"
                about="In which order: experts, gates, and a blend of tasks."
            />
            <KnobGroup group=Group::Page title="Page" about="How results are laid out." />
        </div>
    }
}

#[component]
fn KnobGroup(group: Group, title: &'static str, about: &'static str) -> impl IntoView {
    let store = store();
    let knobs = move || KNOBS.iter().filter(move |knob| knob.group == group && knob.key != "page");
    let moved = move || store.state.with(|state| knobs().any(|knob| !knob.is_default(state)));
    let reset = move || store.state.update(|state| knobs().for_each(|knob| knob.reset(state)));
    let back = move || {
        view! {
            <button class="quiet" type="button" on:click=click(reset)>
                <Mark name="reset" />
                {format!("Reset {}", title.to_ascii_lowercase())}
            </button>
        }
        .into_any()
    };
    let one = |knob: &'static Knob| {
        let shown = move || {
            let section = match knob.section {
                "" => ().into_any(),
                section => view! { <h3>{section}</h3> }.into_any(),
            };
            view! {
                {section}
                <KnobControl knob />
                {(knob.key == LAST_OBJECTIVE).then(|| view! { <AllRetrieved /> })}
                {(knob.key == PRECOMPUTED).then(|| view! { <TimeToRank /> })}
            }
            .into_any()
        };
        when(move || store.state.with(|state| knob.is_in_use(state)), shown)
    };
    view! {
        <details class="panel" open>
            <summary>
                <h2>{title}</h2>
                <p>{about}</p>
            </summary>
            {knobs().map(one).collect_view()}
            {when(moved, back)}
        </details>
    }
}

/// Says when the objectives' weights can't change who is ranked: where every product of the
/// predicted categories has been retrieved, they only order what relevance control lets through.
#[component]
fn AllRetrieved() -> impl IntoView {
    let store = store();
    let holds = move || {
        store.state.with(|state| state.retrieval.relevance_control)
            && store.answer.with(|answer| {
                let ranked = |answer: &Answer| answer.candidates.len() as u32;
                answer.as_ref().is_some_and(|a| ranked(a) == a.retrieval.relevant)
            })
    };
    when(holds, || {
        let said = "Every relevant product is in already: the weights only change their places in retrieval.";
        view! { <p class="note" data-testid="all-retrieved">{said}</p> }.into_any()
    })
}

/// The time that MLPR took for the candidates, beside its paper's (table 5).
#[component]
fn TimeToRank() -> impl IntoView {
    let store = store();
    let said = move || {
        store.answer.with(|answer| {
            let answer = answer.as_ref()?;
            let time = answer.timings.iter().find(|time| time.stage == "rank" && !time.cached)?;
            let took = words::milliseconds(time.milliseconds.into());
            let count = words::count(answer.candidates.len());
            Some(format!("{count} products took {took}. The paper’s took 112 ms for 100, and 171 ms on the spot, on a V100 (99th percentile)."))
        })
    };
    view! { <p class="note" data-testid="time-to-rank">{move || said().unwrap_or_default()}</p> }
}

/// One knob with its name, symbol, value, and the way back to its default.
#[component]
pub fn KnobControl(
    knob: &'static Knob,
    /// What its element ids begin with: a second control of the same knob wants its own.
    #[prop(default = "knob")]
    place: &'static str,
) -> impl IntoView {
    let store = store();
    let id = format!("{place}-{}", knob.key);
    let about = format!("{id}-about");
    let moved = move || store.state.with(|state| !knob.is_default(state));
    let control = match knob.control {
        Control::Number { min, max, step, get, set, .. } => {
            let share = move |value: f64| (value - min) / (max - min);
            let default = share(get(&crate::share::State::default()));
            let value = move || store.state.with(get);
            let turn = move |event| {
                let value = event_target::<web_sys::HtmlInputElement>(&event).value_as_number();
                store.state.update(|state| set(state, value.clamp(min, max)));
            };
            view! {
                <input
                    type="range"
                    id=id.clone()
                    data-testid=knob.testid
                    aria-describedby=about.clone()
                    min=shortest(min)
                    max=shortest(max)
                    step=shortest(step)
                    prop:value=move || shortest(value())
                    style=move || {
                        format!("--at:{};--default:{}", fixed(share(value()), 4), fixed(default, 4))
                    }
                    on:input=turn
                />
            }
            .into_any()
        }
        Control::Switch { get, set } => view! {
            <input
                type="checkbox"
                role="switch"
                id=id.clone()
                data-testid=knob.testid
                aria-describedby=about.clone()
                prop:checked=move || store.state.with(get)
                on:change=move |event| {
                    let on = event_target_checked(&event);
                    store.state.update(|state| set(state, on));
                }
            />
        }
        .into_any(),
        Control::Choice { options, get, set } => view! {
            <select
                id=id.clone()
                data-testid=knob.testid
                aria-describedby=about.clone()
                prop:value=move || store.state.with(|state| options[get(state)].0.to_string())
                on:change=move |event| {
                    let name = event_target_value(&event);
                    if let Some(option) = options.iter().position(|(key, _)| *key == name) {
                        store.state.update(|state| set(state, option));
                    }
                }
            >
                {options
                    .iter()
                    .map(|(key, label)| view! { <option value=*key>{*label}</option> })
                    .collect_view()}
            </select>
        }
        .into_any(),
    };
    let kind = match knob.control {
        Control::Number { .. } => "knob number",
        Control::Switch { .. } => "knob switch",
        Control::Choice { .. } => "knob choice",
    };
    let value = match knob.control {
        Control::Number { step, get, .. } => {
            let digits = shortest(step).split_once('.').map_or(0, |(_, digits)| digits.len());
            view! {
                <output class="value" for=id.clone()>
                    {move || store.state.with(|state| fixed(get(state), digits))}
                    <small>{knob.unit}</small>
                </output>
            }
            .into_any()
        }
        _ => ().into_any(),
    };
    view! {
        <div class=kind class:moved=moved>
            <label for=id.clone()>
                <span class="name">{knob.name}</span>
                <Symbol symbol=knob.symbol />
            </label>
            <button
                class="reset"
                type="button"
                title="Back to the default"
                aria-label=format!("{}: back to the default", knob.name)
                disabled=move || !moved()
                on:click=click(move || store.state.update(|state| knob.reset(state)))
            >
                <Mark name="reset" />
            </button>
            {value}
            {control}
            <span class="about" role="tooltip" id=about.clone()>{knob.explanation}</span>
        </div>
    }
}

/// A few options side by side, for the choices that are made most.
#[component]
pub fn Segments(key: &'static str) -> impl IntoView {
    let store = store();
    let knob = Knob::by_key(key);
    let Some(Knob { name, testid, control: Control::Choice { options, get, set }, .. }) = knob
    else {
        return ().into_any();
    };
    view! {
        <fieldset class="segments" data-testid=*testid>
            <legend>{*name}</legend>
            {options
                .iter()
                .enumerate()
                .map(|(option, (name, label))| {
                    view! {
                        <label>
                            <input
                                type="radio"
                                name=key
                                value=*name
                                prop:checked=move || store.state.with(get) == option
                                on:change=move |_| store.state.update(|state| set(state, option))
                            />
                            <span>{*label}</span>
                        </label>
                    }
                })
                .collect_view()}
        </fieldset>
    }
    .into_any()
}

/// A number as the shortest text that reads back as the same f32.
fn shortest(value: f64) -> String {
    (value as f32).to_string()
}
