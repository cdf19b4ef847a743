//! Controls, drawn from the table of knobs.

use leptos::prelude::*;

use super::hint::{self, Hint};
use super::language::{say, say_with};
use super::memory::{self, Sizes};
use super::parts::{click, live, when};
use super::picture::{Mark, Symbol};
use super::store::store;
use protocol::words::{self, fixed};
use systems::Task;
use systems::knob::{Control, Group, Idle, Knob};
use systems::registry;
use systems::shared::{
    BLEND, Blend, PAGE_NUMBER, PRODUCTS, RANKER, RELEVANCE_CONTROL, task_weight,
};

/// Whether it is the last of the weights of some retriever's objectives.
fn is_last_objective(knob: &Knob) -> bool {
    let last = registry::RETRIEVERS.iter().filter_map(|system| system.objectives.last());
    last.into_iter().any(|objective| objective.weight.key == knob.key)
}

/// Whether it loads another network of some ranker. Of switches, whose note tells of all of them, only
/// the first.
fn loads_network(knob: &Knob) -> bool {
    registry::RANKERS.iter().any(|system| {
        let is_switch = |knob: &Knob| matches!(knob.control, Control::Switch);
        let mut alike = system.networks.iter().filter(|of| is_switch(of) == is_switch(knob));
        match is_switch(knob) {
            true => alike.next().is_some_and(|first| first.key == knob.key),
            false => alike.any(|of| of.key == knob.key),
        }
    })
}

/// The knobs of the stages, under a heading each.
#[component]
pub fn Knobs() -> impl IntoView {
    view! {
        <div class="knobs">
            <KnobGroup
                group=Group::Retrieval
                title=word!("knobs-panel.retrieval")
                about=word!("knobs-panel.retrieval.about")
                back=word!("knobs-panel.retrieval.reset")
            />
            <KnobGroup
                group=Group::Ranking
                title=word!("knobs-panel.ranking")
                about=word!("knobs-panel.ranking.about")
                back=word!("knobs-panel.ranking.reset")
            />
            <KnobGroup
                group=Group::Page
                title=word!("knobs-panel.page")
                about=word!("knobs-panel.page.about")
                back=word!("knobs-panel.page.reset")
            />
        </div>
    }
}

#[component]
fn KnobGroup(
    group: Group,
    title: &'static str,
    about: &'static str,
    back: &'static str,
) -> impl IntoView {
    let store = store();
    let knobs = move || {
        registry::knobs().filter(move |knob| knob.group == group && knob.key != PAGE_NUMBER.key)
    };
    let moved = move || store.state.with(|s| knobs().any(|knob| !s.settings.is_default(knob)));
    let reset = move || {
        let back = |s: &mut link::State| knobs().for_each(|k| s.settings.turn(k, k.default));
        store.state.update(back);
    };
    let one = |knob: &'static Knob| {
        let shown = move || {
            let section = match knob.section {
                "" => ().into_any(),
                section => {
                    let section = say(&word!("sections.{}", section));
                    view! { <h3>{section}</h3> }.into_any()
                }
            };
            let is_switch = matches!(knob.control, Control::Switch);
            let network = loads_network(knob);
            view! {
                {section}
                {(network && is_switch).then(|| view! { <OtherNetwork knob /> })}
                <KnobControl knob />
                {(network && !is_switch).then(|| view! { <OtherNetwork knob /> })}
                {(knob.key == PRODUCTS.key).then(|| view! { <Sizes /> })}
                {(knob.key == BLEND.key).then(|| view! { <Formula /> })}
                {(knob.key == RANKER.key).then(|| view! { <NoRanker /> })}
                {is_last_objective(knob).then(|| view! { <Objectives /> })}
                {knob.for_time_alone.then(|| view! { <TimeToRank /> })}
            }
            .into_any()
        };
        when(move || store.state.with(|state| registry::is_in_use(knob, &state.settings)), shown)
    };
    view! {
        <details class="panel" open>
            <summary>
                <h2>{say(title)}</h2>
                <p>{say(about)}</p>
            </summary>
            {knobs().map(one).collect_view()}
            // Its place is always there, so that no panel below moves when a first knob is turned.
            <button class="quiet" type="button" disabled=move || !moved() on:click=click(reset)>
                <Mark name="reset" />
                {say(back)}
            </button>
        </details>
    }
}

/// Sentences of which one holds, in a place as large as the largest of them: nothing below moves
/// when another comes to hold.
#[component]
fn OneOf(
    #[prop(default = "stack")] class: &'static str,
    /// Each with its name for tests, and whether it holds.
    sentences: Vec<(&'static str, Said, Holds)>,
) -> impl IntoView {
    let one = |(testid, said, holds): (&'static str, Said, Holds)| {
        view! { <p data-testid=testid class:on=holds prop:textContent=said></p> }.into_any()
    };
    view! { <div class=class>{sentences.into_iter().map(one).collect_view()}</div> }
}

type Said = Box<dyn Fn() -> String + Send>;
type Holds = Box<dyn Fn() -> bool + Send>;

/// Says what the objectives' weights change: not who is ranked where every product of the types that
/// are likely meant is retrieved, for then they only order them.
#[component]
fn Objectives() -> impl IntoView {
    let store = store();
    let zeros = move || {
        store.state.with(|s| {
            let mut weights = s.retriever().objectives.iter().map(|o| s.settings.number(o.weight));
            weights.all(|weight| weight <= 0.0)
        })
    };
    let all = move || {
        store.state.with(|state| state.settings.is_on(&RELEVANCE_CONTROL))
            && store.answer.with(|answer| {
                let retrieval = answer.as_ref().map(|answer| &answer.retrieval);
                retrieval.is_some_and(|r| r.relevant <= r.retrieved)
            })
    };
    let holding = Memo::new(move |_| match (zeros(), all()) {
        (true, _) => "no-objectives",
        (false, true) => "all-retrieved",
        (false, false) => "objectives",
    });
    let sentence = |name: &'static str, key: &'static str| -> (&'static str, Said, Holds) {
        (name, Box::new(move || say(key).into()), Box::new(move || holding.get() == name))
    };
    let sentences = vec![
        sentence("no-objectives", word!("knobs-panel.no-objectives")),
        sentence("all-retrieved", word!("knobs-panel.all-retrieved")),
        sentence("objectives", word!("knobs-panel.objectives")),
    ];
    view! { <OneOf class="note stack" sentences /> }
}

/// Says why there is nothing else to turn where retrieval alone orders.
#[component]
fn NoRanker() -> impl IntoView {
    let store = store();
    let none = move || store.state.with(|state| state.ranker().tasks.is_empty());
    when(none, || {
        view! { <p class="note" data-testid="no-ranker">{say(word!("knobs-panel.no-ranker"))}</p> }
            .into_any()
    })
}

/// Says that not what the knob names makes all of the difference.
#[component]
fn OtherNetwork(knob: &'static Knob) -> impl IntoView {
    let says = match knob.control {
        Control::Switch => word!("knobs-panel.other-network"),
        _ => word!("knobs-panel.other-network-choice"),
    };
    view! { <p class="note" data-testid="other-network" data-of=knob.key>{say(says)}</p> }
}

/// The blend as an equation, and the base rates in it.
#[component]
fn Formula() -> impl IntoView {
    let store = store();
    let blend = move || store.ranking.with(Blend::of);
    let rates = Memo::new(move |_| {
        store.answer.with(|answer| {
            let Some(predicted) = answer.as_ref().map(|answer| answer.predicted()) else {
                return String::new();
            };
            let rate = |(task, rate): (&Task, &f32)| {
                let task = say(&word!("tasks.{}.inline", task.name()));
                say_with(word!("shelf.part"), &[("task", task), ("share", &words::percent(*rate))])
            };
            let rates: Vec<String> =
                predicted.tasks.iter().zip(predicted.base_rates).map(rate).collect();
            rates.join(say(word!("list.comma")))
        })
    });
    let weighs = move || {
        let weighs =
            |task: &Task| store.ranking.with(|settings| task_weight(settings, *task) > 0.0);
        store.answer.with(|answer| {
            answer.as_ref().is_none_or(|answer| answer.predicted().tasks.iter().any(weighs))
        })
    };
    let holding = Memo::new(move |_| match (weighs(), blend()) {
        (false, _) => word!("knobs-panel.no-weights"),
        (true, Blend::Sum) => word!("knobs-panel.usual-sum"),
        (true, _) => word!("knobs-panel.usual"),
    });
    let sentence = |key: &'static str| -> (&'static str, Said, Holds) {
        let said = move || say_with(key, &[("rates", &rates.get())]);
        (key, Box::new(said), Box::new(move || holding.get() == key))
    };
    let sentences = [
        word!("knobs-panel.no-weights"),
        word!("knobs-panel.usual-sum"),
        word!("knobs-panel.usual"),
    ];
    view! {
        <div class="formula" data-testid="blend-formula">
            <p translate="no">{live(move || formula(blend()))}</p>
            <OneOf sentences=sentences.map(sentence).into() />
        </div>
    }
}

/// A blend as papers set it.
fn formula(blend: Blend) -> AnyView {
    let lift = || view! { "(" <Symbol symbol="y_k" /> " / " <Symbol symbol="b_k" /> ")" };
    let sum = || view! { <Symbol symbol="y" /> " = Σ " <Symbol symbol="w_k" /> " " };
    let over = || view! { " / Σ " <Symbol symbol="w_k" /> };
    match blend {
        Blend::Sum => view! { {sum()} <Symbol symbol="y_k" /> {over()} }.into_any(),
        Blend::Lift => view! { {sum()} {lift()} {over()} }.into_any(),
        Blend::Product => {
            let exponent = view! { <sup><Symbol symbol="w_k" /> {over()}</sup> };
            view! { <Symbol symbol="y" /> " = Π " {lift()} {exponent} }.into_any()
        }
    }
}

/// The time that MLPR last took for the candidates, beside its paper's (table 5).
#[component]
fn TimeToRank() -> impl IntoView {
    let store = store();
    let worded = |count: usize, took: f64| {
        let (count, took) = (words::count(count), words::milliseconds(took));
        say_with(word!("knobs-panel.time-to-rank"), &[("count", &count), ("took", &took)])
    };
    let last = Memo::new(move |before: Option<&Option<(usize, f64)>>| {
        let now = store.answer.with(|answer| {
            let answer = answer.as_ref()?;
            let time = answer.timings.iter().find(|time| time.stage == "rank" && !time.cached)?;
            Some((answer.candidates.len(), time.milliseconds.into()))
        });
        now.or_else(|| before.copied().flatten())
    });
    let said = move || last.get().map_or(String::new(), |(count, took)| worded(count, took));
    // As long as it gets, for its place.
    let longest = move || worded(1000, 1000.0);
    let sentences: Vec<(&str, Said, Holds)> = vec![
        ("time-to-rank", Box::new(said), Box::new(|| true)),
        ("time-to-rank-room", Box::new(longest), Box::new(|| false)),
    ];
    view! { <OneOf class="note stack" sentences /> }
}

/// One knob with its name, symbol, value, and the way back to its default.
#[component]
pub fn KnobControl(
    /// Which.
    knob: &'static Knob,
    /// What its element ids begin with: a second control of the same knob wants its own.
    #[prop(default = "knob")]
    place: &'static str,
) -> impl IntoView {
    let store = store();
    let id = format!("{place}-{}", knob.key);
    let about = format!("{id}-about");
    let tells = format!("{id}-tells");
    let described = format!("{about} {tells}");
    let moved = move || store.state.with(|state| !state.settings.is_default(knob));
    // Why turning it would change nothing; before the first answer nobody knows.
    let idle = Memo::new(move |_| {
        let facts = store.facts.get()?;
        store.state.with(|state| (knob.idle)(&state.settings, &facts))
    });
    let idles = move || matches!(idle.get(), Some(Idle::Wholly(_)));
    let effect = move || store.effect.get().filter(|effect| effect.knob == knob.key);
    let says = move || match idle.get() {
        Some(idle) => say(idle.words()).into(),
        None => effect().map_or(String::new(), |effect| effect.short()),
    };
    let control = match knob.control {
        Control::Number { min, max, step, .. } => {
            let share = move |value: f64| (value - min) / (max - min);
            let default = share(knob.default.into());
            let value = move || store.state.with(|s| f64::from(s.settings.number(knob)));
            // With its unit, where the bare number would not do.
            let spoken = move || {
                let unit = (!knob.unit.is_empty()).then(|| say(&word!("units.{}", knob.unit)));
                unit.map(|unit| format!("{} {unit}", shortest(value())))
            };
            let turn = move |event| {
                let value = event_target::<web_sys::HtmlInputElement>(&event).value_as_number();
                store.turn(knob, value.clamp(min, max) as f32);
            };
            view! {
                <input
                    type="range"
                    id=id.clone()
                    data-testid=knob.testid
                    aria-describedby=described.clone()
                    min=shortest(min)
                    max=shortest(max)
                    step=shortest(step)
                    aria-valuetext=spoken
                    prop:value=move || shortest(value())
                    style=move || {
                        format!("--at:{};--default:{}", fixed(share(value()), 4), fixed(default, 4))
                    }
                    on:input=turn
                />
            }
            .into_any()
        }
        Control::Switch => view! {
            <input
                type="checkbox"
                role="switch"
                id=id.clone()
                data-testid=knob.testid
                aria-describedby=described.clone()
                prop:checked=move || store.state.with(|state| state.settings.is_on(knob))
                on:change=move |event| {
                    store.turn(knob, f32::from(u8::from(event_target_checked(&event))));
                }
            />
        }
        .into_any(),
        Control::Choice(options) => view! {
            <select
                id=id.clone()
                data-testid=knob.testid
                aria-describedby=described.clone()
                prop:value=move || store.state.with(|s| options[s.settings.option(knob)].to_string())
                on:change=move |event| {
                    let name = event_target_value(&event);
                    if let Some(option) = options.iter().position(|key| *key == name) {
                        store.turn(knob, option as f32);
                    }
                }
            >
                {options
                    .iter()
                    .enumerate()
                    .map(|(option, key)| {
                        let label = say(&knob.words(key));
                        let disabled = move || memory::holds_back(store, knob, option);
                        view! { <option value=*key disabled=disabled>{label}</option> }
                    })
                    .collect_view()}
            </select>
        }
        .into_any(),
    };
    let kind = match knob.control {
        Control::Number { .. } => "knob number",
        Control::Switch => "knob switch",
        Control::Choice(_) => "knob choice",
    };
    let value = match knob.control {
        Control::Number { step, .. } => {
            let unit = (!knob.unit.is_empty()).then(|| say(&word!("units.{}", knob.unit)));
            let digits = shortest(step).split_once('.').map_or(0, |(_, digits)| digits.len());
            view! {
                // The slider says it itself.
                <output class="value" for=id.clone() aria-live="off" translate="no">
                    <span prop:textContent=move || store.state.with(|s| fixed(s.settings.number(knob).into(), digits))></span>
                    <small>{unit}</small>
                </output>
            }
            .into_any()
        }
        _ => ().into_any(),
    };
    let [focused, pointed, touched] = [about.clone(), about.clone(), about.clone()];
    view! {
        <div
            class=kind
            class:moved=moved
            class:idle=idles
            data-knob=knob.key
            on:focusin=move |event| hint::focus(&focused, &event)
            on:focusout=move |event| hint::blur(&event)
        >
            <label
                for=id.clone()
                on:pointerenter=move |event| hint::point(&pointed, &event)
                on:pointerleave=move |event| hint::leave(&event)
                on:pointerup=move |event| hint::touch(&touched, &event)
            >
                <span class="name">{say(&knob.words("name"))}</span>
                <Symbol symbol=knob.symbol />
            </label>
            <button
                class="reset"
                type="button"
                title=say(word!("knobs-panel.default"))
                aria-label=move || {
                    let name = say(&knob.words("name"));
                    say_with(word!("knobs-panel.default-of"), &[("name", name)])
                }
                disabled=move || !moved()
                on:click=click(move || store.turn(knob, knob.default))
            >
                <Mark name="reset" />
            </button>
            {value}
            {control}
            <span class="tells" id=tells.clone() title=says prop:textContent=says></span>
            <Hint id=about says=Box::new(move || say(&knob.words("about")).into()) />
        </div>
    }
}

/// A few options side by side, for the choices that are made most.
#[component]
pub fn Segments(
    /// Which.
    knob: &'static Knob,
) -> impl IntoView {
    let store = store();
    let Control::Choice(options) = knob.control else { return ().into_any() };
    view! {
        <fieldset class="segments" data-testid=knob.testid>
            <legend>{say(&knob.words("name"))}</legend>
            {options
                .iter()
                .enumerate()
                .map(|(option, name)| {
                    view! {
                        <label>
                            <input
                                type="radio"
                                name=knob.key
                                value=*name
                                prop:checked=move || store.state.with(|s| s.settings.option(knob)) == option
                                on:change=move |_| {
                                    store.state.update(|s| s.settings.turn(knob, option as f32));
                                }
                            />
                            <span>{say(&knob.words(name))}</span>
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
