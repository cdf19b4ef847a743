//! The command line: one module a command, each with its arguments and a `run`.

use clap::{Args, Parser, Subcommand};

use self::processor::{Processor, choose};
use self::sub::{Chosen, Listed, Sub, sub};
use crate::memory;
use crate::registry::SYSTEMS;

pub mod ab;
mod bars;
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
mod notices;
mod personas;
pub mod prepare;
mod processor;
pub mod rank;
pub mod record;
pub mod samples;
pub mod score;
pub mod study;
pub mod sub;
pub mod tables;
pub mod weights;
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
    /// Measure what the papers show of a log, of a model's insides and of a clock: figures that no
    /// training stands behind.
    Study(study::Arguments),
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
    model: Chosen<Trained>,
}

/// The models that can be trained: the systems, and what stands between them.
#[derive(Debug)]
pub struct Trained;

impl Listed for Trained {
    fn all() -> Vec<&'static Sub> {
        let systems = SYSTEMS.into_iter().map(|system| &system.train);
        systems.chain([&coarse_ranker::TRAIN]).collect()
    }
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
    beyond: Option<Chosen<Beyond>>,
}

/// What the papers' tables do not ask: of each system, and of all of them.
#[derive(Debug)]
pub struct Beyond;

/// What is asked of all systems.
static OF_ALL: [Sub; 4] = [
    sub!("blend", "The blend: what its weights do to the order", blend::Arguments, blend::run),
    sub!(
        "knobs",
        "Every knob: what it changes on the first page, and whether it keeps what it promises",
        knobs::Arguments,
        knobs::run
    ),
    sub!("samples", "What the log holds for the papers' samples", samples::Arguments, samples::run),
    sub!(
        "weights",
        "Files of a ranker's weights: what they come to where the tab tests what it learned",
        weights::Arguments,
        weights::run
    ),
];

impl Listed for Beyond {
    fn all() -> Vec<&'static Sub> {
        SYSTEMS.into_iter().flat_map(|system| system.evaluate).chain(&OF_ALL).collect()
    }
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
            Command::Study(arguments) => study::run(&arguments),
            Command::Train(Training { device, model }) => {
                memory::keep();
                choose(device)?;
                model.run()
            }
            Command::Evaluate(Evaluate { device, tables, beyond }) => {
                memory::keep();
                choose(device)?;
                match beyond {
                    None => tables::run(&tables),
                    Some(beyond) => beyond.run(),
                }
            }
            Command::Tables(arguments) => tables::stored(&arguments),
        }
    }
}
