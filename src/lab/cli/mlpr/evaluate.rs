//! `vitrine evaluate mlpr`: the paper's table 5.

use anyhow::Result;
use clap::Args;

use super::gather;
use super::times::{Latency, ROWS, table_5};
use crate::cli::market::Market;

/// What to time.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    market: Market,
}

/// Table 5: milliseconds at the 99th percentile to rank 100 products.
const PAPER: [f64; 4] = [58.0, 96.0, 171.0, 112.0];

/// Prints the table.
///
/// # Errors
/// Where a file cannot be read.
pub fn run(arguments: &Arguments) -> Result<()> {
    let gathered = gather(&arguments.market)?;
    println!(
        "From a query to 100 ranked products, on one core: wide features, encoders, model, \
         sorting. Milliseconds.\n\n| | median | 99th percentile | the paper's |\n\
         |---|---:|---:|---:|"
    );
    let rows = ROWS.iter().zip(table_5(&gathered)?).zip(PAPER);
    for ((name, Latency { median, p99, .. }), paper) in rows {
        println!("| {name} | {median:.2} | {p99:.2} | {paper:.0} |");
    }
    Ok(())
}
