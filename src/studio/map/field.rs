//! The map under a person's hands: what of it is on show, what is pointed at, what a lasso took.

use std::sync::Arc;

use leptos::ev::{KeyboardEvent, TouchEvent, WheelEvent};
use leptos::html::Canvas;
use leptos::prelude::*;
use web_sys::{Event, PointerEvent};

use super::Drawn;
use super::hand::{Does, Gesture, Pointer, Press, STEP};
use super::scene::Scene;
use crate::plane::{Point, Window, inside, nearest, next};
use page::parts::{follow, heard};
use page::store::Store;

/// How near the pointer must be to a product, in pixels.
const REACH: f64 = 12.0;

/// The canvas and what is on show of the map.
#[derive(Clone, Copy)]
pub struct Field {
    store: Store,
    drawn: RwSignal<Option<Arc<Drawn>>>,
    /// Where it is drawn.
    pub canvas: NodeRef<Canvas>,
    /// The part of the plane that is on show, once there is one.
    pub window: RwSignal<Option<Window>>,
    /// The window around all of it, which is what is on show at first.
    whole: RwSignal<Option<Window>>,
    /// Number of the product that is pointed at.
    pub hot: RwSignal<Option<usize>>,
    /// Numbers of the products that a lasso took.
    pub taken: RwSignal<Vec<usize>>,
    /// A pointer that is put down begins a lasso.
    pub lassoing: RwSignal<bool>,
    /// The lasso, on the screen.
    line: RwSignal<Vec<Point>>,
    /// The wheel is the page's until the map has been clicked into.
    pub entered: RwSignal<bool>,
    gesture: StoredValue<Gesture>,
}

impl Field {
    /// Draws what there is to draw, and what was before, anew whenever something of it changes.
    pub fn new(
        store: Store,
        drawn: RwSignal<Option<Arc<Drawn>>>,
        before: RwSignal<Option<Arc<Drawn>>>,
    ) -> Self {
        let field = Self {
            store,
            drawn,
            canvas: NodeRef::new(),
            window: RwSignal::new(None),
            whole: RwSignal::new(None),
            hot: RwSignal::new(None),
            taken: RwSignal::new(Vec::new()),
            lassoing: RwSignal::new(false),
            line: RwSignal::new(Vec::new()),
            entered: RwSignal::new(false),
            gesture: StoredValue::new(Gesture::None),
        };
        follow(move |_| {
            let shipped = drawn.with(|map| map.as_ref().map_or(0, |map| map.shipped()));
            // The points behind those of what ships are other products' by now.
            let is_other = move |number: &usize| *number >= shipped;
            if field.taken.with_untracked(|taken| taken.iter().any(is_other)) {
                field.taken.update(|taken| taken.retain(|number| !is_other(number)));
            }
            if field.hot.get_untracked().as_ref().is_some_and(is_other) {
                field.hot.set(None);
            }
        });
        let sized = RwSignal::new(0_u32);
        heard("resize", move |_: &Event| sized.update(|n| *n += 1));
        follow(move |_| {
            sized.track();
            field.fit();
        });
        follow(move |_| {
            store.dark.track();
            store.density.track();
            field.draw(before.get());
        });
        field
    }

    /// Fits what is on show to the canvas.
    fn fit(self) {
        let (Some(map), Some(canvas)) = (self.drawn.get(), self.canvas.get()) else { return };
        let size = (f64::from(canvas.client_width()), f64::from(canvas.client_height()));
        let mut all = map.points.clone();
        all.push(map.query);
        let around = Window::around(&all, size);
        self.whole.set(Some(around));
        self.window.update(|window| {
            *window = Some(match window.take() {
                Some(window) => Window { size, ..window },
                None => around,
            });
        });
    }

    fn draw(self, before: Option<Arc<Drawn>>) {
        let (Some(canvas), Some(window), Some(map)) =
            (self.canvas.get(), self.window.get(), self.drawn.get())
        else {
            return;
        };
        let scene = Scene {
            window,
            map: &map,
            before,
            chosen: self.store.state.with(|state| state.selected),
            hot: self.hot.get(),
            taken: self.taken.get(),
            line: self.line.get(),
        };
        scene.draw(&canvas);
    }

    /// What is on show, and of which map; none until both are there.
    fn on_show(self) -> Option<(Window, Arc<Drawn>)> {
        self.window.get_untracked().zip(self.drawn.get_untracked())
    }

    /// Comes so many times nearer, around the middle or another place on the screen.
    pub fn zoom(self, times: f64, around: Option<Point>) {
        let Some(whole) = self.whole.get_untracked() else { return };
        self.window.update(|window| {
            if let Some(now) = window {
                let middle = (now.size.0 / 2.0, now.size.1 / 2.0);
                *now = now.zoomed(times, around.unwrap_or(middle), &whole);
            }
        });
    }

    /// Shows all of it.
    pub fn show_all(self) {
        self.window.set(self.whole.get_untracked());
    }

    /// Has the query in the middle.
    pub fn show_query(self) {
        if let Some((now, map)) = self.on_show() {
            self.window.set(Some(Window { centre: map.query, ..now }));
        }
    }

    /// Takes what is on show.
    pub fn take_all_on_show(self) {
        if let Some((now, map)) = self.on_show() {
            self.taken.set(now.on_show(&map.points).collect());
        }
    }

    /// Looks at the product that is pointed at.
    pub fn choose(self) {
        let hot = self.hot.get_untracked();
        let product = hot.and_then(|hot| Some(self.on_show()?.1.product(hot)));
        if let Some(product) = product {
            self.store.state.update(|state| state.selected = Some(product));
        }
    }

    fn point_at(self, place: Point) {
        let Some((now, map)) = self.on_show() else { return };
        let found = nearest(&map.points, now.to_plane(place), REACH / now.scale);
        if self.hot.get_untracked() != found {
            self.hot.set(found);
        }
    }

    fn does(self, does: Does) {
        let moved = |by| {
            self.window.update(|window| *window = window.map(|window| window.panned(by)));
        };
        match does {
            Does::Nothing => {}
            Does::PointsAt(place) => self.point_at(place),
            Does::Moves(by) => moved(by),
            Does::Pinches { by, times, around } => {
                moved(by);
                self.zoom(times, Some(around));
            }
            Does::BeginsLasso(place) => self.line.set(vec![place]),
            Does::DrawsLasso(place) => self.line.update(|line| line.push(place)),
            Does::ClosesLasso => {
                let line = self.line.get_untracked();
                self.line.set(Vec::new());
                if let Some((now, map)) = self.on_show() {
                    let line: Vec<Point> =
                        line.into_iter().map(|place| now.to_plane(place)).collect();
                    self.taken.set(inside(&map.points, &line));
                }
            }
        }
    }

    fn hand(self, change: impl FnOnce(&mut Gesture) -> Does) {
        if let Some(does) = self.gesture.try_update_value(change) {
            self.does(does);
        }
    }

    /// A pointer is put down.
    pub fn down(self, event: &PointerEvent) {
        let pointer = pointer(event);
        if !pointer.touches && event.button() != 0 {
            return;
        }
        self.entered.set(!pointer.touches);
        if let (Some(canvas), false) = (self.canvas.get_untracked(), pointer.touches) {
            // Where the pointer is gone already there is nothing to follow.
            let _ = canvas.set_pointer_capture(pointer.id);
        }
        let lassoing = self.lassoing.get_untracked();
        self.hand(|gesture| gesture.down(pointer, lassoing));
    }

    /// A pointer moves.
    pub fn moved(self, event: &PointerEvent) {
        if self.window.with_untracked(Option::is_some) {
            self.hand(|gesture| gesture.moved(pointer(event)));
        }
    }

    /// A pointer is lifted.
    pub fn up(self) {
        self.hand(Gesture::up);
    }

    /// A pointer leaves the map.
    pub fn left(self, event: &PointerEvent) {
        // A finger leaves whenever it is lifted.
        if self.gesture.with_value(|gesture| *gesture == Gesture::None) && !pointer(event).touches {
            self.hot.set(None);
            self.entered.set(false);
        }
    }

    /// Fingers are on the map: those that are the map's are kept from the browser.
    pub fn hold(self, event: &TouchEvent) {
        if self.gesture.with_value(Gesture::holds) {
            event.prevent_default();
        }
    }

    /// The wheel is turned. A browser tells a pinch on a touchpad as a wheel with Ctrl.
    pub fn roll(self, event: &WheelEvent) {
        if !(event.ctrl_key() || event.meta_key() || self.entered.get_untracked()) {
            return;
        }
        event.prevent_default();
        let place = (f64::from(event.offset_x()), f64::from(event.offset_y()));
        self.zoom(if event.delta_y() < 0.0 { STEP } else { 1.0 / STEP }, Some(place));
    }

    /// A key is pressed.
    pub fn key(self, event: &KeyboardEvent) {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        match Press::of(&event.key()) {
            Some(Press::Steps(direction)) => {
                event.prevent_default();
                self.step(direction);
            }
            Some(Press::Zooms(times)) => self.zoom(times, None),
            Some(Press::ShowsAll) => self.show_all(),
            // The wheel is the page's again; the studio stays.
            Some(Press::Leaves) if self.entered.get_untracked() => {
                self.entered.set(false);
                event.prevent_default();
            }
            Some(Press::Chooses) => self.choose(),
            Some(Press::Leaves) | None => {}
        }
    }

    /// Points at the next product in a direction, or at the one nearest to the middle.
    fn step(self, direction: Point) {
        let Some((now, map)) = self.on_show() else { return };
        let found = match self.hot.get_untracked() {
            Some(from) => next(&map.points, from, direction),
            None => nearest(&map.points, now.centre, f64::INFINITY),
        };
        if let Some(found) = found {
            self.window.set(Some(now.showing(map.points[found])));
            self.hot.set(Some(found));
        }
    }
}

fn pointer(event: &PointerEvent) -> Pointer {
    Pointer {
        id: event.pointer_id(),
        touches: event.pointer_type() == "touch",
        place: (f64::from(event.offset_x()), f64::from(event.offset_y())),
    }
}
