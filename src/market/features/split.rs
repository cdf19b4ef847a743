//! Which days serve what. A split by day, never by row: nothing of a later day is known earlier.

use std::ops::Range;

use crate::history::{DAY, Minutes};

/// Days of a market's log by use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Days that statistics features are counted on.
    pub statistics: Range<i32>,
    /// Days that models are trained on.
    pub training: Range<i32>,
    /// Days that models are evaluated on.
    pub test: Range<i32>,
}

impl Split {
    /// The papers' split (DMT 5.1): the last day tests, the week before it trains, statistics
    /// come from the days before that.
    ///
    /// `days` is the number of logged days; at least 9.
    pub fn last_day(days: u16) -> Self {
        let days = i32::from(days);
        Self { statistics: 0..days - 8, training: days - 8..days - 1, test: days - 1..days }
    }
}

/// Day on which a minute falls.
pub fn day_of(time: Minutes) -> i32 {
    time.div_euclid(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_do_not_overlap_and_cover_the_log() {
        let split = Split::last_day(28);
        assert_eq!(split.statistics, 0..20);
        assert_eq!(split.training, 20..27);
        assert_eq!(split.test, 27..28);
    }

    #[test]
    fn minutes_before_the_first_midnight_fall_on_the_day_before() {
        assert_eq!(day_of(-1), -1);
        assert_eq!(day_of(0), 0);
        assert_eq!(day_of(DAY), 1);
    }
}
