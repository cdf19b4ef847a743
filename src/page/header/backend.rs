//! Who computes: its name, how fast it is, how far it is, and the switch.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Event;

use crate::browser;
use crate::keeping::Keeping;
use crate::knobs::Segments;
use crate::language::{say, say_arrived, say_with, worded};
use crate::parts::{heard, is_composing, live};
use crate::spoken::spoken;
use crate::store::{Store, store};
use protocol::supervisor::{FRAME, Gpu};
use protocol::words;
use protocol::{Backend, Making, StageTime};
use systems::shared::{BACKEND, ShopSize};

/// Name of a backend as shown, and in `data-backend`.
fn backend_names(backend: Backend) -> (&'static str, &'static str) {
    match backend {
        Backend::Cpu => ("CPU", "cpu"),
        Backend::Webgpu => ("WebGPU", "webgpu"),
    }
}

/// How far a larger shop is that is being made for the run that is waited for.
pub fn growing(store: Store) -> Option<String> {
    let growing = store.status.with(|status| status.growing)?;
    let [made, of] = [growing.made, growing.of].map(|count| words::count(count as usize));
    let words = match growing.what {
        Making::Products => word!("backend.growing"),
        Making::Vectors => word!("backend.growing.vectors"),
        Making::Tree => word!("backend.growing.tree"),
    };
    Some(say_with(words, &[("made", &made), ("of", &of)]))
}

/// Who computes, how fast, and the switch.
#[component]
pub fn BackendBadge() -> impl IntoView {
    let store = store();
    let serving = move || store.answer.with(|answer| answer.as_ref().map(|answer| answer.backend));
    let total = move || {
        store.answer.with(|answer| match answer {
            // What was prepared took no time here.
            Some(answer) if !answer.timings.is_empty() => {
                let fresh = answer.timings.iter().filter(|t| !t.cached);
                words::milliseconds(fresh.map(|t| f64::from(t.milliseconds)).sum())
            }
            _ => String::new(),
        })
    };
    let fetching = move || {
        let progress = store.status.with(|status| status.fetching)?;
        let share = words::percent(progress.share());
        Some(say_with(word!("backend.fetching"), &[("share", &share)]))
    };
    // Told once, and not with every thousand.
    let to_be = Memo::new(move |_| store.status.with(|status| status.growing.map(|all| all.of)));
    let told = move || {
        let of = words::count(to_be.get()? as usize);
        Some(say_with(word!("backend.growing.told"), &[("of", &of)]))
    };
    let sells_more =
        move || store.state.with(|state| ShopSize::of(&state.settings) != ShopSize::Shipped);
    let gpu = move || {
        store.status.with(|status| match status.gpu {
            Gpu::Missing => say(word!("backend.gpu-missing")).into(),
            Gpu::Waiting => say(word!("backend.gpu-waiting")).into(),
            Gpu::Loading => match &status.gpu_progress {
                Some(p) if p.total > 0 => say_arrived(word!("backend.gpu-loading-of"), *p),
                _ => say(word!("backend.gpu-loading")).into(),
            },
            Gpu::OnTrial if sells_more() => say(word!("backend.gpu-trial-waits")).into(),
            Gpu::OnTrial => say(word!("backend.gpu-on-trial")).into(),
            Gpu::Passed => say_with(word!("backend.gpu-passed"), &[("adapter", &status.adapter)]),
            Gpu::Refused => match &status.refusal {
                Some(why) => worded(why),
                None => say(word!("backend.gpu-refused")).into(),
            },
            Gpu::Unreachable => say(word!("backend.gpu-unreachable")).into(),
        })
    };
    let trial = live(move || {
        let Some((cpu, gpu)) = store.status.with(|status| status.trial) else {
            return ().into_any();
        };
        view! {
            <dl class="times">
                <dt>{say(word!("backend.cpu-answers"))}</dt>
                <dd data-testid="time-cpu" translate="no">{words::milliseconds(cpu)}</dd>
                <dt>{say(word!("backend.gpu-answers"))}</dt>
                <dd data-testid="time-webgpu" translate="no">{words::milliseconds(gpu)}</dd>
            </dl>
            <p prop:textContent=say(if gpu <= cpu + FRAME { word!("backend.auto-gpu") } else { word!("backend.auto-cpu") })></p>
        }
        .into_any()
    });
    let stages = live(move || {
        store.answer.with(|answer| {
            let timings = answer.iter().flat_map(|answer| &answer.timings);
            let line = |t: &StageTime| {
                let time = if t.cached {
                    say(word!("stages.kept")).into()
                } else {
                    words::milliseconds(t.milliseconds.into())
                };
                view! {
                    <dt prop:textContent=say(&word!("stages.{}", t.stage))></dt>
                    <dd data-stage=t.stage.clone() translate="no">{time}</dd>
                }
            };
            timings.map(line).collect_view().into_any()
        })
    });
    // A sheet that is open closes when something else is touched, and by Escape.
    let open = || browser::document().query_selector(".backend[open]").ok().flatten();
    heard("pointerdown", move |event: &Event| {
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let within = target.and_then(|target| target.closest(".backend").ok()).flatten().is_some();
        if let Some(sheet) = open().filter(|_| !within) {
            // Taking an attribute away cannot fail.
            let _ = sheet.remove_attribute("open");
        }
    });
    let escape = move |event: ev::KeyboardEvent| {
        if event.key() != "Escape" || is_composing(&event) {
            return;
        }
        let Some(sheet) = open() else { return };
        // Nothing else is closed by it, and the focus does not stay in what is gone.
        event.stop_propagation();
        let _ = sheet.remove_attribute("open");
        if let Ok(Some(summary)) = sheet.query_selector("summary")
            && let Ok(summary) = summary.dyn_into::<web_sys::HtmlElement>()
        {
            let _ = summary.focus();
        }
    };
    view! {
        <details
            class="backend"
            data-testid="backend"
            data-backend=move || serving().map(|b| backend_names(b).1.to_string())
            on:keydown=escape
        >
            <summary title=say(word!("backend.where"))>
                <span class="dot" class:on=move || serving().is_some()></span>
                <span prop:textContent=move || serving().map_or_else(|| say(word!("backend.starting")), |b| backend_names(b).0)></span>
                <span class="ms" translate="no">{move || growing(store).or_else(fetching).unwrap_or_else(total)}</span>
            </summary>
            <div class="sheet">
                <Segments knob=&BACKEND />
                <dl class="times">{stages}</dl>
                <p prop:textContent=gpu></p>
                {trial}
                <Keeping />
            </div>
        </details>
        {spoken(told)}
    }
}
