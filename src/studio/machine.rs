//! The machine: both systems drawn from what they say of their parts, with the real numbers of one
//! product in every part, and what moved since the last knob was turned.

use std::sync::Arc;

use leptos::prelude::*;

use self::layout::layout;
use self::moved::{Moved, moved};
use self::strip::{background, called, precise, strip, told};
use self::symbols::typeset;
use self::walk::{Steps, Walk};
use super::engine::{Engine, Lost, Standing};
use super::panels::Panel;
use super::rest::at_rest;
use link::State;
use market::catalogue::ProductId;
use market::language::Message;
use page::browser;
use page::language::{say, say_with, text, worded};
use page::parts::{click, live};
use page::picture::Picture;
use page::store::{Store, store};
use protocol::blend;
use protocol::machine::{Activity, Machine};
use protocol::words::{count, percent, score};
use protocol::{Answer, Passage, Question, Reply};
use systems::knob::Settings;
use systems::part::Part;
use systems::{Ranker, Retriever};

pub mod layout;
pub mod moved;
pub mod strip;
pub mod symbols;
mod walk;

/// How a product's score comes to be, part by part.
pub const PANEL: Panel = Panel::new(
    "machine",
    word!("studio.panels.machine"),
    word!("studio.panels.machine.about"),
    || view! { <MachineAtWork /> }.into_any(),
);

/// Parts that are named among those that moved most.
const NAMED: usize = 3;

/// What is drawn.
struct Seen {
    state: State,
    answer: Arc<Answer>,
    machine: Machine,
    /// What changed since the state before, the most first; none where another product was looked at.
    moved: Vec<Moved>,
}

impl Seen {
    /// Asks for the product that is chosen, or the first on the page.
    async fn ask(engine: &Engine, state: State) -> Result<Option<Self>, Lost> {
        let answer = engine.answer(&State { selected: None, ..state.clone() }).await?;
        let product = state.selected.or_else(|| first(&answer, &state));
        let Some(product) = product else { return Ok(None) };
        match engine.ask(&state, Question::Machine(product)).await? {
            Reply::Machine(machine) => {
                Ok(Some(Self { state, answer, machine: *machine, moved: Vec::new() }))
            }
            _ => Err(Message::new(word!("studio.engine.other"))),
        }
    }
}

/// The first product of the page.
fn first(answer: &Answer, state: &State) -> Option<ProductId> {
    let order = blend::order(&answer.candidates, answer.predicted(), &state.settings);
    let from = state.page_number() * state.page_size();
    let first = order.get(from).or(order.first())?;
    Some(answer.candidates[first.candidate].product)
}

/// Which part is opened: whether it is the ranker's, and its key.
type Opened = RwSignal<Option<(bool, &'static str)>>;

#[component]
fn MachineAtWork() -> impl IntoView {
    let store = store();
    let engine: Engine = expect_context();
    let seen = RwSignal::new(None::<Result<Option<Arc<Seen>>, Lost>>);
    let asking = RwSignal::new(false);
    let retry = RwSignal::new(0_u32);
    let opened: Opened = RwSignal::new(None);
    let walk = Walk::new();
    let standing = engine.standing;
    at_rest(move |turn| {
        retry.track();
        let state = store.state.get();
        asking.set(true);
        let engine = engine.clone();
        Some(Box::pin(async move {
            let answered = Seen::ask(&engine, state).await;
            if !turn.is_latest() {
                return;
            }
            asking.set(false);
            let answered = answered.map(|now| {
                now.map(|mut now| {
                    seen.with_untracked(|before| {
                        if let Some(Ok(Some(before))) = before {
                            now.moved = moved(&before.machine, &now.machine);
                        }
                    });
                    Arc::new(now)
                })
            });
            if let Ok(Some(now)) = &answered {
                // What the page's own views of a product read.
                store.answer.set(Some(now.answer.clone()));
            }
            seen.set(Some(answered));
        }))
    });
    let said = move || match (asking.get(), standing.get()) {
        (true, Standing::Loading(_)) => say(word!("studio.explain.starting")).to_string(),
        (true, _) => say(word!("studio.explain.asking")).into(),
        (false, _) => seen.with(|seen| match seen {
            Some(Ok(Some(seen))) => what_moved(seen),
            _ => String::new(),
        }),
    };
    let drawn = live(move || {
        match seen.get() {
        None => ().into_any(),
        Some(Ok(None)) => view! { <p class="empty">{text(word!("machine.nothing"))}</p> }.into_any(),
        Some(Ok(Some(seen))) => drawing(&seen, opened, walk, store),
        Some(Err(why)) => view! {
            <div class="trouble">
                <p data-testid="notice" data-key="machine" role="alert" prop:textContent=move || worded(&why)></p>
                <button type="button" class="outlined" on:click=click(move || retry.update(|n| *n += 1))>
                    {text(word!("studio.explain.again"))}
                </button>
            </div>
        }
        .into_any(),
    }
    });
    view! {
        <div class="machine" data-testid="machine" class:stale=move || asking.get()>
            <p class="note" role="status" data-testid="machine-status" prop:textContent=said></p>
            {drawn}
        </div>
    }
}

/// What a part is called.
fn part_name(system: &str, part: &str) -> &'static str {
    say(&word!("machine.{}.{}", system, part))
}

/// Key of the system that a part is of.
fn system_of(seen: &Seen, of_ranker: bool) -> &'static str {
    if of_ranker { seen.answer.ranker.key } else { seen.answer.retriever.key }
}

/// What moved since the state before, in a sentence; before anything did, how to see it.
fn what_moved(seen: &Seen) -> String {
    if seen.moved.is_empty() {
        return say(word!("machine.try")).into();
    }
    let named = seen.moved.iter().take(NAMED).map(|moved| {
        let name = part_name(system_of(seen, moved.of_ranker), &moved.part);
        match moved.by.is_finite() {
            true => format!("{name} ({})", percent(moved.by)),
            false => name.into(),
        }
    });
    let parts = named.collect::<Vec<_>>().join(say(word!("machine.list")));
    let number = count(seen.moved.len());
    say_with(word!("machine.moved"), &[("count", &number), ("parts", &parts)])
}

fn drawing(seen: &Arc<Seen>, opened: Opened, walk: Walk, store: Store) -> AnyView {
    let Seen { state, answer, machine, .. } = &**seen;
    let product = machine.trace.product;
    let title = store.shop.with(|shop| {
        let products = shop.iter().flat_map(|shop| shop.catalogue.products.get(product as usize));
        products.map(|product| product.title.clone()).collect::<String>()
    });
    let (retriever, ranker): (&Retriever, &Ranker) = (answer.retriever, answer.ranker);
    let part = {
        let seen = seen.clone();
        live(move || match opened.get() {
            None => view! { <p class="note">{text(word!("machine.open"))}</p> }.into_any(),
            Some((of_ranker, key)) => one_part(&seen, of_ranker, key),
        })
    };
    view! {
        <div class="chosen-title">
            <Picture product />
            <p translate="no">{title}</p>
        </div>
        {funnel(seen)}
        <Steps retriever ranker walk opened />
        {system(seen, false, retriever.parts, &state.settings, opened, walk)}
        {system(seen, true, ranker.parts, &state.settings, opened, walk)}
        <section class="opened" id="machine-part" data-testid="machine-part" aria-live="polite">{part}</section>
    }
    .into_any()
}

/// The stages that a product goes through, with how many products come out of each.
fn funnel(seen: &Seen) -> AnyView {
    let Seen { answer, machine, state, .. } = seen;
    let stage = |passage: &Passage| {
        let passed = if passage.passed { "" } else { "lost" };
        let name = say(&word!("studio.explain.stage.{}", passage.stage));
        let left = count(passage.left as usize);
        view! {
            <li class=passed>
                <span>{name}</span>
                <strong translate="no">{left}</strong>
                {(!passage.passed).then(|| view! { <small>{say(word!("machine.lost"))}</small> })}
            </li>
        }
    };
    let stages = machine.trace.passages.iter().map(stage).collect_view();
    let blended = answer.ranker.blend(&state.settings);
    let place = say_with(
        word!("machine.place"),
        &[
            ("place", &count(machine.trace.rank as usize + 1)),
            ("count", &count(machine.trace.ranked as usize)),
        ],
    );
    view! {
        <ol class="stages" data-testid="machine-funnel">
            {stages}
            <li>
                <span>{say(word!("machine.score"))}</span>
                <strong translate="no">{score(blended, machine.trace.score)}</strong>
                <small>{place}</small>
            </li>
        </ol>
    }
    .into_any()
}

/// One system, its parts in layers with the arrows behind them.
fn system(
    seen: &Arc<Seen>,
    of_ranker: bool,
    parts: &'static [Part],
    settings: &Settings,
    opened: Opened,
    walk: Walk,
) -> AnyView {
    let key = system_of(seen, of_ranker);
    let retriever = seen.answer.retriever;
    let Some(layout) = layout(key) else { return ().into_any() };
    let activities = if of_ranker { &seen.machine.ranker } else { &seen.machine.retriever };
    let is_there = |key: &str| parts.iter().any(|p| p.key == key && (p.is_there)(settings));
    let (width, height) = layout.size;
    let arrows = layout.arrows.iter().map(|arrow| {
        let class = if is_there(arrow.from) && is_there(arrow.to) { "" } else { "absent" };
        view! { <path d=arrow.path class=class></path> }
    });
    let boxes = parts.iter().zip(layout.places).enumerate().map(|(number, (part, (x, y)))| {
        let activity = activities.iter().find(|activity| activity.part == part.key);
        let change = seen.moved.iter().find(|m| m.of_ranker == of_ranker && m.part == part.key);
        let is_open = move || opened.get() == Some((of_ranker, part.key));
        let toggle = move || {
            walk.end();
            opened.update(|open| {
                let this = Some((of_ranker, part.key));
                *open = if *open == this { None } else { this };
            });
            if opened.get_untracked().is_some() {
                browser::after_paint(|| browser::reveal("machine-part"));
            }
        };
        let inside = activity.map(small).unwrap_or_else(|| ().into_any());
        view! {
            <li style=format!("left:{x:.1}px;top:{y:.1}px")>
                <button
                    type="button"
                    class="part"
                    class:moved=change.is_some()
                    class:absent=!(part.is_there)(settings)
                    class:ahead=move || walk.is_ahead(of_ranker, number, retriever)
                    data-part=part.key
                    aria-expanded=move || is_open().to_string()
                    aria-controls="machine-part"
                    on:click=click(toggle)
                >
                    <span class="name">{part_name(key, part.key)}</span>
                    <span class="symbol" translate="no">{typeset(part.symbol)}</span>
                    {inside}
                </button>
            </li>
        }
    });
    let boxes = boxes.collect_view();
    view! {
        <section class="system" data-testid=if of_ranker { "machine-ranker" } else { "machine-retriever" }>
            <h3>{say(&word!("machine.{}", key))}</h3>
            <div class="scroll" tabindex="0" role="group" aria-label=say(&word!("machine.{}", key))>
                <div class="drawing" style=format!("--width:{width:.0}px;--height:{height:.0}px")>
                    <svg viewBox=format!("0 0 {width:.0} {height:.0}") aria-hidden="true">
                        {arrows.collect_view()}
                    </svg>
                    <ol>{boxes}</ol>
                </div>
            </div>
        </section>
    }
    .into_any()
}

/// What stands on a part's box: its one number, or its first vector as a strip of heat.
fn small(activity: &Activity) -> AnyView {
    let numbers: Vec<f32> =
        activity.rows.iter().filter_map(|row| row.values.first().copied()).collect();
    let single = activity.rows.iter().all(|row| row.values.len() == 1);
    if single && activity.rows.len() <= 3 {
        let said = numbers.iter().map(|value| told(*value)).collect::<Vec<_>>().join(" · ");
        return view! { <strong translate="no">{said}</strong> }.into_any();
    }
    if numbers.is_empty() {
        return view! { <small>{say(word!("machine.empty"))}</small> }.into_any();
    }
    let strips = activity.rows.iter().filter(|row| row.values.len() > 1).take(3);
    let strips = strips.map(|row| {
        view! { <i class="heat" style=format!("background:{}", background(&row.values))></i> }
    });
    let strips = strips.collect_view();
    let alone = single.then(
        || view! { <i class="heat" style=format!("background:{}", background(&numbers))></i> },
    );
    view! { <span class="heats">{strips}{alone}</span> }.into_any()
}

/// A part opened: what it is, its formula, and its real vectors.
fn one_part(seen: &Seen, of_ranker: bool, key: &str) -> AnyView {
    let system = system_of(seen, of_ranker);
    let parts = if of_ranker { seen.answer.ranker.parts } else { seen.answer.retriever.parts };
    let Some(part) = parts.iter().find(|part| part.key == key) else { return ().into_any() };
    let activities = if of_ranker { &seen.machine.ranker } else { &seen.machine.retriever };
    let activity = activities.iter().find(|activity| activity.part == key);
    let from = part.from.iter().map(|from| part_name(system, from)).collect::<Vec<_>>();
    let of = match from.is_empty() {
        true => say(word!("machine.comes-in")).into(),
        false => say_with(
            word!("machine.computed-of"),
            &[("parts", &from.join(say(word!("machine.list"))))],
        ),
    };
    let place = (!part.place.is_empty())
        .then(|| say_with(word!("machine.in-the-paper"), &[("place", part.place)]));
    let numbers = activity.map(numbers).unwrap_or_default();
    let rows = activity.map(|activity| activity.rows.clone()).unwrap_or_default();
    let empty = match ((part.is_there)(&seen.state.settings), rows.is_empty()) {
        (false, _) => Some(word!("machine.not-there")),
        (true, true) => Some(word!("machine.no-numbers")),
        (true, false) => None,
    };
    let moved = seen.moved.iter().find(|m| m.of_ranker == of_ranker && m.part == key);
    let moved = moved.filter(|moved| moved.by.is_finite());
    let moved =
        moved.map(|moved| say_with(word!("machine.moved-by"), &[("share", &percent(moved.by))]));
    view! {
        <h3>{part_name(system, key)} " " <span class="symbol" translate="no">{typeset(part.symbol)}</span></h3>
        <p>{say(&word!("machine.{}.{}.about", system, key))}</p>
        {(!part.formula.is_empty()).then(|| view! { <p class="formula" translate="no">{typeset(part.formula)}</p> })}
        {(!numbers.is_empty()).then(|| view! { <p class="formula numbers" translate="no">{typeset(part.symbol)} " = " {numbers}</p> })}
        <p class="note">{of} " " {place} " " {moved}</p>
        {empty.map(|key| view! { <p class="empty">{say(key)}</p> })}
        <div class="vectors">{rows.into_iter().map(strip).collect_view()}</div>
        <p class="note">{say(word!("machine.source"))} " " <code translate="no">{part.source}</code></p>
    }
    .into_any()
}

/// The numbers of a part that has a few of them alone, with what each is of.
fn numbers(activity: &Activity) -> String {
    if activity.rows.len() > 3 || activity.rows.iter().any(|row| row.values.len() != 1) {
        return String::new();
    }
    let number = |row: &protocol::machine::Strip| match called(&row.name).as_str() {
        "" => precise(row.values[0]),
        name => format!("{} ({name})", precise(row.values[0])),
    };
    activity.rows.iter().map(number).collect::<Vec<_>>().join(", ")
}
