//! Sixteen numbers side by side.
//!
//! Natively the compiler makes instructions of whatever width there are of plain loops. For WebAssembly it makes none
//! where a program is linked for size, so that there they are said.

use std::ops::{Add, Mul, Sub};

/// Numbers that stand side by side.
pub const LANES: usize = 16;

/// Numbers of one instruction, as far as they are said.
#[cfg(not(target_arch = "wasm32"))]
type Part = f32;
#[cfg(target_arch = "wasm32")]
type Part = wide::f32x4;

/// Parts of all lanes.
#[cfg(not(target_arch = "wasm32"))]
const PARTS: usize = LANES;
#[cfg(target_arch = "wasm32")]
const PARTS: usize = LANES / 4;

/// Sixteen numbers.
#[derive(Clone, Copy)]
pub(crate) struct Lanes([Part; PARTS]);

/// What is done with one part.
trait Number: Copy {
    /// Where the gate is above zero this, elsewhere the other.
    fn if_above_zero(self, gate: Self, other: Self) -> Self;
    fn root(self) -> Self;
    fn e_to_it(self) -> Self;
}

impl Lanes {
    #[inline(always)]
    pub fn all(x: f32) -> Self {
        Self([Part::from(x); PARTS])
    }

    #[cfg(not(target_arch = "wasm32"))]
    #[inline(always)]
    pub fn read(numbers: &[f32; LANES]) -> Self {
        Self(*numbers)
    }

    #[cfg(target_arch = "wasm32")]
    #[inline(always)]
    pub fn read(numbers: &[f32; LANES]) -> Self {
        let four = numbers.as_chunks::<4>().0;
        Self([four[0].into(), four[1].into(), four[2].into(), four[3].into()])
    }

    #[cfg(not(target_arch = "wasm32"))]
    #[inline(always)]
    pub fn write(self, numbers: &mut [f32; LANES]) {
        *numbers = self.0;
    }

    #[cfg(target_arch = "wasm32")]
    #[inline(always)]
    pub fn write(self, numbers: &mut [f32; LANES]) {
        for (four, part) in numbers.as_chunks_mut::<4>().0.iter_mut().zip(self.0) {
            *four = part.to_array();
        }
    }

    /// The numbers of a row that is too short, and zeros behind them.
    #[inline(always)]
    pub fn read_short(numbers: &[f32]) -> Self {
        let mut all = [0.0; LANES];
        all[..numbers.len()].copy_from_slice(numbers);
        Self::read(&all)
    }

    /// As many as there is room for.
    #[inline(always)]
    pub fn write_short(self, numbers: &mut [f32]) {
        let mut all = [0.0; LANES];
        self.write(&mut all);
        numbers.copy_from_slice(&all[..numbers.len()]);
    }

    #[inline(always)]
    fn each(self, f: impl Fn(Part) -> Part) -> Self {
        let mut parts = self.0;
        for part in &mut parts {
            *part = f(*part);
        }
        Self(parts)
    }

    #[inline(always)]
    fn both(self, other: Self, f: impl Fn(Part, Part) -> Part) -> Self {
        let mut parts = self.0;
        for n in 0..PARTS {
            parts[n] = f(parts[n], other.0[n]);
        }
        Self(parts)
    }

    /// These where the gate is above zero, elsewhere the others.
    #[inline(always)]
    pub fn if_above_zero(self, gate: Self, others: Self) -> Self {
        let mut parts = self.0;
        for n in 0..PARTS {
            parts[n] = parts[n].if_above_zero(gate.0[n], others.0[n]);
        }
        Self(parts)
    }

    /// Zero for what is below it.
    #[inline(always)]
    pub fn relu(self) -> Self {
        self.if_above_zero(self, Self::all(0.0))
    }

    /// What is below zero, `slope` times.
    #[inline(always)]
    pub fn leaky(self, slope: f32) -> Self {
        let zero = Self::all(0.0);
        (self * Self::all(slope)).if_above_zero(zero - self, self)
    }

    /// The greater of each two.
    #[inline(always)]
    pub fn greater(self, other: Self) -> Self {
        self.if_above_zero(self - other, other)
    }

    #[inline(always)]
    pub fn sqrt(self) -> Self {
        self.each(Number::root)
    }

    /// e^x of each, as [`crate::exp::exp`] has it.
    #[inline(always)]
    pub fn exp(self) -> Self {
        self.each(Number::e_to_it)
    }

    #[inline(always)]
    pub fn over(self, other: Self) -> Self {
        self.both(other, |x, y| x / y)
    }

    /// Their sum, halves added to halves.
    #[inline(always)]
    pub fn total(self) -> f32 {
        let mut lanes = [0.0; LANES];
        self.write(&mut lanes);
        let mut width = LANES / 2;
        while width > 0 {
            for lane in 0..width {
                lanes[lane] += lanes[lane + width];
            }
            width /= 2;
        }
        lanes[0]
    }

    /// The greatest of them.
    #[inline(always)]
    pub fn greatest(self) -> f32 {
        let mut lanes = [0.0; LANES];
        self.write(&mut lanes);
        lanes.into_iter().fold(f32::MIN, |most, x| if x > most { x } else { most })
    }
}

impl Add for Lanes {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.both(other, |x, y| x + y)
    }
}

impl Sub for Lanes {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.both(other, |x, y| x - y)
    }
}

impl Mul for Lanes {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.both(other, |x, y| x * y)
    }
}

impl Number for f32 {
    #[inline(always)]
    fn if_above_zero(self, gate: Self, other: Self) -> Self {
        if gate > 0.0 { self } else { other }
    }

    #[inline(always)]
    fn root(self) -> Self {
        self.sqrt()
    }

    #[inline(always)]
    fn e_to_it(self) -> Self {
        crate::exp::exp(self)
    }
}

#[cfg(target_arch = "wasm32")]
impl Number for wide::f32x4 {
    #[inline(always)]
    fn if_above_zero(self, gate: Self, other: Self) -> Self {
        gate.simd_gt(Self::ZERO).bitselect(self, other)
    }

    #[inline(always)]
    fn root(self) -> Self {
        self.sqrt()
    }

    #[inline(always)]
    fn e_to_it(self) -> Self {
        use crate::exp::{AT_LEAST, AT_MOST, LN_2, POLYNOMIAL, ROUND};
        let x = self.fast_max(Self::splat(AT_LEAST)).fast_min(Self::splat(AT_MOST));
        let shifted = x * Self::splat(std::f32::consts::LOG2_E) + Self::splat(ROUND);
        let n = shifted - Self::splat(ROUND);
        let r = x - n * Self::splat(LN_2[0]) + n * Self::splat(LN_2[1]);
        let mut p = Self::splat(POLYNOMIAL[0]);
        for of in &POLYNOMIAL[1..] {
            p = p * r + Self::splat(*of);
        }
        let e = p * r * r + r + Self::ONE;
        let bits: wide::i32x4 = bytemuck::cast(shifted);
        let power = (bits << 23_u32) + wide::i32x4::splat(0x3f80_0000);
        e * bytemuck::cast::<wide::i32x4, Self>(power)
    }
}
