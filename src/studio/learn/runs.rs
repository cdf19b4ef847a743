//! The runs of a visit: the table, which of them are laid over each other, and what tells them apart.

use std::collections::BTreeSet;

use leptos::prelude::*;

use super::charts::sample;
use super::mine::{Brought, is_of};
use super::record::{Record, best, recipe_in_words};
use super::trainer::Trainer;
use super::{in_words, system_name};
use link::recipe::{Learning, Recipe};
use page::language::{say, say_with, worded};
use page::parts::click;
use page::store::Store;
use protocol::words::{self, fixed};
use systems::knob::Settings;
use systems::learning::Role;

/// The runs whose curves are shown: the newest, and those of its system that were chosen, in their order.
pub fn shown<'a>(runs: &'a [Record], overlaid: &BTreeSet<u64>) -> Vec<&'a Record> {
    let Some(newest) = runs.last() else { return Vec::new() };
    let is_shown = |run: &&Record| run.number == newest.number || overlaid.contains(&run.number);
    // What another system is measured by is something else.
    runs.iter().filter(is_shown).filter(|run| run.learning() == newest.learning()).collect()
}

/// What a run was told, in words.
pub fn told(run: &Record) -> String {
    told_in_words(&run.variant, &run.recipe)
}

/// A variant and a recipe in words.
pub fn told_in_words(variant: &Settings, recipe: &Recipe) -> String {
    let learning = recipe.learning();
    let recipe = recipe_in_words(recipe, &Recipe::new(learning));
    let recipe: Vec<String> = recipe.iter().map(worded).collect();
    let recipe = match recipe.is_empty() {
        true => say(word!("learn.as-it-comes")).into(),
        false => recipe.join(" · "),
    };
    let told = [in_words(learning, variant), recipe].into_iter();
    told.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// What tells the runs apart that are laid over each other; nothing where there is one alone.
pub fn apart(runs: &[Record], overlaid: &BTreeSet<u64>) -> AnyView {
    let shown = shown(runs, overlaid);
    let [first, others @ ..] = &shown[..] else { return ().into_any() };
    if others.is_empty() {
        return ().into_any();
    }
    let from = first.letter().to_string();
    let line = |run: &Record, said: String| {
        view! {
            <li>{sample(&run.class())} <b translate="no">{run.letter()}</b> " " <span prop:textContent=said></span></li>
        }
    };
    let other = |run: &&Record| {
        let what: Vec<String> = run.differences(first).iter().map(worded).collect();
        let said = match what.is_empty() {
            true => say_with(word!("learn.same"), &[("from", &from)]),
            false => {
                let what = what.join(" · ");
                say_with(word!("learn.differs"), &[("from", &from), ("what", &what)])
            }
        };
        line(run, said)
    };
    let others = others.iter().map(other).collect_view();
    view! {
        <ul class="apart" data-testid="learn-apart">{line(first, told(first))} {others}</ul>
    }
    .into_any()
}

/// The runs of this visit, the newest first, and what ships under them: a table for each system, that of
/// the newest run first.
pub fn table(store: Store, trainer: &Trainer) -> AnyView {
    let looks = trainer.looks();
    looks.with(|runs| trainer.brought.with(|brought| tables(store, trainer, runs, brought)))
}

fn tables(store: Store, trainer: &Trainer, runs: &[Record], brought: &[Brought]) -> AnyView {
    if runs.iter().all(|run| run.looks.is_empty()) && brought.is_empty() {
        return ().into_any();
    }
    let mut systems: Vec<&'static Learning> = Vec::new();
    let of_runs = runs.iter().rev().map(Record::learning);
    for learning in of_runs.chain(brought.iter().rev().map(|of| of.learning)) {
        if !systems.contains(&learning) {
            systems.push(learning);
        }
    }
    let tables = systems.into_iter().map(|learning| {
        let rows = runs.iter().rev().filter(|run| run.learning() == learning);
        let rows = rows.map(|run| row(store, trainer, runs, run)).collect_view();
        let of_files = brought.iter().rev().filter(|brought| brought.learning == learning);
        let of_files = of_files.map(|brought| brought_row(store, trainer, brought)).collect_view();
        let newest = runs.iter().rfind(|run| run.learning() == learning);
        let caption = [say(word!("learn.runs")), &system_name(learning)].join(" · ");
        let heads = [word!("learn.heads.run"), word!("learn.heads.steps")].map(|head| {
            view! { <th scope="col" prop:textContent=say(head)></th> }
        });
        let measures = columns(learning).iter().map(|key| {
            view! { <th scope="col" prop:textContent=say(&word!("learn.measure.{}", key))></th> }
        });
        let measures = measures.collect_view();
        view! {
            <table data-system=learning.key>
                <caption prop:textContent=caption></caption>
                <thead>
                    <tr>
                        <th scope="col" prop:textContent=say(word!("learn.heads.curves"))></th>
                        {heads}
                        {measures}
                        <td></td>
                    </tr>
                </thead>
                <tbody>{rows} {of_files}</tbody>
                {newest.and_then(ships)}
            </table>
        }
    });
    view! {
        <div class="wide runs" tabindex="0" role="region" aria-label=say(word!("learn.runs")) data-testid="learn-runs">
            {tables.collect_view()}
        </div>
    }
    .into_any()
}

/// What a run of a system is measured by in the table: what it learns for first, so that more is better.
fn columns(learning: &'static Learning) -> &'static [&'static str] {
    &learning.measures[..learning.measures.len().min(2)]
}

/// A measure as it is written; a line where there is none.
fn measured(value: Option<f32>) -> String {
    value.map_or("–".into(), |value| fixed(value.into(), 3))
}

/// A run among these.
fn row(store: Store, trainer: &Trainer, runs: &[Record], run: &Record) -> AnyView {
    let (overlaid, number, learning) = (trainer.overlaid, run.number, run.learning());
    let reached = columns(learning).iter().map(|key| {
        let (of, value) = (say(&word!("learn.measure.{}", key)), measured(run.reached(key)));
        match best(runs, learning, key) == Some(number) {
            true => view! {
                <td class="best" translate="no" data-of=of><strong>{value}</strong> <small translate="yes" prop:textContent=say(word!("learn.best"))></small></td>
            }
            .into_any(),
            false => view! { <td translate="no" data-of=of>{value}</td> }.into_any(),
        }
    });
    let reached = reached.collect_view();
    let recipe = run.recipe.clone();
    let again = move || store.view.update(|view| view.recipe = recipe.clone());
    let letter = run.letter().to_string();
    let newest = runs.last();
    let is_newest = newest.is_some_and(|newest| newest.number == number);
    let is_other = newest.is_some_and(|newest| newest.learning() != learning);
    let turn = move |event| {
        let on = event_target_checked(&event);
        overlaid.update(|overlaid| match on {
            true => drop(overlaid.insert(number)),
            false => drop(overlaid.remove(&number)),
        });
    };
    let all = trainer.runs;
    let step = move || {
        let own =
            |runs: &Vec<Record>| runs.iter().find(|run| run.number == number).map(Record::step);
        words::count(all.with(own).unwrap_or(0) as usize)
    };
    let is_on =
        move || is_newest || !is_other && overlaid.with(|overlaid| overlaid.contains(&number));
    let label = say_with(word!("learn.overlay"), &[("letter", &letter)]);
    let titled = if is_other { say(word!("learn.overlay.other")).into() } else { label.clone() };
    let lettered = letter.clone();
    view! {
        <tr data-run=lettered>
            <td class="overlay">
                <label class="check" title=titled>
                    <input type="checkbox" aria-label=label prop:checked=is_on disabled={is_newest || is_other} on:change=turn />
                    {sample(&run.class())}
                    <b translate="no">{letter}</b>
                </label>
            </td>
            <td prop:textContent=told(run)></td>
            <td translate="no" data-of=say(word!("learn.heads.steps")) prop:textContent=step></td>
            {reached}
            <td class="acts">
                {(!run.looks.is_empty()).then(|| serves(store, trainer, number, (learning, &run.variant)))}
                <button type="button" class="outlined" on:click=click(again) prop:textContent=say(word!("learn.take"))></button>
            </td>
        </tr>
    }
    .into_any()
}

/// Weights that no run of this visit made.
fn brought_row(store: Store, trainer: &Trainer, of: &Brought) -> AnyView {
    let told = match &of.recipe {
        Some(recipe) => {
            let told = told_in_words(&of.variant, recipe);
            format!("{} · {told}", say(word!("learn.last-visit")))
        }
        None => format!("{} · {}", of.name, of.command),
    };
    let waits = of.waits.then(|| format!(" · {}", say(word!("learn.measuring"))));
    let told = told + waits.as_deref().unwrap_or("");
    let step = of.step.map_or("–".into(), |step| words::count(step as usize));
    let reached = columns(of.learning).iter().map(|key| {
        let (of_measure, value) =
            (say(&word!("learn.measure.{}", key)), measured(of.held_out.get(*key).copied()));
        view! { <td translate="no" data-of=of_measure>{value}</td> }
    });
    view! {
        <tr data-testid="learn-brought">
            <td></td>
            <td prop:textContent=told></td>
            <td translate="no" data-of=say(word!("learn.heads.steps"))>{step}</td>
            {reached.collect_view()}
            <td class="acts">{serves(store, trainer, of.number, (of.learning, &of.variant))}</td>
        </tr>
    }
    .into_any()
}

/// What ships in place of what a run learns, if anything does.
fn ships(run: &Record) -> Option<AnyView> {
    let learning = run.learning();
    let reached: Vec<Option<f32>> = columns(learning).iter().map(|key| run.shipped(key)).collect();
    reached.iter().any(Option::is_some).then(|| {
        let told = [say(word!("learn.what-ships")).into(), in_words(learning, &run.variant)];
        let told = told.into_iter().filter(|part: &String| !part.is_empty());
        let told = told.collect::<Vec<_>>().join(" · ");
        let reached = columns(learning).iter().zip(reached).map(|(key, value)| {
            let of = say(&word!("learn.measure.{}", key));
            view! { <td translate="no" data-of=of>{measured(value)}</td> }
        });
        view! {
            <tfoot>
                <tr data-testid="learn-ships-row">
                    <td class="overlay">{sample("ships")}</td>
                    <td prop:textContent=told></td>
                    <td data-of=say(word!("learn.heads.steps"))>"–"</td>
                    {reached.collect_view()}
                    <td></td>
                </tr>
            </tfoot>
        }
        .into_any()
    })
}

/// Has the present state rank or retrieve with learned weights; pressed where it does.
fn serves(
    store: Store,
    trainer: &Trainer,
    number: u64,
    (learning, variant): (&'static Learning, &Settings),
) -> AnyView {
    let role = learning.role();
    let pressed = {
        let (trainer, variant) = (trainer.clone(), variant.clone());
        move || {
            let meant = trainer.meant(role).is_some_and(|meant| meant.number == number);
            meant && store.state.with(|state| is_of(state, role, &variant))
        }
    };
    let label = match role {
        Role::Retrieves => word!("learn.retrieve"),
        Role::Ranks => word!("learn.rank"),
    };
    let serve = {
        let (trainer, variant) = (trainer.clone(), variant.clone());
        move || {
            // The newest run is followed, the others stand still.
            let newest = trainer.runs.with_untracked(|runs| runs.last().map(|run| run.number));
            let number = Some(number).filter(|_| newest != Some(number));
            trainer.serve(store, number, (learning, &variant));
        }
    };
    view! {
        <button type="button" class="outlined" data-testid="learn-rank" aria-pressed=move || pressed().to_string() on:click=click(serve) prop:textContent=say(label)></button>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use link::State;
    use systems::registry::LEARNERS;

    #[test]
    fn the_newest_run_is_shown_and_those_that_were_chosen() {
        let mut runs: Vec<Record> = Vec::new();
        for number in [3, 5, 8] {
            let run = Record::new(number, &State::default(), &Recipe::default(), &runs);
            runs.push(run);
        }
        let numbers = |overlaid: &[u64]| -> Vec<u64> {
            let overlaid = overlaid.iter().copied().collect();
            shown(&runs, &overlaid).iter().map(|run| run.number).collect()
        };
        assert_eq!(numbers(&[]), [8]);
        assert_eq!(numbers(&[3]), [3, 8]);
        // One that is gone by now is not missed.
        assert_eq!(numbers(&[2, 5, 8]), [5, 8]);
        assert_eq!(runs[1].class(), "run-1");
    }
    #[test]
    fn runs_of_another_system_are_not_laid_over_it() {
        let [one, other, ..] = LEARNERS;
        let mut runs: Vec<Record> = Vec::new();
        for (number, learning) in [(1, one), (2, other), (3, one)] {
            runs.push(Record::new(number, &State::default(), &Recipe::new(learning), &runs));
        }
        let all = BTreeSet::from([1, 2, 3]);
        let numbers = |runs: &[Record]| -> Vec<u64> {
            shown(runs, &all).iter().map(|run| run.number).collect()
        };
        assert_eq!(numbers(&runs), [1, 3]);
        assert_eq!(numbers(&runs[..2]), [2]);
        assert!(numbers(&[]).is_empty());
    }
}
