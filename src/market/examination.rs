//! What the place on a page does to a click: how surely it is looked at, and how near neighbours
//! of the same category compete with it.

use super::catalogue::ProductTypeId;
use super::features::places::NEIGHBOURS;
use super::history::PageDevice;

/// Probability that a place is looked at.
///
/// `index` counts from 0 over all pages. Places fall off with the depth of their row, faster on
/// a large screen, where a row holds five products, than on a phone with two.
pub fn examination(page: u16, index: u16, device: PageDevice) -> f32 {
    let (columns, slope, power) = match device {
        PageDevice::Phone => (2.0, 0.16, 0.95),
        PageDevice::Desktop => (5.0, 0.5, 0.9),
    };
    let index = f32::from(index);
    let row = libm::floorf(index / columns);
    let column = index - row * columns;
    // Within a row the eye moves left to right, by a quarter of a row's worth.
    let depth = row + 0.25 * column / columns;
    let reach = libm::powf(1.0 + slope * depth, -power);
    0.96 * reach * libm::powf(0.94, f32::from(page))
}

/// Factor that competition from neighbours of the same category puts on a click: at most 1.
///
/// `types` are the categories of the list in order; the [`NEIGHBOURS`] of `index` count,
/// the nearer the more (DMT 4.4).
pub fn competition(types: &[ProductTypeId], index: usize) -> f32 {
    let own = types[index];
    let mut pressure = 0.0;
    for neighbour in neighbours(types.len(), index) {
        if types[neighbour] == own {
            pressure += match neighbour.abs_diff(index) {
                1 => 0.26,
                2 => 0.18,
                _ => 0.12,
            };
        }
    }
    1.0 / (1.0 + pressure)
}

/// Indices of the [`NEIGHBOURS`] places nearest to `index` in a list of `length`, rising: as many on
/// each side, and more of the other side at an end.
pub fn neighbours(length: usize, index: usize) -> impl Iterator<Item = usize> {
    let window = (NEIGHBOURS + 1).min(length);
    let first = index.saturating_sub(NEIGHBOURS / 2).min(length - window);
    (first..first + window).filter(move |place| *place != index)
}
