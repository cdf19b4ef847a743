//! The command line.

use clap::Parser;

fn main() -> anyhow::Result<()> {
    vitrine::cli::Cli::parse().run()
}
