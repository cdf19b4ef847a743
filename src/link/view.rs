//! What a person looks at beside the shelf, and the link as a whole.

use super::State;
use super::arrived::{self, Part, find_escape, said, unescaped};
use super::knobs::clip;
use super::link::{Dropped, LINK_VERSION, VIEWED, is_known};
use super::panels::PANELS;
use super::recipe::Recipe;
use market::catalogue::ProductId;
use market::language::{Language, Message};
use market::metrics::measure::{Against, Measure};
use systems::registry::{RANKERS, RETRIEVERS};
use systems::served;

/// Most states that can be held against each other: A, B, C and D.
pub const MAX_PINS: usize = 4;

/// Most products on the workbench of positions: a page.
pub const MAX_BENCH: usize = 60;

/// Longest name of a lesson.
const MAX_LESSON_NAME: usize = 40;
/// Most steps of a lesson.
const MAX_LESSON_STEPS: u32 = 99;

/// Names of the pins in links.
const PINS: [&str; MAX_PINS] = ["a", "b", "c", "d"];

/// Parts of the page that can stand in another: on a slide, in a course. One that is called as one of the
/// studio's [`PANELS`] is that panel.
pub const PARTS: [&str; 7] = ["query", "shopper", "funnel", "knobs", "shelf", "insides", "machine"];

/// What a person looks at beside the shelf. No ranking depends on it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// The one of the studio's [`PANELS`] that is open.
    pub panel: Option<&'static str>,
    /// Links of the states that were pinned, A first.
    pub pins: Vec<String>,
    /// Where in the lessons the person is.
    pub lesson: Option<LessonPlace>,
    /// Whether lessons are shown to a room: large, and one knob at a time.
    pub lecture: bool,
    /// The [`PARTS`] that are shown where the page stands in another; empty where it stands alone.
    pub embed: Vec<&'static str>,
    /// What is measured.
    pub measured: Measured,
    /// The order of the page on the workbench of positions; empty where it is the shelf's.
    pub bench: Vec<ProductId>,
    /// How the machine is looked at.
    pub machine: Machine,
    /// The part of the machine that is opened.
    pub part: Option<PartPlace>,
    /// What a training in the tab is told.
    pub recipe: Recipe,
    /// The language that was chosen; none where it is the browser's affair.
    pub language: Option<Language>,
}

/// A step of a lesson.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LessonPlace {
    /// Name of the lesson, as its file has it: `03-temperature`.
    pub name: String,
    /// Number of the step, from 1.
    pub step: u32,
}

impl LessonPlace {
    /// Reads `03-temperature.2`; none where it is of another form.
    fn read(text: &str) -> Option<Self> {
        let (name, step) = text.rsplit_once('.')?;
        let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        // The name becomes part of an address.
        let named = (1..=MAX_LESSON_NAME).contains(&name.len()) && name.chars().all(known);
        let step = step.parse().ok().filter(|step| (1..=MAX_LESSON_STEPS).contains(step))?;
        named.then(|| Self { name: name.into(), step })
    }
}

/// A part of one of the two systems at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartPlace {
    /// Whether it is the ranker's or stands behind it ([`served`]), else the retriever's.
    pub of_ranker: bool,
    /// Key of the [`Part`](systems::part::Part).
    pub key: &'static str,
}

impl PartPlace {
    /// Names of both systems' places in links.
    const OF: [&str; 2] = ["retriever", "ranker"];

    /// Its part of a link: `ranker.gates`.
    fn write(self) -> String {
        format!("{}.{}", Self::OF[usize::from(self.of_ranker)], self.key)
    }

    /// Reads its part of a link; none where no system has such a part. What stands behind every system is
    /// called as the system's own: `ranker.blend`, `retriever.coarse-score`.
    pub fn read(text: &str) -> Option<Self> {
        let (of, key) = text.split_once('.')?;
        let of_ranker = Self::OF.iter().position(|known| *known == of)? == 1;
        let found = match of_ranker {
            true => {
                let own = RANKERS.iter().flat_map(|system| system.parts);
                own.chain(&served::PARTS).find(|part| part.key == key)
            }
            false => {
                RETRIEVERS.iter().flat_map(|system| system.served()).find(|part| part.key == key)
            }
        };
        found.map(|part| Self { of_ranker, key: part.key })
    }
}

/// How the machine is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Whether the mean over the products of the page is shown, in place of one of them.
    pub of_page: bool,
    /// What its numbers are held against.
    pub against: Beside,
    /// Whether what is in the funnel, in the retriever, in the ranker is hidden.
    pub folded: [bool; 3],
}

/// What the machine's numbers are held against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Beside {
    /// Nothing: they are shown as they are, and what moved since the state before is ringed.
    #[default]
    Nothing,
    /// What they were before the last change.
    Before,
    /// What they are at a pinned state, by its number.
    Pin(usize),
}

impl Machine {
    /// Names in links of what can be folded.
    const FOLDS: [&str; 3] = ["funnel", "retriever", "ranker"];

    /// Its part of a link, `page,before,ranker`; an empty text where all is as it comes.
    fn write(self) -> String {
        let page = self.of_page.then_some("page");
        let against = match self.against {
            Beside::Nothing => None,
            Beside::Before => Some("before"),
            Beside::Pin(number) => PINS.get(number).copied(),
        };
        let folded = Self::FOLDS.into_iter().zip(self.folded);
        let folded = folded.filter(|(_, folded)| *folded).map(|(name, _)| name);
        page.into_iter().chain(against).chain(folded).collect::<Vec<_>>().join(",")
    }

    /// Reads its part of a link as far as that goes, and what of it says nothing.
    fn read(text: &str) -> (Self, Vec<&str>) {
        let (mut machine, mut wrong) = (Self::default(), Vec::new());
        for name in text.split(',').filter(|name| !name.is_empty()) {
            let pin = PINS.iter().position(|pin| *pin == name);
            let fold = Self::FOLDS.iter().position(|known| *known == name);
            match (name, pin, fold) {
                ("page", ..) => machine.of_page = true,
                ("before", ..) => machine.against = Beside::Before,
                (_, Some(number), _) => machine.against = Beside::Pin(number),
                (_, _, Some(place)) => machine.folded[place] = true,
                _ => wrong.push(name),
            }
        }
        (machine, wrong)
    }
}

/// What the metrics show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// What everything is held against.
    pub against: Against,
    /// The two objectives of the chart, across and up.
    pub axes: [Measure; 2],
}

impl Default for Measured {
    fn default() -> Self {
        Self { against: Against::Truth, axes: [Measure::Clicks, Measure::Gmv] }
    }
}

impl Measured {
    /// Its part of a link: `log,clicks,gmv`.
    fn write(self) -> String {
        let against = match self.against {
            Against::Truth => "truth",
            Against::Log => "log",
        };
        let [x, y] = self.axes.map(Measure::key);
        [against, x, y].join(",")
    }

    /// Reads its part of a link; none where that says nothing that can be shown.
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(',');
        let against = match parts.next()? {
            "truth" => Against::Truth,
            "log" => Against::Log,
            _ => return None,
        };
        let mut axis = || {
            let key = parts.next()?;
            Measure::ALL.iter().find(|(_, known)| *known == key).map(|(measure, _)| *measure)
        };
        Some(Self { against, axes: [axis()?, axis()?] })
    }
}

/// All that a link holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Link {
    /// What is ranked, and how.
    pub state: State,
    /// What is looked at.
    pub view: View,
}

impl Link {
    /// The link, with its `#`; empty where all is as it comes. A pinned state is written as its own
    /// link, with `;` and `:` in place of `&` and `=`: `#v=1&q=couch&a=q:couch;tau:0.1`.
    pub fn write(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        let state = self.state.to_link();
        parts.extend(parts_of(&state).map(String::from));
        if let Some(panel) = self.view.panel {
            parts.push(format!("panel={panel}"));
        }
        if let Some(LessonPlace { name, step }) = &self.view.lesson {
            parts.push(format!("lesson={name}.{step}"));
        }
        if self.view.lecture {
            parts.push("lecture=on".into());
        }
        if !self.view.embed.is_empty() {
            parts.push(format!("embed={}", self.view.embed.join(",")));
        }
        if self.view.measured != Measured::default() {
            parts.push(format!("metrics={}", self.view.measured.write()));
        }
        if !self.view.bench.is_empty() {
            let order: Vec<String> = self.view.bench.iter().map(ProductId::to_string).collect();
            parts.push(format!("bench={}", order.join(",")));
        }
        if self.view.machine != Machine::default() {
            parts.push(format!("machine={}", self.view.machine.write()));
        }
        if let Some(part) = self.view.part {
            parts.push(format!("part={}", part.write()));
        }
        if self.view.recipe != Recipe::default() {
            parts.push(format!("learn={}", self.view.recipe.write()));
        }
        if let Some(language) = self.view.language {
            parts.push(format!("lang={}", language.key()));
        }
        for (pin, name) in self.view.pins.iter().zip(PINS) {
            let inner: Vec<String> = parts_of(pin).map(pinned).collect();
            parts.push(format!("{name}={}", inner.join(";")));
        }
        if parts.is_empty() {
            String::new()
        } else {
            arrived::closed(format!("#v={LINK_VERSION}&{}", parts.join("&")))
        }
    }

    /// Opens a link as far as it can; never fails. Takes an address, what stands in one behind `?`
    /// or `#`, or the same without its mark; where both say something, `#` counts.
    pub fn read(link: &str) -> (Self, Vec<Dropped>) {
        let mut view = View::default();
        let mut dropped = Vec::new();
        let (of_view, of_state): (Vec<Part>, Vec<Part>) =
            arrived::parts(link).into_iter().partition(|(key, _)| VIEWED.contains(&key.as_str()));
        for (key, written) in of_view {
            let found = match PINS.contains(&key.as_str()) {
                true => view.read_pin(&key, &written),
                false => view.read_part(&key, &said(&written)),
            };
            dropped.extend(found);
        }
        view.pins.truncate(MAX_PINS);
        let (state, of_state) = State::read(&of_state);
        dropped.extend(of_state);
        (Self { state, view }, dropped)
    }
}

impl View {
    /// Reads a part of a link that is no pin.
    fn read_part(&mut self, key: &str, value: &str) -> Vec<Dropped> {
        let mut dropped = Vec::new();
        let mut wrong = |says: Message| {
            let says = says.with("value", clip(value));
            dropped.push(Dropped { key: key.into(), says });
        };
        match key {
            "panel" => {
                self.panel = PANELS.iter().find(|known| **known == value).copied();
                if self.panel.is_none() {
                    wrong(Message::new(word!("link.panel")));
                }
            }
            "lesson" => {
                self.lesson = LessonPlace::read(value);
                if self.lesson.is_none() {
                    wrong(Message::new(word!("link.lesson")));
                }
            }
            "lecture" => {
                self.lecture = value == "on";
                if !matches!(value, "on" | "off") {
                    wrong(Message::new(word!("link.lecture")));
                }
            }
            "embed" => {
                let asked = |part: &&&str| value.split(',').any(|asked| asked == **part);
                self.embed = PARTS.iter().filter(asked).copied().collect();
                if self.embed.is_empty() {
                    // Who asks for what there is not, or for nothing, sees the shelf.
                    self.embed = vec!["shelf"];
                }
            }
            "metrics" => match Measured::read(value) {
                Some(measured) => self.measured = measured,
                None => wrong(Message::new(word!("link.metrics"))),
            },
            "machine" => {
                let (machine, unknown) = Machine::read(value);
                self.machine = machine;
                if !unknown.is_empty() {
                    wrong(Message::new(word!("link.machine")));
                }
            }
            "part" => {
                self.part = PartPlace::read(value);
                if self.part.is_none() {
                    wrong(Message::new(word!("link.part")));
                }
            }
            "learn" => {
                let (recipe, wrong) = Recipe::read(value);
                self.recipe = recipe;
                // Each is said by itself.
                let said = wrong.into_iter().enumerate();
                dropped.extend(said.map(|(n, says)| Dropped { key: format!("{key}-{n}"), says }));
            }
            "lang" => {
                self.language = Language::by_key(value);
                if self.language.is_none() {
                    let known = Language::ALL.map(|(_, key)| key).join(", ");
                    wrong(Message::new(word!("link.language")).with("known", known));
                }
            }
            "bench" => {
                let asked = || value.split(',').filter(|product| !product.is_empty());
                let order = asked().filter_map(|product| product.parse().ok());
                self.bench = order.take(MAX_BENCH).collect();
                let lost = asked().count() - self.bench.len();
                if lost > 0 {
                    let says = Message::new(word!("link.bench")).with("count", lost.to_string());
                    wrong(says.with("most", MAX_BENCH.to_string()));
                }
            }
            _ => {}
        }
        dropped
    }

    /// Reads a pin, as it is written.
    fn read_pin(&mut self, key: &str, written: &str) -> Vec<Dropped> {
        let (pin, dropped) = State::read(&pin_parts(written));
        self.pins.push(pin.to_link());
        let of_pin = |Dropped { key: of, says }| {
            let says = Message::new(word!("link.pin"))
                .with("pin", key.to_ascii_uppercase())
                .with("said", says);
            Dropped { key: format!("{key}-{of}"), says }
        };
        dropped.into_iter().map(of_pin).collect()
    }
}

/// The parts of a state's link, without its version.
fn parts_of(link: &str) -> impl Iterator<Item = &str> {
    link.split(['#', '&']).filter(|part| !part.is_empty() && !part.starts_with("v="))
}

/// A part of a state's link as a pin has it. A `;` that is typed must not be taken for one that
/// parts: the sign behind it is escaped too.
fn pinned(part: &str) -> String {
    let mut text = String::new();
    let part = part.replacen('=', ":", 1);
    for (number, piece) in part.split("%3B").enumerate() {
        let mut signs = piece.chars();
        match signs.next().filter(|sign| number > 0 && sign.is_ascii_alphanumeric()) {
            Some(sign) => text += &format!("%3B%{:02X}{}", sign as u32, signs.as_str()),
            None if number > 0 => text += &format!("%3B{piece}"),
            None => text += piece,
        }
    }
    text
}

/// The parts of a pin, whose `;`, `:` and more may have been escaped on the way.
fn pin_parts(written: &str) -> Vec<Part> {
    let mut text = written.to_string();
    // With no colon left, all of it was escaped.
    for _ in 0..3 {
        if !text.contains(':') && ["%3a", "%253a"].iter().any(|e| find_escape(&text, e).is_some()) {
            text = unescaped(&text);
        }
    }
    text.split(';').flat_map(split_escaped).filter(|(key, _)| !key.is_empty()).collect()
}

/// A part of a pin, in two and more where an escaped `;` stands before something that a state has.
fn split_escaped(mut text: &str) -> Vec<Part> {
    let part = |text: &str| {
        let (key, value) = split_key(text).unwrap_or((text, ""));
        (said(key), value.to_string())
    };
    let mut parts = Vec::new();
    let mut from = 0;
    while let Some(at) = find_escape(&text[from..], "%3b").map(|at| at + from) {
        let rest = &text[at + 3..];
        if split_key(rest).is_some_and(|(key, _)| is_known(key)) {
            parts.push(part(&text[..at]));
            (text, from) = (rest, 0);
        } else {
            from = at + 3;
        }
    }
    parts.push(part(text));
    parts
}

/// Key and value, parted by a colon that may be escaped.
fn split_key(text: &str) -> Option<(&str, &str)> {
    let plain = text.find(':').map(|at| (at, 1));
    let escaped = find_escape(text, "%3a").map(|at| (at, 3));
    let (at, length) = plain.into_iter().chain(escaped).min()?;
    Some((&text[..at], &text[at + length..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::HistoryEdit;
    use languages::english;
    use market::history::EventKind;
    use systems::mlpr;
    use systems::registry::knobs;

    #[test]
    fn pins_and_panel_come_back_and_can_be_read() {
        let mut pinned =
            State { query: "a;b:c&d=e".into(), ..State::default() }.ranked_by(&mlpr::RANKER);
        pinned.history = vec![
            HistoryEdit::Add { kind: EventKind::Cart, product: 120 },
            HistoryEdit::Remove { entry: 3 },
        ];
        let state = State { query: "oak table".into(), ..State::default() };
        let pins = vec![pinned.to_link(), String::new()];
        let view =
            View { panel: Some("compare"), pins, embed: vec!["knobs", "shelf"], ..View::default() };
        let link = Link { state, view };
        let text = link.write();
        assert_eq!(
            text,
            "#v=1&q=oak+table&panel=compare&embed=knobs,shelf&a=q:a%3B%62%3Ac%26d%3De;ranker:mlpr;h:cart:120,-3&b="
        );
        assert_eq!(Link::read(&text), (link.clone(), vec![]));
        // As it was written before: an escaped `;` parts only before what a state has.
        assert_eq!(Link::read(&text.replace("%62", "b")), (link, vec![]));
        assert_eq!(Link::read(""), (Link::default(), vec![]));
        assert_eq!(Link::default().write(), "");
    }

    proptest! {
        #[test]
        fn every_pin_comes_back(typed in "\\PC{0,40}", key in 0..knobs().count(), more in "[;:&=%3Bb.)]{0,8}") {
            for query in [typed.clone(), format!("{typed};{}:{more}", knobs().nth(key).map_or("", |knob| knob.key)), more] {
                let pin = State { query: query.clone(), ..State::default() };
                let view = View { pins: vec![pin.to_link(); 2], ..View::default() };
                let link = Link { state: pin, view };
                prop_assert_eq!(Link::read(&link.write()), (link, vec![]), "{}", query);
            }
        }
    }

    #[test]
    fn the_order_on_the_workbench_comes_back() {
        let bench = vec![12, 5, 3_999];
        let view = View { panel: Some("positions"), bench, ..View::default() };
        let link = Link { view, ..Link::default() };
        assert_eq!(link.write(), "#v=1&panel=positions&bench=12,5,3999");
        assert_eq!(Link::read(&link.write()), (link, vec![]));
        let long = "7,".repeat(500);
        let (link, dropped) = Link::read(&format!("bench={long}"));
        assert_eq!((link.view.bench.len(), dropped.len()), (MAX_BENCH, 1));
        assert!(english(&dropped[0].says).contains("440"), "{dropped:?}");
        let (link, dropped) = Link::read("bench=x,4,-1,");
        assert_eq!(link.view.bench, [4]);
        assert!(english(&dropped[0].says).contains('2'), "{dropped:?}");
    }

    #[test]
    fn the_part_that_is_opened_comes_back_for_every_system() {
        let ranker = |system: &systems::Ranker| system.served();
        let retriever = |system: &systems::Retriever| system.served();
        let of_rankers = RANKERS.into_iter().flat_map(ranker).map(|part| (true, part.key));
        let of_retrievers = RETRIEVERS.into_iter().flat_map(retriever).map(|p| (false, p.key));
        for (of_ranker, key) in of_rankers.chain(of_retrievers) {
            let view = View { part: Some(PartPlace { of_ranker, key }), ..View::default() };
            let link = Link { view, ..Link::default() };
            let of = if of_ranker { "ranker" } else { "retriever" };
            assert_eq!(link.write(), format!("#v=1&part={of}.{key}"));
            assert_eq!(Link::read(&link.write()), (link, vec![]));
        }
        for bad in ["gates", "ranker.", "ranker.nothing", "retriever.gates", "moppr.score"] {
            let (link, dropped) = Link::read(&format!("part={bad}&q=couch"));
            assert_eq!((link.view.part, link.state.query.as_str()), (None, "couch"), "{bad}");
            assert!(english(&dropped[0].says).contains(bad), "{dropped:?}");
        }
    }

    #[test]
    fn how_the_machine_is_looked_at_comes_back() {
        for (machine, written) in [
            (Machine { of_page: true, ..Machine::default() }, "page"),
            (Machine { against: Beside::Before, ..Machine::default() }, "before"),
            (Machine { against: Beside::Pin(3), ..Machine::default() }, "d"),
            (
                Machine { of_page: true, against: Beside::Pin(0), folded: [true, false, true] },
                "page,a,funnel,ranker",
            ),
        ] {
            let view = View { machine, ..View::default() };
            let link = Link { view, ..Link::default() };
            assert_eq!(link.write(), format!("#v=1&machine={written}"));
            assert_eq!(Link::read(&link.write()), (link, vec![]));
        }
        let (link, dropped) = Link::read("machine=page,moon,ranker");
        let machine = Machine { of_page: true, folded: [false, false, true], ..Machine::default() };
        assert_eq!((link.view.machine, dropped.len()), (machine, 1));
        assert!(english(&dropped[0].says).contains("page,moon,ranker"), "{dropped:?}");
    }

    #[test]
    fn a_lesson_and_its_step_come_back() {
        let place = LessonPlace { name: "03-temperature".into(), step: 2 };
        let view =
            View { panel: Some("lessons"), lesson: Some(place), lecture: true, ..View::default() };
        let link = Link { view, ..Link::default() };
        let text = link.write();
        assert_eq!(text, "#v=1&panel=lessons&lesson=03-temperature.2&lecture=on");
        assert_eq!(Link::read(&text), (link, vec![]));
    }

    #[test]
    fn the_language_comes_back_and_an_unknown_one_is_said() {
        for (language, key) in Language::ALL {
            let view = View { language: Some(language), ..View::default() };
            let link = Link { view, ..Link::default() };
            assert_eq!(link.write(), format!("#v=1&lang={key}"));
            assert_eq!(Link::read(&link.write()), (link, vec![]));
        }
        let (link, dropped) = Link::read("?lang=tlh&q=couch");
        assert_eq!((link.view.language, link.state.query.as_str()), (None, "couch"));
        assert_eq!(dropped.len(), 1);
    }

    #[test]
    fn a_bad_lesson_is_dropped_with_its_reason() {
        let long = format!("lesson={}.1", "a".repeat(41));
        for bad in [
            "lesson=",
            "lesson=a",
            "lesson=a.0",
            "lesson=a.x",
            "lesson=../a.1",
            "lesson=a.100",
            &long,
            "lecture=loud",
        ] {
            let (link, dropped) = Link::read(bad);
            assert_eq!(link, Link::default(), "{bad}");
            assert_eq!(dropped.len(), 1, "{bad}");
        }
    }

    #[test]
    fn every_pair_of_measures_comes_back() {
        for against in [Against::Truth, Against::Log] {
            for (x, _) in Measure::ALL {
                for (y, _) in Measure::ALL {
                    let measured = Measured { against, axes: [x, y] };
                    assert_eq!(Measured::read(&measured.write()), Some(measured));
                }
            }
        }
        let view = View {
            panel: Some("metrics"),
            measured: Measured { against: Against::Log, axes: [Measure::Good, Measure::Gmv] },
            ..View::default()
        };
        let link = Link { view, ..Link::default() };
        assert_eq!(link.write(), "#v=1&panel=metrics&metrics=log,p-good,gmv");
        assert_eq!(Link::read(&link.write()), (link, vec![]));
        for text in ["", "log", "log,clicks", "log,clicks,joy", "moon,clicks,gmv"] {
            let (link, dropped) = Link::read(&format!("#v=1&metrics={text}"));
            assert_eq!((link.view.measured, dropped.len()), (Measured::default(), 1), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_dropped_with_its_reason() {
        let (link, dropped) =
            Link::read("#v=1&panel=nowhere&a=tau:huge;q:sofa&q=couch&b=&c=&d=&a=");
        let keys: Vec<&str> = dropped.iter().map(|dropped| dropped.key.as_str()).collect();
        assert_eq!(keys, ["panel", "a-tau"]);
        assert_eq!((link.state.query.as_str(), link.view.pins.len()), ("couch", MAX_PINS));
        assert_eq!(link.view.pins[0], "#v=1&q=sofa");
        // Whoever embeds the page in a way that this one doesn't know sees the shelf.
        assert_eq!(Link::read("?embed=everything").0.view.embed, ["shelf"]);
        assert_eq!(Link::read("?embed=machine,knobs").0.view.embed, ["knobs", "machine"]);
        assert_eq!(Link::read("?embed=machine").0.write(), "#v=1&embed=machine");
        // The page hides the others before its program is there.
        let parts = PARTS.map(|part| format!("\"{part}\"")).join(", ");
        assert!(include_str!("../../www/early.js").contains(&format!("[{parts}]")));
    }
}
