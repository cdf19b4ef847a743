//! The runs of a visit: the table, which of them are laid over each other, and what tells them apart.

use std::collections::BTreeSet;

use leptos::prelude::*;

use super::charts::sample;
use super::in_words;
use super::mine::{Brought, is_of};
use super::record::{Record, best, recipe_in_words};
use super::trainer::Trainer;
use link::recipe::Recipe;
use page::language::{say, say_with, worded};
use page::parts::click;
use page::store::Store;
use protocol::words::{self, fixed};
use systems::knob::Settings;

/// The runs whose curves are shown: the newest, and those that were chosen, in their order.
pub fn shown<'a>(runs: &'a [Record], overlaid: &BTreeSet<u64>) -> Vec<&'a Record> {
    let newest = runs.last().map(|run| run.number);
    let is_shown = |run: &&Record| Some(run.number) == newest || overlaid.contains(&run.number);
    runs.iter().filter(is_shown).collect()
}

/// How a run looks among others, as the style sheet knows it.
pub fn class(run: &Record) -> String {
    format!("run-{}", run.slot)
}

/// What a run was told, in words.
pub fn told(run: &Record) -> String {
    told_in_words(&run.variant, &run.recipe)
}

/// A variant and a recipe in words.
pub fn told_in_words(variant: &Settings, recipe: &Recipe) -> String {
    let recipe = recipe_in_words(recipe, &Recipe::default());
    let recipe: Vec<String> = recipe.iter().map(worded).collect();
    let recipe = match recipe.is_empty() {
        true => say(word!("learn.as-it-comes")).into(),
        false => recipe.join(" · "),
    };
    format!("{} · {recipe}", in_words(variant))
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
            <li>{sample(&class(run))} <b translate="no">{run.letter()}</b> " " {said}</li>
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

/// The runs of this visit, the newest first, and what ships under them.
pub fn table(store: Store, trainer: &Trainer) -> AnyView {
    let (runs, brought) = (trainer.runs.get(), trainer.brought.get());
    if runs.iter().all(|run| run.looks.is_empty()) && brought.is_empty() {
        return ().into_any();
    }
    let overlaid = trainer.overlaid;
    let newest = runs.last().map(|run| run.number);
    let bests = [0, 1].map(|task| best(&runs, task));
    let auc = |value: Option<f32>| value.map_or("–".into(), |value| fixed(value.into(), 3));
    let row = |run: &Record| {
        let number = run.number;
        let reached = [0, 1].map(|task| {
            let value = auc(run.reached(task));
            match bests[task] == Some(number) {
                true => view! {
                    <td class="best" translate="no"><strong>{value}</strong> <small translate="yes">{say(word!("learn.best"))}</small></td>
                }
                .into_any(),
                false => view! { <td translate="no">{value}</td> }.into_any(),
            }
        });
        let recipe = run.recipe.clone();
        let again = move || store.view.update(|view| view.recipe = recipe.clone());
        let letter = run.letter().to_string();
        let is_newest = newest == Some(number);
        let turn = move |event| {
            let on = event_target_checked(&event);
            overlaid.update(|overlaid| match on {
                true => drop(overlaid.insert(number)),
                false => drop(overlaid.remove(&number)),
            });
        };
        let is_on = move || is_newest || overlaid.with(|overlaid| overlaid.contains(&number));
        let label = say_with(word!("learn.overlay"), &[("letter", &letter)]);
        let (titled, lettered) = (label.clone(), letter.clone());
        view! {
            <tr data-run=lettered>
                <td class="overlay">
                    <label class="check" title=titled>
                        <input type="checkbox" aria-label=label prop:checked=is_on disabled=is_newest on:change=turn />
                        {sample(&class(run))}
                        <b translate="no">{letter}</b>
                    </label>
                </td>
                <td>{told(run)}</td>
                <td translate="no">{words::count(run.step() as usize)}</td>
                {reached.into_iter().collect_view()}
                <td class="acts">
                    {(!run.looks.is_empty()).then(|| ranks(store, trainer, number, &run.variant))}
                    <button type="button" class="outlined" on:click=click(again)>{say(word!("learn.take"))}</button>
                </td>
            </tr>
        }
    };
    let rows = runs.iter().rev().map(row).collect_view();
    let of_brought = |of: &Brought| {
        let told = match &of.recipe {
            Some(recipe) => {
                let told = told_in_words(&of.variant, recipe);
                format!("{} · {told}", say(word!("learn.last-visit")))
            }
            None => format!("{} · {}", of.name, of.command),
        };
        let step = of.step.map_or("–".into(), |step| words::count(step as usize));
        view! {
            <tr data-testid="learn-brought">
                <td></td>
                <td>{told}</td>
                <td translate="no">{step}</td>
                {[0, 1].map(|task| view! { <td translate="no">{auc(of.held_out.get(task).copied())}</td> })}
                <td class="acts">{ranks(store, trainer, of.number, &of.variant)}</td>
            </tr>
        }
    };
    let of_files = brought.iter().rev().map(of_brought).collect_view();
    let ships = runs.last().filter(|run| run.shipped(0).is_some()).map(|run| {
        view! {
            <tfoot>
                <tr data-testid="learn-ships-row">
                    <td class="overlay">{sample("ships")}</td>
                    <td>{say(word!("learn.what-ships"))} " · " {in_words(&run.variant)}</td>
                    <td>"–"</td>
                    <td translate="no">{auc(run.shipped(0))}</td>
                    <td translate="no">{auc(run.shipped(1))}</td>
                    <td></td>
                </tr>
            </tfoot>
        }
    });
    let heads = [
        word!("learn.heads.run"),
        word!("learn.heads.steps"),
        word!("learn.auc.click"),
        word!("learn.auc.order"),
    ];
    view! {
        <div class="wide" tabindex="0" role="region" aria-label=say(word!("learn.runs"))>
            <table data-testid="learn-runs">
                <caption>{say(word!("learn.runs"))}</caption>
                <thead>
                    <tr>
                        <th scope="col">{say(word!("learn.heads.curves"))}</th>
                        {heads.map(|head| view! { <th scope="col">{say(head)}</th> })}
                        <td></td>
                    </tr>
                </thead>
                <tbody>{rows} {of_files}</tbody>
                {ships}
            </table>
        </div>
    }
    .into_any()
}

/// Has the present state rank with learned weights; pressed where it does.
fn ranks(store: Store, trainer: &Trainer, number: u64, variant: &Settings) -> AnyView {
    let pressed = {
        let (trainer, variant) = (trainer.clone(), variant.clone());
        move || {
            let meant = trainer.meant().is_some_and(|meant| meant.number == number);
            meant && store.state.with(|state| is_of(state, &variant))
        }
    };
    let rank = {
        let (trainer, variant) = (trainer.clone(), variant.clone());
        move || {
            // The newest run is followed, the others stand still.
            let newest = trainer.runs.with_untracked(|runs| runs.last().map(|run| run.number));
            let number = Some(number).filter(|_| newest != Some(number));
            trainer.rank(store, number, &variant);
        }
    };
    view! {
        <button type="button" class="outlined" data-testid="learn-rank" aria-pressed=move || pressed().to_string() on:click=click(rank)>
            {say(word!("learn.rank"))}
        </button>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use link::State;

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
        assert_eq!(class(&runs[1]), "run-1");
    }
}
