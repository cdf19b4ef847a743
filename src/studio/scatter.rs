//! Two objectives against each other: where the person stands, where they have been, the pins,
//! and the front that a sweep of the weights finds.

use leptos::prelude::*;

use super::axis;
use super::front::{SHARE, front, share, surface_name, with_weights_of};
use super::measures::{figure, measured_settings, name, than_now};
use super::meter::Meter;
use super::results::{Estimate, Results, difference, estimate, measured};
use link::State;
use link::view::Measured;
use market::metrics::measure::{Measure, place};
use page::language::{say, say_with, text};
use page::parts::{click, live};
use page::spoken::spoken;
use page::store::{Store, store};
use protocol::words;
use systems::shared::{BACKEND, DEVICE, weight_of};

/// What a point is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// Tried by the sweep.
    Tried,
    /// Tried, and on the front.
    Front,
    /// Where the person has been.
    Trail,
    /// A pin, with its letter.
    Pin(&'static str),
    /// Where the person stands.
    Now,
}

/// A measured state.
#[derive(Clone, Debug, PartialEq)]
struct Point {
    kind: Kind,
    state: State,
    at: [Estimate; 2],
    /// How much more than where the person stands, view by view; none there itself.
    than: [Option<Estimate>; 2],
}

impl Kind {
    fn class(self) -> &'static str {
        match self {
            Self::Tried => "tried",
            Self::Front => "front",
            Self::Trail => "trail",
            Self::Pin(_) => "pin",
            Self::Now => "now",
        }
    }

    fn said(self) -> String {
        match self {
            Self::Tried => say(word!("studio.scatter.tried")).into(),
            Self::Front => say(word!("studio.scatter.front")).into(),
            Self::Trail => say(word!("studio.scatter.trail")).into(),
            Self::Pin(letter) => say_with(word!("studio.scatter.pin"), &[("letter", letter)]),
            Self::Now => say(word!("studio.now")).into(),
        }
    }
}

/// The weights of a state, in words.
fn weights(state: &State) -> String {
    let said = |(name, knob): (&str, _)| {
        format!("{} {}", say(name), words::fixed(state.settings.number(knob).into(), 2))
    };
    let list = |parts: Vec<String>| parts.join(say(word!("list.comma")));
    let tasks = state.ranker().tasks.iter();
    let tasks: Vec<String> = tasks
        .map(|&task| said((&word!("tasks.{}.inline", task.name()), weight_of(task))))
        .collect();
    let ranked =
        if tasks.is_empty() { say(word!("studio.scatter.no-ranker")).into() } else { list(tasks) };
    let objectives = state.retriever().objectives.iter();
    let objectives: Vec<String> = objectives
        .map(|of| said((&word!("studio.scatter.objectives.{}", of.key), of.weight)))
        .collect();
    if objectives.is_empty() {
        return say_with(word!("studio.scatter.ranking-weights"), &[("ranking", &ranked)]);
    }
    let retrieval = list(objectives);
    say_with(word!("studio.scatter.weights"), &[("retrieval", &retrieval), ("ranking", &ranked)])
}

/// A state's point, once all of its share of the views is measured.
fn point(
    results: &Results,
    kind: Kind,
    state: &State,
    now: &State,
    shown: Measured,
) -> Option<Point> {
    let share = share(results, state);
    let values = results.of(state).get(..share).filter(|values| !values.is_empty())?;
    let at = shown.axes.map(|axis| estimate(values, place(shown.against, axis)));
    let than = shown.axes.map(|axis| {
        let now = results.of(now).get(..share).filter(|_| state != now)?;
        difference(now, values, place(shown.against, axis))
    });
    Some(Point { kind, state: state.clone(), at: [at[0]?, at[1]?], than })
}

/// Every point there is, those behind first.
fn points(
    results: &Results,
    trail: &[State],
    columns: &[(&'static str, State)],
    shown: Measured,
) -> Vec<Point> {
    let Some((_, now)) = columns.first() else { return Vec::new() };
    let settings = measured_settings(now);
    let tried =
        settings.iter().flatten().filter_map(|s| point(results, Kind::Tried, s, now, shown));
    let mut points: Vec<Point> = tried.collect();
    let places: Vec<(f64, f64)> = points.iter().map(|p| (p.at[0].mean, p.at[1].mean)).collect();
    for place in front(&places) {
        points[place].kind = Kind::Front;
    }
    // Views of another surface measure something else.
    let been = trail.iter().filter(|state| state.surface() == now.surface() && *state != now);
    points.extend(been.filter_map(|state| point(results, Kind::Trail, state, now, shown)));
    for (name, state) in columns.iter().skip(1).filter(|(_, s)| s.surface() == now.surface()) {
        points.extend(point(results, Kind::Pin(name), state, now, shown));
    }
    points.extend(point(results, Kind::Now, now, now, shown));
    points
}

#[component]
pub fn Scatter(columns: Memo<Vec<(&'static str, State)>>) -> impl IntoView {
    let store = store();
    let meter: Meter = expect_context();
    let Meter { results, sweeping, trail, .. } = meter.clone();
    let shown = Memo::new(move |_| store.view.with(|view| view.measured));
    let points = Memo::new(move |_| {
        columns.with(|columns| {
            results.with(|r| trail.with(|trail| points(r, trail, columns, shown.get())))
        })
    });
    let progress = Memo::new(move |_| {
        let groups = columns.with(|c| c.first().map(|(_, now)| measured_settings(now)));
        let all: Vec<State> = groups.into_iter().flatten().flatten().collect();
        results.with(|results| {
            let done = |state: &&State| {
                let share = share(results, state);
                share > 0 && results.of(state).len() >= share
            };
            (all.iter().filter(done).count(), all.len())
        })
    });
    let complete = move || progress.with(|(done, all)| done == all);
    let turn = move || {
        let on = !sweeping.get_untracked();
        sweeping.set(on);
        if on {
            meter.go_on();
        }
    };
    let label = move || match (complete(), sweeping.get()) {
        (true, _) => say(word!("studio.scatter.found")),
        (_, true) => say(word!("studio.scatter.stop")),
        (_, false) => say(word!("studio.scatter.find")),
    };
    let said = move || {
        let (done, all) = progress.get();
        let (views, first) = store.state.with(|state| {
            (surface_name(state.surface()), results.with(|results| share(results, state)))
        });
        let [done_so_far, all, first] = [done, all, first].map(|n| n.to_string());
        let values = [
            ("done", done_so_far.as_str()),
            ("all", all.as_str()),
            ("first", first.as_str()),
            ("views", say(views)),
        ];
        match (done, sweeping.get()) {
            (0, false) => say_with(word!("studio.scatter.sweep"), &values),
            _ => say_with(word!("studio.scatter.swept"), &values),
        }
    };
    // While it sweeps nothing, and at the end what came of it.
    let swept = move || match (sweeping.get(), complete()) {
        (true, true) => Some(said()),
        (true, false) => None,
        (false, _) => Some(String::new()),
    };
    // Named by its state: points come and go while a sweep goes on.
    let hot = RwSignal::new(None::<State>);
    view! {
        <section class="scatter" data-testid="scatter">
            <div class="actions">
                {axis_choice(store, word!("studio.scatter.up"), 1)}
                {axis_choice(store, word!("studio.scatter.across"), 0)}
                <button
                    type="button"
                    class="outlined"
                    data-testid="sweep"
                    disabled=complete
                    on:click=click(turn)
                    prop:textContent=label
                ></button>
                <div class="how-far">
                    <span data-testid="sweep-status" prop:textContent=said></span>
                    <progress
                        aria-label=text(word!("studio.scatter.progress"))
                        max=move || progress.get().1.max(1).to_string()
                        value=move || progress.get().0.to_string()
                    ></progress>
                </div>
                {spoken(swept)}
            </div>
            {live(move || chart(store, &points.get(), shown.get(), hot))}
            {live(move || behind(&points.get(), shown.get()))}
        </section>
    }
}

/// A point's value, and how it differs from where the person stands.
fn told_of(measure: Measure, point: &Point, axis: usize) -> String {
    let value = figure(measure, point.at[axis].mean);
    let than = point.than[axis].map(|than| format!(" ({})", than_now(measure, &than)));
    value + &than.unwrap_or_default()
}

/// Chooses the objective of an axis.
fn axis_choice(store: Store, label: &'static str, axis: usize) -> AnyView {
    let chosen = move || store.view.with(|view| view.measured.axes[axis]);
    let choose = move |event: leptos::ev::Event| {
        let key = event_target_value(&event);
        if let Some((measure, _)) = Measure::ALL.iter().find(|(_, known)| *known == key) {
            store.view.update(|view| view.measured.axes[axis] = *measure);
        }
    };
    let option = |(measure, key): (Measure, &'static str)| {
        view! { <option value=key prop:selected=move || chosen() == measure prop:textContent=move || name(measure)></option> }
    };
    view! {
        <label class="axis">
            <span prop:textContent=text(label)></span>
            <select data-testid=format!("axis-{}", ["x", "y"][axis]) on:change=choose>
                {Measure::ALL.map(option).into_iter().collect_view()}
            </select>
        </label>
    }
    .into_any()
}

/// The chart: lines are drawn, points are buttons.
fn chart(store: Store, points: &[Point], shown: Measured, hot: RwSignal<Option<State>>) -> AnyView {
    if points.is_empty() {
        return view! {
            <p class="empty" prop:textContent=say_with(word!("studio.scatter.empty"), &[("count", &SHARE.to_string())])></p>
        }
        .into_any();
    }
    let with_errors = |point: &Point| matches!(point.kind, Kind::Front | Kind::Pin(_));
    let error_of = |point: &Point, axis: usize| {
        let error = point.than[axis].and_then(|than| than.error);
        error.filter(|_| with_errors(point)).unwrap_or(0.0)
    };
    let axes = [0, 1].map(|axis| {
        let ends = points.iter().flat_map(|point| {
            let (mean, error) = (point.at[axis].mean, error_of(point, axis));
            [mean - error, mean + error]
        });
        axis::around(ends, |value, digits| match shown.axes[axis] {
            Measure::Gmv => format!("${}", words::fixed(value, digits)),
            _ => words::fixed(value, digits),
        })
    });
    let across = |value: f64| 100.0 * axes[0].at(value);
    let up = |value: f64| 100.0 - 100.0 * axes[1].at(value);
    let place = |point: &Point| (across(point.at[0].mean), up(point.at[1].mean));
    let path = |kinds: &[Kind]| {
        let mut of_kind: Vec<(f64, f64)> =
            points.iter().filter(|point| kinds.contains(&point.kind)).map(place).collect();
        if kinds == [Kind::Front] {
            of_kind.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        let steps = of_kind.iter().enumerate();
        let steps = steps.map(|(number, (x, y))| {
            format!("{}{x:.2} {y:.2}", if number == 0 { 'M' } else { 'L' })
        });
        steps.collect::<String>()
    };
    let grid_x = axes[0].labels.iter().map(|(value, text)| {
        let (x, text) = (across(*value), text.clone());
        view! { <span class="tick x" translate="no" style=format!("left:{x:.2}%")>{text}</span> }
    });
    let grid_y = axes[1].labels.iter().map(|(value, text)| {
        let (y, text) = (up(*value), text.clone());
        view! { <span class="tick y" translate="no" style=format!("top:{y:.2}%")>{text}</span> }
    });
    let [upright, level] = axes.each_ref().map(|axis| axis.labels.iter().map(|(value, _)| *value));
    let lines = upright
        .map(|value| format!("M{x:.2} 0V100", x = across(value)))
        .chain(level.map(|value| format!("M0 {y:.2}H100", y = up(value))))
        .collect::<String>();
    let errors = points
        .iter()
        .filter(|point| with_errors(point))
        .map(|point| {
            let (x, y) = place(point);
            let [dx, dy] = [0, 1].map(|axis| {
                let width = axes[axis].to - axes[axis].from;
                100.0 * error_of(point, axis) / width
            });
            format!("M{:.2} {y:.2}H{:.2}M{x:.2} {:.2}V{:.2}", x - dx, x + dx, y - dy, y + dy)
        })
        .collect::<String>();
    let dots = points.iter().map(|point| {
        let (x, y) = place(point);
        let setting = point.state.clone();
        let own = point.state.clone();
        let focused = own.clone();
        let go = move || {
            store.state.update(|state| *state = there(state, &setting));
        };
        let [across, up] = [0, 1].map(|axis| {
            format!("{} {}", name(shown.axes[axis]), figure(shown.axes[axis], point.at[axis].mean))
        });
        let (kind, weights) = (point.kind.said(), weights(&point.state));
        let label = say_with(
            word!("studio.scatter.point"),
            &[("kind", &kind), ("across", &across), ("up", &up), ("weights", &weights)],
        );
        let letter = match point.kind {
            Kind::Pin(letter) => letter,
            _ => "",
        };
        view! {
            <button
                type="button"
                class=format!("point {}", point.kind.class())
                style=format!("left:{x:.2}%;top:{y:.2}%")
                data-kind=point.kind.class()
                aria-label=label
                on:pointerenter=move |_| hot.set(Some(own.clone()))
                on:pointerleave=move |_| hot.set(None)
                on:focus=move |_| hot.set(Some(focused.clone()))
                on:blur=move |_| hot.set(None)
                on:click=click(go)
            >
                {letter}
            </button>
        }
    });
    let dots = dots.collect_view();
    let all = points.to_vec();
    let told = move || {
        let pointed = hot.get();
        let is_it = |point: &&Point| pointed.as_ref() == Some(&point.state);
        let Some(point) = all.iter().rev().find(is_it) else {
            return view! { <p class="told" prop:textContent=say(word!("studio.scatter.point-at"))></p> }
                .into_any();
        };
        let [across, up] = [0, 1].map(|axis| {
            let measure = shown.axes[axis];
            format!("{} {}", name(measure), told_of(measure, point, axis))
        });
        let weights = weights(&point.state);
        let values = [("across", &*across), ("up", &*up), ("weights", &*weights)];
        view! {
            <p class="told">
                <strong prop:textContent=point.kind.said()></strong>
                " "
                <span translate="no" prop:textContent=say_with(word!("studio.scatter.values"), &values)></span>
            </p>
        }
        .into_any()
    };
    view! {
        <figure>
            <div class="plot">
                <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
                    <path class="grid" d=lines />
                    <path class="errors" d=errors />
                    <path class="trail" d=path(&[Kind::Trail, Kind::Now]) />
                    <path class="front" d=path(&[Kind::Front]) />
                </svg>
                {grid_x.collect_view()}
                {grid_y.collect_view()}
                {dots}
                <span class="title y" prop:textContent=name(shown.axes[1])></span>
                <span class="title x" prop:textContent=name(shown.axes[0])></span>
            </div>
            <figcaption>
                {live(told)}
                <ul class="legend">
                    <li class="now" prop:textContent=say(word!("studio.scatter.legend.now"))></li>
                    <li class="trail" prop:textContent=say(word!("studio.scatter.legend.trail"))></li>
                    <li class="tried" prop:textContent=say(word!("studio.scatter.legend.tried"))></li>
                    <li class="front" prop:textContent=say(word!("studio.scatter.legend.front"))></li>
                    <li class="errors" prop:textContent=say(word!("studio.scatter.legend.errors"))></li>
                </ul>
            </figcaption>
        </figure>
    }
    .into_any()
}

/// Where a click on a point leads: its settings, with the query, the shopper and the history that
/// are on the shelf. Where only weights differ, settings of systems that are not in use stay.
fn there(now: &State, setting: &State) -> State {
    let moved = with_weights_of(now, setting);
    if measured(&moved) == *setting {
        return moved;
    }
    let mut state = State {
        query: now.query.clone(),
        shopper: now.shopper.clone(),
        history: now.history.clone(),
        selected: now.selected,
        ..setting.clone()
    };
    for knob in [&BACKEND, &DEVICE] {
        state.settings.set(knob, now.settings.number(knob));
    }
    state
}

/// The same as a table, for whoever reads rather than looks.
fn behind(points: &[Point], shown: Measured) -> AnyView {
    let row = |point: &Point| {
        let cells = [0, 1].map(|axis| {
            view! { <td translate="no">{told_of(shown.axes[axis], point, axis)}</td> }
        });
        view! {
            <tr>
                <th scope="row" prop:textContent=point.kind.said()></th>
                {cells.into_iter().collect_view()}
                <td translate="no">{weights(&point.state)}</td>
            </tr>
        }
    };
    let rows = points.iter().rev().map(row).collect_view();
    view! {
        <details class="behind">
            <summary prop:textContent=say(word!("studio.as-a-table"))></summary>
            <div class="scrolls" tabindex="0" role="region" aria-label=say(word!("studio.as-a-table"))>
                <table>
                    <thead>
                        <tr>
                            <th scope="col" prop:textContent=say(word!("studio.scatter.point-column"))></th>
                            <th scope="col" prop:textContent=name(shown.axes[0])></th>
                            <th scope="col" prop:textContent=name(shown.axes[1])></th>
                            <th scope="col" prop:textContent=say(word!("studio.scatter.weights-column"))></th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </details>
    }
    .into_any()
}
