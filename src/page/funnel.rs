//! The funnel: how many products each stage leaves, and how long it took.

use leptos::prelude::*;

use super::language::say;
use super::store::store;
use protocol::words;

/// Middle and half-height of the drawn funnel.
const MIDDLE: f64 = 32.0;
const MOST: f64 = 30.0;
const LEAST: f64 = 11.0;
/// Width of one stage in the drawing.
const STAGE: f64 = 100.0;

/// Products after each stage: catalogue, searched, ranked, on the page.
type Counts = [usize; 4];

#[component]
pub fn Funnel() -> impl IntoView {
    let store = store();
    let counts = move || -> Option<Counts> {
        let [catalogue, searched, ranked] = store.answer.with(|answer| {
            let answer = answer.as_ref()?;
            let (catalogue, searched) = (answer.products, answer.retrieval.admitted);
            Some([catalogue as usize, searched as usize, answer.candidates.len()])
        })?;
        Some([catalogue, searched, ranked, store.shown().len()])
    };
    let count = move |stage: usize| {
        counts().map_or("–".to_string(), |counts| words::count(counts[stage]))
    };
    // The time a stage took, or that its last answer stood.
    let time = move |stages: &'static [&'static str]| {
        store.answer.with(|answer| {
            let (mut ran, mut kept, mut total) = (false, false, 0.0);
            let timings = answer.iter().flat_map(|answer| &answer.timings);
            for time in timings.filter(|t| stages.contains(&t.stage.as_str())) {
                ran |= !time.cached;
                kept |= time.cached;
                total += if time.cached { 0.0 } else { time.milliseconds };
            }
            match (ran, kept) {
                (true, _) => words::milliseconds(total.into()),
                (false, true) => say(word!("stages.kept")).into(),
                (false, false) => String::new(),
            }
        })
    };
    let cut = move || {
        store.answer.with(|answer| {
            let mut timings = answer.iter().flat_map(|answer| &answer.timings);
            timings.any(|time| time.stage == "coarse")
        })
    };
    let handed_on = move || {
        let key = match (cut(), store.ranks.get()) {
            (false, true) => word!("funnel.retrieved"),
            (true, true) => word!("funnel.coarse-ranked"),
            (false, false) => word!("funnel.retrieved-alone"),
            (true, false) => word!("funnel.coarse-ranked-alone"),
        };
        say(key).to_string()
    };
    let stage = |number: usize, name: Signal<String>, stages: &'static [&'static str]| {
        view! {
            <li>
                <strong translate="no">{move || count(number)}</strong>
                <span prop:textContent=name></span>
                <small translate="no">{move || time(stages)}</small>
            </li>
        }
        .into_any()
    };
    view! {
        <section class="funnel" aria-label=say(word!("funnel.label"))>
            <svg viewBox=format!("0 0 {} {}", 4.0 * STAGE, 2.0 * MIDDLE) preserveAspectRatio="none" aria-hidden="true">
                <path d=move || outline(counts().unwrap_or([1000, 200, 200, 20])) />
            </svg>
            <ol>
                {stage(0, say(word!("funnel.catalogue")).into(), &[])}
                {stage(1, say(word!("funnel.searched")).into(), &["score", "retrieve"])}
                {stage(2, Signal::derive(handed_on), &["coarse", "prepare", "encode", "rank"])}
                {stage(3, say(word!("funnel.page")).into(), &["bias"])}
            </ol>
        </section>
    }
}

/// The funnel's outline: the higher a stage, the more products it leaves, with a smooth passage
/// between. Logarithms, bent so that the steps are seen.
fn outline(counts: Counts) -> String {
    let largest = (counts[0].max(2) as f64).ln();
    let half = counts.map(|count| {
        let share = ((count.max(1) as f64).ln() / largest).clamp(0.0, 1.0);
        LEAST + (MOST - LEAST) * share * share.sqrt()
    });
    let bend = STAGE * 0.22;
    let point = |x: f64, y: f64| format!("{} {}", words::fixed(x, 1), words::fixed(y, 1));
    let mut top = format!("M{}", point(0.0, MIDDLE - half[0]));
    let mut bottom = String::new();
    for stage in 1..4 {
        let x = STAGE * stage as f64;
        let passage = |from_x: f64, to_x: f64, from: f64, to: f64| {
            let [a, b, c, d] = [point(from_x, from), point(x, from), point(x, to), point(to_x, to)];
            format!(" L{a} C{b} {c} {d}")
        };
        let (from, to) = (half[stage - 1], half[stage]);
        top += &passage(x - bend, x + bend, MIDDLE - from, MIDDLE - to);
        // The lower edge is drawn from right to left.
        bottom = passage(x + bend, x - bend, MIDDLE + to, MIDDLE + from) + &bottom;
    }
    let end = 4.0 * STAGE;
    let (upper, lower) = (point(end, MIDDLE - half[3]), point(end, MIDDLE + half[3]));
    format!("{top} L{upper} L{lower}{bottom} L{} Z", point(0.0, MIDDLE + half[0]))
}
