//! Lays the parts of every system out in layers, so that the drawing of the machine costs the page
//! nothing but the numbers that come out.

#![allow(clippy::disallowed_methods, reason = "it runs where the page is built, not in it")]

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use dagre::graph::{Graph, GraphOptions};
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, Point, RankDir, layout};
use systems::part::Part;
use systems::registry::{RANKERS, RETRIEVERS};

/// Size of a part's box, as the style sheet has it.
const BOX: (f64, f64) = (124.0, 76.0);

/// Room around a drawing.
const MARGIN: f64 = 4.0;

/// Room below a box, where what stands behind a ranker hangs below its last part: beside it a drawing
/// that fills the screen would be too wide.
const BELOW: f64 = 20.0;

fn main() {
    let mut text = String::from("&[\n");
    for system in RETRIEVERS {
        of(system.key, system.served(), system.served().len(), &mut text);
    }
    for system in RANKERS {
        of(system.key, system.served(), system.parts.len(), &mut text);
    }
    text += "]\n";
    let folder = env::var("OUT_DIR").expect("cargo says where to write");
    fs::write(Path::new(&folder).join("layouts.rs"), text).expect("a file");
    println!("cargo::rerun-if-changed=build.rs");
}

/// One system: its parts in layers, of which there are so many, and what stands behind them.
fn of(system: &str, parts: &[Part], own: usize, text: &mut String) {
    if parts.is_empty() {
        return;
    }
    let [across, down] = [RankDir::LR, RankDir::TB].map(|direction| drawn(parts, own, direction));
    writeln!(text, "Layout {{ system: {system:?}, across: {across}, down: {down} }},")
        .expect("a text");
}

/// A system's own parts in layers, one layer after another in a direction, and below the last of them what
/// stands behind.
fn drawn(parts: &[Part], own: usize, direction: RankDir) -> String {
    let (own, behind) = parts.split_at(own);
    let (mut places, mut arrows) = layers(own, direction);
    for part in behind {
        let above = places.last().copied();
        let (x, y) = match above {
            Some((x, y)) => (x, y + BOX.1 + BELOW),
            None => (BOX.0 / 2.0 + MARGIN, BOX.1 / 2.0 + MARGIN),
        };
        places.push((x, y));
        for from in part.from {
            let (from_below, to_above) = (y - BOX.1 / 2.0 - BELOW, y - BOX.1 / 2.0);
            let path = format!("M{x:.1} {from_below:.1}L{x:.1} {to_above:.1}");
            write_arrow(from, part.key, &path, &mut arrows);
        }
    }
    let far = |of: fn(&(f64, f64)) -> f64, room: f64| {
        places.iter().map(of).fold(0.0, f64::max) + room / 2.0 + MARGIN
    };
    let size = (far(|place| place.0, BOX.0), far(|place| place.1, BOX.1));
    format!("Drawn {{ size: {size:?}, places: &{places:?}, arrows: &[{arrows}] }}")
}

fn write_arrow(from: &str, to: &str, path: &str, arrows: &mut String) {
    write!(arrows, "Arrow {{ from: {from:?}, to: {to:?}, path: {path:?} }},").expect("a text");
}

/// The middle of each part, and the arrows between them.
fn layers(parts: &[Part], direction: RankDir) -> (Vec<(f64, f64)>, String) {
    let mut arrows = String::new();
    if parts.is_empty() {
        return (Vec::new(), arrows);
    }
    let mut graph =
        Graph::with_options(GraphOptions { directed: true, multigraph: false, compound: false });
    for part in parts {
        let label = NodeLabel { width: BOX.0, height: BOX.1, ..NodeLabel::default() };
        graph.set_node(part.key, Some(label));
    }
    for part in parts {
        for from in part.from {
            graph.set_edge(*from, part.key, Some(EdgeLabel::default()), None);
        }
    }
    let options = LayoutOptions {
        rankdir: direction,
        nodesep: 14.0,
        edgesep: 10.0,
        ranksep: 16.0,
        marginx: MARGIN,
        marginy: MARGIN,
        ..LayoutOptions::default()
    };
    layout(&mut graph, Some(options));
    let place = |key: &str| {
        let node = graph.node(key).expect("it was put in");
        (node.x.unwrap_or(0.0), node.y.unwrap_or(0.0))
    };
    let places = parts.iter().map(|part| place(part.key)).collect();
    for part in parts {
        for from in part.from {
            let points = &graph.edge(from, part.key, None).expect("it was put in").points;
            write_arrow(from, part.key, &curve(points), &mut arrows);
        }
    }
    (places, arrows)
}

/// A path through points, its corners rounded.
fn curve(points: &[Point]) -> String {
    let at = |x: f64, y: f64| format!("{x:.1} {y:.1}");
    let middle = |a: &Point, b: &Point| at((a.x + b.x) / 2.0, (a.y + b.y) / 2.0);
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return String::new() };
    let mut path = format!("M{}", at(first.x, first.y));
    for pair in points.windows(2).skip(1) {
        let (corner, next) = (&pair[0], &pair[1]);
        write!(path, "Q{} {}", at(corner.x, corner.y), middle(corner, next)).expect("a text");
    }
    path + &format!("L{}", at(last.x, last.y))
}
