//! One step of a lesson: what is read, what is set, what is guessed, and what the engine says.

use std::time::Duration;

use leptos::prelude::*;

use super::KEY;
use super::done::Done;
use crate::browser;
use crate::engine::{Engine, Standing};
use lessons::check::{Check, Outcome};
use lessons::lesson::{Question, Step};
use lessons::quantity::Seen;
use link::State;
use link::view::LessonPlace;
use market::language::Message;
use page::knobs::KnobControl;
use page::language::{say, say_with, worded};
use page::parts::{click, follow, live, when};
use page::picture::Mark;
use page::store::{Store, store};
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
    /// The engine computes.
    Asked,
    /// It answered, check by check.
    Judged(Vec<Result<Outcome, Message>>),
}

/// What the person did with a step: it stays when the step is shown in another language.
#[derive(Clone, Copy)]
pub struct Progressing {
    place: StoredValue<Option<LessonPlace>>,
    guess: RwSignal<Option<usize>>,
    stand: RwSignal<Stand>,
}

impl Progressing {
    /// With no step yet.
    pub fn new() -> Self {
        Self {
            place: StoredValue::new(None),
            guess: RwSignal::new(None),
            stand: RwSignal::new(Stand::Open),
        }
    }

    /// Turns to a step: another one is at its start.
    fn turn_to(self, place: &LessonPlace) {
        if self.place.with_value(|at| at.as_ref() != Some(place)) {
            self.place.set_value(Some(place.clone()));
            self.guess.set(None);
            self.stand.set(Stand::Open);
        }
    }
}

/// A step, and how far the person is with it.
#[component]
pub fn StepView(step: Step, place: LessonPlace, done: Done) -> impl IntoView {
    let store = store();
    let engine: Engine = expect_context();
    let standing = engine.standing;
    let starting = move || matches!(standing.get(), Standing::Loading(_));
    let Step { heading, html, state, point, look, question, checks } = step;
    point_at(store, point.clone(), look);
    let progressing: Progressing = expect_context();
    progressing.turn_to(&place);
    let Progressing { guess, stand, .. } = progressing;
    let asked = StoredValue::new(checks.clone());
    let ask = move || {
        stand.set(Stand::Asked);
        let (engine, place) = (engine.clone(), place.clone());
        leptos::task::spawn_local(async move {
            let mut outcomes = Vec::new();
            for check in asked.try_get_value().unwrap_or_default() {
                outcomes.push(outcome(&engine, store, &check).await);
            }
            if outcomes.iter().all(Result::is_ok) {
                done.note(&place);
            }
            // Another step may be shown meanwhile.
            if progressing.place.try_get_value().flatten() == Some(place) {
                let _ = stand.try_set(Stand::Judged(outcomes));
            }
        });
    };
    let guesses = question.is_some();
    let asks = move || guesses && guess.get().is_none() || stand.get() == Stand::Asked;
    let on_stage = state.map(|link| stage(store, link));
    let button = (!checks.is_empty()).then(|| {
        let label = move || match stand.get() {
            Stand::Open => say(word!("studio.lessons.check")),
            Stand::Asked if starting() => say(word!("studio.lessons.starting")),
            Stand::Asked => say(word!("studio.lessons.computing")),
            Stand::Judged(_) => say(word!("studio.lessons.check-again")),
        };
        let ask = ask.clone();
        view! {
            <button type="button" class="solid" data-testid="lesson-check" disabled=asks on:click=click(ask)>
                {label}
            </button>
        }
    });
    let checked = checks.clone();
    let outcomes = live(move || match stand.get() {
        Stand::Judged(outcomes) => {
            let rows = outcomes
                .into_iter()
                .zip(&checked)
                .map(|(outcome, check)| found(store, outcome, check));
            view! { <div class="found" data-testid="lesson-found" role="status">{rows.collect_view()}</div> }
                .into_any()
        }
        _ => ().into_any(),
    });
    let settled = move || stand.get() != Stand::Open;
    view! {
        <h3>{heading}</h3>
        <div class="text" inner_html=html></div>
        {on_stage}
        {point.map(|point| control(&point))}
        {question.map(|question| questions(question, guess, settled))}
        {button}
        {outcomes}
    }
}

/// Marks what the step points at, now and whenever another state brings another control.
fn point_at(store: Store, point: Option<String>, look: Option<String>) {
    let revealed = StoredValue::new(Revealed::default());
    follow(move |_| {
        store.state.track();
        // On a busy machine the answer may come after the last look.
        store.insides.track();
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
            if known.place.is_some() && known.place == browser::pointed_place() {
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
        <button type="button" class="outlined" data-testid="lesson-stage" disabled=there on:click=click(set)>
            {label}
        </button>
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
            {move || say_with(word!("studio.lessons.knob"), &[("name", say(&knob.words("name")))])}
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
                    disabled=settled
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

/// What came of a check, with the ways to the states that it was measured on.
fn found(store: Store, outcome: Result<Outcome, Message>, check: &Check) -> AnyView {
    let Outcome { about, found, expected, holds } = match outcome {
        Ok(outcome) => outcome,
        Err(why) => {
            return view! { <p data-testid="notice" role="alert">{worded(&why)}</p> }.into_any();
        }
    };
    let names: &[&str] = match check.links.len() {
        1 => &[word!("studio.lessons.look")],
        _ => &[word!("studio.lessons.before"), word!("studio.lessons.after")],
    };
    let ways = check.states().into_iter().zip(names).map(|(state, name)| {
        let go = move || set_state(store, &state);
        view! { <button type="button" class="quiet" on:click=click(go)>{say(name)}</button> }
    });
    let verdict = match holds {
        true => word!("studio.lessons.so"),
        false => word!("studio.lessons.not-so"),
    };
    let verdict = say_with(verdict, &[("expected", &worded(&expected))]);
    view! {
        <section data-holds=holds.to_string()>
            <p class="about">{worded(&about)}</p>
            <p class="numbers">
                {found.into_iter().map(|number| view! { <strong>{number}</strong> }).collect_view()}
            </p>
            <p class="verdict"><Mark name=if holds { "check" } else { "close" } /> {verdict}</p>
            <p class="ways">{say(word!("studio.lessons.on-the-shelf"))} " " {ways.collect_view()}</p>
        </section>
    }
    .into_any()
}

/// Asks the studio's engine for every state of a check, and judges what it answers.
async fn outcome(engine: &Engine, store: Store, check: &Check) -> Result<Outcome, Message> {
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
