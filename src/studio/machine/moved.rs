//! What a machine's numbers are beside those of another state.

use std::sync::Arc;

use super::told::last;
use link::State;
use market::catalogue::ProductId;
use protocol::machine::{Activity, Machine, Strip};

/// The least change that is told: of rounding, the rest is left alone.
const LEAST: f32 = 1e-3;

/// Whose numbers they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One product's.
    Product(ProductId),
    /// Those of the page's products in the mean.
    Page,
}

/// A machine with what it is of.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The state that was asked for, without the product that is chosen in it.
    pub state: State,
    /// Which learned weights the ranker had: how often there were others; 0 with those that ship.
    pub weighed: u32,
    /// Whose numbers they are.
    pub subject: Subject,
    /// Keys of retriever and ranker.
    pub systems: [&'static str; 2],
    /// The numbers.
    pub machine: Machine,
}

impl Reading {
    /// What all parts of one of the two systems made.
    pub fn activities(&self, of_ranker: bool) -> &[Activity] {
        if of_ranker { &self.machine.ranker } else { &self.machine.retriever }
    }

    /// What a part made.
    pub fn activity(&self, of_ranker: bool, part: &str) -> Option<&Activity> {
        self.activities(of_ranker).iter().find(|activity| activity.part == part)
    }

    /// The number that a part comes to; none where it is not one alone.
    pub fn number(&self, of_ranker: bool, part: &str) -> Option<f32> {
        match last(&self.activity(of_ranker, part)?.rows) {
            [Strip { values, .. }] if values.len() == 1 => values.first().copied(),
            _ => None,
        }
    }

    /// What a part made of the same in another state; none where another system stood there.
    fn same<'a>(&self, other: &'a Self, of_ranker: bool, part: &str) -> Option<&'a Activity> {
        let place = usize::from(of_ranker);
        let same = self.subject == other.subject && self.systems[place] == other.systems[place];
        other.activity(of_ranker, part).filter(|_| same)
    }

    /// The parts that are others than before, the most first.
    pub fn moved_since(&self, before: &Self) -> Vec<Moved> {
        let of = |of_ranker: bool| {
            self.activities(of_ranker).iter().filter_map(move |now| {
                let before = self.same(before, of_ranker, &now.part)?;
                let by = change(before, now);
                (by > LEAST).then(|| Moved { of_ranker, part: now.part.clone(), by })
            })
        };
        let mut all: Vec<Moved> = of(false).chain(of(true)).collect();
        all.sort_by(|a, b| b.by.total_cmp(&a.by));
        all
    }

    /// What a part made, less what it made before, row by row; rows that are of other things than
    /// before are left out. None where there is nothing to take it from.
    pub fn difference(&self, before: &Self, of_ranker: bool, part: &str) -> Option<Activity> {
        let now = self.activity(of_ranker, part)?;
        let before = self.same(before, of_ranker, part)?;
        // Rounding is no change.
        let counts = if change(before, now) > LEAST { 1.0 } else { 0.0 };
        let less = |(now, before): (&Strip, &Strip)| {
            let values = now.values.iter().zip(&before.values);
            let values = values.map(|(now, before)| counts * (now - before)).collect();
            is_like(now, before).then(|| Strip { values, ..now.clone() })
        };
        let rows = now.rows.iter().zip(&before.rows).filter_map(less).collect();
        Some(Activity { part: part.into(), rows })
    }
}

/// What was seen last, and before the last change of state or weights.
#[derive(Default)]
pub struct Past {
    latest: Option<Arc<Reading>>,
    /// What was seen before the last change.
    pub before: Option<Arc<Reading>>,
}

impl Past {
    /// Takes note of what is seen now.
    pub fn note(&mut self, now: &Arc<Reading>) {
        let changed =
            |latest: &Arc<Reading>| latest.weighed != now.weighed || latest.state != now.state;
        if self.latest.as_ref().is_some_and(changed) {
            self.before = self.latest.take();
        }
        self.latest = Some(now.clone());
    }
}

/// Whether the numbers of two rows are of the same things.
fn is_like(a: &Strip, b: &Strip) -> bool {
    a.name == b.name && a.products == b.products && a.values.len() == b.values.len()
}

/// A part whose numbers changed, and by how much of their size.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// Whether it is the ranker's.
    pub of_ranker: bool,
    /// Key of the part.
    pub part: String,
    /// Length of the difference over the length of what was there before; infinite where nothing was.
    pub by: f32,
}

/// Length of the difference over the length of what was there before.
fn change(before: &Activity, now: &Activity) -> f32 {
    let values = |of: &Activity| -> Vec<f32> {
        of.rows.iter().flat_map(|row| row.values.iter().copied()).collect()
    };
    let (before, now) = (values(before), values(now));
    if before.len() != now.len() {
        return f32::INFINITY;
    }
    let length = |of: &mut dyn Iterator<Item = f32>| of.map(|v| v * v).sum::<f32>().sqrt();
    let difference = length(&mut before.iter().zip(&now).map(|(a, b)| b - a));
    if difference == 0.0 { 0.0 } else { difference / length(&mut before.iter().copied()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use market::language::Value;
    use protocol::{Candidate, Trace};

    fn reading(product: u32, parts: &[(&str, &[f32])]) -> Reading {
        let activity = |(part, values): &(&str, &[f32])| Activity {
            part: (*part).into(),
            rows: vec![Strip {
                name: Value::from(""),
                columns: vec![],
                products: vec![],
                values: values.to_vec(),
            }],
        };
        let machine = Machine {
            trace: Trace { product, passages: vec![], rank: 0, ranked: 1, score: 0.0 },
            candidate: Candidate {
                product,
                retrieval_score: 0.0,
                probability: 0.0,
                tier: 0,
                utility: vec![],
                bias: 0.0,
            },
            retriever: parts.iter().map(activity).collect(),
            ranker: vec![],
            levels: vec![],
        };
        let (state, subject) = (State::default(), Subject::Product(product));
        Reading { state, weighed: 0, subject, systems: ["moppr", "dmt"], machine }
    }

    fn before() -> Reading {
        reading(1, &[("same", &[1.0, 2.0]), ("little", &[3.0, 4.0]), ("much", &[1.0])])
    }

    #[test]
    fn parts_that_changed_are_told_the_most_first() {
        let before = before();
        let now = reading(1, &[("same", &[1.0, 2.0]), ("little", &[3.0, 4.5]), ("much", &[3.0])]);
        let told: Vec<_> = now.moved_since(&before).into_iter().map(|m| (m.part, m.by)).collect();
        assert_eq!(told, [("much".into(), 2.0), ("little".into(), 0.1)]);
        assert_eq!(before.moved_since(&before), []);
        // Another number of behaviours cannot be taken from this one.
        let longer = reading(1, &[("same", &[1.0, 2.0, 3.0])]);
        assert_eq!(longer.moved_since(&before)[0].by, f32::INFINITY);
        // Another product's numbers are not held against these, nor another system's.
        assert_eq!(reading(2, &[("much", &[3.0])]).moved_since(&before), []);
        let other = Reading { systems: ["yandex", "dmt"], ..now };
        assert_eq!(other.moved_since(&before), []);
        assert_eq!(other.difference(&before, false, "much"), None);
    }

    #[test]
    fn a_part_that_comes_to_one_number_says_it() {
        let reading = reading(1, &[("one", &[0.25]), ("two", &[1.0, 2.0]), ("none", &[])]);
        let numbers = ["one", "two", "none", "other"].map(|part| reading.number(false, part));
        assert_eq!(numbers, [Some(0.25), None, None, None]);
    }

    #[test]
    fn another_state_and_other_weights_are_a_change_and_another_product_is_none() {
        let of = |product: u32, weighed: u32, query: &str| {
            let state = State { query: query.into(), ..State::default() };
            Arc::new(Reading { state, weighed, ..reading(product, &[]) })
        };
        let mut past = Past::default();
        let mut before = |now: Arc<Reading>| {
            past.note(&now);
            past.before.as_ref().map(|before| (before.weighed, before.state.query.clone()))
        };
        assert_eq!(before(of(1, 0, "couch")), None);
        assert_eq!(before(of(2, 0, "couch")), None);
        assert_eq!(before(of(2, 0, "table")), Some((0, "couch".into())));
        // The learner has gone on, and the state is the same.
        assert_eq!(before(of(2, 1, "table")), Some((0, "table".into())));
        assert_eq!(before(of(2, 1, "table")), Some((0, "table".into())));
        assert_eq!(before(of(2, 2, "table")), Some((1, "table".into())));
    }

    #[test]
    fn differences_are_taken_row_by_row_where_they_are_of_the_same() {
        let before = before();
        let now =
            reading(1, &[("same", &[1.000_001, 2.0]), ("little", &[3.0, 4.5]), ("new", &[1.0])]);
        let rows = |part: &str| -> Option<Vec<Vec<f32>>> {
            let difference = now.difference(&before, false, part)?;
            Some(difference.rows.into_iter().map(|row| row.values).collect())
        };
        assert_eq!(rows("little"), Some(vec![vec![0.0, 0.5]]));
        assert_eq!(rows("same"), Some(vec![vec![0.0, 0.0]]), "rounding is no change");
        assert_eq!(rows("new"), None);
        let longer = reading(1, &[("same", &[1.0, 2.0, 3.0])]);
        assert_eq!(longer.difference(&before, false, "same").map(|of| of.rows.len()), Some(0));
    }
}
