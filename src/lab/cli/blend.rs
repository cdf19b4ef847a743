//! `vitrine evaluate blend`: what each blend's weights do to the order, in a table.

use std::path::PathBuf;

use anyhow::Result;
use burn::tensor::Device;
use clap::Args;
use futures::executor::block_on;

use super::cases::{QUERIES, SHOPPERS, TOP, asked_by_all, ranked};
use super::notices::said;
use crate::native::Folder;
use engine::pipeline::Funnel;
use engine::pipeline::assets::AssetSource;
use link::State;
use market::catalogue::ProductId;
use protocol::blend;
use protocol::{Answer, Backend};
use systems::knob::Settings;
use systems::shared::{BLEND, Blend, weight_of};
use systems::{Ranker, Task, registry};

/// What to read.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Folder of the assets.
    #[arg(long, default_value = "assets")]
    pub assets: PathBuf,
}

/// What became of the top when one weight went from 1 to 0, the others at 1, over all queries and
/// shoppers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Turned {
    /// Whose scores.
    pub ranker: &'static Ranker,
    /// The blend.
    pub blend: Blend,
    /// Whose weight.
    pub task: Task,
    /// Share of the cases in which another product comes first.
    pub first: f64,
    /// Share of the cases in which the first ten are others, or in another order.
    pub ten: f64,
    /// Products among the first ten that were not there before, on average.
    pub new: f64,
}

/// Runs the command.
///
/// # Errors
/// Where the assets cannot be read or a ranking fails.
pub fn run(arguments: &Arguments) -> Result<()> {
    let folder = Folder(arguments.assets.clone());
    let load = Funnel::load(Backend::Cpu, Device::flex(), folder, |_| ());
    let mut funnel = block_on(load).map_err(said)?;
    let turned = measure(&mut funnel)?;
    let cases = QUERIES.len() * SHOPPERS.len();
    println!("# What the blend's weights do\n");
    println!("Written by `vitrine evaluate blend`.\n");
    println!(
        "Each weight of the blend goes from 1 to 0, the others stay at 1, for {} queries by {} \
         shoppers, {cases} cases for each ranker: how often another product comes first, how often \
         the first {TOP} are not the same in the same order, and how many of them are new. A blend's \
         sliders are worth as much as the lesser of click and order, over both rankers: the page \
         opens with the blend in which that one does most. The blends' formulas are in \
         [explain.md](explain.md).\n",
        QUERIES.len(),
        SHOPPERS.len()
    );
    println!("| ranker | blend | weight | another first | another first {TOP} | new among them |");
    println!("| --- | --- | --- | ---: | ---: | ---: |");
    for Turned { ranker, blend, task, first, ten, new } in &turned {
        let ranker = ranker.key.to_uppercase();
        let (blend, task) = (name(*blend), task.name());
        let (first, ten) = (100.0 * first, 100.0 * ten);
        println!("| {ranker} | {blend} | {task} | {first:.0} % | {ten:.0} % | {new:.1} |");
    }
    let each = |say: fn(&[Turned], Blend) -> String| {
        let one = |&blend: &Blend| format!("{} {}", name(blend), say(&turned, blend));
        Blend::ALL.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    let first = each(|turned, blend| format!("{:.0} %", 100.0 * least(turned, blend, |t| t.first)));
    let new = each(|turned, blend| format!("{:.1}", least(turned, blend, |t| t.new)));
    println!("\nBy the lesser slider: another first {first}; new among the first {TOP} {new}.");
    if let Some(sentence) = without_effect_on_the_first(&turned) {
        println!("\n{sentence}");
    }
    Ok(())
}

/// What is to be said of the weights that change the first product in no case, in the blend that the
/// page opens with.
pub fn without_effect_on_the_first(turned: &[Turned]) -> Option<String> {
    let default = Blend::of(&Settings::default());
    let mut of_rankers: Vec<(&str, Vec<&str>)> = Vec::new();
    for Turned { ranker, blend, task, first, .. } in turned {
        if *blend != default || *first > 0.0 {
            continue;
        }
        match of_rankers.last_mut() {
            Some((last, tasks)) if *last == ranker.key => tasks.push(task.name()),
            _ => of_rankers.push((ranker.key, vec![task.name()])),
        }
    }
    let of_one = |(ranker, tasks): &(&str, Vec<&str>)| {
        format!("with {} those of {}", ranker.to_uppercase(), tasks.join(" and "))
    };
    let said: Vec<String> = of_rankers.iter().map(of_one).collect();
    (!said.is_empty()).then(|| {
        format!(
            "In the blend that the page opens with ({}), some sliders change the first product in \
             none of these cases: {}. What they move stands behind it.",
            name(default),
            said.join(", ")
        )
    })
}

fn name(blend: Blend) -> &'static str {
    Blend::KEYS[blend.value() as usize]
}

/// What whichever does less of the two sliders that every ranker has does, of click and of order,
/// each as the mean over the rankers.
pub fn least(turned: &[Turned], blend: Blend, what: fn(&Turned) -> f64) -> f64 {
    let mean = |task| {
        let of_task = turned.iter().filter(|turned| (turned.blend, turned.task) == (blend, task));
        let (sum, count) =
            of_task.fold((0.0, 0.0), |(sum, n), turned| (sum + what(turned), n + 1.0));
        sum / f64::max(count, 1.0)
    };
    f64::min(mean(Task::Click), mean(Task::Order))
}

/// Turns every weight of every blend over all queries and shoppers.
///
/// # Errors
/// Where a ranking fails.
pub fn measure<S: AssetSource>(funnel: &mut Funnel<S>) -> Result<Vec<Turned>> {
    let mut all = Vec::new();
    for ranker in registry::RANKERS.into_iter().filter(|ranker| !ranker.tasks.is_empty()) {
        let states = asked_by_all(&State::default().ranked_by(ranker));
        let answers: Vec<Answer> =
            states.iter().map(|state| ranked(funnel, state)).collect::<Result<_>>()?;
        for &blend in Blend::ALL {
            all.extend(ranker.tasks.iter().map(|&task| turn(&answers, ranker, blend, task)));
        }
    }
    Ok(all)
}

fn turn(answers: &[Answer], ranker: &'static Ranker, blend: Blend, task: Task) -> Turned {
    // All weights stand at 1.
    let ones = Settings::default().with(&BLEND, blend.value());
    let without = ones.clone().with(weight_of(task), 0.0);
    let (mut first, mut ten, mut new) = (0, 0, 0);
    for answer in answers {
        let (before, after) = (top(answer, &ones), top(answer, &without));
        first += usize::from(before.first() != after.first());
        ten += usize::from(before != after);
        new += after.iter().filter(|product| !before.contains(product)).count();
    }
    let share = |count: usize| count as f64 / answers.len().max(1) as f64;
    Turned { ranker, blend, task, first: share(first), ten: share(ten), new: share(new) }
}

fn top(answer: &Answer, settings: &Settings) -> Vec<ProductId> {
    let order = blend::order(&answer.candidates, answer.predicted(), settings);
    order.iter().take(TOP).map(|ranked| answer.candidates[ranked.candidate].product).collect()
}
