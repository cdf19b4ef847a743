//! Every message of the protocol through both readers: serde's, which the engines have, and the page's.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use link::{HistoryEdit, State};
use market::catalogue::{Catalogue, Colour, Department, Product, ProductType};
use market::history::{Event, EventKind, Profile, WebSearch};
use market::language::Message;
use protocol::block::{
    Block, Curves, Gates, Layer, Pair, Row, Rows, SequenceAttention, Shape, Share, Step, Unit,
};
use protocol::learn::{
    Begun, Curve, FromTrainer, Gate, Gathered, Look, Measure, Measured, ToTrainer, Went,
};
use protocol::machine::{Activity, Level, Machine, Strip};
use protocol::prepared::Prepared;
use protocol::{
    Answer, Backend, Candidate, Detail, Evaluated, Feature, FromEngine, Growing, HistoryEntry,
    Listed, Making, Map, Notice, Opened, Parts, Passage, Progress, Question, Reply,
    RetrievalInsides, Seat, Shop, Shopper, StageTime, ToEngine, Told, Trace,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use systems::shared::{CANDIDATES, GMV};
use systems::{mlpr, yandex};
use wire::{Sink, Source, Wire};

/// A value of serde_json's.
#[derive(Clone)]
struct Json(Value);

impl Source for Json {
    fn number(&self) -> Option<f64> {
        self.0.as_f64()
    }

    fn text(&self) -> Option<String> {
        self.0.as_str().map(String::from)
    }

    fn truth(&self) -> Option<bool> {
        self.0.as_bool()
    }

    fn is_nothing(&self) -> bool {
        self.0.is_null()
    }

    fn items(&self) -> Option<Vec<Self>> {
        Some(self.0.as_array()?.iter().cloned().map(Self).collect())
    }

    fn field(&self, name: &'static str) -> Option<Self> {
        // As in a browser, where a name that is not there has a value too.
        self.0.as_object().map(|fields| Self(fields.get(name).cloned().unwrap_or_default()))
    }

    fn entry(&self) -> Option<(String, Self)> {
        let (key, value) = self.0.as_object()?.iter().next()?;
        Some((key.clone(), Self(value.clone())))
    }
}

impl Sink for Json {
    fn number(value: f64) -> Self {
        // JSON of a browser knows one kind of number.
        let whole = value.fract() == 0.0 && value.abs() < 1e15;
        Self(if whole { (value as i64).into() } else { value.into() })
    }

    fn text(value: &str) -> Self {
        Self(value.into())
    }

    fn name(value: &'static str) -> Self {
        Self(value.into())
    }

    fn truth(value: bool) -> Self {
        Self(value.into())
    }

    fn nothing() -> Self {
        Self(Value::Null)
    }

    fn items(values: Vec<Self>) -> Self {
        Self(values.into_iter().map(|Self(value)| value).collect())
    }

    fn object(fields: Vec<(&'static str, Self)>) -> Self {
        Self(fields.into_iter().map(|(key, Self(value))| (key.to_string(), value)).collect())
    }

    fn of(self, message: &'static str, variant: &'static str) -> Self {
        WRITTEN.with_borrow_mut(|written| written.insert((message.into(), variant.into())));
        self
    }
}

thread_local! {
    /// Messages that were written, with the variant of each enum.
    static WRITTEN: RefCell<BTreeSet<(String, String)>> = RefCell::default();
}

/// Holds that either reader reads what either side writes.
fn round_trips<T: Wire + Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(message: &T) {
    let by_serde = serde_json::to_value(message).expect("it is written");
    let by_wire: Json = message.write();
    for written in [by_serde, by_wire.0] {
        let mut wrong = None;
        assert_eq!(&T::read(&Json(written.clone()), &mut wrong), message);
        assert_eq!(wrong, None, "{written}");
        assert_eq!(&serde_json::from_value::<T>(written).expect("it is read"), message);
    }
}

fn notice() -> Notice {
    let inner = Message::new("inner").with("a", "b");
    Notice::new("query-mended").with("query", "sofaa").with("said", inner)
}

fn state() -> State {
    let state = State { query: "oak “table”".into(), selected: Some(7), ..State::default() };
    let mut state = state.retrieved_by(&yandex::RETRIEVER).ranked_by(&mlpr::RANKER);
    state.settings.set(&CANDIDATES, 200.0);
    state.settings.switch(&GMV, true);
    state.history = vec![
        HistoryEdit::Add { kind: EventKind::Favourite, product: 3 },
        HistoryEdit::Remove { entry: 2 },
        HistoryEdit::Forget { kind: Some(EventKind::Order) },
        HistoryEdit::Forget { kind: None },
    ];
    state
}

fn feature() -> Feature {
    Feature { name: "clicks".into(), kind: "item".into(), value: 3.0, z_score: -0.5 }
}

/// A block of every shape.
fn blocks() -> Vec<Block> {
    let row = |hint: Option<Message>| Row {
        name: Message::new("bias.position"),
        hint,
        values: vec![0.5, -1.5],
    };
    let columns = vec![Message::new("tasks.click"), Message::new("tasks.order")];
    let rows =
        Rows { columns, rows: vec![row(Some(Message::new("a")))], together: Some(row(None)) };
    let typed = Share { name: "desk".into(), share: 0.25 };
    let named = Share { name: Message::new("a").with("b", "c").into(), share: 0.75 };
    let weights = vec![(4, 0.25)];
    let step = |from_former| Step {
        name: Message::new("tasks.click"),
        conditional: 0.5,
        joint: 0.25,
        from_former,
    };
    let pair = |unit| Pair {
        name: Message::new("towers.temperature"),
        symbol: "τ".into(),
        value: 12.5,
        unit,
    };
    let layer = |name| Layer {
        name,
        tasks: vec![Message::new("tasks.click")],
        experts: vec![Message::new("experts.own").with("number", "1")],
    };
    let layers = vec![layer(None), layer(Some(Message::new("experts.stage-1")))];
    vec![
        Block::new("experts", Shape::Gates(Gates { layers, weights: vec![1.0, 0.5] })),
        Block::new(
            "examination",
            Shape::Curve(Curves { learned: vec![1.0, 0.5], truth: vec![1.0] }),
        ),
        Block::new("bias", Shape::Rows(rows)),
        Block::new("searches", Shape::Shares(vec![typed, named])),
        Block::new(
            "attention",
            Shape::Sequences(vec![SequenceAttention { sequence: "carts".into(), weights }]),
        ),
        Block::new("chain", Shape::Chain(vec![step(None), step(Some(0.125))])),
        Block::new(
            "towers",
            Shape::Pairs([Unit::Count, Unit::Number, Unit::Share].map(pair).into()),
        ),
    ]
}

fn detail() -> Detail {
    Detail { product: 7, blocks: blocks() }
}

fn candidate() -> Candidate {
    Candidate {
        product: 7,
        retrieval_score: 0.5,
        probability: 0.125,
        tier: 255,
        utility: vec![-2.5, 1e-7],
        bias: -0.5,
    }
}

fn answer() -> Answer {
    let event = Event { kind: EventKind::Cart, product: 9, time: -30 };
    Answer {
        run: 12,
        backend: Backend::Webgpu,
        retriever: &yandex::RETRIEVER,
        ranker: &mlpr::RANKER,
        base_rates: vec![0.07, 0.002],
        timings: vec![StageTime { stage: "rank".into(), milliseconds: 1.5, cached: true }],
        notices: vec![notice()],
        history: vec![HistoryEntry { entry: 1, event, kept: true, attention: 0.5 }],
        retrieval: RetrievalInsides {
            pieces: vec!["oak".into()],
            attention: Some(vec![1.0]),
            categories: vec![(3, 0.5)],
            entropy: 2.5,
            effective_candidates: 12.25,
            softmax: vec![0.5, 0.25],
            searched: 4000,
            relevant: 20,
            admitted: 30,
            retrieved: 30,
            recent_searches: Some(1),
            blocks: blocks(),
        },
        learned: true,
        learned_towers: true,
        blocks: blocks(),
        candidates: vec![candidate()],
        products: 40_000,
        others: vec![other()],
        detail: Some(detail()),
    }
}

fn product(colour: Option<u8>) -> Product {
    Product {
        title: "Lamp".into(),
        product_type: 0,
        brand: 1,
        shop: 0,
        colour,
        price_cents: 1999,
        rating: 4.5,
        reviews: 12,
    }
}

/// A product of a larger shop.
fn other() -> Listed {
    Listed { product: 32_007, row: product(None) }
}

fn shop() -> Shop {
    Shop {
        catalogue: Catalogue {
            seed: 1,
            departments: vec![Department { name: "Home".into() }],
            product_types: vec![ProductType {
                name: "lamp".into(),
                department: 0,
                icon: "lamp".into(),
                repurchase_days: 30.0,
            }],
            brands: vec!["Nordvik".into()],
            shops: vec!["A".into()],
            colours: vec![Colour { name: "red".into(), hex: "#f00".into() }],
            newcomers: 2,
            products: vec![product(Some(0)), product(None)],
        },
        shoppers: vec![Shopper {
            key: "mara".into(),
            name: "Mara".into(),
            about: vec![Message::new("about")],
            profile: Profile {
                age_band: 1,
                gender: 2,
                purchase_power: 3,
                household: 0,
                town: 1,
                member_years: 9,
            },
            events: vec![Event { kind: EventKind::Click, product: 1, time: 5 }],
            web_searches: vec![WebSearch { query: "desk".into(), time: -7 }],
            now: 100,
        }],
        queries: vec!["sofa".into()],
        others: vec![other()],
    }
}

/// Everything that the page, or the studio, says to an engine.
fn to_engine() -> Vec<ToEngine> {
    let state = || Box::new(state());
    let asked = |question| ToEngine::Ask { job: 5, state: state(), question };
    vec![
        ToEngine::Start { version: u32::MAX },
        ToEngine::Run { run: 1 << 40, state: state() },
        ToEngine::Evaluate { job: 3, state: state(), from: 8, count: 16 },
        asked(Question::Trace { product: 3, held: None }),
        asked(Question::Trace { product: 3, held: Some(2) }),
        asked(Question::Parts(3)),
        asked(Question::Seats(vec![3, 4])),
        asked(Question::Map),
        asked(Question::Machine { product: 3, of_page: true }),
        ToEngine::Weigh { file: "dmt".into(), weights: "AA==".into() },
        ToEngine::Open { job: 7, weights: "AA==".into() },
        ToEngine::Ping,
        ToEngine::LoseDevice,
    ]
}

/// What every part of two systems made of a product.
fn machine(trace: Trace) -> Machine {
    let strip = Strip {
        name: "Q_o".into(),
        columns: vec!["oak".into(), Message::new("tasks.click").into()],
        products: vec![4, 9],
        values: vec![0.5, -0.25],
    };
    let activity = Activity { part: "query".into(), rows: vec![strip] };
    let level = Level {
        clusters: vec![1, 12],
        opened: vec![1, 0],
        products: vec![16, 190],
        scores: vec![0.5, 0.25],
        above: vec![0, 1],
        own: Some(1),
    };
    let (retriever, levels) = (vec![activity], vec![level]);
    Machine { trace, candidate: candidate(), retriever, ranker: vec![], levels }
}

/// Everything that an engine says.
fn from_engine() -> Vec<FromEngine> {
    let passage = Passage {
        stage: "coarse".into(),
        entered: 30,
        left: 20,
        value: 0.5,
        least: 0.25,
        place: Some(3),
        passed: true,
    };
    let trace = Trace { product: 3, passages: vec![passage], rank: 2, ranked: 20, score: 0.5 };
    let parts = Parts {
        candidate: candidate(),
        blocks: blocks(),
        detail: None,
        groups: vec!["query".into()],
        coalitions: vec![0.0, 0.5],
        base: vec![-1.0],
        features: vec![(feature(), vec![(0.5, 0.125)])],
    };
    let seat = Seat { product: 3, bias: -0.5, neighbours: None, truth: vec![0.5] };
    let map = Map {
        points: vec![0.5, -0.5, 0.25, 0.75],
        others: vec![4_003],
        query: (0.25, 0.5),
        variance: (0.5, 0.125),
    };
    let opened = Opened {
        file: "dmt.safetensors".into(),
        system: "dmt".into(),
        settings: state().settings,
        command: "learned".into(),
    };
    let told = |reply| {
        let (others, notices) = (vec![other()], vec![notice()]);
        FromEngine::Told(Told { job: 1, reply, others, notices })
    };
    vec![
        FromEngine::Hello { version: 7, backend: Backend::Cpu },
        FromEngine::Progress(Progress { loaded: 10, total: 100 }),
        FromEngine::Shop(Box::new(shop())),
        FromEngine::Ready { adapter: "a".into() },
        FromEngine::Growing(Growing { what: Making::Products, made: 12_000, of: 40_000, taken: 0 }),
        FromEngine::Growing(Growing {
            what: Making::Vectors,
            made: 5_000,
            of: 40_000,
            taken: 5_000,
        }),
        FromEngine::Growing(Growing { what: Making::Tree, made: 100, of: 40_000, taken: 0 }),
        FromEngine::Answer(Box::new(answer())),
        FromEngine::Answer(Box::new(Answer { detail: None, ..answer() })),
        FromEngine::Evaluated(Evaluated {
            job: 4,
            views: 300,
            values: vec![vec![Some(0.5), None]],
            notices: vec![],
        }),
        told(None),
        told(Some(Reply::Machine(Box::new(machine(trace.clone()))))),
        told(Some(Reply::Trace(trace))),
        told(Some(Reply::Parts(Box::new(parts)))),
        told(Some(Reply::Seats(vec![seat]))),
        told(Some(Reply::Map(map))),
        told(Some(Reply::Weights(opened))),
        FromEngine::Notice(notice()),
        FromEngine::Failed(notice()),
        FromEngine::Alive,
    ]
}

/// What the page shows before its engine has answered. The page alone reads it as a message.
fn prepared() -> Prepared {
    // Of two products that ship it names none: the rows of others come with the answer.
    let prepared = Prepared::of(shop(), answer());
    assert_eq!((prepared.products.len(), prepared.of), (0, 2));
    prepared
}

/// Everything that the studio says to the trainer.
fn to_trainer() -> Vec<ToTrainer> {
    let begin = ToTrainer::Begin { run: 2, state: Box::new(state()), recipe: vec![50.0, 0.5] };
    let measure = ToTrainer::Measure {
        number: 1 << 40,
        state: Box::new(state()),
        recipe: vec![3.0],
        weights: "AA==".into(),
    };
    vec![ToTrainer::Start { version: 7 }, begin, ToTrainer::Go { run: 2, until: u32::MAX }, measure]
}

/// Everything that the trainer says.
fn from_trainer() -> Vec<FromTrainer> {
    let shipped = vec![Measure { key: "auc-click".into(), training: None, held_out: Some(0.75) }];
    let file = "dmt".into();
    let begun = Begun { run: 2, views: 900, held_out: 300, steps: 58, file, shipped };
    let look = Look {
        run: 2,
        step: 4,
        measures: vec![
            Measure { key: "auc-click".into(), training: Some(0.5), held_out: Some(0.25) },
            Measure { key: "truth-click".into(), training: None, held_out: None },
        ],
        gates: vec![Gate {
            key: "click".into(),
            shares: vec![0.25, 0.75],
            departments: vec![vec![], vec![0.25, 0.75]],
        }],
        curves: vec![Curve {
            key: "examination".into(),
            learned: vec![1.0, 0.5],
            truth: vec![1.0, 0.75],
        }],
        weights: "AA==".into(),
    };
    vec![
        FromTrainer::Hello { version: 7 },
        FromTrainer::Progress(Progress { loaded: 10, total: 100 }),
        FromTrainer::Ready,
        FromTrainer::Gathered(Gathered { run: 2, done: 10, of: 450 }),
        FromTrainer::Begun(begun),
        FromTrainer::Went(Went { run: 2, step: 4, losses: vec![3.0, 2.5], speed: 400.0 }),
        FromTrainer::Looked(Box::new(look)),
        FromTrainer::Halted { run: 2, step: 4, notice: notice() },
        FromTrainer::Measured(Measured {
            number: 1 << 40,
            measures: vec![Measure {
                key: "auc-click".into(),
                training: None,
                held_out: Some(0.5),
            }],
            notice: None,
        }),
        FromTrainer::Measured(Measured {
            number: 1 << 40,
            measures: vec![],
            notice: Some(notice()),
        }),
        FromTrainer::Failed(notice()),
    ]
}

#[test]
fn what_one_side_writes_is_read_by_both() {
    to_engine().iter().for_each(round_trips);
    from_engine().iter().for_each(round_trips);
    to_trainer().iter().for_each(round_trips);
    from_trainer().iter().for_each(round_trips);
    round_trips(&prepared());
}

/// Rust files under a folder with what they hold.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a file");
            found.push((path.to_string_lossy().into_owned(), text));
        }
    }
    found
}

/// The messages that files declare, with the variants of each enum by their names on the wire.
fn declared() -> BTreeSet<(String, String)> {
    let mut declared = BTreeSet::new();
    for (_, text) in files(Path::new("src")) {
        for block in text.split("\nmessage! {\n").skip(1) {
            let block = block.split("\n}\n").next().expect("its end");
            let mut of_enum = None;
            for line in block.lines().map(str::trim).filter(|line| !line.starts_with("///")) {
                let named = |kind| line.strip_prefix(kind)?.strip_suffix(" {");
                if let Some(name) = named("pub struct ") {
                    declared.insert((name.into(), String::new()));
                }
                of_enum = of_enum.or(named("pub enum "));
                let key = line.strip_suffix("\",").and_then(|line| line.rsplit_once("= \""));
                if let (Some(name), Some((_, key))) = (of_enum, key) {
                    declared.insert((name.into(), key.into()));
                }
            }
        }
    }
    declared
}

#[test]
fn every_message_that_is_declared_was_put_through_both() {
    let declared = declared();
    assert!(declared.len() >= 90, "{declared:?}");
    let _: Vec<Json> = to_engine().iter().map(Wire::write).collect();
    let _: Vec<Json> = from_engine().iter().map(Wire::write).collect();
    let _: Vec<Json> = to_trainer().iter().map(Wire::write).collect();
    let _: Vec<Json> = from_trainer().iter().map(Wire::write).collect();
    let _: Json = prepared().write();
    let written = WRITTEN.take();
    let missing: Vec<_> = declared.difference(&written).collect();
    assert!(missing.is_empty(), "put these into the lists above: {missing:?}");
    assert_eq!(written, declared);
}

#[test]
fn every_file_that_says_what_messages_hold_counts_for_the_protocols_version() {
    let list = fs::read_to_string("src/protocol/version.rs").expect("the version");
    let listed = list.lines().filter_map(|line| {
        let name = line.trim().strip_prefix("include_bytes!(\"")?.strip_suffix("\"),")?;
        Some(
            name.strip_prefix("../")
                .map_or(format!("src/protocol/{name}"), |of| format!("src/{of}")),
        )
    });
    let listed: BTreeSet<String> = listed.collect();
    assert!(listed.len() > 10, "{listed:?}");
    let holds = |text: &str| {
        let starts = |line: &str| line.starts_with("message! {");
        let implements = |line: &str| {
            let line = line.trim_start();
            line.starts_with("impl")
                && (line.contains(" Wire for ") || line.contains("::Wire for "))
        };
        text.lines().any(|line| starts(line) || implements(line))
    };
    for (file, text) in files(Path::new("src")) {
        assert!(!holds(&text) || listed.contains(&file), "{file} is not in the version's hash");
    }
}

#[test]
fn what_is_no_message_is_refused_by_its_part() {
    let read = |value: Value| {
        let mut wrong = None;
        let _ = FromEngine::read(&Json(value), &mut wrong);
        wrong
    };
    let told = |reply: Value| {
        let told = serde_json::json!({ "job": 1, "reply": reply, "others": [], "notices": [] });
        serde_json::json!({ "told": told })
    };
    assert_eq!(read(serde_json::json!("alive")), None);
    assert_eq!(read(serde_json::json!("dead")), Some("FromEngine"));
    assert_eq!(read(serde_json::json!(3)), Some("FromEngine"));
    assert_eq!(read(serde_json::json!({ "ready": 3 })), Some("adapter"));
    assert_eq!(read(serde_json::json!({ "ready": { "adapter": 3 } })), Some("a text"));
    assert_eq!(read(told(Value::Null)), None);
    assert_eq!(read(told(serde_json::json!({ "poem": 3 }))), Some("Reply"));
    assert_eq!(read(told(serde_json::json!({ "seats": 3 }))), Some("a list"));
    assert_eq!(read(told(serde_json::json!({ "map": { "points": ["x"] } }))), Some("a number"));
    let system = serde_json::json!({ "answer": { "retriever": "bing" } });
    assert!(read(system).is_some());
}

/// The page has a reader of the kinds of message of its own, so that it carries none that the studio
/// alone hears.
#[test]
fn the_page_knows_every_kind_of_message() {
    let page = include_str!("../src/page/wire.rs");
    let declared = include_str!("../src/protocol/lib.rs");
    let declared = declared.split("pub enum FromEngine {").nth(1).expect("the messages");
    let declared = declared.split("message! {").next().expect("their end");
    let kinds: Vec<&str> = declared
        .lines()
        .filter_map(|line| Some(line.trim().strip_suffix("\",")?.rsplit_once("= \"")?.1))
        .collect();
    assert_eq!(kinds.len(), 11);
    for kind in kinds {
        assert!(page.contains(&format!("\"{kind}\"")), "the page reads no {kind:?}");
    }
}
