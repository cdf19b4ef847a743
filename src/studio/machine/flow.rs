//! How much of each expert goes into each task: ribbons as wide as the gates' weights. It knows weights
//! with names, and no system.

use std::fmt::Write;

use leptos::prelude::*;

use super::told::{called, figure};
use market::language::Value;
use page::language::{say, say_with};
use protocol::machine::Strip;

/// Pixels across, and between what the ribbons begin and end at.
const WIDTH: f32 = 320.0;
const FROM: f32 = 78.0;
const TO: f32 = 204.0;
/// Pixels of a whole, and between two things below each other.
const WHOLE: f32 = 72.0;
const GAP: f32 = 10.0;
/// Pixels that a line of text takes: no thing is lower, and where ribbons end each has a number beside it.
const LINE: f32 = 15.0;
/// Pixels of the thinnest ribbon: next to nothing is no nothing.
const THINNEST: f32 = 0.75;

/// What flows.
#[derive(Clone, Debug, Default, PartialEq)]
struct Flow {
    /// Name of each thing that something flows from, and where its middle is.
    sources: Vec<(Value, f32)>,
    /// Where each thing that something flows into begins and ends.
    targets: Vec<(Value, [f32; 2])>,
    ribbons: Vec<Ribbon>,
    height: f32,
}

/// What flows from one thing to another.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ribbon {
    /// Numbers of the two.
    source: usize,
    target: usize,
    weight: f32,
    /// Where its middle begins and ends.
    ends: [f32; 2],
}

impl Flow {
    /// Of rows of weights: each is what flows into what it is of, from its columns. Columns of one name are
    /// one thing. Empty where there are no weights.
    fn of(rows: &[Strip]) -> Self {
        let is_sound = |weight: &f32| weight.is_finite() && *weight >= 0.0;
        let rows = rows.iter().filter(|row| {
            let are_named = !row.columns.is_empty() && row.columns.len() == row.values.len();
            are_named && row.values.iter().all(is_sound)
        });
        let rows: Vec<&Strip> = rows.collect();
        // Each thing with the targets that it flows into; those of the first targets stand first.
        let mut sources: Vec<(&Value, Vec<usize>)> = Vec::new();
        for (target, row) in rows.iter().enumerate() {
            for column in &row.columns {
                match sources.iter_mut().find(|(known, _)| *known == column) {
                    Some((_, targets)) => targets.push(target),
                    None => sources.push((column, vec![target])),
                }
            }
        }
        let middle =
            |targets: &[usize]| targets.iter().sum::<usize>() as f32 / targets.len() as f32;
        sources.sort_by(|(_, a), (_, b)| middle(a).total_cmp(&middle(b)));

        let thick = |weight: f32| (WHOLE * weight).max(THINNEST);
        let mut flow = Self::default();
        let mut y = 0.0;
        for (target, row) in rows.iter().enumerate() {
            let top = y;
            for (source, (name, _)) in sources.iter().enumerate() {
                let columns = row.columns.iter().zip(&row.values);
                for (_, &weight) in columns.filter(|(column, _)| column == name) {
                    let room = thick(weight).max(LINE);
                    flow.ribbons.push(Ribbon {
                        source,
                        target,
                        weight,
                        ends: [0.0, y + room / 2.0],
                    });
                    y += room;
                }
            }
            flow.targets.push((row.name.clone(), [top, y]));
            y += GAP;
        }
        let of_targets = y - GAP;
        let mut y = 0.0;
        for (source, (name, _)) in sources.iter().enumerate() {
            let top = y;
            for ribbon in flow.ribbons.iter_mut().filter(|ribbon| ribbon.source == source) {
                let thick = thick(ribbon.weight);
                ribbon.ends[0] = y + thick / 2.0;
                y += thick;
            }
            let missing = (LINE - (y - top)).max(0.0);
            let lowered = flow.ribbons.iter_mut().filter(|ribbon| ribbon.source == source);
            lowered.for_each(|ribbon| ribbon.ends[0] += missing / 2.0);
            y += missing;
            flow.sources.push(((*name).clone(), (top + y) / 2.0));
            y += GAP;
        }
        // Both sides are about one middle.
        let (of_sources, of_targets) = ((y - GAP).max(0.0), of_targets.max(0.0));
        flow.height = of_sources.max(of_targets);
        let [left, right] = [of_sources, of_targets].map(|high| (flow.height - high) / 2.0);
        flow.sources.iter_mut().for_each(|(_, at)| *at += left);
        flow.targets.iter_mut().for_each(|(_, ends)| *ends = ends.map(|at| at + right));
        for Ribbon { ends, .. } in &mut flow.ribbons {
            *ends = [ends[0] + left, ends[1] + right];
        }
        flow
    }

    /// The drawing, whose colours the style sheet has.
    fn svg(&self) -> String {
        let mut ribbons = String::new();
        let mut texts = String::new();
        let mut label = |class: &str, x: f32, y: f32, text: &str| {
            let text = text.replace('&', "&amp;").replace('<', "&lt;");
            let _ = write!(
                texts,
                "<text class=\"{class}\" x=\"{x}\" y=\"{:.1}\">{text}</text>",
                y + 4.0
            );
        };
        for Ribbon { source, weight, ends: [begins, ends], .. } in &self.ribbons {
            let (middle, thick) = ((FROM + TO) / 2.0, (WHOLE * weight).max(THINNEST));
            let class = if source % 2 == 0 { "" } else { " class=\"odd\"" };
            let _ = write!(
                ribbons,
                "<path{class} d=\"M{FROM} {begins:.1}C{middle} {begins:.1} {middle} {ends:.1} {TO} {ends:.1}\" stroke-width=\"{thick:.2}\"/>"
            );
            label("weight", TO + 6.0, *ends, &figure(*weight, 2));
        }
        for (name, at) in &self.sources {
            label("source", FROM - 8.0, *at, &called(name));
        }
        for (name, [top, bottom]) in &self.targets {
            let _ = write!(
                ribbons,
                "<path class=\"brace\" d=\"M{:.0} {top:.1}V{bottom:.1}\"/>",
                TO + 46.0
            );
            label("target", TO + 54.0, (top + bottom) / 2.0, &called(name));
        }
        format!("<svg viewBox=\"0 -2 {WIDTH} {:.0}\">{ribbons}{texts}</svg>", self.height + 4.0)
    }

    /// What flows into a target, the most first.
    fn of_target(&self, target: usize) -> Vec<(&Value, f32)> {
        let into = self.ribbons.iter().filter(|ribbon| ribbon.target == target);
        let mut into: Vec<_> =
            into.map(|ribbon| (&self.sources[ribbon.source].0, ribbon.weight)).collect();
        into.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        into
    }
}

/// The weights of a part as a flow; nothing where there are none.
pub fn flow(rows: &[Strip]) -> AnyView {
    let flow = Flow::of(rows);
    if flow.ribbons.is_empty() {
        return ().into_any();
    }
    let told = flow.targets.iter().enumerate().map(|(target, (name, _))| {
        let weights = flow.of_target(target).into_iter();
        let weights = weights.map(|(of, weight)| format!("{} {}", called(of), figure(weight, 2)));
        let weights = weights.collect::<Vec<_>>().join(say(word!("machine.list")));
        let values = [("task", &*called(name)), ("weights", &*weights)];
        view! { <li>{say_with(word!("machine.flow.into"), &values)}</li> }
    });
    let told = told.collect_view();
    view! {
        <figure class="flow" data-testid="machine-flow">
            <div role="img" aria-labelledby="machine-flow" translate="no" inner_html=flow.svg()></div>
            <figcaption>
                <p class="note" prop:textContent=say(word!("machine.flow"))></p>
                <ol id="machine-flow" translate="no">{told}</ol>
            </figcaption>
        </figure>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use market::language::Message;

    fn row(name: &str, columns: &[&str], values: &[f32]) -> Strip {
        let columns = columns.iter().map(|column| Value::from(*column)).collect();
        Strip { name: name.into(), columns, products: vec![], values: values.to_vec() }
    }

    /// Sources and targets by their names, with the weight between them.
    fn flows(flow: &Flow) -> Vec<(String, String, f32)> {
        let name = |ribbon: &Ribbon| {
            let (source, target) = (&flow.sources[ribbon.source].0, &flow.targets[ribbon.target].0);
            (called(source), called(target), ribbon.weight)
        };
        flow.ribbons.iter().map(name).collect()
    }

    #[test]
    fn each_weight_is_a_ribbon_of_its_width_between_what_it_is_of() {
        let rows =
            [row("click", &["a", "b"], &[0.75, 0.25]), row("order", &["a", "b"], &[0.0, 1.0])];
        let flow = Flow::of(&rows);
        let of = |a: &str, b: &str, weight: f32| (a.to_string(), b.to_string(), weight);
        assert_eq!(
            flows(&flow),
            [
                of("a", "click", 0.75),
                of("b", "click", 0.25),
                of("a", "order", 0.0),
                of("b", "order", 1.0)
            ]
        );
        let svg = flow.svg();
        for width in ["54.00", "18.00", "0.75", "72.00"] {
            assert!(svg.contains(&format!("stroke-width=\"{width}\"")), "{width}: {svg}");
        }
        for said in ["0.75", "0.25", ">0<", ">1<", ">a<", ">order<"] {
            assert!(svg.contains(said), "{said}: {svg}");
        }
        // Numbers where ribbons end are a line apart, and all stands within the drawing.
        for pair in flow.ribbons.windows(2) {
            assert!(pair[1].ends[1] - pair[0].ends[1] >= LINE - 1e-3, "{pair:?}");
        }
        let ends = flow.ribbons.iter().flat_map(|ribbon| ribbon.ends);
        assert!(ends.clone().all(|at| (0.0..=flow.height).contains(&at)), "{flow:?}");
        assert_eq!(
            flow.of_target(0).into_iter().map(|(_, weight)| weight).collect::<Vec<_>>(),
            [0.75, 0.25]
        );
    }

    #[test]
    fn what_is_one_tasks_own_stands_beside_it_and_what_is_shared_between() {
        let own = |task: &str| -> Value { Message::new("experts.own").with("of", task).into() };
        let of = |task: &str, weights: [f32; 2]| Strip {
            columns: vec![own(task), "shared".into()],
            ..row(task, &[], &weights)
        };
        let flow = Flow::of(&[of("click", [0.4, 0.6]), of("order", [0.9, 0.1])]);
        let sources: Vec<&Value> = flow.sources.iter().map(|(name, _)| name).collect();
        assert_eq!(sources, [&own("click"), &"shared".into(), &own("order")]);
        assert_eq!(flow.ribbons.iter().filter(|ribbon| ribbon.source == 1).count(), 2);
    }

    #[test]
    fn where_there_are_no_weights_nothing_flows() {
        for rows in [
            vec![],
            vec![row("click", &[], &[1.0, 2.0])],
            vec![row("click", &["a"], &[f32::NAN])],
            vec![row("click", &["a"], &[-1.0])],
        ] {
            assert_eq!(Flow::of(&rows), Flow::default(), "{rows:?}");
        }
    }

    #[test]
    fn names_stay_text_in_the_drawing() {
        let svg = Flow::of(&[row("<b>", &["a & b"], &[1.0])]).svg();
        assert!(svg.contains("&lt;b>") && svg.contains("a &amp; b"), "{svg}");
    }
}
