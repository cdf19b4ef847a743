//! What is claimed names what there is, and rules by hand.

use std::collections::BTreeMap;

use super::*;
use crate::online::difference::Design;
use crate::online::kept::{Moved, Weeks};
use crate::online::measures::{MEASURES, by_week};
use crate::registry::{claims, studies, tables};
use crate::tables::report::{Market, Outcome, RowReport, Spread, TableReport};
use link::State;
use market::metrics::{BLOCKS, Figure};

#[test]
fn there_are_enough_and_each_names_what_there_is() {
    let decided = claims().filter(|c| !matches!(c.decided, Decided::Open(..))).count();
    assert!(decided >= 80, "{decided}");
    for claim in claims() {
        let Decided::By(rule, checks) = claim.decided else { continue };
        let is_half = checks.len().is_multiple_of(2);
        assert!(!checks.is_empty() && (rule != Rule::Larger || is_half), "{claim:?}");
        for check in checks {
            let table = tables().find(|table| table.id == check.table);
            let table = table.unwrap_or_else(|| panic!("{claim:?}"));
            assert!(table.row(check.higher).is_some() && table.row(check.lower).is_some());
            let pairs = [[check.higher, check.lower], [check.lower, check.higher]];
            let compared = table.pairs.iter().any(|pair| pairs.contains(pair));
            assert!(compared || rule == Rule::Larger, "{claim:?}: {check:?}");
            for metric in check.metrics {
                assert!(table.metrics.contains(metric), "{claim:?}: {metric}");
            }
        }
    }
}

#[test]
fn online_tests_and_studies_name_what_there_is() {
    let mut commands: BTreeMap<&str, String> = BTreeMap::new();
    for claim in claims() {
        match claim.decided {
            Decided::Online(trial, shows) => {
                assert!(!shows.is_empty(), "{claim:?}");
                assert_eq!(crate::online::kept::name(trial.name).as_deref(), Ok(trial.name));
                let command = commands.entry(trial.name).or_insert_with(|| trial.command());
                assert_eq!(*command, trial.command(), "two tests of one name");
                for arm in trial.arms {
                    let link = arm.strip_prefix("shop").unwrap_or(arm);
                    let (_, dropped) = State::from_link(link.strip_prefix('+').unwrap_or(link));
                    assert!(dropped.is_empty(), "{arm}");
                }
                let is_measured = |name: &&str| MEASURES.iter().any(|m| m.name == *name);
                for shows in shows {
                    let names = match *shows {
                        Shows::Higher(name) | Shows::Lower(name) => vec![name],
                        Shows::More(more, less) => vec![more, less],
                        Shows::Early(name) => {
                            assert!(by_week().any(|measure| measure.name == name), "{name}");
                            vec![name]
                        }
                    };
                    assert!(names.iter().all(is_measured), "{shows:?}");
                }
            }
            Decided::Study(name, contrasts) => {
                let study = studies().find(|study| study.name == name);
                let study = study.unwrap_or_else(|| panic!("{claim:?}"));
                let mut named = contrasts.iter().flat_map(|contrast| contrast.figures());
                assert!(!contrasts.is_empty());
                assert!(named.all(|figure| study.figures.contains(&figure)), "{claim:?}");
            }
            Decided::By(..) | Decided::Open(_) => (),
        }
    }
    let document = include_str!("../../../../docs/ab.md");
    for name in commands.keys() {
        assert!(document.contains(&format!("\n| `{name}` | ")), "{name}");
    }
    assert_eq!(
        commands["dmt-6-dien"],
        "vitrine ab --on feed --a \"#bias-position=off&bias-neighbours=off\" --b \
         \"#bias-position=off\" --assets target/online/dien --assets-b assets --shoppers 8000 \
         --twins --keep dmt-6-dien"
    );
}

#[test]
fn the_document_has_every_claim_and_no_other() {
    let document = include_str!("../../../../docs/claims.md");
    for Claim { paper, section, says, .. } in claims() {
        let row = format!("\n| {paper} | {section} | {says} | ");
        assert!(document.contains(&row), "{row}");
    }
    // Two lines of the table are its head; what was measured for it stands below.
    let table = document.split("\n## ").next().unwrap();
    let rows = table.lines().filter(|line| line.starts_with('|')).count();
    assert_eq!(rows, claims().count() + 2);
}

fn comparison(higher: &str, lower: &str, metric: &str, verdict: Verdict) -> Comparison {
    let here = Some(Outcome { difference: 0.1, p: 0.01, verdict });
    let (higher, lower, metric) = (higher.into(), lower.into(), metric.into());
    Comparison { higher, lower, metric, paper: Some(0.1), tie: false, here }
}

fn report(comparisons: Vec<Comparison>) -> Report {
    let spread = |mean| Some(Spread { mean, deviation: 0.0 });
    let row = |variant: &str, here: [f64; 2]| RowReport {
        variant: variant.into(),
        paper: vec![Some(0.0); 2],
        here: here.map(spread).into(),
    };
    let table = TableReport {
        id: "t-1".into(),
        percent: false,
        metrics: vec!["auc".into(), "mrr".into()],
        seeds: 1,
        rows: vec![row("a", [0.5, 0.5]), row("b", [0.6, 0.52])],
        least: vec![None; 2],
        tie: 0.0,
        comparisons,
    };
    let market = Market { seed: 1, products: 1, shoppers: 1, tested: 1 };
    let (online, studies) = (BTreeMap::new(), BTreeMap::new());
    Report { market, seeds: vec![1], tables: vec![table], online, studies }
}

const B_OVER_A: Check = check("t-1", "b", "a", &[]);

#[test]
fn rules_by_hand() {
    use Verdict::{ComesOut as Out, NotSignificant as Unsure, OtherWay as Other};
    let verdict = |rule, verdicts: &[Verdict]| {
        let of = |&verdict: &Verdict| comparison("b", "a", "auc", verdict);
        let report = report(verdicts.iter().map(of).collect());
        claim("", "", "", rule, &[B_OVER_A]).verdict(&report)
    };
    assert_eq!(verdict(Rule::Every, &[]), None);
    assert_eq!(verdict(Rule::Every, &[Out, Out]), Some(Out));
    assert_eq!(verdict(Rule::Every, &[Out, Unsure]), Some(Unsure));
    assert_eq!(verdict(Rule::Every, &[Out, Other]), Some(Other));
    assert_eq!(verdict(Rule::Most, &[Out, Out, Other]), Some(Out));
    assert_eq!(verdict(Rule::Most, &[Out, Unsure]), Some(Unsure));
    assert_eq!(verdict(Rule::Most, &[Other, Unsure, Unsure]), Some(Other));
}

#[test]
fn a_claim_may_have_it_the_other_way_round_than_the_figures() {
    let report = report(vec![comparison("a", "b", "auc", Verdict::OtherWay)]);
    let claim = claim("", "", "", Rule::Every, &[B_OVER_A]);
    assert_eq!(claim.verdict(&report), Some(Verdict::ComesOut));
}

#[test]
fn gains_are_held_against_gains() {
    const MORE: Check = check("t-1", "b", "a", &["auc"]);
    const LESS: Check = check("t-1", "b", "a", &["mrr"]);
    const NOWHERE: Check = check("t-1", "b", "none", &["auc"]);
    let report = report(vec![comparison("b", "a", "auc", Verdict::ComesOut)]);
    let verdict = |checks| claim("", "", "", Rule::Larger, checks).verdict(&report);
    assert_eq!(verdict(&[MORE, LESS]), Some(Verdict::ComesOut));
    assert_eq!(verdict(&[LESS, MORE]), Some(Verdict::OtherWay));
    assert_eq!(verdict(&[LESS, NOWHERE]), None);
    // Half of them against the other half.
    assert_eq!(verdict(&[MORE, LESS, LESS, LESS]), Some(Verdict::ComesOut));
    assert_eq!(verdict(&[LESS, LESS, MORE, LESS]), Some(Verdict::OtherWay));
}

const TRIAL: Trial =
    Trial { name: "t", on: On::Feed, arms: ["shop", "#"], assets: ["assets", "assets"] };

/// A difference in percent with this on either side of it, in logarithms.
fn difference(percent: f64, wide: f64) -> Difference {
    let at = |more: f64| 100.0 * ((percent / 100.0).ln_1p() + more).exp_m1();
    Difference { a: 1.0, b: 1.0, percent, interval: [at(-wide), at(wide)], p: 0.5 }
}

fn kept(moved: &[(&str, f64, bool)], weeks: &[Option<f64>]) -> Kept {
    let measures = moved.iter().map(|&(name, percent, is_sure)| Moved {
        measure: name.into(),
        scale: Scale::Relative,
        expected: difference(percent, 0.02),
        is_sure,
    });
    let setup = Setup {
        a: "shop".into(),
        b: "#".into(),
        assets: ["assets".into(), "assets".into()],
        on: On::Feed,
        days: 28,
        shoppers: 1_000,
        design: Design::Twins,
        seed: 1,
        logged: 16_000,
    };
    let of_week = |week: &Option<f64>| week.map(|percent| difference(percent, 0.02));
    let expected = weeks.iter().map(of_week).collect();
    let weeks = vec![Weeks { measure: "orders".into(), expected }];
    Kept { setup, measures: measures.collect(), weeks }
}

fn of_trial(kept: Kept, shows: &'static [Shows]) -> Option<Verdict> {
    let mut report = report(Vec::new());
    report.online.insert("t".into(), kept);
    online("", "", "", &TRIAL, shows).verdict(&report)
}

#[test]
fn online_tests_decide_by_what_is_sure() {
    use Verdict::{ComesOut, NotSignificant, OtherWay};
    let both: &'static [Shows] = &[Shows::Higher("orders"), Shows::Lower("clicks")];
    let verdict = |orders, clicks| {
        of_trial(kept(&[("orders", orders, true), ("clicks", clicks, true)], &[]), both)
    };
    assert_eq!(verdict(2.0, -1.0), Some(ComesOut));
    assert_eq!(verdict(2.0, 1.0), Some(OtherWay));
    assert_eq!(verdict(-2.0, -1.0), Some(OtherWay));
    let unsure = kept(&[("orders", 2.0, true), ("clicks", -1.0, false)], &[]);
    assert_eq!(of_trial(unsure, both), Some(NotSignificant));
    // A measure that does not exist, another test, and none.
    assert_eq!(of_trial(kept(&[("orders", 2.0, true)], &[]), both), None);
    let mut other = kept(&[("orders", 2.0, true), ("clicks", -1.0, true)], &[]);
    other.setup.b = "#retriever=bm25".into();
    assert_eq!(of_trial(other, both), None);
    assert_eq!(online("", "", "", &TRIAL, both).verdict(&report(Vec::new())), None);
}

#[test]
fn differences_are_held_against_differences() {
    use Verdict::{ComesOut, NotSignificant, OtherWay};
    let more: &'static [Shows] = &[Shows::More("new", "orders")];
    let verdict = |new| of_trial(kept(&[("new", new, false), ("orders", 5.0, false)], &[]), more);
    // Each is known to 2 %, so that their difference is to 2.8 %.
    assert_eq!(verdict(9.0), Some(ComesOut));
    assert_eq!(verdict(7.0), Some(NotSignificant));
    assert_eq!(verdict(1.0), Some(OtherWay));
    let early: &'static [Shows] = &[Shows::Early("orders")];
    let verdict = |weeks: &[Option<f64>]| of_trial(kept(&[("orders", 5.0, true)], weeks), early);
    // The mean of four weeks is known to 1 %.
    assert_eq!(verdict(&[Some(5.0), Some(2.0), Some(2.0), Some(2.0), Some(2.0)]), Some(ComesOut));
    assert_eq!(verdict(&[Some(3.0), Some(2.0), Some(2.0)]), Some(NotSignificant));
    assert_eq!(verdict(&[Some(-2.0), Some(2.0), Some(2.0)]), Some(OtherWay));
    assert_eq!(verdict(&[Some(5.0), None]), None);
    assert_eq!(verdict(&[Some(5.0)]), None);
}

#[test]
fn studies_decide_by_their_contrasts() {
    let contrasts: &'static [Contrast] =
        &[Contrast::Over("kept", 0.5), Contrast::Under("kept", 0.9)];
    let claim = study("", "", "", "s", contrasts);
    let mut report = report(Vec::new());
    assert_eq!(claim.verdict(&report), None);
    let mut verdict = |kept: f64| {
        let blocks: [Option<f64>; BLOCKS] =
            std::array::from_fn(|n| Some(kept + if n % 2 == 0 { 0.01 } else { -0.01 }));
        let figure = Figure { name: "kept".into(), whole: Some(kept), blocks };
        report.studies.insert("s".into(), vec![figure]);
        claim.verdict(&report)
    };
    assert_eq!(verdict(0.7), Some(Verdict::ComesOut));
    assert_eq!(verdict(0.5), Some(Verdict::NotSignificant));
    assert_eq!(verdict(0.95), Some(Verdict::OtherWay));
}
