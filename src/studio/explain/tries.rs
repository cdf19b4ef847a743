//! Drives the studio's engine through the changes that are tried, one after another.

use std::sync::Arc;

use leptos::prelude::*;

use super::changes::{Change, furthest_first, lost, rise, words};
use super::found::Found;
use super::texts;
use super::way::done;
use crate::engine::{Engine, Lost};
use page::browser;
use page::language::{say, text, worded};
use page::latest::{Latest, Turn};
use page::parts::{click, live};
use page::spoken::spoken;
use page::store::store;
use protocol::words::score_change;
use protocol::{Question, Reply, Trace};

/// Milliseconds between two looks at what came of changes: a page that drew each as it comes would have time
/// for nothing else.
const SHOWN: f64 = 250.0;

/// What is tried for a product, and what came of it. It lives as long as the panel.
#[derive(Clone)]
pub struct Tries {
    engine: Engine,
    /// What stands unchanged; none while that is not known.
    found: RwSignal<Option<Arc<Found>>>,
    plan: RwSignal<Vec<Change>>,
    done: RwSignal<Vec<(Change, Trace)>>,
    stopped: RwSignal<bool>,
    trouble: RwSignal<Option<Lost>>,
    /// Runs through a plan: a newer one ends the older.
    runs: Latest,
}

impl Tries {
    /// With nothing to try yet.
    pub fn new(engine: Engine) -> Self {
        Self {
            engine,
            found: RwSignal::new(None),
            plan: RwSignal::new(Vec::new()),
            done: RwSignal::new(Vec::new()),
            stopped: RwSignal::new(false),
            trouble: RwSignal::new(None),
            runs: Latest::new(),
        }
    }

    /// Turns to another product or state: what runs for the one before ends.
    pub fn begin(&self, found: Option<(Arc<Found>, Vec<Change>)>) {
        let turn = self.runs.begin();
        let (found, plan) = found.unzip();
        self.done.set(Vec::new());
        self.trouble.set(None);
        self.stopped.set(false);
        self.found.set(found);
        self.plan.set(plan.unwrap_or_default());
        self.drive(turn);
    }

    /// Stops, or goes on from there.
    fn turn(&self) {
        let stop = !self.stopped.get_untracked() && self.trouble.with_untracked(Option::is_none);
        let turn = self.runs.begin();
        self.trouble.set(None);
        self.stopped.set(stop);
        if !stop {
            self.drive(turn);
        }
    }

    /// Tries change after change until all are, or there is trouble, or another run began.
    fn drive(&self, turn: Turn) {
        let tries = self.clone();
        leptos::task::spawn_local(async move {
            // What is not shown yet is tried again after a stop.
            let (mut fresh, mut shown) = (Vec::new(), browser::now());
            // The panel may be closed at any time.
            while let Some(Some(found)) = tries.found.try_get_untracked() {
                let next = tries.plan.try_with_untracked(|plan| {
                    let at = tries.done.with_untracked(Vec::len) + fresh.len();
                    plan.get(at).map(|change| (*change, at + 1 == plan.len()))
                });
                let Some(Some((change, is_last))) = next else { return };
                let (state, held) = change.applied(&found.state);
                let question = Question::Trace { product: found.trace.product, held };
                let reply = tries.engine.ask(&state, question).await;
                if !turn.is_latest() {
                    return;
                }
                match reply {
                    Ok(Reply::Trace(trace)) => {
                        fresh.push((change, trace));
                        if is_last || browser::now() > shown + SHOWN {
                            tries.done.update(|done| done.append(&mut fresh));
                            shown = browser::now();
                        }
                    }
                    // A reply of another kind is no reply to this.
                    Ok(_) => return,
                    Err(why) => {
                        tries.done.update(|done| done.append(&mut fresh));
                        tries.trouble.set(Some(why));
                        return;
                    }
                }
            }
        });
    }
}

#[component]
pub fn WhatWouldChangeIt(tries: Tries) -> impl IntoView {
    let Tries { found, plan, done, stopped, trouble, .. } = tries.clone();
    let progress = Memo::new(move |_| (done.with(Vec::len), plan.with(Vec::len)));
    let turn = move || tries.turn();
    let halted = move || stopped.get() || trouble.with(Option::is_some);
    let rests = move || {
        let (done, all) = progress.get();
        halted() || done >= all
    };
    let said = move || {
        let (done, all) = progress.get();
        texts::tried(done, all)
    };
    let tables = move || {
        let Some(found) = found.get() else { return ().into_any() };
        let kinds: [(&'static str, &'static str, Kind); 3] = [
            ("words", say(texts::WORDS), |change| matches!(change, Change::Word(_))),
            ("features", say(texts::HELD), |change| matches!(change, Change::Feature(_))),
            ("entries", say(texts::ENTRIES), |change| matches!(change, Change::Entry(_))),
        ];
        let tables = kinds.map(|(key, title, kind)| table(&found, plan, done, key, title, kind));
        view! { <div class="tries">{tables.into_iter().collect_view()}</div> }.into_any()
    };
    view! {
        <section class="across" aria-labelledby="what-would-change-it">
            <h3 id="what-would-change-it" prop:textContent=text(texts::CHANGE)></h3>
            <p class="note" prop:textContent=text(texts::CHANGE_ABOUT)></p>
            <div class="actions">
                <button
                    type="button"
                    class="outlined"
                    data-testid="tries-stop"
                    disabled=move || { let (done, all) = progress.get(); done >= all }
                    on:click=click(turn)
                    prop:textContent=move || say(if halted() { texts::GO_ON } else { texts::STOP })
                ></button>
                <div class="how-far">
                    <span data-testid="tries-status" prop:textContent=said></span>
                    <progress
                        aria-label=text(texts::PROGRESS)
                        class:resting=rests
                        max=move || progress.get().1.max(1).to_string()
                        value=move || progress.get().0.to_string()
                    ></progress>
                </div>
                {spoken(move || rests().then(said))}
            </div>
            {live(move || trouble.get().map_or_else(|| ().into_any(), |why| {
                view! { <p data-testid="notice" data-key="explain" role="alert" prop:textContent=move || worded(&why)></p> }.into_any()
            }))}
            {live(tables)}
        </section>
    }
}

type Kind = fn(&Change) -> bool;

/// The changes of one kind, furthest first.
fn table(
    found: &Arc<Found>,
    plan: RwSignal<Vec<Change>>,
    done: RwSignal<Vec<(Change, Trace)>>,
    key: &'static str,
    title: &'static str,
    kind: Kind,
) -> AnyView {
    let before = found.clone();
    let of_kind = Memo::new(move |_| {
        let mut tried: Vec<(Change, Trace)> =
            done.with(|done| done.iter().filter(|(change, _)| kind(change)).cloned().collect());
        furthest_first(&before.trace, &mut tried);
        tried
    });
    let any = plan.with_untracked(|plan| plan.iter().any(kind));
    let found = found.clone();
    let rows = move || {
        let tried = of_kind.get();
        if tried.is_empty() {
            let why = if any { say(texts::NOTHING_TRIED) } else { say(texts::NOTHING_TO_TRY) };
            return view! { <p class="empty" prop:textContent=why></p> }.into_any();
        }
        let rows = tried.iter().map(|(change, after)| row(&found, *change, after)).collect_view();
        let first =
            if key == "features" { say(texts::HELD_HEAD) } else { say(texts::CHANGE_HEADS[0]) };
        view! {
            <div class="scrolls tall" tabindex="0" role="region" aria-label=title>
                <table class="tried" data-testid=format!("tried-{key}")>
                    <thead>
                        <tr>
                            <th scope="col">{first}</th>
                            <th scope="col" prop:textContent=text(texts::CHANGE_HEADS[1])></th>
                            <th scope="col" prop:textContent=text(texts::CHANGE_HEADS[2])></th>
                            <td></td>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    view! { <div><h4>{title}</h4>{live(rows)}</div> }.into_any()
}

fn row(found: &Arc<Found>, change: Change, after: &Trace) -> AnyView {
    let store = store();
    let before = &found.trace;
    let what = match change {
        Change::Word(number) => {
            let word = words(&found.state).get(number).copied().unwrap_or_default();
            view! { <span translate="no">{format!("“{word}”")}</span> }.into_any()
        }
        Change::Feature(number) => {
            let feature = found.parts.features.get(number as usize);
            feature
                .map(|(feature, _)| {
                    let key = word!("features.{}", feature.name);
                    view! { <span prop:textContent=move || say(&key)></span> }
                })
                .into_any()
        }
        Change::Entry(entry) => {
            let history = &found.answer.history;
            let shown = history.iter().find(|shown| shown.entry == entry);
            shown.map(done).into_any()
        }
    };
    let rise = rise(before, after);
    let (class, by) = match rise {
        0 => ("same", "=".into()),
        1.. => ("up", format!("▲ {rise}")),
        _ => ("down", format!("▼ {}", -rise)),
    };
    let from = texts::standing(before, lost(before));
    let to = texts::standing(after, lost(after));
    let there = (!matches!(change, Change::Feature(_))).then(|| {
        let found = found.clone();
        let go = move || {
            let (changed, _) = change.applied(&found.state);
            store.state.update(|state| {
                state.query = changed.query;
                state.history = changed.history;
            });
        };
        view! { <button type="button" class="quiet" on:click=click(go) prop:textContent=text(texts::GO_THERE)></button> }
    });
    let blend = found.state.ranker().blend(&found.state.settings);
    let change_of_score = score_change(blend, after.score - before.score);
    view! {
        <tr data-rank=after.rank data-score=after.score.to_string() data-lost=lost(after).is_some().to_string()>
            <th scope="row">{what}</th>
            <td class="place" translate="no">{from} " → " {to} " " <span class=format!("move {class}")>{by}</span></td>
            <td class="by" translate="no" prop:textContent=move || worded(&change_of_score)></td>
            <td translate="no">{there}</td>
        </tr>
    }
    .into_any()
}
