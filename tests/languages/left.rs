//! No words for a person are left in the programs.

use regex::Regex;

use super::programs::{scripts, sources};

/// Literals in page, studio and scripts that look like something to read and are not shown to the
/// person at the page, by the end of the file's name.
const NOT_SHOWN: &[(&str, &[&str])] = &[
    ("page/language.rs", &["The words of this page could not be fetched. Load the page again. "]),
    // The product's own name, and keys of the keyboard.
    ("page/header.rs", &["Vitrine"]),
    ("header/query.rs", &["Enter", "Escape"]),
    ("header/backend.rs", &["Escape"]),
    ("header/steps.rs", &["Key"]),
    ("page/hint.rs", &["Escape"]),
    ("studio/frame.rs", &["Escape"]),
    ("explain/panel.rs", &["Enter", "Escape"]),
    ("map/hand.rs", &["Enter", "Escape"]),
    // Keys that others append to links.
    ("link/arrived.rs", &["\\\n    adtag"]),
    // Said to the console, or asked of the engine.
    ("page/worker.rs", &["it did not load"]),
    ("protocol/supervisor/trial.rs", &["running shoes"]),
    // Styles.
    ("machine/heat.rs", &["color-mix(in oklab,var({name}) {}%,var(--sunk))"]),
    // What a link promises, and why a name is written as it is.
    ("machine/opened.rs", &["noopener noreferrer"]),
    ("link/panels.rs", &["a panel is called as its file is"]),
    // Keys of a keyboard.
    ("machine/tree.rs", &["Home", "End"]),
    // Classes.
    ("learn/seen.rs", &["key band-{}"]),
    ("page/knobs.rs", &["knob number", "knob switch", "knob choice"]),
    ("page/picture.rs", &["picture pale", "picture light", "picture deep"]),
    ("page/shelf.rs", &["move up", "move down", "move new"]),
    ("www/offline.js", &["newer solid"]),
    ("www/engine-loader.js", &["Content-Type"]),
    // As papers are called in every language.
    ("lessons/sources.rs", &["Yandex", "Gumbel", "Kendall", "Shapley"]),
    ("www/watchdog.js", &["WebAssembly SIMD", "module workers"]),
    // Names that tests hold on to.
    ("studio/compare.rs", &["Now", "Kendall’s τ"]),
    // For those who write lessons.
    (
        "lessons/check.rs",
        &[
            "“{text}” is no number.",
            "“{text}” is no bound.",
            "“{text}” is none of: rises, rises above a number,",
            "“{quantity}” that “{expect}” can’t be judged on {} state{}.",
        ],
    ),
    (
        "lessons/quantity.rs",
        &[
            "a product type",
            "the number of a product",
            "a task, then the number of a product",
            "a task, then a product type",
            "a task, then the number of an expert",
            "a place on the page",
            "a place on the list",
            "position, page or neighbours",
            "clicks, carts or orders, then a product type",
            "there is no quantity “{name}”.",
            "{name} takes nothing after its name.",
            "{name} wants {} after its name.",
            "a task and the number of a product",
            "a task and a product type",
            "a task and the number of an expert",
            "a sequence and a product type",
        ],
    ),
];

/// Files of the page and the studio in which no literal is shown to the person at the page: names of
/// drawings, messages of the protocol, what is written into files, and what is wrong with a lesson.
const NOTHING_SHOWN: &[&str] =
    &["page/icons.rs", "page/wire.rs", "studio/export.rs", "lessons/lesson.rs"];

/// Literals of a file that look like words for a person.
fn left_in(file: &str, text: &str) -> Vec<String> {
    let pattern = |pattern: &str| Regex::new(pattern).expect("a pattern");
    // Classes, and what only the console hears.
    let other = pattern(r#"class="[^"]*"|(?:error!|expect)\(\s*"[^"]*""#);
    let text = other.replace_all(text, "");
    let literal = pattern(r#""((?:[^"\\]|\\[\s\S])*)""#);
    let quasi = pattern(r"`([^`]*)`");
    // Words with a space between, one that begins like a sentence, or a few in other letters.
    let looks = pattern(r"[A-Za-z’']{2,} [A-Za-z’']{2,}|^[A-Z][a-z]{2,}|[^\x00-\x7F]{4,}");
    // Written for machines: style, selectors, drawings, documents.
    let machine = pattern(
        r"(?:^|[ (\[])(?:#|\[|\.|M\{|M0)|[<>=]|:\w|px|cubic-bezier|\{[a-z_]+\}:|^[A-Z][a-z]+[A-Z]",
    );
    let scripted = file.ends_with("js") || file.ends_with("html");
    let quoted = literal.captures_iter(&text).map(|found| found[1].to_string());
    let quasis = quasi.captures_iter(&text).filter(|_| scripted);
    quoted
        .chain(quasis.map(|found| found[1].to_string()))
        .filter(|said| looks.is_match(said) && !machine.is_match(said))
        .filter(|said| {
            let of_file = NOT_SHOWN.iter().filter(|(of, _)| file.ends_with(of));
            !of_file.flat_map(|(_, known)| *known).any(|known| said.starts_with(known))
        })
        .collect()
}

#[test]
fn no_words_are_left_in_the_programs() {
    let files = sources(&["src/page", "src/lessons", "src/protocol", "src/link", "src/studio"])
        .into_iter()
        .chain(scripts());
    let shown = files.filter(|(file, _)| !NOTHING_SHOWN.iter().any(|known| file.ends_with(known)));
    let left: Vec<_> = shown
        .flat_map(|(file, text)| {
            left_in(&file, &text).into_iter().map(move |said| format!("{file}: {said:?}"))
        })
        .collect();
    assert!(left.is_empty(), "words belong in languages/, with a key:\n{}", left.join("\n"));
}

#[test]
fn words_in_a_program_are_found() {
    for text in [
        r#"<p class="note">"Look inside"</p>"#,
        r#"aria-label="Studio""#,
        r#"format!("{count} products took {took}")"#,
        r#"let said = "Who’s looked at \
                       and who is not";"#,
        r#"<span>"重新加载"</span>"#,
    ] {
        assert_eq!(left_in("src/page/page.rs", text).len(), 1, "{text}");
    }
    for text in [
        r#"say(word!("studio.name"))"#,
        r#"data-testid="effective-candidates""#,
        r#"class="knob number""#,
        r#"error!("a message could not be sent")"#,
        r#""CPU""#,
    ] {
        assert_eq!(left_in("src/page/page.rs", text), Vec::<String>::new(), "{text}");
    }
}
