//! What tells a difference from chance: the chance of the test, in blocks of what is measured on, and
//! that of the training, in seeds.

use statrs::distribution::{ContinuousCDF, FisherSnedecor, StudentsT};

/// Probabilities below this are no chance.
pub const LEVEL: f64 = 0.05;

/// Share of the differences of a size that are to be seen for it to count as one that can be.
const POWER: f64 = 0.8;

/// A difference, and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Mean over seeds and blocks.
    pub mean: f64,
    /// Standard error of the mean.
    pub error: f64,
    /// Degrees of freedom of the error.
    pub freedom: f64,
}

/// The chance of the training, of all variants of a system together: three seeds of one pair say
/// little of it, and three seeds of each of a dozen variants say a lot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pooled {
    /// Mean square of what is left of each variant's figures when its own mean and that of each seed
    /// over the variants are taken off (an analysis of variance of variants and seeds).
    pub square: f64,
    /// Its degrees of freedom.
    pub freedom: f64,
}

impl Pooled {
    /// Of variants, each with a figure from the same seeds. Those that no seed changes are left out.
    /// None for fewer than two that are left, or fewer than two seeds.
    pub fn of(variants: &[Vec<f64>]) -> Option<Self> {
        let seeds = variants.first()?.len();
        let moved = |of_seeds: &&Vec<f64>| of_seeds.iter().any(|figure| *figure != of_seeds[0]);
        let variants: Vec<&Vec<f64>> = variants.iter().filter(moved).collect();
        if seeds < 2 || variants.len() < 2 || variants.iter().any(|of| of.len() != seeds) {
            return None;
        }
        let (v, s) = (variants.len() as f64, seeds as f64);
        let of_seed: Vec<f64> =
            (0..seeds).map(|seed| variants.iter().map(|of| of[seed]).sum::<f64>() / v).collect();
        let mean = of_seed.iter().sum::<f64>() / s;
        let left = variants.iter().flat_map(|of| {
            let own = of.iter().sum::<f64>() / s;
            of.iter().zip(&of_seed).map(move |(x, of_seed)| (x - own - of_seed + mean).powi(2))
        });
        let freedom = (v - 1.0) * (s - 1.0);
        Some(Self { square: left.sum::<f64>() / freedom, freedom })
    }
}

impl Estimate {
    /// Of paired differences, seed by seed in the same blocks. Both are drawn by chance and each seed
    /// meets each block, so that the variance of the mean is that of two crossed random effects:
    /// with S seeds, B blocks and mean squares M of the seeds, of the blocks and of what is left,
    /// (M_seeds + M_blocks - M_left) / (S B), with degrees of freedom by Satterthwaite. It is not
    /// let below what the largest of the three alone would make it, nor are its degrees of freedom
    /// let above that one's, for of few seeds Satterthwaite's are too many. One seed says nothing of
    /// seeds: the error is then that of the blocks.
    ///
    /// M_seeds is that of all variants together where there is one, 2 B times [`Pooled::square`];
    /// the pair's own if that is larger than chance would make it (F test).
    ///
    /// None for fewer than two blocks, or where seeds have not the same number of them.
    pub fn of(seeds: &[Vec<f64>], pooled: Option<Pooled>) -> Option<Self> {
        let (s, b) = (seeds.len() as f64, seeds.first()?.len() as f64);
        if b < 2.0 || seeds.iter().any(|blocks| blocks.len() as f64 != b) {
            return None;
        }
        let mean = seeds.iter().flatten().sum::<f64>() / (s * b);
        let of_seed: Vec<f64> = seeds.iter().map(|x| x.iter().sum::<f64>() / b).collect();
        let of_block = |block: usize| seeds.iter().map(|x| x[block]).sum::<f64>() / s;
        let of_block: Vec<f64> = (0..seeds[0].len()).map(of_block).collect();
        let squares = |means: &[f64]| means.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
        let blocks = s * squares(&of_block) / (b - 1.0);
        if seeds.len() == 1 {
            return Some(Self { mean, error: (blocks / b).sqrt(), freedom: b - 1.0 });
        }
        let own = (b * squares(&of_seed) / (s - 1.0), s - 1.0);
        let pooled = pooled.map(|pooled| (2.0 * b * pooled.square, pooled.freedom));
        let ordinary = |all: &(f64, f64)| {
            let chance = FisherSnedecor::new(own.1, all.1).map(|f| f.cdf(own.0 / all.0));
            chance.is_ok_and(|below| below < 1.0 - LEVEL)
        };
        let (between, of_between) = pooled.filter(ordinary).unwrap_or(own);
        let left: f64 = seeds
            .iter()
            .zip(&of_seed)
            .flat_map(|(x, seed)| x.iter().zip(&of_block).map(move |(x, block)| x - seed - block))
            .map(|without| (without + mean).powi(2))
            .sum::<f64>()
            / ((s - 1.0) * (b - 1.0));
        let alone = [(between, of_between), (blocks, b - 1.0), (left, (s - 1.0) * (b - 1.0))];
        let larger = |one: (f64, f64), other: (f64, f64)| if other.0 > one.0 { other } else { one };
        let (most, of_most) = alone.into_iter().fold(alone[0], larger);
        let crossed = between + blocks - left;
        let parts = between.powi(2) / of_between
            + blocks.powi(2) / (b - 1.0)
            + left.powi(2) / ((s - 1.0) * (b - 1.0));
        let (variance, freedom) = match crossed > most {
            true => (crossed, (crossed.powi(2) / parts).min(of_most)),
            false => (most, of_most),
        };
        Some(Self { mean, error: (variance / (s * b)).sqrt(), freedom })
    }

    /// Probability of a mean this far above `bound`, were the truth at it.
    fn above(&self, bound: f64) -> f64 {
        let t = (self.mean - bound) / self.error;
        match StudentsT::new(0.0, 1.0, self.freedom) {
            Ok(student) if self.error > 0.0 => student.cdf(-t),
            // Differences that are all alike are no chance.
            _ if self.mean > bound => 0.0,
            _ => 1.0,
        }
    }

    /// Where the true mean lies, were it not to be missed more often than [`LEVEL`].
    pub fn interval(&self) -> [f64; 2] {
        let quantile = StudentsT::new(0.0, 1.0, self.freedom)
            .map_or(0.0, |student| student.inverse_cdf(1.0 - LEVEL / 2.0));
        [self.mean - quantile * self.error, self.mean + quantile * self.error]
    }

    fn mirrored(&self) -> Self {
        Self { mean: -self.mean, ..*self }
    }

    /// Probability of a difference this far from zero, either way, were there none.
    pub fn differs(&self) -> f64 {
        (2.0 * self.above(0.0).min(self.mirrored().above(0.0))).min(1.0)
    }

    /// Probability of a difference this near to zero, were the truth `bound` away from it: two
    /// one-sided tests.
    pub fn is_within(&self, bound: f64) -> f64 {
        let below = |of: Self| 1.0 - of.above(bound);
        below(*self).max(below(self.mirrored()))
    }

    /// Probability of a difference this far beyond `bound`, either way, were the truth at it.
    pub fn is_beyond(&self, bound: f64) -> f64 {
        (2.0 * self.above(bound).min(self.mirrored().above(bound))).min(1.0)
    }

    /// The least true difference of which four in five would be told from chance.
    pub fn least(&self) -> f64 {
        let quantile = |p| {
            StudentsT::new(0.0, 1.0, self.freedom).map_or(0.0, |student| student.inverse_cdf(p))
        };
        (quantile(1.0 - LEVEL / 2.0) + quantile(POWER)) * self.error
    }
}

/// Holm's correction: probabilities in the order that they come in, each as large as it must be for
/// one level to hold for all of them together.
pub fn holm(probabilities: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]));
    let mut corrected = vec![0.0; probabilities.len()];
    let mut largest: f64 = 0.0;
    for (place, &number) in order.iter().enumerate() {
        let left = (order.len() - place) as f64;
        largest = largest.max((probabilities[number] * left).min(1.0));
        corrected[number] = largest;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Twenty differences with this mean and standard error.
    fn with(mean: f64, error: f64) -> Vec<f64> {
        let deviation = error * 20.0_f64.sqrt() * (19.0_f64 / 20.0).sqrt();
        (0..20).map(|n| mean + if n % 2 == 0 { deviation } else { -deviation }).collect()
    }

    fn one_seed(differences: Vec<f64>) -> Estimate {
        Estimate::of(&[differences], None).unwrap()
    }

    #[test]
    fn probabilities_are_those_of_the_tables_of_students_t() {
        // Critical values of t for 19 degrees of freedom, two-sided.
        for (t, expected) in [(1.729_133, 0.10), (2.093_024, 0.05), (2.860_935, 0.01)] {
            let estimate = one_seed(with(t * 0.5, 0.5));
            assert!((estimate.mean - t * 0.5).abs() < 1e-12);
            assert!((estimate.differs() - expected).abs() < 1e-6, "{t}: {estimate:?}");
            let mirrored = one_seed(with(-t * 0.5, 0.5));
            assert!((mirrored.differs() - estimate.differs()).abs() < 1e-12);
        }
    }

    #[test]
    fn by_hand() {
        // Mean 2, variance 5/2, error sqrt(1/2), so t^2 = 8. With 4 degrees of freedom Student's
        // distribution has a closed form: F(t) = 1/2 + 3/4 (s - s^3 / 3), s = t / sqrt(4 + t^2).
        let s = (8.0_f64 / 12.0).sqrt();
        let below = 0.5 + 0.75 * (s - s.powi(3) / 3.0);
        let estimate = one_seed(vec![0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(estimate.mean, 2.0);
        assert!((estimate.differs() - 2.0 * (1.0 - below)).abs() < 1e-9);
    }

    #[test]
    fn two_crossed_effects_by_hand() {
        // Seeds 0 and 4, blocks -1, 0 and 1, nothing left: M_seeds = 3 * 8 / 1, M_blocks = 2 * 2 / 2.
        let estimate = Estimate::of(&[vec![-1.0, 0.0, 1.0], vec![3.0, 4.0, 5.0]], None).unwrap();
        assert_eq!(estimate.mean, 2.0);
        let (seeds, blocks) = (24.0_f64, 2.0_f64);
        assert!((estimate.error - ((seeds + blocks) / 6.0).sqrt()).abs() < 1e-12);
        assert_eq!(estimate.freedom, 1.0);
        // Averaged over the seeds first, the blocks alone would have sworn to it.
        let averaged = one_seed(vec![1.0, 2.0, 3.0]);
        assert!(averaged.differs() < 0.08 && estimate.differs() > 0.4, "{estimate:?}");
    }

    /// Of differences that are only chance, one in twenty is found at most.
    #[test]
    fn chance_of_seeds_and_of_blocks_is_taken_for_chance() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut normal = || (0..12).map(|_| random.random_range(-0.5..0.5)).sum::<f64>();
        for [of_seed, of_block] in [[0.0, 1.0], [0.5, 0.5], [1.0, 0.2]] {
            let mut found = 0;
            for _ in 0..400 {
                let blocks: Vec<f64> = (0..20).map(|_| of_block * normal()).collect();
                let seeds: Vec<Vec<f64>> = (0..3)
                    .map(|_| {
                        let seed = of_seed * normal();
                        blocks.iter().map(|block| seed + block + normal()).collect()
                    })
                    .collect();
                found += usize::from(Estimate::of(&seeds, None).unwrap().differs() < LEVEL);
            }
            assert!(found < 32, "{of_seed} {of_block}: {found} of 400");
        }
    }

    #[test]
    fn the_chance_of_the_training_by_hand() {
        // Of two variants from three seeds, 1 2 6 and 0 3 0: means 3 and 1, of the seeds 0.5, 2.5 and
        // 3, of all 2. Left are -0.5 -1.5 2 and their opposites.
        let pooled = Pooled::of(&[vec![1.0, 2.0, 6.0], vec![0.0, 3.0, 0.0]]).unwrap();
        assert_eq!(pooled.freedom, 2.0);
        assert!((pooled.square - 2.0 * (0.25 + 2.25 + 4.0) / 2.0).abs() < 1e-12);
        // That is half the variance of the differences 1, -1 and 6: here all variants are the pair.
        let differences = [vec![1.0; 4], vec![-1.0; 4], vec![6.0; 4]];
        let (own, all) =
            (Estimate::of(&differences, None), Estimate::of(&differences, Some(pooled)));
        assert_eq!(own, all);
        // What no seed changes says nothing.
        assert_eq!(Pooled::of(&[vec![1.0, 2.0], vec![5.0, 5.0]]), None);
        assert_eq!(Pooled::of(&[vec![1.0], vec![5.0]]), None);
        // A pair that varies much more than the others keeps what it says itself.
        let wild = [vec![30.0; 4], vec![-30.0; 4], vec![0.0; 4]];
        assert_eq!(Estimate::of(&wild, Some(pooled)), Estimate::of(&wild, None));
        let sure = Pooled { square: pooled.square, freedom: 60.0 };
        assert!(Estimate::of(&differences, Some(sure)).unwrap().differs() < own.unwrap().differs());
    }

    /// The same where a dozen variants are pooled, half of which vary twice as much by the seed.
    #[test]
    fn chance_that_is_pooled_is_taken_for_chance() {
        const VARIANTS: usize = 12;
        let mut random = ChaCha8Rng::seed_from_u64(2);
        let mut normal = || (0..12).map(|_| random.random_range(-0.5..0.5)).sum::<f64>();
        for of_block in [0.2, 1.0] {
            let (mut found, mut made) = (0, 0);
            for _ in 0..60 {
                let blocks: Vec<f64> = (0..20).map(|_| normal()).collect();
                let variants: Vec<Vec<Vec<f64>>> = (0..VARIANTS)
                    .map(|variant| {
                        let of_seed = if variant % 2 == 0 { 0.5 } else { 1.0 };
                        let own: Vec<f64> = (0..20).map(|_| of_block * normal()).collect();
                        let seed = |_| {
                            let seed = of_seed * normal();
                            let all = blocks.iter().zip(&own);
                            all.map(|(a, b)| seed + a + b + 0.3 * normal()).collect()
                        };
                        (0..3).map(seed).collect()
                    })
                    .collect();
                let mean = |seed: &Vec<f64>| seed.iter().sum::<f64>() / 20.0;
                let means: Vec<Vec<f64>> =
                    variants.iter().map(|seeds| seeds.iter().map(mean).collect()).collect();
                let pooled = Pooled::of(&means);
                for pair in variants.windows(2) {
                    let seeds = pair[0].iter().zip(&pair[1]);
                    let differences: Vec<Vec<f64>> =
                        seeds.map(|(a, b)| a.iter().zip(b).map(|(a, b)| a - b).collect()).collect();
                    made += 1;
                    let estimate = Estimate::of(&differences, pooled).unwrap();
                    found += usize::from(estimate.differs() < LEVEL);
                }
            }
            assert!(found * 20 < made * 2 && found > 0, "{of_block}: {found} of {made}");
        }
    }

    #[test]
    fn equivalence_needs_a_small_difference_that_is_sure() {
        let sure = one_seed(with(0.001, 0.0005));
        assert!(sure.is_within(0.005) < 1e-6 && sure.is_beyond(0.005) > 0.9);
        // Small, but it might as well be large.
        assert!(one_seed(with(0.001, 0.01)).is_within(0.005) > 0.3);
        let far = one_seed(with(-0.02, 0.001));
        assert!(far.is_within(0.005) > 0.99 && far.is_beyond(0.005) < 1e-6);
    }

    #[test]
    fn an_interval_ends_where_the_test_begins_to_doubt() {
        let estimate = one_seed(with(0.3, 0.1));
        let [low, high] = estimate.interval();
        // 2.093024 standard errors with 19 degrees of freedom.
        assert!((low - 0.0906976).abs() < 1e-6 && (high - 0.5093024).abs() < 1e-6, "{low} {high}");
        assert!((Estimate { mean: 0.3 - low, ..estimate }.differs() - LEVEL).abs() < 1e-9);
    }

    #[test]
    fn the_least_difference_is_seen_four_times_in_five() {
        // With 19 degrees of freedom: (2.093 + 0.861) standard errors.
        assert!((one_seed(with(0.3, 0.1)).least() - 0.295).abs() < 1e-3);
    }

    #[test]
    fn holm_by_hand() {
        let corrected = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (found, expected) in corrected.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((found - expected).abs() < 1e-12, "{corrected:?}");
        }
        assert_eq!(holm(&[0.6, 0.9]), [1.0, 1.0]);
        assert_eq!(holm(&[]), [0.0; 0]);
    }

    #[test]
    fn without_spread_or_pairs() {
        assert_eq!(Estimate::of(&[vec![0.5]], None), None);
        assert_eq!(Estimate::of(&[], None), None);
        assert_eq!(one_seed(vec![0.0; 20]).differs(), 1.0);
        assert_eq!(one_seed(vec![0.5; 20]).differs(), 0.0);
    }
}
