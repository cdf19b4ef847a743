//! MOPPR as it learns in the tab: its towers, on objectives that weigh what the sliders say.

use anyhow::Result;

use super::data::Gathering;
use super::look::{Held, look};
use super::samples::{Options, Sample};
use super::{Corpus, Lesson, Settings};
use crate::descent::Stepwise;
use crate::device::device;
use crate::learning::{
    Asked, Gathered, Gathers, Ground, Kept, Learns, Looked, Seen, Steps, read, steps, weights_of,
};
use crate::slices::{Sliced, whole};
use engine::pipeline::assets::{AssetError, refused};
use market::catalogue::ProductId;
use nets::models::moppr::input::Products;
use nets::models::moppr::objectives::{OBJECTIVES, Objectives, proportions};
use nets::models::moppr::retriever::{DIFFERENCE, FILE, MODEL, copies};
use nets::models::moppr::{Moppr as Network, MopprConfig};
use nets::models::vocabulary::Vocabulary;
use nets::models::weights::{Weights, WeightsError};
use nets::nn::numbers::numbered;
use systems::learning::{BATCH, EPOCHS, Learning, Optimiser, RATE, SEED, SHIPPED, Setting};
use systems::moppr::{LEARNING, NEGATIVES, PARTS_TRAINED, TAU, weights};

/// Searches that it learns from and that it is measured on, too.
const LEARNED: usize = 200;
/// Searches of those held out that it is measured on.
const HELD: usize = 400;

/// MOPPR.
pub struct Moppr;

impl Learns for Moppr {
    fn learning(&self) -> &'static Learning {
        &LEARNING
    }

    fn gathers<'a>(&self, ground: Ground<'a>) -> Result<Box<dyn Gathers<'a> + 'a>> {
        let Ground { stock, world, predictor } = ground;
        let reads = (&stock.words, predictor, &stock.frequency);
        let gathering = Gathering::new(world, &stock.products, reads, Options::playground())?;
        Ok(Box::new(Searches { ground, gathering }))
    }

    fn file(&self, _: Asked<'_>) -> String {
        FILE.into()
    }

    /// What ships, at any setting of the sliders: what was learned is held against it.
    fn needs(&self, asked: Asked<'_>) -> Vec<String> {
        self.compared(asked)
    }

    fn compared(&self, _: Asked<'_>) -> Vec<String> {
        [FILE.into()].into_iter().chain(copies()).collect()
    }

    fn looks_by(&self) -> Vec<&'static Setting> {
        vec![&TAU]
    }
}

struct Searches<'a> {
    ground: Ground<'a>,
    gathering: Gathering<'a>,
}

impl<'a> Gathers<'a> for Searches<'a> {
    fn add(&mut self, shopper: u32, tested: bool) -> Result<()> {
        self.gathering.add(shopper, tested)
    }

    fn all(self: Box<Self>) -> Result<Box<dyn Gathered + 'a>> {
        let Self { ground, gathering } = *self;
        let Gathering { training, test, queries, .. } = gathering;
        let stock = ground.stock;
        let device = device();
        let of = |views: &[Sample], count| -> Vec<Sample> {
            views.iter().filter(|view| view.query.is_some()).take(count).cloned().collect()
        };
        Ok(Box::new(All {
            held: Held {
                learned: of(&training, LEARNED),
                tested: of(&test, HELD),
                queries,
                world: ground.world,
            },
            products: Products::new(&stock.products, &stock.titles, &device),
            sale_days: ground.world.catalogue.sale_days(),
            ground,
            training,
        }))
    }
}

/// Page views of everyone.
struct All<'a> {
    ground: Ground<'a>,
    training: Vec<Sample>,
    held: Held<'a>,
    products: Products,
    sale_days: Vec<std::ops::Range<i32>>,
}

impl All<'_> {
    fn corpus<'b>(&'b self, views: &'b [Sample]) -> Corpus<'b> {
        Corpus {
            views,
            products: &self.products,
            types: &self.ground.stock.products.product_type,
            sale_days: &self.sale_days,
            words: &self.ground.stock.words,
        }
    }

    /// What ships: its settings, its mean, and the towers that the sliders mix of the copies.
    fn shipped_model(
        &self,
        asked: Asked<'_>,
        files: &[Vec<u8>],
    ) -> Result<(MopprConfig, Network, Network), AssetError> {
        let device = device();
        let file = |number: usize| files.get(number).map_or(&[][..], Vec::as_slice);
        let init = |config: &MopprConfig| Ok(config.init(&device));
        let (config, mean) = read(FILE, file(0), MODEL, init)?;
        let mix = || {
            let mut objectives =
                Objectives::new(Weights::from_bytes(file(0), MODEL)?.part("towers"));
            let copy = |number: usize| {
                let of = format!("{DIFFERENCE}{}", OBJECTIVES[number]);
                Weights::from_bytes(file(number + 1), &of)
            };
            objectives.set_differences([copy(0)?, copy(1)?, copy(2)?, copy(3)?])?;
            let towers = objectives.at(weights(asked.settings))?;
            Ok(Network { towers: towers.apply(mean.towers.clone())?, ..mean.clone() })
        };
        let mixed = mix().map_err(|error: WeightsError| refused(FILE, error))?;
        Ok((config, mean, mixed))
    }

    async fn look(
        &self,
        model: &Network,
        settings: &Settings,
        shipped: &[Vec<ProductId>],
    ) -> Result<Seen> {
        let learned = self.corpus(&self.held.learned);
        let tested = self.corpus(&self.held.tested);
        Ok(look(model, [learned, tested], &self.held, settings, shipped).await?.0)
    }
}

impl Gathered for All<'_> {
    fn counts(&self) -> [usize; 2] {
        [self.training.len(), self.held.tested.len()]
    }

    fn begin<'b>(
        &'b self,
        asked: Asked<'_>,
        files: &[Vec<u8>],
    ) -> Result<Box<dyn Steps + 'b>, AssetError> {
        let settings = settings_of(asked);
        let (shipped_config, mean, mixed) = self.shipped_model(asked, files)?;
        let tested = self.corpus(&self.held.tested);
        let retrieved = whole(super::look::retrieved(&mixed, tested, &settings))
            .map_err(|error| refused(FILE, WeightsError::Damaged(error.to_string())))?;
        let (config, model) = match asked.chosen.get(&SHIPPED) > 0.0 {
            true => (shipped_config, numbered(mean)),
            false => {
                let config = MopprConfig::playground(Vocabulary::of(&self.ground.stock.catalogue));
                let device = device();
                device.seed(settings.seed);
                let model = numbered(config.init(&device));
                (config, model)
            }
        };
        let lesson = Lesson::new(self.corpus(&self.training), &model, &settings);
        let learner = lesson.learner(model);
        let kept = Kept::new(Stepwise::new(lesson, learner));
        Ok(Box::new(Underway { all: self, config, settings, shipped: retrieved, kept }))
    }

    fn shipped<'b>(
        &'b self,
        asked: Asked<'b>,
        files: &'b [Vec<u8>],
    ) -> Sliced<'b, Result<Seen, AssetError>> {
        Box::pin(async move {
            let (_, _, mixed) = self.shipped_model(asked, files)?;
            let damaged =
                |error: anyhow::Error| refused(FILE, WeightsError::Damaged(error.to_string()));
            let settings = settings_of(asked);
            let tested = self.corpus(&self.held.tested);
            let own = super::look::retrieved(&mixed, tested, &settings).await.map_err(damaged)?;
            self.look(&mixed, &settings, &own).await.map_err(damaged)
        })
    }
}

struct Underway<'a> {
    all: &'a All<'a>,
    config: MopprConfig,
    settings: Settings,
    /// The first products of what ships for each search that is held out.
    shipped: Vec<Vec<ProductId>>,
    kept: Kept<Lesson<'a>>,
}

impl Steps for Underway<'_> {
    steps!();

    fn look<'b>(&'b self, command: &'b str) -> Sliced<'b, Result<Looked>> {
        Box::pin(async move {
            let (model, seed) = (self.kept.now().model(), self.all.ground.stock.catalogue.seed);
            let weights = weights_of(&model, (MODEL, &self.config), seed, command)?;
            let seen = self.all.look(&model, &self.settings, &self.shipped).await?;
            Ok(Looked { weights, seen })
        })
    }
}

/// How a training of these settings goes. Equal sliders weigh each objective once, as the command line
/// does.
pub fn settings_of(Asked { settings, chosen }: Asked<'_>) -> Settings {
    let objectives = proportions(weights(settings)).map(|share| share * OBJECTIVES.len() as f32);
    Settings {
        epochs: chosen.count(&EPOCHS),
        batch: chosen.count(&BATCH),
        negatives: chosen.count(&NEGATIVES),
        optimiser: Optimiser::of(chosen),
        rate: chosen.exact(&RATE),
        temperature: chosen.get(&TAU),
        objectives,
        towers_only: chosen.get(&PARTS_TRAINED) > 0.0,
        seed: chosen.get(&SEED) as u64,
        ..Settings::default()
    }
}
