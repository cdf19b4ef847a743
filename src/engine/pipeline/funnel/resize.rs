//! The size of the shop: a larger one is made of its shelves, in slices, and everything that was laid out of
//! the products is laid out anew. Products that an earlier visit made are taken from its file.

use std::hint::black_box;

use super::{Funnel, Halt};
use crate::pipeline::assets::{AssetError, AssetSource, damaged};
use crate::pipeline::caller::Caller;
use crate::pipeline::coarse::Coarse;
use crate::pipeline::kept::{Keeps, Kept, PIECES, Storage};
use crate::pipeline::rank::Ranks;
use crate::pipeline::retrieve::{self, Retriever};
use crate::pipeline::stock::{Met, SHELVES};
use link::State;
use market::catalogue::{Catalogue, Product, ProductId};
use market::growth::Growth;
use market::language::Message;
use market::product::ProductTruth;
use protocol::{Growing, Listed, Making, Notice, memory};
use systems::knob::Settings;
use systems::shared::ShopSize;

/// Products that are made before newer messages are let in: a few milliseconds.
const SLICE: usize = 1_000;

/// A larger shop that is being made.
pub(super) struct Unfinished {
    size: ShopSize,
    growth: Growth,
    newcomers: Vec<Product>,
    /// What an earlier visit kept of them, and where they are kept for the next.
    kept: Option<Kept>,
    /// How many of them were taken from there.
    taken: usize,
}

impl Unfinished {
    /// Takes some slices of the newcomers from what an earlier visit kept; whether there were any.
    fn take(&mut self, catalogue: &Catalogue) -> bool {
        let Self { growth, newcomers, kept: Some(kept), taken, .. } = self else { return false };
        let before = newcomers.len();
        for _ in 0..PIECES {
            let read = |bytes: &[u8]| {
                let products = Growth::products_of(bytes, catalogue)?;
                Some(products).filter(|products| products.len() == SLICE)
            };
            // The last piece of a larger shop is longer than what is lacking here.
            let slice = if growth.left() < SLICE { None } else { kept.take(read) };
            let Some(slice) = slice else { break };
            growth.pass_over(slice.len());
            newcomers.extend(slice);
        }
        *taken += newcomers.len() - before;
        newcomers.len() > before
    }

    /// Makes a slice of the newcomers, and keeps it if it is whole.
    async fn make(&mut self, storage: &mut Storage) {
        let Self { growth, newcomers, kept, .. } = self;
        let from = newcomers.len();
        newcomers.extend(growth.take(SLICE).map(|(product, _)| product));
        let slice = &newcomers[from..];
        if slice.len() == SLICE {
            let piece = Growth::bytes_of(slice);
            if from == 0 {
                *kept = storage.products(&piece).await;
            } else {
                storage.push(kept, &piece);
            }
        }
    }
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
        if size == self.size {
            return Ok(None);
        }
        if self.unfinished.as_ref().is_some_and(|unfinished| unfinished.size != size) {
            self.unfinished = None;
        }
        let newcomers = match size.products() {
            None => Ok(Vec::new()),
            Some(_) => self.made(size, caller).await?,
        };
        let sold = match newcomers {
            Ok(newcomers) => self.sell(size, newcomers).await?,
            Err(why) => Err(why),
        };
        Ok(sold.err().map(|why| Notice::new(word!("notices.shop-not-made")).with("why", why)))
    }

    /// The newcomers of a size.
    async fn made(
        &mut self,
        size: ShopSize,
        caller: &impl Caller,
    ) -> Result<Result<Vec<Product>, Message>, Halt> {
        let unfinished = match self.unfinished.take() {
            Some(unfinished) => unfinished,
            None if !has_room(size) => {
                let why = Message::new(word!("notices.no-room"));
                return Ok(Err(why.with("megabytes", memory::megabytes(size))));
            }
            None => match self.growth(size).await {
                Ok(growth) => {
                    Unfinished { size, growth, newcomers: Vec::new(), kept: None, taken: 0 }
                }
                Err(error) => return Ok(Err(error.said())),
            },
        };
        let unfinished = self.unfinished.insert(unfinished);
        let catalogue = &self.stock.catalogue;
        unfinished.newcomers.reserve_exact(unfinished.growth.left());
        loop {
            let left = unfinished.growth.left();
            let made = (catalogue.logged() + unfinished.newcomers.len()) as u32;
            let (of, taken) = (made + left as u32, unfinished.taken as u32);
            caller.growing(Growing { what: Making::Products, made, of, taken });
            if left == 0 {
                break;
            }
            if !unfinished.take(catalogue) {
                unfinished.make(&mut self.storage).await;
            }
            if !caller.still_wanted().await {
                return Err(Halt::Unwanted);
            }
        }
        let newcomers = std::mem::take(&mut unfinished.newcomers);
        // What they are kept in is closed.
        self.unfinished = None;
        Ok(Ok(newcomers))
    }

    /// A shop of a size, of whose newcomers none is made yet.
    async fn growth(&self, size: ShopSize) -> Result<Growth, AssetError> {
        let text = self.manifest.file(&self.source, SHELVES).await?;
        let text = String::from_utf8(text).map_err(|error| damaged(SHELVES, error))?;
        let logged = self.stock.catalogue.logged() as u32;
        let sizes = ShopSize::ALL.iter().take_while(|other| **other != size).chain([&size]);
        let larger = sizes.filter_map(|size| size.products()).filter(|size| *size > logged);
        let sizes: Vec<u32> = [logged].into_iter().chain(larger).collect();
        Growth::new(&text, &self.stock.catalogue, &sizes).map_err(|error| damaged(SHELVES, error))
    }

    /// The hidden side of the newcomers that are sold. It is made again when it is asked for, which is
    /// seldom: it would take as much memory as they do.
    pub(super) async fn truths(&self) -> Result<Vec<ProductTruth>, AssetError> {
        match self.size {
            ShopSize::Shipped => Ok(Vec::new()),
            size => Ok(self.growth(size).await?.map(|(_, truth)| truth).collect()),
        }
    }

    /// Sells these newcomers: whatever stands on the catalogue is read anew. Where something can't be had,
    /// all stays as it is.
    async fn sell(
        &mut self,
        size: ShopSize,
        newcomers: Vec<Product>,
    ) -> Result<Result<(), Message>, Halt> {
        // The titles of newcomers have words that those of the shop that ships have not.
        if !newcomers.is_empty()
            && let Err(error) = self.fetch_words().await
        {
            return Ok(Err(error.said()));
        }
        let files = match self.manifest.all(&self.source, retrieve::FILES).await {
            Ok(files) => files,
            Err(error) => return Ok(Err(error.said())),
        };
        let (before, met) = self.stock.sell(newcomers, Met::default());
        match self.read_anew(&files).await {
            Ok((retriever, ranker)) => {
                (self.retriever, self.ranker) = (retriever, ranker);
                self.resting.clear();
                self.coarse = Coarse::default();
                self.views = None;
                self.size = size;
                Ok(Ok(()))
            }
            Err(halt) => {
                self.stock.sell(before, met);
                match halt {
                    Halt::Failed(notice) => Ok(Err(notice.says)),
                    Halt::Unwanted => Err(Halt::Unwanted),
                }
            }
        }
    }

    /// The systems in use, of the catalogue as it is now.
    async fn read_anew(
        &mut self,
        files: &[Vec<u8>; retrieve::FILES.len()],
    ) -> Result<(Retriever, Box<dyn Ranks>), Halt> {
        let mut retriever = Retriever::read(files, &self.stock, &self.device)?;
        let from = (&self.manifest, &self.source);
        retriever.fetch(&self.retrieving, from, &self.stock, &self.device).await?;
        retriever.lay_out(&self.stock, &Settings::default()).await?;
        let ranking = self.ranking.clone();
        Ok((retriever, self.read_ranker(&ranking).await?))
    }
}

/// Whether memory can be had for a shop of this size: it is asked for at once, and given back, before any is
/// taken.
fn has_room(size: ShopSize) -> bool {
    let mut room: Vec<u8> = Vec::new();
    // A compiler may leave out what is never used.
    black_box(&mut room).try_reserve_exact(memory::needed(size) as usize).is_ok()
}

impl<S> Funnel<S> {
    /// Keeps what a larger shop takes long to make for the next visit, and takes what an earlier one kept.
    pub fn keep(&mut self, keeps: Box<dyn Keeps>) {
        let mut sum = crc32fast::Hasher::new();
        for (name, file) in &self.manifest.files {
            sum.update(name.as_bytes());
            sum.update(&file.crc32.to_le_bytes());
        }
        let of = format!("{} {:08x}", self.stock.catalogue.seed, sum.finalize());
        self.storage = Storage::new(keeps, of, self.backend);
    }

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
