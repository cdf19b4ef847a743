//! What is said to a person: which sentence, and what stands in it. The words themselves are in
//! `languages/`, a file for each [`Language`], so that programs hold none: whoever shows a
//! [`Message`] looks them up.

use serde::{Deserialize, Serialize};
use wire::{Sink, Source, Wire, Wrong, message};

/// Hands a macro every language, a line each: its name in links, which its file in `languages/` has too, its
/// tag in documents (BCP 47), what its speakers call it, and the shortest sign that they know it by. The
/// first is the one that there is where another does not come.
#[macro_export]
macro_rules! languages {
    ($make:ident) => {
        $make! {
            English = "en", "en", "English", "EN";
            Chinese = "zh", "zh-Hans", "中文", "中";
        }
    };
}

macro_rules! declared {
    ($first:ident = $($of_first:literal),+; $($next:ident = $($of_next:literal),+;)*) => {
        declared! { @all [$first, $($next),*] $first = $($of_first),+; $($next = $($of_next),+;)* }
    };
    (
        @all [$first:ident, $($next:ident),*]
        $($language:ident = $key:literal, $tag:literal, $name:literal, $sign:literal;)+
    ) => {
        /// A language that there are words of.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[allow(missing_docs, reason = "a language says itself what it is")]
        pub enum Language {
            #[default]
            $first,
            $($next,)*
        }

        impl Language {
            /// Every language, with its name in links, which is its file's, too.
            pub const ALL: [(Self, &'static str); [$($key),+].len()] =
                [$((Self::$language, $key)),+];

            /// Its tag in documents (BCP 47).
            pub fn tag(self) -> &'static str {
                [$($tag),+][self as usize]
            }

            /// What its speakers call it.
            pub fn name(self) -> &'static str {
                [$($name),+][self as usize]
            }

            /// The shortest sign that its speakers know it by.
            pub fn sign(self) -> &'static str {
                [$($sign),+][self as usize]
            }
        }
    };
}

languages!(declared);

impl Language {
    /// Its name in links.
    pub fn key(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The language of this name in links.
    pub fn by_key(key: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == key).map(|(language, _)| *language)
    }

    /// The one after it, and after the last the first.
    pub fn next(self) -> Self {
        Self::ALL[(self as usize + 1) % Self::ALL.len()].0
    }
}

message! {
    /// A sentence without its words: its key, and what stands in its placeholders.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct Message {
        /// Key of the words, for example "notices.query-mended".
        pub key: String,
        /// Values by the placeholder's name.
        #[serde(default)]
        pub values: Vec<(String, Value)>,
    }
}

/// What stands in a placeholder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// The same in every language: a number, a name, what somebody typed.
    Text(String),
    /// Another message.
    Message(Message),
}

impl Wire for Value {
    fn read<S: Source>(value: &S, wrong: &mut Wrong) -> Self {
        match value.text() {
            Some(text) => Self::Text(text),
            None => Self::Message(Message::read(value, wrong)),
        }
    }

    fn write<S: Sink>(&self) -> S {
        match self {
            Self::Text(text) => text.write(),
            Self::Message(message) => message.write(),
        }
    }
}

impl Message {
    /// The words of this key, which have no placeholders yet.
    pub fn new(key: impl Into<String>) -> Self {
        Self { key: key.into(), values: Vec::new() }
    }

    /// With a value in a placeholder.
    pub fn with(self, name: &str, value: impl Into<Value>) -> Self {
        // One function for all kinds of values.
        fn put(mut message: Message, name: &str, value: Value) -> Message {
            message.values.push((name.into(), value));
            message
        }
        put(self, name, value.into())
    }

    /// As people read it, with the words that `of` has for a key.
    pub fn worded(&self, of: &dyn Fn(&str) -> String) -> String {
        let values: Vec<_> = self
            .values
            .iter()
            .map(|(name, value)| match value {
                Value::Text(text) => (name.as_str(), text.clone()),
                Value::Message(message) => (name.as_str(), message.worded(of)),
            })
            .collect();
        let values: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        fill(&of(&self.key), &values)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<Message> for Value {
    fn from(message: Message) -> Self {
        Self::Message(message)
    }
}

/// Words with values in place of `{name}`. What is no placeholder stays as it is.
pub fn fill(words: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(words.len());
    let mut rest = words;
    while let Some((before, after)) = rest.split_once('{') {
        filled += before;
        let named = after.split_once('}').and_then(|(name, after)| {
            let (_, value) = values.iter().find(|(known, _)| *known == name)?;
            Some((*value, after))
        });
        match named {
            Some((value, after)) => {
                filled += value;
                rest = after;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_apart_by_their_keys() {
        for (number, (language, key)) in Language::ALL.into_iter().enumerate() {
            assert_eq!((language as usize, language.key()), (number, key));
            assert_eq!(Language::by_key(key), Some(language));
        }
        assert_eq!(Language::by_key("zh-Hans"), None);
        assert_eq!(Language::English.next().next(), Language::English);
    }

    #[test]
    fn placeholders_are_filled_and_nothing_else() {
        let values = [("count", "3"), ("name", "{count}")];
        for (words, filled) in [
            ("{count} of {count}", "3 of 3"),
            ("{name}", "{count}"),
            ("no {such} thing", "no {such} thing"),
            ("open { and } {", "open { and } {"),
            ("第 {count} 位", "第 3 位"),
            ("", ""),
        ] {
            assert_eq!(fill(words, &values), filled, "{words}");
        }
    }

    #[test]
    fn a_message_may_hold_another() {
        let of = |key: &str| match key {
            "outer" => "({inner})".into(),
            "inner" => "{n} times".into(),
            other => other.to_string(),
        };
        let message = Message::new("outer").with("inner", Message::new("inner").with("n", "2"));
        assert_eq!(message.worded(&of), "(2 times)");
        let text = serde_json::to_string(&message).unwrap();
        assert_eq!(
            text,
            r#"{"key":"outer","values":[["inner",{"key":"inner","values":[["n","2"]]}]]}"#
        );
        assert_eq!(serde_json::from_str::<Message>(&text).unwrap(), message);
        let bare: Message = serde_json::from_str(r#"{"key":"a"}"#).unwrap();
        assert_eq!(bare, Message::new("a"));
    }
}
