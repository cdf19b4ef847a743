//! The page's charts as drawings of their own, for slides and papers.

use plotters::prelude::*;

use crate::app::insides::chart::{Axis, Line, Look, Plot, draw};
use crate::app::insides::curves::{examination, softmax};
use crate::app::insides::utilisation::expert_name;
use crate::app::language::{say, say_with};
use crate::pipeline::blend;
use crate::protocol::Answer;
use crate::share::State;

/// Size of a drawing in pixels.
pub const SIZE: (u32, u32) = (640, 320);

/// A chart, drawn.
#[derive(Clone, PartialEq)]
pub struct Figure {
    /// What it shows.
    pub title: String,
    /// Name of its file, without what comes after the dot.
    pub file: String,
    /// The drawing.
    pub svg: String,
}

/// Every chart that an answer fills.
pub fn figures(answer: &Answer, state: &State) -> Vec<Figure> {
    let mut plots = vec![
        (
            say("studio.figures.softmax").to_string(),
            "softmax".to_string(),
            softmax(&answer.retrieval.softmax, answer.retrieval.effective_candidates),
        ),
        (
            say("studio.figures.examination").into(),
            "examination".into(),
            examination(&answer.examination),
        ),
    ];
    plots.extend(utilisation(answer, state));
    let drawn = plots.into_iter().filter_map(|(title, file, plot)| {
        let svg = to_svg(&plot?)?;
        Some(Figure { title, file, svg })
    });
    drawn.collect()
}

/// Mean gate weights over the page (DMT figure 3): a chart for each layer of experts and task.
fn utilisation(answer: &Answer, state: &State) -> Vec<(String, String, Option<Plot>)> {
    let tasks = answer.ranker.tasks();
    let order = blend::order(&answer.candidates, tasks, &state.ranking);
    let page = order.iter().take(state.page.size.max(1) as usize);
    let weights = blend::expert_utilisation(page.map(|r| &answer.candidates[r.candidate]));
    let mut from = 0;
    let mut plots = Vec::new();
    for (layer, gating) in answer.gatings.iter().enumerate() {
        for task in tasks {
            let experts = gating.experts.len();
            let of_task = weights.get(from..from + experts).unwrap_or_default();
            from += experts;
            let task = task.name();
            let layer_name = match gating.name.as_str() {
                "" => say("studio.figures.experts"),
                name => say(&format!("experts.{name}")),
            };
            let values = [("layer", layer_name), ("task", say(&format!("tasks.{task}.inline")))];
            plots.push((
                say_with("studio.figures.utilisation", &values),
                format!("experts-{}-{task}", layer + 1),
                bars(of_task, &gating.experts),
            ));
        }
    }
    plots
}

/// Shares as bars.
fn bars(shares: &[f32], names: &[String]) -> Option<Plot> {
    let count = shares.len();
    let line = |(at, share): (usize, &f32)| {
        let (left, right) = (at as f64 + 0.2, at as f64 + 0.8);
        let share = f64::from(*share);
        let points = vec![(left, 0.0), (left, share), (right, share), (right, 0.0)];
        Line { points, accent: true, filled: true }
    };
    (count > 0).then(|| Plot {
        x: Axis {
            from: 0.0,
            to: count as f64,
            labels: names
                .iter()
                .enumerate()
                .map(|(at, name)| (at as f64 + 0.5, expert_name(name)))
                .collect(),
        },
        y: Axis {
            from: 0.0,
            to: 1.0,
            labels: [0.0, 0.5, 1.0].map(|v| (v, format!("{:.0} %", 100.0 * v))).into(),
        },
        lines: shares.iter().enumerate().map(line).collect(),
        mark: None,
    })
}

fn to_svg(plot: &Plot) -> Option<String> {
    let look = Look::at(1.0);
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    draw(&area, &look, plot)?;
    drop(area);
    Some(svg)
}
