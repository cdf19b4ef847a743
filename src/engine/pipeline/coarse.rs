//! The coarse ranking stage (MOPPR 7.3): of what was retrieved, the best few go on to the ranker.

use burn::tensor::Device;

use super::assets::{AssetError, AssetSource, Manifest, damaged};
use super::request::Request;
use super::retrieve::{ENCODED, Retrieval, Retriever};
use super::stage::Stage;
use super::stock::Stock;
use super::watch::{Named, Watch};
use super::{StageError, numbers};
use market::catalogue::ProductId;
use nets::models::coarse_ranker::{CoarseRanker, MODEL, cut};
use protocol::Passage;
use protocol::machine::Activity;
use systems::knob::Settings;
use systems::moppr::CATEGORY_FILTER;
use systems::shared::COARSE_KEEP;

/// The coarse ranker, once it was asked for, with its last answer.
#[derive(Default)]
pub struct Coarse {
    model: Option<CoarseRanker>,
    kept: Stage<CutKey, Vec<ProductId>>,
}

/// What the stage reads.
#[derive(Clone, Debug, PartialEq)]
struct CutKey {
    request: Request,
    candidates: Vec<ProductId>,
    settings: Settings,
}

impl Coarse {
    /// Fetches the weights, if they are not here yet.
    ///
    /// # Errors
    /// Where the file is missing or damaged, or does not fit the retriever.
    pub async fn fetch(
        &mut self,
        manifest: &Manifest,
        source: &impl AssetSource,
        stock: &Stock,
        retriever: &Retriever,
        device: &Device,
    ) -> Result<(), AssetError> {
        if self.model.is_none() {
            let name = format!("{MODEL}.safetensors");
            let bytes = manifest.file(source, &name).await?;
            let model = CoarseRanker::load(&bytes, &stock.catalogue, retriever.moppr(), device);
            self.model = Some(model.map_err(|error| damaged(&name, error))?);
        }
        Ok(())
    }

    /// Forgets what was made of queries: more words have arrived.
    pub fn words_changed(&mut self) {
        self.kept.clear();
    }

    /// What becomes of a product in the cut of what was retrieved; none where nothing is cut.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn passage(
        &self,
        stock: &Stock,
        retriever: &mut Retriever,
        request: &Request,
        settings: &Settings,
        retrieved: &Retrieval,
        product: ProductId,
    ) -> Result<Option<Passage>, StageError> {
        let mut candidates: Vec<_> = retrieved.candidates.iter().map(|c| c.product).collect();
        let (entered, keep) = (candidates.len(), settings.count(&COARSE_KEEP) as usize);
        let (Some(model), true) = (&self.model, entered > keep) else { return Ok(None) };
        let own = candidates.iter().position(|&candidate| candidate == product);
        let own = own.unwrap_or_else(|| {
            candidates.push(product);
            entered
        });
        let scores = scores(model, stock, retriever, request, &candidates, settings).await?;
        let place = cut(&candidates, &scores, candidates.len());
        let place = place.iter().position(|&candidate| candidate == product).unwrap_or(entered);
        let mut others: Vec<f32> = scores[..entered].to_vec();
        others.sort_unstable_by(|a, b| b.total_cmp(a));
        Ok(Some(Passage {
            stage: "coarse".into(),
            entered: entered as u32,
            left: keep as u32,
            value: scores[own],
            least: others.get(keep.saturating_sub(1)).copied().unwrap_or(f32::NAN),
            place: Some(place as u32),
            passed: place < keep,
        }))
    }

    /// What each part of it makes of a product, whether the product was retrieved or not; the cut itself is
    /// told by [`Self::passage`]. Nothing without weights.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn watch(
        &self,
        stock: &Stock,
        retriever: &mut Retriever,
        request: &Request,
        settings: &Settings,
        product: ProductId,
    ) -> Result<Vec<Activity>, StageError> {
        let Some(model) = &self.model else { return Ok(Vec::new()) };
        let encoded = retriever.encode(stock, request, settings).await?.clone();
        let newcomers = |products: &[ProductId]| retriever.items_of(stock, products);
        let (h_uq, h_i) = (model.user_query(&encoded), model.items_of(&[product], newcomers));
        let mut watch = Watch::default();
        watch.matrix("coarse-score", Named::alone(), (h_uq.clone() * h_i.clone()).sum_dim(1));
        watch.matrix("coarse-request", Named::alone(), h_uq);
        watch.matrix("coarse-item", Named::alone(), h_i);
        watch.read().await
    }

    /// Leaves of the candidates those that score highest, in the order of retrieval; all of them
    /// without weights. True if the last run's answer served.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn cut(
        &mut self,
        stock: &Stock,
        retriever: &mut Retriever,
        request: &Request,
        settings: &Settings,
        retrieved: &mut Retrieval,
    ) -> Result<bool, StageError> {
        let candidates: Vec<ProductId> = retrieved.candidates.iter().map(|c| c.product).collect();
        let keep = settings.count(&COARSE_KEEP);
        let (Some(model), true) = (&self.model, candidates.len() > keep as usize) else {
            return Ok(true);
        };
        let reads = settings.only(&[&CATEGORY_FILTER, &COARSE_KEEP]);
        let key = CutKey { request: request.only(ENCODED), candidates, settings: reads };
        let served = self.kept.holds(&key);
        let kept = self.kept.get_or_try_insert(key, async |CutKey { candidates, .. }| {
            let scores = scores(model, stock, retriever, request, candidates, settings).await?;
            Ok(cut(candidates, &scores, keep as usize))
        });
        let kept = kept.await?;
        retrieved.retain(|product| kept.contains(&product));
        Ok(served)
    }
}

/// Scores of candidates for a request.
async fn scores(
    model: &CoarseRanker,
    stock: &Stock,
    retriever: &mut Retriever,
    request: &Request,
    candidates: &[ProductId],
    settings: &Settings,
) -> Result<Vec<f32>, StageError> {
    let encoded = retriever.encode(stock, request, settings).await?.clone();
    let newcomers = |products: &[ProductId]| retriever.items_of(stock, products);
    numbers(model.rank(&encoded, candidates, newcomers).into_data_async().await?)
}
