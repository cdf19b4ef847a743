//! Steps of optimisers, in place.

use pulp::Simd;

/// Share of the first moment that stays, of Adam.
pub const BETA_1: f32 = 0.9;
/// Share of the second moment that stays, of Adam.
pub const BETA_2: f32 = 0.999;
/// Keeps a division by nothing away where the accumulator of Adagrad starts at 0.
pub const ADAGRAD_EPSILON: f32 = 1e-5;

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
    let moments = first.iter_mut().zip(second);
    for ((value, &g), (m, v)) in values.iter_mut().zip(gradient).zip(moments) {
        *m = *m * BETA_1 + g * (1.0 - BETA_1);
        *v = *v * BETA_2 + g * g * (1.0 - BETA_2);
        *value -= *m * factor / (v.sqrt() + epsilon) * rate;
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
        for ((value, sum), &g) in values.iter_mut().zip(sum).zip(gradient) {
            *sum += g * g;
            *value -= g / (sum.sqrt() + ADAGRAD_EPSILON) * rate;
        }
    }
}
