//! What each group of a model's inputs adds to its score.

/// The Shapley value of each group: what it adds to the score, the mean over all orders in which
/// the groups can be let in. `coalitions` is the score where only the groups are read whose bits
/// are set in the place on the list; its length is a power of two. The values sum to the last score
/// less the first.
pub fn shapley(coalitions: &[f32]) -> Vec<f32> {
    let groups = coalitions.len().checked_ilog2().unwrap_or(0) as usize;
    let all = 1 << groups;
    // 1 / (n C(n - 1, k)): the share of orders in which k certain groups come before the next.
    let share = |before: usize| {
        let ways = (0..before).fold(1.0, |ways, n| ways * (groups - 1 - n) as f64 / (n + 1) as f64);
        1.0 / (groups as f64 * ways)
    };
    let value = |group: usize| {
        let without = (0..all).filter(|coalition: &usize| coalition & (1 << group) == 0);
        let added = without.map(|coalition| {
            let step = f64::from(coalitions[coalition | 1 << group] - coalitions[coalition]);
            share(coalition.count_ones() as usize) * step
        });
        added.sum::<f64>() as f32
    };
    (0..groups).map(value).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_values_sum_to_the_score(
            coalitions in (0..4_u32).prop_flat_map(|groups| {
                prop::collection::vec(-1.0..1.0_f32, 1 << groups)
            }),
        ) {
            let sum: f32 = shapley(&coalitions).iter().sum();
            let whole = coalitions[coalitions.len() - 1] - coalitions[0];
            prop_assert!((sum - whole).abs() < 1e-5, "{sum} {whole}");
        }

        #[test]
        fn they_are_the_mean_over_all_orders(
            coalitions in prop::collection::vec(-1.0..1.0_f32, 8),
        ) {
            let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
            let mut mean = [0.0; 3];
            for order in orders {
                let mut there = 0;
                for group in order {
                    mean[group] += (coalitions[there | 1 << group] - coalitions[there]) / 6.0;
                    there |= 1 << group;
                }
            }
            for (value, expected) in shapley(&coalitions).iter().zip(mean) {
                prop_assert!((value - expected).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn a_group_that_does_nothing_adds_nothing_and_equals_add_the_same() {
        // The first does nothing; the others the same, together more.
        let score = |coalition: usize| [0.0, 1.0, 1.0, 5.0][coalition >> 1];
        let coalitions: Vec<f32> = (0..8).map(score).collect();
        assert_eq!(shapley(&coalitions), [0.0, 2.5, 2.5]);
        assert_eq!(shapley(&[]), [0.0; 0]);
    }
}
