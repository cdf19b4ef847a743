//! All that is seen of the newest run, and of those that are laid over it.

use leptos::prelude::*;
use web_sys::{Element, HtmlInputElement};

use super::charts::{Curve, Curves, Plot, Stream, bar, sample};
use super::mine::is_of;
use super::record::Record;
use super::runs::{apart, shown};
use super::trainer::Trainer;
use super::truth::truth;
use crate::browser::download_bytes;
use link::recipe::Learning;
use market::catalogue::Department;
use page::insides::chart::Chart;
use page::insides::curves::by_place;
use page::language::{say, say_with, text};
use page::parts::{click, live, when};
use page::store::Store;
use protocol::learn::Gate;
use protocol::words::{self, fixed};
use systems::learning::Role;
use systems::registry::LEARNERS;
use systems::shared::{ShopSize, Weights};

/// All that is seen.
pub fn seen(store: Store, trainer: &Trainer) -> AnyView {
    let (runs, overlaid, looks) = (trainer.runs, trainer.overlaid, trainer.looks());
    let learning =
        Memo::new(move |_| looks.with(|runs| runs.last().map_or(LEARNERS[0], Record::learning)));
    let measures = {
        let trainer = trainer.clone();
        live(move || {
            let measures = learning.get().measures.iter();
            measures.map(|key| measure(&trainer, key)).collect_view().into_any()
        })
    };
    let places = {
        let trainer = trainer.clone();
        live(move || match learning.get().curves.is_empty() {
            true => ().into_any(),
            false => places(&trainer),
        })
    };
    let against_truth = {
        let trainer = trainer.clone();
        when(move || learning.get().ranks(), move || truth(store, &trainer))
    };
    let loss_told = move || {
        let steps = runs.with(|runs| runs.last().map_or(0, Record::step));
        say_with(word!("learn.loss.label"), &[("value", &words::count(steps as usize))])
    };
    let losses =
        move || runs.with(|runs| overlaid.with(|overlaid| losses(runs, &shown(runs, overlaid))));
    view! {
        {tools(store, trainer, learning)}
        {against_truth}
        {live(move || looks.with(|runs| overlaid.with(|overlaid| apart(runs, overlaid))))}
        <div class="seen">
            <section data-testid="learn-loss">
                <h3 prop:textContent=text(word!("learn.loss"))></h3>
                <p class="legend">{live(letters(trainer))}</p>
                <Curves label=Box::new(loss_told) plot=Box::new(losses) />
                <p class="note" prop:textContent=text(word!("learn.loss.note"))></p>
            </section>
            {measures}
            {places}
            {gates(store, trainer, learning)}
        </div>
    }
    .into_any()
}

/// What can be done with what is seen: rank or retrieve with it, go back in it, save it.
fn tools(store: Store, trainer: &Trainer, learning: Memo<&'static Learning>) -> AnyView {
    let (runs, at) = (trainer.looks(), trainer.at);
    let role = move || learning.get().role();
    // Towers are for the shop that ships.
    let takes = move || {
        let ships = || store.state.with(|state| ShopSize::of(&state.settings) == ShopSize::Shipped);
        role() == Role::Ranks || ships()
    };
    let unless_it_takes = move || (!takes()).then(|| say(word!("learn.on-shelf.shop")));
    let label = move || {
        say(match role() {
            Role::Retrieves => word!("learn.on-shelf.retrieve"),
            Role::Ranks => word!("learn.on-shelf"),
        })
    };
    let mine = {
        let trainer = trainer.clone();
        move || trainer.mine(role()).get()
    };
    let on_shelf = move || {
        let mine = mine();
        runs.with(|runs| {
            let Some(run) = runs.last() else { return false };
            let is_meant = mine.is_none_or(|number| number == run.number);
            let role = run.learning().role();
            is_meant && store.state.with(|state| is_of(state, role, &run.variant))
        })
    };
    let turn = {
        let trainer = trainer.clone();
        move |event| {
            let variant = runs.with_untracked(|runs| runs.last().map(|run| run.variant.clone()));
            match variant.filter(|_| event_target_checked(&event)) {
                Some(variant) => trainer.serve(store, None, (learning.get_untracked(), &variant)),
                None => {
                    store.turn(learning.get_untracked().role().weights(), Weights::Shipped.value())
                }
            }
        }
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
        let look = |runs: &Vec<Record>| runs.last()?.look_at(at.get()).map(|look| look.step);
        let step = runs.with(look).unwrap_or(0);
        say_with(word!("learn.look"), &[("step", &words::count(step as usize))])
    };
    let save = move || {
        runs.with_untracked(|runs| {
            let run = runs.last()?;
            let look = run.look_at(at.get_untracked())?;
            // A browser that forbids it says so itself.
            download_bytes(&run.begun.as_ref()?.file, &look.weights).ok()
        });
    };
    view! {
        <div class="shelf-switch">
            <label class="check" title=unless_it_takes>
                <input type="checkbox" role="switch" data-testid="learn-on-shelf" prop:checked=on_shelf disabled=move || !takes() on:change=turn />
                <span prop:textContent=label></span>
            </label>
            <label class="scrub">
                <span prop:textContent=step></span>
                <input type="range" min="0" max=move || places().to_string() prop:value=move || place().to_string()
                    style=move || format!("--at:{:.3}", place() as f64 / places().max(1) as f64)
                    data-testid="learn-scrub" on:input=scrub />
            </label>
            <button type="button" class="outlined" data-testid="learn-save" on:click=click(move || { save(); }) prop:textContent=text(word!("learn.save"))></button>
        </div>
    }
    .into_any()
}

/// Loss by step: of the runs that are shown, or of the newest, and quiet of the one before.
fn losses(runs: &[Record], shown: &[&Record]) -> Option<Plot> {
    let now = runs.last()?;
    let steps = shown.iter().map(|run| run.steps()).max()?;
    if shown.len() > 1 {
        let curve = |run: &&Record| Curve::of_run(run, run.smoothed());
        return Plot::of(steps, shown.iter().map(curve).collect());
    }
    // Another system's loss is of another size.
    let before = runs.iter().rev().skip(1).find(|run| run.learning() == now.learning());
    let before = before.map(|run| Curve::alone("quiet", run.smoothed()));
    let now = Curve::alone("now", now.smoothed());
    Plot::of(steps, before.into_iter().chain([now]).collect())
}

/// A measure by step: held out, quiet on what is learned from, and the line of what ships. Of several
/// runs, held out alone.
fn measure(trainer: &Trainer, key: &'static str) -> AnyView {
    let (runs, overlaid) = (trainer.looks(), trainer.overlaid);
    let ships = move || {
        let value = runs.with(|runs| runs.last()?.shipped(key))?;
        Some(say_with(word!("learn.ships"), &[("value", &fixed(value.into(), 3))]))
    };
    let ships_key = move || match ships() {
        Some(said) => {
            let said = view! { <span prop:textContent=said></span> };
            view! { <span data-testid="learn-ships">{sample("ships")} {said}</span> }.into_any()
        }
        None => ().into_any(),
    };
    let of_runs = letters(trainer);
    // Some are measured on what is held out alone.
    let learns = move || {
        let training = |run: &Record| !run.measured(key)[0].is_empty();
        runs.with(|runs| runs.last().is_some_and(training))
    };
    let keys = move || {
        match runs.with(|runs| overlaid.with(|o| shown(runs, o).len() > 1)) {
        true => of_runs(),
        false => view! {
            <span class="key learned" prop:textContent=say(word!("learn.held-out"))></span>
            {learns().then(|| view! { <span class="key truth" prop:textContent=say(word!("learn.training"))></span> })}
        }
        .into_any(),
    }
    };
    let label = move || {
        let reached = runs.with(|runs| runs.last()?.reached(key));
        let value = reached.map_or("–".into(), |value| fixed(value.into(), 3));
        let of = say(&word!("learn.measure.{}", key));
        let said = say_with(word!("learn.measure.label"), &[("of", of), ("value", &value)]);
        [said].into_iter().chain(ships()).collect::<Vec<_>>().join(" ")
    };
    let plot = move || {
        runs.with(|runs| {
            let run = runs.last()?;
            let shown = overlaid.with(|overlaid| shown(runs, overlaid));
            let steps = shown.iter().map(|run| run.steps()).max()?;
            let last = f64::from(steps.max(1));
            let shipped = run.shipped(key).map(f64::from);
            let shipped =
                shipped.map(|value| Curve::alone("ships", vec![(0.0, value), (last, value)]));
            let curves: Vec<Curve> = match shown.len() {
                0 | 1 => {
                    let [training, held_out] = run.measured(key);
                    let training = Some(training).filter(|points| !points.is_empty());
                    let training = training.map(|points| Curve::alone("quiet", points));
                    training.into_iter().chain([Curve::alone("now", held_out)]).collect()
                }
                _ => shown.iter().map(|run| Curve::of_run(run, held_out(run, key))).collect(),
            };
            Plot::of(steps, curves.into_iter().chain(shipped).collect())
        })
    };
    view! {
        <section data-testid=format!("learn-{key}")>
            <h3 prop:textContent=move || say(&word!("learn.measure.{}", key)).to_string()></h3>
            <p class="legend">{live(keys)} {live(ships_key)}</p>
            <Curves label=Box::new(label) plot=Box::new(plot) />
            <p class="note" prop:textContent=move || say(&word!("learn.measure.{}.about", key)).to_string()></p>
        </section>
    }
    .into_any()
}

fn held_out(run: &Record, key: &str) -> Vec<(f64, f64)> {
    let [_, held_out] = run.measured(key);
    held_out
}

/// How each of several runs is drawn; nothing where there is one alone.
fn letters(trainer: &Trainer) -> impl Fn() -> AnyView + Send + use<> {
    let (runs, overlaid) = (trainer.looks(), trainer.overlaid);
    let key = |run: &&Record| {
        view! { <span translate="no">{sample(&run.class())} {run.letter()}</span> }
    };
    move || {
        runs.with(|runs| {
            let shown = overlaid.with(|overlaid| shown(runs, overlaid));
            match shown.len() {
                0 | 1 => ().into_any(),
                _ => shown.iter().map(key).collect_view().into_any(),
            }
        })
    }
}

/// Examination, learned and true.
fn places(trainer: &Trainer) -> AnyView {
    let (runs, at) = (trainer.looks(), trainer.at);
    let learned = move || {
        let first = |runs: &Vec<Record>| runs.last()?.look_at(at.get())?.curves.first().cloned();
        let curve = runs.with(first)?;
        by_place(&curve.learned, &curve.truth)
    };
    view! {
        <section>
            <h3 prop:textContent=text(word!("learn.curve.examination"))></h3>
            <p class="legend"><span class="key learned" prop:textContent=text(word!("examination.learned"))></span> <span class="key truth" prop:textContent=text(word!("examination.true"))></span></p>
            <Chart label=Box::new(move || say(word!("learn.examination.note")).to_string()) plot=Box::new(learned) />
            <p class="note" prop:textContent=text(word!("learn.examination.note"))></p>
        </section>
    }
    .into_any()
}

/// The gates as they change.
fn gates(store: Store, trainer: &Trainer, learning: Memo<&'static Learning>) -> AnyView {
    let runs = trainer.looks();
    let streams = live(move || {
        let streams = learning.get().gates.iter().enumerate().map(|(gate, key)| {
            let label = move || say(&word!("learn.gate.{}", key)).to_string();
            let bands = move || {
                runs.with(|runs| runs.last().map(|run| run.bands(gate)).unwrap_or_default())
            };
            view! { <Stream label=Box::new(label) bands=Box::new(bands) /> }
        });
        streams.collect_view().into_any()
    });
    let by_department = {
        let trainer = trainer.clone();
        let are_gates = move || runs.with(|r| r.last().is_some_and(|run| !run.bands(0).is_empty()));
        when(are_gates, move || departments(store, &trainer))
    };
    let experts = move || {
        let count = runs.with(|runs| runs.last().map_or(0, |run| run.bands(0).len()));
        let is_seen = runs.with(|runs| runs.last().is_some_and(Record::is_seen));
        let key = |expert: usize| {
            view! { <span class=format!("key band-{}", expert % 8) prop:textContent=expert_name(expert)></span> }
        };
        match count {
            // Whether there are gates is not known before the first look that sees them.
            0 if !is_seen => ().into_any(),
            0 => view! { <p class="note" prop:textContent=say(word!("learn.no-gates"))></p> }
                .into_any(),
            count => {
                view! { <p class="legend">{(0..count).map(key).collect_view()}</p> }.into_any()
            }
        }
    };
    view! {
        <section class="streams" data-testid="learn-gates">
            <h3 prop:textContent=text(word!("learn.gates"))></h3>
            {streams}
            {live(experts)}
            <p class="note" prop:textContent=text(word!("learn.gates.note"))></p>
            {by_department}
        </section>
    }
    .into_any()
}

fn expert_name(expert: usize) -> String {
    say_with(word!("learn.expert"), &[("number", &words::count(expert + 1))])
}

/// How the gates choose among what is held out of each department, at the look on show.
fn departments(store: Store, trainer: &Trainer) -> AnyView {
    let (runs, at, open) = (trainer.looks(), trainer.at, RwSignal::new(false));
    let gates = Memo::new(move |_| {
        let seen = |runs: &Vec<Record>| Some(runs.last()?.look_at(at.get())?.gates.clone());
        open.get().then(|| runs.with(seen)).flatten().unwrap_or_default()
    });
    let table = live(move || {
        gates.with(|gates| {
            store.shop.with(|shop| match shop {
                Some(shop) if !gates.is_empty() => {
                    department_table(gates, &shop.catalogue.departments)
                }
                _ => ().into_any(),
            })
        })
    });
    let turn = move |event| open.set(event_target::<Element>(&event).has_attribute("open"));
    view! {
        <details class="behind" data-testid="learn-departments" on:toggle=turn>
            <summary prop:textContent=text(word!("learn.departments"))></summary>
            <p class="note" prop:textContent=text(word!("learn.departments.note"))></p>
            {table}
        </details>
    }
    .into_any()
}

fn department_table(gates: &[Gate], departments: &[Department]) -> AnyView {
    let heads = gates.iter().map(|gate| {
        view! { <th scope="col" prop:textContent=say(&word!("learn.gate.{}", gate.key))></th> }
    });
    let row = |(number, department): (usize, &Department)| {
        let of_department = |gate: &Gate| gate.departments.get(number).cloned().unwrap_or_default();
        let shares: Vec<Vec<f32>> = gates.iter().map(of_department).collect();
        // Nothing that is held out is of it.
        if shares.iter().all(Vec::is_empty) {
            return None;
        }
        let cell = |shares: &Vec<f32>| {
            let label = shares_in_words(shares);
            let title = label.clone();
            view! { <td title=title>{bar(shares, label)}</td> }
        };
        let cells = shares.iter().map(cell).collect_view();
        let name = department.name.clone();
        Some(view! {
            <tr>
                <th scope="row" translate="no" prop:textContent=name></th>
                {cells}
            </tr>
        })
    };
    view! {
        <div class="wide" tabindex="0" role="region" aria-label=say(word!("learn.departments"))>
            <table>
                <thead>
                    <tr>
                        <th scope="col" prop:textContent=say(word!("learn.departments.head"))></th>
                        {heads.collect_view()}
                    </tr>
                </thead>
                <tbody>{departments.iter().enumerate().filter_map(row).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// The share of each expert.
fn shares_in_words(shares: &[f32]) -> String {
    let said = shares.iter().enumerate().map(|(expert, &share)| {
        let (expert, share) = (expert_name(expert), words::percent(share));
        say_with(word!("learn.departments.share"), &[("expert", &expert), ("share", &share)])
    });
    said.collect::<Vec<_>>().join(" · ")
}
