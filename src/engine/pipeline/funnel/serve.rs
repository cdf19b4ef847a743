//! A state through all stages to what the page shows of it.

use super::{Funnel, Halt, Pass, Ranking};
use crate::pipeline::assets::AssetSource;
use crate::pipeline::caller::Caller;
use crate::pipeline::request::{Request, unknown_product};
use crate::pipeline::retrieve::Retrieval;
use link::State;
use market::catalogue::ProductId;
use market::examination;
use market::history::PageDevice;
use protocol::block::{Block, Curves, Shape};
use protocol::{Answer, HistoryEntry, Notice};
use systems::registry;

/// Places for which the examination curve is shown.
const EXAMINED: usize = 60;

impl<S: AssetSource> Funnel<S> {
    /// Computes a state; none if the caller lost interest on the way.
    ///
    /// # Errors
    /// A notice for the person where the device failed.
    pub async fn run(
        &mut self,
        run: u64,
        state: &State,
        caller: &impl Caller,
    ) -> Result<Option<Answer>, Notice> {
        let Some(not_made) = Halt::told(self.resize(state, caller).await)? else { return Ok(None) };
        let (request, about) = self.request(state)?;
        let mut notices = self.fetch_what_is_asked(state, request.query.as_deref()).await;
        notices.extend(not_made);
        notices.extend(self.about_towers(&state.settings));
        notices.extend(self.about_weights(&state.settings));
        notices.extend(about);
        let mut pass = self.pass(request, state, caller);
        Halt::told(self.answer(run, &mut pass, notices).await)
    }

    async fn answer<C: Caller>(
        &mut self,
        run: u64,
        pass: &mut Pass<'_, C>,
        mut notices: Vec<Notice>,
    ) -> Result<Answer, Halt> {
        let state = pass.state;
        let mut retrieved = self.retrieve(pass).await?;
        let caller = pass.clock.caller;
        let measured = self.retriever.measured(&|| caller.milliseconds());
        retrieved.insides.blocks.extend(measured);
        if retrieved.is_unlikely {
            notices.push(Notice::new(word!("notices.unlikely")).with("query", &*state.query));
        }
        let ranking = self.rank(pass, retrieved, None).await?;
        let Pass { request, clock, .. } = pass;
        clock.still_wanted().await?;
        let Ranking { retrieved, mut blocks, mut candidates } = ranking;

        clock.start();
        let size = state.page_size();
        let (order, kept) = self.place(&mut candidates, state).await?;
        let shown = &order[..order.len().min(size)];
        let learned = self.ranker.examination(&self.stock, shown, EXAMINED, size).await?;
        let curves = Curves { learned, truth: true_examination(size, state.device()) };
        blocks.push(Block::new("examination", Shape::Curve(curves)));
        clock.stage("bias", kept);

        clock.start();
        let mut detail = None;
        if let Some(product) = state.selected {
            detail = self.ranker.explain(&self.stock, request, product, &order, size).await?;
            notices.extend(self.about_product(product, request));
            clock.stage("explain", false);
        }

        notices.extend(self.storage.notice());
        let named = candidates.iter().map(|candidate| candidate.product);
        let done = request.history.events.iter().map(|event| event.product);
        let others = self.listed(named.chain(done).chain(state.selected));
        Ok(Answer {
            run,
            backend: self.backend,
            retriever: registry::retriever(&self.retrieving),
            ranker: registry::ranker(&self.ranking),
            base_rates: self.stock.base_rates(registry::ranker(&self.ranking).tasks),
            timings: std::mem::take(&mut clock.stages),
            notices,
            history: history(request, &retrieved),
            retrieval: retrieved.insides,
            blocks,
            learned: self.is_learned_here(&state.settings),
            learned_towers: self.has_towers_here(&state.settings),
            candidates,
            products: self.stock.catalogue.products.len() as u32,
            others,
            detail,
        })
    }

    /// What the person should know of a product that can't be bought.
    fn about_product(&self, product: ProductId, request: &Request) -> Option<Notice> {
        let catalogue = &self.stock.catalogue;
        if !self.stock.knows(product) {
            Some(unknown_product(product))
        } else if catalogue.is_on_sale(product, request.day()) {
            None
        } else {
            let title = &*catalogue.products[product as usize].title;
            Some(Notice::new(word!("notices.sold-out")).with("title", title))
        }
    }

    /// The products that a state answers a request with, best first: ranked, or as they were
    /// retrieved. [`Self::make_ready`] comes before. None if the caller lost interest on the way.
    ///
    /// # Errors
    /// A notice where the device failed.
    pub async fn serve(
        &mut self,
        request: Request,
        state: &State,
        ranked: bool,
        caller: &impl Caller,
    ) -> Result<Option<Vec<ProductId>>, Notice> {
        let mut pass = self.pass(self.mended(request).0, state, caller);
        let products = if ranked {
            self.ordered(&mut pass).await.map(|(candidates, order)| {
                order.iter().map(|ranked| candidates[ranked.candidate].product).collect()
            })
        } else {
            self.retrieve(&mut pass).await.map(|retrieved| {
                retrieved.candidates.iter().map(|candidate| candidate.product).collect()
            })
        };
        Halt::told(products)
    }
}

fn history(request: &Request, retrieved: &Retrieval) -> Vec<HistoryEntry> {
    let history = &request.history;
    history
        .events
        .iter()
        .zip(&history.entries)
        .enumerate()
        .map(|(number, (&event, &entry))| {
            // A retriever that reads no history says nothing of it.
            let attention = retrieved.behaviours.get(number).copied().flatten();
            HistoryEntry {
                entry,
                event,
                kept: attention.is_some(),
                attention: attention.unwrap_or(0.0),
            }
        })
        .collect()
}

/// Examination of each place relative to the first, as the market has it.
fn true_examination(page_size: usize, device: PageDevice) -> Vec<f32> {
    let at =
        |index: usize| examination::examination((index / page_size) as u16, index as u16, device);
    (0..EXAMINED).map(|index| at(index) / at(0)).collect()
}
