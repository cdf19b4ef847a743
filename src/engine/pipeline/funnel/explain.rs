//! Questions about a state: a product's way through the funnel, what its scores are made of, what
//! places do, the map.

use super::{Funnel, Halt, Pass, Ranking};
use crate::pipeline::assets::AssetSource;
use crate::pipeline::caller::Caller;
use crate::pipeline::rank::{Asked, Shares, Standing};
use crate::pipeline::request::unknown_product;
use crate::pipeline::watch::mean;
use link::State;
use market::catalogue::ProductId;
use market::features::dense::QueryMatch;
use protocol::blend::Ranked;
use protocol::machine::Machine;
use protocol::{Notice, Parts, Question, Reply, Seat, Told, Trace};
use systems::shared::COARSE;

impl<S: AssetSource> Funnel<S> {
    /// Answers a question about a state. What is missing or fails is said in the answer, which
    /// then holds nothing else: what another system says would be taken for this one's.
    pub async fn ask(
        &mut self,
        job: u64,
        state: &State,
        question: &Question,
        caller: &impl Caller,
    ) -> Told {
        let mut told = Told { job, reply: None, others: Vec::new(), notices: Vec::new() };
        match Halt::told(self.resize(state, caller).await) {
            Ok(Some(not_made)) => told.notices.extend(not_made),
            // Nobody waits any more.
            Ok(None) => return told,
            Err(notice) => told.notices.push(notice),
        }
        let request = match self.request(state) {
            Ok((request, _)) => request,
            Err(notice) => {
                told.notices.push(notice);
                return told;
            }
        };
        told.notices.extend(self.fetch_what_is_asked(state, request.query.as_deref()).await);
        if told.notices.is_empty() {
            let done = request.history.events.iter().map(|event| event.product);
            let asked = question.products().into_iter().chain(state.selected);
            told.others = self.listed(done.chain(asked));
            let mut pass = self.pass(request, state, caller);
            match Halt::told(self.reply(&mut pass, question).await) {
                Ok(reply) => told.reply = reply,
                Err(notice) => told.notices.push(notice),
            }
        }
        told
    }

    async fn reply<C: Caller>(
        &mut self,
        pass: &mut Pass<'_, C>,
        question: &Question,
    ) -> Result<Reply, Halt> {
        let unknown = |product: &&ProductId| !self.stock.knows(**product);
        let unknown = match question {
            Question::Trace { product, .. }
            | Question::Parts(product)
            | Question::Machine { product, .. } => Some(product).filter(unknown),
            Question::Seats(order) => order.iter().find(unknown),
            Question::Map => None,
        };
        if let Some(&product) = unknown {
            return Err(unknown_product(product).into());
        }
        // The places of a page ask nothing of a retriever.
        if !matches!(question, Question::Seats(_)) {
            self.stock.meet(question.products());
            self.lay_out(pass).await?;
        }
        Ok(match question {
            Question::Trace { product, held } => {
                Reply::Trace(self.trace(pass, *product, *held).await?.0)
            }
            Question::Parts(product) => Reply::Parts(Box::new(self.parts(pass, *product).await?)),
            Question::Seats(order) => Reply::Seats(self.seats(pass, order).await?),
            Question::Machine { product, of_page } => {
                Reply::Machine(Box::new(self.machine(pass, *product, *of_page).await?))
            }
            Question::Map => {
                let map = self.retriever.map(&self.stock, &pass.request, &pass.settings).await?;
                Reply::Map(map.ok_or_else(|| Notice::new(word!("notices.no-vectors")))?)
            }
        })
    }

    /// A product's way through the funnel, and what was ranked, with the product among it.
    async fn trace<C: Caller>(
        &mut self,
        pass: &mut Pass<'_, C>,
        product: ProductId,
        held: Option<u32>,
    ) -> Result<(Trace, Ranking), Halt> {
        let Pass { request, settings, .. } = &*pass;
        let (stock, retriever) = (&self.stock, &mut self.retriever);
        let (retrieved, _) = retriever.draw(stock, request, settings).await?;
        let mut passages = retrieved.passages(stock, settings, product).to_vec();
        if settings.is_on(&COARSE) {
            let passage =
                self.coarse.passage(stock, retriever, request, settings, &retrieved, product);
            passages.extend(passage.await?);
        }
        let mut retrieved = self.retrieve(pass).await?;
        let lost = retrieved.let_through(product);
        let mut ranking = self.rank(pass, retrieved, held).await?;
        let order = self.order(&mut ranking.candidates, pass.state).await?;
        let is_it = |place: &Ranked| ranking.candidates[place.candidate].product == product;
        let rank = order.iter().position(is_it).unwrap_or(order.len());
        let trace = Trace {
            product,
            passages,
            rank: rank as u32,
            ranked: (order.len() - usize::from(lost)) as u32,
            score: order.get(rank).map_or(f32::NAN, |place| place.score),
        };
        Ok((trace, ranking))
    }

    /// What a product's scores are made of.
    async fn parts<C: Caller>(
        &mut self,
        pass: &mut Pass<'_, C>,
        product: ProductId,
    ) -> Result<Parts, Halt> {
        let (_, mut ranking) = self.trace(pass, product, None).await?;
        let (order, _) = self.place(&mut ranking.candidates, pass.state).await?;
        let Ranking { retrieved, blocks, mut candidates } = ranking;
        let (stock, request, settings) = (&self.stock, &pass.request, &pass.settings);
        let size = pass.state.page_size();
        let detail = self.ranker.explain(stock, request, product, &order, size).await?;
        // It was let through to the ranker.
        let number = candidates.iter().position(|candidate| candidate.product == product);
        let number = number.ok_or_else(|| unknown_product(product))?;
        pass.clock.still_wanted().await?;
        let coalitions = self.retriever.coalitions(stock, request, settings, product);
        let (groups, coalitions) = coalitions.await?;
        let cosines = retrieved.cosines_of(stock, &[product]);
        let asked = Asked {
            query: QueryMatch { cosine: &cosines, product_types: &retrieved.product_types },
            candidates: &[product],
            held: None,
        };
        let shares = self.ranker.shares(stock, request, asked, settings);
        let Shares { base, features } = shares.await?;
        Ok(Parts {
            candidate: candidates.swap_remove(number),
            blocks: blocks.into_iter().map(|block| block.of(number)).collect(),
            detail,
            groups: groups.iter().map(|group| (*group).into()).collect(),
            coalitions,
            base,
            features,
        })
    }

    /// What every part of the systems makes of a product; with `of_page` the mean of what they make of
    /// the products of the page on show.
    async fn machine<C: Caller>(
        &mut self,
        pass: &mut Pass<'_, C>,
        product: ProductId,
        of_page: bool,
    ) -> Result<Machine, Halt> {
        let (trace, mut ranking) = self.trace(pass, product, None).await?;
        let (order, _) = self.place(&mut ranking.candidates, pass.state).await?;
        let Ranking { retrieved, candidates, .. } = ranking;
        let size = pass.state.page_size();
        let from = pass.state.page_number().saturating_mul(size);
        let page: Vec<ProductId> = order.iter().skip(from).take(size).copied().collect();
        if of_page {
            self.stock.meet(page.iter().copied());
            self.retriever.meet(&self.stock, &pass.settings);
        }
        let (stock, request, settings) = (&self.stock, &pass.request, &pass.settings);
        let of = |product: ProductId| {
            // It was let through to the ranker.
            let candidate = candidates.iter().find(|candidate| candidate.product == product);
            candidate.ok_or_else(|| unknown_product(product))
        };
        let watched = if of_page && !page.is_empty() { page } else { vec![product] };
        let (mut retrievers, mut rankers) = (Vec::new(), Vec::new());
        for product in watched {
            pass.clock.still_wanted().await?;
            let chance = of(product)?.probability;
            let watched = self.retriever.watch(stock, request, settings, product, chance);
            let mut watched = watched.await?;
            if settings.is_on(&COARSE) {
                let (coarse, retriever) = (&self.coarse, &mut self.retriever);
                let of_coarse = coarse.watch(stock, retriever, request, settings, product);
                watched.extend(of_coarse.await?);
            }
            retrievers.push(watched);
            let cosines = retrieved.cosines_of(stock, &[product]);
            let asked = Asked {
                query: QueryMatch { cosine: &cosines, product_types: &retrieved.product_types },
                candidates: &[product],
                held: None,
            };
            let place = Standing { order: &order, page_size: size };
            rankers.push(self.ranker.watch(stock, request, asked, place, settings).await?);
        }
        let candidate = of(product)?.clone();
        let levels = retrieved.levels((!of_page).then_some(product))?;
        let (retriever, ranker) = (mean(&retrievers), mean(&rankers));
        Ok(Machine { trace, candidate, retriever, ranker, levels })
    }

    /// What the places of the page on show do to the products of an order.
    async fn seats<C: Caller>(
        &mut self,
        Pass { request, state, .. }: &Pass<'_, C>,
        order: &[ProductId],
    ) -> Result<Vec<Seat>, Halt> {
        let size = state.page_size();
        let from = state.page_number().saturating_mul(size);
        let (bias, _) = self.ranker.bias(&self.stock, order, size).await?;
        let views = self.fetch_views().await?;
        let truth = self.views.insert(views).truths(&self.stock, request, state, order);
        let neighbours = self.ranker.neighbours(&self.stock, order, size).await?;
        let seat = |(place, (&product, &bias)): (usize, (&ProductId, &f32))| Seat {
            product,
            bias,
            neighbours: neighbours.get(place).copied(),
            truth: truth.get(place).map(|truth| truth.to_vec()).unwrap_or_default(),
        };
        Ok(order.iter().zip(&bias).enumerate().skip(from).take(size).map(seat).collect())
    }
}
