//! The tables of docs/yandex.md.

use std::fmt::Write;

use super::evaluate::{Arguments, HISTORIES, Results};
use super::paper::{Line, TABLE_1, TABLE_2, TABLE_3};
use crate::market::World;
use crate::metrics::Blocks;
use crate::training::yandex::data::Corpus;
use crate::training::yandex::evaluate::{Metrics, OfScenario};

/// The page: what was compared, and whether the paper's directions come out.
pub(super) fn report(
    results: &Results,
    corpus: &Corpus,
    arguments: &Arguments,
    world: &World,
) -> String {
    let samples = &corpus.samples;
    let mut page = Page { text: String::new(), results };
    let views: usize = samples.test.iter().map(|day| day.of.len()).sum();
    page.text += &format!(
        "# The feed: Yandex's two towers on the generated market\n\n\
         Written by `vitrine evaluate yandex --seeds {} --share {} --shoppers {} --ranker-noise \
         {}`. Pre-trained on what was done on {} shopper-days and fine-tuned on the page views of \
         {}, all before the last day; tested on the {views} page views of the feed on the last \
         day that have a click, of all shoppers. The history ends a day before the first moment \
         of a shopper's day, in training as in the test. nDCG@10 is that of the similarity alone, \
         with a gain of 1 for a click, 2 for a favourite, 3 for a cart and 4 for an order; \
         retargeting counts all products of a page, discovery those that the shopper had never \
         done anything with. Numbers are means over the seeds, with the standard deviation \
         between seeds behind \u{b1}. The paper's numbers are relative gains of a tree ranker's \
         nDCG, in percent: their order can be compared, their size cannot.\n\n",
        arguments.seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(","),
        arguments.share,
        world.config.shoppers,
        world.config.ranker_noise,
        samples.pretraining.len(),
        samples.fine_tuning.len(),
    );
    let bound = |name: &str, metrics: &Metrics| {
        let [retargeting, discovery] = &metrics.scenarios;
        let (a, b) = (retargeting.graded.whole(), discovery.graded.whole());
        format!("{name} has nDCG@10 {a:.4} in retargeting and {b:.4} in discovery")
    };
    let _ = writeln!(
        page.text,
        "{}; {}.\n",
        bound("Chance", &Metrics::of_chance(corpus)),
        bound("the true attraction", &Metrics::of_truth(corpus))
    );
    page.table("Incremental improvements (table 1)", &TABLE_1, Against::Above);
    page.table("Training regimes (table 2)", &TABLE_2, Against::First);
    page.table("Web-search queries (table 3)", &TABLE_3, Against::First);
    page.retrieval();
    page.text
}

/// What a line of a table is compared with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Against {
    /// The line above it.
    Above,
    /// The first line.
    First,
}

struct Page<'a> {
    text: String,
    results: &'a Results,
}

/// A name for people.
fn title(name: &str) -> String {
    let [single, double, quadruple] = HISTORIES;
    match name {
        "sampled-softmax" => "sampled softmax alone".into(),
        "two-stage" => {
            "two stages: plain pairwise losses and a pointwise one for each signal".into()
        }
        "calibrated" => "calibrated pairwise losses".into(),
        "single-pointwise" => "pointwise loss of clicks alone".into(),
        "history-double" => format!("{double} behaviours in place of {single}"),
        "pointwise-weight" => "weight of the pointwise loss 0.1 in place of 1".into(),
        "context" => "context debiasing".into(),
        "web-queries" => "web-search queries, fused".into(),
        "history-quadruple" => format!("{quadruple} behaviours in place of {double}"),
        "fine-tuning-only" => "second stage alone".into(),
        "web-separate" => "web-search queries in a transformer of their own".into(),
        other => other.into(),
    }
}

/// One number of a result in one scenario.
type Number = fn(&OfScenario) -> &Blocks;

const NDCG: Number = |m| &m.graded;

impl Page<'_> {
    fn values(&self, name: &str, scenario: usize, number: Number) -> Vec<f64> {
        let of_seeds = self.results.get(name).into_iter().flatten();
        of_seeds.map(|metrics| number(&metrics.scenarios[scenario]).whole()).collect()
    }

    /// Mean and spread of a number.
    fn cell(&self, name: &str, scenario: usize, number: Number) -> String {
        let (mean, deviation) = spread(&self.values(name, scenario, number));
        format!("{mean:.4} \u{b1} {deviation:.4}")
    }

    /// Mean difference of two variants' nDCG, and how many seeds agree with its direction.
    fn difference(&self, name: &str, other: &str, scenario: usize) -> String {
        let [ours, others] = [name, other].map(|name| self.values(name, scenario, NDCG));
        let differences: Vec<f64> = ours.iter().zip(others).map(|(a, b)| a - b).collect();
        let (mean, _) = spread(&differences);
        let agree = differences.iter().filter(|&&d| d * mean > 0.0).count();
        format!("{mean:+.4}, {agree} of {}", differences.len())
    }

    fn table(&mut self, heading: &str, lines: &[Line], against: Against) {
        let there: Vec<&Line> =
            lines.iter().filter(|(name, _)| self.results.contains_key(*name)).collect();
        if there.len() < 2 {
            return;
        }
        let than = match against {
            Against::Above => "the line above",
            Against::First => "the first line",
        };
        let _ = write!(
            self.text,
            "## {heading}\n\n| | retargeting | than {than} | paper | discovery | than {than} | \
             paper |\n|---|---|---|---|---|---|---|\n"
        );
        for (number, (name, paper)) in there.iter().enumerate() {
            let other = match against {
                Against::Above => number.checked_sub(1),
                Against::First => (number > 0).then_some(0),
            };
            let mut row = format!("| {} ", title(name));
            for (scenario, paper) in paper.iter().enumerate() {
                let change = other
                    .map_or(String::new(), |other| self.difference(name, there[other].0, scenario));
                let cell = self.cell(name, scenario, NDCG);
                let _ = write!(row, "| {cell} | {change} | {paper:+.3} % ");
            }
            let _ = writeln!(self.text, "{row}|");
        }
        self.text += "\n";
    }

    /// What the fine-tuning does to the towers as a retriever.
    fn retrieval(&mut self) {
        self.text += "## As a retriever\n\nRecall over the whole catalogue of what a shopper \
                      clicked on the feed that day; in discovery, of what was new to the \
                      shopper, with all that was not left out of what is retrieved.\n\n\
                      | | retargeting recall@20 | recall@100 | discovery recall@20 | recall@100 \
                      |\n|---|---|---|---|---|\n";
        for (name, _) in TABLE_2.iter().chain(&TABLE_3) {
            if !self.results.contains_key(*name) {
                continue;
            }
            let mut row = format!("| {} ", title(name));
            for scenario in [0, 1] {
                for number in [(|m| &m.recall_short) as Number, |m| &m.recall_long] {
                    let _ = write!(row, "| {} ", self.cell(name, scenario, number));
                }
            }
            let _ = writeln!(self.text, "{row}|");
        }
    }
}

/// Mean and standard deviation.
fn spread(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (count - 1.0).max(1.0)).sqrt())
}
