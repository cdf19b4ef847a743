//! A plot on a canvas, sharp on every screen and in the theme's colours.

use leptos::ev;
use leptos::html::Canvas;
use leptos::prelude::*;
use plotters::prelude::*;
use plotters::style::RGBAColor;
use plotters_canvas::CanvasBackend;

use crate::app::browser;
use crate::app::store::store;

/// What is drawn on.
pub type Area = DrawingArea<CanvasBackend, plotters::coord::Shift>;

/// Colours, sizes and the font of a plot, as the style sheet has them now.
pub struct Look {
    /// Device pixels to one of the style sheet's.
    pub scale: f64,
    /// What is learned or computed: the accent.
    pub accent: RGBAColor,
    /// What it is held against.
    pub quiet: RGBAColor,
    /// Axes and their labels.
    pub text: RGBAColor,
    font: String,
}

impl Look {
    fn now() -> Self {
        let colour = |name| parse_colour(&browser::style_value(name));
        Self {
            scale: browser::window().device_pixel_ratio().clamp(1.0, 4.0),
            accent: colour("--accent"),
            quiet: colour("--quiet"),
            text: colour("--text-soft"),
            font: browser::style_value("--sans"),
        }
    }

    /// Device pixels.
    pub fn px(&self, pixels: f64) -> i32 {
        (pixels * self.scale).round() as i32
    }

    /// A line of this width and colour.
    pub fn line(&self, colour: RGBAColor, width: f64) -> ShapeStyle {
        ShapeStyle { color: colour, filled: false, stroke_width: self.px(width).max(1) as u32 }
    }

    /// The labels' text.
    pub fn label(&self) -> TextStyle<'_> {
        (self.font.as_str(), self.px(11.0)).into_font().color(&self.text)
    }
}

/// A colour of the style sheet, written `#rrggbb`.
fn parse_colour(text: &str) -> RGBAColor {
    let channel = |at: usize| text.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
    match (channel(1), channel(3), channel(5)) {
        (Some(r), Some(g), Some(b)) => RGBColor(r, g, b).mix(1.0),
        _ => RGBColor(128, 128, 128).mix(1.0),
    }
}

/// A canvas on which `draw` is called whenever what it reads, the theme or the size changes.
#[component]
pub fn Chart(
    /// What the plot says, for those who can't see it.
    #[prop(into)]
    label: Signal<String>,
    /// Draws; an error leaves the canvas empty.
    draw: impl Fn(&Area, &Look) -> Option<()> + 'static,
) -> impl IntoView {
    let store = store();
    let canvas = NodeRef::<Canvas>::new();
    let resized = RwSignal::new(());
    let listener = window_event_listener(ev::resize, move |_| resized.set(()));
    on_cleanup(move || listener.remove());
    Effect::new(move |_| {
        store.dark.track();
        resized.track();
        let Some(canvas) = canvas.get() else { return };
        let look = Look::now();
        canvas.set_width(look.px(canvas.client_width().into()) as u32);
        canvas.set_height(look.px(canvas.client_height().into()) as u32);
        if canvas.width() == 0 || canvas.height() == 0 {
            return;
        }
        let Some(backend) = CanvasBackend::with_canvas_object(canvas) else { return };
        // A plot without data stays empty.
        let _ = draw(&backend.into_drawing_area(), &look);
    });
    view! { <canvas class="chart" node_ref=canvas role="img" aria-label=move || label.get()></canvas> }
}
