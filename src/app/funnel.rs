//! The funnel: how many products each stage leaves, and how long it took.

use leptos::prelude::*;

use super::store::store;
use super::words;

/// Middle and half-height of the drawn funnel.
const MIDDLE: f64 = 32.0;
const MOST: f64 = 30.0;
const LEAST: f64 = 5.0;
/// Width of one stage in the drawing.
const STAGE: f64 = 100.0;

/// Products after each stage: catalogue, retrieved, ranked, on the page.
type Counts = [usize; 4];

#[component]
pub fn Funnel() -> impl IntoView {
    let store = store();
    let counts = Memo::new(move |_| -> Option<Counts> {
        let catalogue = store.shop.with(|shop| Some(shop.as_ref()?.catalogue.products.len()))?;
        let (searched, retrieved, ranked) = store.answer.with(|answer| {
            let answer = answer.as_ref()?;
            let retrieval = &answer.retrieval;
            Some((
                retrieval.searched as usize,
                retrieval.retrieved as usize,
                answer.candidates.len(),
            ))
        })?;
        let catalogue = if searched > 0 { searched } else { catalogue };
        Some([catalogue, retrieved, ranked, store.shown().len()])
    });
    let count =
        move |stage: usize| counts.get().map_or("–".into(), |counts| words::count(counts[stage]));
    // The time a stage took, or that its last answer stood.
    let time = move |stages: &'static [&'static str]| {
        store.answer.with(|answer| {
            let timings = &answer.as_ref()?.timings;
            let of = |t: &&crate::protocol::StageTime| stages.contains(&t.stage.as_str());
            let fresh: Vec<_> = timings.iter().filter(of).filter(|t| !t.cached).collect();
            if fresh.is_empty() {
                return timings.iter().any(|t| of(&t)).then(|| "kept".into());
            }
            let total: f32 = fresh.iter().map(|t| t.milliseconds).sum();
            Some(words::milliseconds(total.into()))
        })
    };
    view! {
        <section class="funnel" aria-label="Funnel">
            <svg viewBox=format!("0 0 {} {}", 4.0 * STAGE, 2.0 * MIDDLE) preserveAspectRatio="none" aria-hidden="true">
                <path d=move || outline(counts.get().unwrap_or([1000, 200, 200, 20])) />
            </svg>
            <ol>
                <li>
                    <strong>{move || count(0)}</strong>
                    <span>"in the catalogue"</span>
                </li>
                <li>
                    <strong>{move || count(1)}</strong>
                    <span>"retrieved"</span>
                    <small>{move || time(&["retrieve"])}</small>
                </li>
                <li>
                    <strong>{move || count(2)}</strong>
                    <span>"relevant, ranked"</span>
                    <small>{move || time(&["encode", "rank"])}</small>
                </li>
                <li>
                    <strong>{move || count(3)}</strong>
                    <span>"on the page"</span>
                    <small>{move || time(&["bias"])}</small>
                </li>
            </ol>
        </section>
    }
}

/// The funnel's outline: the higher a stage, the more products it leaves, with a smooth passage
/// between. Logarithms, bent so that the steps are seen.
fn outline(counts: Counts) -> String {
    let largest = (counts[0].max(2) as f64).ln();
    let half = counts.map(|count| {
        LEAST + (MOST - LEAST) * ((count.max(1) as f64).ln() / largest).clamp(0.0, 1.0).powf(1.5)
    });
    let bend = STAGE * 0.22;
    let mut top = format!("M0 {:.1}", MIDDLE - half[0]);
    let mut bottom = format!("L{:.1} {:.1}", 4.0 * STAGE, MIDDLE + half[3]);
    for stage in 1..4 {
        let x = STAGE * stage as f64;
        let (from, to) = (half[stage - 1], half[stage]);
        top += &format!(
            " H{:.1} C{x:.1} {:.1} {x:.1} {:.1} {:.1} {:.1}",
            x - bend,
            MIDDLE - from,
            MIDDLE - to,
            x + bend,
            MIDDLE - to
        );
        let x = 4.0 * STAGE - x;
        let (from, to) = (half[4 - stage], half[3 - stage]);
        bottom += &format!(
            " H{:.1} C{x:.1} {:.1} {x:.1} {:.1} {:.1} {:.1}",
            x + bend,
            MIDDLE + from,
            MIDDLE + to,
            x - bend,
            MIDDLE + to
        );
    }
    format!("{top} H{:.1} {bottom} H0 Z", 4.0 * STAGE)
}
