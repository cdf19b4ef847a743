//! A state measured on held-out page views.

use super::{Funnel, Halt};
use crate::pipeline::assets::AssetSource;
use crate::pipeline::caller::Caller;
use crate::pipeline::views::{Outcome, Views};
use link::State;
use market::metrics::measure::Values;
use protocol::{Evaluated, Notice};
use systems::registry;

impl<S: AssetSource> Funnel<S> {
    /// Measures a state on some held-out page views: those on its surface from number `from` on,
    /// `count` of them at most. What is missing or fails is said in the answer, which then has no
    /// values: those of another system would be taken for this one's.
    pub async fn evaluate(
        &mut self,
        job: u64,
        state: &State,
        from: u32,
        count: u32,
        caller: &impl Caller,
    ) -> Evaluated {
        let mut evaluated = Evaluated { job, ..Evaluated::default() };
        match Halt::told(self.resize(state, caller).await) {
            Ok(Some(not_made)) => evaluated.notices.extend(not_made),
            // Nobody waits any more.
            Ok(None) => return evaluated,
            Err(notice) => evaluated.notices.push(notice),
        }
        evaluated.notices.extend(self.fetch_all(state).await);
        let mut views = match self.fetch_views().await {
            Ok(views) => views,
            Err(error) => {
                evaluated.notices.push(super::notice_of_asset(error));
                return evaluated;
            }
        };
        let on_surface = views.on(state.surface());
        evaluated.views = on_surface.len() as u32;
        if evaluated.notices.is_empty() {
            for &view in on_surface.iter().skip(from as usize).take(count as usize) {
                match self.evaluate_view(&mut views, view, state, caller).await {
                    Ok(Some(values)) => evaluated.values.push(values),
                    // Nobody waits any more.
                    Ok(None) => break,
                    Err(notice) => {
                        evaluated.notices.push(notice);
                        evaluated.values.clear();
                        break;
                    }
                }
            }
        }
        self.views = Some(views);
        evaluated
    }

    async fn evaluate_view(
        &mut self,
        views: &mut Views,
        view: usize,
        state: &State,
        caller: &impl Caller,
    ) -> Result<Option<Values>, Notice> {
        let (request, _) = self.mended(views.request(view));
        let mut pass = self.pass(request, state, caller);
        let ordered = Halt::told(self.ordered(&mut pass).await)?;
        Ok(ordered.map(|(candidates, order)| {
            let tasks = registry::ranker(&self.ranking).tasks;
            let outcome = Outcome { candidates: &candidates, order: &order, tasks };
            views.measure(&self.stock.catalogue, view, outcome, state)
        }))
    }
}
