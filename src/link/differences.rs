//! States told apart in words.

use super::State;
use super::knobs::{Control, KNOBS};
use market::language::{Message, Value};

/// What a state differs in from another, a message each: "Ranker: MLPR with BERT", "Query: couch".
pub fn differences(from: &State, to: &State) -> Vec<Message> {
    let mut said = Vec::new();
    if from.query != to.query {
        said.push(Message::new("studio.differs.query").with("query", to.query.as_str()));
    }
    if from.shopper != to.shopper {
        said.push(Message::new("studio.differs.shopper").with("shopper", to.shopper.as_str()));
    }
    if from.history != to.history {
        said.push(match to.history.len() {
            0 => Message::new("studio.differs.history-as-it-was"),
            1 => Message::new("studio.differs.history-one"),
            changes => Message::new("studio.differs.history").with("count", changes.to_string()),
        });
    }
    // What does not show in the order is no difference.
    let shown = |key: &str| !matches!(key, "page" | "backend");
    for knob in KNOBS.iter().filter(|knob| shown(knob.key)) {
        let value = knob.value(to);
        if knob.value(from) != value {
            let label = match knob.control {
                Control::Choice { .. } => Value::Message(Message::new(knob.words(&value))),
                Control::Switch { .. } => Value::Message(Message::new(format!("studio.{value}"))),
                Control::Number { .. } => Value::Text(value),
            };
            let name = Message::new(knob.words("name"));
            said.push(Message::new("studio.differs.knob").with("name", name).with("value", label));
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HistoryEdit, Ranker};
    use languages::english;
    use market::history::EventKind;

    #[test]
    fn what_differs_is_said() {
        let from = State::default();
        let mut to = State { query: "oak table".into(), ranker: Ranker::Mlpr, ..from.clone() };
        to.history.push(HistoryEdit::Add { kind: EventKind::Cart, product: 3 });
        to.page.number = 2;
        assert_eq!(differences(&from, &from), Vec::<Message>::new());
        assert_eq!(
            differences(&from, &to).iter().map(english).collect::<Vec<_>>(),
            ["Query: oak table", "History: 1 change", "Ranker: MLPR with BERT"]
        );
    }
}
