//! Runs of a training that a step's checks are judged on: made one after another by the studio's trainer,
//! told of while they are, and looked at in the panel that learns.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::channel::oneshot;
use leptos::prelude::*;

use crate::learn;
use crate::learn::record::Record;
use crate::learn::trainer::Trainer;
use lessons::learned::Told;
use market::language::Message;
use page::language::{say, say_with, text};
use page::parts::click;
use page::store::Store;
use protocol::learn::Look;

/// Milliseconds between two looks at how far a run is.
const TICK: u64 = 100;

/// Which run of how many is made, from 1.
pub type Number = (usize, usize);

/// The model of a run of this visit after its last step; none where there is no such run, or it is not over.
pub fn last_look<'a>(runs: &'a [Record], told: &Told) -> Option<&'a Look> {
    let is_of = |run: &&Record| run.is_over() && run.is_of(&told.state, &told.recipe);
    let of_last = |run: &'a Record| run.looks.last().filter(|look| look.step == run.steps());
    runs.iter().rev().filter(is_of).find_map(of_last)
}

/// Has the trainer make those of these runs that this visit has not made, and says which is under way. `here`
/// says whether the step is on show; none where its panel is closed.
///
/// # Errors
/// Says why there is a run that was not made to its end.
pub async fn make(
    trainer: &Trainer,
    runs: &[Told],
    here: impl Fn() -> Option<bool>,
    number: RwSignal<Option<Number>>,
) -> Result<(), Message> {
    for (place, told) in runs.iter().enumerate() {
        let is_made = || trainer.runs.with_untracked(|runs| last_look(runs, told).is_some());
        if is_made() {
            continue;
        }
        if here() != Some(true) {
            return Err(stopped());
        }
        // The panel may be closed, and the step with it, while the run goes on.
        let _ = number.try_set(Some((place + 1, runs.len())));
        let own = begin(trainer, told);
        while !is_made() {
            tick().await;
            still_goes(trainer, own)?;
            if here() == Some(false) {
                trainer.pause();
            }
        }
    }
    Ok(())
}

fn stopped() -> Message {
    Message::new(word!("studio.lessons.stopped"))
}

/// Begins a run, or has it go on where it was stopped; its number.
fn begin(trainer: &Trainer, told: &Told) -> u64 {
    let stands = |run: &Record| run.is_of(&told.state, &told.recipe) && trainer.can_go_on(run);
    if !trainer.runs.with_untracked(|runs| runs.last().is_some_and(stands)) {
        trainer.begin(&told.state, &told.recipe);
    }
    trainer.go(u32::MAX);
    trainer.runs.with_untracked(|runs| runs.last().map_or(0, |run| run.number))
}

/// Whether a run is still made.
///
/// # Errors
/// Says why it is not.
fn still_goes(trainer: &Trainer, own: u64) -> Result<(), Message> {
    let (is_newest, is_over, halted) = trainer.runs.with_untracked(|runs| match runs.last() {
        Some(run) if run.number == own => (true, run.is_over(), run.halted.clone()),
        _ => (false, false, None),
    });
    match trainer.trouble.get_untracked().or(halted) {
        Some(why) => Err(why),
        None if !is_newest => Err(Message::new(word!("studio.lessons.taken"))),
        // Here or in the panel that learns.
        None if !is_over && !trainer.goes.get_untracked() => Err(stopped()),
        None => Ok(()),
    }
}

/// Waits a moment.
async fn tick() {
    let (done, waited) = oneshot::channel();
    set_timeout(
        move || {
            // Whoever waited may be gone.
            let _ = done.send(());
        },
        Duration::from_millis(TICK),
    );
    let _ = waited.await;
}

/// What there is to say before runs are made: how many, how long they usually take, and whose run they
/// would take the place of.
pub fn before(trainer: &Trainer, runs: &[Told], seconds: u32) -> AnyView {
    let runs = runs.len().to_string();
    let seconds = seconds.to_string();
    let takes =
        move || say_with(word!("studio.lessons.takes"), &[("runs", &runs), ("seconds", &seconds)]);
    let goes = trainer.goes;
    let busy = move || if goes.get() { say(word!("studio.lessons.busy")) } else { "" };
    view! {
        <p class="note" data-testid="lesson-takes" prop:textContent=takes></p>
        <p class="note" data-testid="lesson-busy" hidden=move || !goes.get() prop:textContent=busy></p>
    }
    .into_any()
}

/// How far the runs are, with what ends them.
pub fn how_far(
    store: Store,
    trainer: &Trainer,
    runs: Vec<Told>,
    number: RwSignal<Option<Number>>,
) -> AnyView {
    let all = trainer.runs;
    let said = {
        let trainer = trainer.clone();
        move || {
            let Some((run, count)) = number.get() else { return String::new() };
            let stands = all.with(|runs| learn::standing(&trainer, runs.last()));
            let (run, count) = (run.to_string(), count.to_string());
            let values = [("run", &*run), ("count", &*count), ("stands", &*stands)];
            say_with(word!("studio.lessons.run"), &values)
        }
    };
    let steps =
        move || all.with(|runs| runs.last().map_or((0, 0), |run| (run.step(), run.steps())));
    let stop = {
        let trainer = trainer.clone();
        move || trainer.pause()
    };
    let watch = {
        let trainer = trainer.clone();
        move || {
            let now = number.get_untracked().and_then(|(run, _)| runs.get(run - 1));
            if let Some(told) = now {
                open(store, &trainer, told, &runs);
            }
        }
    };
    view! {
        <div class="how-far">
            <span data-testid="lesson-learning" prop:textContent=said></span>
            <progress
                aria-label=text(word!("learn.progress"))
                max=move || steps().1.max(1).to_string()
                value=move || steps().0.to_string()
            ></progress>
        </div>
        <div class="actions">
            <button type="button" class="outlined" data-testid="lesson-stop" on:click=click(stop)>
                {text(word!("studio.lessons.stop"))}
            </button>
            <button type="button" class="quiet" data-testid="lesson-watch" on:click=click(watch)>
                {text(word!("studio.lessons.watch"))}
            </button>
        </div>
    }
    .into_any()
}

/// Opens the panel that learns with what a run was told, and lays over each other what there is of `all`.
pub fn open(store: Store, trainer: &Trainer, told: &Told, all: &[Told]) {
    let is_shown = |run: &&Record| all.iter().any(|told| run.is_of(&told.state, &told.recipe));
    let numbers: BTreeSet<u64> = trainer
        .runs
        .with_untracked(|runs| runs.iter().filter(is_shown).map(|run| run.number).collect());
    trainer.overlaid.set(numbers);
    let learning = told.recipe.learning();
    store.state.update(|state| {
        for knob in learning.knobs.iter().copied().chain([learning.knob]) {
            state.settings.set(knob, told.state.settings.number(knob));
        }
    });
    store.view.update(|view| {
        view.recipe = told.recipe.clone();
        view.panel = Some(learn::PANEL.key);
    });
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use super::*;
    use protocol::learn::{Begun, FromTrainer, Went};

    #[test]
    fn a_run_is_there_once_its_model_was_looked_at_after_its_last_step() {
        let told = Told::read("?multi-task=single-task&learn=shoppers:50");
        let mut run = Record::new(3, &told.state, &told.recipe, &[]);
        let file = "dmt.safetensors".into();
        let begun = Begun { run: 3, views: 9, held_out: 3, steps: 2, file, shipped: vec![] };
        run.hear(FromTrainer::Begun(begun));
        let look = |step| {
            FromTrainer::Looked(Box::new(Look {
                run: 3,
                step,
                measures: vec![],
                gates: vec![],
                curves: vec![],
                weights: String::new(),
            }))
        };
        run.hear(look(0));
        assert_eq!(last_look(from_ref(&run), &told), None, "it has not begun");
        run.hear(FromTrainer::Went(Went { run: 3, step: 2, losses: vec![2.0, 1.0], speed: 1.0 }));
        assert_eq!(last_look(from_ref(&run), &told), None, "it was not looked at");
        run.hear(look(2));
        assert_eq!(last_look(from_ref(&run), &told).map(|look| look.step), Some(2));
        // Asked for with other knobs about it, it is the same run; of another variant, it is none.
        let same = Told::read("?q=couch&tau=0.1&multi-task=single-task&learn=shoppers:50");
        assert!(last_look(from_ref(&run), &same).is_some());
        let other = Told::read("?learn=shoppers:50");
        assert_eq!(last_look(from_ref(&run), &other), None);
    }
}
