//! The size of the shop: a larger one is made of its shelves, in slices, and everything that was laid out of
//! the products is laid out anew.

use super::fetch::notice_of_asset;
use super::{Funnel, Halt, failed};
use crate::pipeline::assets::{AssetError, AssetSource, damaged};
use crate::pipeline::caller::Caller;
use crate::pipeline::coarse::Coarse;
use crate::pipeline::retrieve::{self, Retriever};
use crate::pipeline::stock::SHELVES;
use link::State;
use market::catalogue::{Product, ProductId};
use market::growth::Growth;
use market::product::ProductTruth;
use protocol::{Listed, Notice};
use systems::knob::Settings;
use systems::shared::ShopSize;

/// Products that are made before newer messages are let in: a few milliseconds.
const SLICE: usize = 1_000;

/// A larger shop that is being made.
pub(super) struct Growing {
    size: ShopSize,
    growth: Growth,
    newcomers: Vec<Product>,
    truths: Vec<ProductTruth>,
}

/// A caller who always waits.
pub(super) struct Forbearing;

impl Caller for Forbearing {
    async fn still_wanted(&self) -> bool {
        true
    }

    fn milliseconds(&self) -> f64 {
        0.0
    }
}

impl<S: AssetSource> Funnel<S> {
    /// Makes the shop as large as a state asks for. What can't be had is said, and the shop stays as it is;
    /// what was made when the caller lost interest is kept, and the next call goes on from there.
    pub(super) async fn resize(
        &mut self,
        state: &State,
        caller: &impl Caller,
    ) -> Result<Option<Notice>, Halt> {
        let size = ShopSize::of(&state.settings);
        if self.growing.as_ref().is_some_and(|growing| growing.size != size) {
            self.growing = None;
        }
        let catalogue = &self.stock.catalogue;
        let logged = catalogue.logged();
        let wanted = size.products().map_or(logged, |products| logged.max(products as usize));
        if wanted == catalogue.products.len() {
            return Ok(None);
        }
        let made = if wanted == logged {
            Ok((Vec::new(), Vec::new()))
        } else {
            self.made(size, caller).await?
        };
        let sold = match made {
            Ok((newcomers, truths)) => self.sell(newcomers, truths).await?,
            Err(error) => Err(error),
        };
        Ok(sold.err().map(|error| {
            let says = notice_of_asset(error).says;
            Notice::new(word!("notices.shop-not-made")).with("why", says)
        }))
    }

    /// The newcomers of a size, and their hidden side.
    async fn made(
        &mut self,
        size: ShopSize,
        caller: &impl Caller,
    ) -> Result<Result<(Vec<Product>, Vec<ProductTruth>), AssetError>, Halt> {
        let growing = match self.growing.take() {
            Some(growing) => growing,
            None => match self.grows(size).await {
                Ok(growing) => growing,
                Err(error) => return Ok(Err(error)),
            },
        };
        let growing = self.growing.insert(growing);
        let logged = self.stock.catalogue.logged();
        loop {
            let of = logged + growing.newcomers.len() + growing.growth.left();
            caller.growing((logged + growing.newcomers.len()) as u32, of as u32);
            let Growing { growth, newcomers, truths, .. } = growing;
            if growth.left() == 0 {
                break;
            }
            for (product, truth) in growth.take(SLICE) {
                newcomers.push(product);
                truths.push(truth);
            }
            if !caller.still_wanted().await {
                return Err(Halt::Unwanted);
            }
        }
        let Growing { newcomers, truths, .. } = growing;
        let made = (std::mem::take(newcomers), std::mem::take(truths));
        self.growing = None;
        Ok(Ok(made))
    }

    /// A larger shop of which nothing is made yet.
    async fn grows(&self, size: ShopSize) -> Result<Growing, AssetError> {
        let text = self.manifest.file(&self.source, SHELVES).await?;
        let text = String::from_utf8(text).map_err(|error| damaged(SHELVES, error))?;
        let mut catalogue = self.stock.catalogue.clone();
        catalogue.products.truncate(catalogue.logged());
        catalogue.newcomers = 0;
        let logged = catalogue.logged() as u32;
        let sizes = ShopSize::ALL.iter().take_while(|other| **other != size).chain([&size]);
        let larger = sizes.filter_map(|size| size.products()).filter(|size| *size > logged);
        let sizes: Vec<u32> = [logged].into_iter().chain(larger).collect();
        let growth = Growth::new(&text, &catalogue, &sizes);
        let growth = growth.map_err(|error| damaged(SHELVES, error))?;
        Ok(Growing { size, growth, newcomers: Vec::new(), truths: Vec::new() })
    }

    /// Sells these newcomers: whatever stands on the catalogue is read anew. Where something can't be had,
    /// all stays as it is.
    async fn sell(
        &mut self,
        newcomers: Vec<Product>,
        truths: Vec<ProductTruth>,
    ) -> Result<Result<(), AssetError>, Halt> {
        let files = match self.manifest.all(&self.source, retrieve::FILES).await {
            Ok(files) => files,
            Err(error) => return Ok(Err(error)),
        };
        let before = self.stock.newcomers().to_vec();
        self.stock.sell(newcomers);
        let ranking = self.ranking.clone();
        let read = match Retriever::read(&files, &self.stock, &self.device) {
            Ok(retriever) => {
                let ranker = self.read_ranker(&ranking).await;
                ranker.map(|ranker| (retriever, ranker))
            }
            Err(error) => Err(error),
        };
        match read {
            Ok((mut retriever, ranker)) => {
                let first = Settings::default();
                retriever.lay_out(&self.stock, &first).await.map_err(failed)?;
                (self.retriever, self.ranker) = (retriever, ranker);
                self.resting.clear();
                self.coarse = Coarse::default();
                self.views = None;
                self.newcomers = truths;
                Ok(Ok(()))
            }
            Err(error) => {
                self.stock.sell(before);
                Ok(Err(error))
            }
        }
    }
}

impl<S> Funnel<S> {
    /// Of these products those that do not ship, with their rows, by their numbers.
    pub(super) fn listed(&self, products: impl Iterator<Item = ProductId>) -> Vec<Listed> {
        let catalogue = &self.stock.catalogue;
        let is_newcomer = |product: &ProductId| {
            let product = *product as usize;
            product >= catalogue.logged() && product < catalogue.products.len()
        };
        let mut named: Vec<ProductId> = products.filter(is_newcomer).collect();
        named.sort_unstable();
        named.dedup();
        let row = |product: ProductId| catalogue.products[product as usize].clone();
        named.into_iter().map(|product| Listed { product, row: row(product) }).collect()
    }
}
