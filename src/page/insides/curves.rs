//! The two curves: softmax over the catalogue, and examination by place.

use leptos::prelude::*;

use super::chart::{Axis, Chart, Line, Plot};
use crate::language::{say, say_with};
use crate::parts::live;
use crate::store::{Store, store};
use protocol::words::{self, fixed};
use protocol::{Answer, Examination};

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
    let learns = move || of_answer(store, |a| !a.examination.learned.is_empty()) != Some(false);
    let label = move || {
        let tenth = |values: &[f32]| values.get(9).map_or("–".into(), |v| fixed((*v).into(), 2));
        let sentence = |a: &Answer| {
            let (learned, truth) = (tenth(&a.examination.learned), tenth(&a.examination.truth));
            say_with(word!("examination.label"), &[("learned", &learned), ("truth", &truth)])
        };
        of_answer(store, sentence).unwrap_or_else(|| say(word!("examination.empty")).into())
    };
    view! {
        <p class="legend" data-testid="examination">
            {live(move || match learns() {
                true => view! { <span class="key learned">{say(word!("examination.learned"))}</span> }.into_any(),
                false => view! { <span>{say(word!("examination.no-network"))}</span> }.into_any(),
            })}
            <span class="key truth">{say(word!("examination.true"))}</span>
        </p>
        <Chart
            label=Box::new(label)
            plot=Box::new(move || of_answer(store, |a| examination(&a.examination))?)
        />
        <p class="note">{say(word!("examination.note"))}</p>
    }
}

/// Examination by place, learned and true.
pub fn examination(curves: &Examination) -> Option<Plot> {
    let Examination { learned, truth } = curves;
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
