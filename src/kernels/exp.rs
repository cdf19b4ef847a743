//! Powers of e, and what they are computed by, for one number or for many side by side.

/// Powers of e are taken no lower than of this, where they are next to nothing.
pub(crate) const AT_LEAST: f32 = -87.0;
/// And no higher than of this.
pub(crate) const AT_MOST: f32 = 88.0;
/// Adding 1.5 * 2^23 rounds to a whole number, which then stands in the lowest bits.
pub(crate) const ROUND: f32 = 12_582_912.0;
/// ln 2, in two parts of which the second is taken back.
pub(crate) const LN_2: [f32; 2] = [0.693_359_4, 2.121_944_4e-4];
/// Of e^r beyond 1 + r, over r^2, the highest power first.
pub(crate) const POLYNOMIAL: [f32; 6] =
    [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 5e-1];

/// e^x to a relative error of 2e-7; below -87 it is next to nothing, above 88 as if it were 88.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    // e^x = 2^n e^r with |r| <= ln 2 / 2.
    let x = x.clamp(AT_LEAST, AT_MOST);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * LN_2[0] + n * LN_2[1];
    let mut p = POLYNOMIAL[0];
    for of in &POLYNOMIAL[1..] {
        p = p * r + of;
    }
    let e = p * r * r + r + 1.0;
    e * f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000))
}
