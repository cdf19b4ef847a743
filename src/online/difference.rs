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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Design {
    /// Each shopper in one.
    Split,
    /// Each in both: samples of the two arms are those of the same shoppers, in the same order.
    Twins,
}

/// A difference of two arms.
#[derive(Clone, Copy, Debug, PartialEq)]
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
            let moved = Estimate::of(&[own.collect()])?;
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
        let estimate = Estimate::of(&[left.collect()])?;
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
