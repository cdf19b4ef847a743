//! Drives the studio's engine through what is to be measured, a slice at a time.

use leptos::prelude::*;

use super::engine::Engine;
use super::front::Plan;
use super::results::Results;
use link::State;
use market::language::Message;
use page::browser;

/// Milliseconds that a view is thought to take before one was measured.
const UNKNOWN: f64 = 80.0;

/// What is measured, what has been, and how it goes on. It lives as long as the studio, so that
/// what was measured is there when the panel is opened again.
#[derive(Clone)]
pub struct Meter {
    engine: Engine,
    /// What has been measured.
    pub results: RwSignal<Results>,
    /// What is to be; it may change at any time, and counts from the next slice on.
    pub plan: RwSignal<Plan>,
    /// The person wants no more of it.
    pub stopped: RwSignal<bool>,
    /// The person wants the front.
    pub sweeping: RwSignal<bool>,
    /// Why it did not go on.
    pub trouble: RwSignal<Option<Vec<Message>>>,
    /// States that were measured where the person stood, in that order.
    pub trail: RwSignal<Vec<State>>,
    /// Whether a slice is being measured: one that was begun before the person wanted no more still arrives.
    pub running: RwSignal<bool>,
    held: StoredValue<bool>,
}

impl Meter {
    /// With nothing to measure yet.
    pub fn new(engine: Engine) -> Self {
        Self {
            engine,
            results: RwSignal::new(Results::default()),
            plan: RwSignal::new(Plan::default()),
            stopped: RwSignal::new(false),
            sweeping: RwSignal::new(false),
            trouble: RwSignal::new(None),
            trail: RwSignal::new(Vec::new()),
            running: RwSignal::new(false),
            held: StoredValue::new(false),
        }
    }

    /// Begins no slice until there is a new plan: a person who turns a knob has the machine for
    /// the ranking.
    pub fn hold(&self) {
        self.held.set_value(true);
    }

    /// Turns to another plan.
    pub fn pursue(&self, plan: Plan) {
        self.held.set_value(false);
        self.plan.set(plan);
        self.drive();
    }

    /// Goes on from where it was stopped, or where there was trouble.
    pub fn go_on(&self) {
        self.trouble.set(None);
        self.stopped.set(false);
        self.drive();
    }

    /// Measures slice after slice until the plan is done, the person stops it or there is
    /// trouble. Does nothing where it is at it already.
    pub fn drive(&self) {
        if self.running.get_untracked() {
            return;
        }
        self.running.set(true);
        let meter = self.clone();
        leptos::task::spawn_local(async move {
            let mut milliseconds = UNKNOWN;
            while let Some(trouble) = meter.slice(&mut milliseconds).await {
                if let Err(why) = trouble {
                    meter.trouble.set(Some(why));
                    break;
                }
            }
            meter.running.set(false);
        });
    }

    /// Measures one slice; none where there is nothing to do.
    async fn slice(&self, milliseconds: &mut f64) -> Option<Result<(), Vec<Message>>> {
        if self.held.get_value()
            || self.stopped.get_untracked()
            || self.trouble.with_untracked(Option::is_some)
        {
            return None;
        }
        let next =
            |results: &Results| self.plan.with_untracked(|plan| plan.next(results, *milliseconds));
        let slice = self.results.with_untracked(next)?;
        let began = browser::now();
        let evaluated = match self.engine.evaluate(&slice.state, slice.from, slice.count).await {
            Ok(evaluated) => evaluated,
            Err(why) => return Some(Err(vec![why])),
        };
        if !evaluated.notices.is_empty() {
            return Some(Err(evaluated.notices.into_iter().map(|notice| notice.says).collect()));
        }
        let (views, count) = (evaluated.views as usize, evaluated.values.len());
        if count == 0 && slice.from < views {
            return Some(Err(vec![Message::new(word!("studio.engine.nothing"))]));
        }
        *milliseconds = (browser::now() - began) / count.max(1) as f64;
        self.results.update(|results| {
            results.keep(&slice.state, views, slice.from, evaluated.values);
        });
        Some(Ok(()))
    }
}
