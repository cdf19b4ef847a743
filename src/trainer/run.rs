//! A run: what it learns from, its steps, and what is seen of the model on the way.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use burn::tensor::Device;

use engine::pipeline::assets::{AssetError, AssetSource, Manifest, damaged, refused};
use engine::pipeline::stock::{CATALOGUE, MORE_WORD_VECTORS, Stock};
use link::State;
use link::recipe::{self, Recipe};
use market::features::dense;
use market::{MarketConfig, World};
use nets::models::dmt::DmtConfig;
use nets::models::dmt::ranker::{MODEL, Ranker, file_name};
use nets::models::query_category::{CategoryPredictor, MODEL as QUERY_CATEGORY};
use nets::models::vocabulary::Vocabulary;
use nets::models::weights::{About, Precision, Weights};
use protocol::Notice;
use protocol::learn::{Begun, Look};
use systems::dmt::{BiasFeatures, MultiTask};
use training::dmt::Settings;
use training::dmt::Stepwise;
use training::dmt::data::{Data, Gathering, Pages};
use training::dmt::evaluate::{Metrics, utilities};
use training::dmt::look::Look as Seen;
use training::dmt::samples::Samples;

/// Shoppers, none of them learned from, whose last day a model is tested on.
pub const HELD_OUT: u32 = 400;
/// Page views that it learns from and that it is measured on, too.
const LEARNED: usize = 600;
/// Looks at a run, about so many.
const LOOKS: u32 = 40;
/// Fewest steps between two of them.
const APART: u32 = 10;

/// What every run reads: the shop as its engine knows it, and the people who come to it.
pub struct Ground {
    stock: Stock,
    world: World,
    predictor: CategoryPredictor,
    manifest: Manifest,
}

impl Ground {
    /// Fetches the shop's files and makes its market again.
    ///
    /// # Errors
    /// Where a file is missing or damaged, or of another market than the one that is made here.
    pub async fn fetch(source: &impl AssetSource) -> Result<Self, AssetError> {
        let manifest = Manifest::fetch(source).await?;
        let mut stock = Stock::fetch(&manifest, source, |_| ()).await?;
        let more = manifest.file(source, MORE_WORD_VECTORS).await?;
        stock.words.extend(&more).map_err(|error| damaged(MORE_WORD_VECTORS, error))?;
        let name = format!("{QUERY_CATEGORY}.safetensors");
        let file = manifest.file(source, &name).await?;
        let types = stock.catalogue.product_types.len();
        let predictor = CategoryPredictor::load(&file, types, &Device::flex())
            .map_err(|error| refused(&name, error))?;
        let world = World::generate(&MarketConfig {
            seed: stock.catalogue.seed,
            ..MarketConfig::default()
        });
        if world.catalogue != stock.catalogue {
            return Err(damaged(CATALOGUE, "another market comes of its seed"));
        }
        Ok(Self { stock, world, predictor, manifest })
    }

    /// Page views of nobody yet.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn gathering(&self) -> Result<Gathering<'_>, Notice> {
        let reads = (&self.stock.words, &self.predictor);
        Gathering::new(&self.world, &self.stock.dense, reads, Pages::PLAYGROUND).map_err(failed)
    }

    /// AUC of each task over the held-out page views, with the weights that ship for the variant that a
    /// state chooses; none where no such file ships.
    ///
    /// # Errors
    /// Where it cannot be fetched or read.
    pub async fn shipped(
        &self,
        state: &State,
        data: &Data,
        source: &impl AssetSource,
    ) -> Result<Option<Vec<f32>>, AssetError> {
        let name = file_of(state);
        if !self.manifest.files.contains_key(&name) {
            return Ok(None);
        }
        let file = self.manifest.file(source, &name).await?;
        let catalogue = &self.stock.catalogue;
        let ranker = Ranker::load(&file, catalogue, &Device::flex());
        let ranker = ranker.map_err(|error| refused(&name, error))?;
        let utilities = utilities(ranker.model(), &data.test, catalogue);
        let tasks = Metrics::of(&data.test, &utilities).tasks;
        Ok(Some(tasks.iter().map(|task| task.auc as f32).collect()))
    }

    /// Who is learned from, and who is tested on: each with whether it is the latter.
    pub fn people(&self, recipe: &Recipe) -> impl Iterator<Item = (u32, bool)> {
        let learned = 0..recipe.get(&recipe::SHOPPERS) as u32;
        let tested = self.world.fresh_shoppers(HELD_OUT);
        learned.map(|shopper| (shopper, false)).chain(tested.map(|shopper| (shopper, true)))
    }
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stepped {
    /// The loss from before it.
    Loss(f32),
    /// After so many steps the loss was no number any more; the run went back to the last look.
    Broke(u32),
    /// There is none left.
    Over,
}

/// A training that is under way.
pub struct Run {
    number: u64,
    recipe: Recipe,
    config: DmtConfig,
    stepwise: Stepwise,
    learned: Samples,
    /// Where it goes back to.
    kept: Stepwise,
}

impl Run {
    /// Before the first step.
    ///
    /// # Errors
    /// Where it begins with weights that cannot be had.
    pub async fn new(
        number: u64,
        (state, recipe): (&State, &Recipe),
        ground: &Ground,
        data: &Data,
        source: &impl AssetSource,
    ) -> Result<Self, Notice> {
        let settings = settings_of(recipe);
        Self::with_settings(number, (state, recipe, settings), ground, data, source).await
    }

    /// The same with settings that no recipe has.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub async fn with_settings(
        number: u64,
        (state, recipe, settings): (&State, &Recipe, Settings),
        ground: &Ground,
        data: &Data,
        source: &impl AssetSource,
    ) -> Result<Self, Notice> {
        let mut config = DmtConfig {
            multi_task: MultiTask::of(&state.settings),
            bias: BiasFeatures::of(&state.settings),
            experts: recipe.get(&recipe::EXPERTS) as usize,
            ..DmtConfig::playground(Vocabulary::of(&ground.stock.catalogue), dense::COUNT)
        };
        let name = file_of(state);
        let said = |error: AssetError| Notice { key: "training".into(), says: error.said() };
        let stepwise = if recipe.get(&recipe::SHIPPED) > 0.0 {
            let file = ground.manifest.file(source, &name).await.map_err(said)?;
            let weights = Weights::from_bytes(&file, MODEL).map_err(|e| said(refused(&name, e)))?;
            config = weights.config().map_err(|e| said(refused(&name, e)))?;
            Stepwise::from(&config, &weights, &data.training, &settings)
                .map_err(|e| said(refused(&name, e)))?
        } else {
            Stepwise::new(&config, &data.training, &settings)
        };
        Ok(Self {
            number,
            recipe: recipe.clone(),
            config,
            kept: stepwise.clone(),
            stepwise,
            learned: data.training.head(LEARNED),
        })
    }

    /// What there is before the first step; `shipped` as [`Ground::shipped`] has it.
    pub fn begun(&self, data: &Data, shipped: Vec<f32>) -> Begun {
        Begun {
            run: self.number,
            views: data.training.len() as u32,
            held_out: data.test.len() as u32,
            steps: self.steps(),
            file: file_name(self.config.multi_task, self.config.bias),
            shipped,
        }
    }

    /// Steps that were made.
    pub fn step_number(&self) -> u32 {
        self.stepwise.at().step as u32
    }

    /// Steps that there are in all.
    pub fn steps(&self) -> u32 {
        self.stepwise.at().steps as u32
    }

    /// Page views of a step.
    pub fn batch(&self) -> usize {
        self.recipe.get(&recipe::BATCH) as usize
    }

    /// Makes a step.
    pub fn step(mut self, ground: &Ground, data: &Data) -> (Self, Stepped) {
        let at = self.step_number();
        let loss;
        (self.stepwise, loss) = self.stepwise.step(&data.training, &ground.stock.catalogue);
        match loss {
            Some(loss) if loss.is_finite() => (self, Stepped::Loss(loss)),
            Some(_) => {
                self.go_back();
                (self, Stepped::Broke(at))
            }
            None => (self, Stepped::Over),
        }
    }

    /// Whether the model is looked at after the steps that were made.
    pub fn is_looked_at(&self) -> bool {
        let (step, steps) = (self.step_number(), self.steps());
        let apart = (steps / LOOKS).max(APART);
        // The first steps change most.
        step.is_multiple_of(apart) || step == steps || (step < apart && step.is_power_of_two())
    }

    /// Goes back to the last look.
    pub fn go_back(&mut self) {
        self.stepwise = self.kept.clone();
    }

    /// Looks at the model, and keeps the point.
    ///
    /// # Errors
    /// Where its weights are no numbers; the run went back to the look before.
    pub fn look(&mut self, ground: &Ground, data: &Data) -> Result<Look, Notice> {
        let seen = self.seen(ground, data);
        match seen {
            Ok(_) => self.kept = self.stepwise.clone(),
            Err(_) => self.go_back(),
        }
        seen
    }

    fn seen(&self, ground: &Ground, data: &Data) -> Result<Look, Notice> {
        let catalogue = &ground.stock.catalogue;
        let model = self.stepwise.model(&data.training, catalogue);
        let command = format!("learned in a tab: {}", self.recipe.write());
        let about = About::new(MODEL, catalogue.seed, command, &self.config).map_err(failed)?;
        let weights = Weights::of(&model, about).map_err(failed)?;
        let weights = weights.to_bytes(Precision::Int8).map_err(failed)?;
        let ranker = Ranker::new(self.config.clone(), model, &Device::flex());
        let seen = Seen::at(&ranker, &self.learned, &data.test, catalogue);
        let numbers = |numbers: &[f64]| numbers.iter().map(|&number| number as f32).collect();
        let held_out = seen.held_out.tasks.map(|task| task.auc);
        Ok(Look {
            run: self.number,
            step: self.step_number(),
            training: numbers(&seen.training),
            held_out: numbers(&held_out),
            truth: seen.held_out.attraction_auc as f32,
            gates: seen.gates.iter().map(|task| numbers(task)).collect(),
            learned: seen.held_out.bias.learned,
            examination: seen.held_out.bias.truth,
            weights: STANDARD.encode(weights),
        })
    }
}

/// Name of the file that weights of the variant that a state chooses lie in.
pub fn file_of(state: &State) -> String {
    file_name(MultiTask::of(&state.settings), BiasFeatures::of(&state.settings))
}

/// How a recipe trains.
pub fn settings_of(recipe: &Recipe) -> Settings {
    Settings {
        epochs: recipe.get(&recipe::EPOCHS) as usize,
        batch: recipe.get(&recipe::BATCH) as usize,
        // The number that is meant, and not the nearest of single precision.
        rate: recipe.get(&recipe::RATE).to_string().parse().unwrap_or(2e-3),
        lambda: [1.0, recipe.get(&recipe::LAMBDA)],
        balance: recipe.get(&recipe::BALANCE),
        dense: true,
        seed: recipe.get(&recipe::SEED) as u64,
    }
}

fn failed(error: impl ToString) -> Notice {
    Notice::new(word!("notices.device-failed")).with("why", error.to_string())
}
