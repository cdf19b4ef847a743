//! The systems that are worked on here, each on a line: how each is trained, run over plain arrays, and
//! held against its paper's tables and claims. No command knows one of them but through this list.

use std::fmt;

use anyhow::Result;

use crate::cli::market::Market;
use crate::cli::score::{Fields, Insides};
use crate::cli::sub::Sub;
use crate::cli::{dmt, mlpr, moppr, yandex};
use crate::tables::claims::Claim;
use crate::tables::study::Study;
use crate::tables::table::{self, Table};

/// Systems, in the order of their tables.
pub static SYSTEMS: [&System; 4] = [&moppr::SYSTEM, &mlpr::SYSTEM, &dmt::SYSTEM, &yandex::SYSTEM];

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

/// The system of this name.
pub fn system(key: &str) -> Option<&'static System> {
    SYSTEMS.into_iter().find(|system| system.key == key)
}

/// Every table, a system after the other.
pub fn tables() -> impl Iterator<Item = &'static Table> {
    SYSTEMS.into_iter().flat_map(|system| system.tables)
}

/// Every study, a system after the other.
pub fn studies() -> impl Iterator<Item = &'static Study> {
    SYSTEMS.into_iter().flat_map(|system| system.studies).copied()
}
