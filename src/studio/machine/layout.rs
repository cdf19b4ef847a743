//! Where the parts of each system stand, as the build laid them out.

/// The least that a drawing is made smaller: its words, of 12.5 pixels, are read down to 11.
const LEAST: f64 = 0.88;

/// Room that is left, for what is rounded.
const HAIR: f64 = 2.0;

/// A system's parts in layers, in two ways.
pub struct Layout {
    /// Key of the system.
    pub system: &'static str,
    /// What comes in on the left.
    pub across: Drawn,
    /// What comes in at the top.
    pub down: Drawn,
}

/// Parts in layers, one way.
pub struct Drawn {
    /// Width and height, in the style sheet's pixels.
    pub size: (f64, f64),
    /// Middle of each part, in the order in which the system lists them.
    pub places: &'static [(f64, f64)],
    /// What is computed of what.
    pub arrows: &'static [Arrow],
}

/// A way from a part to one that is computed of it.
pub struct Arrow {
    /// Key of the part that is read.
    pub from: &'static str,
    /// Key of the part that reads it.
    pub to: &'static str,
    /// The way, as SVG writes it.
    pub path: &'static str,
}

impl Layout {
    /// The drawing for a room of this width, and how much smaller it is drawn: across where that can
    /// be read, else downwards; none where that is too wide, too, and the parts are better a list.
    pub fn fit(&'static self, room: f64) -> Option<(&'static Drawn, f64)> {
        let scaled = |drawn: &'static Drawn| (drawn, ((room - HAIR) / drawn.size.0).min(1.0));
        [&self.across, &self.down].map(scaled).into_iter().find(|(_, scale)| *scale >= LEAST)
    }
}

static LAYOUTS: &[Layout] = include!(concat!(env!("OUT_DIR"), "/layouts.rs"));

/// The layout of a system; none where it has no parts.
pub fn layout(system: &str) -> Option<&'static Layout> {
    LAYOUTS.iter().find(|layout| layout.system == system)
}

#[cfg(test)]
mod tests {
    use super::*;
    use systems::part::Part;
    use systems::registry::{RANKERS, RETRIEVERS};
    use systems::served;

    fn layouts() -> impl Iterator<Item = (&'static Layout, &'static [Part])> {
        let retrievers = RETRIEVERS.map(|system| (system.key, system.served()));
        let systems = RANKERS.map(|system| (system.key, system.served())).into_iter();
        let drawn = systems.chain(retrievers).filter(|(_, parts)| !parts.is_empty());
        drawn.map(|(key, parts)| (layout(key).expect(key), parts))
    }

    #[test]
    fn no_part_lies_on_another_and_every_arrow_leads_onwards() {
        for (layout, parts) in layouts() {
            let key = layout.system;
            for (drawn, is_across) in [(&layout.across, true), (&layout.down, false)] {
                assert_eq!(drawn.places.len(), parts.len());
                for (number, (x, y)) in drawn.places.iter().enumerate() {
                    assert!(0.0 < *x && *x < drawn.size.0 && 0.0 < *y && *y < drawn.size.1);
                    let clear =
                        |(a, b): &(f64, f64)| (a - x).abs() >= 124.0 || (b - y).abs() >= 76.0;
                    let before = &drawn.places[..number];
                    assert!(before.iter().all(clear), "{key}: {:?}", parts[number]);
                }
                let place =
                    |of: &str| drawn.places[parts.iter().position(|p| p.key == of).unwrap()];
                let count = parts.iter().map(|part| part.from.len()).sum::<usize>();
                assert_eq!(drawn.arrows.len(), count);
                for arrow in drawn.arrows {
                    let (from, to) = (place(arrow.from), place(arrow.to));
                    // What stands behind a ranker hangs below its last part.
                    let hangs = [served::BLEND, served::SHELF].contains(&arrow.to);
                    let onwards = match is_across && !hangs {
                        true => from.0 < to.0,
                        false => from.1 < to.1,
                    };
                    assert!(onwards, "{key}: {} to {}", arrow.from, arrow.to);
                    assert!(arrow.path.starts_with('M') && arrow.path.contains('L'));
                }
            }
        }
    }

    #[test]
    fn what_stands_behind_a_ranker_hangs_below_its_last_part() {
        for ranker in RANKERS.iter().filter(|ranker| !ranker.parts.is_empty()) {
            let layout = layout(ranker.key).expect(ranker.key);
            for drawn in [&layout.across, &layout.down] {
                let [.., last, blend, shelf] = drawn.places else { panic!("{ranker:?}") };
                assert_eq!([blend.0, shelf.0], [last.0; 2], "{ranker:?}");
                assert_eq!([blend.1 - last.1, shelf.1 - blend.1], [96.0; 2], "{ranker:?}");
            }
        }
        // Without a ranker there is the place alone.
        assert_eq!(layout("none").map(|layout| layout.across.size), Some((132.0, 84.0)));
    }

    #[test]
    fn every_system_is_drawn_where_it_can_be_read() {
        for (layout, _) in layouts() {
            let (across, down) = (layout.across.size.0, layout.down.size.0);
            let in_percent = |scale: f64| (100.0 * scale).round();
            let fits =
                |room| layout.fit(room).map(|(drawn, scale)| (drawn.size.0, in_percent(scale)));
            assert_eq!(fits(4000.0), Some((across, 100.0)));
            assert_eq!(fits(across * 0.9 + HAIR), Some((across, 90.0)), "{}", layout.system);
            if down < 0.9 * across {
                assert_eq!(fits(across * 0.87).map(|(width, _)| width), Some(down));
            }
            assert_eq!(fits(across.min(down) * 0.87), None, "{}", layout.system);
            // On the screens that are looked at: 1440 and 1024 pixels, less what stands around it.
            assert_eq!(fits(1370.0).map(|(width, _)| width), Some(across), "{}", layout.system);
            assert!(fits(950.0).is_some(), "{}", layout.system);
        }
    }
}
