//! Documents of the project, from Markdown to what a page shows.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

use super::sources;

/// A part of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// As its heading has it, without what comes after a colon; empty before the first.
    pub name: String,
    /// What is shown, its heading first.
    pub html: String,
}

/// The parts of a document, by its headings of the second level. Its own title is left out: the
/// place where it is shown has one.
pub fn parts(markdown: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut name = String::new();
    let mut events: Vec<Event> = Vec::new();
    let mut title = String::new();
    let mut close = |title: &str, name: &mut String, events: &mut Vec<Event>| {
        let mut text = String::new();
        html::push_html(&mut text, events.drain(..));
        // Wide tables are scrolled by themselves, each by a name of its own.
        let heading = if name.is_empty() { title } else { name.as_str() };
        let mut html = String::new();
        for (number, piece) in text.split("<table>").enumerate() {
            if number > 0 {
                let mut label = String::new();
                html::push_html(
                    &mut label,
                    [Event::Text(format!("{heading} ({number})").into())].into_iter(),
                );
                let label = label.replace('"', "&quot;");
                html += &format!(
                    "<div class=\"scrolls\" tabindex=\"0\" role=\"region\" aria-label=\"{label}\"><table>"
                );
            }
            html += &piece.replace("</table>", "</table></div>");
        }
        if !html.trim().is_empty() {
            parts.push(Part { name: std::mem::take(name), html });
        }
    };
    let (mut in_title, mut in_heading) = (false, false);
    // Papers and terms that were linked in this part, and whether a link would not stand in another.
    let (mut linked, mut plain) = (Vec::new(), true);
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        match &event {
            Event::Start(Tag::Link { .. } | Tag::CodeBlock(_)) => plain = false,
            Event::End(TagEnd::Link | TagEnd::CodeBlock) => plain = true,
            _ => (),
        }
        match &event {
            Event::Start(Tag::Heading { level: HeadingLevel::H1, .. }) => in_title = true,
            Event::End(TagEnd::Heading(HeadingLevel::H1)) => in_title = false,
            Event::Start(Tag::Heading { level: HeadingLevel::H2, .. }) => {
                close(&title, &mut name, &mut events);
                linked.clear();
                in_heading = true;
                events.push(event);
            }
            Event::End(TagEnd::Heading(HeadingLevel::H2)) => {
                in_heading = false;
                events.push(event);
            }
            // Pages of the project hold no HTML of their own.
            Event::Html(_) | Event::InlineHtml(_) => (),
            Event::Text(text) if plain && !in_heading && !in_title => {
                let text = text.to_string();
                sources::link(&text, &mut linked, &mut events);
            }
            Event::Text(text) if in_title => title.push_str(text),
            _ if in_title => (),
            _ => {
                if let (true, Event::Text(text)) = (in_heading, &event) {
                    name.push_str(text.split(':').next().unwrap_or_default());
                }
                events.push(event);
            }
        }
    }
    close(&title, &mut name, &mut events);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_comes_in_parts() {
        let text = "# Title\n\nFirst *of all*.\n\n## One: a table\n\n| a | b |\n|---|---:|\n| 1 | 2 |\n\n## Two\n\nLast.\n";
        let parts = parts(text);
        let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
        assert_eq!(names, ["", "One", "Two"]);
        assert_eq!(parts[0].html, "<p>First <em>of all</em>.</p>\n");
        assert!(parts[1].html.starts_with("<h2>One: a table</h2>\n<div class=\"scrolls\""));
        assert!(parts[1].html.contains("aria-label=\"One (1)\""));
        assert!(parts[1].html.contains("<td style=\"text-align: right\">2</td>"));
        assert!(parts[1].html.trim_end().ends_with("</table></div>"));
    }

    #[test]
    fn papers_are_linked_where_they_are_first_named() {
        let parts = parts("## On DMT\n\nDMT and `DMT`, DMT again.\n\n| DMTs | PLE |\n|---|---|\n");
        let html = &parts[0].html;
        assert_eq!(html.matches("href=").count(), 2, "{html}");
        let link = "<a href=\"https://doi.org/10.1145/3340531.3412697\" target=\"_blank\" rel=\"noopener noreferrer\">DMT</a>";
        assert!(html.contains(&format!("<p>{link} and <code>DMT</code>, DMT again.")), "{html}");
        assert!(html.contains("<h2>On DMT</h2>") && html.contains("<th>DMTs</th>"), "{html}");
    }

    #[test]
    fn html_is_not_let_through() {
        let parts = parts("Text <b onclick=x>bold</b>.\n\n<script>alert(1)</script>\n");
        assert!(!parts[0].html.contains('<') || !parts[0].html.contains("script"), "{parts:?}");
        assert!(!parts[0].html.contains("onclick"), "{parts:?}");
    }

    #[test]
    fn the_papers_tables_are_read() {
        let parts = parts(include_str!("../../docs/tables.md"));
        assert!(parts.len() > 12, "{}", parts.len());
        assert!(parts.iter().any(|part| part.name == "yandex-2"));
    }
}
