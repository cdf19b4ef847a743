//! What tells whether a platform computes as others do.

use crc32fast::Hasher;

use crate::mixture::Mixture;
use crate::{Builder, Index, IndexError, Options, Query, Reach, Rows};

/// A checksum over a tree's bytes and what searches in it find: the same natively and in every browser.
///
/// # Errors
/// None that a right program has.
pub fn fingerprint() -> Result<u32, IndexError> {
    let mixture = Mixture { dimension: 20, centres: 30, spread: 0.8, seed: 11 };
    let mut rows = Rows::new(mixture.dimension)?;
    for (number, vector) in (0..).zip(mixture.vectors(0..3_000)) {
        rows.push(number, &vector, (number % 7) as f32)?;
    }
    let options = Options { leaf: 32, further: 0.1, ..Options::new(3_000) };
    let tree = Builder::new(rows, options)?.finish();
    let mut bytes = Vec::new();
    tree.write(&mut bytes)?;
    let mut sum = Hasher::new();
    sum.update(&bytes);
    for query in mixture.vectors(3_000..3_020) {
        for hit in tree.search(&Query::new(&query, 0.05)?, 50, Reach::Beam(6))?.hits {
            sum.update(&hit.number.to_le_bytes());
            sum.update(&hit.score.to_le_bytes());
        }
    }
    Ok(sum.finalize())
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_the_one_that_is_written_down() {
        let written: u32 = include_str!("../../tests/index.json").trim().parse().unwrap();
        assert_eq!(super::fingerprint().unwrap(), written);
    }
}
