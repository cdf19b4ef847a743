//! What a machine's numbers are beside those of another state.

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
        Reading { state, subject, systems: ["moppr", "dmt"], machine }
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
