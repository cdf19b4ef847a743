//! How far apart two arms are in a ratio of counts, and how sure that is.
//!
//! A shopper is the unit: all that one does hangs together. A ratio r = sum(n) / sum(d) over shoppers
//! moves by the mean of z = (n - r d) / mean(d), one number a shopper (the delta method), so that
//! everything else is about means.
//!
//! - **Split.** Each shopper is in one arm. What the shopper did before the test tells much of what
//!   came in it by chance of the split: x, the same number z of the days before, is taken out by
//!   regression, z - theta (x - mean(x)) with theta = cov(z, x) / var(x) within arms (CUPED). The
//!   variance of r is var(z - theta x) / shoppers, degrees of freedom by Welch and Satterthwaite.
//! - **Twins.** Each shopper is in both arms, and differences are a shopper's own. What was before is
//!   the same for both and drops out.
//!
//! A relative difference is one of logarithms, whose errors are those of r divided by r; its interval
//! is taken back through the exponential.

use serde::{Deserialize, Serialize};

use super::measures::Scale;
use crate::tables::significance::Estimate;

/// A shopper's counts, above and below the line: in the test, and before it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// In the test.
    pub during: [f64; 2],
    /// Before it.
    pub before: [f64; 2],
}

/// Who is in which arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Design {
    /// Each shopper in one.
    Split,
    /// Each in both: samples of the two arms are those of the same shoppers, in the same order.
    Twins,
}

/// A difference of two arms.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The ratio of arm A.
    pub a: f64,
    /// The ratio of arm B.
    pub b: f64,
    /// How much higher B is, in percent: of A, or in points.
    pub percent: f64,
    /// Where that lies, at the level of the tables' tests (95 %).
    pub interval: [f64; 2],
    /// Probability of one this far from zero, were there none.
    pub p: f64,
}

/// The difference between arms; none where a ratio does not exist, where there are fewer than two
/// shoppers in an arm, or where a relative one has nothing to be relative to.
pub fn between(a: &[Sample], b: &[Sample], design: Design, scale: Scale) -> Option<Difference> {
    let [of_a, of_b] = [a, b].map(|arm| ratio(arm.iter().map(|sample| sample.during)));
    let (of_a, of_b) = (of_a?, of_b?);
    if a.len() < 2 || b.len() < 2 || (scale == Scale::Relative && (of_a <= 0.0 || of_b <= 0.0)) {
        return None;
    }
    let z = [(a, of_a), (b, of_b)].map(|(arm, r)| linear(arm.iter().map(|s| s.during), r));
    let estimate = match design {
        Design::Twins => {
            let [by_a, by_b] = [of_a, of_b].map(|r| per(scale, r));
            let own = z[0].iter().zip(&z[1]).map(|(a, b)| b * by_b - a * by_a);
            let moved = Estimate::of(&[own.collect()], None)?;
            Estimate { mean: apart(scale, of_a, of_b), ..moved }
        }
        Design::Split => split([a, b], [of_a, of_b], &z, scale)?,
    };
    let told = |value: f64| match scale {
        Scale::Relative => 100.0 * value.exp_m1(),
        Scale::Points => 100.0 * value,
    };
    Some(Difference {
        a: of_a,
        b: of_b,
        percent: told(estimate.mean),
        interval: estimate.interval().map(told),
        p: estimate.differs(),
    })
}

/// What a ratio's own move is divided by.
fn per(scale: Scale, ratio: f64) -> f64 {
    match scale {
        Scale::Relative => 1.0 / ratio,
        Scale::Points => 1.0,
    }
}

/// How far apart two ratios are: as logarithms where the difference is relative.
fn apart(scale: Scale, a: f64, b: f64) -> f64 {
    match scale {
        Scale::Relative => (b / a).ln(),
        Scale::Points => b - a,
    }
}

fn split(
    arms: [&[Sample]; 2],
    ratios: [f64; 2],
    z: &[Vec<f64>; 2],
    scale: Scale,
) -> Option<Estimate> {
    // The days before, of both arms together: then all had the same shop.
    let before = || arms.iter().flat_map(|arm| arm.iter().map(|sample| sample.before));
    let x: [Vec<f64>; 2] = match ratio(before()) {
        None => arms.map(|arm| vec![0.0; arm.len()]),
        Some(r) => {
            let all = linear(before(), r);
            let (of_a, of_b) = all.split_at(arms[0].len());
            [of_a.to_vec(), of_b.to_vec()]
        }
    };
    let (mut both, mut square) = (0.0, 0.0);
    for (z, x) in z.iter().zip(&x) {
        let (mean_z, mean_x) = (mean(z), mean(x));
        for (z, x) in z.iter().zip(x) {
            both += (z - mean_z) * (x - mean_x);
            square += (x - mean_x).powi(2);
        }
    }
    let theta = if square > 0.0 { both / square } else { 0.0 };
    let centre = mean(&x.concat());
    let mut adjusted = ratios;
    let (mut variance, mut parts) = (0.0, 0.0);
    for arm in 0..2 {
        adjusted[arm] -= theta * (mean(&x[arm]) - centre);
        if scale == Scale::Relative && adjusted[arm] <= 0.0 {
            return None;
        }
        let left =
            z[arm].iter().zip(&x[arm]).map(|(z, x)| (z - theta * x) * per(scale, adjusted[arm]));
        let estimate = Estimate::of(&[left.collect()], None)?;
        variance += estimate.error.powi(2);
        parts += estimate.error.powi(4) / estimate.freedom;
    }
    let freedom = if parts > 0.0 { variance.powi(2) / parts } else { 1.0 };
    let mean = apart(scale, adjusted[0], adjusted[1]);
    Some(Estimate { mean, error: variance.sqrt(), freedom })
}

/// sum(n) / sum(d); none where there is nothing below the line.
fn ratio(counts: impl Iterator<Item = [f64; 2]>) -> Option<f64> {
    let [n, d] = counts.fold([0.0; 2], |sum, one| [sum[0] + one[0], sum[1] + one[1]]);
    (d > 0.0).then(|| n / d)
}

/// z of each shopper.
fn linear(counts: impl Iterator<Item = [f64; 2]> + Clone, ratio: f64) -> Vec<f64> {
    let (sum, number) = counts.clone().fold((0.0, 0.0), |(sum, n), one| (sum + one[1], n + 1.0));
    let size = sum / number;
    counts.map(|[n, d]| (n - ratio * d) / size).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use market::random::{Purpose, Random};

    /// People of whom some do much and most little, before the test and in it: `more` times as much.
    fn people(random: &mut Random, count: usize, more: f32) -> Vec<Sample> {
        let one = |random: &mut Random| {
            let activity = random.log_normal(0.0, 0.9);
            let during = f64::from(random.poisson(1.5 * activity * more));
            let before = f64::from(random.poisson(1.5 * activity));
            Sample { during: [during, 1.0], before: [before, 1.0] }
        };
        (0..count).map(|_| one(random)).collect()
    }

    /// The same people in both arms, each with an own chance in each.
    fn twins(random: &mut Random, count: usize, more: f32) -> [Vec<Sample>; 2] {
        let pairs = (0..count).map(|_| {
            let activity = random.log_normal(0.0, 0.9);
            [1.0, more].map(|more| {
                let during = f64::from(random.poisson(1.5 * activity * more));
                Sample { during: [during, 1.0], ..Sample::default() }
            })
        });
        let pairs: Vec<[Sample; 2]> = pairs.collect();
        [0, 1].map(|arm| pairs.iter().map(|pair| pair[arm]).collect())
    }

    const TESTS: usize = 600;

    /// Share of tests whose interval holds the truth, and their intervals' mean length.
    fn coverage(more: f32, design: Design) -> (f64, f64) {
        let mut random = Random::new(3, Purpose::Trial, 0);
        let truth = 100.0 * (f64::from(more) - 1.0);
        let (mut holds, mut length) = (0, 0.0);
        for _ in 0..TESTS {
            let [a, b] = match design {
                Design::Split => [1.0, more].map(|more| people(&mut random, 150, more)),
                Design::Twins => twins(&mut random, 150, more),
            };
            let found = between(&a, &b, design, Scale::Relative).unwrap();
            let [low, high] = found.interval;
            holds += usize::from(low <= truth && truth <= high);
            assert_eq!(found.p < 0.05, low > 0.0 || high < 0.0, "{found:?}");
            length += high - low;
        }
        (holds as f64 / TESTS as f64, length / TESTS as f64)
    }

    #[test]
    fn nineteen_intervals_of_twenty_hold_what_was_planted() {
        for design in [Design::Split, Design::Twins] {
            for more in [1.0, 1.25] {
                let (holds, _) = coverage(more, design);
                // Three standard errors of 600 draws are 0.027.
                assert!((holds - 0.95).abs() < 0.027, "{design:?} {more}: {holds}");
            }
        }
    }

    #[test]
    fn twins_say_more_than_a_split() {
        let ([_, split], [_, twins]) =
            (coverage(1.25, Design::Split).into(), coverage(1.25, Design::Twins).into());
        assert!(twins < 0.75 * split, "{twins} {split}");
    }

    #[test]
    fn what_was_before_takes_out_the_chance_of_the_split() {
        let mut random = Random::new(4, Purpose::Trial, 0);
        let [a, b] = [1.0, 1.0].map(|more| people(&mut random, 2_000, more));
        let blind = |arm: &[Sample]| -> Vec<Sample> {
            arm.iter().map(|sample| Sample { before: [0.0; 2], ..*sample }).collect()
        };
        let length = |a: &[Sample], b: &[Sample]| {
            let found = between(a, b, Design::Split, Scale::Relative).unwrap();
            found.interval[1] - found.interval[0]
        };
        // Activity explains 0.66 of the variance of such counts, squared 0.43: sqrt(1 - 0.43) is 0.75.
        let left = length(&a, &b) / length(&blind(&a), &blind(&b));
        assert!((left - 0.75).abs() < 0.08, "{left}");
    }

    #[test]
    fn by_hand() {
        // Arm A: 2 of 8, arm B: 6 of 12, three shoppers each, nothing known of before.
        let of = |counts: [[f64; 2]; 3]| counts.map(|during| Sample { during, before: [0.0; 2] });
        let a = of([[1.0, 2.0], [0.0, 2.0], [1.0, 4.0]]);
        let b = of([[2.0, 4.0], [1.0, 4.0], [3.0, 4.0]]);
        let found = between(&a, &b, Design::Split, Scale::Points).unwrap();
        assert_eq!((found.a, found.b), (0.25, 0.5));
        assert!((found.percent - 25.0).abs() < 1e-9);
        // z of A: (n - d / 4) / (8 / 3) = 0.1875, -0.1875, 0; of B: (n - d / 2) / 4 = 0, -1/4, 1/4.
        let (of_a, of_b) = (0.1875_f64.powi(2) / 3.0, 0.25_f64.powi(2) / 3.0);
        let error = (of_a + of_b).sqrt();
        let freedom = (of_a + of_b).powi(2) / (of_a.powi(2) / 2.0 + of_b.powi(2) / 2.0);
        let expected = Estimate { mean: 0.25, error, freedom };
        let [low, high] = expected.interval();
        assert!((found.interval[0] - 100.0 * low).abs() < 1e-9, "{found:?}");
        assert!((found.interval[1] - 100.0 * high).abs() < 1e-9, "{found:?}");
        let relative = between(&a, &b, Design::Split, Scale::Relative).unwrap();
        assert!((relative.percent - 100.0).abs() < 1e-9, "{relative:?}");
    }

    #[test]
    fn nothing_is_relative_to_nothing() {
        let none = [Sample { during: [0.0, 1.0], before: [0.0; 2] }; 3];
        let some = [Sample { during: [1.0, 1.0], before: [0.0; 2] }; 3];
        assert_eq!(between(&none, &some, Design::Split, Scale::Relative), None);
        let points = between(&none, &some, Design::Split, Scale::Points).unwrap();
        assert_eq!((points.percent, points.p), (100.0, 0.0));
        let without = [Sample::default(); 3];
        assert_eq!(between(&without, &some, Design::Split, Scale::Points), None);
        assert_eq!(between(&none[..1], &some, Design::Split, Scale::Points), None);
    }
}
