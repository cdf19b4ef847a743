//! MOPPR as it serves: loaded from its files, for one catalogue.
//!
//! A request costs three steps, each kept by the caller for as long as what it reads stays the
//! same: [`Retriever::encode`] reads query, shopper and history; [`Retriever::tuned`] reads the
//! objective weights and holds the vectors of all products; [`Tuned::user_query`] puts the two
//! together. Nothing here reads the device: only tensors go out.

use burn::tensor::{Device, Tensor};

use super::input::{Products, UserQuery};
use super::objectives::{OBJECTIVES, Objectives};
use super::{Embeddings, MopprConfig, Towers, UserQueryOutput};
use crate::models::vocabulary::Vocabulary;
use crate::models::weights::{Weights, WeightsError};
use market::catalogue::{Catalogue, ProductId};
use market::features::search::{ProductFeatures, SearchFeatures};
use market::text::TokenVectors;

/// What the file of the embeddings and the mean of the towers says it holds.
pub const MODEL: &str = "moppr";
/// What a file of a copy's difference from the mean says it holds, before the objective's name.
pub const DIFFERENCE: &str = "moppr-difference-";

/// File of the embeddings and of the towers' mean.
pub const FILE: &str = "moppr.safetensors";

/// Files of what the copies of the towers differ from their mean by, in the order of [`OBJECTIVES`].
pub fn copies() -> [String; OBJECTIVES.len()] {
    OBJECTIVES.map(|objective| format!("moppr-{objective}.safetensors"))
}

/// MOPPR for one catalogue.
#[derive(Debug)]
pub struct Retriever {
    config: MopprConfig,
    embeddings: Embeddings,
    towers: Towers,
    objectives: Objectives,
    /// Id and side information of every product that a log tells of, and behind them of the newcomers that
    /// were met.
    table: Tensor<2>,
    /// e^i of the same.
    items: Tensor<2>,
    tuned: Option<([f32; OBJECTIVES.len()], Tuned)>,
    device: Device,
}

/// The towers at one setting of the objective weights.
#[derive(Clone, Debug)]
pub struct Tuned {
    towers: Towers,
    /// H_i of every product that a log tells of, and behind them of the newcomers that were met,
    /// `[N, output]`.
    pub items: Tensor<2>,
}

/// What the user-query tower reads of a request beside its behaviour.
#[derive(Clone, Debug)]
pub struct Reads {
    /// e^u, `[1, d]`.
    pub profile: Tensor<2>,
    /// e^q, `[1, d]`.
    pub query: Tensor<2>,
    /// e^w of the query's word pieces, `[L, d]`.
    pub terms: Tensor<2>,
    /// Attention of each word piece on each (equation 5), `[L, L]`; none for the baselines.
    pub among: Option<Tensor<2>>,
}

impl Tuned {
    /// H_uq of the encoded requests, `[B, output]`.
    pub fn user_query(&self, encoded: &UserQueryOutput) -> Tensor<2> {
        self.towers.user_query(encoded.input.clone())
    }
}

impl Retriever {
    /// Reads the embeddings and the mean of the towers. `titles` are the mean token vectors of the titles
    /// of all products that a log tells of, one after another.
    ///
    /// # Errors
    /// Where the file is damaged, of another version, or trained on another catalogue.
    pub fn load(
        file: &[u8],
        catalogue: &Catalogue,
        features: &ProductFeatures,
        titles: &[f32],
        device: &Device,
    ) -> Result<Self, WeightsError> {
        let weights = Weights::from_bytes(file, MODEL)?;
        let config: MopprConfig = weights.config()?;
        let found = (weights.about.market_seed, config.vocabulary);
        let expected = (catalogue.seed, Vocabulary::of(catalogue));
        if found != expected {
            let (found, expected) = (format!("{found:?}"), format!("{expected:?}"));
            return Err(WeightsError::Catalogue { found, expected });
        }
        let logged: Vec<ProductId> = (0..catalogue.logged() as ProductId).collect();
        Self::new(
            &config,
            &weights,
            &Products::new(&features.of(&logged, catalogue), titles, device),
            device,
        )
    }

    /// With these weights of a whole model.
    ///
    /// # Errors
    /// Where they are not of the configured model.
    pub fn new(
        config: &MopprConfig,
        weights: &Weights,
        products: &Products,
        device: &Device,
    ) -> Result<Self, WeightsError> {
        let model = weights.apply(config.init(device))?;
        let table = model.embeddings.products(products, None);
        let items = model.embeddings.items(products, table.clone());
        Ok(Self {
            config: config.clone(),
            embeddings: model.embeddings,
            towers: model.towers,
            objectives: Objectives::new(weights.part("towers")),
            table,
            items,
            tuned: None,
            device: device.clone(),
        })
    }

    /// Takes in what the copies of the towers differ from their mean by, one file for each of
    /// [`OBJECTIVES`]. Until then every setting of the weights is answered by the mean.
    ///
    /// # Errors
    /// Where a file is damaged, of another version or of another model; then nothing changes.
    pub fn load_differences(
        &mut self,
        files: [&[u8]; OBJECTIVES.len()],
    ) -> Result<(), WeightsError> {
        let mut read = OBJECTIVES
            .iter()
            .zip(files)
            .map(|(name, file)| Weights::from_bytes(file, &format!("{DIFFERENCE}{name}")));
        let mut next = || read.next().unwrap_or_else(|| Err(WeightsError::Missing("".into())));
        self.set_differences([next()?, next()?, next()?, next()?])
    }

    /// Takes in what the copies of the towers differ from their mean by.
    ///
    /// # Errors
    /// Where one is not of the towers' structure; then nothing changes.
    pub fn set_differences(
        &mut self,
        differences: [Weights; OBJECTIVES.len()],
    ) -> Result<(), WeightsError> {
        self.objectives.set_differences(differences)?;
        self.tuned = None;
        Ok(())
    }

    /// Takes in newcomers, whose rows are behind those that are there.
    pub fn meet(&mut self, newcomers: &Products) {
        let table = self.embeddings.newcomers(newcomers);
        let items = self.embeddings.items(newcomers, table.clone());
        let behind = |rows: &mut Tensor<2>, more: Tensor<2>| {
            *rows = Tensor::cat(vec![rows.clone(), more], 0);
        };
        if let Some((_, tuned)) = &mut self.tuned {
            behind(&mut tuned.items, tuned.towers.item(items.clone()));
        }
        behind(&mut self.table, table);
        behind(&mut self.items, items);
    }

    /// H_i of newcomers, which are not taken in, at these objective weights, `[n, output]`.
    ///
    /// # Errors
    /// As [`Self::tuned`].
    pub fn vectors(
        &mut self,
        newcomers: &Products,
        sliders: [f32; OBJECTIVES.len()],
    ) -> Result<Tensor<2>, WeightsError> {
        let items = self.items_of(newcomers);
        Ok(self.tuned(sliders)?.towers.item(items))
    }

    /// e^i of newcomers, which are not taken in, `[n, d]`.
    pub fn items_of(&self, newcomers: &Products) -> Tensor<2> {
        let table = self.embeddings.newcomers(newcomers);
        self.embeddings.items(newcomers, table)
    }

    /// Whether the copies are there, so that the objective weights do something.
    pub fn has_differences(&self) -> bool {
        self.objectives.differences().is_some()
    }

    /// The first two of the three units of the user-query tower: all that reads the request.
    pub fn encode(&self, batch: &[&SearchFeatures], words: &TokenVectors) -> UserQueryOutput {
        let vector = |piece| words.vector(piece);
        let inputs = UserQuery::new(batch, self.config.token, vector, &self.device);
        self.embeddings.user_query(&inputs, &self.table)
    }

    /// What the user-query tower reads of a request beside its behaviour.
    pub fn reads(&self, request: &SearchFeatures, words: &TokenVectors) -> Reads {
        let vector = |piece| words.vector(piece);
        let inputs = UserQuery::new(&[request], self.config.token, vector, &self.device);
        let terms = self.embeddings.terms(&inputs.tokens, &inputs.token_mask);
        let among = self.embeddings.attention_among(&terms, &inputs.token_mask);
        let [_, pieces, d] = terms.dims();
        Reads {
            profile: self.embeddings.user(&inputs.profile),
            query: self.embeddings.query_side(&inputs),
            terms: terms.reshape([pieces, d]),
            among: among.map(|among| among.reshape([pieces, pieces])),
        }
    }

    /// The towers at these objective weights, and the vectors of all products. The last setting
    /// is kept.
    ///
    /// # Errors
    /// None after a successful load.
    pub fn tuned(&mut self, sliders: [f32; OBJECTIVES.len()]) -> Result<&Tuned, WeightsError> {
        // Without copies the mean serves at every setting.
        let sliders = if self.has_differences() { sliders } else { [1.0; OBJECTIVES.len()] };
        // Compared by their bits, for what is not a number is a setting too.
        let same = |other: &[f32; 4]| other.map(f32::to_bits) == sliders.map(f32::to_bits);
        let kept = self.tuned.take().filter(|(setting, _)| same(setting));
        let kept = match kept {
            Some(kept) => kept,
            None => {
                let towers = self.objectives.at(sliders)?.apply(self.towers.clone())?;
                let items = towers.item(self.items.clone());
                (sliders, Tuned { towers, items })
            }
        };
        Ok(&self.tuned.insert(kept).1)
    }

    /// e^i of every product that a log tells of, and behind them of the newcomers that were met: what the
    /// item tower reads.
    pub fn items(&self) -> &Tensor<2> {
        &self.items
    }

    /// Where it computes.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Sizes of the model.
    pub fn config(&self) -> &MopprConfig {
        &self.config
    }
}
