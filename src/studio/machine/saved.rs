//! The machine as a drawing of its own, for slides and papers.

use std::fmt::Write;

use leptos::prelude::*;

use super::layout::{Drawn, layout};
use super::seen::{Seen, Sight};
use super::strip::Inside;
use super::symbols::{Level, pieces};
use super::{part_name, subject, what_moved};
use crate::browser::{download, download_png};
use crate::share::source;
use market::language::Message;
use page::browser::style_value;
use page::language::{say, text, worded};
use page::parts::{click, live};
use page::store::Store;
use protocol::Passage;
use protocol::words::count;

/// Room around the drawing, above each system for its name, and above that for the arrow to it.
const MARGIN: f64 = 20.0;
const TITLE: f64 = 34.0;
const ONWARDS: f64 = 30.0;
/// Half of a part's box, as the style sheet has it.
const HALF: (f64, f64) = (62.0, 38.0);

/// Letters of a name that stand in one line.
const LONG: usize = 11;

/// Buttons that hand the drawing to the person.
pub fn saves(seen: Sight, store: Store) -> AnyView {
    let told = RwSignal::new(None::<Message>);
    let drawn = move || {
        let seen = seen.with_untracked(|seen| seen.as_ref().and_then(|s| s.clone().ok().flatten()));
        seen.map(|seen| drawing(&seen, &subject(&seen, store)))
    };
    let named = move |ending| source(store, |source| source.file("machine", ending));
    let save_svg = move || {
        if let Some((svg, _)) = drawn() {
            told.set(download(&named("svg"), "image/svg+xml", &svg).err());
        }
    };
    let save_png = move || {
        let Some((svg, size)) = drawn() else { return };
        leptos::task::spawn_local(async move {
            let said = download_png(&named("png"), &svg, size).await.err();
            // The panel may have been closed meanwhile.
            let _ = told.try_set(said);
        });
    };
    let trouble = live(move || match told.get() {
        None => ().into_any(),
        Some(why) => view! { <p role="alert" prop:textContent=worded(&why)></p> }.into_any(),
    });
    view! {
        <div class="row" role="group" aria-label=text(word!("machine.save"))>
            <button type="button" class="outlined" data-testid="machine-svg" on:click=click(save_svg)>"SVG"</button>
            <button type="button" class="outlined" data-testid="machine-png" on:click=click(save_png)>"PNG"</button>
            {trouble}
        </div>
    }
    .into_any()
}

/// A text as it stands in a drawing.
fn plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// Everything that is drawn, the funnel and one system under the other, and its size.
fn drawing(seen: &Seen, title: &str) -> (String, (u32, u32)) {
    let drawn = |of_ranker| Some((of_ranker, &layout(seen.system(of_ranker))?.across));
    let shown: Vec<(bool, &Drawn)> = [false, true].into_iter().filter_map(drawn).collect();
    let width = shown.iter().map(|(_, drawn)| drawn.size.0).fold(560.0, f64::max) + 2.0 * MARGIN;
    let mut height = MARGIN + 3.0 * TITLE;
    let [panel, ink, soft, quiet] =
        ["--panel", "--text", "--text-soft", "--quiet"].map(style_value);
    let moved = if seen.moved.is_empty() { String::new() } else { what_moved(seen) };
    let stage = |passage: &Passage| {
        let name = say(&word!("studio.explain.stage.{}", passage.stage));
        format!("{name} {}", count(passage.left as usize))
    };
    let funnel: Vec<String> = seen.now.machine.trace.passages.iter().map(stage).collect();
    let mut body = format!(
        "<text x=\"{MARGIN}\" y=\"38\" font-size=\"16\" font-weight=\"600\">{}</text>\
         <text x=\"{MARGIN}\" y=\"62\" fill=\"{soft}\">{}</text>\
         <text x=\"{MARGIN}\" y=\"106\">{}</text>",
        plain(title),
        plain(&moved),
        plain(&funnel.join(" → ")),
    );
    for (of_ranker, drawn) in shown {
        let name = say(&word!("machine.{}", seen.system(of_ranker)));
        let (x, onwards) = (MARGIN + 14.0, height + 4.0);
        height += ONWARDS;
        let (down, named) = (height + TITLE, height + TITLE - 12.0);
        let _ = write!(
            body,
            "<path d=\"M{x} {onwards}v22m-6 -7l6 7l6 -7\" fill=\"none\" stroke=\"{quiet}\" stroke-width=\"2\"/>\
             <text x=\"{MARGIN}\" y=\"{named}\" font-weight=\"600\">{}</text>\
             <g transform=\"translate({MARGIN} {down})\">{}</g>",
            plain(name),
            system(seen, of_ranker, drawn),
        );
        height = down + drawn.size.1;
    }
    height += MARGIN;
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"sans-serif\" font-size=\"12\" \
         fill=\"{ink}\"><rect width=\"100%\" height=\"100%\" fill=\"{panel}\"/>{body}</svg>"
    );
    (svg, (width as u32, height as u32))
}

/// One system's arrows and boxes.
fn system(seen: &Seen, of_ranker: bool, drawn: &Drawn) -> String {
    let (settings, parts) = (&seen.now.state.settings, seen.parts(of_ranker));
    let [panel, line, quiet, warm] = ["--panel", "--line", "--quiet", "--warm"].map(style_value);
    let soft = style_value("--text-soft");
    let is_there = |key: &str| parts.iter().any(|p| p.key == key && (p.is_there)(settings));
    let mut svg = String::new();
    for arrow in drawn.arrows {
        let dashes = match is_there(arrow.from) && is_there(arrow.to) {
            true => "",
            false => " stroke-dasharray=\"3 5\"",
        };
        let path = arrow.path;
        let _ = write!(svg, "<path d=\"{path}\" fill=\"none\" stroke=\"{quiet}\"{dashes}/>");
    }
    for (part, (x, y)) in parts.iter().zip(drawn.places) {
        let (left, top) = (x - HALF.0, y - HALF.1);
        let moved = seen.moved.iter().any(|m| m.of_ranker == of_ranker && m.part == part.key);
        let (stroke, thick) = if moved { (&warm, 2.0) } else { (&line, 1.0) };
        let faint = if (part.is_there)(settings) { "" } else { " opacity=\"0.5\"" };
        let symbol = pieces(part.symbol).into_iter().map(|(level, text)| {
            let (by, size) = match level {
                Level::Line => (0, 13),
                Level::Below => (3, 10),
                Level::Above => (-5, 10),
            };
            // A shift holds for what follows: the next piece takes it back.
            let text = plain(&text);
            (by, format!("font-size=\"{size}\">{text}</tspan>"))
        });
        let mut at = 0;
        let symbol = symbol.map(|(by, rest)| {
            let shift = by - at;
            at = by;
            format!("<tspan dy=\"{shift}\" {rest}")
        });
        let symbol: String = symbol.collect();
        let inside = seen.inside(of_ranker, part.key);
        let _ = write!(
            svg,
            "<g transform=\"translate({left} {top})\"{faint}>\
             <rect width=\"124\" height=\"76\" rx=\"6\" fill=\"{panel}\" stroke=\"{stroke}\" stroke-width=\"{thick}\"/>\
             {}\
             <text x=\"115\" y=\"20\" text-anchor=\"end\" font-family=\"serif\" font-style=\"italic\" fill=\"{soft}\">{symbol}</text>\
             {}</g>",
            named(part_name(seen.system(of_ranker), part.key)),
            inside.map(|of| within(&of)).unwrap_or_default(),
        );
    }
    svg
}

/// A part's name, in two lines where one would run into the symbol.
fn named(name: &str) -> String {
    let end = name.char_indices().nth(LONG).map_or(name.len(), |(end, _)| end);
    let (first, second) = match name[..end].rsplit_once(' ').filter(|_| end < name.len()) {
        Some((first, _)) => (first, name[first.len()..].trim_start()),
        None => (name, ""),
    };
    let (first, second) = (plain(first), plain(second));
    format!("<text x=\"9\" y=\"20\">{first}</text><text x=\"9\" y=\"34\">{second}</text>")
}

/// What stands on a box: its numbers, or its strips.
fn within(inside: &Inside) -> String {
    let strips = match inside {
        Inside::Numbers(numbers) => {
            let line = |(number, text): (usize, &String)| {
                let y = 66 - 13 * (numbers.len() - 1 - number);
                format!("<text x=\"9\" y=\"{y}\" font-weight=\"600\">{}</text>", plain(text))
            };
            return numbers.iter().enumerate().map(line).collect();
        }
        Inside::Nothing => {
            let (soft, empty) = (style_value("--text-soft"), plain(say(word!("machine.empty"))));
            return format!("<text x=\"9\" y=\"66\" fill=\"{soft}\">{empty}</text>");
        }
        Inside::Strips(strips) => strips,
    };
    let [sunk, accent, warm] = ["--sunk", "--accent", "--warm"].map(style_value);
    let high = if strips.len() == 1 { 14.0 } else { 7.0 };
    let mut svg = String::new();
    for (number, cells) in strips.iter().enumerate() {
        let top = 68.0 - (high + 2.0) * (strips.len() - number) as f64;
        let wide = 106.0 / cells.len().max(1) as f64;
        let _ = write!(
            svg,
            "<rect x=\"9\" y=\"{top}\" width=\"106\" height=\"{high}\" fill=\"{sunk}\"/>"
        );
        for (place, heat) in cells.iter().enumerate().filter(|(_, heat)| **heat != 0) {
            let (x, colour) = (9.0 + wide * place as f64, if *heat < 0 { &warm } else { &accent });
            let share = f64::from(heat.abs()) / 100.0;
            let _ = write!(
                svg,
                "<rect x=\"{x:.2}\" y=\"{top}\" width=\"{wide:.2}\" height=\"{high}\" fill=\"{colour}\" fill-opacity=\"{share:.2}\"/>"
            );
        }
    }
    svg
}
