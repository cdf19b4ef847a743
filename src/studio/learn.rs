//! Learning before one's eyes: DMT trained in this tab on the market's log, with what it gets better at
//! on the way, and the shelf in its order.

use leptos::prelude::*;
use web_sys::HtmlInputElement;

use self::charts::{Curve, Curves, Plot, Stream, sample};
use self::record::{Record, variant};
use self::trainer::{Trainer, look_at};
use super::browser::download_bytes;
use super::engine::Standing;
use super::panels::Panel;
use link::differences::knob_in_words;
use link::recipe::{Recipe, SETTINGS, SHIPPED, Setting};
use page::insides::chart::Chart;
use page::insides::curves::examination;
use page::language::{say, say_with, text, worded};
use page::parts::{click, live, when};
use page::store::{Store, store};
use protocol::Examination;
use protocol::words::{self, fixed};
use systems::knob::Settings;
use systems::registry::LEARNER;

pub mod charts;
pub mod record;
pub mod trainer;

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
    let seen = {
        let trainer = trainer.clone();
        when(
            {
                let runs = trainer.runs;
                move || runs.with(|runs| runs.last().is_some_and(|run| !run.looks.is_empty()))
            },
            move || seen(trainer.clone()),
        )
    };
    view! {
        <div class="learn" data-testid="learn" data-run=recorded>
            <p class="note" data-testid="learn-variant" prop:textContent=move || learns(store)></p>
            {buttons(store, trainer.clone())}
            <p class="note" role="status" data-testid="learn-status" prop:textContent=said></p>
            {live(trouble)}
            <fieldset class="settings">
                <legend>{text(word!("learn.settings"))}</legend>
                {SETTINGS.map(|setting| control(store, setting))}
            </fieldset>
            {seen}
            {live(move || runs_table(store, trainer.clone()))}
        </div>
    }
}

/// Which system learns, and which variant of it.
fn learns(store: Store) -> String {
    let knobs = store.state.with(|state| in_words(&variant(state)));
    let system = say(&word!("knobs.ranker.{}", LEARNER.key));
    say_with(word!("learn.variant"), &[("system", system), ("knobs", &knobs)])
}

/// How the knobs stand that choose a variant.
fn in_words(variant: &Settings) -> String {
    let knobs = LEARNER.networks.iter().map(|knob| worded(&knob_in_words(knob, variant)));
    knobs.collect::<Vec<_>>().join(" · ")
}

/// What a value of a setting is called.
fn value_name(setting: &Setting, value: f32) -> String {
    match (setting.key == SHIPPED.key, value > 0.0) {
        (true, false) => say(word!("learn.from.nothing")).into(),
        (true, true) => say(word!("learn.from.shipped")).into(),
        (false, _) => value.to_string(),
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
    let option = move |value: f32| {
        view! {
            <option value=value.to_string() selected=move || now() == value prop:textContent=move || value_name(setting, value)></option>
        }
    };
    view! {
        <label title=move || say(&word!("learn.setting.{}.about", setting.key)).to_string()>
            <span>
                {move || setting_name(setting.key)}
                {(!setting.symbol.is_empty()).then(|| view! { " " <i class="symbol" translate="no">{setting.symbol}</i> })}
            </span>
            <select data-setting=setting.key on:change=choose prop:value=move || now().to_string()>
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
            <button type="button" class="outlined" data-testid="learn-step" disabled=move || goes.get() on:click=click(step)>
                {text(word!("learn.step"))}
            </button>
            <button type="button" class="outlined" data-testid="learn-anew" on:click=click(begin)>
                {text(word!("learn.anew"))}
            </button>
        </div>
    }
    .into_any()
}

fn recipe(store: Store) -> Recipe {
    store.view.with_untracked(|view| view.recipe.clone())
}

/// How the newest run stands, in a sentence.
fn standing(trainer: &Trainer, run: Option<&Record>) -> String {
    let Some(run) = run else { return say(word!("learn.rests")).into() };
    if let Standing::Loading(progress) = trainer.standing.get() {
        let share = progress.map_or(0.0, |p| p.loaded as f32 / p.total.max(1) as f32);
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
    ];
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, &**value)).collect();
    match run.is_over() {
        true => say_with(word!("learn.over"), &values),
        false => say_with(word!("learn.at"), &values),
    }
}

/// All that is seen of the newest run.
fn seen(trainer: Trainer) -> AnyView {
    let (runs, at, on_shelf) = (trainer.runs, trainer.at, trainer.on_shelf);
    let loss_told = move || {
        let steps = runs.with(|runs| runs.last().map_or(0, Record::step));
        say_with(word!("learn.loss.label"), &[("value", &words::count(steps as usize))])
    };
    let looked = move || {
        runs.with(|runs| {
            let run = runs.last()?;
            look_at(run, at.get()).cloned()
        })
    };
    let learned = move || {
        let look = looked()?;
        examination(&Examination { learned: look.learned, truth: look.examination })
    };
    let scrub = move |event: web_sys::Event| {
        let input = event_target::<HtmlInputElement>(&event);
        let place = input.value().parse::<usize>().ok();
        let last = runs.with_untracked(|runs| runs.last().map_or(0, |run| run.looks.len() - 1));
        at.set(place.filter(|place| *place < last));
    };
    let places = move || runs.with(|runs| runs.last().map_or(0, |run| run.looks.len().max(1) - 1));
    let place = move || at.get().unwrap_or_else(places);
    let step = move || {
        let step = looked().map_or(0, |look| look.step);
        say_with(word!("learn.look"), &[("step", &words::count(step as usize))])
    };
    let save = move || {
        let Some(look) = looked() else { return };
        let file = runs.with_untracked(|runs| {
            runs.last().and_then(|run| run.begun.as_ref()).map(|begun| begun.file.clone())
        });
        if let Some(file) = file {
            // A browser that forbids it says so itself.
            let _ = download_bytes(&file, &look.weights);
        }
    };
    let streams = ["click", "order"].into_iter().enumerate().map(|(task, name)| {
        let label = move || say(&word!("tasks.{}", name)).to_string();
        let bands =
            move || runs.with(|runs| runs.last().map(|run| run.bands(task)).unwrap_or_default());
        view! { <Stream label=Box::new(label) bands=Box::new(bands) /> }
    });
    let streams = streams.collect_view();
    let experts = move || {
        let count = runs.with(|runs| runs.last().map_or(0, |run| run.bands(0).len()));
        let key = |expert: usize| {
            let number = words::count(expert + 1);
            let name = say_with(word!("learn.expert"), &[("number", &number)]);
            view! { <span class=format!("key band-{}", expert % 8)>{name}</span> }
        };
        match count {
            0 => view! { <p class="note">{say(word!("learn.no-gates"))}</p> }.into_any(),
            count => {
                view! { <p class="legend">{(0..count).map(key).collect_view()}</p> }.into_any()
            }
        }
    };
    view! {
        <div class="shelf-switch">
            <label class="check">
                <input type="checkbox" role="switch" data-testid="learn-on-shelf" prop:checked=move || on_shelf.get()
                    on:change=move |event| on_shelf.set(event_target_checked(&event)) />
                <span>{text(word!("learn.on-shelf"))}</span>
            </label>
            <label class="scrub">
                <span prop:textContent=step></span>
                <input type="range" min="0" max=move || places().to_string() prop:value=move || place().to_string()
                    style=move || format!("--at:{:.3}", place() as f64 / places().max(1) as f64)
                    data-testid="learn-scrub" on:input=scrub />
            </label>
            <button type="button" class="outlined" data-testid="learn-save" on:click=click(save)>
                {text(word!("learn.save"))}
            </button>
        </div>
        <div class="seen">
            <section>
                <h3>{text(word!("learn.loss"))}</h3>
                <Curves label=Box::new(loss_told) plot=Box::new(move || runs.with(|runs| losses(runs))) />
                <p class="note">{text(word!("learn.loss.note"))}</p>
            </section>
            <section data-testid="learn-click">
                <h3>{text(word!("learn.auc.click"))}</h3>
                {auc(runs, 0)}
            </section>
            <section data-testid="learn-order">
                <h3>{text(word!("learn.auc.order"))}</h3>
                {auc(runs, 1)}
            </section>
            <section>
                <h3>{text(word!("learn.examination"))}</h3>
                <p class="legend"><span class="key learned">{text(word!("examination.learned"))}</span> <span class="key truth">{text(word!("examination.true"))}</span></p>
                <Chart label=Box::new(move || say(word!("learn.examination.note")).to_string()) plot=Box::new(learned) />
                <p class="note">{text(word!("learn.examination.note"))}</p>
            </section>
            <section class="streams" data-testid="learn-gates">
                <h3>{text(word!("learn.gates"))}</h3>
                {streams}
                {live(experts)}
                <p class="note">{text(word!("learn.gates.note"))}</p>
            </section>
        </div>
    }
    .into_any()
}

/// Loss by step: of the newest run, and quiet of the one before.
fn losses(runs: &[Record]) -> Option<Plot> {
    let curve = |run: &Record, class: &str| Curve { class: class.into(), points: run.smoothed() };
    let before = runs.iter().rev().nth(1).map(|run| curve(run, "quiet"));
    let now = runs.last()?;
    Plot::of(now.steps(), before.into_iter().chain([curve(now, "now")]).collect())
}

/// AUC of a task by step: held out, quiet on what is learned from, and the line of what ships.
fn auc(runs: RwSignal<Vec<Record>>, task: usize) -> AnyView {
    let shipped = move || runs.with(|runs| runs.last()?.shipped(task));
    let ships = move || {
        let value = shipped().map(|value| fixed(value.into(), 3));
        value.map(|value| say_with(word!("learn.ships"), &[("value", &value)]))
    };
    let key = move || match ships() {
        Some(said) => {
            view! { <span data-testid="learn-ships">{sample("ships")} {said}</span> }.into_any()
        }
        None => ().into_any(),
    };
    let label = move || {
        let last = |runs: &Vec<Record>| runs.last()?.looks.last()?.held_out.get(task).copied();
        let value = runs.with(last).map_or("–".into(), |value| fixed(value.into(), 3));
        let said = say_with(word!("learn.auc.label"), &[("value", &value)]);
        [said].into_iter().chain(ships()).collect::<Vec<_>>().join(" ")
    };
    let plot = move || {
        runs.with(|runs| {
            let run = runs.last()?;
            let [training, held_out] = run.auc(task);
            let last = f64::from(run.steps().max(1));
            let shipped = run.shipped(task).map(f64::from);
            let shipped = shipped.map(|value| vec![(0.0, value), (last, value)]);
            let curves = [("quiet", training), ("now", held_out)].into_iter();
            let curves = curves.chain(shipped.map(|points| ("ships", points)));
            let curves = curves.map(|(class, points)| Curve { class: class.into(), points });
            Plot::of(run.steps(), curves.collect())
        })
    };
    view! {
        <p class="legend">
            <span class="key learned">{text(word!("learn.held-out"))}</span>
            <span class="key truth">{text(word!("learn.training"))}</span>
            {live(key)}
        </p>
        <Curves label=Box::new(label) plot=Box::new(plot) />
    }
    .into_any()
}

/// The runs of this visit, the newest first.
fn runs_table(store: Store, trainer: Trainer) -> AnyView {
    let runs = trainer.runs.get();
    if runs.len() < 2 {
        return ().into_any();
    }
    let row = |run: &Record| {
        let differs = run.differs(setting_name);
        let what = match differs.is_empty() {
            true => say(word!("learn.as-it-comes")).into(),
            false => differs.join(say(word!("list.comma"))),
        };
        let what = format!("{} · {what}", in_words(&run.variant));
        let last = run.looks.last();
        let auc = |task: usize| {
            let value = last.and_then(|look| look.held_out.get(task));
            value.map_or("–".into(), |value| fixed((*value).into(), 3))
        };
        let recipe = run.recipe.clone();
        let again = move || store.view.update(|view| view.recipe = recipe.clone());
        view! {
            <tr>
                <td>{what}</td>
                <td translate="no">{words::count(run.step() as usize)}</td>
                <td translate="no">{auc(0)}</td>
                <td translate="no">{auc(1)}</td>
                <td><button type="button" class="outlined" on:click=click(again)>{say(word!("learn.take"))}</button></td>
            </tr>
        }
    };
    let rows = runs.iter().rev().map(row).collect_view();
    let heads = [
        word!("learn.heads.run"),
        word!("learn.heads.steps"),
        word!("learn.auc.click"),
        word!("learn.auc.order"),
    ];
    view! {
        <table data-testid="learn-runs">
            <caption>{say(word!("learn.runs"))}</caption>
            <thead><tr>{heads.map(|head| view! { <th scope="col">{say(head)}</th> })}<td></td></tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}
