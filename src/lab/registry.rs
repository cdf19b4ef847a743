//! The systems that are worked on here, each on a line. No command knows one of them but through this list.

use crate::cli::{dmt, mlpr, moppr, yandex};
use crate::system::System;
use crate::tables::claims::Claim;
use crate::tables::study::Study;
use crate::tables::table::Table;

/// Systems, in the order of their tables.
pub static SYSTEMS: [&System; 4] = [&moppr::SYSTEM, &mlpr::SYSTEM, &dmt::SYSTEM, &yandex::SYSTEM];

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

/// Every claim, paper by paper.
pub fn claims() -> impl Iterator<Item = &'static Claim> {
    SYSTEMS.into_iter().flat_map(|system| system.claims)
}
