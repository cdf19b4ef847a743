//! Names in the tables of docs/.

/// The names that a name with `{a,b}` and `{0-3}` in it stands for.
pub fn expanded(name: &str) -> Vec<String> {
    let Some((before, rest)) = name.split_once('{') else { return vec![name.into()] };
    let (inside, after) = rest.split_once('}').expect("a brace that closes");
    let range = inside.split_once('-').and_then(|(from, to)| {
        let (from, to): (usize, usize) = (from.parse().ok()?, to.parse().ok()?);
        Some((from..=to).map(|n| n.to_string()).collect())
    });
    let parts: Vec<String> = range.unwrap_or_else(|| inside.split(',').map(String::from).collect());
    parts.iter().flat_map(|part| expanded(&format!("{before}{part}{after}"))).collect()
}

/// What stands in backticks.
pub fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(String::from).collect()
}
