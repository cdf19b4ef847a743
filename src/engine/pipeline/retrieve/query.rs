//! What a query means, whichever retriever reads it: its categories, its words, how it fits titles.

use std::sync::Arc;

use burn::tensor::Device;

use super::control::{Evidence, Lexicon};
use crate::pipeline::assets::{AssetError, damaged};
use crate::pipeline::stage::Stage;
use crate::pipeline::stock::Stock;
use crate::pipeline::{StageError, numbers};
use market::features::search::{PredictedCategories, QueryFeatures};
use nets::models::query_category::CategoryPredictor;

/// File of the query-to-category predictor.
pub const FILE: &str = "query-category.safetensors";

/// What is made of the query alone.
#[derive(Clone, Debug)]
pub struct Understood {
    pub features: Arc<QueryFeatures>,
    pub pieces: Vec<String>,
    /// By product type; empty where nothing is known of the query.
    pub probabilities: Vec<f32>,
    /// What relevance control goes by; none without a query.
    pub evidence: Option<Evidence>,
    /// Mean vector of its word pieces; empty without a query.
    pub mean: Arc<[f32]>,
}

/// What reads queries, with what the last one means.
pub struct Understanding {
    categories: CategoryPredictor,
    lexicon: Lexicon,
    last: Stage<Option<String>, Understood>,
}

impl Understanding {
    /// From the bytes of [`FILE`].
    ///
    /// # Errors
    /// Where the file is damaged, or of another catalogue.
    pub fn read(bytes: &[u8], stock: &Stock, device: &Device) -> Result<Self, AssetError> {
        let types = stock.catalogue.product_types.len();
        let categories =
            CategoryPredictor::load(bytes, types, device).map_err(|error| damaged(FILE, error))?;
        Ok(Self { categories, lexicon: Lexicon::new(stock), last: Stage::default() })
    }

    /// Forgets the last query: more words have arrived.
    pub fn words_changed(&mut self) {
        self.last.clear();
    }

    /// The words of the shop.
    pub fn lexicon(&self) -> &Lexicon {
        &self.lexicon
    }

    /// What a query means, and the words of the shop that it was held against.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn of(
        &mut self,
        stock: &Stock,
        query: &Option<String>,
    ) -> Result<(&Understood, &Lexicon), StageError> {
        let Self { categories, lexicon, last } = self;
        let understood = last.get_or_try_insert(query.clone(), async |query| {
            let text = query.as_deref();
            let pieces = text.map(|text| stock.words.pieces(text)).unwrap_or_default();
            let mean = stock.words.mean(&pieces);
            // A query without one known word means no category more than another.
            let known = mean.iter().any(|&value| value != 0.0);
            let probabilities = if known {
                numbers(categories.probabilities(mean.clone()).into_data_async().await?)?
            } else {
                Vec::new()
            };
            let evidence = match text {
                Some(text) => Some(lexicon.weigh(text, stock, categories).await?),
                None => None,
            };
            let threshold = categories.config().threshold;
            let predicted = PredictedCategories::new(&probabilities, threshold);
            let frequency = text.map_or(0, |text| stock.frequency.bucket(&text.to_lowercase()));
            Ok(Understood {
                pieces: pieces.iter().filter_map(|&id| stock.words.piece(id)).collect(),
                features: Arc::new(QueryFeatures::new(pieces, predicted, frequency)),
                probabilities,
                evidence,
                mean: text.map_or_else(Vec::new, |_| mean).into(),
            })
        });
        Ok((understood.await?, lexicon))
    }
}
