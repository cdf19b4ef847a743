//! Arithmetic over rows, some lanes at a time.

pub use crate::exp::exp;
pub use crate::lanes::LANES;
use crate::lanes::Lanes;

/// `f` of each number of a row, in its place.
#[inline(always)]
pub(crate) fn update(row: &mut [f32], f: impl Fn(Lanes) -> Lanes) {
    let (chunks, rest) = row.as_chunks_mut::<LANES>();
    for chunk in chunks {
        f(Lanes::read(chunk)).write(chunk);
    }
    if !rest.is_empty() {
        f(Lanes::read_short(rest)).write_short(rest);
    }
}

/// `f` of each number of a row and of the others that stand beside it, in the row's place. The others are as
/// long as the row, or longer.
#[inline(always)]
pub(crate) fn update_by<const N: usize>(
    row: &mut [f32],
    others: [&[f32]; N],
    f: impl Fn(Lanes, [Lanes; N]) -> Lanes,
) {
    let length = row.len();
    let whole = length / LANES * LANES;
    let others = others.map(|other| other[..length].split_at(whole));
    let chunks = others.map(|(chunks, _)| chunks.as_chunks::<LANES>().0);
    let (row, rest) = row.split_at_mut(whole);
    for (number, chunk) in row.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
        f(Lanes::read(chunk), chunks.map(|chunks| Lanes::read(&chunks[number]))).write(chunk);
    }
    if !rest.is_empty() {
        let others = others.map(|(_, rest)| Lanes::read_short(rest));
        f(Lanes::read_short(rest), others).write_short(rest);
    }
}

/// Sum of f over a row; f of zero is zero.
#[inline(always)]
pub(crate) fn sum(row: &[f32], f: impl Fn(Lanes) -> Lanes) -> f32 {
    let (chunks, rest) = row.as_chunks::<LANES>();
    let mut sum = Lanes::all(0.0);
    for chunk in chunks {
        sum = sum + f(Lanes::read(chunk));
    }
    if !rest.is_empty() {
        sum = sum + f(Lanes::read_short(rest));
    }
    sum.total()
}

/// Sum of the products of two rows of one length.
#[inline(always)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sum = Lanes::all(0.0);
    for (a, b) in a.iter().zip(b) {
        sum = sum + Lanes::read(a) * Lanes::read(b);
    }
    if !a_rest.is_empty() {
        sum = sum + Lanes::read_short(a_rest) * Lanes::read_short(b_rest);
    }
    sum.total()
}

/// Greatest of a row; of an empty one, less than anything.
#[inline(always)]
pub(crate) fn greatest(row: &[f32]) -> f32 {
    let (chunks, rest) = row.as_chunks::<LANES>();
    let mut most = Lanes::all(f32::MIN);
    for chunk in chunks {
        most = Lanes::read(chunk).greater(most);
    }
    rest.iter().fold(most.greatest(), |most, &x| if x > most { x } else { most })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_e_are_near_and_end_where_they_are_said_to() {
        let mut row: Vec<f32> = (0..401).map(|n| (n as f32 - 200.0) * 0.43).collect();
        let expected: Vec<f64> = row.iter().map(|&x| f64::from(x).exp()).collect();
        update(&mut row, |x| x.exp());
        for (found, expected) in row.iter().zip(expected) {
            assert!((f64::from(*found) / expected - 1.0).abs() < 4e-7, "{found} {expected}");
        }
        assert!(exp(f32::MIN) < 1e-37 && exp(1e30).is_finite());
    }

    #[test]
    fn what_is_over_whole_lanes_counts_too_and_nothing_else_does() {
        for length in [1, 15, 16, 17, 50] {
            let row: Vec<f32> = (0..length).map(|n| n as f32 - 20.0).collect();
            let twos = vec![2.0; length];
            let total: f32 = row.iter().sum();
            assert_eq!((sum(&row, |x| x), dot(&row, &twos)), (total, 2.0 * total), "{length}");
            assert_eq!(greatest(&row), length as f32 - 21.0);
            let mut moved = row.clone();
            update_by(&mut moved, [&twos], |x, [two]| x * two);
            assert!(moved.iter().zip(&row).all(|(moved, x)| *moved == 2.0 * x), "{length}");
        }
        assert_eq!(greatest(&[]), f32::MIN);
    }
}
