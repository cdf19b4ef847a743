//! The command line: one module a command, each with its arguments and a `run`.

use clap::{Args, Parser, Subcommand};

use self::processor::{Processor, choose};
use crate::memory;

pub mod ab;
pub mod blend;
pub mod cases;
pub mod coarse_ranker;
pub mod dmt;
pub mod generate;
mod held_out;
pub mod index;
pub mod judge;
pub mod knobs;
pub mod lessons;
pub mod manifest;
pub mod market;
pub mod measure;
pub mod mlpr;
pub mod moppr;
mod personas;
pub mod prepare;
mod processor;
pub mod rank;
pub mod record;
pub mod samples;
pub mod score;
pub mod tables;
pub mod yandex;

/// What `vitrine` is asked to do.
#[derive(Debug, Parser)]
#[command(name = "vitrine", version, about)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run two states of the playground, or the production shop, against each other: a simulated A/B
    /// test.
    Ab(ab::Arguments),
    /// Generate the market and write the assets that the browser loads.
    Generate(generate::Arguments),
    /// Build, search or measure an index over the vectors of any file.
    #[command(subcommand)]
    Index(index::Index),
    /// Judge the first products for queries whose answer is known.
    Judge(judge::Arguments),
    /// Run the checks of the lessons and print what the engine says.
    Lessons(lessons::Arguments),
    /// Name the files of the assets folder with their sizes and checksums, and list the lessons.
    Manifest(manifest::Arguments),
    /// Measure a link's state on the held-out page views, perhaps for several values of a knob.
    Measure(measure::Arguments),
    /// Write what the page shows before its engine has answered.
    Prepare(prepare::Arguments),
    /// Rank what a link asks for, and print it.
    Rank(rank::Arguments),
    /// Write down what links rank, to hold them to it later.
    Record(record::Arguments),
    /// Run a system over plain arrays and print every inside that has a name in its paper.
    Score(score::Arguments),
    /// Train a model.
    Train(Training),
    /// Train the variants in a paper's tables from several seeds and say how they compare.
    Evaluate(Evaluate),
    /// Say what comes of the papers' claims, of figures that `evaluate` has stored.
    Tables(tables::Stored),
}

/// A model to train, and what computes.
#[derive(Debug, Args)]
pub struct Training {
    /// What computes; all but the CPU has to be built in.
    #[arg(long, global = true, value_enum, default_value_t)]
    device: Processor,
    #[command(subcommand)]
    model: Train,
}

/// The models that can be trained.
#[derive(Debug, Subcommand)]
pub enum Train {
    /// The retriever.
    Moppr(moppr::Training),
    /// What cuts the retrieved products to fewer, between retriever and ranker.
    CoarseRanker(coarse_ranker::Training),
    /// The ranker.
    Dmt(dmt::Training),
    /// The retriever of the feed.
    Yandex(yandex::Training),
    /// The other ranker, for search.
    Mlpr(mlpr::Training),
}

/// The papers' tables, or one model beyond them.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Evaluate {
    /// What computes; all but the CPU has to be built in.
    #[arg(long, global = true, value_enum, default_value_t)]
    device: Processor,
    #[command(flatten)]
    tables: tables::Arguments,
    #[command(subcommand)]
    beyond: Option<Beyond>,
}

/// What the papers' tables do not ask of a model.
#[derive(Debug, Subcommand)]
pub enum Beyond {
    /// The retriever: against BM25, and over the weights of its objectives.
    Moppr(moppr::evaluate::Arguments),
    /// The retriever: whether expected GMV comes true.
    Gmv(moppr::gmv::Arguments),
    /// The ranker: against the truth behind the clicks.
    Dmt(dmt::evaluate::Arguments),
    /// The other ranker: the time it takes.
    Mlpr(mlpr::evaluate::Arguments),
    /// The blend: what its weights do to the order.
    Blend(blend::Arguments),
    /// Every knob: what it changes on the first page, and whether it keeps what it promises.
    Knobs(knobs::Arguments),
    /// What the log holds for the papers' samples.
    Samples(samples::Arguments),
}

impl Cli {
    /// Runs the command.
    ///
    /// # Errors
    /// Whatever stops the command, with what it was doing as context.
    pub fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Ab(arguments) => ab::run(&arguments),
            Command::Generate(arguments) => generate::run(&arguments),
            Command::Index(arguments) => index::run(&arguments),
            Command::Judge(arguments) => judge::run(&arguments),
            Command::Lessons(arguments) => lessons::run(&arguments),
            Command::Manifest(arguments) => manifest::run(&arguments),
            Command::Measure(arguments) => measure::run(&arguments),
            Command::Prepare(arguments) => prepare::run(&arguments),
            Command::Rank(arguments) => rank::run(&arguments),
            Command::Record(arguments) => record::run(&arguments),
            Command::Score(arguments) => score::run(&arguments),
            Command::Train(Training { device, model }) => {
                memory::keep();
                choose(device)?;
                match model {
                    Train::Moppr(arguments) => moppr::train(&arguments),
                    Train::CoarseRanker(arguments) => coarse_ranker::train(&arguments),
                    Train::Dmt(arguments) => dmt::train(&arguments),
                    Train::Yandex(arguments) => yandex::train(&arguments),
                    Train::Mlpr(arguments) => mlpr::train(&arguments),
                }
            }
            Command::Evaluate(Evaluate { device, tables, beyond }) => {
                memory::keep();
                choose(device)?;
                match beyond {
                    None => tables::run(&tables),
                    Some(Beyond::Moppr(arguments)) => moppr::evaluate::run(&arguments),
                    Some(Beyond::Gmv(arguments)) => moppr::gmv::run(&arguments),
                    Some(Beyond::Dmt(arguments)) => dmt::evaluate::run(&arguments),
                    Some(Beyond::Mlpr(arguments)) => mlpr::evaluate::run(&arguments),
                    Some(Beyond::Blend(arguments)) => blend::run(&arguments),
                    Some(Beyond::Knobs(arguments)) => knobs::run(&arguments),
                    Some(Beyond::Samples(arguments)) => samples::run(&arguments),
                }
            }
            Command::Tables(arguments) => tables::stored(&arguments),
        }
    }
}
