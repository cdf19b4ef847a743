//! A plot on a canvas, sharp on every screen and in the theme's colours.

use gloo_render::{AnimationFrame, request_animation_frame};
use leptos::html::Canvas;
use leptos::prelude::*;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::RGBAColor;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters_canvas::CanvasBackend;
use web_sys::Event;

use crate::browser;
use crate::parts::{follow, heard};
use crate::store::store;

/// Room around the plot for the axes' labels, in the style sheet's pixels.
const LEFT: f64 = 40.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 22.0;

/// What is plotted.
#[derive(Default)]
pub struct Plot {
    /// Across.
    pub x: Axis,
    /// Up.
    pub y: Axis,
    /// Drawn in this order.
    pub lines: Vec<Line>,
    /// A place on the x axis to point at.
    pub mark: Option<f64>,
}

/// One axis: from where to where, and what stands beside it.
#[derive(Debug, Default)]
pub struct Axis {
    /// Where it begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// What stands at which places.
    pub labels: Vec<(f64, String)>,
}

impl Axis {
    /// Where a value lies, from 0 at one end to 1 at the other.
    pub fn at(&self, value: f64) -> f64 {
        (value - self.from) / (self.to - self.from)
    }
}

/// A line through points.
pub struct Line {
    /// x and y of each.
    pub points: Vec<(f64, f64)>,
    /// What is learned or computed is drawn in the accent, what it is held against is quiet.
    pub accent: bool,
    /// Down to the x axis.
    pub filled: bool,
}

/// Colours, sizes and the font of a plot, as the style sheet has them now.
#[derive(Clone, PartialEq)]
pub struct Look {
    /// Device pixels to one of the style sheet's.
    scale: f64,
    /// What is looked at.
    pub accent: RGBAColor,
    /// What it is held against.
    pub quiet: RGBAColor,
    /// Numbers and marks.
    pub text: RGBAColor,
    font: String,
}

impl Look {
    /// As the page looks now, on this screen.
    fn now() -> Self {
        Self::at(browser::window().device_pixel_ratio().clamp(1.0, 4.0))
    }

    /// As the page looks now, at this many device pixels to one of the style sheet's.
    pub fn at(scale: f64) -> Self {
        Self {
            scale,
            accent: colour("--drawn"),
            quiet: colour("--drawn-quiet"),
            text: colour("--drawn-text"),
            font: browser::style_value("--sans"),
        }
    }

    /// Device pixels.
    fn px(&self, pixels: f64) -> i32 {
        (pixels * self.scale).round() as i32
    }

    fn stroke(&self, colour: RGBAColor, width: f64) -> ShapeStyle {
        ShapeStyle { color: colour, filled: false, stroke_width: self.px(width).max(1) as u32 }
    }

    fn label(&self, across: HPos, down: VPos) -> TextStyle<'_> {
        self.words(11.0).pos(Pos::new(across, down))
    }

    /// Words of this size, from their upper left corner on.
    pub fn words(&self, size: f64) -> TextStyle<'_> {
        (self.font.as_str(), self.px(size)).into_font().color(&self.text)
    }
}

/// A colour of the style sheet, which is written `#rrggbb`.
pub fn colour(name: &str) -> RGBAColor {
    let text = browser::style_value(name);
    let channel = |at: usize| text.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
    match (channel(1), channel(3), channel(5)) {
        (Some(r), Some(g), Some(b)) => RGBColor(r, g, b).mix(1.0),
        _ => RGBColor(128, 128, 128).mix(1.0),
    }
}

/// Draws a plot. The scales are straight; what should bend them is done to the numbers before.
pub fn draw<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    look: &Look,
    plot: &Plot,
) -> Option<()> {
    let (width, height) = area.dim_in_pixel();
    let (left, top) = (look.px(LEFT), look.px(TOP));
    let (right, bottom) = (width as i32 - look.px(RIGHT), height as i32 - look.px(BOTTOM));
    let place = |axis: &Axis, value: f64, from: i32, to: i32| {
        from + (f64::from(to - from) * axis.at(value).clamp(0.0, 1.0)).round() as i32
    };
    let x = |value: f64| place(&plot.x, value, left, right);
    let y = |value: f64| place(&plot.y, value, bottom, top);
    let hair = look.stroke(look.text.mix(0.18), 1.0);
    for (value, text) in &plot.y.labels {
        area.draw(&PathElement::new([(left, y(*value)), (right, y(*value))], hair)).ok()?;
        let style = look.label(HPos::Right, VPos::Center);
        area.draw_text(text, &style, (left - look.px(8.0), y(*value))).ok()?;
    }
    for (value, text) in &plot.x.labels {
        let style = look.label(HPos::Center, VPos::Top);
        area.draw_text(text, &style, (x(*value), bottom + look.px(7.0))).ok()?;
    }
    for line in &plot.lines {
        let colour = if line.accent { look.accent } else { look.quiet };
        let mut points: Vec<_> = line.points.iter().map(|(a, b)| (x(*a), y(*b))).collect();
        area.draw(&PathElement::new(points.clone(), look.stroke(colour, 1.75))).ok()?;
        if let (true, Some(first), Some(last)) = (line.filled, points.first(), points.last()) {
            let (first, last) = (first.0, last.0);
            points.extend([(last, bottom), (first, bottom)]);
            area.draw(&Polygon::new(points, colour.mix(0.16))).ok()?;
        }
    }
    if let Some(mark) = plot.mark {
        let style = look.stroke(look.text.mix(0.7), 1.0);
        area.draw(&PathElement::new([(x(mark), top), (x(mark), bottom)], style)).ok()?;
    }
    area.present().ok()
}

/// A canvas that shows a plot, anew whenever what it reads, the theme or the size changes; empty
/// while there is nothing to plot.
#[component]
pub fn Chart(
    /// What the plot says, for those who can't see it.
    label: Box<dyn Fn() -> String + Send>,
    /// What is plotted.
    plot: Box<dyn Fn() -> Option<Plot>>,
) -> impl IntoView {
    let store = store();
    let canvas = NodeRef::<Canvas>::new();
    let resized = RwSignal::new(0_u32);
    heard("resize", move |_: &Event| resized.update(|n| *n += 1));
    // Asked for while the page is still small: the browser styles all of it to answer.
    let look = Memo::new(move |_| {
        store.dark.track();
        store.density.track();
        resized.track();
        Look::now()
    });
    let frame = StoredValue::new_local(None::<AnimationFrame>);
    follow(move |_| {
        resized.track();
        let look = look.get();
        let plot = plot();
        let Some(canvas) = canvas.get() else { return };
        // Once all that follows from the same change stands in the document: to ask for a size
        // has the browser lay it out.
        let paint = move |_| {
            // Setting the size wipes it.
            canvas.set_width(look.px(canvas.client_width().into()) as u32);
            canvas.set_height(look.px(canvas.client_height().into()) as u32);
            if canvas.width() == 0 || canvas.height() == 0 {
                return;
            }
            let Some(backend) = CanvasBackend::with_canvas_object(canvas) else { return };
            // A plot that can't be drawn stays empty.
            let _ = plot.and_then(|plot| draw(&backend.into_drawing_area(), &look, &plot));
        };
        frame.set_value(Some(request_animation_frame(paint)));
    });
    view! { <canvas class="chart" node_ref=canvas role="img" aria-label=label></canvas> }
}
