//! What is drawn of runs: curves over steps, and gates as streams.

use leptos::prelude::*;

use page::parts::live;

/// Curves of the runs: the newest in the accent, the one before it quiet where there is no other
/// comparison.
pub mod curves {
    use page::insides::chart::{Axis, Line, Plot};
    use protocol::words::{count, fixed};

    use super::super::record::Record;
    use crate::axis::around;

    /// Loss by step: of the newest run, and quiet of the one before.
    pub fn loss(runs: &[Record]) -> Option<Plot> {
        let now = runs.last()?.smoothed();
        let before = runs.iter().rev().nth(1).map(Record::smoothed).unwrap_or_default();
        over_steps(runs.last()?, vec![(before, false), (now, true)])
    }

    /// A measure: held out, and quiet on what is learned from.
    pub fn measure(runs: &[Record], key: &str) -> Option<Plot> {
        let run = runs.last()?;
        let training = run.curve(|look| look.measure(key)?.training);
        let held_out = run.curve(|look| look.measure(key)?.held_out);
        over_steps(run, vec![(training, false), (held_out, true)])
    }

    fn over_steps(run: &Record, lines: Vec<(Vec<(f64, f64)>, bool)>) -> Option<Plot> {
        let last = f64::from(run.steps().max(1));
        let values = lines.iter().flat_map(|(points, _)| points.iter().map(|(_, value)| *value));
        let values: Vec<f64> = values.collect();
        if values.is_empty() {
            return None;
        }
        let labels = [0.0, 0.5, 1.0].map(|share| (share * last, count((share * last) as usize)));
        let within =
            |points: Vec<(f64, f64)>| points.into_iter().filter(|(at, _)| *at <= last).collect();
        Some(Plot {
            x: Axis { from: 0.0, to: last, labels: labels.into() },
            y: around(values, fixed),
            lines: lines
                .into_iter()
                .filter(|(points, _)| points.len() > 1)
                .map(|(points, accent)| Line { points: within(points), accent, filled: false })
                .collect(),
            mark: None,
        })
    }
}

/// Edges of a band: where, from, to.
type Band = Vec<(f64, f64, f64)>;

/// Shares that fill a whole, as they change: one band for each.
#[component]
pub fn Stream(
    /// What it shows.
    label: Box<dyn Fn() -> String + Send + Sync>,
    /// The bands, from below.
    bands: Box<dyn Fn() -> Vec<Band> + Send + Sync>,
) -> impl IntoView {
    let drawn = move || {
        let bands = bands();
        let paths = bands.iter().enumerate().map(|(number, band)| {
            view! { <path class=format!("band-{}", number % 8) d=outline(band)></path> }
        });
        view! {
            <svg viewBox="0 0 1 1" preserveAspectRatio="none" role="img" aria-label=label()>{paths.collect_view()}</svg>
            <figcaption>{label()}</figcaption>
        }
        .into_any()
    };
    view! { <figure class="stream">{live(drawn)}</figure> }
}

/// The outline of a band in a square: along its upper edge and back along the lower one.
fn outline(band: &Band) -> String {
    let point = |(at, share): (f64, f64)| format!("{at:.4} {:.4}", 1.0 - share);
    let over = band.iter().map(|&(at, _, to)| point((at, to)));
    let back = band.iter().rev().map(|&(at, from, _)| point((at, from)));
    let points: Vec<String> = over.chain(back).collect();
    if points.is_empty() { String::new() } else { format!("M{}Z", points.join("L")) }
}

#[cfg(test)]
mod tests {
    use super::outline;

    #[test]
    fn a_band_is_outlined_once_around() {
        assert_eq!(
            outline(&vec![(0.0, 0.0, 0.5), (1.0, 0.25, 1.0)]),
            "M0.0000 0.5000L1.0000 0.0000L1.0000 0.7500L0.0000 1.0000Z"
        );
        assert_eq!(outline(&vec![]), "");
    }
}
