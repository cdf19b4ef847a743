//! What came of the papers' tables, online tests and studies, as plain data.

use std::collections::BTreeMap;

use crate::online::kept::Kept;
use market::metrics::Figure;

/// Every table that was asked for, and what else decides claims.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The market that the variants were trained and measured on.
    pub market: Market,
    /// Seeds that each variant was trained from.
    pub seeds: Vec<u64>,
    /// The tables.
    pub tables: Vec<TableReport>,
    /// Online tests that are kept, by name.
    pub online: BTreeMap<String, Kept>,
    /// Figures of the studies that are kept, by name.
    pub studies: BTreeMap<String, Vec<Figure>>,
}

/// Size of a market.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Market {
    /// Seed it was generated from.
    pub seed: u64,
    /// Products in the catalogue.
    pub products: u32,
    /// Shoppers that are trained on.
    pub shoppers: u32,
    /// Shoppers that are tested and never trained on.
    pub tested: u32,
}

/// One table of a paper.
#[derive(Clone, Debug, PartialEq)]
pub struct TableReport {
    /// Short name, for example "dmt-1".
    pub id: String,
    /// Whether the paper gives percentages over a base in place of the figures themselves.
    pub percent: bool,
    /// Names of the columns.
    pub metrics: Vec<String>,
    /// Seeds that every row which was trained has at least.
    pub seeds: usize,
    /// The rows, in the paper's order.
    pub rows: Vec<RowReport>,
    /// The least difference that can be told from chance, by metric: median over the comparisons in
    /// it, where any was made.
    pub least: Vec<Option<f64>>,
    /// Ours at most, for a tie of the paper's to be one here.
    pub tie: f64,
    /// What the paper compares.
    pub comparisons: Vec<Comparison>,
}

/// One row of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct RowReport {
    /// Name of the variant, within its system.
    pub variant: String,
    /// The paper's figures, by metric; none where it prints no number.
    pub paper: Vec<Option<f64>>,
    /// Figures here, by metric; none where the variant was not trained, or the metric does not
    /// exist on the held-out day.
    pub here: Vec<Option<Spread>>,
}

/// A figure over several seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Mean.
    pub mean: f64,
    /// Standard deviation; 0 for a single seed.
    pub deviation: f64,
}

/// Two rows that the paper compares, in one metric in which its figures differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Variant that the paper finds higher.
    pub higher: String,
    /// Variant that it finds lower.
    pub lower: String,
    /// Name of the metric.
    pub metric: String,
    /// How much higher in the paper, in its unit; none where it prints no number.
    pub paper: Option<f64>,
    /// Whether that is a tie: the paper calls it undecided, or it is too small to mean anything.
    pub tie: bool,
    /// What came of it here; none where a row was not trained.
    pub here: Option<Outcome>,
}

/// What came of a comparison.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// How much higher here: mean over seeds and blocks.
    pub difference: f64,
    /// Probability of what the verdict would say, were it chance, with Holm's correction for all
    /// comparisons of the table.
    pub p: f64,
    /// The verdict.
    pub verdict: Verdict,
}

/// Whether a comparison's direction comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As in the paper; a tie where it has one.
    ComesOut,
    /// Significantly the other way; a difference where it has a tie.
    OtherWay,
    /// No telling.
    NotSignificant,
}

/// Numbers of comparisons, or of claims.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// That come out.
    pub comes_out: usize,
    /// That go the other way.
    pub other_way: usize,
    /// That are not significant.
    pub not_significant: usize,
    /// That were not made here, for a row was not trained.
    pub open: usize,
}

impl Tally {
    /// Counts comparisons.
    pub fn of<'a>(comparisons: impl IntoIterator<Item = &'a Comparison>) -> Self {
        let mut tally = Self::default();
        for comparison in comparisons {
            tally.count(comparison.here.map(|outcome| outcome.verdict));
        }
        tally
    }

    /// Counts one verdict in; none for what was not made.
    pub fn count(&mut self, verdict: Option<Verdict>) {
        *match verdict {
            Some(Verdict::ComesOut) => &mut self.comes_out,
            Some(Verdict::OtherWay) => &mut self.other_way,
            Some(Verdict::NotSignificant) => &mut self.not_significant,
            None => &mut self.open,
        } += 1;
    }

    /// All of them.
    pub fn all(&self) -> usize {
        self.comes_out + self.other_way + self.not_significant + self.open
    }
}

impl Report {
    /// Comparisons of all tables.
    pub fn tally(&self) -> Tally {
        Tally::of(self.tables.iter().flat_map(|table| &table.comparisons))
    }
}
