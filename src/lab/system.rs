//! What commands know of a system: how it is trained, run over plain arrays, and held against its paper's tables
//! and claims.

use std::fmt;

use anyhow::Result;

use crate::cli::market::Market;
use crate::cli::score::insides::Insides;
use crate::cli::score::read::Fields;
use crate::cli::sub::Sub;
use crate::tables::claims::Claim;
use crate::tables::study::Study;
use crate::tables::table::{self, Table};

/// A system as commands know it.
pub struct System {
    /// Its name.
    pub key: &'static str,
    /// How it is trained.
    pub train: Sub,
    /// What is measured of it beyond its paper's tables.
    pub evaluate: &'static [Sub],
    /// Runs the weights of a file over plain arrays.
    pub score: fn(&[u8], &Fields<'_>) -> Result<Insides>,
    /// The tables of its paper.
    pub tables: &'static [Table],
    /// What its paper's text states.
    pub claims: &'static [Claim],
    /// What is measured for its paper without training.
    pub studies: &'static [&'static Study],
    /// Makes what trains and measures the variants of its tables, on a market that so many fresh
    /// shoppers are tested on.
    pub measured: fn(&Market, u32) -> Result<Box<dyn table::System>>,
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.key)
    }
}
