//! `vitrine judge`: how good the first ten products are for queries whose answer is known.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use burn::tensor::Device;
use clap::Args;
use futures::executor::block_on;
use serde::Deserialize;

use super::notices::said;
use crate::native::Folder;
use crate::native::Patient;
use engine::pipeline::Funnel;
use engine::pipeline::assets::{AssetSource, Manifest};
use engine::pipeline::request::Request;
use engine::pipeline::stock::{QUERIES, QueryCount, Stock};
use engine::pipeline::views::HELD_OUT;
use link::State;
use market::catalogue::{Catalogue, ProductId};
use market::held_out::HeldOut;
use market::query::Intent;
use market::relevance::Relevance;
use market::text::key_words;
use protocol::Backend;
use protocol::blend;

/// Products that are judged.
const TOP: usize = 10;
/// Share of them that a good answer finds, and the least of one that is not bad.
const GOOD: f64 = 0.8;
const SO_SO: f64 = 0.4;
/// What says that the page does not hold what was meant.
const SAYS_SO: [&str; 3] = ["unlikely", "query-unknown", "query-signs"];

/// What to judge.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Queries with what answers them.
    #[arg(default_value = "tests/judged/queries.csv")]
    pub queries: PathBuf,
    /// Query string of a link whose knobs are set, for example "?ranker=mlpr".
    #[arg(long, default_value = "")]
    pub link: String,
    /// Folder of the assets.
    #[arg(long, default_value = "assets")]
    pub assets: PathBuf,
    /// Print the titles too.
    #[arg(long)]
    pub titles: bool,
}

/// A query with what answers it, as the file has it.
#[derive(Clone, Debug, Deserialize)]
pub struct Judged {
    /// As typed.
    pub query: String,
    /// What kind of query it is.
    pub kind: String,
    /// Product types that answer it, with bars between; "truth" where the market's own truth
    /// decides, "nothing" where nothing on sale does, or what is meant cannot be known.
    pub types: String,
    /// What must be in the title of a product that is all that was asked for, with bars between
    /// what serves as well and a plus between what must all be there.
    #[serde(default)]
    pub asked: String,
}

/// How good an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Fewer than four of ten are of a right type; or nothing is, and the page does not say so.
    Bad,
    /// In between.
    SoSo,
    /// At least eight of ten are of a right type, and of those that are all that was asked for at
    /// least eight of ten are found; or nothing is, and the page says so.
    Good,
}

/// What came of a query.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How good the answer is.
    pub verdict: Verdict,
    /// Share of the first ten, or of as many as there are, that are of a right type.
    pub right: f64,
    /// The same of those that are all that was asked for; 1 where nothing more was.
    pub as_asked: f64,
    /// The page says that nothing is likely what was meant.
    pub says_so: bool,
    /// Something answers the query.
    pub answerable: bool,
    /// The first products.
    pub products: Vec<ProductId>,
}

/// What queries are judged by.
pub struct Judge {
    queries: Vec<QueryCount>,
    held_out: HeldOut,
}

/// Which products answer a query: of a right type, and all that was asked for.
type Answers = Vec<(bool, bool)>;

impl Judge {
    /// Reads the market's truth.
    ///
    /// # Errors
    /// Where the assets cannot be read.
    pub fn new(source: &impl AssetSource) -> Result<Self> {
        let read = async {
            let manifest = Manifest::fetch(source).await?;
            let queries = manifest.json(source, QUERIES).await?;
            let held_out = manifest.json(source, HELD_OUT).await?;
            Ok::<_, engine::pipeline::assets::AssetError>((queries, held_out))
        };
        let (queries, held_out) = block_on(read).map_err(|error| anyhow!("{error}"))?;
        Ok(Self { queries, held_out })
    }

    /// Runs a query and judges its answer.
    ///
    /// # Errors
    /// Where the file asks for what is not there, or the ranking fails.
    pub fn judge<S: AssetSource>(
        &self,
        funnel: &mut Funnel<S>,
        judged: &Judged,
        state: &State,
    ) -> Result<Outcome> {
        let answers = self.answers(judged, funnel.stock(), state)?;
        let state = State { query: judged.query.clone(), ..state.clone() };
        let answer = block_on(funnel.run(1, &state, &Patient::default())).map_err(said)?;
        let answer = answer.context("nobody waits for the answer")?;
        let order = blend::order(&answer.candidates, answer.predicted(), &state.settings);
        let products = order.iter().take(TOP).map(|r| answer.candidates[r.candidate].product);
        let products: Vec<ProductId> = products.collect();
        let says_so = answer.notices.iter().any(|notice| SAYS_SO.contains(&notice.key.as_str()));
        let share = |holds: fn(&(bool, bool)) -> bool| {
            let there = answers.iter().filter(|a| holds(a)).count().min(TOP);
            let found = products.iter().filter(|p| holds(&answers[**p as usize])).count();
            if there == 0 { 1.0 } else { found as f64 / there as f64 }
        };
        let answerable = answers.iter().any(|(right, _)| *right);
        let (right, as_asked) = (share(|a| a.0), share(|a| a.1));
        let verdict = match answerable {
            false if says_so => Verdict::Good,
            false => Verdict::Bad,
            true if right < SO_SO => Verdict::Bad,
            true if right < GOOD || as_asked < GOOD || says_so => Verdict::SoSo,
            true => Verdict::Good,
        };
        Ok(Outcome { verdict, right, as_asked, says_so, answerable, products })
    }

    /// What answers a query at the moment when a state asks: nothing that is sold out does.
    fn answers(&self, judged: &Judged, stock: &Stock, state: &State) -> Result<Answers> {
        let Stock { catalogue, shoppers, .. } = stock;
        let (request, _) = Request::new(state, shoppers, catalogue).context("nobody shops")?;
        let mut answers = self.answers_ever(judged, catalogue)?;
        for (answer, on_sale) in answers.iter_mut().zip(stock.on_sale(request.day())) {
            *answer = (answer.0 && on_sale, answer.1 && on_sale);
        }
        // Nothing to find would be found in full.
        if judged.types != "nothing" && !answers.iter().any(|(_, as_asked)| *as_asked) {
            bail!("no product on sale is what {:?} asks for", judged.query);
        }
        Ok(answers)
    }

    /// The same of all products, on sale or not.
    fn answers_ever(&self, judged: &Judged, catalogue: &Catalogue) -> Result<Answers> {
        let Judged { query, types, asked, .. } = judged;
        let all = catalogue.products.iter();
        if types == "nothing" {
            return Ok(all.map(|_| (false, false)).collect());
        }
        if types == "truth" {
            let number = self.queries.iter().position(|known| known.0 == *query);
            let intent = number.and_then(|number| self.held_out.intents.get(number));
            let intent = intent.with_context(|| format!("the market does not know {query:?}"))?;
            return Ok(self.by_truth(catalogue, intent));
        }
        let mut right = Vec::new();
        for name in types.split('|') {
            let of = catalogue.product_types.iter().position(|of| of.name == name.trim());
            right.push(of.with_context(|| format!("no type is called {name:?}"))?);
        }
        let answers = all.map(|product| {
            let right = right.contains(&usize::from(product.product_type));
            let title: Vec<String> = key_words(&product.title).map(|word| word.stem).collect();
            let has = |text: &str| key_words(text).all(|word| title.contains(&word.stem));
            let as_asked = asked.split('+').all(|part| part.split('|').any(has));
            (right, right && as_asked)
        });
        Ok(answers.collect())
    }

    fn by_truth(&self, catalogue: &Catalogue, intent: &Intent) -> Answers {
        let of = |product| self.held_out.hidden.relevance(catalogue, intent, product);
        let products = 0..catalogue.products.len() as ProductId;
        products.map(of).map(|of| (of.is_right_type(), of == Relevance::Exact)).collect()
    }
}

/// Reads a file of queries.
///
/// # Errors
/// Where it cannot be read.
pub fn read(path: &Path) -> Result<Vec<Judged>> {
    let mut file = csv::Reader::from_path(path).with_context(|| path.display().to_string())?;
    Ok(file.deserialize().collect::<Result<_, _>>()?)
}

/// Runs the command.
///
/// # Errors
/// Where a file cannot be read or a ranking fails.
pub fn run(arguments: &Arguments) -> Result<()> {
    let (state, dropped) = State::from_link(&arguments.link);
    for part in dropped {
        eprintln!("note: {}", languages::english(&part.says));
    }
    let folder = Folder(arguments.assets.clone());
    let judge = Judge::new(&folder)?;
    let queries = read(&arguments.queries)?;
    let funnel = Funnel::load(Backend::Cpu, Device::flex(), folder, |_| ());
    let mut funnel = block_on(funnel).map_err(said)?;
    println!("{:<6} {:>5} {:>5} {:<5} {:<12} query", "", "right", "asked", "said", "kind");
    let mut counts = [0; 3];
    let mut alarms = 0;
    for judged in &queries {
        let outcome = judge.judge(&mut funnel, judged, &state)?;
        counts[outcome.verdict as usize] += 1;
        alarms += usize::from(outcome.says_so && outcome.answerable);
        let name = ["bad", "so-so", "good"][outcome.verdict as usize];
        let says_so = if outcome.says_so { "yes" } else { "" };
        let [right, asked] = match outcome.answerable {
            true => [outcome.right, outcome.as_asked].map(|share| format!("{share:.2}")),
            false => ["", ""].map(Into::into),
        };
        println!(
            "{name:<6} {right:>5} {asked:>5} {says_so:<5} {:<12} {}",
            judged.kind, judged.query
        );
        let catalogue = &funnel.stock().catalogue;
        for product in outcome.products.iter().filter(|_| arguments.titles) {
            println!("       {}", catalogue.products[*product as usize].title);
        }
    }
    let [bad, so_so, good] = counts;
    println!("{good} good, {so_so} so-so, {bad} bad of {}; {alarms} false alarms", queries.len());
    Ok(())
}
