//! States told apart in words.

use super::State;
use super::knobs::text_of;
use market::language::{Message, Value};
use systems::knob::{Control, Knob, Settings};
use systems::registry::knobs;

/// What a state differs in from another, a message each: "Ranker: MLPR with BERT", "Query: couch".
pub fn differences(from: &State, to: &State) -> Vec<Message> {
    let mut said = Vec::new();
    if from.query != to.query {
        said.push(Message::new(word!("studio.differs.query")).with("query", to.query.as_str()));
    }
    if from.shopper != to.shopper {
        said.push(
            Message::new(word!("studio.differs.shopper")).with("shopper", to.shopper.as_str()),
        );
    }
    if from.history != to.history {
        said.push(match to.history.len() {
            0 => Message::new(word!("studio.differs.history-as-it-was")),
            1 => Message::new(word!("studio.differs.history-one")),
            changes => {
                Message::new(word!("studio.differs.history")).with("count", changes.to_string())
            }
        });
    }
    // What does not show in the order is no difference.
    let shown = |key: &str| !matches!(key, "page" | "backend");
    for knob in knobs().filter(|knob| shown(knob.key)) {
        if text_of(knob, &from.settings) != text_of(knob, &to.settings) {
            said.push(knob_in_words(knob, &to.settings));
        }
    }
    said
}

/// How a knob stands: "Ranker: MLPR with BERT".
pub fn knob_in_words(knob: &Knob, settings: &Settings) -> Message {
    let value = text_of(knob, settings);
    let label = match knob.control {
        Control::Choice(_) => Value::Message(Message::new(knob.words(&value))),
        Control::Switch => Value::Message(Message::new(word!("studio.{}", value))),
        Control::Number { .. } => Value::Text(value),
    };
    let name = Message::new(knob.words("name"));
    Message::new(word!("studio.differs.knob")).with("name", name).with("value", label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HistoryEdit;
    use languages::english;
    use market::history::EventKind;
    use systems::mlpr;
    use systems::shared::PAGE_NUMBER;

    #[test]
    fn what_differs_is_said() {
        let from = State::default();
        let mut to = State { query: "oak table".into(), ..from.clone() }.ranked_by(&mlpr::RANKER);
        to.history.push(HistoryEdit::Add { kind: EventKind::Cart, product: 3 });
        to.settings.set(&PAGE_NUMBER, 2.0);
        assert_eq!(differences(&from, &from), Vec::<Message>::new());
        assert_eq!(
            differences(&from, &to).iter().map(english).collect::<Vec<_>>(),
            ["Query: oak table", "History: 1 change", "Ranker: MLPR with BERT"]
        );
    }
}
