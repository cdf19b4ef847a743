//! The page's words, in the language that is shown. The program holds none: `www/early.js`
//! fetches them, and tells page and studio when they have come.
//!
//! Whoever reads words follows the language: a closure that does so is run again when it changes.
//! The page is built again as a whole; what must not be built again for it reads [`text`].

use std::cell::RefCell;

use js_sys::Reflect;
use leptos::prelude::*;

use super::lasting::Lasting;
use super::parts::follow;
use super::store::Store;
use super::{bridge, browser};
use market::language::{Language, Message, fill};
use protocol::{Progress, words};

/// Said where no words could be fetched: the one sentence that the program has itself.
const MISSING: &str = "The words of this page could not be fetched. Load the page again. \
                       页面文字加载失败，请重新加载页面。";
/// Key of the notice that a language could not be fetched.
const NOTICE: &str = "language-missing";
/// Key of its words.
const NOTICE_WORDS: &str = word!("notices.language-missing");
/// Asks `www/early.js` for a language: its key, or nothing for the browser's preference; or for the
/// words that no first ranking shows, "more".
const ASK: &str = "vitrine-speak";
/// How it tells that words have come; it keeps what it told last under the same name.
const TOLD: &str = "vitrine-words";

/// Keys and words, in the order of keys. They stay for as long as the page does: there are few
/// languages, and a text that stays is shown without being copied.
type Words = Vec<(&'static str, &'static str)>;

thread_local! {
    static WORDS: RefCell<(Language, Words)> = RefCell::default();
    /// Rises when other words are there.
    static TURNS: Lasting<RwSignal<u32>> = Lasting(RwSignal::new(0));
    /// What was told so far, once each: a language that comes again is the same text.
    static TOLD_BEFORE: RefCell<Vec<&'static str>> = RefCell::default();
}

/// The language that is shown, which may be followed.
pub fn shown() -> Language {
    TURNS.with(|turns| turns.track());
    WORDS.with_borrow(|(language, _)| *language)
}

/// The words of a key, which whoever reads them follows; empty where they have not come.
pub fn say(key: &str) -> &'static str {
    TURNS.with(|turns| turns.track());
    WORDS.with_borrow(|(_, words)| {
        let found = words.binary_search_by(|(known, _)| (*known).cmp(key));
        match found {
            Ok(at) => words[at].1,
            Err(_) if key == NOTICE_WORDS => MISSING,
            Err(_) => "",
        }
    })
}

/// The words of a key with values in their placeholders, which whoever reads them follows.
pub fn say_with(key: &str, values: &[(&str, &str)]) -> String {
    fill(say(key), values)
}

/// The words of a key with how many bytes have arrived, and of how many.
pub fn say_arrived(key: &str, progress: Progress) -> String {
    let [loaded, total] = [progress.loaded, progress.total].map(words::bytes);
    say_with(key, &[("loaded", &loaded), ("total", &total)])
}

/// A message in words, which whoever reads them follows.
pub fn worded(message: &Message) -> String {
    message.worded(&|key| say(key).into())
}

/// A text that changes with the language.
pub type Text = Box<dyn Fn() -> &'static str + Send>;

/// The words of a key, again whenever the language changes.
pub fn text(key: &'static str) -> Text {
    Box::new(move || say(key))
}

/// Begins to listen to words, and does something once the first have come, or can't be had.
pub fn start(then: impl FnOnce() + 'static) {
    let mut then = Some(then);
    let mut hear = move |told: String| {
        // The language, then keys and words.
        let mut lines = lasting(told).split('\n');
        let language = lines.next().and_then(Language::by_key).unwrap_or_default();
        let mut words = Vec::new();
        while let (Some(key), Some(said)) = (lines.next(), lines.next()) {
            words.push((key, said));
        }
        WORDS.set((language, words));
        browser::speak(language.tag());
        TURNS.with(|turns| turns.update(|n| *n += 1));
        if let Some(then) = then.take() {
            then();
        }
    };
    // Words that came before this program.
    let early = Reflect::get(&browser::window(), &TOLD.into()).ok();
    if let Some(told) = early.and_then(|told| told.as_string()) {
        hear(told);
    }
    let hear = RefCell::new(hear);
    bridge::listen(TOLD, move |told| (hear.borrow_mut())(told));
}

/// A text that stays for as long as the page does, kept once.
fn lasting(told: String) -> &'static str {
    TOLD_BEFORE.with_borrow_mut(|before| match before.iter().find(|text| **text == told) {
        Some(text) => text,
        None => {
            let text: &'static str = String::leak(told);
            before.push(text);
            text
        }
    })
}

/// Asks for the words that no first ranking shows, too.
pub fn ask_for_all() {
    bridge::say(ASK, "more");
}

/// Asks for the language of the store's link, now and whenever that changes, and says where it
/// can't be had. The rest of the words is asked for behind the first ranking.
pub fn follow_link(store: Store) {
    follow(move |_| {
        let asked = store.view.with(|view| view.language);
        bridge::say(ASK, asked.map_or("", Language::key));
    });
    follow(move |_| {
        shown();
        if browser::marked("words") == "missing" {
            let asked = store.view.with_untracked(|view| view.language);
            let wanted = asked.or_else(|| Language::by_key(&browser::marked("language")));
            let name = wanted.unwrap_or_default().name();
            store.tell(NOTICE, Message::new(NOTICE_WORDS).with("language", name));
        } else {
            store.withdraw(NOTICE);
        }
    });
    follow(move |_| {
        if store.insides.with(Option::is_some) {
            ask_for_all();
        }
    });
}
