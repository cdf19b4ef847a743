//! MOPPR's scores of the whole catalogue.

use std::sync::Arc;

use async_trait::async_trait;
use burn::tensor::{Device, Tensor, Transaction};

use super::{Asked, LearnedReads, Retrieves, Scored, newcomer_scores, precision, searched_by};
use crate::pipeline::assets::{AssetError, damaged, refused};
use crate::pipeline::request::{Part, Request};
use crate::pipeline::stage::Stage;
use crate::pipeline::stock::Stock;
use crate::pipeline::watch::{Named, Watch, days};
use crate::pipeline::{Numbers, StageError, numbers};
use crate::retrieval::{ExactIndex, Precision};
use market::catalogue::ProductId;
use market::features::search::{Behaviour, SearchFeatures, profile_ids};
use market::language::Message;
use nets::models::moppr::input::Products;
use nets::models::moppr::objectives::OBJECTIVES;
use nets::models::moppr::retriever::{self, Reads, copies};
use nets::models::moppr::{MopprConfig, UserQueryOutput};
use nets::models::weights::{Weights, WeightsError};
use protocol::machine::Activity;
use systems::knob::Settings;
use systems::moppr::{CATEGORY_FILTER, RETRIEVER, weights};

pub use retriever::FILE;

/// The parts that its towers read of a request.
pub const READS: &[Part] = &[Part::Profile, Part::History, Part::Query];

/// MOPPR with the last answers of its stages.
pub struct Moppr {
    model: retriever::Retriever,
    /// Whether it was learned in a tab: then it is one set of towers, whatever the objectives weigh.
    is_learned: bool,
    encoded: Stage<(Request, bool), Encoded>,
    index: Stage<IndexKey, ExactIndex>,
}

/// How it comes from weights that were learned.
pub static LEARNED: LearnedReads = LearnedReads {
    of: &RETRIEVER,
    model: retriever::MODEL,
    file: |_| FILE,
    read: |bytes, stock, device| {
        // Before any network of these sizes is made.
        let config: MopprConfig = Weights::from_bytes(bytes, retriever::MODEL)?.config()?;
        config.as_shipped()?;
        Ok(Box::new(Moppr { is_learned: true, ..Moppr::of_file(bytes, stock, device)? }))
    },
};

/// What the index hangs on.
type IndexKey = ([f32; OBJECTIVES.len()], Precision);

/// Names of the spans of time that behaviour is looked at by, in the order of its windows.
const SPANS: [&str; 3] = ["real-time", "short-term", "long-term"];

/// What is made of query, shopper and history.
#[derive(Debug)]
pub struct Encoded {
    features: SearchFeatures,
    /// The same with the model's rows in place of products.
    rows: SearchFeatures,
    /// What the towers go on from.
    pub output: UserQueryOutput,
}

impl Moppr {
    /// Reads the model from the bytes of [`FILE`].
    ///
    /// # Errors
    /// Where the file is damaged, or trained on another catalogue.
    pub fn load(bytes: &[u8], stock: &Stock, device: &Device) -> Result<Self, AssetError> {
        Self::of_file(bytes, stock, device).map_err(|error| refused(FILE, error))
    }

    fn of_file(bytes: &[u8], stock: &Stock, device: &Device) -> Result<Self, WeightsError> {
        let (catalogue, products) = (&stock.catalogue, &stock.products);
        let model = retriever::Retriever::load(bytes, catalogue, products, &stock.titles, device)?;
        model.config().as_shipped()?;
        let (encoded, index) = (Stage::default(), Stage::default());
        Ok(Self { model, is_learned: false, encoded, index })
    }

    /// Computes the vectors of all products and their index, before a request asks for them.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn lay_out(&mut self, stock: &Stock, settings: &Settings) -> Result<(), StageError> {
        let Self { model, index, .. } = self;
        laid_out(index, model, stock, settings).await.map(|_| ())
    }

    /// Features of newcomers as the model reads them.
    pub fn features_of(&self, stock: &Stock, products: &[ProductId]) -> Products {
        let titles = stock.words.means(stock.titles_of(products));
        let (features, catalogue) = (&stock.products, &stock.catalogue);
        Products::newcomers(features, catalogue, products, &titles, self.model.device())
    }

    /// The model itself.
    pub fn model(&self) -> &retriever::Retriever {
        &self.model
    }

    /// Puts query, shopper and history through all of the user-query tower but its last unit.
    pub fn encode(&mut self, asked: Asked<'_>) -> &Encoded {
        encoded(&mut self.encoded, &self.model, asked)
    }
}

/// What is made of query, shopper and history.
fn encoded<'a>(
    stage: &'a mut Stage<(Request, bool), Encoded>,
    model: &retriever::Retriever,
    Asked { stock, request, understood, settings }: Asked<'_>,
) -> &'a Encoded {
    let key = (request.only(READS), settings.is_on(&CATEGORY_FILTER));
    stage.get_or_insert(key, |(request, filter)| {
        let query = understood.features.clone();
        let features = SearchFeatures::new(&request.moment(), query, &stock.products, *filter);
        let rows = features.clone().renumbered(|product| stock.row(product));
        let output = model.encode(&[&rows], &stock.words);
        Encoded { features, rows, output }
    })
}

/// The index that settings search.
async fn laid_out<'a>(
    stage: &'a mut Stage<IndexKey, ExactIndex>,
    model: &mut retriever::Retriever,
    stock: &Stock,
    settings: &Settings,
) -> Result<&'a ExactIndex, StageError> {
    // Without copies the objectives' weights mix nothing.
    let mixes = model.has_differences();
    let weights = if mixes { weights(settings) } else { [1.0; OBJECTIVES.len()] };
    let key = (weights, precision(settings));
    let index = stage.get_or_try_insert(key, async |&(weights, precision)| {
        let logged = stock.catalogue.logged();
        let items = model.tuned(weights)?.items.clone().narrow(0, 0, logged);
        Ok(ExactIndex::new(items, &stock.prices_cents[..logged], precision).await?)
    });
    index.await
}

#[async_trait(?Send)]
impl Retrieves for Moppr {
    fn reads(&self, _: &Request) -> &'static [Part] {
        READS
    }

    /// It came with the first ranking.
    fn wants(&self, _: &Settings) -> Vec<String> {
        Vec::new()
    }

    /// The copies of the towers that are tuned to one objective each: without them the objectives'
    /// weights do nothing, and the mean of the copies serves.
    fn wants_behind(&self) -> Vec<String> {
        let is_whole = self.is_learned || self.model.has_differences();
        if is_whole { Vec::new() } else { copies().into() }
    }

    fn needs_behind(&self, settings: &Settings) -> bool {
        let [first, others @ ..] = weights(settings);
        !self.is_learned && others.iter().any(|&weight| weight != first)
    }

    fn read(
        &mut self,
        names: &[String],
        files: &[Vec<u8>],
        _: &Stock,
        _: &Device,
    ) -> Result<(), AssetError> {
        let copies = std::array::from_fn(|n| files.get(n).map_or(&[][..], Vec::as_slice));
        self.model.load_differences(copies).map_err(|error| damaged(&names[0], error))?;
        self.index.clear();
        Ok(())
    }

    fn words_changed(&mut self) {
        self.encoded.clear();
    }

    fn meet(&mut self, stock: &Stock) {
        let [rows, _] = self.model.items().dims();
        let news = stock.met.since(rows.saturating_sub(stock.catalogue.logged()));
        if !news.is_empty() {
            let newcomers = self.features_of(stock, news);
            self.model.meet(&newcomers);
        }
    }

    async fn score(&mut self, asked: Asked<'_>) -> Result<Scored, StageError> {
        let Asked { stock, request, understood, settings } = asked;
        let Self { model, encoded: stage, index, is_learned: _ } = self;
        let encoded = encoded(stage, model, asked);
        let query = model.tuned(weights(settings))?.user_query(&encoded.output);
        let query = searched_by(query, settings);
        let index = laid_out(index, model, stock, settings).await?;
        let mut read = Transaction::default()
            .register(index.scores(query))
            .register(encoded.output.personal_attention.clone());
        for attention in &encoded.output.behaviour_attention {
            read = read.register(attention.clone());
        }
        let mut read = Numbers::read(read).await?;
        let scores = read.take()?.into();
        // Personalised attention (equation 6).
        let mut attention = read.take()?;
        attention.truncate(understood.pieces.len());
        let mut behaviours = vec![None; request.history.events.len()];
        for window in &encoded.features.behaviours {
            for (behaviour, attention) in window.iter().zip(read.take()?) {
                behaviours[behaviour.position as usize] = Some(attention);
            }
        }
        let (attention, recent_searches, blocks) = (Some(attention), None, Vec::new());
        Ok(Scored { scores, behaviours, attention, recent_searches, blocks })
    }

    /// Without the query none was typed, without the behaviour there is none; without the profile it
    /// is the mean over the profiles of the shop's shoppers.
    async fn coalitions(
        &mut self,
        asked: Asked<'_>,
        product: ProductId,
    ) -> Result<Vec<f32>, StageError> {
        let Asked { stock, settings, .. } = asked;
        let all = self.encode(asked).rows.clone();
        let mut batch: Vec<SearchFeatures> = Vec::new();
        let mut sizes = Vec::new();
        for coalition in 0..1 << RETRIEVER.reads.len() {
            let mut features = all.clone();
            if coalition & 1 == 0 {
                features.query = Arc::default();
            }
            if coalition & 2 == 0 {
                features.behaviours = Default::default();
            }
            let before = batch.len();
            if coalition & 4 == 0 {
                let profiles = stock.shoppers.iter().map(|shopper| profile_ids(&shopper.profile));
                batch
                    .extend(profiles.map(|profile| SearchFeatures { profile, ..features.clone() }));
            } else {
                batch.push(features);
            }
            sizes.push(batch.len() - before);
        }
        let Self { model, index, .. } = self;
        let output = model.encode(&Vec::from_iter(&batch), &stock.words);
        let tuned = model.tuned(weights(settings))?;
        let queries = tuned.user_query(&output);
        let scores = match (product as usize) < stock.catalogue.logged() {
            true => {
                let queries = searched_by(queries, settings);
                let index = laid_out(index, model, stock, settings).await?;
                index.scores(queries).narrow(1, product as usize, 1)
            }
            false => {
                let item = tuned.items.clone().narrow(0, stock.row(product) as usize, 1);
                newcomer_scores(queries, item, stock, settings, product)
            }
        };
        let mut scores = numbers(scores.into_data_async().await?)?.into_iter();
        let mean = |size| scores.by_ref().take(size).sum::<f32>() / size as f32;
        Ok(sizes.into_iter().map(mean).collect())
    }

    async fn watch(
        &mut self,
        asked: Asked<'_>,
        product: ProductId,
        chance: f32,
    ) -> Result<Vec<Activity>, StageError> {
        let Asked { stock, request, understood, settings } = asked;
        let Self { model, encoded: stage, .. } = self;
        let Encoded { features, rows, output } = encoded(stage, model, asked);
        let Reads { profile, query, terms, among } = model.reads(rows, &stock.words);
        let row = |of: &Tensor<2>| of.clone().narrow(0, stock.row(product) as usize, 1);
        let e_i = row(model.items());
        let tuned = model.tuned(weights(settings))?;
        let (h_uq, h_i) = (tuned.user_query(output), row(&tuned.items));

        let pieces = || understood.pieces.iter().map(String::as_str);
        let mut watch = Watch::default();
        watch.matrix("pieces", Named::rows(pieces()), terms);
        watch.matrix("profile", Named::alone(), profile);
        watch.matrix("meaning", Named::alone(), query);
        let spans = SPANS.map(|span| Message::new(word!("machine.spans.{}", span)));
        let products = |window: &[Behaviour]| window.iter().map(|one| one.product).collect();
        for (span, window) in spans.iter().zip(&features.behaviours) {
            let history = &request.history;
            let time = |one: &Behaviour| history.events[one.position as usize].time;
            let days = window.iter().map(|one| days(history.now, time(one))).collect();
            watch.known_of("behaviour", span.clone(), products(window), days);
        }
        watch.matrix("product", Named::alone(), e_i);
        let attention = output.personal_attention.clone();
        let on_pieces = Named::rows([Message::new(word!("machine.attention"))]).columns(pieces());
        watch.matrix("query", on_pieces, attention);
        if let Some(among) = among {
            let pieces = Named::rows([Message::new(word!("machine.among"))]).columns(pieces());
            watch.among("query", pieces, among);
        }
        watch.matrix("query", Named::rows(["Q_o"]), output.query.clone());
        let windows = spans.into_iter().zip(&features.behaviours);
        for ((span, window), attention) in windows.zip(&output.behaviour_attention) {
            let named = Named::rows([span]).products(products(window));
            watch.matrix("history", named, attention.clone());
        }
        watch.matrix("history", Named::rows(["H_B"]), output.history.clone());
        watch.matrix("joined", Named::alone(), output.input.clone());
        watch.matrix("score", Named::alone(), (h_uq.clone() * h_i.clone()).sum_dim(1));
        watch.matrix("request", Named::alone(), h_uq);
        watch.matrix("item", Named::alone(), h_i);
        watch.known("chance", "", vec![chance]);
        watch.read().await
    }

    /// H_i of every product that a log tells of.
    async fn items(&mut self, stock: &Stock, settings: &Settings) -> Result<Vec<f32>, StageError> {
        let items = self.model.tuned(weights(settings))?.items.clone();
        let items = items.narrow(0, 0, stock.catalogue.logged());
        numbers(items.into_data_async().await?)
    }

    /// H_i of newcomers.
    async fn newcomers(
        &mut self,
        stock: &Stock,
        settings: &Settings,
        products: &[ProductId],
    ) -> Result<Vec<f32>, StageError> {
        let newcomers = self.features_of(stock, products);
        let vectors = self.model.vectors(&newcomers, weights(settings))?;
        numbers(vectors.into_data_async().await?)
    }

    /// H_uq.
    async fn query(&mut self, asked: Asked<'_>) -> Result<Vec<f32>, StageError> {
        let Self { model, encoded: stage, .. } = self;
        let encoded = encoded(stage, model, asked);
        let query = model.tuned(weights(asked.settings))?.user_query(&encoded.output);
        numbers(query.into_data_async().await?)
    }

    /// Those of equal objective weights.
    fn mapped_by(&self, settings: &Settings) -> Settings {
        let mut equal = settings.clone();
        for objective in RETRIEVER.objectives {
            equal.set(objective.weight, 1.0);
        }
        equal
    }
}
