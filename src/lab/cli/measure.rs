//! `vitrine measure`: what a link's state does on the held-out page views, by what the market
//! knows, for each value of one knob.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use burn::tensor::Device;
use clap::Args;
use futures::executor::block_on;

use super::notices::said;
use super::weights::Learned;
use crate::native::Folder;
use crate::native::Patient;
use engine::pipeline::Funnel;
use languages::english;
use link::State;
use link::knobs::read_text;
use market::metrics::Mean;
use market::metrics::measure::{Against, Measure, place};
use protocol::Backend;
use systems::registry;

/// What to measure.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Query string of a link, for example "?gmv=on". Query, shopper and history are the views'.
    #[arg(default_value = "")]
    pub link: String,
    /// Name in links of the knob that is turned.
    #[arg(long, requires = "values")]
    pub knob: Option<String>,
    /// Its values, with commas between.
    #[arg(long, value_delimiter = ',')]
    pub values: Vec<String>,
    /// Page views to measure on, at most.
    #[arg(long, default_value_t = u32::MAX)]
    pub views: u32,
    /// A file of weights to measure in place of those that ship.
    #[command(flatten)]
    pub learned: Learned,
    /// Folder of the assets.
    #[arg(long, default_value = "assets")]
    pub assets: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// Where the assets or a file of weights cannot be read, or a ranking fails.
pub fn run(arguments: &Arguments) -> Result<()> {
    let (mut state, dropped) = State::from_link(&arguments.link);
    for part in dropped {
        eprintln!("note: {}", english(&part.says));
    }
    let folder = Folder(arguments.assets.clone());
    let funnel = Funnel::load(Backend::Cpu, Device::flex(), folder, |_| ());
    let mut funnel = block_on(funnel).map_err(said)?;
    arguments.learned.bring(&mut funnel, &mut state)?;
    let mut states = Vec::new();
    match &arguments.knob {
        None => states.push(("as it is".to_owned(), state)),
        Some(key) => {
            let knob = registry::knob(key).ok_or_else(|| anyhow!("no knob is called {key:?}"))?;
            for value in &arguments.values {
                let mut state = state.clone();
                read_text(knob, &mut state.settings, value)
                    .map_err(|why| anyhow!(english(&why)))?;
                states.push((value.clone(), state));
            }
        }
    }
    print!("| {} |", arguments.knob.as_deref().unwrap_or(""));
    Measure::ALL.iter().for_each(|(_, name)| print!(" {name} |"));
    print!("\n| --- |");
    Measure::ALL.iter().for_each(|_| print!(" ---: |"));
    println!();
    for (value, state) in states {
        let caller = Patient::default();
        let evaluated = block_on(funnel.evaluate(1, &state, 0, arguments.views, &caller));
        if let Some(notice) = evaluated.notices.into_iter().next() {
            return Err(said(notice));
        }
        print!("| {value} |");
        for (measure, _) in Measure::ALL {
            let at = place(Against::Truth, measure);
            let mean: Mean =
                evaluated.values.iter().map(|values| values[at].map(f64::from)).collect();
            let shown = mean.value().map_or(String::new(), |value| format!("{value:.4}"));
            print!(" {shown} |");
        }
        println!();
    }
    Ok(())
}
