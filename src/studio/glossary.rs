//! The glossary: words of the field, each with what it means, below the panel that they are met in, and all
//! of them above the papers' tables. They stand in `languages/glossary/`, a file a language; at the machine
//! each part has its own, and in hints and introductions the build writes them (`www/write-words.mjs`).

use leptos::prelude::*;

use lessons::sources::linked;
use page::language::{say, text};

/// What is met where, a line each: a panel's name, or "all", or a text's key; and words of the field.
const MET: &str = include_str!("../../languages/glossary/met.txt");

/// The list of all words of the field.
pub const ALL: &str = "all";

/// The words of the field that are met in a panel, or [`ALL`] of them.
fn met(place: &str) -> impl Iterator<Item = &'static str> + use<> {
    let line = MET.lines().find_map(|line| line.strip_prefix(place)?.strip_prefix(": "));
    line.unwrap_or_default().split_whitespace()
}

/// The words of the field that are met in a panel, or [`ALL`] of them, folded; nothing where there are none.
pub fn glossary(place: &str) -> Option<AnyView> {
    let mut terms = met(place).peekable();
    terms.peek()?;
    let term = |term: &str| {
        let (name, about) =
            (word!("machine.terms.{}", term), word!("machine.terms.{}.about", term));
        view! {
            <div>
                <dt prop:textContent=move || say(&name)></dt>
                <dd inner_html=move || linked(say(&about))></dd>
            </div>
        }
        .into_any()
    };
    let view = view! {
        <details class="behind glossary" data-testid="glossary">
            <summary prop:textContent=text(word!("studio.glossary"))></summary>
            <dl>{terms.map(term).collect_view()}</dl>
        </details>
    };
    Some(view.into_any())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panels::by_key;

    #[test]
    fn what_is_met_is_met_in_panels_that_there_are() {
        let places = MET.lines().filter_map(|line| line.split_once(": ")).map(|(place, _)| place);
        // Whatever has a point in it is the key of a text; what begins with # says what follows.
        let panels: Vec<&str> =
            places.filter(|place| !place.contains(['.', '#']) && *place != ALL).collect();
        assert!(panels.len() > 3, "{panels:?}");
        for panel in panels {
            assert!(by_key(panel).is_some(), "{panel}");
            assert!(met(panel).all(|term| met(ALL).any(|known| known == term)), "{panel}");
        }
        assert_eq!(met("lessons").count(), 0);
        assert!(met(ALL).count() > 60);
    }
}
