//! The papers' tables, on the generated market: which variants a table has, which of them the
//! paper compares, and whether the direction of each comparison comes out here.
//!
//! A table is a list of rows, each a named variant with the paper's own figures, and of the pairs
//! of rows that the paper compares. A system trains a variant from one seed and
//! measures it on the held-out day, as a whole and by blocks of shoppers. The same variant may
//! stand in several tables; it is trained once a seed, and what was measured is kept on disk.
//!
//! | file | what it is for |
//! | --- | --- |
//! | [`report`] | what came of it all, as plain data: the only part that is not native |
//! | [`significance`] | the paired t-test |
//! | [`table`] | what a table and a system are |
//! | [`results`] | measured figures on disk |
//! | [`compare`] | from figures to a report |
//! | [`page`] | a report as a page of text |
//! | [`moppr`], [`mlpr`], [`dmt`], [`yandex`] | one system's tables and variants |

#[cfg(feature = "cli")]
pub mod compare;
#[cfg(feature = "cli")]
pub mod dmt;
#[cfg(feature = "cli")]
pub mod mlpr;
#[cfg(feature = "cli")]
pub mod moppr;
#[cfg(feature = "cli")]
pub mod page;
pub mod report;
#[cfg(feature = "cli")]
pub mod results;
#[cfg(feature = "cli")]
pub mod significance;
#[cfg(feature = "cli")]
pub mod table;
#[cfg(feature = "cli")]
pub mod yandex;
