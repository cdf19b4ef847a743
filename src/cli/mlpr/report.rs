//! The tables of docs/mlpr.md.

use std::fmt::Write;

use super::Gathered;
use super::evaluate::{Arguments, Results};
use super::paper::{Lift, TABLE_2, TABLE_3, TABLE_4, TABLE_5};
use super::times::Latency;
use crate::models::mlpr::{K, TASKS};
use crate::training::mlpr::evaluate::{METRICS, Metrics};

/// What the paper's lifts are over.
const BASE: &str = "xgboost";

/// The page: what was compared, and how it stands beside the paper.
pub(super) fn report(
    results: &Results,
    latencies: &[Latency],
    gathered: &Gathered,
    arguments: &Arguments,
) -> String {
    let data = &gathered.data;
    let mut page = Page { text: String::new(), results };
    page.text += &format!(
        "# Search ranking: MLPR on the generated market\n\n\
         Written by `vitrine evaluate mlpr --seeds {seeds} --epochs {} --share {} --shoppers {} \
         --ranker-noise {}`. Trained on {} pairs of a query and a product with {} impressions \
         behind them, from the searches of one shopper in {} over seven days; tested on the {} \
         search page views of the day after, of all shoppers. The statistics among the wide \
         features are counted on the days before. Numbers are means over the seeds, with the \
         standard deviation between seeds behind \u{b1}; behind them stands the lift over \
         XGBoost in percent, and in brackets the paper's.\n\n",
        arguments.epochs,
        arguments.share,
        gathered.world.config.shoppers,
        gathered.world.config.ranker_noise,
        data.training.len(),
        data.training.impressions(),
        arguments.share,
        data.test.views.len(),
        seeds = arguments.seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(","),
    );
    page.trees();
    page.table("Against the baselines (table 2)", &TABLE_2);
    page.table("Encoders that learn with the tasks (table 3)", &TABLE_3);
    page.table("One component after another (table 4)", &TABLE_4);
    page.latency(latencies);
    page.text
}

struct Page<'a> {
    text: String,
    results: &'a Results,
}

impl Page<'_> {
    /// A metric of a task from each seed.
    fn values(&self, name: &str, task: usize, metric: usize) -> Vec<f64> {
        let of_seeds = self.results.get(name).into_iter().flatten();
        of_seeds.map(|metrics: &Metrics| metrics.tasks[task].values()[metric]).collect()
    }

    /// Mean and spread of a metric, with its lift over XGBoost and the paper's.
    fn cell(&self, name: &str, task: usize, metric: usize, paper: Option<f64>) -> String {
        let values = self.values(name, task, metric);
        if values.is_empty() {
            return "\u{2013}".into();
        }
        let (mean, deviation) = spread(&values);
        let mut cell = format!("{mean:.4} \u{b1} {deviation:.4}");
        let base = self.values(BASE, task, metric);
        if name != BASE && !base.is_empty() {
            let lift = 100.0 * (mean / spread(&base).0 - 1.0);
            let _ = write!(cell, ", {lift:+.2} %");
        }
        if let Some(paper) = paper {
            let _ = write!(cell, " ({paper:+.2} %)");
        }
        cell
    }

    fn heading(&mut self, metric: usize) {
        let name = METRICS[metric];
        let tasks: Vec<String> = TASKS.iter().map(|task| format!("{task} {name}")).collect();
        let _ = writeln!(self.text, "| | {} |\n|---|{}", tasks.join(" | "), "---|".repeat(K));
    }

    fn trees(&mut self) {
        self.text += "## XGBoost\n\nTrees on the wide features, and on all of equation 2.\n\n";
        for metric in 0..METRICS.len() {
            self.heading(metric);
            for (name, title) in [(BASE, "wide"), ("xgboost-deep", "wide and deep")] {
                let cells: Vec<String> =
                    (0..K).map(|task| self.cell(name, task, metric, None)).collect();
                let _ = writeln!(self.text, "| {title} | {} |", cells.join(" | "));
            }
            self.text += "\n";
        }
    }

    fn latency(&mut self, latencies: &[Latency]) {
        self.text += "## Time to rank 100 products (table 5)\n\nFrom the query to the ranked list, \
                      on one core: wide features, encoders, model, sorting. Milliseconds.\n\n\
                      | | | median | 99th percentile | the paper's |\n|---|---|---|---|---|\n";
        for (latency, (name, strategy, paper)) in latencies.iter().zip(TABLE_5) {
            let Latency { median, p99, .. } = latency;
            let _ = writeln!(
                self.text,
                "| {name} | {strategy} | {median:.2} | {p99:.2} | {paper:.0} |"
            );
        }
        self.text += "\n";
    }

    fn table(&mut self, heading: &str, lifts: &[Lift]) {
        let _ = write!(self.text, "## {heading}\n\n");
        for metric in 0..METRICS.len() {
            self.heading(metric);
            for lift in lifts {
                let paper = [Some(lift.auc), Some(lift.ndcg_1), lift.ndcg_5][metric];
                let cells: Vec<String> = (0..K)
                    .map(|task| {
                        self.cell(lift.variant, task, metric, paper.map(|paper| paper[task]))
                    })
                    .collect();
                let _ = writeln!(self.text, "| {} | {} |", lift.name, cells.join(" | "));
            }
            self.text += "\n";
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

#[cfg(test)]
mod tests {
    use super::super::evaluate::names;
    use super::*;

    #[test]
    fn every_row_of_the_papers_tables_can_be_trained() {
        let names = names();
        assert!(names.contains(&BASE));
        for lift in TABLE_2.iter().chain(&TABLE_3).chain(&TABLE_4) {
            assert!(names.contains(&lift.variant), "{}", lift.variant);
        }
    }
}
