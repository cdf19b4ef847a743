//! Steps of optimisers, in place.

use pulp::Simd;

use crate::lanes::Lanes;
use crate::math::update_by;

/// Share of the first moment that stays, of Adam.
pub const BETA_1: f32 = 0.9;
/// Share of the second moment that stays, of Adam.
pub const BETA_2: f32 = 0.999;
/// Keeps a division by nothing away where the accumulator of Adagrad starts at 0.
pub const ADAGRAD_EPSILON: f32 = 1e-5;

/// Numbers that a step goes through at a time: they stay near while it goes over them thrice.
const PART: usize = 1024;

/// A step of Adam: moments moved on, and values by them. `factor` corrects both for their start.
#[inline(never)]
pub fn adam_step(
    values: &mut [f32],
    gradient: &[f32],
    first: &mut [f32],
    second: &mut [f32],
    settings: [f32; 3],
) {
    adam_step_dispatched(values, gradient, first, second, settings)
}

#[pulp::with_simd(adam_step_dispatched = pulp::Arch::new())]
#[inline(always)]
fn adam_step_with<'a, S: Simd>(
    _simd: S,
    values: &'a mut [f32],
    gradient: &'a [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
    [factor, epsilon, rate]: [f32; 3],
) {
    let [moved_1, moved_2] = [1.0 - BETA_1, 1.0 - BETA_2].map(Lanes::all);
    let [beta_1, beta_2, factor, epsilon, rate] =
        [BETA_1, BETA_2, factor, epsilon, rate].map(Lanes::all);
    let moments = first.chunks_mut(PART).zip(second.chunks_mut(PART));
    let parts = values.chunks_mut(PART).zip(gradient.chunks(PART)).zip(moments);
    for ((values, gradient), (first, second)) in parts {
        update_by(first, [gradient], |m, [g]| m * beta_1 + g * moved_1);
        update_by(second, [gradient], |v, [g]| v * beta_2 + g * g * moved_2);
        update_by(values, [first, second], |value, [m, v]| {
            value - (m * factor).over(v.sqrt() + epsilon) * rate
        });
    }
}

/// A step of Adagrad over rows of `width`. A row without a gradient is passed over, which leaves it as it is.
#[inline(never)]
pub fn adagrad_step(
    values: &mut [f32],
    gradient: &[f32],
    sum: &mut [f32],
    rate: f32,
    width: usize,
) {
    adagrad_step_dispatched(values, gradient, sum, rate, width)
}

#[pulp::with_simd(adagrad_step_dispatched = pulp::Arch::new())]
#[inline(always)]
fn adagrad_step_with<'a, S: Simd>(
    _simd: S,
    values: &'a mut [f32],
    gradient: &'a [f32],
    sum: &'a mut [f32],
    rate: f32,
    width: usize,
) {
    let rows = values.chunks_mut(width).zip(sum.chunks_mut(width));
    for ((values, sum), gradient) in rows.zip(gradient.chunks(width)) {
        // Of a large table a step touches few rows.
        if gradient.iter().all(|&g| g == 0.0) {
            continue;
        }
        update_by(sum, [gradient], |sum, [g]| sum + g * g);
        let [epsilon, rate] = [ADAGRAD_EPSILON, rate].map(Lanes::all);
        update_by(values, [gradient, sum], |value, [g, sum]| {
            value - g.over(sum.sqrt() + epsilon) * rate
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_of_adam_over_more_than_one_part_is_that_of_each_number() {
        let count = 2 * PART + 37;
        let number = |n: usize, of: f32| ((n as f32) * of).sin();
        let mut values: Vec<f32> = (0..count).map(|n| number(n, 0.3)).collect();
        let gradient: Vec<f32> = (0..count).map(|n| number(n, 0.7)).collect();
        let mut first: Vec<f32> = (0..count).map(|n| number(n, 1.1)).collect();
        let mut second: Vec<f32> = (0..count).map(|n| number(n, 1.3).abs()).collect();
        let [factor, epsilon, rate] = [0.5, 1e-5, 0.01];
        let before: Vec<[f32; 3]> = (0..count).map(|n| [values[n], first[n], second[n]]).collect();
        adam_step(&mut values, &gradient, &mut first, &mut second, [factor, epsilon, rate]);
        for (n, [value, m, v]) in before.into_iter().enumerate() {
            let g = gradient[n];
            let m = m * BETA_1 + g * (1.0 - BETA_1);
            let v = v * BETA_2 + g * g * (1.0 - BETA_2);
            let value = value - m * factor / (v.sqrt() + epsilon) * rate;
            let near = |found: f32, expected: f32| (found - expected).abs() < 1e-6;
            assert!(near(first[n], m) && near(second[n], v) && near(values[n], value), "{n}");
        }
    }
}
