//! A market with everything that MOPPR is trained and evaluated on, gathered once.

use std::ops::Range;
use std::path::PathBuf;

use crate::device::device;
use anyhow::Result;

use super::data::Data;
use super::evaluate::{LONG, Quality, evaluate, lexical, retrieve};
use super::samples::{Options, Sample};
use super::{Corpus, Settings, train};
use crate::checkpoint::Checkpoint;
use crate::people::People;
use crate::preset::Preset;
use crate::query_category;
use crate::survey::Survey;
use market::World;
use market::catalogue::ProductId;
use market::text::TokenVectors;
use nets::models::moppr::input::Products;
use nets::models::moppr::objectives::{OBJECTIVES, Objectives};
use nets::models::moppr::{Moppr, MopprConfig};
use nets::models::query_category::{QueryCategory, QueryCategoryConfig};
use nets::models::vocabulary::Vocabulary;
use nets::models::weights::{About, Weights};
use nets::nn::numbers::seeded;

/// What a seed's draws are turned by, so that base and copies do not see the same order.
const COPY: u64 = 1 << 32;

/// What each copy of the towers is tuned to, in the order of [`OBJECTIVES`]. Purchases are so few
/// that a copy tuned to them alone would learn the training days by heart.
const TUNED_TO: [[f32; OBJECTIVES.len()]; OBJECTIVES.len()] =
    [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.1, 0.1, 0.1, 1.0]];

/// The market and its page views.
pub struct Lab {
    /// The market.
    pub world: World,
    /// Word vectors.
    pub words: TokenVectors,
    /// The trained query-to-category predictor and its calibration.
    pub categories: (QueryCategory, QueryCategoryConfig),
    /// How well it predicts.
    pub category_quality: query_category::Quality,
    /// Sizes of the networks.
    pub preset: Preset,
    /// Folder in which unfinished training is kept, if it is.
    pub checkpoints: Option<PathBuf>,
    people: People,
    survey: Survey,
    /// Page views.
    pub data: Data,
    /// The catalogue as tensors.
    pub products: Products,
    /// Days on which each product is on sale.
    pub sale_days: Vec<Range<i32>>,
}

/// Told what is going on: what, how much of it is done, how much there is, and the loss.
pub type Watch<'a> = dyn FnMut(&str, usize, usize, f32) + 'a;

impl Lab {
    /// Lives through the market twice, and trains the category predictor in between.
    /// `shopper_done` is called twice for each shopper who is trained on and once for others, from
    /// several threads.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn new(
        world: World,
        words: TokenVectors,
        options: &Options,
        people: People,
        shopper_done: impl Fn() + Sync,
    ) -> Result<Self> {
        let survey = Survey::new(&world, &people, &shopper_done);
        let types = world.catalogue.product_types.len();
        let (network, config, category_quality) =
            query_category::train(&survey.clicks, &words, types, &Default::default())?;
        let predictor = query_category::predictor(&network, &config);
        let data =
            Data::gather(&world, &survey, &words, &predictor, options, &people, shopper_done)?;
        let titles = words.means(world.catalogue.titles());
        let products = Products::new(&data.products, &titles, &device());
        let categories = (network, config);
        Ok(Self {
            sale_days: world.catalogue.sale_days(),
            world,
            words,
            categories,
            category_quality,
            preset: Preset::default(),
            checkpoints: None,
            people,
            survey,
            data,
            products,
        })
    }

    /// Gathers the page views again, with other options.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn gather(&mut self, options: &Options, shopper_done: impl Fn() + Sync) -> Result<()> {
        let predictor = query_category::predictor(&self.categories.0, &self.categories.1);
        let Self { world, survey, words, people, .. } = self;
        self.data = Data::gather(world, survey, words, &predictor, options, people, shopper_done)?;
        Ok(())
    }

    /// Sizes of the model.
    pub fn config(&self) -> MopprConfig {
        let sizes = [MopprConfig::playground, MopprConfig::paper];
        let [playground, paper] = sizes.map(|of| of(Vocabulary::of(&self.world.catalogue)));
        self.preset.of(playground, paper)
    }

    /// Where weights that are trained here come from.
    ///
    /// # Errors
    /// None; the configuration is plain data.
    pub fn about(&self, model: &str, command: &str) -> Result<About> {
        Ok(About::new(model, self.world.config.seed, command, &self.config())?)
    }

    /// A model with random weights.
    pub fn fresh(&self, seed: u64) -> Moppr {
        let device = device();
        seeded(&device, seed, || self.config().init(&device))
    }

    /// What is trained on, with these page views.
    pub fn corpus<'a>(&'a self, views: &'a [Sample]) -> Corpus<'a> {
        let types = &self.data.products.product_type;
        let Self { products, words, sale_days, .. } = self;
        Corpus { views, products, types, sale_days, words }
    }

    /// Trains a model further; see [`train`]. Goes on where an earlier run of the same name and
    /// settings stopped, if there is a folder for checkpoints.
    ///
    /// # Errors
    /// As [`train`].
    pub fn train(
        &self,
        name: &str,
        model: Moppr,
        settings: &Settings,
        watch: &mut Watch,
    ) -> Result<Moppr> {
        let views = self.data.training.len();
        let about = self.about("moppr", &format!("{name} on {views} views: {settings:?}"))?;
        let folder = self.checkpoints.as_ref().map(|folder| Checkpoint::new(folder.join(name)));
        let checkpoint = folder.as_ref().map(|folder| (folder, &about));
        let watch = |step, steps, loss| watch(name, step, steps, loss);
        train(model, self.corpus(&self.data.training), settings, checkpoint, watch)
    }

    /// Trains a model on all objectives, from random weights.
    ///
    /// # Errors
    /// As [`train`].
    pub fn base(&self, name: &str, settings: &Settings, watch: &mut Watch) -> Result<Moppr> {
        self.train(name, self.fresh(settings.seed), settings, watch)
    }

    /// Tunes the towers of a model to these objective weights.
    ///
    /// # Errors
    /// As [`train`].
    pub fn tune(
        &self,
        name: &str,
        base: &Moppr,
        objectives: [f32; OBJECTIVES.len()],
        settings: &Settings,
        watch: &mut Watch,
    ) -> Result<Moppr> {
        let seed = settings.seed ^ COPY;
        let settings = Settings { objectives, towers_only: true, seed, ..settings.clone() };
        self.train(name, base.clone(), &settings, watch)
    }

    /// Tunes a copy of the towers to each objective, and averages them.
    ///
    /// # Errors
    /// As [`train`].
    pub fn copies(
        &self,
        base: &Moppr,
        settings: &Settings,
        watch: &mut Watch,
    ) -> Result<Objectives> {
        let mut copies = Vec::with_capacity(OBJECTIVES.len());
        for (name, weights) in OBJECTIVES.iter().zip(TUNED_TO) {
            let copy = self.tune(name, base, weights, settings, watch)?;
            copies.push(Weights::of(&copy.towers, self.about("moppr", "")?)?);
        }
        let copies: [Weights; 4] = copies.try_into().expect("one for each objective");
        Ok(Objectives::of_copies(&copies)?)
    }

    /// A model with the towers of these objective weights.
    ///
    /// # Errors
    /// Where the parts are not of one structure.
    pub fn mixed(
        &self,
        base: &Moppr,
        objectives: &Objectives,
        sliders: [f32; OBJECTIVES.len()],
    ) -> Result<Moppr> {
        let mut model = base.clone();
        model.towers = objectives.at(sliders)?.apply(model.towers)?;
        Ok(model)
    }

    /// The `count` products that a model retrieves for each search of the held-out day, best first.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn retrieve(&self, model: &Moppr, count: usize) -> Result<Vec<Vec<ProductId>>> {
        retrieve(model, self.corpus(&self.data.test), count)
    }

    /// How well a model does on the held-out day.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn evaluate(&self, model: &Moppr) -> Result<Quality> {
        let views = &self.data.test;
        let retrieved = self.retrieve(model, LONG)?;
        Ok(evaluate(views, &retrieved, &self.data.queries, &self.world))
    }

    /// How well BM25 over titles does on the held-out day.
    pub fn evaluate_lexical(&self) -> Quality {
        let (views, queries): (&[Sample], _) = (&self.data.test, &self.data.queries);
        evaluate(views, &lexical(views, queries, &self.world), queries, &self.world)
    }
}
