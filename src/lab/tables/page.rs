//! A report as pages of text: docs/tables.md in each language, docs/claims.md.

use std::fmt::Write;

use super::claims::{self, Check, Decided, Rule, Shows};
use super::report::{Comparison, Report, TableReport, Tally, Verdict};
use super::study::Contrast;
use crate::online::kept::{Kept, Moved};
use crate::online::measures::Scale;
use crate::registry::{self, studies};
use languages::worded;
use market::language::{Language, Message};

/// Rule of a table's column of numbers.
const NUMBERS: &str = "---:|";

/// Writes in one language.
#[derive(Clone, Copy, Debug)]
pub struct Page(pub Language);

impl Page {
    /// The page. `command` is what it says it was written by.
    pub fn whole(self, report: &Report, command: &str) -> String {
        let seeds = report.seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        let about = Message::new(word!("tables.about"))
            .with("command", command)
            .with("products", report.market.products.to_string())
            .with("shoppers", report.market.shoppers.to_string())
            .with("tested", report.market.tested.to_string())
            .with("seed", report.market.seed.to_string())
            .with("seeds", seeds);
        let heads = [
            word!("tables.heads.table"),
            word!("tables.heads.comparisons"),
            word!("tables.verdicts.comes-out"),
            word!("tables.verdicts.other-way"),
            word!("tables.verdicts.not-significant"),
            word!("tables.verdicts.not-made"),
        ];
        let mut text = format!(
            "# {}\n\n{}\n\n{}\n\n{}\n\n{}\n\n{}|---|{}\n",
            self.say(word!("tables.heading")),
            self.claims(&claims::tally(registry::claims(), report)),
            self.headline(&report.tally()),
            worded(&about, self.0),
            self.say(word!("tables.missing")),
            self.row(&heads),
            NUMBERS.repeat(heads.len() - 1),
        );
        for table in &report.tables {
            let tally = Tally::of(&table.comparisons);
            // Writing to a String cannot fail, here and below.
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} |",
                table.id,
                tally.all(),
                tally.comes_out,
                tally.other_way,
                tally.not_significant,
                tally.open
            );
        }
        for report in &report.tables {
            text += "\n";
            text += &self.table(report);
        }
        text
    }

    /// What comes of the claims.
    pub fn claims(self, tally: &Tally) -> String {
        self.counted(word!("tables.claims"), word!("tables.claims-open"), tally)
    }

    /// What comes of all comparisons.
    pub fn headline(self, tally: &Tally) -> String {
        self.counted(word!("tables.headline"), word!("tables.open"), tally)
    }

    fn counted(self, key: &'static str, open: &'static str, tally: &Tally) -> String {
        let made = Message::new(key)
            .with("all", (tally.all() - tally.open).to_string())
            .with("comes-out", tally.comes_out.to_string())
            .with("other-way", tally.other_way.to_string())
            .with("not-significant", tally.not_significant.to_string());
        let mut text = format!("**{}**", worded(&made, self.0));
        if tally.open > 0 {
            let open = Message::new(open).with("count", tally.open.to_string());
            let _ = write!(text, " {}", worded(&open, self.0));
        }
        text
    }

    /// One table.
    pub fn table(self, report: &TableReport) -> String {
        let of_table = |name: &str| self.say(&word!("tables.{}.{}", report.id, name));
        let mut text = format!("## {}: {}\n\n", report.id, of_table("title"));
        let _ = write!(text, "{}\n\n", of_table("note"));
        if report.seeds > 0 {
            let seeds = Message::new(word!("tables.seeds")).with("count", report.seeds.to_string());
            let _ = write!(text, "{}\n\n", worded(&seeds, self.0));
        }
        let printed = report.rows.iter().flat_map(|row| row.paper.iter().flatten());
        let decimals = printed.fold(0, |most, figure| {
            let plain = figure.to_string();
            most.max(plain.split_once('.').map_or(0, |(_, digits)| digits.len()))
        });
        let metric = |name: &str| self.say(&word!("tables.metrics.{}", slug(name)));
        let _ = write!(text, "| {} |", self.say(word!("tables.heads.variant")));
        for name in &report.metrics {
            let paper = Message::new(word!("tables.heads.paper")).with("metric", metric(name));
            let _ = write!(
                text,
                " {} | {} |",
                worded(&paper, self.0),
                self.say(word!("tables.heads.here"))
            );
        }
        let _ = writeln!(text, "\n|---|{}", NUMBERS.repeat(2 * report.metrics.len()));
        for row in &report.rows {
            let _ = write!(text, "| {} |", of_table(&row.variant));
            for (paper, here) in row.paper.iter().zip(&row.here) {
                let _ = match paper {
                    Some(paper) if report.percent => write!(text, " {paper:+.decimals$} % |"),
                    Some(paper) => write!(text, " {paper:.decimals$} |"),
                    None => write!(text, " \u{2013} |"),
                };
                let _ = match here {
                    Some(here) => write!(text, " {:.4} \u{b1} {:.4} |", here.mean, here.deviation),
                    None => write!(text, " \u{2013} |"),
                };
            }
            text += "\n";
        }
        let _ = write!(text, "| {} |", self.say(word!("tables.heads.least")));
        for least in &report.least {
            let _ = match least {
                Some(least) => write!(text, " | {least:.4} |"),
                None => write!(text, " | \u{2013} |"),
            };
        }
        text += "\n";
        let bound = Message::new(word!("tables.ties")).with("bound", report.tie.to_string());
        let _ = write!(text, "\n{}\n", worded(&bound, self.0));
        let unit = if report.percent { " %" } else { "" };
        let heads = [
            word!("tables.heads.pair"),
            word!("tables.heads.metric"),
            word!("tables.heads.by-paper"),
            word!("tables.heads.by-here"),
            word!("tables.heads.p"),
            word!("tables.heads.verdict"),
        ];
        let _ = write!(text, "\n{}|---|---|{}---|\n", self.row(&heads), NUMBERS.repeat(3));
        for Comparison { higher, lower, metric: name, paper, tie, here } in &report.comparisons {
            let pair = Message::new(if *tie { word!("tables.tied") } else { word!("tables.pair") })
                .with("higher", of_table(higher))
                .with("lower", of_table(lower));
            let (pair, metric) = (worded(&pair, self.0), metric(name));
            let _ = match paper {
                Some(paper) => write!(text, "| {pair} | {metric} | {paper:.decimals$}{unit} |"),
                None => write!(text, "| {pair} | {metric} | \u{2013} |"),
            };
            let _ = match here {
                Some(here) => {
                    let verdict = match here.verdict {
                        Verdict::ComesOut => self.say(word!("tables.verdicts.comes-out")),
                        Verdict::OtherWay => {
                            format!("**{}**", self.say(word!("tables.verdicts.other-way")))
                        }
                        Verdict::NotSignificant => {
                            self.say(word!("tables.verdicts.not-significant"))
                        }
                    };
                    let p = match here.p {
                        p if p < 0.0005 => "< 0.001".into(),
                        p => format!("{p:.3}"),
                    };
                    writeln!(text, " {:+.4} | {p} | {verdict} |", here.difference)
                }
                None => {
                    let verdict = self.say(word!("tables.verdicts.not-made"));
                    writeln!(text, " \u{2013} | \u{2013} | {verdict} |")
                }
            };
        }
        let _ = write!(text, "\n{}\n", of_table("why"));
        text
    }

    fn say(self, key: &str) -> String {
        worded(&Message::new(key), self.0)
    }

    fn row(self, keys: &[&str]) -> String {
        let cells: Vec<_> = keys.iter().map(|key| self.say(key)).collect();
        format!("| {} |\n", cells.join(" | "))
    }
}

/// A metric's name as it stands in keys: "click nDCG@1" is "click-ndcg-1".
pub fn slug(metric: &str) -> String {
    metric.to_lowercase().replace([' ', '@', '_'], "-")
}

/// docs/claims.md: every claim with what decides it and what came of it, and what was measured for claims
/// that no table decides.
pub fn claims(report: &Report, command: &str) -> String {
    let english = Page(Language::English);
    let mut text = format!(
        "# What the papers state\n\n{}\n\nWritten by `{command}` from figures that are stored, and \
         nothing else: {} products, {} shoppers, {} others who are tested, market seed {}. A claim is \
         what a paper's text says, in words of our own. What decides it is one of three.\n\n\
         - **Comparisons of the papers' tables** ([tables.md](tables.md)), by one of three rules. \
         *Every*: all of them come out; one that goes the other way takes the claim with it. *Most*: \
         more than half come out and fewer go the other way; where more go the other way than come out, \
         so does the claim. *Larger*: the mean difference of the first half of them is larger than that \
         of the second, which is not tested.\n\
         - **An online test** ([ab.md](ab.md)), by rule *every*: the measures differ the way that is said, \
         as expected of what was shown, all measures of the test considered (*sure*). Two differences are \
         held against each other by their intervals.\n\
         - **A study** of the log, of a model or of a clock, on the market that ships (`vitrine study`), by \
         rule *every*: its figures are as is said in blocks of shoppers or requests, all that the claim \
         names considered (Holm).\n\n\
         Anything else is not significant. What nothing decides yet says what would.\n\n\
         | paper | section | claim | decided by | rule | here |\n|---|---|---|---|---|---|\n",
        english.claims(&claims::tally(registry::claims(), report)),
        report.market.products,
        report.market.shoppers,
        report.market.tested,
        report.market.seed,
    );
    for claim in registry::claims() {
        let (by, rule) = match claim.decided {
            Decided::Open(by) => (by.to_owned(), "\u{2013}"),
            Decided::By(rule, checks) => {
                let checks: Vec<String> = checks.iter().map(decides).collect();
                let rule = match rule {
                    Rule::Every => "every",
                    Rule::Most => "most",
                    Rule::Larger => "larger",
                };
                (checks.join("; "), rule)
            }
            Decided::Online(trial, shows) => {
                let shows: Vec<String> = shows.iter().map(shown).collect();
                (format!("`{}`: {}", trial.command(), shows.join("; ")), "every")
            }
            Decided::Study(name, contrasts) => {
                let contrasts: Vec<String> = contrasts.iter().map(contrasted).collect();
                (format!("`vitrine study --only {name}`: {}", contrasts.join("; ")), "every")
            }
        };
        let verdict = match claim.verdict(report) {
            Some(Verdict::ComesOut) => "comes out",
            Some(Verdict::OtherWay) => "**the other way**",
            Some(Verdict::NotSignificant) => "not significant",
            None => "not made",
        };
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {by} | {rule} | {verdict} |",
            claim.paper, claim.section, claim.says
        );
    }
    for (name, kept) in &report.online {
        text += "\n";
        text += &tested(name, kept);
    }
    for study in studies() {
        let Some(figures) = report.studies.get(study.name) else { continue };
        let _ = writeln!(
            text,
            "\n## {}\n\n{}.\n\n| figure | here |\n|---|---:|",
            study.name, study.says
        );
        for figure in figures {
            let _ = match figure.whole {
                Some(whole) => writeln!(text, "| {} | {whole:.4} |", figure.name),
                None => writeln!(text, "| {} | \u{2013} |", figure.name),
            };
        }
    }
    text
}

/// An online test as it stands in docs/claims.md.
fn tested(name: &str, kept: &Kept) -> String {
    let Kept { setup, measures, .. } = kept;
    let mut text = format!(
        "## {name}\n\nA: `{}` with `{}`; B: `{}` with `{}`. {} shoppers, {} days.\n\n\
         | B over A, as expected | | p | |\n|---|---:|---:|---|\n",
        setup.a, setup.assets[0], setup.b, setup.assets[1], setup.shoppers, setup.days
    );
    for Moved { measure, scale, expected, is_sure } in measures {
        let unit = if *scale == Scale::Relative { " %" } else { " points" };
        let ([low, high], sure) = (expected.interval, if *is_sure { "sure" } else { "" });
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {measure} | {:+.2}{unit} [{low:+.2}, {high:+.2}] | {:.3} | {sure} |",
            expected.percent, expected.p
        );
    }
    text
}

/// A check as it stands in docs/claims.md.
fn decides(check: &Check) -> String {
    let metrics = match check.metrics {
        [] => "all metrics".to_owned(),
        metrics => metrics.join(", "),
    };
    format!("{}: `{}` over `{}`, {metrics}", check.table, check.higher, check.lower)
}

/// What an online test is to show, as it stands there.
fn shown(shows: &Shows) -> String {
    match shows {
        Shows::Higher(name) => format!("{name} higher in B"),
        Shows::Lower(name) => format!("{name} lower in B"),
        Shows::More(more, less) => format!("{more} moves more than {less}"),
        Shows::Early(name) => format!("{name} moves more in the first week than after it"),
    }
}

/// What is said of a study's figures, as it stands there.
fn contrasted(contrast: &Contrast) -> String {
    match contrast {
        Contrast::Above(one, other) => format!("*{one}* over *{other}*"),
        Contrast::Over(one, bound) => format!("*{one}* over {bound}"),
        Contrast::Under(one, bound) => format!("*{one}* under {bound}"),
        Contrast::Differ(one, other) => format!("*{one}* not as *{other}*"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::online::arm::On;
    use crate::online::difference::{Design, Difference};
    use crate::online::kept::Setup;
    use crate::tables::report::Market;
    use market::metrics::{BLOCKS, Figure};

    #[test]
    fn what_was_measured_stands_below_the_claims() {
        let trial = claims::trials(registry::claims()).next().unwrap();
        let setup = Setup {
            a: trial.arms[0].into(),
            b: trial.arms[1].into(),
            assets: trial.assets.map(String::from),
            on: On::Search,
            days: 28,
            shoppers: 8_000,
            design: Design::Twins,
            seed: 1,
            logged: 16_000,
        };
        let expected =
            Difference { a: 1.0, b: 1.02, percent: 2.0, interval: [0.5, 3.5], p: 0.0087 };
        let scale = Scale::Relative;
        let moved = Moved { measure: "clicks".into(), scale, expected, is_sure: true };
        let kept = Kept { setup, measures: vec![moved], weeks: Vec::new() };
        let study = studies().next().unwrap();
        let blocks = [Some(0.25); BLOCKS];
        let figure = Figure { name: study.figures[0].into(), whole: Some(0.25), blocks };
        let report = Report {
            market: Market { seed: 1, products: 40_000, shoppers: 32_000, tested: 50_000 },
            seeds: vec![1],
            tables: Vec::new(),
            online: BTreeMap::from([(trial.name.to_owned(), kept)]),
            studies: BTreeMap::from([(study.name.to_owned(), vec![figure])]),
        };
        let text = claims(&report, "a command");
        assert!(text.contains("Written by `a command`"), "{text}");
        let (head, below) = text.split_once(&format!("\n## {}\n", trial.name)).unwrap();
        assert!(head.contains(&format!("| `{}`: ", trial.command())), "{head}");
        assert!(
            below.contains("\n| clicks | +2.00 % [+0.50, +3.50] | 0.009 | sure |\n"),
            "{below}"
        );
        assert!(below.contains(&format!("\n## {}\n", study.name)), "{below}");
        assert!(below.contains(&format!("\n| {} | 0.2500 |\n", study.figures[0])), "{below}");
    }
}
