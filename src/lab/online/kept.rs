//! What came of an online test, on disk: the claims that are about online tests are decided by it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::arm::On;
use super::difference::{Design, Difference};
use super::experiment::{Lived, difference, findings};
use super::measures::{Scale, by_week};
use crate::tables::results::{short, write};

/// Folder of online tests in that of figures.
const FOLDER: &str = "online";

/// An online test and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// What was tried.
    pub setup: Setup,
    /// What came of each measure that exists.
    pub measures: Vec<Moved>,
    /// And of some of them week by week.
    pub weeks: Vec<Weeks>,
}

/// What was tried, as it was said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// Arm A.
    pub a: String,
    /// Arm B: differences are of B over A.
    pub b: String,
    /// Folders of their assets, and behind one the file of learned weights that its arm ranked with, if
    /// there was one.
    pub assets: [String; 2],
    /// Where they answered.
    pub on: On,
    /// Days of the test.
    pub days: u16,
    /// Shoppers who took part.
    pub shoppers: u32,
    /// Who was in which arm.
    pub design: Design,
    /// Seed of who was in which arm and of what happened.
    pub seed: u64,
    /// Shoppers before those who took part: models may have been trained on them.
    pub logged: u32,
}

/// What came of a measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    /// Name of the measure.
    pub measure: String,
    /// Whether its difference is in percent of arm A or in points.
    pub scale: Scale,
    /// The difference as the market's truth expected it of what was shown.
    pub expected: Difference,
    /// That it is none of chance, all measures of the test considered (Holm).
    pub is_sure: bool,
}

/// What came of a measure in each week; the weeks are not corrected for one another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Weeks {
    /// Name of the measure.
    pub measure: String,
    /// The differences as expected, where they exist.
    pub expected: Vec<Option<Difference>>,
}

impl Kept {
    /// Of the lives of a test.
    pub fn of(setup: Setup, lived: &[Lived]) -> Self {
        let design = setup.design;
        let measures = findings(lived, design, None).into_iter().filter_map(|finding| {
            let (measure, scale) = (finding.measure.name.into(), finding.measure.scale);
            let expected = shortened(finding.expected?)?;
            Some(Moved { measure, scale, expected, is_sure: finding.is_sure })
        });
        let count = lived.first().map_or(0, |one| one.counted.weeks.len());
        let weeks = by_week().map(|measure| {
            let of_week = |week| {
                let found = difference(lived, design, Some(week), measure, |t| &t.expected);
                found.and_then(shortened)
            };
            Weeks { measure: measure.name.into(), expected: (0..count).map(of_week).collect() }
        });
        Self { measures: measures.collect(), weeks: weeks.collect(), setup }
    }

    /// The file of a name in a folder of figures.
    pub fn file(folder: &Path, name: &str) -> PathBuf {
        folder.join(FOLDER).join(name).with_extension("json")
    }

    /// Keeps it under a name in a folder of figures; what was kept under that name is gone.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub fn write(&self, folder: &Path, name: &str) -> Result<()> {
        write(&Self::file(folder, name), serde_json::to_string_pretty(self)?)
    }

    /// What is kept under a name, if anything.
    ///
    /// # Errors
    /// Where there is a file and it cannot be read.
    pub fn read(folder: &Path, name: &str) -> Result<Option<Self>> {
        let file = Self::file(folder, name);
        if !file.exists() {
            return Ok(None);
        }
        let reading = || format!("reading {}", file.display());
        let bytes = fs::read(&file).with_context(reading)?;
        serde_json::from_slice(&bytes).with_context(reading).map(Some)
    }
}

/// With no more digits than they need; none where one is no number.
fn shortened(difference: Difference) -> Option<Difference> {
    let Difference { a, b, percent, interval: [low, high], p } = difference;
    let all = [a, b, percent, low, high, p];
    let [a, b, percent, low, high, p] =
        if all.iter().all(|number| number.is_finite()) { all.map(short) } else { return None };
    Some(Difference { a, b, percent, interval: [low, high], p })
}

/// A name that a test can be kept under.
///
/// # Errors
/// Where it is empty or has anything but letters, digits and dashes, in words.
pub fn name(text: &str) -> Result<String, String> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    match text.chars().all(is_plain) && !text.is_empty() {
        true => Ok(text.to_owned()),
        false => Err("a name has letters, digits and dashes, and nothing else".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::native::Folder;
    use crate::online::arm::Arm;
    use crate::online::experiment::Plan;
    use market::MarketConfig;

    #[test]
    fn names_are_plain() {
        for known in ["moppr-3", "a", "2026-11"] {
            assert_eq!(name(known), Ok(known.to_owned()));
        }
        for unknown in ["", "a b", "../a", "a/b", "a.json", "\u{e9}", "a_b"] {
            assert!(name(unknown).is_err_and(|why| why.contains("letters")), "{unknown:?}");
        }
    }

    #[test]
    fn a_test_is_kept_as_it_came() {
        let plan = Plan {
            arms: [Arm::Shop, Arm::Shop],
            assets: [Folder("assets".into()), Folder("assets".into())],
            weights: [None, None],
            on: On::Feed,
            before: 14,
            days: 14,
            shoppers: 12,
            design: Design::Twins,
            seed: 1,
            threads: 2,
        };
        let config = MarketConfig { products: 1_500, shoppers: 10, ..MarketConfig::default() };
        let lived = plan.run(&plan.world(&config), |_| ()).unwrap();
        let setup = Setup {
            a: "shop".into(),
            b: "shop".into(),
            assets: ["assets".into(), "assets".into()],
            on: plan.on,
            days: plan.days,
            shoppers: plan.shoppers,
            design: plan.design,
            seed: plan.seed,
            logged: 10,
        };
        let kept = Kept::of(setup, &lived);
        let of = |name: &str| kept.measures.iter().find(|moved| moved.measure == name).unwrap();
        let views = findings(&lived, Design::Twins, None);
        let views = views.iter().find(|finding| finding.measure.name == "page views").unwrap();
        let (found, expected) = (of("page views").expected, views.expected.unwrap());
        assert!(found.a > 0.0 && (found.a - expected.a).abs() < 1e-6 * expected.a);
        assert!((found.percent - expected.percent).abs() < 1e-5, "{found:?} {expected:?}");
        // Of a share that nothing has there is a difference, and it is none.
        assert_eq!(of("P_exposure").expected.percent, 0.0);
        assert!(!of("P_exposure").is_sure);
        let weeks: Vec<_> = kept.weeks.iter().map(|w| (&*w.measure, w.expected.len())).collect();
        assert_eq!(weeks, [("transactions", 2), ("RecOrders", 2), ("new RecOrders", 2)]);

        let folder = std::env::temp_dir().join(format!("vitrine-online-{}", std::process::id()));
        assert_eq!(Kept::read(&folder, "one").unwrap(), None);
        kept.write(&folder, "one").unwrap();
        assert_eq!(Kept::read(&folder, "one").unwrap(), Some(kept));
        assert_eq!(Kept::read(&folder, "another").unwrap(), None);
        let file = Kept::file(&folder, "one");
        let text = fs::read_to_string(&file).unwrap();
        assert!(
            text.contains("\"on\": \"feed\"") && text.contains("\"design\": \"twins\""),
            "{text}"
        );
        fs::write(&file, "{").unwrap();
        assert!(Kept::read(&folder, "one").is_err());
        fs::remove_dir_all(folder).unwrap();
    }
}
