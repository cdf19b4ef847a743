//! `vitrine evaluate knobs`: what each knob changes on the first page, and whether the weights of the
//! objectives keep what their labels promise. The rows are the registry's: a knob that is added there
//! is here without a line.

pub mod promise;
pub mod turn;

use std::path::PathBuf;

use anyhow::Result;
use burn::tensor::Device;
use clap::Args;
use futures::executor::block_on;

use self::promise::{Promise, Truth, promises};
use self::turn::{Shelf, ends};
use super::cases::{QUERIES, SHOPPERS, TOP, asked_by_all, ranked};
use super::notices::said;
use crate::native::Folder;
use engine::pipeline::Funnel;
use engine::pipeline::assets::AssetSource;
use languages::english;
use link::State;
use link::knobs::text_of;
use market::language::Message;
use protocol::Backend;
use systems::Ranker;
use systems::knob::{Control, Group, Idle, Knob};
use systems::registry::{RANKERS, is_in_use, knobs};
use systems::shared::{BACKEND, RANKER, RELEVANCE_CONTROL, RETRIEVER, RETRIEVER_WEIGHTS, WEIGHTS};

/// What to read.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Folder of the assets.
    #[arg(long, default_value = "assets")]
    pub assets: PathBuf,
    /// A link whose settings take the place of the defaults; query, shopper and history are the cases'.
    #[arg(long, default_value = "")]
    pub link: String,
    /// Only what the objectives' weights promise.
    #[arg(long)]
    pub objectives: bool,
}

/// What became of the first page when a knob went from where it stands to somewhere else, over all
/// cases.
#[derive(Clone, Debug)]
pub struct Turned {
    /// Which knob.
    pub knob: &'static Knob,
    /// What it was turned from and to, in the systems in use.
    pub from: State,
    /// See [`Self::from`]; of the first case.
    pub to: State,
    /// A knob that had to be turned before, for this one to do anything.
    pub after: Option<&'static Knob>,
    /// Share of the cases in which the first ten are not the same in the same order.
    pub ten: f64,
    /// Share of the cases in which anything on the page differs: a product, a place, a score.
    pub anything: f64,
    /// Places by which each of the first ten moved, on average.
    pub places: f64,
    /// Why it does nothing, where it does nothing in any case.
    pub idle: Option<&'static str>,
}

/// Runs the command.
///
/// # Errors
/// Where the assets cannot be read or a ranking fails.
pub fn run(arguments: &Arguments) -> Result<()> {
    let (base, dropped) = State::from_link(&arguments.link);
    for part in dropped {
        eprintln!("note: {}", english(&part.says));
    }
    let folder = || Folder(arguments.assets.clone());
    let load = Funnel::load(Backend::Cpu, Device::flex(), folder(), |_| ());
    let mut funnel = block_on(load).map_err(said)?;
    let truth = Truth::gather(&funnel, &folder())?;
    let controlled = promises(&mut funnel, &truth, &base)?;
    let open = base.clone().with(&RELEVANCE_CONTROL, 0.0);
    let uncontrolled = promises(&mut funnel, &truth, &open)?;
    let cases = QUERIES.len() * SHOPPERS.len();
    println!("# What each knob does\n");
    println!("Written by `vitrine evaluate knobs`.\n");
    println!(
        "Every figure is over {} queries by {} shoppers, {cases} cases; all other knobs stand at \
         their defaults.\n",
        QUERIES.len(),
        SHOPPERS.len()
    );
    println!("## The objectives' weights\n");
    print_legend();
    print_promises(&controlled);
    println!("### Without relevance control\n");
    println!(
        "With it, a page has little to gain: what passes is what was asked, and a page that holds \
         nothing else cannot hold more of it.\n"
    );
    print_promises(&uncontrolled);
    if !arguments.objectives {
        print_turns(&measure(&mut funnel, &base)?);
    }
    Ok(())
}

/// Share of the cases in which a weight should change the page, and go where it should.
const ENOUGH: f64 = 0.75;

fn name(knob: &Knob, part: &str) -> String {
    english(&Message::new(knob.words(part)))
}

/// What a knob stands at, as the page says it.
fn value(knob: &Knob, state: &State) -> String {
    match knob.control {
        Control::Choice(options) => name(knob, options[state.settings.option(knob)]),
        _ => text_of(knob, &state.settings),
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

fn print_legend() {
    println!(
        "Each weight of the retrieval objectives goes from one end of its slider to the other, the \
         other three stay at 1. How often the first {TOP} are not the same in the same order; in how \
         many of these cases the page then has more of what the label promises, less, or as much; and \
         how much it has at the lower end and at the upper, on average. Relevance is the market's: 1 \
         for all that was asked, a half for the right type, a quarter for what may be taken instead. \
         Exposure is the rank-biased overlap (p = 0.9) with the first page of the shop that wrote the \
         log, with nothing left to chance. Click is the true attraction, purchase the true conversion \
         of a click. All but exposure are means over the {TOP} that weigh a place as DCG does.\n"
    );
}

fn print_promises(promises: &[Promise]) {
    println!("| ranker | objective | changes | more | less | as much | lower end | upper end |");
    println!("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for promise in promises {
        let Promise { objective, cases, changed, more, less, means, .. } = *promise;
        let ranker = value(&RANKER, &State::default().ranked_by(promise.ranker));
        let changes = percent(changed as f64 / cases.max(1) as f64);
        let of_changed = |count: usize| percent(count as f64 / changed.max(1) as f64);
        let (more, less, same) =
            (of_changed(more), of_changed(less), of_changed(changed - more - less));
        println!(
            "| {ranker} | {objective} | {changes} | {more} | {less} | {same} | {:.4} | {:.4} |",
            means[0], means[1]
        );
    }
    println!();
    for of_ranker in promises.chunk_by(|one, other| one.ranker == other.ranker) {
        let ranker = State::default().ranked_by(of_ranker[0].ranker);
        println!("- {}: {}", value(&RANKER, &ranker), verdict(of_ranker));
    }
    println!();
}

/// Which of the weights change the page often enough, and how many of these changes go where they
/// should.
fn verdict(promises: &[Promise]) -> String {
    let often = || promises.iter().filter(|one| one.changes() >= ENOUGH);
    let kept = often().filter(|one| one.keeps() >= ENOUGH).count();
    format!(
        "{} of {} weights change the first {TOP} in at least three quarters of the cases; {kept} of \
         these do so in the direction that the label promises in at least three quarters of the \
         changes.",
        often().count(),
        promises.len()
    )
}

fn print_turns(turns: &[Turned]) {
    println!("## Every knob\n");
    println!(
        "Each knob of the registry goes from its default to each end of its slider, or to each other \
         option, with each system that it is shown with. A knob that does nothing until another is \
         turned is measured after that. A product of the first {TOP} that is gone counts as moved \
         behind the last. Where nothing changes, the page says why beside the knob.\n"
    );
    println!(
        "| knob | systems | from | to | other first {TOP} | anything on the page | places moved | |"
    );
    println!("| --- | --- | --- | --- | ---: | ---: | ---: | --- |");
    for Turned { knob, from, to, after, ten, anything, places, idle } in turns {
        let systems = [value(&RETRIEVER, from), value(&RANKER, from)].join(", ");
        let mut said: Vec<String> = Vec::new();
        said.extend(
            after.map(|other| format!("after {}: {}", name(other, "name"), value(other, from))),
        );
        said.extend(idle.map(|why| english(&Message::new(why))));
        println!(
            "| {} (`{}`) | {systems} | {} | {} | {} | {} | {places:.1} | {} |",
            name(knob, "name"),
            knob.key,
            value(knob, from),
            value(knob, to),
            percent(*ten),
            percent(*anything),
            said.join("; ")
        );
    }
}

/// The systems with which a knob is measured: whatever it is shown with, but that another ranker is no
/// news to a retriever's knob, nor another retriever to a ranker's.
fn systems(knob: &'static Knob, base: &State) -> Vec<State> {
    let choices = |of, base: &State| {
        std::iter::once(base.clone()).chain(ends(of, base)).collect::<Vec<State>>()
    };
    let retrievers = choices(&RETRIEVER, base);
    let rankers = choices(&RANKER, base);
    let pairs: Vec<State> = match knob.group {
        Group::Retrieval => {
            // And with who leaves the order as it was retrieved.
            let alone = RANKERS.into_iter().find(|ranker| ranker.tasks.is_empty());
            let rankers: Vec<_> = std::iter::once(base.ranker()).chain(alone).collect();
            let with = |state: &State| {
                let by = |ranker: &&Ranker| state.clone().ranked_by(ranker);
                rankers.iter().map(by).collect::<Vec<State>>()
            };
            retrievers.iter().flat_map(with).collect()
        }
        Group::Ranking => rankers,
        Group::Setting | Group::Page => vec![base.clone()],
    };
    let shown = pairs.into_iter().filter(|state| is_in_use(knob, &state.settings));
    // The knob that chooses a system is turned from where it stands.
    shown
        .filter(|state| {
            let stands = state.settings.number(knob) == base.settings.number(knob);
            ![RETRIEVER.key, RANKER.key].contains(&knob.key) || stands
        })
        .collect()
}

/// Turns every knob with every system that it is shown with.
///
/// # Errors
/// Where a ranking fails.
pub fn measure<S: AssetSource>(funnel: &mut Funnel<S>, base: &State) -> Result<Vec<Turned>> {
    let mut all = Vec::new();
    // Where a state is computed changes nothing that is shown, and here there is one place. What was learned
    // in a tab is nowhere else.
    let nowhere = [BACKEND.key, RETRIEVER_WEIGHTS.key, WEIGHTS.key];
    for knob in knobs().filter(|knob| !nowhere.contains(&knob.key)) {
        for state in systems(knob, base) {
            let (from, after) = where_it_counts(funnel, knob, &state)?;
            for to in ends(knob, &from) {
                all.push(turn(funnel, knob, after, &from, &to)?);
            }
        }
    }
    Ok(all)
}

/// Why a knob does nothing wherever it is turned, if so.
fn why_idle<S: AssetSource>(
    funnel: &mut Funnel<S>,
    knob: &Knob,
    state: &State,
) -> Result<Option<&'static str>> {
    let facts = ranked(funnel, state)?.facts();
    Ok(match (knob.idle)(&state.settings, &facts) {
        Some(Idle::Wholly(why)) => Some(why),
        Some(Idle::Beyond(_)) | None => None,
    })
}

/// The state in which a knob does something: as it is, or with the first of the others turned that
/// makes it count, if any does.
fn where_it_counts<S: AssetSource>(
    funnel: &mut Funnel<S>,
    knob: &Knob,
    state: &State,
) -> Result<(State, Option<&'static Knob>)> {
    if why_idle(funnel, knob, state)?.is_none() {
        return Ok((state.clone(), None));
    }
    // Another system has rows of its own.
    let of_its_stage = |other: &&Knob| {
        other.group == knob.group
            && is_in_use(other, &state.settings)
            && ![RETRIEVER.key, RANKER.key].contains(&other.key)
    };
    for other in knobs().filter(of_its_stage).filter(|other| other.key != knob.key) {
        for turned in ends(other, state) {
            if is_in_use(knob, &turned.settings) && why_idle(funnel, knob, &turned)?.is_none() {
                return Ok((turned, Some(other)));
            }
        }
    }
    Ok((state.clone(), None))
}

fn turn<S: AssetSource>(
    funnel: &mut Funnel<S>,
    knob: &'static Knob,
    after: Option<&'static Knob>,
    from: &State,
    to: &State,
) -> Result<Turned> {
    let (mut ten, mut anything, mut places) = (0, 0, 0.0);
    let mut reasons = Vec::new();
    let cases = asked_by_all(from).into_iter().zip(asked_by_all(to));
    let count = cases.len() as f64;
    for (from, to) in cases {
        let answer = ranked(funnel, &from)?;
        reasons.push((knob.idle)(&from.settings, &answer.facts()).map(Idle::words));
        let before = Shelf::new(&answer, &from);
        let after = Shelf::new(&ranked(funnel, &to)?, &to);
        ten += usize::from(before.top(TOP) != after.top(TOP));
        anything += usize::from(!before.is_like(&after));
        places += before.moved(&after, TOP);
    }
    let idle = reasons.iter().flatten().next().filter(|_| anything == 0).copied();
    Ok(Turned {
        knob,
        from: from.clone(),
        to: to.clone(),
        after,
        ten: ten as f64 / count,
        anything: anything as f64 / count,
        places: places / count,
        idle,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use systems::retrieval_alone;

    #[test]
    fn every_knob_has_rows_with_a_system_that_it_is_shown_with() {
        let base = State::default();
        for knob in knobs() {
            let systems = systems(knob, &base);
            assert!(!systems.is_empty(), "{}", knob.key);
            assert!(
                systems.iter().all(|s| is_in_use(knob, &s.settings) && !ends(knob, s).is_empty())
            );
            // A retriever's knob is turned with the ranker that comes and with none.
            let alone = systems.iter().filter(|state| state.ranker().tasks.is_empty()).count();
            let expected = if knob.group == Group::Retrieval { systems.len() / 2 } else { 0 };
            assert_eq!(alone, expected, "{}", knob.key);
        }
    }

    #[test]
    fn what_a_verdict_counts() {
        let promise = |changed, more| Promise {
            objective: "click",
            ranker: &retrieval_alone::RANKER,
            cases: 48,
            changed,
            more,
            less: changed - more,
            means: [0.0; 2],
        };
        let said = verdict(&[promise(36, 27), promise(36, 26), promise(35, 35), promise(0, 0)]);
        assert!(said.starts_with("2 of 4 weights") && said.contains("; 1 of these"), "{said}");
    }
}
