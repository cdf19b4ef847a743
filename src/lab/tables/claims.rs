//! What the papers' texts state, and what decides it: docs/claims.md is made of this.
//!
//! A claim is decided by comparisons of the tables ([`Decided::By`]), by an online test
//! ([`Decided::Online`]) or by a study ([`Decided::Study`]), by the rule that stands with it, or waits for a
//! measurement that there is not yet ([`Decided::Open`]).

use super::report::{Comparison, Report, Tally, Verdict};
use super::significance::{Estimate, LEVEL};
use super::study::{self, Contrast};
use crate::online::arm::On;
use crate::online::difference::Difference;
use crate::online::kept::{Kept, Setup};
use crate::online::measures::Scale;

/// Something that a paper states.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// Paper.
    pub paper: &'static str,
    /// Section.
    pub section: &'static str,
    /// What is stated, in words of our own.
    pub says: &'static str,
    /// What decides it.
    pub decided: Decided,
}

/// What decides a claim.
#[derive(Clone, Copy, Debug)]
pub enum Decided {
    /// Comparisons of tables.
    By(Rule, &'static [Check]),
    /// Differences of an online test: every one.
    Online(&'static Trial, &'static [Shows]),
    /// What a study of this name shows: all of it.
    Study(&'static str, &'static [Contrast]),
    /// A measurement that there is not yet, and why.
    Open(&'static str),
}

/// How comparisons decide a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// All come out; it goes the other way as soon as one does.
    Every,
    /// More come out than not, and more than go the other way; it goes the other way where more of
    /// them do than come out.
    Most,
    /// The mean difference of the first half of them is larger than that of the second: for "gains more
    /// in". It is not tested, for the two are not paired.
    Larger,
}

/// Comparisons of two rows of a table.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Short name of the table.
    pub table: &'static str,
    /// The row that is said to be higher.
    pub higher: &'static str,
    /// The row that is said to be lower.
    pub lower: &'static str,
    /// Metrics; all of the table's comparisons of the two rows where there is none.
    pub metrics: &'static [&'static str],
}

/// An online test that decides something, each shopper in both arms.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    /// The name that it is kept under.
    pub name: &'static str,
    /// Where the arms answer.
    pub on: On,
    /// Arms A and B, as they are said.
    pub arms: [&'static str; 2],
    /// Folders of their assets (docs/ab.md has how those are made that do not ship).
    pub assets: [&'static str; 2],
}

/// What an online test is to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// A measure is higher in arm B.
    Higher(&'static str),
    /// A measure is lower in arm B.
    Lower(&'static str),
    /// The first measure's difference is larger than the second's.
    More(&'static str, &'static str),
    /// A measure's difference is larger in the first week than on average in those after it.
    Early(&'static str),
}

/// Shoppers of an online test that decides something.
const SHOPPERS: u32 = 8_000;

/// A comparison of two rows, of these metrics.
pub(super) const fn check(
    table: &'static str,
    higher: &'static str,
    lower: &'static str,
    metrics: &'static [&'static str],
) -> Check {
    Check { table, higher, lower, metrics }
}

/// What comparisons decide.
pub(super) const fn claim(
    paper: &'static str,
    section: &'static str,
    says: &'static str,
    rule: Rule,
    checks: &'static [Check],
) -> Claim {
    Claim { paper, section, says, decided: Decided::By(rule, checks) }
}

/// What an online test decides.
pub(super) const fn online(
    paper: &'static str,
    section: &'static str,
    says: &'static str,
    trial: &'static Trial,
    shows: &'static [Shows],
) -> Claim {
    Claim { paper, section, says, decided: Decided::Online(trial, shows) }
}

/// What a study decides.
pub(super) const fn study(
    paper: &'static str,
    section: &'static str,
    says: &'static str,
    name: &'static str,
    contrasts: &'static [Contrast],
) -> Claim {
    Claim { paper, section, says, decided: Decided::Study(name, contrasts) }
}

/// What nothing decides yet, and why.
pub(super) const fn open(
    paper: &'static str,
    section: &'static str,
    says: &'static str,
    by: &'static str,
) -> Claim {
    Claim { paper, section, says, decided: Decided::Open(by) }
}

impl Claim {
    /// The verdict; none where something that decides it was not made.
    pub fn verdict(&self, report: &Report) -> Option<Verdict> {
        match self.decided {
            Decided::By(rule, checks) => rule.verdict(checks, report),
            Decided::Online(trial, shows) => {
                let kept = report.online.get(trial.name).filter(|kept| trial.is(&kept.setup))?;
                let verdicts: Option<Vec<Verdict>> =
                    shows.iter().map(|shows| shows.verdict(kept)).collect();
                every(&verdicts?)
            }
            Decided::Study(name, contrasts) => {
                every(&study::verdicts(contrasts, report.studies.get(name)?)?)
            }
            Decided::Open(_) => None,
        }
    }
}

/// All come out; it goes the other way as soon as one does. None of nothing.
fn every(verdicts: &[Verdict]) -> Option<Verdict> {
    let all = |wanted: Verdict| verdicts.iter().all(|&verdict| verdict == wanted);
    match verdicts {
        [] => None,
        _ if verdicts.contains(&Verdict::OtherWay) => Some(Verdict::OtherWay),
        _ if all(Verdict::ComesOut) => Some(Verdict::ComesOut),
        _ => Some(Verdict::NotSignificant),
    }
}

impl Rule {
    fn verdict(self, checks: &[Check], report: &Report) -> Option<Verdict> {
        let found: Vec<Vec<&Comparison>> = checks.iter().map(|check| check.of(report)).collect();
        let verdicts = || {
            let all = checks.iter().zip(&found).flat_map(|(check, found)| {
                found.iter().map(|comparison| check.verdict(comparison))
            });
            all.collect::<Option<Vec<Verdict>>>()
        };
        match self {
            _ if found.iter().all(Vec::is_empty) => None,
            Self::Every => every(&verdicts()?),
            Self::Most => {
                let verdicts = verdicts()?;
                let count = |wanted| verdicts.iter().filter(|&&v| v == wanted).count();
                let [out, other] = [Verdict::ComesOut, Verdict::OtherWay].map(count);
                Some(match () {
                    () if 2 * out > verdicts.len() && out > other => Verdict::ComesOut,
                    () if other > out => Verdict::OtherWay,
                    () => Verdict::NotSignificant,
                })
            }
            Self::Larger => {
                let gains: Option<Vec<f64>> =
                    checks.iter().map(|check| check.gain(report)).collect();
                let gains = gains?;
                let (more, less) = gains.split_at(gains.len() / 2);
                let larger = more.iter().sum::<f64>() > less.iter().sum::<f64>();
                Some(if larger { Verdict::ComesOut } else { Verdict::OtherWay })
            }
        }
    }
}

impl Check {
    /// The comparisons of a report that it names.
    fn of<'a>(&self, report: &'a Report) -> Vec<&'a Comparison> {
        let table = report.tables.iter().find(|table| table.id == self.table);
        let comparisons = table.map_or(&[][..], |table| &table.comparisons);
        let pair = [self.higher, self.lower];
        let named = |c: &&Comparison| {
            pair.contains(&&*c.higher)
                && pair.contains(&&*c.lower)
                && (self.metrics.is_empty() || self.metrics.contains(&&*c.metric))
        };
        comparisons.iter().filter(named).collect()
    }

    /// What a comparison says of it: the figures may have the other row higher.
    fn verdict(&self, comparison: &Comparison) -> Option<Verdict> {
        let verdict = comparison.here?.verdict;
        Some(match verdict {
            _ if comparison.higher == self.higher || comparison.tie => verdict,
            Verdict::ComesOut => Verdict::OtherWay,
            Verdict::OtherWay => Verdict::ComesOut,
            Verdict::NotSignificant => Verdict::NotSignificant,
        })
    }

    /// Mean difference over its metrics.
    fn gain(&self, report: &Report) -> Option<f64> {
        let table = report.tables.iter().find(|table| table.id == self.table)?;
        let mean_of = |variant: &str, metric: &str| {
            let row = table.rows.iter().find(|row| row.variant == variant)?;
            let column = table.metrics.iter().position(|name| name == metric)?;
            Some(row.here[column]?.mean)
        };
        let gain =
            |metric: &&str| Some(mean_of(self.higher, metric)? - mean_of(self.lower, metric)?);
        let gains: Option<Vec<f64>> = self.metrics.iter().map(gain).collect();
        let gains = gains?;
        (!gains.is_empty()).then(|| gains.iter().sum::<f64>() / gains.len() as f64)
    }
}

impl Trial {
    /// The command that makes it.
    pub fn command(&self) -> String {
        let on = match self.on {
            On::Both => "both",
            On::Search => "search",
            On::Feed => "feed",
        };
        let ([a, b], [of_a, of_b]) = (self.arms, self.assets);
        let mut command = format!("vitrine ab --on {on} --a \"{a}\" --b \"{b}\"");
        if of_a != "assets" || of_b != of_a {
            command += &format!(" --assets {of_a} --assets-b {of_b}");
        }
        command + &format!(" --shoppers {SHOPPERS} --twins --keep {}", self.name)
    }

    /// Whether that is what was tried, on however many people, for however long.
    fn is(&self, setup: &Setup) -> bool {
        let said = [&setup.a, &setup.b].map(String::as_str) == self.arms;
        said && setup.on == self.on && setup.assets.each_ref().map(String::as_str) == self.assets
    }
}

impl Shows {
    /// What comes of it; none where a measure does not exist.
    fn verdict(self, kept: &Kept) -> Option<Verdict> {
        let moved = |name: &str| kept.measures.iter().find(|moved| moved.measure == name);
        match self {
            Self::Higher(name) | Self::Lower(name) => {
                let moved = moved(name)?;
                let is_higher = moved.expected.percent > 0.0;
                Some(match () {
                    () if !moved.is_sure => Verdict::NotSignificant,
                    () if is_higher == matches!(self, Self::Higher(_)) => Verdict::ComesOut,
                    () => Verdict::OtherWay,
                })
            }
            Self::More(more, less) => {
                let of = |name| {
                    let moved = moved(name)?;
                    estimate(&moved.expected, moved.scale, &kept.setup)
                };
                larger(of(more)?, &[of(less)?])
            }
            Self::Early(name) => {
                let weeks = kept.weeks.iter().find(|weeks| weeks.measure == name)?;
                let of_week = |week: &Option<Difference>| {
                    estimate(week.as_ref()?, moved(name)?.scale, &kept.setup)
                };
                let weeks: Option<Vec<Estimate>> = weeks.expected.iter().map(of_week).collect();
                let weeks = weeks?;
                let (first, rest) = weeks.split_first()?;
                larger(*first, rest)
            }
        }
    }
}

/// A difference as an estimate, of logarithms where it is relative.
fn estimate(difference: &Difference, scale: Scale, setup: &Setup) -> Option<Estimate> {
    let plain = |percent: f64| match scale {
        Scale::Relative => (percent / 100.0).ln_1p(),
        Scale::Points => percent,
    };
    let freedom = f64::from(setup.shoppers) - 1.0;
    let [_, quantile] = Estimate { mean: 0.0, error: 1.0, freedom }.interval();
    let [low, high] = difference.interval.map(plain);
    let (mean, error) = (plain(difference.percent), (high - low) / (2.0 * quantile));
    (mean.is_finite() && error.is_finite()).then_some(Estimate { mean, error, freedom })
}

/// Whether one is larger than the mean of others. They are of the same people and go up and down with one
/// another, so that the error, which takes them for strangers, is not too small.
fn larger(one: Estimate, others: &[Estimate]) -> Option<Verdict> {
    let count = others.len() as f64;
    let mean = others.iter().map(|other| other.mean).sum::<f64>() / count;
    let square = others.iter().map(|other| other.error.powi(2)).sum::<f64>() / count.powi(2);
    let mean = one.mean - mean;
    let apart = Estimate { mean, error: (one.error.powi(2) + square).sqrt(), ..one };
    Some(match () {
        () if others.is_empty() => return None,
        () if apart.differs() >= LEVEL => Verdict::NotSignificant,
        () if apart.mean > 0.0 => Verdict::ComesOut,
        () => Verdict::OtherWay,
    })
}

/// Verdicts of claims together.
pub fn tally(claims: impl Iterator<Item = &'static Claim>, report: &Report) -> Tally {
    let mut tally = Tally::default();
    claims.for_each(|claim| tally.count(claim.verdict(report)));
    tally
}

/// The online tests that decide something of claims, each once for each claim.
pub fn trials(
    claims: impl Iterator<Item = &'static Claim>,
) -> impl Iterator<Item = &'static Trial> {
    claims.filter_map(|claim| match claim.decided {
        Decided::Online(trial, _) => Some(trial),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
