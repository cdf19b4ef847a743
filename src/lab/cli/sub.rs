//! Commands below a command that a list names, each with the arguments of whoever brings it.

use std::fmt;
use std::marker::PhantomData;

use anyhow::Result;
use clap::error::ErrorKind;
use clap::{ArgMatches, Command, Error, FromArgMatches, Subcommand};

/// A command below another: what it is called, what it reads, what it runs.
pub struct Sub {
    /// What it is called.
    pub name: &'static str,
    /// What its help says first.
    pub about: &'static str,
    /// Puts its arguments to a command.
    pub arguments: fn(Command) -> Command,
    /// Runs it with what it was given.
    pub run: fn(&ArgMatches) -> Result<()>,
}

/// A command of this name, with what is said of it, its arguments and what runs with them.
macro_rules! sub {
    ($name:expr, $about:expr, $arguments:ty, $run:path) => {
        $crate::cli::sub::Sub {
            name: $name,
            about: $about,
            arguments: <$arguments as clap::Args>::augment_args,
            run: |matches| $run(&<$arguments as clap::FromArgMatches>::from_arg_matches(matches)?),
        }
    };
}

pub(crate) use sub;

/// Where commands below another are listed.
pub trait Listed {
    /// All of them, in the order in which they are shown.
    fn all() -> Vec<&'static Sub>;
}

/// The one of a list that was asked for, with what it was given.
pub struct Chosen<L> {
    sub: &'static Sub,
    matches: ArgMatches,
    of: PhantomData<L>,
}

impl<L> Chosen<L> {
    /// Runs it.
    ///
    /// # Errors
    /// Its own.
    pub fn run(&self) -> Result<()> {
        (self.sub.run)(&self.matches)
    }
}

impl<L> fmt::Debug for Chosen<L> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.sub.name)
    }
}

impl<L: Listed> FromArgMatches for Chosen<L> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let (name, matches) =
            matches.subcommand().ok_or_else(|| Error::new(ErrorKind::MissingSubcommand))?;
        let sub = L::all().into_iter().find(|sub| sub.name == name);
        let sub = sub.ok_or_else(|| Error::new(ErrorKind::InvalidSubcommand))?;
        Ok(Self { sub, matches: matches.clone(), of: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<L: Listed> Subcommand for Chosen<L> {
    fn augment_subcommands(command: Command) -> Command {
        let with = |command: Command, sub: &'static Sub| {
            let own = (sub.arguments)(Command::new(sub.name));
            command.subcommand(own.about(sub.about).long_about(None))
        };
        L::all().into_iter().fold(command, with)
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        L::all().iter().any(|sub| sub.name == name)
    }
}
