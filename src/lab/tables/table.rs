//! What a table of a paper is, and what can train and measure its variants.

use anyhow::Result;

use market::metrics::Figure;

/// A table of a paper. What is said of it (its title, what differs from the paper, what each row is
/// called, why some of it goes the other way here) stands in `languages/`, under `tables.` and its
/// short name.
#[derive(Clone, Debug)]
pub struct Table {
    /// Short name, for example "dmt-1".
    pub id: &'static str,
    /// Whether the paper gives percentages over a base in place of the figures themselves.
    pub percent: bool,
    /// Names of the columns, as [`Figure::name`] has them.
    pub metrics: &'static [&'static str],
    /// The rows, in the paper's order.
    pub rows: &'static [Row],
    /// What counts as a tie.
    pub tie: Tie,
    /// Pairs of which the paper says that they are undecided, or comparable.
    pub undecided: &'static [[&'static str; 2]],
    /// Variants that the paper compares. Which of the two is to be higher, and in which
    /// metrics, the paper's figures say; where there are none it is the first of the two, in all.
    pub pairs: &'static [[&'static str; 2]],
}

/// Differences that mean nothing.
#[derive(Clone, Copy, Debug)]
pub struct Tie {
    /// In the paper, in its unit: below a tenth of a percent.
    pub paper: f64,
    /// Here: a tie of the paper's comes out if the difference is within this, either way.
    pub here: f64,
}

impl Tie {
    /// Where the paper has the figures themselves.
    pub const FIGURES: Self = Self { paper: 0.001, here: 0.005 };
    /// Where it has lifts in percent and here stand figures.
    pub const LIFTS: Self = Self { paper: 0.1, here: 0.005 };
    /// Where it has gains in percent, and so have we.
    pub const GAINS: Self = Self { paper: 0.1, here: 0.25 };
}

/// A row of a table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Name of the variant, within its system.
    pub variant: &'static str,
    /// The paper's figures, in the order of the table's metrics; none where it draws them and prints
    /// no number.
    pub paper: &'static [f64],
}

impl Table {
    /// The row of a variant.
    pub fn row(&self, variant: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.variant == variant)
    }
}

/// Every row has its figures, is known, and every pair has its rows: what a system's tables must
/// hold.
#[cfg(test)]
pub fn assert_whole(tables: &[Table], known: impl Fn(&str) -> bool) {
    for table in tables {
        for row in table.rows {
            assert!([0, table.metrics.len()].contains(&row.paper.len()), "{}", row.variant);
            assert!(known(row.variant), "{}", row.variant);
        }
        for variant in table.pairs.iter().flatten() {
            assert!(table.row(variant).is_some(), "{} {variant}", table.id);
        }
    }
}

/// Told how far a training run is: steps done, all steps, the loss.
pub type Watch<'a> = dyn FnMut(usize, usize, f32) + 'a;

/// A system of one paper on one market.
pub trait System {
    /// Short name, for example "dmt".
    fn name(&self) -> &'static str;

    /// The tables of its paper.
    fn tables(&self) -> &'static [Table];

    /// Everything besides the seed that a variant's figures hang on, in words: figures that
    /// are the result of anything else are not taken. None for a variant that cannot be
    /// trained here, whose row stays open.
    fn settings(&self, variant: &str) -> Option<String>;

    /// Trains a variant from a seed and measures it on the held-out day.
    ///
    /// # Errors
    /// Where there is no such variant, or the device fails.
    fn measure(&mut self, variant: &str, seed: u64, watch: &mut Watch) -> Result<Vec<Figure>>;
}
