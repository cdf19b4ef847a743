//! A part opened: what it is, its formula as the paper has it and with this product's numbers, and its
//! real vectors.

use leptos::prelude::*;

use super::flow::flow;
use super::matrix::among;
use super::moved::Subject;
use super::seen::Seen;
use super::served;
use super::strip::strip;
use super::symbols::typeset;
use super::told::{called, figure, last};
use super::worked::{Given, Line, worked};
use super::{part_about, part_name};
use crate::explain;
use lessons::sources::linked;
use link::view::{PartPlace, View};
use page::hint::{self, Hint};
use page::language::{say, say_with};
use page::lasting::Lasting;
use page::parts::click;
use page::store::store;
use protocol::machine::{Activity, Strip};
use protocol::words::{count, percent};
use systems::knob::{Control, Group};
use systems::part::Part;
use systems::registry;
use systems::served::{CUT, formula, is_coarse, is_one, stood_on};

/// Where the repository's files can be read, where whoever built the page said so (docs/hosting.md).
const REPOSITORY: Option<&str> = option_env!("VITRINE_SOURCE");

/// Which part is opened. It is in the link, but for those that one is led through.
#[derive(Clone, Copy)]
pub struct Opened {
    place: Memo<Option<PartPlace>>,
    /// The part that one is led to; none where one is not led.
    led: RwSignal<Option<PartPlace>>,
    view: Lasting<RwSignal<View>>,
}

impl Opened {
    /// What the link says.
    pub fn new(view: Lasting<RwSignal<View>>) -> Self {
        let led = RwSignal::new(None);
        let place = Memo::new(move |_| led.get().or_else(|| view.with(|view| view.part)));
        Self { place, led, view }
    }

    /// Where it is; none where none is.
    pub fn get(self) -> Option<PartPlace> {
        self.place.get()
    }

    /// The same, for who does not follow it.
    pub fn get_untracked(self) -> Option<PartPlace> {
        self.place.get_untracked()
    }

    /// Opens another, or none.
    pub fn set(self, place: Option<PartPlace>) {
        if self.led.get_untracked().is_some() {
            self.led.set(None);
        }
        if self.view.with_untracked(|view| view.part != place) {
            self.view.update(|view| view.part = place);
        }
    }

    /// Opens a part in passing: one of many, of which only the last is a step that can be undone.
    pub fn lead(self, place: PartPlace) {
        self.led.set(Some(place));
    }

    /// Stays where one was led to.
    pub fn stay(self) {
        if let Some(place) = self.led.get_untracked() {
            self.set(Some(place));
        }
    }

    /// Opens a part, or closes it where it is open; whether it is open then.
    pub fn toggle(self, place: PartPlace) -> bool {
        let opens = self.place.get_untracked() != Some(place);
        self.set(opens.then_some(place));
        opens
    }
}

/// A part of one of the two systems; none where the system has no such part.
pub fn one_part(seen: &Seen, PartPlace { of_ranker, key }: PartPlace) -> Option<AnyView> {
    let system = seen.system(of_ranker);
    let parts = seen.parts(of_ranker);
    let part = parts.iter().find(|part| part.key == key)?;
    let activity = seen.now.activity(of_ranker, key);
    let from = part.from.iter().map(|from| part_name(system, from)).collect::<Vec<_>>();
    let of = match from.is_empty() {
        true if is_coarse(key) => {
            let named = say(&word!("knobs.retriever.{}", stood_on()));
            say_with(word!("machine.of-another"), &[("system", named)])
        }
        true if is_one(key) => say(word!("machine.of-retrieval")).into(),
        true => say(word!("machine.comes-in")).into(),
        false => say_with(
            word!("machine.computed-of"),
            &[("parts", &from.join(say(word!("machine.list"))))],
        ),
    };
    // The system's name is where its paper is linked.
    let (knob, paper) = match (of_ranker, is_coarse(key)) {
        (true, _) => ("ranker", system),
        (false, true) => ("retriever", stood_on()),
        (false, false) => ("retriever", system),
    };
    let place = (!part.place.is_empty()).then(|| {
        let named = say(&word!("knobs.{}.{}", knob, paper));
        let values = [("system", named), ("place", part.place)];
        linked(&say_with(word!("machine.in-the-paper"), &values))
    });
    let lines = served::lines(&seen.answer, &seen.now, part);
    let lines = lines.unwrap_or_else(|| put_in(seen, of_ranker, part, parts));
    let formula = formula(part, &seen.now.state.settings);
    let numbers = activity.filter(|_| lines.is_empty()).map(numbers).unwrap_or_default();
    let rows = activity.map(|activity| activity.rows.clone()).unwrap_or_default();
    let shape = shape(last(&rows));
    let flows = (!part.flow.is_empty()).then(|| seen.now.activity(of_ranker, part.flow)).flatten();
    let flows = flows.map(|weights| flow(&weights.rows));
    let adds = (part.adds && !rows.is_empty()).then(|| adds(seen)).flatten();
    let empty = match ((part.is_there)(&seen.now.state.settings), rows.is_empty()) {
        (false, _) => Some(served::until(key)),
        (true, true) if seen.now.subject == Subject::Page => Some(word!("machine.no-mean")),
        (true, true) if key == CUT => Some(word!("machine.no-cut")),
        (true, true) => Some(word!("machine.no-numbers")),
        (true, false) => None,
    };
    let moved = seen.moved.iter().find(|m| m.of_ranker == of_ranker && m.part == key);
    let moved = moved.filter(|moved| moved.by.is_finite());
    let moved = moved.map(|moved| {
        let share = percent(moved.by);
        match (seen.pin(), seen.since) {
            (Some(pin), _) => {
                say_with(word!("machine.differs-by"), &[("share", &share), ("pin", pin)])
            }
            (None, Some(step)) => {
                let values = [("share", &*share), ("step", &*count(step as usize))];
                say_with(word!("learn.machine.moved-by"), &values)
            }
            (None, None) => say_with(word!("machine.moved-by"), &[("share", &share)]),
        }
    });
    let of = [of].into_iter().chain(moved).collect::<Vec<_>>();
    let of = of.join(say(word!("sentences.between")));
    let difference = seen.differs().then(|| seen.drawn(of_ranker, key)).flatten();
    let vectors = rows.into_iter().map(|row| {
        let same = |of: &&Strip| of.name == row.name && of.values.len() == row.values.len();
        let of_row = difference.as_ref().and_then(|of| of.rows.iter().find(same));
        let of_row = of_row.map(|of| of.values.clone());
        match row.among() {
            Some(things) => among(row, things, of_row),
            None => strip(row, of_row),
        }
    });
    let line = |Line { of, formula }: Line| {
        let of = (!of.is_empty()).then(|| view! { <small>{of}</small> " " });
        view! { <p class="formula numbers" translate="no">{of} {typeset(&formula)}</p> }
    };
    let view = view! {
        <h3><span prop:textContent=part_name(system, key)></span> " " <span class="symbol" translate="no">{typeset(part.symbol)}</span> " " <small translate="no" data-testid="machine-shape">{shape}</small></h3>
        <p inner_html=linked(part_about(system, key))></p>
        {(!formula.is_empty()).then(|| view! { <p class="formula" translate="no">{typeset(formula)}</p> })}
        {lines.into_iter().map(line).collect_view()}
        {(!numbers.is_empty()).then(|| view! { <p class="formula numbers" translate="no">{typeset(part.symbol)} " = " {numbers}</p> })}
        <p class="note" prop:textContent=of></p>
        {empty.map(|key| view! { <p class="empty" prop:textContent=say(key)></p> })}
        {(!part.terms.is_empty()).then(|| terms(part))}
        {adds}
        {flows}
        <div class="vectors">{vectors.collect_view()}</div>
        <p class="note">
            {place.map(|place| view! { <span inner_html=place></span> " " })}
            <span prop:textContent=say(word!("machine.source"))></span> " " {source(part.source)}
        </p>
    };
    Some(view.into_any())
}

/// Rows and columns of what comes out of a part; of rows that are not of one length the shortest and the
/// longest.
fn shape(rows: &[Strip]) -> String {
    let lengths = || rows.iter().map(|row| row.values.len());
    match (lengths().min(), lengths().max()) {
        (Some(least), Some(most)) if least < most => {
            format!("{} × {}–{}", count(rows.len()), count(least), count(most))
        }
        (_, Some(most)) => format!("{} × {}", count(rows.len()), count(most)),
        _ => String::new(),
    }
}

/// The file that computes a part, to be read where that is known.
fn source(file: &'static str) -> AnyView {
    let file_in_code = view! { <code translate="no">{file}</code> };
    match address(REPOSITORY, file) {
        Some(address) => view! {
            <a href=address target="_blank" rel="noopener noreferrer">{file_in_code}</a>
        }
        .into_any(),
        None => file_in_code.into_any(),
    }
}

/// Where a file of the repository can be read.
fn address(repository: Option<&str>, file: &str) -> Option<String> {
    let base = repository?.trim().trim_end_matches('/');
    (!base.is_empty()).then(|| format!("{base}/{file}"))
}

/// What leads to where the product's score is taken apart into what each of the part's numbers adds, which
/// takes hundreds of forward passes; none of a page.
fn adds(seen: &Seen) -> Option<AnyView> {
    let Subject::Product(product) = seen.now.subject else { return None };
    let store = store();
    let open = move || {
        store.state.update(|state| state.selected = Some(product));
        store.view.update(|view| view.panel = Some(explain::PANEL.key));
    };
    let button = view! {
        <p>
            <button type="button" class="outlined" data-testid="machine-adds" on:click=click(open) prop:textContent=say(word!("machine.adds"))></button>
        </p>
    };
    Some(button.into_any())
}

/// What a part is called and what it does, in words; none where the system has no such part.
pub fn part_in_words(seen: &Seen, PartPlace { of_ranker, key }: PartPlace) -> Option<String> {
    let system = seen.system(of_ranker);
    let parts = seen.parts(of_ranker);
    parts.iter().find(|part| part.key == key)?;
    let values = [("part", part_name(system, key)), ("about", part_about(system, key))];
    Some(say_with(word!("machine.opened"), &values))
}

/// Words of the field that are met at a part, each with what it means, and where that is from, as its
/// hint.
fn terms(part: &'static Part) -> AnyView {
    let term = |term: &&'static str| {
        let (name, about) =
            (word!("machine.terms.{}", term), word!("machine.terms.{}.about", term));
        let id = format!("term-{term}");
        let [described, focused, pointed, touched] = [(); 4].map(|()| id.clone());
        view! {
            <span class="term">
                <button
                    type="button"
                    class="chip"
                    aria-describedby=described
                    on:focus=move |event| hint::focus(&focused, &event)
                    on:blur=move |event| hint::blur(&event)
                    on:pointerenter=move |event| hint::point(&pointed, &event)
                    on:pointerleave=move |event| hint::leave(&event)
                    on:pointerup=move |event| hint::touch(&touched, &event)
                    prop:textContent=say(&name)
                ></button>
                <Hint id says=Box::new(move || linked(say(&about))) />
            </span>
        }
    };
    view! {
        <p class="terms" data-testid="machine-terms">
            <span prop:textContent=say(word!("machine.terms"))></span> " " {part.terms.iter().map(term).collect_view()}
        </p>
    }
    .into_any()
}

/// The part's formula with this product's numbers. A mean of products is not what the formula makes of
/// the means, so there is none of a page.
fn put_in(seen: &Seen, of_ranker: bool, part: &Part, parts: &[Part]) -> Vec<Line> {
    if part.formula.is_empty() || seen.now.subject == Subject::Page {
        return Vec::new();
    }
    let settings = &seen.now.state.settings;
    let group = if of_ranker { Group::Ranking } else { Group::Retrieval };
    let knobs: Vec<(&str, f32)> = registry::knobs()
        .filter(|knob| knob.group == group && !knob.symbol.is_empty())
        .filter(|knob| matches!(knob.control, Control::Number { .. }))
        .map(|knob| (knob.symbol, settings.number(knob)))
        .collect();
    let rows = |key: &str| seen.now.activity(of_ranker, key).map_or(&[][..], |made| &made.rows);
    let given = |part: &'static str| {
        let part = parts.iter().find(|other| other.key == part)?;
        let comes_in = part.from.is_empty();
        Some(Given { symbol: part.symbol, rows: rows(part.key), comes_in })
    };
    let inputs: Vec<Given<'_>> = part.from.iter().filter_map(|from| given(from)).collect();
    let own = Given { symbol: part.symbol, rows: rows(part.key), comes_in: false };
    worked(part.formula, &own, &inputs, &knobs)
}

/// The numbers of a part that has a few of them alone, with what each is of.
fn numbers(activity: &Activity) -> String {
    if activity.rows.len() > 3 || activity.rows.iter().any(|row| row.values.len() != 1) {
        return String::new();
    }
    let number = |row: &Strip| match called(&row.name).as_str() {
        "" => figure(row.values[0], 4),
        name => format!("{} ({name})", figure(row.values[0], 4)),
    };
    activity.rows.iter().map(number).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_of_a_part_is_that_of_its_rows() {
        let rows = |lengths: &[usize]| -> Vec<Strip> {
            let row = |length: &usize| Strip {
                name: "".into(),
                columns: vec![],
                products: vec![],
                values: vec![0.5; *length],
            };
            lengths.iter().map(row).collect()
        };
        let shapes = [&[][..], &[1], &[32; 4], &[7, 3, 5], &[1200]].map(|all| shape(&rows(all)));
        assert_eq!(shapes, ["", "1 × 1", "4 × 32", "3 × 3–7", "1 × 1,200"]);
    }

    #[test]
    fn a_file_can_be_read_where_whoever_built_the_page_said_so() {
        let file = "src/nets/models/a.rs";
        for base in ["https://example.org/tree/main", "https://example.org/tree/main/ "] {
            let whole = address(Some(base), file);
            assert_eq!(
                whole.as_deref(),
                Some("https://example.org/tree/main/src/nets/models/a.rs")
            );
        }
        for none in [None, Some(""), Some(" ")] {
            assert_eq!(address(none, file), None);
        }
    }
}
