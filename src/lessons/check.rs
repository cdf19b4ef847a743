//! A check: a quantity, the states that it is measured on, and what is expected of it.

use super::learned::Told;
use super::quantity::{Measure, Quantity, Seen, Unit};
use link::State;
use market::language::Message;
use protocol::learn::Look;

/// Two numbers that differ by less than this share of the larger are the same: the browser's
/// arithmetic is not this machine's to the last digit.
const SAME: f64 = 1e-3;

/// A claim that the engine's own numbers confirm.
#[derive(Clone, Debug)]
pub struct Check {
    quantity: &'static Quantity,
    rest: String,
    expected: Expected,
    /// Links of the states, or of the runs of a training, that it is measured on, one or two.
    pub links: Vec<String>,
}

impl PartialEq for Check {
    fn eq(&self, other: &Self) -> bool {
        self.quantity.name == other.quantity.name
            && (&self.rest, self.expected, &self.links)
                == (&other.rest, other.expected, &other.links)
    }
}

/// What can be expected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expected {
    /// The second number is above the first, and perhaps above a bound.
    Rises(Option<f64>),
    /// The second number is below the first, and perhaps below a bound.
    Falls(Option<f64>),
    /// Both are the same.
    Stays,
    /// The number is above this.
    Above(f64),
    /// The number is below this.
    Below(f64),
    /// The number is above the first and below the second.
    Between(f64, f64),
}

/// What came of a check.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// What was measured.
    pub about: Message,
    /// The numbers as people read them: one, or before and after.
    pub found: Vec<String>,
    /// What was expected of them.
    pub expected: Message,
    /// Whether it is so.
    pub holds: bool,
}

impl Expected {
    /// Reads an expectation: `rises`, `falls`, `rises above 3`, `falls below 1 %`, `stays`,
    /// `above 0.5`, `below 12 %`, `between 0.2 and 0.4`.
    ///
    /// # Errors
    /// Where it is none of these.
    pub fn read(text: &str) -> Result<Self, String> {
        let bound = |text: &str| {
            let (digits, scale) = match text.strip_suffix('%') {
                Some(digits) => (digits.trim(), 100.0),
                None => (text, 1.0),
            };
            let bound: f64 = digits.parse().map_err(|_| format!("“{text}” is no number."))?;
            if bound.is_finite() {
                Ok(bound / scale)
            } else {
                Err(format!("“{text}” is no bound."))
            }
        };
        match text.split_once(' ') {
            None if text == "rises" => Ok(Self::Rises(None)),
            None if text == "falls" => Ok(Self::Falls(None)),
            None if text == "stays" => Ok(Self::Stays),
            Some(("above", value)) => Ok(Self::Above(bound(value)?)),
            Some(("below", value)) => Ok(Self::Below(bound(value)?)),
            Some(("rises", rest)) if rest.starts_with("above ") => {
                Ok(Self::Rises(Some(bound(&rest["above ".len()..])?)))
            }
            Some(("falls", rest)) if rest.starts_with("below ") => {
                Ok(Self::Falls(Some(bound(&rest["below ".len()..])?)))
            }
            Some(("between", rest)) if rest.contains(" and ") => {
                let (low, high) = rest.split_once(" and ").unwrap_or_default();
                Ok(Self::Between(bound(low)?, bound(high)?))
            }
            _ => Err(format!(
                "“{text}” is none of: rises, rises above a number, falls, falls below a number, \
                 stays, above a number, below a number, between a number and another."
            )),
        }
    }

    /// How many numbers it is about.
    fn numbers(self) -> usize {
        match self {
            Self::Rises(_) | Self::Falls(_) | Self::Stays => 2,
            Self::Above(_) | Self::Below(_) | Self::Between(..) => 1,
        }
    }

    fn holds(self, found: &[f64]) -> bool {
        let same = |a: f64, b: f64| (a - b).abs() <= SAME * a.abs().max(b.abs());
        match (self, found) {
            (Self::Rises(bound), [a, b]) => {
                b > a && !same(*a, *b) && bound.is_none_or(|bound| *b > bound)
            }
            (Self::Falls(bound), [a, b]) => {
                b < a && !same(*a, *b) && bound.is_none_or(|bound| *b < bound)
            }
            (Self::Stays, [a, b]) => same(*a, *b),
            (Self::Above(bound), [a]) => *a > bound,
            (Self::Below(bound), [a]) => *a < bound,
            (Self::Between(low, high), [a]) => *a > low && *a < high,
            _ => false,
        }
    }

    fn said(self, unit: Unit) -> Message {
        match self {
            Self::Rises(None) => Message::new(word!("studio.lessons.rises")),
            Self::Falls(None) => Message::new(word!("studio.lessons.falls")),
            Self::Rises(Some(bound)) => {
                Message::new(word!("studio.lessons.rises-above")).with("bound", unit.write(bound))
            }
            Self::Falls(Some(bound)) => {
                Message::new(word!("studio.lessons.falls-below")).with("bound", unit.write(bound))
            }
            Self::Stays => Message::new(word!("studio.lessons.stays")),
            Self::Above(bound) => {
                Message::new(word!("studio.lessons.above")).with("bound", unit.write(bound))
            }
            Self::Below(bound) => {
                Message::new(word!("studio.lessons.below")).with("bound", unit.write(bound))
            }
            Self::Between(low, high) => Message::new(word!("studio.lessons.between"))
                .with("low", unit.write(low))
                .with("high", unit.write(high)),
        }
    }
}

impl Check {
    /// A check of a quantity, given with what follows its name, on the states of these links.
    ///
    /// # Errors
    /// Where quantity, links and expectation do not fit together.
    pub fn new(quantity: &str, links: Vec<String>, expect: &str) -> Result<Self, String> {
        let (known, rest) = Quantity::named(quantity)?;
        let expected = Expected::read(expect)?;
        // A number of one state is either judged by itself or held against the other state's.
        if known.states().max(expected.numbers()) != links.len()
            || known.states() == 2 && expected.numbers() == 2
        {
            return Err(format!(
                "“{quantity}” that “{expect}” can’t be judged on {} state{}.",
                links.len(),
                if links.len() == 1 { "" } else { "s" }
            ));
        }
        Ok(Self { quantity: known, rest: rest.into(), expected, links })
    }

    /// What is measured, by its name and what follows it: `type.chance click guitar`.
    pub fn name(&self) -> String {
        format!("{} {}", self.quantity.name, self.rest).trim().to_string()
    }

    /// The states that it is measured on. What of a link can't be used is left out; the tests
    /// let no such link through.
    pub fn states(&self) -> Vec<State> {
        self.links.iter().map(|link| State::from_link(link).0).collect()
    }

    /// What was measured: the quantity, with what it is of.
    fn about(&self) -> Message {
        let about = self.quantity.about();
        match self.rest.as_str() {
            "" => about,
            rest => Message::new(word!("studio.lessons.of"))
                .with("quantity", about)
                .with("of", self.quantity.of(rest)),
        }
    }

    /// Whether it is judged on runs of a training, which take a while, and not on answers.
    pub fn learns(&self) -> bool {
        matches!(self.quantity.measure, Measure::Learned(_))
    }

    /// The runs that it is judged on; none where it is judged on answers.
    pub fn runs(&self) -> Vec<Told> {
        let links = self.links.iter().filter(|_| self.learns());
        links.map(|link| Told::read(link)).collect()
    }

    /// Judges what came of [`Check::states`].
    ///
    /// # Errors
    /// Says why there is nothing to measure, as where the ranker has no such task.
    pub fn judge(&self, seen: &[Seen]) -> Result<Outcome, Message> {
        let found = match (self.quantity.measure, seen) {
            (Measure::One(measure), all) => {
                all.iter().map(|seen| measure(seen, &self.rest)).collect()
            }
            (Measure::Two(measure), [a, b]) => measure(a, b).map(|number| vec![number]),
            (Measure::Two(_), _) => Err(Message::new(word!("studio.unmeasured.one-state"))),
            (Measure::Learned(_), _) => Err(Message::new(word!("studio.unmeasured.unlearned"))),
        };
        self.outcome(found)
    }

    /// Judges what came of [`Check::runs`]: each model after its last step.
    ///
    /// # Errors
    /// Says why there is nothing to measure, as where the training measures nothing of this name.
    pub fn judge_learned(&self, looks: &[&Look]) -> Result<Outcome, Message> {
        let found = match self.quantity.measure {
            Measure::Learned(measure) => {
                looks.iter().map(|look| measure(look, &self.rest)).collect()
            }
            _ => Err(Message::new(word!("studio.unmeasured.unlearned"))),
        };
        self.outcome(found)
    }

    fn outcome(&self, found: Result<Vec<f64>, Message>) -> Result<Outcome, Message> {
        let found = found.map_err(|why| {
            Message::new(word!("studio.unmeasured")).with("quantity", self.about()).with("why", why)
        })?;
        let Quantity { unit, .. } = self.quantity;
        Ok(Outcome {
            about: self.about(),
            found: found.iter().map(|value| unit.write(*value)).collect(),
            expected: self.expected.said(*unit),
            holds: self.expected.holds(&found),
        })
    }
}

/// The runs of trainings that checks are judged on, each once, in their order.
pub fn runs_of<'a>(checks: impl IntoIterator<Item = &'a Check>) -> Vec<Told> {
    let mut runs: Vec<Told> = Vec::new();
    for told in checks.into_iter().flat_map(Check::runs) {
        if !runs.contains(&told) {
            runs.push(told);
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::learn;

    #[test]
    fn expectations_are_read() {
        assert_eq!(Expected::read("rises"), Ok(Expected::Rises(None)));
        assert_eq!(Expected::read("falls below 3 %"), Ok(Expected::Falls(Some(0.03))));
        assert_eq!(Expected::read("between 0.2 and 40 %"), Ok(Expected::Between(0.2, 0.4)));
        assert_eq!(Expected::read("above 0.5"), Ok(Expected::Above(0.5)));
        assert_eq!(Expected::read("below 12 %"), Ok(Expected::Below(0.12)));
        for wrong in [
            "",
            "rise",
            "above",
            "above much",
            "rises 3",
            "below inf",
            "rises below 3",
            "between 1",
        ] {
            assert!(Expected::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_expected_is_held_against_what_is_found() {
        use Expected::{Above, Below, Between, Falls, Rises, Stays};
        for (expected, found, holds) in [
            (Rises(None), &[1.0, 1.1][..], true),
            (Rises(None), &[1.0, 1.0001], false),
            (Rises(Some(1.2)), &[1.0, 1.1], false),
            (Falls(None), &[-1.0, -1.1], true),
            (Falls(None), &[1.0, 1.1], false),
            (Falls(Some(0.5)), &[1.0, 0.4], true),
            (Between(0.2, 0.4), &[0.3], true),
            (Between(0.2, 0.4), &[0.5], false),
            (Stays, &[0.0, 0.0], true),
            (Stays, &[1.0, 1.01], false),
            (Above(0.5), &[0.5], false),
            (Below(0.5), &[0.4], true),
            (Rises(None), &[1.0, f64::NAN], false),
            (Stays, &[f64::NAN, f64::NAN], false),
            (Above(0.0), &[f64::NAN], false),
        ] {
            assert_eq!(expected.holds(found), holds, "{expected:?} {found:?}");
        }
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let links = |count| vec![String::new(); count];
        let new = |quantity, count, expect| Check::new(quantity, links(count), expect);
        assert!(new("page.clicks", 2, "rises").is_ok());
        assert!(new("page.clicks", 1, "above 1").is_ok());
        assert!(new("agreement.first-ten", 2, "below 50 %").is_ok());
        for (quantity, count, expect) in [
            ("page.clicks", 1, "rises"),
            ("page.clicks", 2, "above 1"),
            ("agreement.first-ten", 2, "rises"),
            ("agreement.first-ten", 1, "above 1"),
            ("page.nothing", 1, "above 1"),
            ("learned.measure auc-click", 1, "falls"),
            ("learned.measure", 2, "falls"),
        ] {
            assert!(new(quantity, count, expect).is_err(), "{quantity} {count} {expect}");
        }
    }

    fn look(auc: f32) -> Look {
        let held_out = Some(auc);
        Look {
            run: 1,
            step: 9,
            measures: vec![learn::Measure { key: "auc-click".into(), training: None, held_out }],
            gates: vec![],
            curves: vec![],
            weights: String::new(),
        }
    }

    #[test]
    fn a_check_that_learns_is_judged_on_its_runs() {
        let links = ["?learn=rate:0.01", "?q=couch"].map(String::from).to_vec();
        let check =
            |quantity| Check::new(quantity, links.clone(), "rises above 0.7").expect("fits");
        let learned = check("learned.measure auc-click");
        assert!(learned.learns());
        let of_learned: Vec<Told> = links.iter().map(|link| Told::read(link)).collect();
        assert_eq!(learned.runs(), of_learned);
        let judged = learned.judge_learned(&[&look(0.6), &look(0.75)]).expect("it is measured");
        assert_eq!((judged.found, judged.holds), (vec!["0.600".into(), "0.750".into()], true));
        let judged = learned.judge_learned(&[&look(0.6), &look(0.65)]).expect("it is measured");
        assert!(!judged.holds, "beyond the bound");
        let other = check("learned.measure recall-click");
        assert!(other.judge_learned(&[&look(0.6), &look(0.7)]).is_err(), "not measured");

        let answered = check("page.clicks");
        assert!(!answered.learns() && answered.runs().is_empty());
        assert!(answered.judge_learned(&[&look(0.6), &look(0.75)]).is_err());
        assert!(learned.judge(&[]).is_err());
        // Two checks on the same runs make them once.
        assert_eq!(runs_of([&learned, &answered, &other]), of_learned);
    }
}
