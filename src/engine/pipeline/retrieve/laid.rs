//! The vectors of every product in int8: what a tree is built of, and what the newcomers of a larger shop
//! are searched in. They are laid out in slices, so that whoever asks for something else meanwhile need not
//! wait, and nothing else is kept of the newcomers' vectors.

use std::sync::Arc;

use index::{Exact, Query, Rows};

use super::{LaidBy, Retrieves};
use crate::pipeline::StageError;
use crate::pipeline::stage::Stage;
use crate::pipeline::stock::Stock;
use crate::retrieval::gmv;
use market::catalogue::ProductId;

/// Newcomers whose vectors are worked out before newer messages are let in: some 20 ms.
const SLICE: usize = 1_000;

/// The vectors of one setting, and those that are being laid out.
#[derive(Default)]
pub struct Laid {
    whole: Stage<LaidBy, Arc<Exact>>,
    begun: Option<(LaidBy, Rows)>,
}

impl Laid {
    /// Whether the vectors of this setting are all there.
    pub fn holds(&self, by: &LaidBy) -> bool {
        self.whole.holds(by)
    }

    /// Works out a slice of those that are lacking: how many there are now.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn step(
        &mut self,
        system: &mut dyn Retrieves,
        by: &LaidBy,
        stock: &Stock,
    ) -> Result<usize, StageError> {
        let all = stock.catalogue.products.len();
        let begun = self.begun.take().filter(|(of, _)| of == by);
        let mut rows = match begun {
            Some((_, rows)) => rows,
            None => {
                self.whole.clear();
                let logged = system.items(stock, &by.settings).await?;
                let mut rows = Rows::new(logged.len() / stock.catalogue.logged().max(1))?;
                rows.reserve(all);
                push(&mut rows, &logged, stock)?;
                rows
            }
        };
        let from = rows.len();
        let slice: Vec<ProductId> = (from..all.min(from + SLICE)).map(|p| p as ProductId).collect();
        if !slice.is_empty() {
            push(&mut rows, &system.newcomers(stock, &by.settings, &slice).await?, stock)?;
        }
        let laid = rows.len();
        if laid < all {
            self.begun = Some((by.clone(), rows));
        } else {
            let whole = Arc::new(Exact::new(rows)?);
            self.whole.get_or_insert(by.clone(), |_| whole);
        }
        Ok(laid)
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
        while !self.holds(by) {
            self.step(system, by, stock).await?;
        }
        let whole = self.whole.last().map(|(_, whole)| whole.clone());
        whole.ok_or_else(|| StageError::Device("the vectors were laid out for nothing".into()))
    }
}

/// Adds vectors behind those that are there, which are in the order of the catalogue.
fn push(rows: &mut Rows, vectors: &[f32], stock: &Stock) -> Result<(), StageError> {
    let width = rows.dimension();
    for vector in vectors.chunks_exact(width) {
        let product = rows.len();
        rows.push(product as ProductId, vector, gmv::ln_price(stock.prices_cents[product]))?;
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
