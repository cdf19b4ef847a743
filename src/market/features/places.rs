//! Where a product stands on the list, as the bias network reads it (DMT 4.4).

/// K, nearest neighbours of a product.
pub const NEIGHBOURS: usize = 6;

/// A product and its neighbours.
pub const NEIGHBOURHOOD: usize = 1 + NEIGHBOURS;

/// The [`NEIGHBOURS`] nearest other places to `place` on a list of `length`, nearest first and
/// the earlier of two equally near; fewer where the list is short.
pub fn nearest(place: usize, length: usize) -> impl Iterator<Item = usize> {
    (1..length)
        .flat_map(move |distance| {
            [place.checked_sub(distance), Some(place + distance).filter(|&p| p < length)]
        })
        .flatten()
        .take(NEIGHBOURS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nearest_of(place: usize, length: usize) -> Vec<usize> {
        nearest(place, length).collect()
    }

    #[test]
    fn neighbours_are_on_both_sides_and_beyond_an_end_on_the_other() {
        assert_eq!(nearest_of(5, 10), [4, 6, 3, 7, 2, 8]);
        assert_eq!(nearest_of(0, 10), [1, 2, 3, 4, 5, 6]);
        assert_eq!(nearest_of(9, 10), [8, 7, 6, 5, 4, 3]);
        assert_eq!(nearest_of(1, 10), [0, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn a_short_list_has_fewer() {
        assert_eq!(nearest_of(1, 3), [0, 2]);
        assert!(nearest_of(0, 1).is_empty());
    }
}
