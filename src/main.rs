//! The command line.

use clap::Parser;

fn main() -> anyhow::Result<()> {
    // A reader that has enough, as `head` has, ends the program in silence.
    sigpipe::reset();
    lab::cli::Cli::parse().run()
}
