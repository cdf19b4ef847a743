//! The geometry of a map: what part of a plane is on show, what is near a place, what a lasso holds.

/// A place on the plane, or on the screen in pixels.
pub type Point = (f64, f64);

/// The part of the plane that is on show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// What is in the middle of the screen.
    pub centre: Point,
    /// Pixels to one unit of the plane.
    pub scale: f64,
    /// Width and height of the screen in pixels.
    pub size: Point,
}

/// How many times nearer, and farther, than all of it at once.
const NEAREST: f64 = 60.0;
const FARTHEST: f64 = 0.5;
/// Part of the screen that stays free around all points.
const MARGIN: f64 = 0.06;

impl Window {
    /// All points at once.
    pub fn around(points: &[Point], size: Point) -> Self {
        let bounds = |of: fn(&Point) -> f64| {
            let values = || points.iter().map(of).filter(|value| value.is_finite());
            let low = values().fold(f64::INFINITY, f64::min);
            let high = values().fold(f64::NEG_INFINITY, f64::max);
            if low <= high { (low, high) } else { (-1.0, 1.0) }
        };
        let ((left, right), (low, high)) = (bounds(|p| p.0), bounds(|p| p.1));
        let fit = |pixels: f64, span: f64| pixels * (1.0 - 2.0 * MARGIN) / span.max(1e-6);
        Self {
            centre: ((left + right) / 2.0, (low + high) / 2.0),
            scale: fit(size.0, right - left).min(fit(size.1, high - low)).max(1e-6),
            size,
        }
    }

    /// Where a place of the plane is on the screen; up is up on both.
    pub fn to_screen(&self, (x, y): Point) -> Point {
        let across = self.size.0 / 2.0 + (x - self.centre.0) * self.scale;
        (across, self.size.1 / 2.0 - (y - self.centre.1) * self.scale)
    }

    /// What place of the plane is there on the screen.
    pub fn to_plane(&self, (x, y): Point) -> Point {
        let across = self.centre.0 + (x - self.size.0 / 2.0) / self.scale;
        (across, self.centre.1 - (y - self.size.1 / 2.0) / self.scale)
    }

    /// This many times nearer, around a place on the screen, which stays where it is; within what
    /// `whole`, the window around all of it, allows.
    pub fn zoomed(&self, times: f64, around: Point, whole: &Self) -> Self {
        let scale = (self.scale * times).clamp(FARTHEST * whole.scale, NEAREST * whole.scale);
        let fixed = self.to_plane(around);
        let zoomed = Self { scale, ..*self };
        let now = zoomed.to_plane(around);
        let centre = (self.centre.0 + fixed.0 - now.0, self.centre.1 + fixed.1 - now.1);
        Self { centre, ..zoomed }
    }

    /// Moved by this many pixels.
    pub fn panned(&self, (across, down): Point) -> Self {
        let centre = (self.centre.0 - across / self.scale, self.centre.1 + down / self.scale);
        Self { centre, ..*self }
    }

    /// The same with a place of the plane on show, moved no further than it must be.
    pub fn showing(&self, place: Point) -> Self {
        let edge = 24.0_f64;
        let (x, y) = self.to_screen(place);
        let short =
            |at: f64, end: f64| at.clamp(edge.min(end / 2.0), (end - edge).max(end / 2.0)) - at;
        self.panned((short(x, self.size.0), short(y, self.size.1)))
    }

    /// Numbers of the points on the screen.
    pub fn on_show<'a>(&'a self, points: &'a [Point]) -> impl Iterator<Item = usize> + 'a {
        let seen = |point: &Point| {
            let (x, y) = self.to_screen(*point);
            (0.0..=self.size.0).contains(&x) && (0.0..=self.size.1).contains(&y)
        };
        points.iter().enumerate().filter(move |(_, point)| seen(point)).map(|(number, _)| number)
    }
}

fn apart(a: Point, b: Point) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

/// The point nearest to a place, within a distance.
pub fn nearest(points: &[Point], place: Point, within: f64) -> Option<usize> {
    let distances = points.iter().map(|point| apart(*point, place)).enumerate();
    let near = distances.filter(|(_, distance)| *distance <= within);
    near.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(number, _)| number)
}

/// The next point in a direction (a unit vector) from another: the nearest of those within half a
/// right angle of it, what is off the line counting double.
pub fn next(points: &[Point], from: usize, direction: Point) -> Option<usize> {
    let start = *points.get(from)?;
    let ahead = points.iter().enumerate().filter_map(|(number, point)| {
        let (x, y) = (point.0 - start.0, point.1 - start.1);
        let along = x * direction.0 + y * direction.1;
        let off = (x * direction.1 - y * direction.0).abs();
        (number != from && along > 0.0 && off <= along).then_some((number, along + 2.0 * off))
    });
    ahead.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(number, _)| number)
}

/// Numbers of the points inside a closed line, by the even-odd rule.
pub fn inside(points: &[Point], line: &[Point]) -> Vec<usize> {
    let holds = |(x, y): Point| {
        let mut holds = false;
        let mut before = line.last().copied().unwrap_or_default();
        for &corner in line {
            let crosses = (corner.1 > y) != (before.1 > y);
            if crosses {
                let share = (y - corner.1) / (before.1 - corner.1);
                holds ^= x < corner.0 + share * (before.0 - corner.0);
            }
            before = corner;
        }
        holds
    };
    (0..points.len()).filter(|&number| holds(points[number])).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SIZE: Point = (400.0, 300.0);

    fn near(a: Point, b: Point) -> bool {
        apart(a, b) < 1e-6
    }

    #[test]
    fn all_points_are_on_show_and_up_is_up() {
        let points = [(-3.0, 0.0), (5.0, 2.0), (0.0, -1.0), (f64::NAN, 0.0)];
        let window = Window::around(&points, SIZE);
        assert_eq!(window.on_show(&points).collect::<Vec<_>>(), [0, 1, 2]);
        assert!(window.to_screen(points[1]).1 < window.to_screen(points[2]).1);
        assert!(Window::around(&[], SIZE).scale > 0.0);
        assert!(Window::around(&[(1.0, 1.0)], SIZE).scale.is_finite());
    }

    proptest! {
        #[test]
        fn what_is_under_the_pointer_stays_there(
            x in 0.0..400.0, y in 0.0..300.0, times in 0.2..5.0,
        ) {
            let whole = Window::around(&[(-1.0, -1.0), (2.0, 1.0)], SIZE);
            let place = whole.to_plane((x, y));
            prop_assert!(near(whole.to_screen(place), (x, y)));
            let zoomed = whole.zoomed(times, (x, y), &whole);
            prop_assert!(near(zoomed.to_screen(place), (x, y)));
            let panned = zoomed.panned((30.0, -20.0));
            prop_assert!(near(panned.to_screen(place), (x + 30.0, y - 20.0)));
        }

        #[test]
        fn the_next_point_lies_in_the_direction(
            points in prop::collection::vec((-1.0..1.0, -1.0..1.0), 1..40),
        ) {
            for direction in [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)] {
                if let Some(found) = next(&points, 0, direction) {
                    let (x, y) = (points[found].0 - points[0].0, points[found].1 - points[0].1);
                    prop_assert!(x * direction.0 + y * direction.1 > 0.0);
                }
            }
        }
    }

    #[test]
    fn zoom_ends_somewhere() {
        let whole = Window::around(&[(-1.0, -1.0), (1.0, 1.0)], SIZE);
        let zoomed = |times| whole.zoomed(times, (0.0, 0.0), &whole).scale / whole.scale;
        assert_eq!([zoomed(1e9), zoomed(1e-9)], [NEAREST, FARTHEST]);
    }

    #[test]
    fn a_place_is_brought_on_show_by_as_little_as_it_takes() {
        let window = Window { centre: (0.0, 0.0), scale: 100.0, size: SIZE };
        assert_eq!(window.showing((1.0, 0.5)), window);
        let (x, y) = window.showing((9.0, 0.5)).to_screen((9.0, 0.5));
        assert!(near((x, y), (376.0, 100.0)), "{x} {y}");
    }

    #[test]
    fn the_nearest_and_the_next() {
        let points = [(0.0, 0.0), (1.0, 0.0), (3.0, 0.1), (1.0, 2.0), (-4.0, 0.0)];
        assert_eq!(nearest(&points, (0.9, 0.2), 0.5), Some(1));
        assert_eq!(nearest(&points, (0.5, 9.0), 0.5), None);
        assert_eq!(next(&points, 0, (1.0, 0.0)), Some(1));
        assert_eq!(next(&points, 1, (1.0, 0.0)), Some(2));
        assert_eq!(next(&points, 0, (0.0, 1.0)), Some(3));
        assert_eq!(next(&points, 4, (-1.0, 0.0)), None);
        assert_eq!(next(&points, 9, (1.0, 0.0)), None);
    }

    #[test]
    fn a_lasso_holds_what_is_within_it() {
        let points = [(0.0, 0.0), (2.0, 0.0), (0.9, 0.9), (-0.5, 0.2)];
        let square = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)];
        assert_eq!(inside(&points, &square), [0, 2, 3]);
        // A corner cut in.
        let bent = [(-1.0, -1.0), (1.0, -1.0), (0.2, 0.2), (-1.0, 1.0)];
        assert_eq!(inside(&points, &bent), [0, 3]);
        assert_eq!(inside(&points, &[]), [0; 0]);
    }
}
