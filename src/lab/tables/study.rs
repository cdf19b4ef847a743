//! Studies: what a paper shows of a log, of a model or of a clock, measured without training a variant
//! from seeds, and what of it is told from chance.

use anyhow::Result;

use super::report::Verdict;
use super::significance::{Estimate, LEVEL, holm};
use crate::cli::market::Market;
use market::metrics::Figure;

/// A study, on the market that ships.
#[derive(Clone, Copy, Debug)]
pub struct Study {
    /// Its name, and that of its file.
    pub name: &'static str,
    /// What it measures, in a line.
    pub says: &'static str,
    /// Names of its figures.
    pub figures: &'static [&'static str],
    /// Everything that its figures hang on, in words.
    pub of: fn(&Market) -> Result<String>,
    /// Measures them.
    pub run: fn(&Market) -> Result<Vec<Figure>>,
}

/// Something that is said of a study's figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Contrast {
    /// The first is higher than the second.
    Above(&'static str, &'static str),
    /// A figure is over a bound.
    Over(&'static str, f64),
    /// A figure is under a bound.
    Under(&'static str, f64),
    /// The two are not alike, whichever is higher.
    Differ(&'static str, &'static str),
}

impl Contrast {
    /// The figures that it is about.
    pub fn figures(self) -> Vec<&'static str> {
        match self {
            Self::Above(one, other) | Self::Differ(one, other) => vec![one, other],
            Self::Over(one, _) | Self::Under(one, _) => vec![one],
        }
    }

    /// How far the figures are on the side that is said, block by block; none where there are too few
    /// blocks.
    fn estimate(self, figures: &[Figure]) -> Option<Estimate> {
        let of = |name: &str| figures.iter().find(|figure| figure.name == name);
        let all = |one: &Figure, less: &dyn Fn(usize, f64) -> Option<f64>| -> Vec<f64> {
            let blocks = one.blocks.iter().enumerate();
            blocks.filter_map(|(block, value)| less(block, (*value)?)).collect()
        };
        let differences = match self {
            Self::Above(one, other) | Self::Differ(one, other) => {
                let other = of(other)?;
                all(of(one)?, &|block, value| Some(value - other.blocks[block]?))
            }
            Self::Over(one, bound) => all(of(one)?, &|_, value| Some(value - bound)),
            Self::Under(one, bound) => all(of(one)?, &|_, value| Some(bound - value)),
        };
        Estimate::of(&[differences], None)
    }
}

/// What comes of each, all of them considered (Holm); none where a figure is missing.
pub fn verdicts(contrasts: &[Contrast], figures: &[Figure]) -> Option<Vec<Verdict>> {
    let estimates: Option<Vec<Estimate>> =
        contrasts.iter().map(|contrast| contrast.estimate(figures)).collect();
    let estimates = estimates?;
    let p: Vec<f64> = estimates.iter().map(Estimate::differs).collect();
    let said = contrasts.iter().zip(&estimates).zip(holm(&p));
    let verdict = |((contrast, estimate), p): ((&Contrast, &Estimate), f64)| match contrast {
        _ if p >= LEVEL => Verdict::NotSignificant,
        Contrast::Differ(..) => Verdict::ComesOut,
        _ if estimate.mean > 0.0 => Verdict::ComesOut,
        _ => Verdict::OtherWay,
    };
    Some(said.map(verdict).collect())
}

#[cfg(test)]
mod tests {
    use super::Contrast::{Above, Differ, Over, Under};
    use super::*;
    use market::metrics::BLOCKS;

    /// A figure whose blocks go up and down by a tenth, together with those of others.
    fn figure(name: &str, mean: f64) -> Figure {
        let noise = |block: usize| if block.is_multiple_of(2) { 0.1 } else { -0.1 };
        let blocks = std::array::from_fn(|block| Some(mean + noise(block)));
        Figure { name: name.into(), whole: Some(mean), blocks }
    }

    #[test]
    fn what_is_said_is_held_against_the_blocks() {
        use Verdict::{ComesOut, NotSignificant, OtherWay};
        let figures = [figure("low", 0.2), figure("high", 0.3), figure("zero", 0.0)];
        let found = |contrasts: &[Contrast]| verdicts(contrasts, &figures);
        // Paired, so that what goes up and down in both does not count.
        assert_eq!(found(&[Above("high", "low")]), Some(vec![ComesOut]));
        assert_eq!(found(&[Above("low", "high")]), Some(vec![OtherWay]));
        assert_eq!(found(&[Differ("low", "high")]), Some(vec![ComesOut]));
        assert_eq!(found(&[Differ("low", "low")]), Some(vec![NotSignificant]));
        assert_eq!(found(&[Over("high", 0.2), Under("high", 0.2)]), Some(vec![ComesOut, OtherWay]));
        assert_eq!(found(&[Over("zero", 0.01)]), Some(vec![NotSignificant]));
        assert_eq!(found(&[Above("high", "none"), Above("high", "low")]), None);
        // One block says nothing.
        let mut one = figure("one", 1.0);
        one.blocks[1..BLOCKS].fill(None);
        assert_eq!(verdicts(&[Over("one", 0.0)], &[one]), None);
    }

    #[test]
    fn many_contrasts_need_more_each() {
        // p of the first is 0.04.
        let figures = [figure("unsure", 0.051), figure("zero", 0.0)];
        let over = Over("unsure", 0.0);
        assert_eq!(verdicts(&[over], &figures), Some(vec![Verdict::ComesOut]));
        let all = verdicts(&[over, Over("zero", 0.0), Under("zero", 0.0)], &figures);
        assert_eq!(all, Some(vec![Verdict::NotSignificant; 3]));
    }
}
