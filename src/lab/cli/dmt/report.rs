//! The tables of docs/ranking.md.

use std::collections::BTreeMap;
use std::fmt::Write;

use market::World;
use market::metrics::rela_impr;
use training::dmt::data::Data;
use training::dmt::evaluate::{Metrics, true_competition};

/// Metrics of each variant from each seed.
pub(super) type Results = BTreeMap<String, Vec<Metrics>>;

/// The page: what was compared, and whether the paper's directions come out.
pub(super) fn report(
    results: &Results,
    data: &Data,
    (seeds, epochs): (&[u64], usize),
    world: &World,
) -> String {
    let truth = Metrics::of_truth(&data.test);
    let mut page = Page { text: String::new(), results };
    page.text += &format!(
        "# Ranking: DMT on the generated market\n\n\
         Written by `vitrine evaluate dmt --seeds {seeds} --epochs {epochs} --shoppers {} \
         --ranker-noise {}`. Trained on the {} page \
         views of the feed of seven days, tested on the {} of the day after; the statistics features are counted on the days before. Numbers are means over \
         the seeds, with the standard deviation between seeds behind \u{b1}. Every score is the \
         utility without the bias logit, as equation 6 serves it. As in the paper, every page view \
         is trained on with the history that there was; what ships is trained on page views some \
         of which lose some or all of it (`vitrine train dmt`).\n\n",
        world.config.shoppers,
        world.config.ranker_noise,
        data.training.len(),
        data.test.len(),
        seeds = seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(","),
    );
    page.text += "## Against the base (table 1 of the paper)\n\n";
    page.table_1("Without dense features", &["dnn-no-dense", "dmt-trans-no-dense", "dmt-no-dense"]);
    page.table_1("With dense features", &["dnn", "dmt-trans", "dmt"]);
    let _ = writeln!(
        page.text,
        "Were the truth itself the score, it would have click AUC {:.4} and order AUC {:.4}: \
         whether a product is looked at, and chance, are beyond every ranker.\n",
        truth.tasks[0].auc, truth.tasks[1].auc
    );
    page.aucs(
        "Positions in a sequence (table 3)",
        "Single task, no bias network.",
        &["positions-none", "positions-sinusoidal", "dmt-trans"],
    );
    page.aucs(
        "Sharing between tasks (table 4)",
        "No bias network.",
        &["dmt-trans", "shared-bottom", "mmoe"],
    );
    page.text += "## Bias network (table 5)\n\nMMoE. The true attraction is the probability of \
                  a click on a product that is looked at; its Spearman correlation with u_click \
                  is taken on each page view, its AUC over pairs of one page view. The \
                  examination column compares the learned curve over the index with the true \
                  one. The last column is what six neighbours of the product's own type in place \
                  of six others do to the odds of a click.\n\n";
    let blind = Metrics::of_true_clicks(&data.test);
    page.bias(&["mmoe", "mmoe-index", "mmoe-page", "mmoe-neighbours", "dmt"], &truth, &blind);
    page.curve("dmt");
    page.text += "## Do the paper's directions come out?\n\n";
    page.directions();
    page.text
}

struct Page<'a> {
    text: String,
    results: &'a Results,
}

/// A name for people.
fn title(name: &str) -> &str {
    match name {
        "dnn" | "dnn-no-dense" => "DNN (base)",
        "dmt-trans" | "dmt-trans-no-dense" => "DMT, transformers only",
        "dmt" | "dmt-no-dense" => "DMT, MMoE, index and neighbours",
        "positions-none" => "no positions",
        "positions-sinusoidal" => "sinusoidal",
        "shared-bottom" => "shared bottom",
        "mmoe" => "MMoE, no bias network",
        "mmoe-index" => "MMoE, index",
        "mmoe-page" => "MMoE, page",
        "mmoe-neighbours" => "MMoE, neighbours",
        other => other,
    }
}

/// One number of a result.
type Number = fn(&Metrics) -> Option<f64>;

const CLICK_AUC: Number = |m| Some(m.tasks[0].auc);
const ORDER_AUC: Number = |m| Some(m.tasks[1].auc);
const ATTRACTION: Number = |m| Some(m.attraction);

impl Page<'_> {
    /// Those of the variants that were trained.
    fn there<'n>(&self, names: &[&'n str]) -> Vec<&'n str> {
        names.iter().copied().filter(|name| self.results.contains_key(*name)).collect()
    }

    fn values(&self, name: &str, number: Number) -> Vec<f64> {
        self.results.get(name).into_iter().flatten().filter_map(number).collect()
    }

    /// Mean and spread of a number.
    fn cell(&self, name: &str, number: Number) -> String {
        let values = self.values(name, number);
        if values.is_empty() {
            return "\u{2013}".into();
        }
        let (mean, deviation) = spread(&values);
        format!("{mean:.4} \u{b1} {deviation:.4}")
    }

    fn table_1(&mut self, heading: &str, names: &[&str]) {
        if self.there(names).len() < 2 {
            return;
        }
        let _ = write!(
            self.text,
            "{heading}:\n\n| | click AUC | RelaImpr | Precision@4 | MRR@4 | order AUC | RelaImpr | \
             Precision@4 | MRR@4 |\n|---|---|---|---|---|---|---|---|---|\n"
        );
        for name in self.there(names) {
            let mut row = format!("| {} ", title(name));
            for (auc, precision, mrr) in [
                (
                    CLICK_AUC,
                    (|m| Some(m.tasks[0].precision)) as Number,
                    (|m| Some(m.tasks[0].mrr)) as Number,
                ),
                (ORDER_AUC, |m| Some(m.tasks[1].precision), |m| Some(m.tasks[1].mrr)),
            ] {
                let of = |name| spread(&self.values(name, auc)).0;
                let gain = rela_impr(of(name), of(names[0]))
                    .map_or("\u{2013}".into(), |gain| format!("{:+.2} %", 100.0 * gain));
                let _ = write!(
                    row,
                    "| {} | {gain} | {} | {} ",
                    self.cell(name, auc),
                    self.cell(name, precision),
                    self.cell(name, mrr)
                );
            }
            let _ = writeln!(self.text, "{row}|");
        }
        self.text += "\n";
    }

    fn aucs(&mut self, heading: &str, about: &str, names: &[&str]) {
        if self.there(names).len() < 2 {
            return;
        }
        let _ = write!(self.text, "## {heading}\n\n{about}\n\n");
        self.text += "| | click AUC | order AUC |\n|---|---|---|\n";
        for name in self.there(names) {
            let (click, order) = (self.cell(name, CLICK_AUC), self.cell(name, ORDER_AUC));
            let _ = writeln!(self.text, "| {} | {click} | {order} |", title(name));
        }
        self.text += "\n";
    }

    fn bias(&mut self, names: &[&str], truth: &Metrics, blind: &Metrics) {
        self.text += "| | click AUC | order AUC | Spearman with true attraction | AUC against \
                      true attraction | Spearman of examination | among its own kind |\n|---|---|---|---|---|---|---|\n";
        for name in self.there(names) {
            let _ = writeln!(
                self.text,
                "| {} | {} | {} | {} | {} | {} | {} |",
                title(name),
                self.cell(name, CLICK_AUC),
                self.cell(name, ORDER_AUC),
                self.cell(name, ATTRACTION),
                self.cell(name, |m| Some(m.attraction_auc)),
                self.cell(name, |m| m.bias.examination),
                self.cell(name, |m| m.bias.competition),
            );
        }
        let (competition, [click, order]) = (true_competition(), truth.tasks.map(|t| t.auc));
        let _ = writeln!(
            self.text,
            "| true attraction | {click:.4} | {order:.4} | 1 | 1 | 1 | {competition:.4} |"
        );
        let [click, order] = blind.tasks.map(|t| t.auc);
        let _ = writeln!(
            self.text,
            "| true click probability | {click:.4} | {order:.4} | {:.4} | {:.4} | | |\n\n\
             The last row is the truth with the effects of place and neighbours left in: a ranker \
             without a bias network could come no nearer to it than to be it. The difference \
             between the last two rows is therefore the most that bias can cost on this market.\n",
            blind.attraction, blind.attraction_auc
        );
    }

    /// The learned examination of the first seed beside the truth, at some places.
    fn curve(&mut self, name: &str) {
        let Some(metrics) = self.results.get(name).and_then(|of_seeds| of_seeds.first()) else {
            return;
        };
        self.text += "Examination relative to the first place, first seed:\n\n| index |";
        let places: Vec<usize> = [0, 1, 2, 4, 6, 9, 10, 14, 19, 24, 29]
            .into_iter()
            .filter(|&p| p < metrics.bias.truth.len())
            .collect();
        for place in &places {
            let _ = write!(self.text, " {place} |");
        }
        let _ = write!(self.text, "\n|---|{}\n", "---|".repeat(places.len()));
        for (row, curve) in [("learned", &metrics.bias.learned), ("true", &metrics.bias.truth)] {
            let _ = write!(self.text, "| {row} |");
            for &place in &places {
                let _ = write!(self.text, " {:.2} |", curve[place]);
            }
            self.text += "\n";
        }
        self.text += "\n";
    }

    fn directions(&mut self) {
        self.text += "For each pair, the mean difference and how many seeds agree.\n\n\
                      | | click AUC | order AUC | Spearman with true attraction |\n|---|---|---|---|\n";
        for (better, worse) in [
            ("dmt-trans-no-dense", "dnn-no-dense"),
            ("dmt-no-dense", "dmt-trans-no-dense"),
            ("dmt-trans", "dnn"),
            ("dmt", "dmt-trans"),
            ("dmt-trans", "positions-none"),
            ("dmt-trans", "positions-sinusoidal"),
            ("shared-bottom", "dmt-trans"),
            ("mmoe", "shared-bottom"),
            ("mmoe-index", "mmoe"),
            ("mmoe-page", "mmoe"),
            ("mmoe-neighbours", "mmoe"),
            ("mmoe-neighbours", "mmoe-index"),
            ("dmt", "mmoe"),
        ] {
            if self.there(&[better, worse]).len() < 2 {
                continue;
            }
            let mut row = format!("| {} above {} ", described(better), described(worse));
            for number in [CLICK_AUC, ORDER_AUC, ATTRACTION] {
                let pairs: Vec<f64> = self
                    .values(better, number)
                    .iter()
                    .zip(self.values(worse, number))
                    .map(|(better, worse)| better - worse)
                    .collect();
                let agree = pairs.iter().filter(|&&difference| difference > 0.0).count();
                let mean = spread(&pairs).0;
                let _ = write!(row, "| {mean:+.4}, {agree} of {} ", pairs.len());
            }
            let _ = writeln!(self.text, "{row}|");
        }
    }
}

/// A name that tells variants with and without dense features apart.
fn described(name: &str) -> String {
    match name.strip_suffix("-no-dense") {
        Some(_) => format!("{} (no dense features)", title(name)),
        None if name == "dmt-trans" => "single task, learned positions".into(),
        None => title(name).into(),
    }
}

/// Mean and standard deviation.
fn spread(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (count - 1.0).max(1.0)).sqrt())
}
