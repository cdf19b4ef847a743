//! Held-out page views measured, for the present state and for each pin, with the front between
//! two objectives below.

use leptos::prelude::*;

use super::compare::{state_name, states};
use super::engine::{Engine, Standing};
use super::front::{Plan, surface_name};
use super::measures::{measured_settings, name, than_now, with_error};
use super::meter::Meter;
use super::panels::Panel;
use super::rest::at_rest;
use super::results::{difference, estimate, measured};
use super::scatter::Scatter;
use lessons::sources::linked;
use link::State;
use market::language::Message;
use market::metrics::measure::{Against, Measure, place};
use page::language::{say, say_with, text, worded};
use page::parts::{click, follow, live};
use page::spoken::spoken;
use page::store::{Store, store};
use protocol::words;

/// What a measure means, in one line.
fn about(measure: Measure, against: Against) -> &'static str {
    let against = if against == Against::Truth { "truth" } else { "log" };
    say(&word!("studio.measures.{}.{}", measure.key(), against))
}

/// Whether more is to come of so many page views of all. What was begun still arrives where no more is
/// wanted: what is told of that is told once.
fn more_comes((done, all): (usize, usize), wanted: bool, begun: bool) -> bool {
    done < all && (wanted || begun)
}

/// Held-out page views measured, and the front between two objectives.
pub const PANEL: Panel = Panel::new(
    "metrics",
    word!("studio.panels.metrics"),
    word!("studio.panels.metrics.about"),
    || view! { <Metrics /> }.into_any(),
);

#[component]
fn Metrics() -> impl IntoView {
    let store = store();
    let meter: Meter = expect_context();
    let Meter { results, plan, stopped, sweeping, trouble, trail, running, .. } = meter.clone();
    let columns = Memo::new(move |_| {
        let states = states(store).into_iter();
        states.map(|(name, state)| (name, measured(&state))).collect::<Vec<_>>()
    });
    let driven = meter.clone();
    at_rest(move |_| {
        let whole: Vec<State> = columns.get().into_iter().map(|(_, state)| state).collect();
        let groups = match (sweeping.get(), whole.first()) {
            (true, Some(now)) => measured_settings(now),
            _ => Vec::new(),
        };
        let meter = driven.clone();
        meter.hold();
        Some(Box::pin(async move { meter.pursue(Plan { whole, groups }) }))
    });
    on_cleanup(move || plan.set(Plan::default()));
    // Where the person has been: what was measured there to the end.
    follow(move |_| {
        let Some((_, now)) = columns.get().into_iter().next() else { return };
        let whole = results.with(|results| {
            results.views(&now).is_some_and(|n| n > 0 && results.of(&now).len() >= n)
        });
        if whole && trail.with_untracked(|trail| trail.last() != Some(&now)) {
            trail.update(|trail| trail.push(now));
        }
    });

    let engine: Engine = expect_context();
    let progress = Memo::new(move |_| plan.with(|plan| results.with(|r| plan.progress(r))));
    let at_work = move || {
        let wanted = !stopped.get() && trouble.with(Option::is_none);
        more_comes(progress.get(), wanted, running.get())
    };
    let said = move || {
        let (done, all) = progress.get();
        let [so_far, of] = [done, all].map(|n| n.to_string());
        let count = [("done", so_far.as_str()), ("all", of.as_str())];
        match (done < all, engine.standing.get()) {
            (false, _) => say_with(word!("studio.metrics.all"), &[("count", &words::count(all))]),
            (true, _) if stopped.get() => say_with(word!("studio.metrics.stopped"), &count),
            (true, Standing::Loading(_)) => say(word!("studio.engine.starting")).into(),
            (true, _) => say_with(word!("studio.metrics.measured"), &count),
        }
    };
    let told = said;
    let turn = meter.clone();
    let turn = move || if stopped.get_untracked() { turn.go_on() } else { stopped.set(true) };
    let again = meter.clone();
    let notice = move |why: Vec<Message>| {
        let why = why.iter().map(worded).collect::<Vec<_>>().join(say(word!("sentences.between")));
        let again = again.clone();
        view! {
            <div class="trouble">
                <p data-testid="notice" data-key="metrics" role="alert" prop:textContent=why></p>
                <button type="button" class="outlined" on:click=click(move || again.go_on()) prop:textContent=say(word!("try-again"))></button>
            </div>
        }
        .into_any()
    };
    view! {
        <div class="metrics" data-testid="metrics">
            <div class="actions">
                {against_switch(store)}
                <button
                    type="button"
                    class="outlined"
                    data-testid="metrics-stop"
                    disabled=move || { let (done, all) = progress.get(); done >= all }
                    on:click=click(turn)
                    prop:textContent=move || say(if stopped.get() { word!("studio.go-on") } else { word!("studio.stop") })
                ></button>
                <div class="how-far">
                    <span data-testid="metrics-status" prop:textContent=said></span>
                    <progress
                        data-testid="metrics-progress"
                        aria-label=text(word!("studio.metrics.progress"))
                        class:resting=move || !at_work()
                        max=move || progress.get().1.max(1).to_string()
                        value=move || progress.get().0.to_string()
                    ></progress>
                </div>
                {spoken(move || (!at_work()).then(&told))}
            </div>
            {live(move || trouble.get().map_or_else(|| ().into_any(), notice.clone()))}
            <div class="sides">
                {live(move || table(store, &meter, columns.get()))}
                <Scatter columns />
            </div>
        </div>
    }
}

/// Against the truth or against the log.
fn against_switch(store: Store) -> AnyView {
    let option = move |(against, key, label): (Against, &'static str, &'static str)| {
        view! {
            <label>
                <input
                    type="radio"
                    name="against"
                    value=key
                    prop:checked=move || store.view.with(|view| view.measured.against == against)
                    on:change=move |_| store.view.update(|view| view.measured.against = against)
                />
                <span prop:textContent=text(label)></span>
            </label>
        }
    };
    view! {
        <fieldset class="segments" data-testid="against">
            <legend prop:textContent=text(word!("studio.metrics.against"))></legend>
            {[
                (Against::Truth, "truth", word!("studio.metrics.against-truth")),
                (Against::Log, "log", word!("studio.metrics.against-log")),
            ]
                .map(option)
                .into_iter()
                .collect_view()}
        </fieldset>
    }
    .into_any()
}

/// A row a measure, a column a state.
fn table(store: Store, meter: &Meter, columns: Vec<(&'static str, State)>) -> AnyView {
    let results = meter.results;
    let against = move || store.view.with(|view| view.measured.against);
    let head = columns.iter().map(|(name, state)| {
        let state = state.clone();
        let views = surface_name(state.surface());
        let so_far = move || {
            results.with(|r| match (r.of(&state).len(), r.views(&state)) {
                (done, Some(all)) if done < all => say_with(
                    word!("studio.metrics.views-so-far"),
                    &[
                        ("done", &done.to_string()),
                        ("all", &all.to_string()),
                        ("views", say(views)),
                    ],
                ),
                (done, _) => say_with(
                    word!("studio.metrics.views"),
                    &[("count", &done.to_string()), ("views", say(views))],
                ),
            })
        };
        view! { <th scope="col"><span prop:textContent=state_name(name)></span><small translate="no">{so_far}</small></th> }
    });
    let head = head.collect_view();
    let rows = Measure::ALL.map(|(measure, key)| {
        let cells = columns.iter().enumerate().map(|(at, (name, state))| {
            let (state, now) = (state.clone(), columns[0].1.clone());
            let of = state.clone();
            // Page views of another surface are others.
            let now = (at > 0 && now.surface() == state.surface()).then_some(now);
            // An estimate is told of again only when it has changed.
            let estimates = Memo::new(move |_| {
                let place = place(against(), measure);
                results.with(|results| {
                    let values = results.of(&state);
                    let than =
                        now.as_ref().and_then(|now| difference(results.of(now), values, place));
                    (estimate(values, place), than)
                })
            });
            let value = move || match estimates.get().0 {
                Some(estimate) => with_error(measure, &estimate),
                None => "–".into(),
            };
            let count = move || {
                let Some(estimate) = estimates.get().0 else { return String::new() };
                let done = results.with(|results| results.of(&of).len());
                let count = estimate.count as usize;
                // Nothing was clicked in some, so nothing stands anywhere in them.
                match count < done {
                    false => String::new(),
                    true => say_with(
                        word!("studio.metrics.defined"),
                        &[("count", &words::count(count)), ("all", &words::count(done))],
                    ),
                }
            };
            let than = move || {
                let (_, Some(than)) = estimates.get() else { return String::new() };
                than_now(measure, &than)
            };
            let telling = move || {
                let (_, than) = estimates.get();
                than.is_some_and(|than| {
                    than.error.is_some_and(|e| than.mean.abs() > 2.0 * e && e > 0.0)
                })
            };
            view! {
                <td data-metric=key data-column=*name>
                    <strong translate="no">{value}</strong>
                    <small translate="no">{count}</small>
                    <small class="than" class:telling=telling translate="no">{than}</small>
                </td>
            }
        });
        view! {
            <tr>
                <th scope="row">
                    <span inner_html=linked(name(measure))></span>
                    <small prop:textContent=move || about(measure, against())></small>
                </th>
                {cells.collect_view()}
            </tr>
        }
    });
    view! {
        <div class="scrolls" tabindex="0" role="region" aria-label=say(word!("studio.metrics.measures"))>
            <table class="measures" data-testid="measures">
                <thead>
                    <tr>
                        <th scope="col" prop:textContent=say(word!("studio.metrics.mean"))></th>
                        {head}
                    </tr>
                </thead>
                <tbody>{rows.into_iter().collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_begun_is_waited_for_where_no_more_is_wanted() {
        assert!(more_comes((3, 9), true, true) && more_comes((3, 9), true, false));
        assert!(more_comes((3, 9), false, true), "it was stopped over a slice");
        assert!(!more_comes((5, 9), false, false) && !more_comes((9, 9), true, true));
    }
}
