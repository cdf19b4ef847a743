//! The keys of all that a person reads: `languages/keys.txt`, where each also stands under the time at
//! which its words are fetched. The words themselves are in `languages/`, a file a language.
//!
//! It knows nothing. What holds throughout: a key that a program names is on the list, or the program does
//! not compile; and no list of them is in any program. That every key of the list has words in each language,
//! and that something names it, a test holds (`tests/languages/keys.rs`).

/// The list as it is written.
const LIST: &[u8] = include_bytes!("../../languages/keys.txt");

/// Every key, in the list's order.
static KEYS: [&[u8]; count(LIST)] = split(LIST);

/// A key of words: `word!("shelf.score")`. Where a part of it is known only as the program runs,
/// `word!("tasks.{}.inline", name)` puts it together, and the compiler knows that there are such keys.
///
/// ```compile_fail
/// // There is a "shelf.score", and no
/// keys::word!("shelf.scores");
/// ```
#[macro_export]
macro_rules! word {
    ($key:literal) => {
        const { $crate::known($key) }
    };
    ($form:literal, $($part:expr),+ $(,)?) => {{
        const { $crate::some_known($form) };
        ::std::format!($form, $($part),+)
    }};
}

/// The key, which has words.
///
/// # Panics
/// Where it has none; [`word!`] has that happen in the compiler.
pub const fn known(key: &str) -> &str {
    let key_bytes = key.as_bytes();
    let mut n = 0;
    while n < KEYS.len() {
        if KEYS[n].len() == key_bytes.len() && begins(KEYS[n], key_bytes) {
            return key;
        }
        n += 1;
    }
    panic!("there are no words of this key: languages/keys.txt has all that there are");
}

/// Passes where a key is of this form, with something in place of each `{}`.
///
/// # Panics
/// Where none is.
pub const fn some_known(form: &str) {
    let form = form.as_bytes();
    let (mut first, mut last) = (0, form.len());
    while first < form.len() && form[first] != b'{' {
        first += 1;
    }
    while last > 0 && form[last - 1] != b'}' {
        last -= 1;
    }
    assert!(first < last, "a form of keys has `{{}}` in it");
    let (before, after) = (form.split_at(first).0, form.split_at(last).1);
    let mut n = 0;
    while n < KEYS.len() {
        let key = KEYS[n];
        let longer = key.len() > before.len() + after.len();
        if longer && begins(key, before) && begins(key.split_at(key.len() - after.len()).1, after) {
            return;
        }
        n += 1;
    }
    panic!("no key in languages/keys.txt is of this form");
}

/// Whether a text begins with another, which is no longer.
const fn begins(text: &[u8], with: &[u8]) -> bool {
    let mut n = 0;
    while n < with.len() {
        if text[n] != with[n] {
            return false;
        }
        n += 1;
    }
    true
}

/// Whether there is a key in the line that begins here; headings begin with `#`.
const fn is_key(list: &[u8], at: usize) -> bool {
    list[at] != b'#' && list[at] != b'\n'
}

/// The place behind the line that begins here.
const fn next_line(list: &[u8], mut at: usize) -> usize {
    while at < list.len() && list[at] != b'\n' {
        at += 1;
    }
    at + 1
}

const fn count(list: &[u8]) -> usize {
    let (mut count, mut at) = (0, 0);
    while at < list.len() {
        count += is_key(list, at) as usize;
        at = next_line(list, at);
    }
    count
}

const fn split<const N: usize>(list: &'static [u8]) -> [&'static [u8]; N] {
    let mut keys: [&[u8]; N] = [&[]; N];
    let (mut n, mut at) = (0, 0);
    while at < list.len() {
        let next = next_line(list, at);
        if is_key(list, at) {
            keys[n] = list.split_at(next - 1).0.split_at(at).1;
            n += 1;
        }
        at = next;
    }
    keys
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn a_key_is_one_of_the_list() {
        assert_eq!(known("shelf.score"), "shelf.score");
        assert_eq!(word!("shelf.score"), "shelf.score");
        for wrong in ["shelf.scor", "shelf.scores", "shelf", "", "# first"] {
            assert!(catch_unwind(|| known(wrong)).is_err(), "{wrong}");
        }
        let lines = include_str!("../../languages/keys.txt").lines();
        let keys = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        assert!(keys.eq(KEYS.iter().map(|key| str::from_utf8(key).unwrap())));
    }

    #[test]
    fn a_key_that_is_put_together_is_of_a_form_that_there_is() {
        assert_eq!(word!("tasks.{}.inline", "click"), "tasks.click.inline");
        for wrong in ["task.{}", "tasks.{}.outline", "tasks.click", "shelf.scored{}"] {
            assert!(catch_unwind(|| some_known(wrong)).is_err(), "{wrong}");
        }
    }
}
