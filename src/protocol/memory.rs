//! What a larger shop takes of memory. It is counted in one place: the engine asks for as much before it takes
//! any, and the page offers no size that takes more of a device than [`SHARE`] says.

use systems::shared::ShopSize;

/// Bytes that a product may come to take of a tab's memory, whatever is chosen: itself and what is laid out of
/// it, its vector, a tree, BM25's lists, and what a search makes of it. docs/index.md has them one by one.
pub const OF_A_PRODUCT: u64 = 520;

/// The part of a device's memory that a larger shop may take: one in so many. The engine of the panels makes the
/// shop once more, and the browser and others want to live, too.
pub const SHARE: u64 = 8;

/// Bytes in what browsers call a gigabyte of memory.
const GIGABYTE: f64 = (1_u64 << 30) as f64;

/// Bytes that a shop may come to take beyond the one that ships.
pub fn needed(size: ShopSize) -> u64 {
    u64::from(size.products().unwrap_or(0)) * OF_A_PRODUCT
}

/// The same in millions of bytes, as it is said.
pub fn megabytes(size: ShopSize) -> String {
    (needed(size) / 1_000_000).to_string()
}

/// The largest shop that a device should be asked for whose browser says that it has so many gigabytes of
/// memory. Where it does not say, any.
pub fn largest(gigabytes: Option<f64>) -> ShopSize {
    let fits = |size: &ShopSize| {
        gigabytes.is_none_or(|has| (needed(*size) * SHARE) as f64 <= has * GIGABYTE)
    };
    ShopSize::ALL.iter().copied().rfind(fits).unwrap_or(ShopSize::Shipped)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values that browsers round to.
    #[test]
    fn a_device_is_offered_what_fits() {
        let largest = |gigabytes| largest(Some(gigabytes));
        for gigabytes in [4.0, 8.0, 16.0, 32.0] {
            assert_eq!(largest(gigabytes), ShopSize::Largest, "{gigabytes}");
        }
        assert_eq!(largest(2.0), ShopSize::Larger);
        for gigabytes in [0.25, 0.5, 1.0] {
            assert_eq!(largest(gigabytes), ShopSize::Large, "{gigabytes}");
        }
    }

    #[test]
    fn nothing_is_assumed_where_the_browser_does_not_say() {
        assert_eq!(largest(None), ShopSize::Largest);
    }

    #[test]
    fn the_shop_that_ships_fits_whatever_is_said() {
        for gigabytes in [0.0, -1.0, f64::NAN] {
            assert_eq!(largest(Some(gigabytes)), ShopSize::Shipped, "{gigabytes}");
        }
        assert_eq!(needed(ShopSize::Shipped), 0);
    }

    #[test]
    fn what_is_needed_rises_with_the_size() {
        assert!(ShopSize::ALL.iter().map(|size| needed(*size)).is_sorted());
        assert_eq!(megabytes(ShopSize::Largest), "520");
    }
}
