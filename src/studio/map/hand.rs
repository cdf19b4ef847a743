//! What a hand on the map means: pointers and keys, turned into what they do. No browser is in it.

use crate::plane::Point;

/// How much nearer a step of the wheel, of a key, of a button comes.
pub const STEP: f64 = 1.35;

/// A pointer on the screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pointer {
    /// Which it is.
    pub id: i32,
    /// It is a finger, and no mouse or pen.
    pub touches: bool,
    /// Where it is, in pixels.
    pub place: Point,
}

/// What a person does with pointers.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Gesture {
    /// Nothing is held.
    #[default]
    None,
    /// Drags the map: where the pointer was.
    Pan(Point),
    /// A finger that the browser may yet scroll with: which it is, and where.
    Finger(i32, Point),
    /// Two fingers: which they are, and where.
    Pinch([(i32, Point); 2]),
    /// Draws a lasso.
    Lasso,
}

/// What comes of a pointer. Places and ways are in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Does {
    /// Nothing.
    Nothing,
    /// Points at what is there.
    PointsAt(Point),
    /// Moves the map.
    Moves(Point),
    /// Moves the map, and then comes so many times nearer around a place.
    Pinches { by: Point, times: f64, around: Point },
    /// Begins a lasso there.
    BeginsLasso(Point),
    /// Draws the lasso on to there.
    DrawsLasso(Point),
    /// Takes what the lasso holds.
    ClosesLasso,
}

impl Gesture {
    /// A pointer is put down; the lasso may have been chosen.
    pub fn down(&mut self, pointer: Pointer, lassoing: bool) -> Does {
        let Pointer { id, touches, place } = pointer;
        let (next, does) = match *self {
            Self::Finger(first, from) if touches && first != id => {
                (Self::Pinch([(first, from), (id, place)]), Does::Nothing)
            }
            _ if lassoing => (Self::Lasso, Does::BeginsLasso(place)),
            _ if touches => (Self::Finger(id, place), Does::PointsAt(place)),
            _ => (Self::Pan(place), Does::Nothing),
        };
        *self = next;
        does
    }

    /// A pointer moves.
    pub fn moved(&mut self, Pointer { id, place, .. }: Pointer) -> Does {
        match self {
            Self::None => Does::PointsAt(place),
            Self::Pan(last) => {
                let from = std::mem::replace(last, place);
                Does::Moves(way(from, place))
            }
            Self::Finger(first, at) => {
                if *first == id {
                    *at = place;
                }
                Does::Nothing
            }
            Self::Pinch(fingers) => {
                let (wide, from) = (span(fingers), middle(fingers));
                let Some(finger) = fingers.iter_mut().find(|finger| finger.0 == id) else {
                    return Does::Nothing;
                };
                finger.1 = place;
                let around = middle(fingers);
                Does::Pinches { by: way(from, around), times: span(fingers) / wide, around }
            }
            Self::Lasso => Does::DrawsLasso(place),
        }
    }

    /// A pointer is lifted, or taken by the browser.
    pub fn up(&mut self) -> Does {
        match std::mem::take(self) {
            Self::Lasso => Does::ClosesLasso,
            _ => Does::Nothing,
        }
    }

    /// Whether fingers are kept from the browser: one scrolls the page over the map, two do not.
    pub fn holds(&self) -> bool {
        matches!(self, Self::Pinch(_) | Self::Lasso)
    }
}

fn way(from: Point, to: Point) -> Point {
    (to.0 - from.0, to.1 - from.1)
}

fn span([(_, a), (_, b)]: &[(i32, Point); 2]) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1).max(1.0)
}

fn middle([(_, a), (_, b)]: &[(i32, Point); 2]) -> Point {
    ((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0)
}

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Press {
    /// Points at the next product in a direction of the plane.
    Steps(Point),
    /// Comes so many times nearer.
    Zooms(f64),
    /// Shows all of it.
    ShowsAll,
    /// Gives the wheel back to the page.
    Leaves,
    /// Chooses what is pointed at.
    Chooses,
}

impl Press {
    /// What the key of this name does; none where it is not the map's.
    pub fn of(key: &str) -> Option<Self> {
        Some(match key {
            "ArrowRight" => Self::Steps((1.0, 0.0)),
            "ArrowLeft" => Self::Steps((-1.0, 0.0)),
            "ArrowUp" => Self::Steps((0.0, 1.0)),
            "ArrowDown" => Self::Steps((0.0, -1.0)),
            "+" | "=" => Self::Zooms(STEP),
            "-" => Self::Zooms(1.0 / STEP),
            "0" => Self::ShowsAll,
            "Escape" => Self::Leaves,
            "Enter" => Self::Chooses,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mouse(place: Point) -> Pointer {
        Pointer { id: 1, touches: false, place }
    }

    fn finger(id: i32, place: Point) -> Pointer {
        Pointer { id, touches: true, place }
    }

    #[test]
    fn a_mouse_points_drags_and_points_again() {
        let mut gesture = Gesture::default();
        assert_eq!(gesture.moved(mouse((3.0, 4.0))), Does::PointsAt((3.0, 4.0)));
        assert_eq!(gesture.down(mouse((3.0, 4.0)), false), Does::Nothing);
        assert_eq!(gesture.moved(mouse((5.0, 3.0))), Does::Moves((2.0, -1.0)));
        assert_eq!(gesture.moved(mouse((6.0, 3.0))), Does::Moves((1.0, 0.0)));
        assert!(!gesture.holds());
        assert_eq!(gesture.up(), Does::Nothing);
        assert_eq!(gesture.moved(mouse((9.0, 9.0))), Does::PointsAt((9.0, 9.0)));
    }

    #[test]
    fn one_finger_is_the_pages_and_two_are_the_maps() {
        let mut gesture = Gesture::default();
        assert_eq!(gesture.down(finger(7, (0.0, 0.0)), false), Does::PointsAt((0.0, 0.0)));
        assert_eq!(gesture.moved(finger(7, (10.0, 0.0))), Does::Nothing);
        assert!(!gesture.holds());
        // The first is taken from where it has moved to.
        assert_eq!(gesture.down(finger(8, (30.0, 0.0)), false), Does::Nothing);
        assert!(gesture.holds());
        let pinch = gesture.moved(finger(8, (50.0, 0.0)));
        assert_eq!(pinch, Does::Pinches { by: (10.0, 0.0), times: 2.0, around: (30.0, 0.0) });
        // Both by as much: nothing comes nearer.
        gesture.moved(finger(7, (10.0, 6.0)));
        let Does::Pinches { by, times, .. } = gesture.moved(finger(8, (50.0, 6.0))) else {
            panic!("{gesture:?}");
        };
        assert!(by == (0.0, 3.0) && times < 1.0, "{by:?} {times}");
        assert_eq!(gesture.moved(finger(9, (1.0, 1.0))), Does::Nothing, "a third");
        assert_eq!((gesture.up(), &gesture), (Does::Nothing, &Gesture::None));
    }

    #[test]
    fn fingers_that_meet_divide_by_no_zero() {
        let mut gesture = Gesture::Pinch([(1, (5.0, 5.0)), (2, (5.0, 5.0))]);
        let Does::Pinches { times, .. } = gesture.moved(finger(2, (8.0, 9.0))) else {
            panic!("{gesture:?}");
        };
        assert_eq!(times, 5.0);
    }

    #[test]
    fn a_lasso_is_begun_drawn_and_closed_by_mouse_and_finger() {
        for pointer in [mouse((1.0, 1.0)), finger(3, (1.0, 1.0))] {
            let mut gesture = Gesture::default();
            assert_eq!(gesture.down(pointer, true), Does::BeginsLasso((1.0, 1.0)));
            assert!(gesture.holds());
            let on = Pointer { place: (2.0, 5.0), ..pointer };
            assert_eq!(gesture.moved(on), Does::DrawsLasso((2.0, 5.0)));
            assert_eq!(gesture.up(), Does::ClosesLasso);
            assert_eq!(gesture.up(), Does::Nothing);
        }
    }

    #[test]
    fn keys_that_are_not_the_maps_are_left_alone() {
        assert_eq!(Press::of("ArrowUp"), Some(Press::Steps((0.0, 1.0))));
        assert_eq!((Press::of("Tab"), Press::of("a")), (None, None));
        let (Some(Press::Zooms(nearer)), Some(Press::Zooms(farther))) =
            (Press::of("="), Press::of("-"))
        else {
            panic!("they zoom");
        };
        assert!((nearer * farther - 1.0).abs() < 1e-12);
    }
}
