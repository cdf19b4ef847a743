//! One step of a lesson: what is read, what is set, what is guessed, and what the engine says, or what comes
//! of runs of a training.

use std::time::Duration;

use leptos::prelude::*;
use web_sys::Event;

use super::KEY;
use super::done::Done;
use super::learning::{self, Number, last_look};
use crate::browser;
use crate::engine::{Engine, Standing};
use crate::learn::record::Record;
use crate::learn::trainer::Trainer;
use crate::machine::apart::apart;
use lessons::check::{Check, Outcome, runs_of};
use lessons::learned::Told;
use lessons::lesson::{Question, Step};
use lessons::quantity::Seen;
use link::State;
use link::view::LessonPlace;
use market::language::Message;
use page::knobs::KnobControl;
use page::language::{say, say_with, worded};
use page::parts::{click, follow, heard, live, when};
use page::picture::Mark;
use page::spoken::spoken;
use page::store::{Store, store};
use protocol::learn::Look;
use systems::registry;
use systems::shared::BACKEND;

/// Milliseconds after which the page has drawn what a new state brings.
const DRAWN: u64 = 150;
/// How often what is pointed at is looked for after a change.
const LOOKS: u32 = 40;
/// For so many looks what was scrolled to must stand still, for insides arrive part by part.
const STILL: u32 = 6;

/// What was scrolled to.
#[derive(Clone, Copy, Default)]
struct Revealed {
    /// Where it stood then; none before.
    place: Option<i32>,
    /// For how many looks it has stood there since.
    still: u32,
}

/// How far the person is with a step.
#[derive(Clone, PartialEq)]
pub enum Stand {
    /// Nothing was asked of the engine.
    Open,
    /// The engine computes, or the trainer makes runs.
    Asked,
    /// A run was not made to its end, and why.
    Stopped(Message),
    /// All is there, check by check.
    Judged(Vec<Result<Outcome, Message>>),
}

/// What the person did with a step: it stays when the step is shown in another language.
#[derive(Clone, Copy)]
pub struct Progressing {
    place: StoredValue<Option<LessonPlace>>,
    guess: RwSignal<Option<usize>>,
    stand: RwSignal<Stand>,
    /// Which run of a training is made.
    run: RwSignal<Option<Number>>,
}

impl Progressing {
    /// With no step yet.
    pub fn new() -> Self {
        Self {
            place: StoredValue::new(None),
            guess: RwSignal::new(None),
            stand: RwSignal::new(Stand::Open),
            run: RwSignal::new(None),
        }
    }

    /// Turns to a step: another one is at its start.
    fn turn_to(self, place: &LessonPlace) {
        if self.place.with_value(|at| at.as_ref() != Some(place)) {
            self.place.set_value(Some(place.clone()));
            self.guess.set(None);
            self.stand.set(Stand::Open);
            self.run.set(None);
        }
    }

    /// Whether a step is the one on show; none where the panel is closed.
    fn is_at(self, place: &LessonPlace) -> Option<bool> {
        self.place.try_get_value().map(|at| at.as_ref() == Some(place))
    }
}

/// A step, and how far the person is with it.
#[component]
pub fn StepView(step: Step, place: LessonPlace, done: Done) -> impl IntoView {
    let store = store();
    let engine: Engine = expect_context();
    let trainer: Trainer = expect_context();
    let standing = engine.standing;
    let starting = move || matches!(standing.get(), Standing::Loading(_));
    let Step { heading, html, state, point, look, machine, question, seconds, checks } = step;
    point_at(store, point.clone(), look);
    let progressing: Progressing = expect_context();
    progressing.turn_to(&place);
    let Progressing { guess, stand, run, .. } = progressing;
    let runs = runs_of(&checks);
    let learns = !runs.is_empty();
    let asked = StoredValue::new(checks.clone());
    let ask = {
        let (trainer, runs) = (trainer.clone(), runs.clone());
        move || {
            stand.set(Stand::Asked);
            let (engine, trainer) = (engine.clone(), trainer.clone());
            let (place, runs) = (place.clone(), runs.clone());
            leptos::task::spawn_local(async move {
                let here = || progressing.is_at(&place);
                let stood = match learning::make(&trainer, &runs, here, run).await {
                    Ok(()) => {
                        let mut outcomes = Vec::new();
                        for check in asked.try_get_value().unwrap_or_default() {
                            outcomes.push(outcome(&engine, &trainer, store, &check).await);
                        }
                        if outcomes.iter().all(Result::is_ok) {
                            done.note(&place);
                        }
                        Stand::Judged(outcomes)
                    }
                    Err(why) => Stand::Stopped(why),
                };
                // Another step may be shown meanwhile.
                if here() == Some(true) {
                    let _ = stand.try_set(stood);
                }
            });
        }
    };
    let guesses = question.is_some();
    let asks = move || guesses && guess.get().is_none() || stand.get() == Stand::Asked;
    let on_stage = state.map(|link| stage(store, link));
    let button = (!checks.is_empty()).then(|| {
        let label = move || match stand.get() {
            Stand::Open | Stand::Stopped(_) => say(word!("studio.lessons.check")),
            Stand::Asked if learns => say(word!("studio.lessons.learning")),
            Stand::Asked if starting() => say(word!("studio.engine.starting")),
            Stand::Asked => say(word!("studio.lessons.computing")),
            Stand::Judged(_) => say(word!("studio.lessons.check-again")),
        };
        let ask = ask.clone();
        view! {
            <button
                type="button"
                class="solid"
                data-testid="lesson-check"
                disabled=asks
                on:click=click(ask)
                prop:textContent=label
            ></button>
        }
    });
    let before = seconds.map(|seconds| {
        let (trainer, runs) = (trainer.clone(), runs.clone());
        let is_before = move || matches!(stand.get(), Stand::Open | Stand::Stopped(_));
        when(is_before, move || learning::before(&trainer, &runs, seconds))
    });
    let how_far = learns.then(|| {
        let (trainer, runs) = (trainer.clone(), runs.clone());
        when(
            move || stand.get() == Stand::Asked,
            move || learning::how_far(store, &trainer, runs.clone(), run),
        )
    });
    let checked = checks.clone();
    let outcomes = live(move || match stand.get() {
        Stand::Judged(outcomes) => {
            let rows = outcomes
                .into_iter()
                .zip(&checked)
                .map(|(outcome, check)| found(store, &trainer, &runs, outcome, check));
            view! { <div class="found" data-testid="lesson-found">{rows.collect_view()}</div> }
                .into_any()
        }
        Stand::Stopped(why) => {
            view! { <p data-testid="notice" data-key="lesson" role="alert">{worded(&why)}</p> }
                .into_any()
        }
        _ => ().into_any(),
    });
    // What takes a while gives nothing away before it is over.
    let settled = move || match stand.get() {
        Stand::Open | Stand::Stopped(_) => false,
        Stand::Asked => !learns,
        Stand::Judged(_) => true,
    };
    view! {
        <h3>{heading}</h3>
        <div class="text" inner_html=html></div>
        {machine.map(apart)}
        {on_stage}
        {point.map(|point| control(&point))}
        {question.map(|question| questions(question, guess, stand, settled))}
        {before}
        {button}
        {how_far}
        {outcomes}
        {spoken(move || match stand.get() {
            Stand::Asked => None,
            Stand::Judged(outcomes) => Some(told(&outcomes, learns)),
            // What stopped it is an alert of its own.
            Stand::Open | Stand::Stopped(_) => Some(String::new()),
        })}
    }
}

/// What came of all checks, one after another, for those who cannot see it.
fn told(outcomes: &[Result<Outcome, Message>], learns: bool) -> String {
    let judged = outcomes.iter().flatten().map(|outcome| {
        let Outcome { about, found, .. } = outcome;
        format!("{}: {}; {}", worded(about), found.join(", "), verdict(outcome, learns))
    });
    judged.collect::<Vec<_>>().join(". ")
}

/// What was expected, and whether it is so; `learns`: of a run of a training.
fn verdict(outcome: &Outcome, learns: bool) -> String {
    let words = match (outcome.holds, learns) {
        (true, _) => word!("studio.lessons.so"),
        (false, true) => word!("studio.lessons.not-so-learned"),
        (false, false) => word!("studio.lessons.not-so"),
    };
    say_with(words, &[("expected", &worded(&outcome.expected))])
}

/// Marks what the step points at, now and whenever another state brings another control.
fn point_at(store: Store, point: Option<String>, look: Option<String>) {
    let revealed = StoredValue::new(Revealed::default());
    let acted = StoredValue::new(false);
    for act in ["pointerdown", "keydown", "wheel"] {
        heard(act, move |_: &Event| acted.set_value(true));
    }
    follow(move |_| {
        store.state.track();
        // On a busy machine the answer may come after the last look, and put something above.
        store.insides.track();
        // Whoever has looked elsewhere since is not taken back.
        if !acted.get_value() {
            revealed.update_value(|known| known.still = 0);
        }
        look_for(store, point.clone(), look.clone(), revealed, LOOKS);
    });
}

/// Looks again and again until what is pointed at is there, was scrolled to, and stands still: insides
/// come with an answer, and sheets open.
fn look_for(
    store: Store,
    point: Option<String>,
    watch: Option<String>,
    revealed: StoredValue<Revealed>,
    looks: u32,
) {
    let look = move || {
        let shown = store.view.with_untracked(|view| view.panel == Some(KEY));
        // The step may have been left meanwhile.
        let Some(mut known) = revealed.try_get_value() else { return };
        if !shown {
            return;
        }
        let there = browser::point(point.as_deref(), watch.as_deref());
        if there && known.still < STILL {
            let stands = known.place.is_some() && known.place == browser::pointed_place();
            if stands && browser::is_pointed_in_sight() {
                known.still += 1;
            } else if browser::reveal_pointed() {
                known = Revealed { place: browser::pointed_place(), still: 0 };
            }
            revealed.set_value(known);
        }
        if point.is_some() && !(there && known.still >= STILL) && looks > 1 {
            look_for(store, point, watch, revealed, looks - 1);
        }
    };
    set_timeout(look, Duration::from_millis(DRAWN));
}

/// The way to the state in which a step starts.
fn stage(store: Store, link: String) -> AnyView {
    let wanted = State::from_link(&link).0;
    let there = {
        let wanted = wanted.clone();
        Memo::new(move |_| store.state.with(|state| is_same(state, &wanted)))
    };
    let set = move || set_state(store, &wanted);
    let label = move || {
        say(if there.get() {
            word!("studio.lessons.stage-set")
        } else {
            word!("studio.lessons.stage")
        })
    };
    view! {
        <button
            type="button"
            class="outlined"
            data-testid="lesson-stage"
            disabled=there
            on:click=click(set)
            prop:textContent=label
        ></button>
    }
    .into_any()
}

/// Where to compute is the person's own affair, whatever a lesson shows.
fn set_state(store: Store, to: &State) {
    store.state.update(|state| {
        let backend = state.backend().value();
        *state = to.clone().with(&BACKEND, backend);
    });
}

fn is_same(a: &State, b: &State) -> bool {
    a.clone().with(&BACKEND, b.backend().value()) == *b
}

/// What a step points at: the way to the knob, and the knob itself for where the page's is out of
/// sight, in a lecture and on a phone; the style sheet shows the one or the other.
fn control(testid: &str) -> AnyView {
    let Some(knob) = registry::knobs().find(|knob| knob.testid == testid) else {
        return ().into_any();
    };
    view! {
        <button type="button" class="quiet" data-testid="lesson-point" on:click=click(|| {
            browser::reveal_pointed();
        })>
            <Mark name="look" />
            <span
                prop:textContent=move || say_with(word!("studio.lessons.knob"), &[("name", say(&knob.words("name")))])
            ></span>
        </button>
        <div class="one-knob">
            {live(move || view! { <KnobControl knob place="lesson" /> }.into_any())}
        </div>
    }
    .into_any()
}

/// What is asked before anything is checked, and afterwards whether the guess was right.
fn questions(
    question: Question,
    guess: RwSignal<Option<usize>>,
    stand: RwSignal<Stand>,
    settled: impl Fn() -> bool + Copy + Send + Sync + 'static,
) -> AnyView {
    let Question { ask, choices, right, why } = question;
    let answer = choices[right].clone();
    let choices = choices.into_iter().enumerate().map(|(at, choice)| {
        let is_right = move || settled() && at == right;
        let is_wrong = move || settled() && at != right && guess.get() == Some(at);
        view! {
            <label class:right=is_right class:wrong=is_wrong>
                <input
                    type="radio"
                    name="guess"
                    value=at.to_string()
                    disabled=move || settled() || stand.get() == Stand::Asked
                    prop:checked=move || guess.get() == Some(at)
                    on:change=move |_| guess.set(Some(at))
                />
                <span>{choice}</span>
            </label>
        }
    });
    let verdict = move || {
        let said = match guess.get_untracked() == Some(right) {
            true => say(word!("studio.lessons.said-so")).to_string(),
            false => say_with(word!("studio.lessons.it-is"), &[("answer", &answer)]),
        };
        view! { <p class="why" data-testid="lesson-why">{said} {why.clone()}</p> }.into_any()
    };
    view! {
        <fieldset class="guess" data-testid="lesson-question">
            <legend>{ask}</legend>
            {choices.collect_view()}
        </fieldset>
        {when(settled, verdict)}
    }
    .into_any()
}

/// What came of a check, with the ways to the states or the runs that it was measured on.
fn found(
    store: Store,
    trainer: &Trainer,
    runs: &[Told],
    outcome: Result<Outcome, Message>,
    check: &Check,
) -> AnyView {
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(why) => {
            return view! { <p data-testid="notice" role="alert">{worded(&why)}</p> }.into_any();
        }
    };
    let verdict = verdict(&outcome, check.learns());
    let Outcome { about, found, holds, .. } = outcome;
    let names: &[&str] = match check.links.len() {
        1 => &[word!("studio.lessons.look")],
        _ => &[word!("studio.lessons.before"), word!("studio.lessons.after")],
    };
    let ways: Vec<Box<dyn Fn()>> = match check.learns() {
        true => check.runs().into_iter().map(|told| open(store, trainer, runs, told)).collect(),
        false => check.states().into_iter().map(|state| show(store, state)).collect(),
    };
    let ways = ways.into_iter().zip(names).map(
        |(go, name)| view! { <button type="button" class="quiet" on:click=click(go)>{say(name)}</button> },
    );
    let place = match check.learns() {
        true => word!("studio.lessons.as-curves"),
        false => word!("studio.lessons.on-the-shelf"),
    };
    view! {
        <section data-holds=holds.to_string()>
            <p class="about">{worded(&about)}</p>
            <p class="numbers">
                {found.into_iter().map(|number| view! { <strong>{number}</strong> }).collect_view()}
            </p>
            <p class="verdict"><Mark name=if holds { "check" } else { "close" } /> {verdict}</p>
            <p class="ways">{say(place)} " " {ways.collect_view()}</p>
        </section>
    }
    .into_any()
}

/// The way to a state.
fn show(store: Store, state: State) -> Box<dyn Fn()> {
    Box::new(move || set_state(store, &state))
}

/// The way to a run, beside the others of its step.
fn open(store: Store, trainer: &Trainer, runs: &[Told], told: Told) -> Box<dyn Fn()> {
    let (trainer, runs) = (trainer.clone(), runs.to_vec());
    Box::new(move || learning::open(store, &trainer, &told, &runs))
}

/// Asks the studio's engine for every state of a check, and judges what it answers; or what came of its
/// runs, which are made.
async fn outcome(
    engine: &Engine,
    trainer: &Trainer,
    store: Store,
    check: &Check,
) -> Result<Outcome, Message> {
    if check.learns() {
        return trainer.runs.with_untracked(|runs| judged(check, runs));
    }
    let states = check.states();
    let mut answers = Vec::new();
    for state in &states {
        answers.push(engine.answer(state).await?);
    }
    // The engine sends it before its first answer.
    let shop = store
        .shop
        .get_untracked()
        .ok_or_else(|| Message::new(word!("studio.unmeasured.no-shop")))?;
    let seen = states.iter().zip(&answers);
    let seen: Vec<Seen> =
        seen.map(|(state, answer)| Seen { state, answer, catalogue: &shop.catalogue }).collect();
    check.judge(&seen)
}

/// Judges what came of a check's runs.
fn judged(check: &Check, runs: &[Record]) -> Result<Outcome, Message> {
    let unlearned = || Message::new(word!("studio.unmeasured.unlearned"));
    let asked = check.runs();
    let looks = asked.iter().map(|told| last_look(runs, told).ok_or_else(unlearned));
    let looks: Vec<&Look> = looks.collect::<Result<_, _>>()?;
    check.judge_learned(&looks)
}
