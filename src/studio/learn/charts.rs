//! What is drawn of runs: curves over steps, and gates as streams. Both are drawn in the document, where
//! the style sheet gives them colours, patterns and, where the system has its own colours, those.

use leptos::prelude::*;

use super::record::Record;
use crate::axis::around;
use page::insides::chart::Axis;
use page::parts::live;
use protocol::words::{count, css_share, fixed};

/// Least distance between two letters, of the height of a plot.
const APART: f64 = 0.1;

/// A curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// How it looks, as the style sheet knows it.
    pub class: String,
    /// What stands at its end, if anything.
    pub letter: Option<char>,
    /// x and y of each point.
    pub points: Vec<(f64, f64)>,
}

impl Curve {
    /// One that needs no letter.
    pub fn alone(class: &str, points: Vec<(f64, f64)>) -> Self {
        Self { class: class.into(), letter: None, points }
    }

    /// A run's, among those of others.
    pub fn of_run(run: &Record, points: Vec<(f64, f64)>) -> Self {
        Self { class: run.class(), letter: Some(run.letter()), points }
    }
}

/// Curves over steps, with room around their values.
#[derive(Debug)]
pub struct Plot {
    x: Axis,
    y: Axis,
    curves: Vec<Curve>,
}

impl Plot {
    /// Of curves over so many steps, drawn in this order; none while there is no point.
    pub fn of(steps: u32, curves: Vec<Curve>) -> Option<Self> {
        let last = f64::from(steps.max(1));
        let values: Vec<f64> =
            curves.iter().flat_map(|c| c.points.iter().map(|(_, value)| *value)).collect();
        if values.is_empty() {
            return None;
        }
        let labels = [0.0, 0.5, 1.0].map(|share| (share * last, count((share * last) as usize)));
        let x = Axis { from: 0.0, to: last, labels: labels.into() };
        Some(Self { x, y: around(values, fixed), curves })
    }

    /// Letters at the ends of curves, where each stands in a square, from its upper left corner on: as
    /// near to the end as others leave room.
    fn letters(&self) -> Vec<(char, &str, [f64; 2])> {
        let end = |curve: &'_ Curve| {
            let (x, y) = *curve.points.last()?;
            Some((
                curve.letter?,
                [self.x.at(x).clamp(0.0, 1.0), 1.0 - self.y.at(y).clamp(0.0, 1.0)],
            ))
        };
        let mut ends: Vec<_> = self
            .curves
            .iter()
            .filter_map(|curve| end(curve).map(|(letter, at)| (letter, curve.class.as_str(), at)))
            .collect();
        ends.sort_by(|(_, _, one), (_, _, other)| one[1].total_cmp(&other[1]));
        let mut least = 0.0;
        for (_, _, at) in &mut ends {
            at[1] = f64::max(at[1], least);
            least = at[1] + APART;
        }
        // None below the axis, where numbers stand.
        let mut most = 1.0;
        for (_, _, at) in ends.iter_mut().rev() {
            at[1] = f64::min(at[1], most);
            most = at[1] - APART;
        }
        ends
    }

    /// A curve as a path in a square, from its upper left corner on.
    fn path(&self, curve: &Curve) -> String {
        let point = |(x, y): &(f64, f64)| {
            let (x, y) = (self.x.at(*x).clamp(0.0, 1.0), self.y.at(*y).clamp(0.0, 1.0));
            format!("{x:.4} {:.4}", 1.0 - y)
        };
        let points: Vec<String> = curve.points.iter().map(point).collect();
        match points.len() {
            0 | 1 => String::new(),
            _ => format!("M{}", points.join("L")),
        }
    }
}

/// Curves with their axes; a place of the same size where there is nothing to draw yet.
#[component]
pub fn Curves(
    /// What they say, for those who can't see them.
    label: Box<dyn Fn() -> String + Send + Sync>,
    /// What is drawn.
    plot: Box<dyn Fn() -> Option<Plot> + Send + Sync>,
) -> impl IntoView {
    let drawn = move || {
        let Some(plot) = plot() else { return ().into_any() };
        let paths = plot.curves.iter().map(|curve| {
            view! { <path class=curve.class.clone() d=plot.path(curve)></path> }
        });
        let paths = paths.collect_view();
        let beside = plot.y.labels.iter().map(|(value, text)| {
            let at = format!("--at:{}", css_share(1.0 - plot.y.at(*value) as f32));
            view! { <div class="across" style=at><span>{text.clone()}</span></div> }
        });
        let below = plot.x.labels.iter().map(|(value, text)| {
            let at = format!("--at:{}", css_share(plot.x.at(*value) as f32));
            view! { <span class="below" style=at>{text.clone()}</span> }
        });
        let letters = plot.letters().into_iter().map(|(letter, class, [x, y])| {
            let at = format!("left:{};top:{}", css_share(x as f32), css_share(y as f32));
            view! { <b class=class.to_owned() style=at>{letter}</b> }
        });
        let letters = letters.collect_view();
        view! {
            {beside.collect_view()}
            <svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">{paths}</svg>
            {below.collect_view()}
            {letters}
        }
        .into_any()
    };
    view! {
        <div class="curves" role="img" aria-label=label translate="no">
            <div class="plot">{live(drawn)}</div>
        </div>
    }
}

/// A piece of a curve as it is drawn, for a legend.
pub fn sample(class: &str) -> AnyView {
    let class = class.to_owned();
    view! {
        <svg class="sample" viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
            <path class=class d="M0 .5L1 .5"></path>
        </svg>
    }
    .into_any()
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
            <figcaption prop:textContent=label()></figcaption>
        }
        .into_any()
    };
    view! { <figure class="stream">{live(drawn)}</figure> }
}

/// Shares that fill a whole, side by side in the colours of a [`Stream`]'s bands.
pub fn bar(shares: &[f32], label: String) -> AnyView {
    let paths = side_by_side(shares).into_iter().enumerate().map(|(number, path)| {
        view! { <path class=format!("band-{}", number % 8) d=path></path> }
    });
    view! {
        <svg class="bar" viewBox="0 0 1 1" preserveAspectRatio="none" role="img" aria-label=label>{paths.collect_view()}</svg>
    }
    .into_any()
}

/// Each share as a path in a square.
fn side_by_side(shares: &[f32]) -> Vec<String> {
    let mut from = 0.0;
    let path = |share: &f32| {
        let to = from + share;
        let path = format!("M{from:.4} 0H{to:.4}V1H{from:.4}Z");
        from = to;
        path
    };
    shares.iter().map(path).collect()
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
    use super::*;

    fn curve(points: &[(f64, f64)]) -> Curve {
        Curve::alone("now", points.to_vec())
    }

    #[test]
    fn a_band_is_outlined_once_around() {
        assert_eq!(
            outline(&vec![(0.0, 0.0, 0.5), (1.0, 0.25, 1.0)]),
            "M0.0000 0.5000L1.0000 0.0000L1.0000 0.7500L0.0000 1.0000Z"
        );
        assert_eq!(outline(&vec![]), "");
    }

    #[test]
    fn shares_stand_side_by_side_and_fill_the_whole() {
        let paths = side_by_side(&[0.25, 0.75]);
        assert_eq!(paths, ["M0.0000 0H0.2500V1H0.0000Z", "M0.2500 0H1.0000V1H0.2500Z"]);
        assert!(side_by_side(&[]).is_empty());
    }

    #[test]
    fn curves_stand_within_their_axes_with_room_above_and_below() {
        let reference = curve(&[(0.0, 0.75), (40.0, 0.75)]);
        let plot = Plot::of(40, vec![curve(&[(0.0, 0.5), (20.0, 0.7)]), reference.clone()]);
        let plot = plot.expect("points");
        // A twelfth of 0.25 to both sides: from 0.48 to 0.77.
        assert_eq!(plot.path(&reference), "M0.0000 0.0690L1.0000 0.0690");
        assert_eq!(plot.path(&plot.curves[0]), "M0.0000 0.9310L0.5000 0.2414");
        assert_eq!(plot.x.labels[1], (20.0, "20".into()));
        assert!(Plot::of(40, vec![curve(&[])]).is_none());
        assert_eq!(plot.path(&curve(&[(0.0, 0.5)])), "");
    }

    #[test]
    fn letters_stand_at_the_ends_and_not_on_each_other() {
        let run =
            |letter, value| Curve { letter: Some(letter), ..curve(&[(0.0, 0.0), (10.0, value)]) };
        let plot = Plot::of(20, vec![run('A', 1.0), run('B', 0.99), curve(&[(0.0, 0.5)])]);
        let plot = plot.expect("points");
        let letters = plot.letters();
        let [(a, _, [x, upper]), (b, _, [_, lower])] = letters[..] else { panic!("two") };
        assert_eq!((a, b, x), ('A', 'B', 0.5));
        assert!((upper - 0.08 / 1.16).abs() < 1e-9 && (lower - upper - APART).abs() < 1e-9);
        let plot = Plot::of(20, vec![run('A', 9.0), run('B', 0.01), run('C', 0.0)]);
        let at: Vec<f64> = plot.expect("points").letters().iter().map(|(.., at)| at[1]).collect();
        assert!(at.is_sorted() && at[2] <= 1.0 && at[2] - at[1] >= APART - 1e-9, "{at:?}");
    }
}
