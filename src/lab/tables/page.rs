//! A report as pages of text: docs/tables.md in each language, docs/claims.md.

use std::fmt::Write;

use super::claims::{self, CLAIMS, Check, Decided, Rule};
use super::report::{Comparison, Report, TableReport, Tally, Verdict};
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
            self.claims(&claims::tally(report)),
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

/// docs/claims.md: every claim with what decides it and what came of it.
pub fn claims(report: &Report, command: &str) -> String {
    let english = Page(Language::English);
    let mut text = format!(
        "# What the papers state\n\n{}\n\nWritten by `{command}` from figures that are stored, and \
         nothing else: {} products, {} shoppers, {} others who are tested, market seed {}. A claim is what a paper's text says, in \
         words of our own. It is decided by comparisons of the papers' tables ([tables.md](tables.md)), \
         by one of three rules. *Every*: all of them come out; one that goes the other way takes the \
         claim with it. *Most*: more than half come out and fewer go the other way; where more go the \
         other way than come out, so does the claim. *Larger*: the first mean difference is larger \
         than the second, which is not tested. Anything else is not significant. What no table \
         decides yet says what would.\n\n| paper | section | claim | decided by | rule | here |\n|---|---|---|---|---|---|\n",
        english.claims(&claims::tally(report)),
        report.market.products,
        report.market.shoppers,
        report.market.tested,
        report.market.seed,
    );
    for claim in CLAIMS {
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
        };
        let verdict = match claim.verdict(report) {
            Some(Verdict::ComesOut) => "comes out",
            Some(Verdict::OtherWay) => "**the other way**",
            Some(Verdict::NotSignificant) => "not significant",
            None => "not made",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {by} | {rule} | {verdict} |",
            claim.paper, claim.section, claim.says
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
