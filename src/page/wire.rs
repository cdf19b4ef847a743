//! The protocol's messages as the browser has them: JSON, which it parses and writes itself. What is in
//! a message is declared with the message ([`wire::message!`]).

use std::cell::RefCell;

use js_sys::{Array, JSON, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use protocol::FromEngine;
use wire::{Sink, Source, Wire, Wrong, field};

/// Reads a message of any other worker.
///
/// # Errors
/// Names the part that is not what its declaration says.
pub fn read_as<T: Wire>(message: &JsValue) -> Result<T, &'static str> {
    let mut wrong = None;
    let message = T::read(&parsed(message)?, &mut wrong);
    wrong.map_or(Ok(message), Err)
}

/// Reads a message of an engine.
///
/// # Errors
/// Names the part that is not what the protocol says.
pub fn read(message: &JsValue) -> Result<FromEngine, &'static str> {
    read_with(message, |_, _, _| None)
}

/// Reads a message of the studio's engine, which is asked for more.
///
/// # Errors
/// As [`read`].
pub fn read_all(message: &JsValue) -> Result<FromEngine, &'static str> {
    read_with(message, |variant, inner, wrong| match variant {
        "evaluated" => Some(FromEngine::Evaluated(Wire::read(inner, wrong))),
        "told" => Some(FromEngine::Told(Wire::read(inner, wrong))),
        _ => None,
    })
}

/// What reads the kinds of message that a program is asked for beside those of all. The reader that comes
/// with [`FromEngine`]'s declaration reads all kinds, and the page would carry what the studio alone
/// hears: a test holds the two together.
type More = fn(&str, &Js, &mut Wrong) -> Option<FromEngine>;

fn read_with(message: &JsValue, more: More) -> Result<FromEngine, &'static str> {
    let mut wrong = None;
    let message = from_engine(&parsed(message)?, &mut wrong, more);
    wrong.map_or(Ok(message), Err)
}

/// A message as a value: the loader's own come as objects.
fn parsed(message: &JsValue) -> Result<Js, &'static str> {
    let parsed = message.as_string().map(|text| JSON::parse(&text));
    parsed.unwrap_or_else(|| Ok(message.clone())).map(Js).map_err(|_| "the text")
}

/// Writes a message to a worker.
pub fn write(message: &impl Wire) -> JsValue {
    let Js(written) = message.write();
    // Only what refers to itself, or is a function, has no text.
    JSON::stringify(&written).map_or(JsValue::NULL, Into::into)
}

fn from_engine(value: &Js, wrong: &mut Wrong, more: More) -> FromEngine {
    let Some((variant, inner)) = value.entry() else {
        if value.text().as_deref() != Some("alive") {
            *wrong = Some("the kind of message");
        }
        return FromEngine::Alive;
    };
    match variant.as_str() {
        "hello" => FromEngine::Hello {
            version: field(&inner, "version", wrong),
            backend: field(&inner, "backend", wrong),
        },
        "progress" => FromEngine::Progress(Wire::read(&inner, wrong)),
        "shop" => FromEngine::Shop(Wire::read(&inner, wrong)),
        "ready" => FromEngine::Ready { adapter: field(&inner, "adapter", wrong) },
        "growing" => FromEngine::Growing(Wire::read(&inner, wrong)),
        "answer" => FromEngine::Answer(Wire::read(&inner, wrong)),
        "notice" => FromEngine::Notice(Wire::read(&inner, wrong)),
        "failed" => FromEngine::Failed(Wire::read(&inner, wrong)),
        other => more(other, &inner, wrong).unwrap_or_else(|| {
            *wrong = Some("the kind of message");
            FromEngine::Alive
        }),
    }
}

/// A value of the browser's.
#[derive(Clone)]
struct Js(JsValue);

thread_local! {
    /// Names of fields as JavaScript's strings, made once each.
    static NAMES: RefCell<Vec<(&'static str, JsValue)>> = RefCell::default();
}

fn name(text: &'static str) -> JsValue {
    NAMES.with_borrow_mut(|names| {
        // The same place in memory is the same name, and quicker to compare.
        if let Some((_, known)) = names.iter().find(|(known, _)| std::ptr::eq(*known, text)) {
            return known.clone();
        }
        names.push((text, text.into()));
        text.into()
    })
}

impl Source for Js {
    fn number(&self) -> Option<f64> {
        self.0.as_f64()
    }

    fn text(&self) -> Option<String> {
        self.0.as_string()
    }

    fn truth(&self) -> Option<bool> {
        self.0.as_bool()
    }

    fn is_nothing(&self) -> bool {
        self.0.is_undefined() || self.0.is_null()
    }

    fn items(&self) -> Option<Vec<Self>> {
        Some(self.0.dyn_ref::<Array>()?.iter().map(Self).collect())
    }

    fn field(&self, named: &'static str) -> Option<Self> {
        // Only what is no object refuses.
        Reflect::get(&self.0, &name(named)).ok().map(Self)
    }

    fn entry(&self) -> Option<(String, Self)> {
        let entry: Array = Object::entries(self.0.dyn_ref::<Object>()?).get(0).dyn_into().ok()?;
        Some((entry.get(0).as_string()?, Self(entry.get(1))))
    }
}

impl Sink for Js {
    fn number(value: f64) -> Self {
        Self(value.into())
    }

    fn text(value: &str) -> Self {
        Self(value.into())
    }

    fn name(value: &'static str) -> Self {
        Self(name(value))
    }

    fn truth(value: bool) -> Self {
        Self(value.into())
    }

    fn nothing() -> Self {
        Self(JsValue::UNDEFINED)
    }

    fn items(values: Vec<Self>) -> Self {
        Self(values.into_iter().map(|Self(value)| value).collect::<Array>().into())
    }

    fn object(fields: Vec<(&'static str, Self)>) -> Self {
        let object = Object::new();
        for (named, Self(value)) in fields {
            // Setting a field of a fresh object cannot fail.
            let _ = Reflect::set(&object, &name(named), &value);
        }
        Self(object.into())
    }
}
