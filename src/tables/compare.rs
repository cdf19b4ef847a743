//! From measured figures to a report.

use super::report::{Comparison, Outcome, RowReport, Spread, TableReport, Verdict};
use super::results::Results;
use super::significance::{LEVEL, paired_t_test};
use super::table::Table;
use crate::metrics::{BLOCKS, Figure};

/// A table with the figures of its variants.
pub fn table_report(table: &Table, results: &Results) -> TableReport {
    let rows = table.rows.iter().map(|row| RowReport {
        variant: row.variant.into(),
        paper: row.paper.into(),
        here: table.metrics.iter().map(|metric| spread(results, row.variant, metric)).collect(),
    });
    TableReport {
        id: table.id.into(),
        percent: table.percent,
        metrics: table.metrics.iter().map(|&metric| metric.into()).collect(),
        seeds: table
            .rows
            .iter()
            .filter_map(|row| results.get(row.variant))
            .map(Vec::len)
            .min()
            .unwrap_or(0),
        rows: rows.collect(),
        comparisons: comparisons(table, results),
    }
}

/// Every pair in every metric in which the paper's figures differ.
fn comparisons(table: &Table, results: &Results) -> Vec<Comparison> {
    let mut comparisons = Vec::new();
    for [one, other] in table.pairs {
        let (Some(one), Some(other)) = (table.row(one), table.row(other)) else { continue };
        for (number, metric) in table.metrics.iter().enumerate() {
            let difference = one.paper[number] - other.paper[number];
            if difference == 0.0 {
                continue;
            }
            let (higher, lower) = if difference > 0.0 { (one, other) } else { (other, one) };
            comparisons.push(Comparison {
                higher: higher.variant.into(),
                lower: lower.variant.into(),
                metric: (*metric).into(),
                paper: difference.abs(),
                here: outcome(results, higher.variant, lower.variant, metric),
            });
        }
    }
    comparisons
}

/// A metric of a variant from each seed.
fn figures<'a>(
    results: &'a Results,
    variant: &str,
    metric: &'a str,
) -> impl Iterator<Item = &'a Figure> + use<'a> {
    let of_seeds = results.get(variant).map_or(&[][..], Vec::as_slice);
    of_seeds.iter().filter_map(move |figures| figures.iter().find(|f| f.name == metric))
}

fn spread(results: &Results, variant: &str, metric: &str) -> Option<Spread> {
    let values: Vec<f64> = figures(results, variant, metric).filter_map(|f| f.whole).collect();
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let deviation = (squares / (count - 1.0).max(1.0)).sqrt();
    (!values.is_empty()).then_some(Spread { mean, deviation })
}

/// Each block averaged over the seeds, then a test over the blocks that have both.
fn outcome(results: &Results, higher: &str, lower: &str, metric: &str) -> Option<Outcome> {
    let [higher, lower] = [higher, lower].map(|variant| {
        let of_seeds: Vec<&Figure> = figures(results, variant, metric).collect();
        [0; BLOCKS].map({
            let mut block = 0;
            move |_| {
                let values: Vec<f64> = of_seeds.iter().filter_map(|f| f.blocks[block]).collect();
                block += 1;
                let count = values.len() as f64;
                (!values.is_empty()).then(|| values.iter().sum::<f64>() / count)
            }
        })
    });
    let pairs = higher.iter().zip(&lower);
    let differences: Vec<f64> =
        pairs.filter_map(|(higher, lower)| Some((*higher)? - (*lower)?)).collect();
    let (difference, p) = paired_t_test(&differences)?;
    let verdict = match difference {
        _ if p >= LEVEL => Verdict::NotSignificant,
        difference if difference > 0.0 => Verdict::ComesOut,
        _ => Verdict::OtherWay,
    };
    Some(Outcome { difference, p, verdict })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::report::Tally;
    use crate::tables::table::Row;

    const TABLE: Table = Table {
        id: "t-1",
        percent: false,
        metrics: &["auc", "mrr"],
        rows: &[
            Row { variant: "a", paper: &[0.5, 0.3] },
            Row { variant: "b", paper: &[0.6, 0.3] },
            Row { variant: "c", paper: &[0.4, 0.9] },
            Row { variant: "open", paper: &[0.7, 0.7] },
        ],
        pairs: &[["b", "a"], ["c", "a"], ["open", "a"]],
    };

    /// One seed, whose blocks go up and down by `noise`, against each other in every variant.
    fn seed(auc: f64, mrr: f64, noise: f64) -> Vec<Figure> {
        let blocks = |mean: f64| {
            std::array::from_fn(|n| Some(mean + if n % 2 == 0 { noise } else { -noise }))
        };
        [("auc", auc), ("mrr", mrr)]
            .map(|(name, mean)| Figure {
                name: name.into(),
                whole: Some(mean),
                blocks: blocks(mean),
            })
            .into()
    }

    fn results() -> Results {
        [
            ("a", vec![seed(0.50, 0.5, 0.0), seed(0.52, 0.5, 0.0)]),
            ("b", vec![seed(0.60, 0.5, 0.1), seed(0.64, 0.5, -0.1)]),
            ("c", vec![seed(0.60, 0.501, 0.01), seed(0.60, 0.501, 0.01)]),
        ]
        .map(|(name, seeds)| (name.to_owned(), seeds))
        .into()
    }

    #[test]
    fn directions_are_the_papers_and_verdicts_those_of_the_blocks() {
        let report = table_report(&TABLE, &results());
        let found: Vec<_> = report
            .comparisons
            .iter()
            .map(|c| (&*c.higher, &*c.lower, &*c.metric, c.here.map(|here| here.verdict)))
            .collect();
        assert_eq!(
            found,
            [
                // Seeds that go against each other even out; the paper's tie is no comparison.
                ("b", "a", "auc", Some(Verdict::ComesOut)),
                // Lower in the paper, higher here.
                ("a", "c", "auc", Some(Verdict::OtherWay)),
                // Less than the blocks differ by.
                ("c", "a", "mrr", Some(Verdict::NotSignificant)),
                ("open", "a", "auc", None),
                ("open", "a", "mrr", None),
            ]
        );
        let here = report.comparisons[0].here.unwrap();
        assert!((here.difference - 0.11).abs() < 1e-12);
        let tally = Tally::of(&report.comparisons);
        assert_eq!((tally.comes_out, tally.other_way, tally.not_significant), (1, 1, 1));
        assert_eq!((tally.open, tally.all()), (2, 5));
    }

    #[test]
    fn rows_hold_mean_and_spread_over_seeds() {
        let report = table_report(&TABLE, &results());
        let spread = report.rows[0].here[0].unwrap();
        assert!((spread.mean - 0.51).abs() < 1e-12);
        assert!((spread.deviation - 0.02 / 2.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!(report.rows[3].here, [None, None]);
        assert_eq!(report.seeds, 2);
    }

    #[test]
    fn a_block_that_has_no_metric_takes_no_part() {
        let mut results = results();
        for figures in results.values_mut().flatten() {
            figures[0].blocks[2..].fill(None);
        }
        let report = table_report(&TABLE, &results);
        // Two blocks are left, and their difference is the same in both.
        assert!((report.comparisons[0].here.unwrap().difference - 0.11).abs() < 1e-12);
    }
}
