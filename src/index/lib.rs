//! Vector search on the CPU: rows of int8 with a scale each, exact search over all of them, and a
//! hierarchical clustering tree that looks at some (MOPPR 6).
//!
//! It knows no layer, no tensor, no clock and no file, and what the numbers of its vectors stand for is
//! none of its business. What holds throughout:
//!
//! - The same vectors, options and seed give the same bytes and the same hits, native and in the
//!   browser: dot products are whole numbers, no sum of floats is reordered, and nothing is computed by
//!   what differs by platform.
//! - Hits fall by score, and of equal scores the lower number comes first. So hits do not hang on the
//!   order in which rows lie, and those of shards merge to those of the whole ([`merge`], [`Shards`]).
//! - Whatever was let in is finite and of bounded size, so that no score is NaN or infinite.
//!
//! A score is the inner product of the vectors as they are kept, in f32: the whole-number dot product
//! times both scales. Where vectors have a further value (the logarithm of the price, for expected GMV:
//! MOPPR 7.2), which is orders of magnitude larger than the others and would take all of int8's range,
//! it stays f32 beside the row, and query's times row's is added.

mod best;
mod builder;
mod bytes;
mod exact;
mod fingerprint;
mod kernel;
mod means;
pub mod mixture;
mod options;
mod places;
mod query;
mod random;
mod rows;
mod shards;
#[cfg(test)]
mod tests;
mod tree;

pub use best::{Hit, merge};
pub use builder::{Builder, Step};
pub use exact::Exact;
pub use fingerprint::fingerprint;
pub use options::Options;
pub use query::Query;
pub use rows::Rows;
pub use shards::{Shards, parts};
pub use tree::{Among, Cluster, Shape, Tree};

/// Numbers of vectors are below this: a table has four bytes for each.
pub const MOST: u32 = 1 << 26;
/// The most values that a vector may have.
pub const WIDEST: usize = 1 << 16;
/// The largest size of a value: beyond it, a score might not fit in f32.
pub const LARGEST: f32 = 1e15;

/// Something that finds the vectors with the largest inner product.
pub trait Index {
    /// Values of a vector, without the further one.
    fn dimension(&self) -> usize;

    /// Number of vectors.
    fn len(&self) -> usize;

    /// Whether there is nothing to find.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The best `k`, or all where there are fewer, and what was looked at for them.
    ///
    /// # Errors
    /// [`IndexError::Dimension`] if the query is of other vectors.
    fn search(&self, query: &Query, k: usize, reach: Reach) -> Result<Found, IndexError>;

    /// The score that a search gives to one vector, if it is there.
    ///
    /// # Errors
    /// [`IndexError::Dimension`] if the query is of other vectors.
    fn score(&self, query: &Query, number: u32) -> Result<Option<f32>, IndexError>;

    /// Adds a vector under its number, with its further value (0 where there is none).
    ///
    /// # Errors
    /// If the number is taken or beyond [`MOST`], or the vector is not one of this index's.
    fn insert(&mut self, number: u32, vector: &[f32], further: f32) -> Result<(), IndexError>;

    /// Takes a vector out; whether it was there.
    fn remove(&mut self, number: u32) -> bool;

    /// The clusters that a vector sits in, from below the root to its leaf; `None` if it is not there.
    /// Empty in an index without clusters.
    fn path(&self, number: u32) -> Option<Vec<u32>>;
}

/// How far a search looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// At every vector.
    All,
    /// At the vectors of this many leaves, found by keeping as many clusters on each level. At least
    /// one. Exact search knows no leaves and looks at every vector all the same.
    Beam(usize),
}

/// What a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The best, falling by score; of equal scores the lower number first.
    pub hits: Vec<Hit>,
    /// What was scored to find them.
    pub scored: Scored,
    /// Clusters that were kept, a list for each level from below the root to the leaves, the best
    /// first. Empty where every vector was looked at.
    pub kept: Vec<Vec<u32>>,
}

impl Found {
    /// The level, from 0, at which the search turned away from whoever sits in the clusters of this
    /// path ([`Index::path`]); `None` if it looked at its leaf.
    pub fn lost_at(&self, path: &[u32]) -> Option<usize> {
        self.kept.iter().zip(path).position(|(kept, cluster)| !kept.contains(cluster))
    }
}

/// Inner products that a search computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scored {
    /// With vectors.
    pub vectors: usize,
    /// With the centroids of clusters.
    pub centroids: usize,
}

/// Why something cannot be indexed, asked or read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum IndexError {
    /// A value of a vector.
    #[error(
        "vector {number}: value {place} is {value}; values are finite numbers up to 1e15 in size"
    )]
    Value {
        /// The vector's number.
        number: u32,
        /// Which of its values, from 0; its length is the further value.
        place: usize,
        /// What it is.
        value: f32,
    },
    /// A value of a query.
    #[error("the query: value {place} is {value}; values are finite numbers up to 1e15 in size")]
    QueryValue {
        /// Which of its values, from 0; its length is the further value.
        place: usize,
        /// What it is.
        value: f32,
    },
    /// A vector or query that is of another dimension.
    #[error("{found} values, where vectors have {expected}")]
    Dimension {
        /// How many it has.
        found: usize,
        /// How many it should have.
        expected: usize,
    },
    /// A dimension that no index can have.
    #[error("vectors of {0} values; from 1 to 65,536 can be indexed")]
    Width(usize),
    /// Two vectors under one number.
    #[error("vector {0} is there already; remove it before another takes its number")]
    Taken(u32),
    /// A number that would make the table of numbers too long.
    #[error("number {0} is too large; vectors are numbered below 67,108,864, without large gaps")]
    Beyond(u32),
    /// Options that no tree can be built by.
    #[error("{0}")]
    Options(&'static str),
    /// Rows that are not those that a build was begun with.
    #[error("the build was begun with other vectors; begin it anew")]
    OtherRows,
    /// Bytes that are something else.
    #[error("this is not {0}, or not one of this program's")]
    Foreign(&'static str),
    /// Bytes of another version of the format.
    #[error("version {found} of the format, where this program reads {expected}; build it anew")]
    Version {
        /// What they are of.
        found: u32,
        /// What is read here.
        expected: u32,
    },
    /// Bytes that end too early.
    #[error("cut short: it ends after {0} bytes, in the middle")]
    Cut(u64),
    /// Bytes whose checksum is another.
    #[error("damaged: its checksum is not that of its bytes; build it anew")]
    Damaged,
    /// Bytes that say what cannot be.
    #[error("damaged: {0}; build it anew")]
    Absurd(&'static str),
    /// What reading or writing failed with.
    #[error("{0}")]
    Io(String),
}
