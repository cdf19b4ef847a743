//! A system as named parts, each computed of others: what the machine is drawn from. A system that
//! lists its parts is drawn without a line of drawing code.

use crate::knob::Settings;

/// A named part of a system.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// Name within its system; words under "machine.SYSTEM.PART" and with ".about".
    pub key: &'static str,
    /// What comes out of it, as the paper writes it.
    pub symbol: &'static str,
    /// Equation or section of the paper.
    pub place: &'static str,
    /// How it is computed, as the paper has it; empty for what comes in. Symbols of the parts that it is
    /// computed of are written as theirs, for their numbers are put in; `_` and `^` put below and above
    /// the line, and `i`, `j`, `e` and `k` there run over rows.
    pub formula: &'static str,
    /// Keys of the parts of its system that it is computed of; none for what comes in.
    pub from: &'static [&'static str],
    /// The file that computes it.
    pub source: &'static str,
    /// Words of the field that are met at it: what each means is under "machine.terms.TERM.about".
    pub terms: &'static [&'static str],
    /// Key of the part whose rows say how much of each column goes into what they are of, at the parts where
    /// that is seen as a flow; else empty.
    pub flow: &'static str,
    /// Whether what each of its numbers adds to a product's score can be asked for.
    pub adds: bool,
    /// Whether it is there, as the system is set.
    pub is_there: fn(&Settings) -> bool,
}

impl Part {
    /// What comes in: it is computed of nothing.
    pub(crate) const fn input(
        key: &'static str,
        symbol: &'static str,
        place: &'static str,
        source: &'static str,
    ) -> Self {
        Self {
            key,
            symbol,
            place,
            formula: "",
            from: &[],
            source,
            terms: &[],
            flow: "",
            adds: false,
            is_there: |_| true,
        }
    }

    /// What is computed of others.
    pub(crate) const fn of(
        from: &'static [&'static str],
        key: &'static str,
        symbol: &'static str,
        place: &'static str,
        source: &'static str,
    ) -> Self {
        Self { from, ..Self::input(key, symbol, place, source) }
    }

    /// How it is computed, as the paper has it.
    pub(crate) const fn formula(self, formula: &'static str) -> Self {
        Self { formula, ..self }
    }

    /// Where these words of the field are met.
    pub(crate) const fn terms(self, terms: &'static [&'static str]) -> Self {
        Self { terms, ..self }
    }

    /// Where columns of this part's rows flow into what the rows are of.
    pub(crate) const fn flow(self, flow: &'static str) -> Self {
        Self { flow, ..self }
    }

    /// Of numbers that a score is taken apart into.
    pub(crate) const fn adds(self) -> Self {
        Self { adds: true, ..self }
    }

    /// Only where this holds.
    pub(crate) const fn where_it(self, is_there: fn(&Settings) -> bool) -> Self {
        Self { is_there, ..self }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::registry::{RANKERS, RETRIEVERS};

    #[test]
    fn parts_are_computed_of_parts_before_them_and_name_a_file_that_is_there() {
        let systems = RETRIEVERS.map(|system| (system.key, system.parts)).into_iter();
        for (system, parts) in systems.chain(RANKERS.map(|system| (system.key, system.parts))) {
            let mut known = HashSet::new();
            let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../");
            for part in parts {
                let Part { key, from, formula, source, flow, .. } = part;
                let flows = flow.is_empty() || flow == key || from.contains(flow);
                assert!(flows, "{system}.{key}: {flow}");
                assert!(from.iter().all(|of| known.contains(of)), "{system}.{key}: {from:?}");
                assert_eq!(from.is_empty(), formula.is_empty(), "{system}.{key}");
                assert!(std::fs::exists(format!("{root}{source}")).unwrap(), "{source}");
                assert!(known.insert(key), "{system}.{key} is there twice");
            }
            // What nothing reads is what the system says.
            let read: HashSet<_> = parts.iter().flat_map(|part| part.from).collect();
            let last = known.iter().filter(|key| !read.contains(*key)).count();
            assert!(parts.is_empty() || last == 1, "{system} ends in {last} parts");
        }
    }
}
