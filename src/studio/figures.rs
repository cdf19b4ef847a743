//! The page's charts as drawings of their own, for slides and papers.

use plotters::prelude::*;

use super::export::plain;
use link::State;
use market::language::Message;
use page::insides::chart::{Axis, Line, Look, Plot, colour, draw};
use page::insides::curves::{by_place, softmax};
use page::language::{say, say_with, worded};
use protocol::Answer;
use protocol::blend;
use protocol::block::Blocks;

/// Size of a drawing in pixels.
pub const SIZE: (u32, u32) = (640, 372);
/// Room for the title over the plot, for the legend under it, and to the left of both.
const TITLE: i32 = 36;
const LEGEND: i32 = 28;
const LEFT: i32 = 16;

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

/// What a line is drawn in.
#[derive(Clone, Copy)]
enum Ink {
    Accent,
    Quiet,
    Mark,
}

/// What is drawn: its title, its file, what its lines are, and itself.
struct Sketch {
    title: String,
    file: String,
    legend: Vec<(Ink, &'static str)>,
    plot: Option<Plot>,
}

/// Every chart that an answer fills.
pub fn figures(answer: &Answer, state: &State) -> Vec<Figure> {
    let curves = answer.blocks.curves("examination").cloned().unwrap_or_default();
    let learned =
        (!curves.learned.is_empty()).then(|| (Ink::Accent, say(word!("examination.learned"))));
    let mut sketches = vec![
        Sketch {
            title: say(word!("studio.figures.softmax")).into(),
            file: "softmax".into(),
            legend: vec![
                (Ink::Accent, say(word!("studio.figures.softmax.line"))),
                (Ink::Mark, say(word!("studio.figures.softmax.mark"))),
            ],
            plot: softmax(&answer.retrieval.softmax, answer.retrieval.effective_candidates),
        },
        Sketch {
            title: say(word!("studio.figures.examination")).into(),
            file: "examination".into(),
            legend: learned
                .into_iter()
                .chain([(Ink::Quiet, say(word!("examination.true")))])
                .collect(),
            plot: by_place(&curves.learned, &curves.truth),
        },
    ];
    sketches.extend(utilisation(answer, state));
    let drawn = sketches.into_iter().filter_map(|sketch| {
        let svg = to_svg(&sketch)?;
        Some(Figure { title: sketch.title, file: sketch.file, svg })
    });
    drawn.collect()
}

/// Mean gate weights over the page (DMT figure 3): a chart for each layer of experts and task.
fn utilisation(answer: &Answer, state: &State) -> Vec<Sketch> {
    let Some(gates) = answer.blocks.gates() else { return vec![] };
    let order = blend::order(&answer.candidates, answer.predicted(), &state.settings);
    let page = order.iter().take(state.page_size());
    let mut weights = gates.mean(page.map(|ranked| ranked.candidate)).into_iter();
    let mut sketches = Vec::new();
    for (number, layer) in gates.layers.iter().enumerate() {
        for task in &layer.tasks {
            let of_task: Vec<f32> = weights.by_ref().take(layer.experts.len()).collect();
            let layer_name = match &layer.name {
                None => say(word!("studio.figures.experts")).into(),
                Some(name) => worded(name),
            };
            let values = [("layer", &*layer_name), ("task", say(&word!("{}.inline", task.key)))];
            sketches.push(Sketch {
                title: say_with(word!("studio.figures.utilisation"), &values),
                file: format!("experts-{}-{}", number + 1, plain(task)),
                legend: vec![(Ink::Accent, say(word!("studio.figures.utilisation.bar")))],
                plot: bars(&of_task, &layer.experts),
            });
        }
    }
    sketches
}

/// Shares as bars.
fn bars(shares: &[f32], names: &[Message]) -> Option<Plot> {
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
                .map(|(at, name)| (at as f64 + 0.5, worded(name)))
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

/// The drawing with all that it needs to be read elsewhere: background, title and legend.
fn to_svg(sketch: &Sketch) -> Option<String> {
    let plot = sketch.plot.as_ref()?;
    let look = Look::at(1.0);
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    area.fill(&colour("--panel")).ok()?;
    area.draw_text(&sketch.title, &look.words(14.0), (LEFT, 12)).ok()?;
    let (mut left, down) = (LEFT, SIZE.1 as i32 - 20);
    for (ink, said) in &sketch.legend {
        let (line, height) = match ink {
            Ink::Accent => (look.accent, 4),
            Ink::Quiet => (look.quiet, 4),
            Ink::Mark => (look.text, 12),
        };
        let width = if matches!(ink, Ink::Mark) { 1 } else { 14 };
        let corner = |x, y| (left + x, down + 6 + y);
        let key = [corner(0, -height / 2), corner(width, height - height / 2)];
        area.draw(&Rectangle::new(key, line.filled())).ok()?;
        let words = look.words(11.0);
        area.draw_text(said, &words, (left + width + 7, down)).ok()?;
        let (across, _) = area.estimate_text_size(said, &words).ok()?;
        left += width + 7 + across as i32 + 24;
    }
    // Last, for it closes the drawing.
    draw(&area.margin(TITLE, LEGEND, 0, 0), &look, plot)?;
    drop(area);
    Some(svg)
}
