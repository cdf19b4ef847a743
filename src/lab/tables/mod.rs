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
//! | [`report`] | what came of it all, as plain data |
//! | [`significance`] | what tells a difference from chance |
//! | [`table`] | what a table and a system are |
//! | [`results`] | measured figures on disk |
//! | [`compare`] | from figures to a report |
//! | [`study`] | what is measured once, without training: a log, a model's insides, times |
//! | [`claims`] | what the papers' texts state, and what decides it |
//! | [`page`] | a report as a page of text |
//! | [`moppr`], [`mlpr`], [`dmt`], [`yandex`] | one system's tables and variants |

pub mod claims;
pub mod compare;
pub mod dmt;
pub mod mlpr;
pub mod moppr;
pub mod page;
pub mod report;
pub mod results;
pub mod significance;
pub mod study;
pub mod table;
pub mod yandex;
