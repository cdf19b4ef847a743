//! Where the parts of each system stand, as the build laid them out.

/// A system's parts in layers, what comes in first.
pub struct Layout {
    /// Key of the system.
    pub system: &'static str,
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

static LAYOUTS: &[Layout] = include!(concat!(env!("OUT_DIR"), "/layouts.rs"));

/// The layout of a system; none where it has no parts.
pub fn layout(system: &str) -> Option<&'static Layout> {
    LAYOUTS.iter().find(|layout| layout.system == system)
}

#[cfg(test)]
mod tests {
    use super::*;
    use systems::registry::{RANKERS, RETRIEVERS};

    #[test]
    fn no_part_lies_on_another_and_every_arrow_leads_onwards() {
        let retrievers = RETRIEVERS.map(|system| (system.key, system.parts));
        let systems = RANKERS.map(|system| (system.key, system.parts)).into_iter();
        for (key, parts) in systems.chain(retrievers).filter(|(_, parts)| !parts.is_empty()) {
            let layout = layout(key).expect(key);
            assert_eq!(layout.places.len(), parts.len());
            for (number, (x, y)) in layout.places.iter().enumerate() {
                assert!(0.0 < *x && *x < layout.size.0 && 0.0 < *y && *y < layout.size.1, "{key}");
                let clear = |(a, b): &(f64, f64)| (a - x).abs() >= 130.0 || (b - y).abs() >= 76.0;
                assert!(layout.places[..number].iter().all(clear), "{key}: {:?}", parts[number]);
            }
            let x = |of: &str| layout.places[parts.iter().position(|p| p.key == of).unwrap()].0;
            assert_eq!(
                layout.arrows.len(),
                parts.iter().map(|part| part.from.len()).sum::<usize>()
            );
            for arrow in layout.arrows {
                assert!(x(arrow.from) < x(arrow.to), "{key}: {} to {}", arrow.from, arrow.to);
                assert!(arrow.path.starts_with('M') && arrow.path.contains('L'));
            }
        }
    }
}
