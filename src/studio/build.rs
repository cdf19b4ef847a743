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

fn main() {
    let mut text = String::from("&[\n");
    for system in RETRIEVERS {
        of(system.key, system.parts, &mut text);
    }
    for system in RANKERS {
        of(system.key, system.parts, &mut text);
    }
    text += "]\n";
    let folder = env::var("OUT_DIR").expect("cargo says where to write");
    fs::write(Path::new(&folder).join("layouts.rs"), text).expect("a file");
    println!("cargo::rerun-if-changed=build.rs");
}

fn of(system: &str, parts: &[Part], text: &mut String) {
    if parts.is_empty() {
        return;
    }
    let [across, down] = [RankDir::LR, RankDir::TB].map(|direction| drawn(parts, direction));
    writeln!(text, "Layout {{ system: {system:?}, across: {across}, down: {down} }},")
        .expect("a text");
}

/// A system's parts in layers, one layer after another in a direction.
fn drawn(parts: &[Part], direction: RankDir) -> String {
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
        marginx: 4.0,
        marginy: 4.0,
        ..LayoutOptions::default()
    };
    layout(&mut graph, Some(options));
    let place = |key: &str| {
        let node = graph.node(key).expect("it was put in");
        (node.x.unwrap_or(0.0), node.y.unwrap_or(0.0))
    };
    let places: Vec<(f64, f64)> = parts.iter().map(|part| place(part.key)).collect();
    let far = |of: fn(&(f64, f64)) -> f64, room: f64| {
        places.iter().map(of).fold(0.0, f64::max) + room / 2.0 + 4.0
    };
    let size = (far(|place| place.0, BOX.0), far(|place| place.1, BOX.1));
    let mut arrows = String::new();
    for part in parts {
        for from in part.from {
            let points = &graph.edge(from, part.key, None).expect("it was put in").points;
            let path = curve(points);
            write!(arrows, "Arrow {{ from: {from:?}, to: {:?}, path: {path:?} }},", part.key)
                .expect("a text");
        }
    }
    format!("Drawn {{ size: {size:?}, places: &{places:?}, arrows: &[{arrows}] }}")
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
