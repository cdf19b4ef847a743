//! Whose page views are learned from, and whose are tested on.

use std::ops::Range;

use market::World;

/// Shoppers of a market by their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct People {
    /// Learned from; counted over, too.
    pub trained: Range<u32>,
    /// Tested on.
    pub tested: Range<u32>,
}

impl People {
    /// Those of the log, tested on days that they were not trained on.
    pub fn of_log(world: &World) -> Self {
        let trained = 0..world.config.shoppers;
        Self { tested: trained.clone(), trained }
    }

    /// So many tested who were never trained on; where that is none, as [`Self::of_log`].
    pub fn fresh(world: &World, count: u32) -> Self {
        match count {
            0 => Self::of_log(world),
            _ => Self { trained: 0..world.config.shoppers, tested: world.fresh_shoppers(count) },
        }
    }

    /// Everyone, each once.
    pub fn all(&self) -> Range<u32> {
        0..self.trained.end.max(self.tested.end)
    }

    /// Whether nobody is tested who was trained on.
    pub fn are_apart(&self) -> bool {
        self.trained.end <= self.tested.start
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use market::MarketConfig;

    #[test]
    fn nobody_fresh_is_trained_on() {
        let config = MarketConfig { products: 400, shoppers: 7, ..MarketConfig::default() };
        let world = World::generate(&config);
        let fresh = People::fresh(&world, 5);
        assert_eq!(
            (fresh.trained.clone(), fresh.tested.clone(), fresh.all()),
            (0..7, 7..12, 0..12)
        );
        assert!(fresh.are_apart());
        let of_log = People::fresh(&world, 0);
        assert_eq!((of_log.tested.clone(), of_log.all()), (0..7, 0..7));
        assert!(!of_log.are_apart());
    }
}
