//! `vitrine rank`: what the page would show for a link, on the command line.

use std::path::PathBuf;

use anyhow::{Result, bail};
use burn::tensor::Device;
use clap::Args;

use super::notices::said;
use super::weights::Learned;
use crate::native::Folder;
use crate::native::Patient;
use engine::pipeline::Funnel;
use languages::english;
use link::State;
use protocol::blend;
use protocol::{Answer, Backend};

/// What to rank.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A link: an address of the page, or what stands in one behind `#`, for example
    /// "#q=couch&shopper=mara&w-order=4".
    #[arg(default_value = "")]
    pub link: String,
    /// A file of weights to rank with in place of those that ship.
    #[command(flatten)]
    pub learned: Learned,
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
/// Where the assets or a file of weights cannot be read, or the ranking fails.
pub fn run(arguments: &Arguments) -> Result<()> {
    let (mut state, dropped) = State::from_link(&arguments.link);
    for part in dropped {
        eprintln!("note: {}", english(&part.says));
    }
    futures::executor::block_on(async {
        let folder = Folder(arguments.assets.clone());
        let mut funnel =
            Funnel::load(Backend::Cpu, Device::flex(), folder, |_| ()).await.map_err(said)?;
        arguments.learned.bring(&mut funnel, &mut state)?;
        let Some(answer) = funnel.run(1, &state, &Patient::default()).await.map_err(said)? else {
            bail!("nobody waits for the answer");
        };
        print(&answer, &state, &funnel, arguments.top);
        Ok(())
    })
}

/// A number with so many digits behind the point. What is 0 to the last of them has no sign.
fn digits(number: impl Into<f64>, count: usize) -> String {
    let number: f64 = number.into();
    let said = format!("{number:.count$}");
    match said.strip_prefix('-') {
        Some(zero) if zero.chars().all(|c| matches!(c, '0' | '.')) => zero.into(),
        _ => said,
    }
}

fn print(answer: &Answer, state: &State, funnel: &Funnel<Folder>, top: usize) {
    for notice in &answer.notices {
        eprintln!("note: {}", english(&notice.says));
    }
    let catalogue = &funnel.stock().catalogue;
    let categories = answer.retrieval.categories.iter().take(3).map(|(id, probability)| {
        format!("{} {}", catalogue.product_types[usize::from(*id)].name, digits(*probability, 2))
    });
    println!("categories: {}", categories.collect::<Vec<_>>().join(", "));
    println!("effective candidates: {}", digits(answer.retrieval.effective_candidates, 1));
    let tasks = answer.ranker.tasks;
    let names: String = tasks.iter().map(|task| format!(" {:>7}", task.name())).collect();
    println!("{:>4} {:>7}{names} {:>9}  title", "", "score", "retrieval");
    let order = blend::order(&answer.candidates, answer.predicted(), &state.settings);
    for (place, ranked) in order.iter().take(top).enumerate() {
        let candidate = &answer.candidates[ranked.candidate];
        let probabilities: String = (0..tasks.len())
            .map(|task| blend::probability(candidate, task, &state.settings))
            .map(|probability| format!(" {:>7}", digits(probability, 4)))
            .collect();
        println!(
            "{:>4} {:>7}{probabilities} {:>9}  {}",
            place + 1,
            digits(ranked.score, 4),
            digits(candidate.retrieval_score, 4),
            catalogue.products[candidate.product as usize].title
        );
    }
    for time in &answer.timings {
        println!("{:>9}: {} ms", time.stage, digits(time.milliseconds, 2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_as_zero_has_no_sign_and_nothing_else_changes() {
        for (number, count, said) in [
            (-0.0, 4, "0.0000"),
            (-0.00004, 4, "0.0000"),
            (-0.00006, 4, "-0.0001"),
            (-0.04, 1, "0.0"),
            (-0.4, 0, "0"),
            (-1.5, 2, "-1.50"),
            (0.25, 4, "0.2500"),
            (-10.0, 0, "-10"),
            (f32::NEG_INFINITY, 2, "-inf"),
            (f32::NAN, 2, "NaN"),
        ] {
            assert_eq!(digits(number, count), said);
        }
    }
}
