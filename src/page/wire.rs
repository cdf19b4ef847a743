//! The protocol's messages: JSON, which the browser parses and this reads and writes field by
//! field. The engine does the same through serde; here that would be a sixth of the page.

use std::cell::RefCell;

use js_sys::{Array, JSON, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use link::{
    BackendChoice, Blend, HistoryEdit, PageKnobs, Ranker, RankingKnobs, RetrievalKnobs, Retriever,
    State, Surface, TrainingStage,
};
use market::catalogue::{Catalogue, Colour, Department, Product, ProductType};
use market::history::{Event, EventKind, PageDevice, Profile, WebSearch};
use market::language::{Message, Value};
use protocol::{
    Answer, Backend, Candidate, Detail, Examination, Feature, FromEngine, Gating, HistoryEntry,
    Notice, Progress, Question, RetrievalInsides, SequenceAttention, Shop, Shopper, StageTime,
    ToEngine, TowerInsides, Transfer,
};
use protocol::{Evaluated, Map, Parts, Passage, Reply, Seat, Told, Trace};
use systems::dmt::{BiasFeatures, MultiTask};

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
        "evaluated" => Some(FromEngine::Evaluated(Evaluated::read(inner, wrong))),
        "told" => Some(FromEngine::Told(Told::read(inner, wrong))),
        _ => None,
    })
}

/// What reads the kinds of message that a program is asked for beside those of all.
type More = fn(&str, &JsValue, &mut Wrong) -> Option<FromEngine>;

fn read_with(message: &JsValue, more: More) -> Result<FromEngine, &'static str> {
    let mut wrong = None;
    // The loader's own messages come as objects.
    let parsed = message.as_string().map(|text| JSON::parse(&text));
    let parsed = parsed.unwrap_or_else(|| Ok(message.clone())).map_err(|_| "the text")?;
    let message = from_engine(&parsed, &mut wrong, more);
    match wrong {
        None => Ok(message),
        Some(part) => Err(part),
    }
}

/// Writes a message to an engine.
pub fn write(message: &ToEngine) -> JsValue {
    // Only what refers to itself, or is a function, has no text.
    JSON::stringify(&message.write()).map_or(JsValue::NULL, Into::into)
}

/// The first part that could not be read. Reading goes on with an empty value in its place, for
/// that takes less code than a way out at every field; [`read`] then refuses the whole.
type Wrong = Option<&'static str>;

trait Read {
    fn read(value: &JsValue, wrong: &mut Wrong) -> Self;
}

trait Write {
    fn write(&self) -> JsValue;
}

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

fn field<T: Read>(of: &JsValue, named: &'static str, wrong: &mut Wrong) -> T {
    T::read(&part(of, named, wrong), wrong)
}

fn part(of: &JsValue, named: &'static str, wrong: &mut Wrong) -> JsValue {
    // Only what is no object refuses.
    Reflect::get(of, &name(named)).unwrap_or_else(|_| {
        *wrong = wrong.or(Some(named));
        JsValue::UNDEFINED
    })
}

fn object(fields: &[(&'static str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (named, value) in fields {
        // Setting a field of a fresh object cannot fail.
        let _ = Reflect::set(&object, &name(named), value);
    }
    object.into()
}

fn list(value: &JsValue, wrong: &mut Wrong) -> Array {
    value.dyn_ref::<Array>().cloned().unwrap_or_else(|| {
        *wrong = wrong.or(Some("a list"));
        Array::new()
    })
}

fn number(value: &JsValue, wrong: &mut Wrong) -> f64 {
    value.as_f64().unwrap_or_else(|| {
        // JSON writes null for what is not a number.
        if !value.is_null() {
            *wrong = wrong.or(Some("a number"));
        }
        f64::NAN
    })
}

macro_rules! numbers {
    ($($type:ident)+) => {
        $(
            impl Read for $type {
                fn read(value: &JsValue, wrong: &mut Wrong) -> Self {
                    number(value, wrong) as $type
                }
            }
            impl Write for $type {
                fn write(&self) -> JsValue {
                    (*self as f64).into()
                }
            }
        )+
    };
}

numbers!(u8 u16 u32 u64 i32 f32);

impl Read for bool {
    fn read(value: &JsValue, wrong: &mut Wrong) -> Self {
        value.as_bool().unwrap_or_else(|| {
            *wrong = wrong.or(Some("yes or no"));
            false
        })
    }
}

impl Write for bool {
    fn write(&self) -> JsValue {
        (*self).into()
    }
}

impl Read for String {
    fn read(value: &JsValue, wrong: &mut Wrong) -> Self {
        value.as_string().unwrap_or_else(|| {
            *wrong = wrong.or(Some("a text"));
            String::new()
        })
    }
}

impl Write for String {
    fn write(&self) -> JsValue {
        self.into()
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(value: &JsValue, wrong: &mut Wrong) -> Self {
        list(value, wrong).iter().map(|value| T::read(&value, wrong)).collect()
    }
}

impl<T: Write> Write for [T] {
    fn write(&self) -> JsValue {
        self.iter().map(Write::write).collect::<Array>().into()
    }
}

impl<T: Read> Read for Option<T> {
    fn read(value: &JsValue, wrong: &mut Wrong) -> Self {
        let absent = value.is_undefined() || value.is_null();
        (!absent).then(|| T::read(value, wrong))
    }
}

impl<T: Write> Write for Option<T> {
    fn write(&self) -> JsValue {
        self.as_ref().map_or(JsValue::UNDEFINED, Write::write)
    }
}

impl<A: Read, B: Read> Read for (A, B) {
    fn read(value: &JsValue, wrong: &mut Wrong) -> Self {
        let pair = list(value, wrong);
        (A::read(&pair.get(0), wrong), B::read(&pair.get(1), wrong))
    }
}

/// A struct: every field under its name.
macro_rules! readable {
    ($type:ident { $($field:ident)+ }) => {
        impl Read for $type {
            fn read(value: &JsValue, wrong: &mut Wrong) -> Self {
                Self { $($field: field(value, stringify!($field), wrong)),+ }
            }
        }
    };
}

/// A struct: every field under its name.
macro_rules! writable {
    ($type:ident { $($field:ident)+ }) => {
        impl Write for $type {
            fn write(&self) -> JsValue {
                let Self { $($field),+ } = self;
                object(&[$((stringify!($field), $field.write())),+])
            }
        }
    };
}

/// Variants without fields: their names.
macro_rules! named {
    (read $type:ident { $($variant:ident = $text:literal)+ }) => {
        impl Read for $type {
            fn read(value: &JsValue, wrong: &mut Wrong) -> Self {
                const ALL: &[(&str, $type)] = &[$(($text, $type::$variant)),+];
                let text = String::read(value, wrong);
                match ALL.iter().find(|(known, _)| *known == text) {
                    Some((_, variant)) => *variant,
                    None => {
                        *wrong = wrong.or(Some(stringify!($type)));
                        ALL[0].1
                    }
                }
            }
        }
    };
    (write $type:ident { $($variant:ident = $text:literal)+ }) => {
        impl Write for $type {
            fn write(&self) -> JsValue {
                name(match self { $(Self::$variant => $text),+ })
            }
        }
    };
}

fn from_engine(value: &JsValue, wrong: &mut Wrong, more: More) -> FromEngine {
    // A variant with something in it is an object with one field.
    let entry = value.dyn_ref::<Object>().map(|value| Object::entries(value).get(0));
    let Some((variant, inner)) = entry.map(|entry| <(String, JsValue)>::read(&entry, wrong)) else {
        if value.as_string().as_deref() != Some("alive") {
            *wrong = Some("the kind of message");
        }
        return FromEngine::Alive;
    };
    match variant.as_str() {
        "hello" => FromEngine::Hello {
            version: field(&inner, "version", wrong),
            backend: field(&inner, "backend", wrong),
        },
        "progress" => FromEngine::Progress(Progress::read(&inner, wrong)),
        "shop" => FromEngine::Shop(Box::new(Shop::read(&inner, wrong))),
        "ready" => FromEngine::Ready { adapter: field(&inner, "adapter", wrong) },
        "answer" => FromEngine::Answer(Box::new(Answer::read(&inner, wrong))),
        "notice" => FromEngine::Notice(Notice::read(&inner, wrong)),
        "failed" => FromEngine::Failed(Notice::read(&inner, wrong)),
        other => more(other, &inner, wrong).unwrap_or_else(|| {
            *wrong = Some("the kind of message");
            FromEngine::Alive
        }),
    }
}

impl Read for Value {
    fn read(value: &JsValue, wrong: &mut Wrong) -> Self {
        match value.as_string() {
            Some(text) => Self::Text(text),
            None => Self::Message(Message::read(value, wrong)),
        }
    }
}

impl Read for JsValue {
    fn read(value: &JsValue, _: &mut Wrong) -> Self {
        value.clone()
    }
}

impl Write for ToEngine {
    fn write(&self) -> JsValue {
        let (variant, inner) = match self {
            Self::Ping => return name("ping"),
            Self::LoseDevice => return name("lose-device"),
            Self::Start { version } => ("start", object(&[("version", version.write())])),
            Self::Run { run, state } => {
                ("run", object(&[("run", run.write()), ("state", state.write())]))
            }
            Self::Evaluate { job, state, from, count } => (
                "evaluate",
                object(&[
                    ("job", job.write()),
                    ("state", state.write()),
                    ("from", from.write()),
                    ("count", count.write()),
                ]),
            ),
            Self::Ask { job, state, question } => (
                "ask",
                object(&[
                    ("job", job.write()),
                    ("state", state.write()),
                    ("question", question.write()),
                ]),
            ),
        };
        object(&[(variant, inner)])
    }
}

impl Write for Question {
    fn write(&self) -> JsValue {
        match self {
            Self::Trace(product, held) => {
                let both = [product.write(), held.write()];
                object(&[("trace", both.into_iter().collect::<Array>().into())])
            }
            Self::Parts(product) => object(&[("parts", product.write())]),
            Self::Seats(order) => object(&[("seats", order.write())]),
            Self::Map => name("map"),
        }
    }
}

impl Read for Reply {
    fn read(value: &JsValue, wrong: &mut Wrong) -> Self {
        let entries = value.dyn_ref::<Object>().map(Object::entries).unwrap_or_default();
        let (variant, inner) = <(String, JsValue)>::read(&entries.get(0), wrong);
        match variant.as_str() {
            "trace" => Self::Trace(Trace::read(&inner, wrong)),
            "parts" => Self::Parts(Box::new(Parts::read(&inner, wrong))),
            "seats" => Self::Seats(Vec::read(&inner, wrong)),
            "map" => Self::Map(Map::read(&inner, wrong)),
            _ => {
                *wrong = wrong.or(Some("the kind of reply"));
                Self::Seats(Vec::new())
            }
        }
    }
}

impl Write for HistoryEdit {
    fn write(&self) -> JsValue {
        match self {
            Self::Add { kind, product } => {
                object(&[("add", object(&[("kind", kind.write()), ("product", product.write())]))])
            }
            Self::Remove { entry } => object(&[("remove", object(&[("entry", entry.write())]))]),
            Self::Forget { kind } => object(&[("forget", object(&[("kind", kind.write())]))]),
        }
    }
}

readable!(Evaluated { job views values notices });
readable!(Told { job reply notices });
readable!(Trace { product passages rank ranked score });
readable!(Passage { stage entered left value least place passed });
readable!(Parts { candidate gatings detail groups coalitions base features });
readable!(Seat { product bias neighbours truth });
readable!(Map { points query variance });
readable!(Progress { loaded total });
readable!(Notice { key says });
readable!(Message { key values });
readable!(Shop { catalogue shoppers queries });
readable!(Catalogue { seed departments product_types brands shops colours products });
readable!(Department { name });
readable!(ProductType { name department icon repurchase_days });
readable!(Colour { name hex });
readable!(Product { title product_type brand shop colour price_cents rating reviews });
readable!(Shopper { key name about profile events web_searches now });
readable!(WebSearch { query time });
readable!(Profile { age_band gender purchase_power household town member_years });
readable!(Event { kind product time });
readable!(Gating { name experts });
readable!(Feature { name kind value z_score });
readable!(Answer {
    run backend retriever ranker base_rates timings notices history retrieval gatings candidates examination
    detail
});
readable!(StageTime { stage milliseconds cached });
readable!(HistoryEntry { entry event kept attention });
readable!(RetrievalInsides {
    pieces personal_attention categories entropy effective_candidates softmax searched retrieved
    relevant admitted towers
});
readable!(TowerInsides { read recent_searches own_attention searches temperature context });
readable!(Candidate { product retrieval_score probability tier utility gates bias });
readable!(Examination { learned truth });
readable!(Detail { product attention features transfer expert_contribution bias_terms });
readable!(Transfer { conditional joint from_former });
readable!(SequenceAttention { sequence weights });

named!(read Backend { Cpu = "cpu" Webgpu = "webgpu" });
named!(read Retriever { Moppr = "moppr" Yandex = "yandex" });
named!(read Ranker { Dmt = "dmt" Mlpr = "mlpr" None = "none" });
named!(read EventKind { Click = "click" Favourite = "favourite" Cart = "cart" Order = "order" });

writable!(State {
    surface query shopper history retriever retrieval ranker ranking page backend selected
});
writable!(RetrievalKnobs {
    weights temperature candidates gmv sigma sample seed quantised category_filter stage
    history_length web_searches coarse coarse_keep relevance_control
});
writable!(RankingKnobs {
    blend weight_click weight_cart weight_order gate_temperature precomputed multi_task bias
    bias_at_serving
});
writable!(BiasFeatures { position page neighbours });
writable!(PageKnobs { size number device });

named!(write Surface { Search = "search" Feed = "feed" });
named!(write Retriever { Moppr = "moppr" Yandex = "yandex" });
named!(write Ranker { Dmt = "dmt" Mlpr = "mlpr" None = "none" });
named!(write TrainingStage { FineTuned = "fine-tuned" PreTrained = "pre-trained" });
named!(write Blend { Sum = "sum" Lift = "lift" Product = "product" });
named!(write MultiTask {
    Mmoe = "mmoe" SharedBottom = "shared-bottom" SingleTask = "single-task"
});
named!(write PageDevice { Phone = "phone" Desktop = "desktop" });
named!(write BackendChoice { Auto = "auto" Webgpu = "webgpu" Cpu = "cpu" });
named!(write EventKind { Click = "click" Favourite = "favourite" Cart = "cart" Order = "order" });
