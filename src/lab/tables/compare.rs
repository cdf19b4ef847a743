//! From measured figures to a report.

use super::report::{Comparison, Outcome, RowReport, Spread, TableReport, Verdict};
use super::results::Results;
use super::significance::{Estimate, LEVEL, Pooled, holm};
use super::table::Table;
use market::metrics::{BLOCKS, Figure};

/// A table with the figures of its variants. `results` holds all variants of the system, for the chance
/// of the training is pooled over them.
pub fn table_report(table: &Table, results: &Results) -> TableReport {
    let rows = table.rows.iter().map(|row| RowReport {
        variant: row.variant.into(),
        paper: (0..table.metrics.len()).map(|number| row.paper.get(number).copied()).collect(),
        here: table.metrics.iter().map(|metric| spread(results, row.variant, metric)).collect(),
    });
    let (comparisons, estimates) = comparisons(table, results);
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
        least: table
            .metrics
            .iter()
            .map(|metric| {
                let in_it = comparisons.iter().zip(&estimates).filter(|(c, _)| c.metric == *metric);
                median(in_it.filter_map(|(_, estimate)| Some((*estimate)?.least())).collect())
            })
            .collect(),
        tie: table.tie.here,
        comparisons,
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// Every pair in every metric in which the paper's figures differ, or that it calls undecided, with
/// what was measured of it.
fn comparisons(table: &Table, results: &Results) -> (Vec<Comparison>, Vec<Option<Estimate>>) {
    let (mut comparisons, mut estimates) = (Vec::new(), Vec::new());
    for pair in table.pairs {
        let [one, other] = pair;
        let (Some(one), Some(other)) = (table.row(one), table.row(other)) else { continue };
        let undecided = table.undecided.contains(pair);
        for (number, metric) in table.metrics.iter().enumerate() {
            let figures = one.paper.get(number).zip(other.paper.get(number));
            let difference = figures.map(|(one, other)| one - other);
            if difference == Some(0.0) && !undecided {
                continue;
            }
            let turned = difference.is_some_and(|difference| difference < 0.0);
            let (higher, lower) = if turned { (other, one) } else { (one, other) };
            let difference = difference.map(f64::abs);
            comparisons.push(Comparison {
                higher: higher.variant.into(),
                lower: lower.variant.into(),
                metric: (*metric).into(),
                paper: difference,
                // The paper's figures are decimal: a tenth of a percent is not below itself.
                tie: undecided || difference.is_some_and(|d| d < table.tie.paper - 1e-9),
                here: None,
            });
            estimates.push(estimate(results, higher.variant, lower.variant, metric));
        }
    }
    // What each would be, and how probable that were by chance; then what holds for all together.
    let bound = table.tie.here;
    let outcomes = comparisons.iter().zip(&estimates).map(|(comparison, estimate)| {
        let estimate = (*estimate)?;
        let (verdict, p) = match comparison.tie {
            true if estimate.mean.abs() < bound => (Verdict::ComesOut, estimate.is_within(bound)),
            true => (Verdict::OtherWay, estimate.is_beyond(bound)),
            false if estimate.mean > 0.0 => (Verdict::ComesOut, estimate.differs()),
            false => (Verdict::OtherWay, estimate.differs()),
        };
        Some(Outcome { difference: estimate.mean, p, verdict })
    });
    let outcomes: Vec<Option<Outcome>> = outcomes.collect();
    let made: Vec<f64> = outcomes.iter().flatten().map(|outcome| outcome.p).collect();
    let mut corrected = holm(&made).into_iter();
    for (comparison, outcome) in comparisons.iter_mut().zip(outcomes) {
        comparison.here = outcome.and_then(|outcome| {
            let p = corrected.next()?;
            let verdict = if p < LEVEL { outcome.verdict } else { Verdict::NotSignificant };
            Some(Outcome { p, verdict, ..outcome })
        });
    }
    (comparisons, estimates)
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

/// How much higher one variant is than another, of the seeds that both have and the blocks that have
/// the metric in all of them.
fn estimate(results: &Results, higher: &str, lower: &str, metric: &str) -> Option<Estimate> {
    let seeds: Vec<[&Figure; 2]> = figures(results, higher, metric)
        .zip(figures(results, lower, metric))
        .map(|(higher, lower)| [higher, lower])
        .collect();
    let whole = |block: &usize| seeds.iter().flatten().all(|f| f.blocks[*block].is_some());
    let blocks: Vec<usize> = (0..BLOCKS).filter(whole).collect();
    let of_seed = |[higher, lower]: &[&Figure; 2]| -> Vec<f64> {
        let difference = |&block: &usize| Some(higher.blocks[block]? - lower.blocks[block]?);
        blocks.iter().filter_map(difference).collect()
    };
    let differences: Vec<Vec<f64>> = seeds.iter().map(of_seed).collect();
    Estimate::of(&differences, pooled(results, metric, seeds.len(), &blocks))
}

/// The chance of the training in a metric, over all variants that have it from so many seeds in these
/// blocks.
fn pooled(results: &Results, metric: &str, seeds: usize, blocks: &[usize]) -> Option<Pooled> {
    let mean = |figure: &Figure| -> Option<f64> {
        let sum: Option<f64> = blocks.iter().map(|&block| figure.blocks[block]).sum();
        Some(sum? / blocks.len() as f64)
    };
    let of_variant = |variant: &String| -> Option<Vec<f64>> {
        let means: Option<Vec<f64>> =
            figures(results, variant, metric).take(seeds).map(mean).collect();
        means.filter(|means| means.len() == seeds)
    };
    Pooled::of(&results.keys().filter_map(of_variant).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::report::Tally;
    use crate::tables::table::{Row, Tie};

    const TABLE: Table = Table {
        id: "t-1",
        percent: false,
        tie: Tie::FIGURES,
        undecided: &[["d", "a"]],
        metrics: &["auc", "mrr"],
        rows: &[
            Row { variant: "a", paper: &[0.5, 0.3] },
            Row { variant: "b", paper: &[0.6, 0.3] },
            Row { variant: "c", paper: &[0.4, 0.9] },
            Row { variant: "d", paper: &[0.6, 0.3005] },
            Row { variant: "open", paper: &[0.7, 0.7] },
        ],
        pairs: &[["b", "a"], ["c", "a"], ["d", "a"], ["open", "a"]],
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
            ("a", vec![seed(0.50, 0.5, 0.0), seed(0.501, 0.5, 0.0)]),
            ("b", vec![seed(0.60, 0.5, 0.1), seed(0.602, 0.5, -0.1)]),
            ("c", vec![seed(0.60, 0.501, 0.01), seed(0.60, 0.501, 0.01)]),
            ("d", vec![seed(0.511, 0.51, 0.001), seed(0.509, 0.51, 0.001)]),
        ]
        .map(|(name, seeds)| (name.to_owned(), seeds))
        .into()
    }

    #[test]
    fn directions_are_the_papers_and_verdicts_those_of_seeds_and_blocks() {
        let report = table_report(&TABLE, &results());
        let found: Vec<_> = report
            .comparisons
            .iter()
            .map(|c| (&*c.higher, &*c.lower, &*c.metric, c.tie, c.here.map(|here| here.verdict)))
            .collect();
        assert_eq!(
            found,
            [
                // Blocks go up and down, in the second seed the other way round: what is left after
                // seeds and blocks is most of it. The paper's equal figures are no comparison.
                ("b", "a", "auc", false, Some(Verdict::ComesOut)),
                // Lower in the paper, higher here.
                ("a", "c", "auc", false, Some(Verdict::OtherWay)),
                // Less than the blocks differ by.
                ("c", "a", "mrr", false, Some(Verdict::NotSignificant)),
                // Undecided in the paper: a hundredth is no tie here, which is not sure of the one.
                ("d", "a", "auc", true, Some(Verdict::NotSignificant)),
                ("d", "a", "mrr", true, Some(Verdict::OtherWay)),
                ("open", "a", "auc", false, None),
                ("open", "a", "mrr", false, None),
            ]
        );
        let here = report.comparisons[0].here.unwrap();
        assert!((here.difference - 0.1005).abs() < 1e-12);
        let tally = Tally::of(&report.comparisons);
        assert_eq!((tally.comes_out, tally.other_way, tally.not_significant), (1, 2, 2));
        assert_eq!((tally.open, tally.all()), (2, 7));
        // What can be seen is smaller where blocks and seeds differ less.
        let [auc, mrr] = report.least[..] else { panic!("two metrics") };
        assert!(auc > mrr && mrr > Some(0.0), "{auc:?} {mrr:?}");
    }

    #[test]
    fn many_comparisons_need_more_each() {
        let few = Table { pairs: &[["c", "b"]], ..TABLE };
        let results: Results = [
            ("a", vec![seed(0.5, 0.5, 0.01)]),
            ("b", vec![seed(0.5, 0.5, 0.0)]),
            ("c", vec![seed(0.492, 0.5, 0.01)]),
            ("d", vec![seed(0.5, 0.5, 0.01)]),
        ]
        .map(|(name, seeds)| (name.to_owned(), seeds))
        .into();
        let p = |table: &Table| {
            let report = table_report(table, &results);
            let found = report.comparisons.iter().find(|c| c.higher == "b" && c.lower == "c");
            found.unwrap().here.unwrap().p
        };
        let many = Table { pairs: &[["c", "b"], ["b", "a"], ["d", "a"]], ..TABLE };
        assert!(p(&few) < LEVEL && p(&many) > p(&few), "{} {}", p(&few), p(&many));
    }

    #[test]
    fn the_chance_of_the_training_is_that_of_all_variants() {
        // The pair's own seeds hardly differ, two others by a tenth: what the pair differs by is then
        // no more than seeds make of it.
        let few = Table { pairs: &[["b", "a"]], ..TABLE };
        let pair = [
            ("a", vec![seed(0.5, 0.5, 0.0), seed(0.501, 0.5, 0.0), seed(0.5, 0.5, 0.0)]),
            ("b", vec![seed(0.52, 0.5, 0.0), seed(0.52, 0.5, 0.0), seed(0.521, 0.5, 0.0)]),
        ];
        let others = [
            ("c", vec![seed(0.5, 0.5, 0.0), seed(0.6, 0.5, 0.0), seed(0.5, 0.5, 0.0)]),
            ("d", vec![seed(0.6, 0.5, 0.0), seed(0.5, 0.5, 0.0), seed(0.55, 0.5, 0.0)]),
        ];
        let verdict = |variants: Vec<(&str, Vec<Vec<Figure>>)>| {
            let named = variants.into_iter().map(|(name, seeds)| (name.to_owned(), seeds));
            table_report(&few, &named.collect()).comparisons[0].here.unwrap().verdict
        };
        assert_eq!(verdict(pair.to_vec()), Verdict::ComesOut);
        let all = pair.into_iter().chain(others).collect();
        assert_eq!(verdict(all), Verdict::NotSignificant);
    }

    /// Figures that the paper draws and does not print are compared in the direction of its text.
    #[test]
    fn without_the_papers_figures_its_text_has_the_direction() {
        let drawn = Table {
            rows: &[Row { variant: "a", paper: &[] }, Row { variant: "c", paper: &[] }],
            pairs: &[["a", "c"]],
            ..TABLE
        };
        let report = table_report(&drawn, &results());
        assert_eq!(report.rows[0].paper, [None, None]);
        let found: Vec<_> =
            report.comparisons.iter().map(|c| (&*c.higher, &*c.metric, c.paper, c.tie)).collect();
        assert_eq!(found, [("a", "auc", None, false), ("a", "mrr", None, false)]);
        assert_eq!(report.comparisons[0].here.unwrap().verdict, Verdict::OtherWay);
    }

    #[test]
    fn rows_hold_mean_and_spread_over_seeds() {
        let report = table_report(&TABLE, &results());
        let spread = report.rows[0].here[0].unwrap();
        assert!((spread.mean - 0.5005).abs() < 1e-12);
        assert!((spread.deviation - 0.001 / 2.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!(report.rows[4].here, [None, None]);
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
        assert!((report.comparisons[0].here.unwrap().difference - 0.1005).abs() < 1e-12);
    }
}
