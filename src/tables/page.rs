//! A report as a page of text, docs/tables.md.

use std::fmt::Write;

use super::report::{Comparison, Report, TableReport, Tally, Verdict};

/// The page. `command` is what it says it was written by.
pub fn page(report: &Report, command: &str) -> String {
    let seeds = report.seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let mut text = format!(
        "# The papers' tables on the generated market\n\n\
         {}\n\n\
         Written by `{command}`: {} products, {} shoppers, market seed {}; each variant is \
         trained from the seeds {seeds}, or from the first of them where its table says so, and measured on the day after its training days. Figures \
         here are means over the seeds, with the standard deviation between seeds behind \u{b1}. \
         A comparison is two rows that the paper holds against each other, in one metric in which \
         its figures differ; its direction is that of the paper's figures. p is that of a paired \
         t-test over 20 blocks of shoppers (shopper number modulo 20), each block averaged over \
         the seeds; below 0.05 the direction comes out or goes the other way.\n\n\
         | table | comparisons | come out | the other way | not significant | not made |\n\
         |---|---:|---:|---:|---:|---:|\n",
        headline(&report.tally()),
        report.market.products,
        report.market.shoppers,
        report.market.seed,
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
        text += &table(report);
    }
    text
}

/// The one figure of it all.
pub fn headline(tally: &Tally) -> String {
    let mut text = format!(
        "**Of {} comparisons that the papers make, {} come out on this market, {} go the other \
         way, and {} are not significant.**",
        tally.all() - tally.open,
        tally.comes_out,
        tally.other_way,
        tally.not_significant
    );
    if tally.open > 0 {
        let _ = write!(text, " {} more were not made, for a variant was not trained.", tally.open);
    }
    text
}

/// One table.
pub fn table(report: &TableReport) -> String {
    let mut text = format!("## {}: {}\n\n", report.id, report.title);
    if !report.note.is_empty() {
        let _ = write!(text, "{}\n\n", report.note);
    }
    if report.seeds > 0 {
        let _ = write!(
            text,
            "Every row that is filled has at least {} seed(s) behind it.\n\n",
            report.seeds
        );
    }
    let decimals = report.rows.iter().flat_map(|row| &row.paper).fold(0, |most, figure| {
        let plain = figure.to_string();
        most.max(plain.split_once('.').map_or(0, |(_, digits)| digits.len()))
    });
    text += "| variant |";
    for metric in &report.metrics {
        let _ = write!(text, " {metric}, paper | here |");
    }
    let _ = writeln!(text, "\n|---|{}", "---:|---:|".repeat(report.metrics.len()));
    for row in &report.rows {
        let _ = write!(text, "| {} |", row.title);
        for (paper, here) in row.paper.iter().zip(&row.here) {
            let _ = match report.percent {
                true => write!(text, " {paper:+.decimals$} % |"),
                false => write!(text, " {paper:.decimals$} |"),
            };
            let _ = match here {
                Some(here) => write!(text, " {:.4} \u{b1} {:.4} |", here.mean, here.deviation),
                None => write!(text, " \u{2013} |"),
            };
        }
        text += "\n";
    }
    let unit = if report.percent { " %" } else { "" };
    text += "\n| in the paper | metric | by, paper | by, here | p | verdict |\n|---|---|---:|---:|---:|---|\n";
    for Comparison { higher, lower, metric, paper, here } in &report.comparisons {
        let _ = write!(text, "| {higher} above {lower} | {metric} | {paper:.decimals$}{unit} |");
        let _ = match here {
            Some(here) => {
                let verdict = match here.verdict {
                    Verdict::ComesOut => "comes out",
                    Verdict::OtherWay => "**the other way**",
                    Verdict::NotSignificant => "not significant",
                };
                let p = match here.p {
                    p if p < 0.0005 => "< 0.001".into(),
                    p => format!("{p:.3}"),
                };
                writeln!(text, " {:+.4} | {p} | {verdict} |", here.difference)
            }
            None => writeln!(text, " \u{2013} | \u{2013} | not made |"),
        };
    }
    if !report.why.is_empty() {
        let _ = write!(text, "\n{}\n", report.why);
    }
    text
}
