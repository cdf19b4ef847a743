//! The vectors of every product in int8: what a tree is built of, and what the newcomers of a larger shop
//! are searched in. They are laid out in slices, so that whoever asks for something else meanwhile need not
//! wait, and nothing else is kept of the newcomers' vectors. What an earlier visit laid out is taken from its file.

use std::sync::Arc;

use index::{Exact, Query, Rows};

use super::{BuiltBy, LaidBy, Retrieves};
use crate::pipeline::StageError;
use crate::pipeline::kept::{Kept, PIECES, Storage};
use crate::pipeline::stage::Stage;
use crate::pipeline::stock::Stock;
use crate::retrieval::gmv;
use market::catalogue::ProductId;
use systems::registry;

/// Newcomers whose vectors are worked out before newer messages are let in: some 20 ms.
const SLICE: usize = 1_000;

/// The vectors of one setting, and those that are being laid out.
#[derive(Default)]
pub struct Laid {
    whole: Stage<LaidBy, Arc<Exact>>,
    begun: Option<Begun>,
}

/// Vectors that are being laid out.
struct Begun {
    by: LaidBy,
    rows: Rows,
    /// What an earlier visit kept of them, and where they are kept for the next.
    kept: Option<Kept>,
    /// How many of them were taken from there.
    taken: usize,
}

impl Laid {
    /// Whether the vectors of this setting are all there.
    pub fn holds(&self, by: &LaidBy) -> bool {
        self.whole.holds(by)
    }

    /// Takes some of those that are lacking from what an earlier visit kept, or works out a slice of them: how
    /// many there are now, and how many of them were taken.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn step(
        &mut self,
        system: &mut dyn Retrieves,
        by: &LaidBy,
        stock: &Stock,
        storage: &mut Storage,
    ) -> Result<(usize, usize), StageError> {
        // A file that others were being kept in is closed.
        let begun = self.begun.take().filter(|begun| begun.by == *by);
        let mut begun = match begun {
            Some(begun) => begun,
            None => {
                self.whole.clear();
                let logged = system.items(stock, &by.settings).await?;
                let mut rows = Rows::new(logged.len() / stock.catalogue.logged().max(1))?;
                rows.reserve(stock.catalogue.products.len());
                push(&mut rows, &logged, stock)?;
                Begun { by: by.clone(), rows, kept: None, taken: 0 }
            }
        };
        if !begun.take(stock) {
            begun.work_out(system, stock, storage).await?;
        }
        let (laid, taken) = (begun.rows.len(), begun.taken);
        if laid < stock.catalogue.products.len() {
            self.begun = Some(begun);
        } else {
            let whole = Arc::new(Exact::new(begun.rows)?);
            self.whole.get_or_insert(begun.by, |_| whole);
        }
        Ok((laid, taken))
    }

    /// All of them, worked out to the end.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn whole(
        &mut self,
        system: &mut dyn Retrieves,
        by: &LaidBy,
        stock: &Stock,
    ) -> Result<Arc<Exact>, StageError> {
        // Whoever asks for them has had them prepared.
        let mut nowhere = Storage::default();
        while !self.holds(by) {
            self.step(system, by, stock, &mut nowhere).await?;
        }
        let whole = self.whole.last().map(|(_, whole)| whole.clone());
        whole.ok_or_else(|| StageError::Device("the vectors were laid out for nothing".into()))
    }
}

impl Begun {
    /// Takes some slices from what an earlier visit kept; whether there were any.
    fn take(&mut self, stock: &Stock) -> bool {
        let Self { rows, kept: Some(kept), taken, .. } = self else { return false };
        let before = rows.len();
        for _ in 0..PIECES {
            let slice = rows.len()..rows.len() + SLICE;
            // A piece is a whole slice: the last of a shop may be one of a larger shop's, cut short.
            if slice.end > stock.catalogue.products.len() {
                break;
            }
            let of: Vec<(ProductId, f32)> = slice.map(|product| row(product, stock)).collect();
            if kept.take(|bytes| rows.push_bytes(bytes, &of).ok()).is_none() {
                break;
            }
        }
        *taken += rows.len() - before;
        rows.len() > before
    }

    /// Works out a slice, and keeps it if it is whole.
    async fn work_out(
        &mut self,
        system: &mut dyn Retrieves,
        stock: &Stock,
        storage: &mut Storage,
    ) -> Result<(), StageError> {
        let Self { by, rows, kept, .. } = self;
        let from = rows.len();
        let until = stock.catalogue.products.len().min(from + SLICE);
        let slice: Vec<ProductId> = (from..until).map(|product| product as ProductId).collect();
        if slice.is_empty() {
            return Ok(());
        }
        push(rows, &system.newcomers(stock, &by.settings, &slice).await?, stock)?;
        if slice.len() == SLICE {
            let piece = rows.bytes(from);
            if from == stock.catalogue.logged() {
                *kept = storage.vectors(by.retriever(), &by.named(), &piece).await;
            } else {
                storage.push(kept, &piece);
            }
        }
        Ok(())
    }
}

impl LaidBy {
    /// The retriever's key, which files are named by.
    pub(super) fn retriever(&self) -> &'static str {
        registry::retriever(&self.settings).key
    }

    /// What else tells its vectors from others, as files have it.
    fn named(&self) -> String {
        format!("{:?} {}", self.settings, self.is_whole)
    }
}

impl BuiltBy {
    /// What tells its tree from others over the same vectors, and these from others, as files have it.
    pub(super) fn named(&self) -> String {
        format!("{} {}", self.laid.named(), self.levels)
    }
}

/// Number of a product's row, and its further value.
fn row(product: usize, stock: &Stock) -> (ProductId, f32) {
    (product as ProductId, gmv::ln_price(stock.prices_cents[product]))
}

/// Adds vectors behind those that are there, which are in the order of the catalogue.
fn push(rows: &mut Rows, vectors: &[f32], stock: &Stock) -> Result<(), StageError> {
    let width = rows.dimension();
    for vector in vectors.chunks_exact(width) {
        let (product, further) = row(rows.len(), stock);
        rows.push(product, vector, further)?;
    }
    Ok(())
}

/// Scores of the products from number `from` on, for the vector of a request; sigma is 0 where prices do
/// not count.
///
/// # Errors
/// Where the vector is not one of finite numbers.
pub fn scores(
    exact: &Exact,
    query: &[f32],
    sigma: f32,
    from: usize,
) -> Result<Vec<f32>, StageError> {
    Ok(exact.scores(&Query::new(query, sigma)?, from)?)
}
