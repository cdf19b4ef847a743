//! `vitrine rank`: what the page would show for a link, on the command line.

use std::path::PathBuf;

use anyhow::{Result, anyhow, bail};
use burn::tensor::Device;
use clap::Args;

use crate::native::Folder;
use crate::native::Patient;
use engine::pipeline::Funnel;
use languages::english;
use link::State;
use protocol::blend;
use protocol::{Answer, Backend, Notice};

/// What to rank.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A link: an address of the page, or what stands in one behind `#`, for example
    /// "#q=couch&shopper=mara&w-order=4".
    #[arg(default_value = "")]
    pub link: String,
    /// Folder of the assets.
    #[arg(long, default_value = "assets")]
    pub assets: PathBuf,
    /// Products to print.
    #[arg(long, default_value_t = 10)]
    pub top: usize,
}

/// Runs the command.
///
/// # Errors
/// Where the assets cannot be read or the ranking fails.
pub fn run(arguments: &Arguments) -> Result<()> {
    let (state, dropped) = State::from_link(&arguments.link);
    for part in dropped {
        eprintln!("note: {}", english(&part.says));
    }
    futures::executor::block_on(async {
        let folder = Folder(arguments.assets.clone());
        let mut funnel =
            Funnel::load(Backend::Cpu, Device::flex(), folder, |_| ()).await.map_err(said)?;
        let Some(answer) = funnel.run(1, &state, &Patient::default()).await.map_err(said)? else {
            bail!("nobody waits for the answer");
        };
        print(&answer, &state, &funnel, arguments.top);
        Ok(())
    })
}

/// The number, or 0 where four digits are all that is printed and all are 0.
fn unsigned_zero(number: f32) -> f32 {
    if number.abs() < 0.00005 { 0.0 } else { number }
}

pub(super) fn said(notice: Notice) -> anyhow::Error {
    anyhow!(english(&notice.says))
}

fn print(answer: &Answer, state: &State, funnel: &Funnel<Folder>, top: usize) {
    for notice in &answer.notices {
        eprintln!("note: {}", english(&notice.says));
    }
    let catalogue = &funnel.stock().catalogue;
    let categories = answer.retrieval.categories.iter().take(3).map(|(id, probability)| {
        format!("{} {probability:.2}", catalogue.product_types[usize::from(*id)].name)
    });
    println!("categories: {}", categories.collect::<Vec<_>>().join(", "));
    println!("effective candidates: {:.1}", answer.retrieval.effective_candidates);
    let tasks = answer.ranker.tasks;
    let names: String = tasks.iter().map(|task| format!(" {:>7}", task.name())).collect();
    println!("{:>4} {:>7}{names} {:>9}  title", "", "score", "retrieval");
    let order = blend::order(&answer.candidates, answer.predicted(), &state.settings);
    for (place, ranked) in order.iter().take(top).enumerate() {
        let candidate = &answer.candidates[ranked.candidate];
        let probabilities: String = (0..tasks.len())
            .map(|task| format!(" {:>7.4}", blend::probability(candidate, task, &state.settings)))
            .collect();
        println!(
            "{:>4} {:>7.4}{probabilities} {:>9.4}  {}",
            place + 1,
            unsigned_zero(ranked.score),
            unsigned_zero(candidate.retrieval_score),
            catalogue.products[candidate.product as usize].title
        );
    }
    for time in &answer.timings {
        println!("{:>9}: {:.2} ms", time.stage, time.milliseconds);
    }
}
