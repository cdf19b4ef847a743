//! How the map is drawn on its canvas.

use std::sync::Arc;

use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use super::Drawn;
use crate::plane::{Point, Window};
use market::catalogue::ProductId;
use page::browser;

/// What is drawn.
pub struct Scene<'a> {
    pub window: Window,
    pub map: &'a Drawn,
    pub before: Option<Arc<Drawn>>,
    pub chosen: Option<ProductId>,
    pub hot: Option<usize>,
    pub taken: Vec<usize>,
    /// The lasso, on the screen.
    pub line: Vec<Point>,
}

impl Scene<'_> {
    /// Draws it anew.
    pub fn draw(&self, canvas: &HtmlCanvasElement) {
        let scale = browser::window().device_pixel_ratio().clamp(1.0, 4.0);
        let (width, height) = self.window.size;
        let pixels = |length: f64| (length * scale).round() as u32;
        // Setting a size clears, too.
        canvas.set_width(pixels(width));
        canvas.set_height(pixels(height));
        let context = canvas.get_context("2d").ok().flatten();
        let Some(context) = context.and_then(|c| c.dyn_into::<CanvasRenderingContext2d>().ok())
        else {
            return;
        };
        // A canvas of a size has a scale.
        let _ = context.scale(scale, scale);
        let colour = |name| browser::style_value(name);
        let (accent, quiet, text, warm) =
            (colour("--accent"), colour("--quiet"), colour("--text"), colour("--warm"));

        context.set_fill_style_str(&quiet);
        for number in self.window.on_show(&self.map.points) {
            let (x, y) = self.window.to_screen(self.map.points[number]);
            context.fill_rect(x - 1.25, y - 1.25, 2.5, 2.5);
        }
        context.set_line_width(1.6);
        if let Some(before) = &self.before {
            self.draw_before(&context, before, &accent, &text);
        }
        context.set_fill_style_str(&accent);
        for number in self.map.places.keys().filter_map(|product| self.map.number(*product)) {
            self.circle(&context, self.map, number, 4.5, true);
        }
        context.set_stroke_style_str(&text);
        for &number in &self.taken {
            self.circle(&context, self.map, number, 3.5, false);
        }
        context.set_stroke_style_str(&warm);
        if let Some(number) = self.chosen.and_then(|chosen| self.map.number(chosen)) {
            context.set_line_width(2.5);
            self.circle(&context, self.map, number, 8.0, false);
        }
        if let Some(hot) = self.hot {
            context.set_line_width(2.0);
            context.set_stroke_style_str(&text);
            self.circle(&context, self.map, hot, 6.5, false);
        }
        context.set_fill_style_str(&text);
        context.set_stroke_style_str(&colour("--panel"));
        diamond(&context, self.window.to_screen(self.map.query), true);
        if let Some(&(x, y)) = self.line.first() {
            context.set_stroke_style_str(&text);
            context.set_line_width(1.5);
            context.begin_path();
            context.move_to(x, y);
            self.line.iter().for_each(|&(x, y)| context.line_to(x, y));
            context.stroke();
        }
    }

    /// What was retrieved before and is no longer; how far vectors and query have moved.
    fn draw_before(
        &self,
        context: &CanvasRenderingContext2d,
        before: &Drawn,
        accent: &str,
        text: &str,
    ) {
        context.set_stroke_style_str(accent);
        let lines = |from: Point, to: Point| {
            let ((a, b), (c, d)) = (self.window.to_screen(from), self.window.to_screen(to));
            context.begin_path();
            context.move_to(a, b);
            context.line_to(c, d);
            context.stroke();
        };
        for product in before.places.keys() {
            let Some(number) = before.number(*product) else { continue };
            let is = self.map.number(*product).and_then(|number| self.map.points.get(number));
            if let (Some(&was), Some(&is)) = (before.points.get(number), is)
                && was != is
            {
                lines(was, is);
            }
            if !self.map.places.contains_key(product) {
                self.circle(context, before, number, 4.5, false);
            }
        }
        if before.query != self.map.query {
            context.set_stroke_style_str(text);
            lines(before.query, self.map.query);
            diamond(context, self.window.to_screen(before.query), false);
        }
    }

    fn circle(
        &self,
        context: &CanvasRenderingContext2d,
        map: &Drawn,
        number: usize,
        radius: f64,
        filled: bool,
    ) {
        let Some(&point) = map.points.get(number) else { return };
        let (x, y) = self.window.to_screen(point);
        context.begin_path();
        // A radius above zero is no error.
        let _ = context.arc(x, y, radius, 0.0, std::f64::consts::TAU);
        if filled { context.fill() } else { context.stroke() }
    }
}

fn diamond(context: &CanvasRenderingContext2d, (x, y): Point, filled: bool) {
    const HALF: f64 = 8.0;
    context.begin_path();
    context.move_to(x, y - HALF);
    context.line_to(x + HALF, y);
    context.line_to(x, y + HALF);
    context.line_to(x - HALF, y);
    context.close_path();
    if filled {
        context.fill();
    }
    context.stroke();
}
