//! The two curves: softmax over the catalogue, and examination by place.

use leptos::prelude::*;
use plotters::prelude::*;

use super::chart::{Area, Chart, Look};
use crate::app::parts::live;
use crate::app::store::store;
use crate::app::words;

/// Softmax probability of the best products, with how many effectively compete.
#[component]
pub fn SoftmaxCurve() -> impl IntoView {
    let store = store();
    let softmax = Memo::new(move |_| {
        store.answer.with(|a| a.as_ref().map(|a| a.retrieval.softmax.clone()).unwrap_or_default())
    });
    let numbers = Memo::new(move |_| {
        store.answer.with(|answer| {
            let inside = &answer.as_ref()?.retrieval;
            Some((inside.entropy, inside.effective_candidates))
        })
    });
    let label = Signal::derive(move || match numbers.get() {
        Some((entropy, effective)) => format!(
            "Softmax over candidates: entropy {} nats, {} effective candidates",
            words::fixed(entropy.into(), 2),
            words::fixed(effective.into(), 0)
        ),
        None => "Softmax over candidates".into(),
    });
    view! {
        <dl class="figures">
            <div>
                <dt>"effective candidates"</dt>
                <dd
                    data-testid="effective-candidates"
                    data-value=move || numbers.get().map(|(_, effective)| effective.to_string())
                >
                    {move || numbers.get().map_or("–".to_string(), |(_, n)| words::count(n.round() as usize))}
                </dd>
            </div>
            <div>
                <dt>"entropy"</dt>
                <dd data-testid="entropy" data-value=move || numbers.get().map(|(entropy, _)| entropy.to_string())>
                    {move || numbers.get().map_or("–".to_string(), |(h, _)| words::fixed(h.into(), 2))} <small>"nats"</small>
                </dd>
            </div>
        </dl>
        <Chart label draw=move |area, look| softmax.with(|values| draw_softmax(area, look, values)) />
    }
}

fn draw_softmax(area: &Area, look: &Look, values: &[f32]) -> Option<()> {
    let most = values.iter().copied().filter(|v| v.is_finite()).fold(0.0, f32::max);
    if values.len() < 2 || most <= 0.0 {
        return None;
    }
    // Few compete at a low temperature, many at a high one: a logarithm shows both.
    let x = (1.0..values.len() as f64).log_scale();
    let y = 0.0..f64::from(most) * 1.08;
    let mut chart = ChartBuilder::on(area)
        .margin(look.px(2.0))
        .margin_right(look.px(16.0))
        .x_label_area_size(look.px(22.0))
        .y_label_area_size(look.px(40.0))
        .build_cartesian_2d(x, y)
        .ok()?;
    chart
        .configure_mesh()
        .disable_mesh()
        .axis_style(look.line(look.text.mix(0.35), 1.0))
        .label_style(look.label())
        .x_labels(5)
        .y_labels(3)
        .x_label_formatter(&|x| words::fixed(*x, 0))
        .y_label_formatter(&|y| words::percent(*y as f32))
        .draw()
        .ok()?;
    let points = || (1..).zip(values).map(|(i, v)| (f64::from(i), f64::from(*v)));
    chart.draw_series(AreaSeries::new(points(), 0.0, look.accent.mix(0.16))).ok()?;
    chart.draw_series(LineSeries::new(points(), look.line(look.accent, 1.75))).ok()?;
    area.present().ok()
}

/// The learned examination curve over the true one.
#[component]
pub fn ExaminationCurve() -> impl IntoView {
    let store = store();
    let curves = Memo::new(move |_| {
        store.answer.with(|a| a.as_ref().map(|a| a.examination.clone()).unwrap_or_default())
    });
    let learns = move || curves.with(|c| !c.learned.is_empty());
    let label = Signal::derive(move || {
        curves.with(|c| match (c.learned.get(9).copied(), c.truth.get(9).copied()) {
            (Some(learned), Some(truth)) => format!(
                "Examination by place: at place 10 learned {}, true {} of the first",
                words::fixed(learned.into(), 2),
                words::fixed(truth.into(), 2)
            ),
            _ => "Examination by place".into(),
        })
    });
    view! {
        <p class="legend">
            {live(move || match learns() {
                true => view! { <span class="key learned">"learned"</span> }.into_any(),
                false => view! { <span>"This bias network reads no position."</span> }.into_any(),
            })}
            <span class="key truth">"true"</span>
        </p>
        <Chart
            label
            draw=move |area, look| curves.with(|c| draw_examination(area, look, &c.learned, &c.truth))
        />
    }
}

fn draw_examination(area: &Area, look: &Look, learned: &[f32], truth: &[f32]) -> Option<()> {
    let places = learned.len().max(truth.len());
    let most = learned.iter().chain(truth).copied().filter(|v| v.is_finite()).fold(0.0, f32::max);
    if places < 2 || most <= 0.0 {
        return None;
    }
    let mut chart = ChartBuilder::on(area)
        .margin(look.px(2.0))
        .margin_right(look.px(16.0))
        .x_label_area_size(look.px(22.0))
        .y_label_area_size(look.px(40.0))
        .build_cartesian_2d(1.0..places as f64, 0.0..f64::from(most.min(3.0)) * 1.08)
        .ok()?;
    chart
        .configure_mesh()
        .disable_mesh()
        .axis_style(look.line(look.text.mix(0.35), 1.0))
        .label_style(look.label())
        .x_labels(5)
        .y_labels(3)
        .x_label_formatter(&|x| words::fixed(*x, 0))
        .y_label_formatter(&|y| words::fixed(*y, 1))
        .draw()
        .ok()?;
    let points = |values: &[f32]| -> Vec<(f64, f64)> {
        (1..)
            .zip(values)
            .filter(|(_, v)| v.is_finite())
            .map(|(i, v)| (f64::from(i), f64::from(*v)))
            .collect()
    };
    chart.draw_series(LineSeries::new(points(truth), look.line(look.quiet, 1.75))).ok()?;
    chart.draw_series(LineSeries::new(points(learned), look.line(look.accent, 1.75))).ok()?;
    area.present().ok()
}
