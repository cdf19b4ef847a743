//! The two curves: softmax over the catalogue, and what was learned of places over what is so.

use std::sync::Arc;

use leptos::prelude::*;

use super::chart::{Axis, Chart, Line, Plot};
use crate::language::{say, say_with};
use crate::parts::live;
use crate::store::{Store, store};
use protocol::Answer;
use protocol::block::{Blocks, Curves};
use protocol::words::{self, fixed};

/// What is read of the answer, once there is one.
fn of_answer<T>(store: Store, read: impl Fn(&Answer) -> T) -> Option<T> {
    store.insides.with(|answer| answer.as_ref().map(|answer| read(answer)))
}

fn finite_points(values: &[f32], at: impl Fn(usize) -> f64) -> Vec<(f64, f64)> {
    let points = values.iter().enumerate().filter(|(_, value)| value.is_finite());
    points.map(|(i, value)| (at(i + 1), f64::from(*value))).collect()
}

/// Softmax probability of the best products, with how many effectively compete.
#[component]
pub fn SoftmaxCurve() -> impl IntoView {
    let store = store();
    let entropy = move || of_answer(store, |a| a.retrieval.entropy);
    let effective = move || of_answer(store, |a| a.retrieval.effective_candidates);
    let count = move || effective().map_or("–".into(), |n| words::count(n.round() as usize));
    let nats = move || entropy().map_or("–".into(), |h| fixed(h.into(), 2));
    let label = move || {
        let (nats, count) = (nats(), count());
        say_with(word!("softmax.label"), &[("nats", &nats), ("count", &count)])
    };
    let plot = move || {
        of_answer(store, |a| softmax(&a.retrieval.softmax, a.retrieval.effective_candidates))?
    };
    view! {
        <dl class="figures">
            <div>
                <dt>{say(word!("softmax.compete"))}</dt>
                <dd translate="no"
                    data-testid="effective-candidates"
                    data-value=move || effective().map(|n| n.to_string())
                >
                    {count}
                </dd>
            </div>
            <div>
                <dt>{say(word!("softmax.entropy"))}</dt>
                <dd translate="no" data-testid="entropy" data-value=move || entropy().map(|h| h.to_string())>
                    <span>{nats}</span> <small>{say(word!("softmax.nats"))}</small>
                </dd>
            </div>
        </dl>
        <Chart label=Box::new(label) plot=Box::new(plot) />
        <p class="note" inner_html=say(word!("softmax.note"))></p>
    }
}

/// Softmax probabilities by place, with the effective number of products marked.
pub fn softmax(values: &[f32], effective: f32) -> Option<Plot> {
    let most = values.iter().copied().filter(|v| v.is_finite()).fold(0.0, f32::max);
    if values.len() < 2 || most <= 0.0 {
        return None;
    }
    // Few compete at a low temperature, many at a high one: a logarithm shows both.
    let at = |place: usize| (place as f64).log10();
    let to = at(values.len());
    let tens = [1, 10, 100, 1000, 10_000].into_iter().filter(|n| *n <= values.len());
    let share = |of: f64| (f64::from(most) * of, words::percent(most * of as f32));
    Some(Plot {
        x: Axis { from: 0.0, to, labels: tens.map(|n| (at(n), words::count(n))).collect() },
        y: Axis {
            from: 0.0,
            to: f64::from(most) * 1.05,
            labels: [0.0, 0.5, 1.0].map(share).into(),
        },
        lines: vec![Line { points: finite_points(values, at), accent: true, filled: true }],
        mark: Some(f64::from(effective).log10()).filter(|at| (0.0..=to).contains(at)),
    })
}

/// The learned examination curve over the true one.
#[component]
pub fn ExaminationCurve() -> impl IntoView {
    let store = store();
    let read = move || of_answer(store, |a| a.blocks.curves("examination").cloned())?;
    view! {
        {curve("examination", Arc::new(read))}
        <p class="note">{say(word!("examination.note"))}</p>
    }
}

/// What was learned by place over what is so, in the words of the block of this name, once it is there.
pub fn curve(name: &str, read: Arc<dyn Fn() -> Option<Curves> + Send + Sync>) -> AnyView {
    let testid = name.to_string();
    let (learned, truth) = (say(&word!("{}.learned", name)), say(&word!("{}.true", name)));
    let no_network = say(&word!("{}.no-network", name));
    let (empty, key) = (say(&word!("{}.empty", name)), word!("{}.label", name));
    let label = {
        let read = read.clone();
        move || {
            let Some(Curves { learned, truth }) = read() else { return String::from(empty) };
            let tenth = |all: &[f32]| all.get(9).map_or("–".into(), |v| fixed((*v).into(), 2));
            say_with(&key, &[("learned", &tenth(&learned)), ("truth", &tenth(&truth))])
        }
    };
    let plot = {
        let read = read.clone();
        move || read().and_then(|Curves { learned, truth }| by_place(&learned, &truth))
    };
    view! {
        <p class="legend" data-testid=testid>
            {live(move || match read().is_none_or(|curves| !curves.learned.is_empty()) {
                true => view! { <span class="key learned">{learned}</span> }.into_any(),
                false => view! { <span>{no_network}</span> }.into_any(),
            })}
            <span class="key truth">{truth}</span>
        </p>
        <Chart label=Box::new(label) plot=Box::new(plot) />
    }
    .into_any()
}

/// What was learned by place, and what is so.
pub fn by_place(learned: &[f32], truth: &[f32]) -> Option<Plot> {
    let places = learned.len().max(truth.len());
    let most = learned.iter().chain(truth).copied().filter(|v| v.is_finite()).fold(0.0, f32::max);
    if places < 2 || most <= 0.0 {
        return None;
    }
    let at = |place: usize| place as f64;
    let step = if places > 30 { 10 } else { 5 };
    let across = [1].into_iter().chain((step..=places).step_by(step));
    let line = |values, accent| Line { points: finite_points(values, at), accent, filled: false };
    Some(Plot {
        x: Axis {
            from: 1.0,
            to: places as f64,
            labels: across.map(|place| (at(place), words::count(place))).collect(),
        },
        y: Axis {
            from: 0.0,
            to: f64::from(most.clamp(1.0, 3.0)) * 1.05,
            labels: [0.0, 0.5, 1.0].map(|v| (v, fixed(v, 1))).into(),
        },
        lines: vec![line(truth, false), line(learned, true)],
        mark: None,
    })
}
