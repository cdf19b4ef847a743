//! Where papers and terms can be read up: plain links that open a page of their own. Nothing is
//! fetched from there.

use pulldown_cmark::{CowStr, Event, html};

/// Names as texts have them, and the page of the paper that they come from.
const SOURCES: [(&str, &str); 19] = [
    ("MOPPR", "https://arxiv.org/abs/2210.04170"),
    ("MLPR", "https://doi.org/10.1145/3485447.3511977"),
    ("Yandex", "https://arxiv.org/abs/2310.03481"),
    ("DMT", "https://doi.org/10.1145/3340531.3412697"),
    ("MGDSPR", "https://arxiv.org/abs/2106.09297"),
    ("MMoE", "https://doi.org/10.1145/3219819.3220007"),
    ("PLE", "https://doi.org/10.1145/3383313.3412236"),
    ("ESM²", "https://arxiv.org/abs/1910.07099"),
    ("AITM", "https://arxiv.org/abs/2105.08489"),
    ("DIN", "https://arxiv.org/abs/1706.06978"),
    ("DIEN", "https://arxiv.org/abs/1809.03672"),
    ("BERT", "https://arxiv.org/abs/1810.04805"),
    ("XGBoost", "https://arxiv.org/abs/1603.02754"),
    ("BM25", "https://doi.org/10.1561/1500000019"),
    ("Gumbel", "https://arxiv.org/abs/1903.06059"),
    ("Kendall", "https://doi.org/10.1093/biomet/30.1-2.81"),
    ("nDCG", "https://doi.org/10.1145/582415.582418"),
    ("RBO", "https://doi.org/10.1145/1852102.1852106"),
    ("Shapley", "https://arxiv.org/abs/1705.07874"),
];

/// A text with every name that is not yet `linked` turned into a link to its source.
pub fn link<'a>(text: &str, linked: &mut Vec<&'static str>, events: &mut Vec<Event<'a>>) {
    let mut rest = text;
    while let Some((at, name, address)) = next(rest, linked) {
        linked.push(name);
        let (before, after) = (&rest[..at], &rest[at + name.len()..]);
        events.push(Event::Text(CowStr::from(before.to_string())));
        events.push(Event::InlineHtml(CowStr::from(format!(
            "<a href=\"{address}\" target=\"_blank\" rel=\"noopener noreferrer\">{name}</a>"
        ))));
        rest = after;
    }
    events.push(Event::Text(CowStr::from(rest.to_string())));
}

/// A plain text as HTML, its names linked.
pub fn linked(text: &str) -> String {
    let (mut events, mut found) = (Vec::new(), String::new());
    link(text, &mut Vec::new(), &mut events);
    html::push_html(&mut found, events.into_iter());
    found
}

/// The first name of a text that is not yet linked and stands by itself.
fn next(text: &str, linked: &[&'static str]) -> Option<(usize, &'static str, &'static str)> {
    let alone = |at: usize, name: &str| {
        let within = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '²';
        !text[..at].ends_with(within) && !text[at + name.len()..].starts_with(within)
    };
    let found = SOURCES.iter().filter(|(name, _)| !linked.contains(name));
    let found = found.filter_map(|&(name, address)| {
        let mut places = text.match_indices(name).map(|(at, _)| at);
        Some((places.find(|at| alone(*at, name))?, name, address))
    });
    found.min_by_key(|(at, ..)| *at)
}
