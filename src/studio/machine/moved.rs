//! What changed in a machine since it was looked at before.

use protocol::machine::{Activity, Machine};

/// The least change that is told: of rounding, the rest is left alone.
const LEAST: f32 = 1e-3;

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

/// The parts that changed, the most first. Two machines of different products or systems share no
/// part.
pub fn moved(before: &Machine, now: &Machine) -> Vec<Moved> {
    if before.trace.product != now.trace.product {
        return Vec::new();
    }
    let of = |before: &[Activity], now: &[Activity], of_ranker: bool| -> Vec<Moved> {
        let changed = |now: &Activity| {
            let before = before.iter().find(|before| before.part == now.part)?;
            let by = change(before, now);
            (by > LEAST).then(|| Moved { of_ranker, part: now.part.clone(), by })
        };
        now.iter().filter_map(changed).collect()
    };
    let mut all = of(&before.retriever, &now.retriever, false);
    all.extend(of(&before.ranker, &now.ranker, true));
    all.sort_by(|a, b| b.by.total_cmp(&a.by));
    all
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
    use protocol::machine::Strip;
    use protocol::{Candidate, Trace};

    fn machine(product: u32, parts: &[(&str, &[f32])]) -> Machine {
        let activity = |(part, values): &(&str, &[f32])| Activity {
            part: (*part).into(),
            rows: vec![Strip {
                name: Value::from(""),
                columns: vec![],
                products: vec![],
                values: values.to_vec(),
            }],
        };
        Machine {
            trace: Trace { product, passages: vec![], rank: 0, ranked: 1, score: 0.0 },
            candidate: Candidate {
                product,
                retrieval_score: 0.0,
                probability: 0.0,
                tier: 0,
                utility: vec![],
                gates: vec![],
                bias: 0.0,
            },
            retriever: parts.iter().map(activity).collect(),
            ranker: vec![],
        }
    }

    #[test]
    fn parts_that_changed_are_told_the_most_first() {
        let before =
            machine(1, &[("same", &[1.0, 2.0]), ("little", &[3.0, 4.0]), ("much", &[1.0])]);
        let now = machine(1, &[("same", &[1.0, 2.0]), ("little", &[3.0, 4.5]), ("much", &[3.0])]);
        let told: Vec<_> = moved(&before, &now).into_iter().map(|m| (m.part, m.by)).collect();
        assert_eq!(told, [("much".into(), 2.0), ("little".into(), 0.1)]);
        assert_eq!(moved(&before, &before), []);
        // Another number of behaviours cannot be taken from this one.
        let longer = machine(1, &[("same", &[1.0, 2.0, 3.0])]);
        assert_eq!(moved(&before, &longer)[0].by, f32::INFINITY);
        assert_eq!(moved(&before, &machine(2, &[("much", &[3.0])])), []);
    }
}
