//! Learning before one's eyes: a system trained in this tab on the market's log, with what it gets better at
//! on the way, and the shelf in its order.

use gloo_events::EventListener;
use leptos::prelude::*;
use web_sys::{File, HtmlInputElement};

use self::machine::machine;
use self::mine::Brought;
use self::record::{Record, value_name, variant};
use self::seen::seen;
use self::trainer::Trainer;
use super::browser::{dropped_file, read_bytes};
use super::engine::{Engine, Standing};
use super::panels::Panel;
use link::differences::knob_in_words;
use link::recipe::{Learning, Recipe, Setting};
use market::language::{Message, Value};
use page::browser;
use page::language::{say, say_with, text, worded};
use page::parts::{click, live, when};
use page::spoken::spoken;
use page::store::{Store, store};
use protocol::words;
use systems::knob::Settings;
use systems::learning::Role;
use systems::registry::LEARNERS;

pub mod charts;
pub mod kept;
mod machine;
pub mod mine;
pub mod record;
pub mod runs;
pub mod seen;
pub mod trainer;
pub mod truth;

/// Bytes of the largest file that may be one of weights.
const LARGEST: f64 = 64e6;

/// A model that learns while one looks at it.
pub const PANEL: Panel =
    Panel::new("learn", word!("studio.panels.learn"), word!("studio.panels.learn.about"), || {
        view! { <Learn /> }.into_any()
    });

#[component]
fn Learn() -> impl IntoView {
    let store = store();
    let trainer: Trainer = expect_context();
    let run = {
        let runs = trainer.runs;
        move |read: &dyn Fn(Option<&Record>) -> String| runs.with(|runs| read(runs.last()))
    };
    let said = {
        let trainer = trainer.clone();
        move || run(&|run| standing(&trainer, run))
    };
    let goes = trainer.goes;
    let steps = {
        let runs = trainer.runs;
        move || runs.with(|runs| runs.last().map_or((0, 0), |run| (run.step(), run.steps())))
    };
    // Once it rests: not while it gathers, and not at each step.
    let told = {
        let (trainer, runs) = (trainer.clone(), trainer.runs);
        move || {
            let begun = runs.with(|runs| runs.last().is_some_and(|run| run.begun.is_some()));
            (begun && !goes.get()).then(|| run(&|run| standing(&trainer, run)))
        }
    };
    let trouble = {
        let trainer = trainer.clone();
        move || {
            let halted = trainer.runs.with(|runs| runs.last().and_then(|run| run.halted.clone()));
            trainer.trouble.get().or(halted).map(|why| {
                view! { <p class="trouble" role="alert" data-testid="notice" data-key="learn" prop:textContent=move || worded(&why)></p> }
            })
            .into_any()
        }
    };
    // For whoever wants the numbers themselves.
    let recorded = {
        let runs = trainer.runs;
        move || runs.with(|runs| runs.last().map(Record::to_json))
    };
    let said_beside = {
        let trainer = trainer.clone();
        move || beside(store, trainer.clone())
    };
    let seen = {
        let trainer = trainer.clone();
        when(
            {
                let runs = trainer.looks();
                move || runs.with(|runs| runs.last().is_some_and(|run| !run.looks.is_empty()))
            },
            move || seen(store, &trainer),
        )
    };
    let machine = {
        let (trainer, looks) = (trainer.clone(), trainer.looks());
        when(move || looks.with(|runs| !runs.is_empty()), move || machine(store, &trainer))
    };
    let chosen = Memo::new(move |_| store.view.with(|view| view.recipe.learning()));
    let settings = live(move || {
        let settings = chosen.get().settings.iter();
        settings.map(|setting| control(store, setting)).collect_view().into_any()
    });
    view! {
        <div class="learn" data-testid="learn" data-run=recorded>
            <p class="note" data-testid="learn-variant" prop:textContent=move || learns(store)></p>
            {buttons(store, trainer.clone())}
            <p class="note" data-testid="learn-status" prop:textContent=said></p>
            <progress
                data-testid="learn-progress"
                aria-label=text(word!("learn.progress"))
                class:resting=move || !goes.get()
                max=move || steps().1.max(1).to_string()
                value=move || steps().0.to_string()
            ></progress>
            {spoken(told)}
            {live(trouble)}
            {live(said_beside)}
            <fieldset class="settings">
                <legend prop:textContent=text(word!("learn.settings"))></legend>
                {system(store)}
                {settings}
            </fieldset>
            {seen}
            {machine}
            {live({
                let trainer = trainer.clone();
                move || runs::table(store, &trainer)
            })}
            {file(trainer)}
        </div>
    }
}

/// Which system learns, and which variant of it or what for.
fn learns(store: Store) -> String {
    let recipe = store.view.with(|view| view.recipe.clone());
    let learning = recipe.learning();
    let knobs = store.state.with(|state| in_words(learning, &variant(state, &recipe)));
    let system = system_name(learning);
    match knobs.is_empty() {
        true => say_with(word!("learn.whole"), &[("system", &system)]),
        false => say_with(word!("learn.variant"), &[("system", &system), ("knobs", &knobs)]),
    }
}

fn system_name(learning: &Learning) -> String {
    say(&word!("knobs.{}.{}", learning.knob.key, learning.key)).into()
}

/// The choice of the system that learns; another one's training stands as it comes.
fn system(store: Store) -> AnyView {
    let now = move || store.view.with(|view| view.recipe.learning());
    let choose = move |event| {
        let chosen = event_target_value(&event);
        if let Some(learning) = LEARNERS.into_iter().find(|learning| learning.key == chosen) {
            store.view.update(|view| view.recipe = Recipe::new(learning));
        }
    };
    let option = move |learning: &'static Learning| {
        view! {
            <option value=learning.key selected=move || now() == learning prop:textContent=move || system_name(learning)></option>
        }
    };
    view! {
        <label title=move || say(word!("learn.system.about")).to_string()>
            <span prop:textContent=text(word!("learn.system"))></span>
            <select data-testid="learn-system" on:change=choose prop:value=move || now().key>
                {LEARNERS.map(option).collect_view()}
            </select>
        </label>
    }
    .into_any()
}

/// How the knobs stand that choose a variant, or what it learns for; nothing where there are none.
fn in_words(learning: &Learning, variant: &Settings) -> String {
    let knobs = learning.knobs.iter().map(|knob| worded(&knob_in_words(knob, variant)));
    knobs.collect::<Vec<_>>().join(" · ")
}

fn value_in_words(setting: &Setting, value: f32) -> String {
    match value_name(setting, value) {
        Value::Message(message) => worded(&message),
        Value::Text(text) => text,
    }
}

fn setting_name(key: &str) -> String {
    say(&word!("learn.setting.{}", key)).into()
}

/// A setting with its choices.
fn control(store: Store, setting: &'static Setting) -> AnyView {
    let now = move || store.view.with(|view| view.recipe.get(setting));
    let choose = move |event| {
        let chosen = event_target_value(&event);
        let chosen = setting.values.iter().find(|value| value.to_string() == chosen);
        store.view.update(|view| view.recipe.set(setting, *chosen.unwrap_or(&setting.default)));
    };
    let idle = move || store.view.with(|view| !view.recipe.counts(setting));
    let option = move |value: f32| {
        view! {
            <option value=value.to_string() selected=move || now() == value prop:textContent=move || value_in_words(setting, value)></option>
        }
    };
    view! {
        <label title=move || say(&word!("learn.setting.{}.about", setting.key)).to_string()>
            <span>
                <span prop:textContent=move || setting_name(setting.key)></span>
                {(!setting.symbol.is_empty()).then(|| view! { " " <i class="symbol" translate="no">{setting.symbol}</i> })}
            </span>
            <select data-setting=setting.key disabled=idle on:change=choose prop:value=move || now().to_string()>
                {setting.values.iter().map(|&value| option(value)).collect_view()}
            </select>
        </label>
    }
    .into_any()
}

/// Learn or pause, one step, begin anew.
fn buttons(store: Store, trainer: Trainer) -> AnyView {
    let wanted = move || (store.state.get_untracked(), recipe(store));
    // The newest run, if it is the one that is asked for and can go on.
    let ready = {
        let trainer = trainer.clone();
        move || {
            let (state, recipe) = wanted();
            trainer.runs.with_untracked(|runs| {
                let run = runs.last().filter(|run| run.is_of(&state, &recipe));
                run.filter(|run| trainer.can_go_on(run)).map(Record::step)
            })
        }
    };
    let begin = {
        let trainer = trainer.clone();
        move || {
            let (state, recipe) = wanted();
            trainer.begin(&state, &recipe);
        }
    };
    let goes = trainer.goes;
    let learn = {
        let (trainer, ready, begin) = (trainer.clone(), ready.clone(), begin.clone());
        move || {
            if trainer.goes.get_untracked() {
                trainer.pause();
                return;
            }
            if ready().is_none() {
                begin();
            }
            trainer.go(u32::MAX);
        }
    };
    let step = {
        let (trainer, begin) = (trainer.clone(), begin.clone());
        move || {
            let made = ready();
            if made.is_none() {
                begin();
            }
            trainer.go(made.unwrap_or(0) + 1);
        }
    };
    let label = move || say(if goes.get() { word!("learn.pause") } else { word!("learn.learn") });
    view! {
        <div class="actions">
            <button type="button" class="solid" data-testid="learn-go" on:click=click(learn) prop:textContent=label></button>
            <button type="button" class="outlined" data-testid="learn-step" disabled=move || goes.get() on:click=click(step) prop:textContent=text(word!("learn.step"))></button>
            <button type="button" class="outlined" data-testid="learn-anew" on:click=click(begin) prop:textContent=text(word!("learn.anew"))></button>
        </div>
    }
    .into_any()
}

/// What else there is to say: weights that are asked for and not here, a run that was left behind, that
/// nothing is kept, what was done in the background.
fn beside(store: Store, trainer: Trainer) -> AnyView {
    let lacks = {
        let trainer = trainer.clone();
        move |role: Role| {
            store.state.with(|state| role.asks(&state.settings)) && trainer.meant(role).is_none()
        }
    };
    let lacks = Role::ALL.map(|role| {
        let (name, key) = match role {
            Role::Retrieves => ("learn-lacks-towers", word!("learn.lacks.towers")),
            Role::Ranks => ("learn-lacks", word!("learn.lacks")),
        };
        let lacks = lacks.clone();
        when(
            move || lacks(role),
            move || {
                view! { <p class="trouble" data-testid=name prop:textContent=say(key)></p> }
                    .into_any()
            },
        )
    });
    let keeps = trainer.keeps;
    let not_kept = when(
        move || !keeps.get(),
        || {
            view! { <p class="note" data-testid="notice" data-key="learn-not-kept" prop:textContent=say(word!("learn.not-kept"))></p> }
            .into_any()
        },
    );
    let away = trainer.away;
    let was_away = live(move || match away.get() {
        Some(steps) => {
            let steps = words::count(steps as usize);
            let said = say_with(word!("learn.was-away"), &[("steps", &steps)]);
            view! { <p class="note" data-testid="learn-away" prop:textContent=said></p> }.into_any()
        }
        None => ().into_any(),
    });
    view! {
        {lacks}
        {live(move || left(store, &trainer))}
        {not_kept}
        {was_away}
    }
    .into_any()
}

/// A run that was left behind, with what can be done with it.
fn left(store: Store, trainer: &Trainer) -> AnyView {
    let Some(kept) = trainer.left.get() else { return ().into_any() };
    let learning = kept.recipe.learning();
    let told = runs::told_in_words(&kept.variant, &kept.recipe);
    let told = format!("{} · {told}", system_name(learning));
    let values = [
        ("step", &*words::count(kept.step as usize)),
        ("steps", &*words::count(kept.steps as usize)),
        ("told", &*told),
    ];
    let said = match kept.step < kept.steps {
        true => say_with(word!("learn.left"), &values),
        false => say_with(word!("learn.left.whole"), &values),
    };
    let again = {
        let (trainer, kept) = (trainer.clone(), kept.clone());
        move || {
            store.view.update(|view| view.recipe = kept.recipe.clone());
            store.state.update(|state| {
                for knob in learning.knobs.iter().copied().chain([learning.knob]) {
                    state.settings.set(knob, kept.variant.number(knob));
                }
            });
            trainer.forget_left();
            trainer.begin(&store.state.get_untracked(), &kept.recipe);
            trainer.go(u32::MAX);
        }
    };
    let forget = {
        let trainer = trainer.clone();
        move || trainer.forget_left()
    };
    let serve = (!kept.weights.is_empty()).then(|| {
        let trainer = trainer.clone();
        let serve = move || {
            let number = trainer.take(|number| Brought::of_run(number, kept.clone()));
            trainer.serve(store, Some(number), (learning, &kept.variant));
            // It is in the table now; the browser keeps it for the next visit.
            trainer.left.set(None);
        };
        let label = match learning.role() {
            Role::Retrieves => word!("learn.left.retrieve"),
            Role::Ranks => word!("learn.left.rank"),
        };
        view! {
            <button type="button" class="outlined" data-testid="left-rank" on:click=click(serve) prop:textContent=say(label)></button>
        }
    });
    view! {
        <section class="left" data-testid="learn-left">
            <p prop:textContent=said></p>
            <div class="actions">
                <button type="button" class="outlined" data-testid="left-again" on:click=click(again) prop:textContent=say(word!("learn.left.again"))></button>
                {serve}
                <button type="button" class="quiet" data-testid="left-forget" on:click=click(forget) prop:textContent=say(word!("learn.left.forget"))></button>
            </div>
        </section>
    }
    .into_any()
}

/// Where a file of weights is opened, or dropped.
fn file(trainer: Trainer) -> AnyView {
    let engine: Engine = expect_context();
    let said = RwSignal::new(None::<Message>);
    let open = move |file: File| {
        let (trainer, engine) = (trainer.clone(), engine.clone());
        leptos::task::spawn_local(async move {
            let name = file.name();
            let opened = async {
                if file.size() > LARGEST {
                    return Err(Message::new(word!("learn.open.large")));
                }
                let weights = read_bytes(&file).await?;
                Ok((engine.open(weights.clone()).await?, weights))
            };
            let says = match opened.await {
                Ok((opened, weights)) => {
                    let file = name.clone();
                    let of_file = |number| Brought::of_file(number, file, opened, weights);
                    trainer.measure(trainer.take(of_file));
                    Message::new(word!("learn.open.opened")).with("name", name)
                }
                Err(why) => {
                    Message::new(word!("learn.open.refused")).with("name", name).with("why", why)
                }
            };
            // The panel may have been closed meanwhile.
            let _ = said.try_set(Some(says));
        });
    };
    let dropped = {
        let open = open.clone();
        move || {
            if let Some(file) = dropped_file(true) {
                open(file);
            }
        }
    };
    dropped();
    // It listens for as long as the panel is there.
    StoredValue::new_local(EventListener::new(
        &browser::document(),
        "vitrine-dropped",
        move |_| dropped(),
    ));
    let chosen = move |event: leptos::ev::Event| {
        let input = event_target::<HtmlInputElement>(&event);
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            open(file);
        }
        // The same file can be chosen again.
        input.set_value("");
    };
    view! {
        <label class="file" data-testid="drop">
            <span prop:textContent=text(word!("learn.open"))></span>
            <input type="file" accept=".safetensors" data-testid="open-weights" on:change=chosen />
        </label>
        <p class="note" role="status" data-testid="weights-said" prop:textContent=move || said.with(|said| said.as_ref().map(worded).unwrap_or_default())></p>
    }
    .into_any()
}

fn recipe(store: Store) -> Recipe {
    store.view.with_untracked(|view| view.recipe.clone())
}

/// How the newest run stands, in a sentence.
pub fn standing(trainer: &Trainer, run: Option<&Record>) -> String {
    let Some(run) = run else { return say(word!("learn.rests")).into() };
    if let Standing::Loading(progress) = trainer.standing.get() {
        let share = progress.map_or(0.0, |progress| progress.share());
        return say_with(word!("learn.loading"), &[("share", &words::percent(share.min(1.0)))]);
    }
    if let Some((done, of)) = run.gathered {
        let values = [("done", &*words::count(done as usize)), ("of", &*words::count(of as usize))];
        return say_with(word!("learn.gathering"), &values);
    }
    let Some(begun) = &run.begun else { return say(word!("learn.begins")).into() };
    let values = [
        ("step", words::count(run.step() as usize)),
        ("steps", words::count(run.steps() as usize)),
        ("views", words::count(begun.views as usize)),
        ("held", words::count(begun.held_out as usize)),
        ("speed", words::count(run.speed.round() as usize)),
        ("unit", say(&word!("learn.unit.{}", run.recipe.learning().unit)).into()),
    ];
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, &**value)).collect();
    // Whom it is tested on may come while it learns.
    let said = match (run.is_over(), begun.held_out) {
        (true, 0) => word!("learn.over.early"),
        (true, _) => word!("learn.over"),
        (false, 0) => word!("learn.at.early"),
        (false, _) => word!("learn.at"),
    };
    let said = say_with(said, &values);
    let behind = trainer.hidden.get() && trainer.goes.get();
    let said = [said.as_str(), if behind { say(word!("learn.behind")) } else { "" }];
    said.join(say(word!("sentences.between"))).trim_end().into()
}
