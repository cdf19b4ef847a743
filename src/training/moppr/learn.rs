//! MOPPR as it learns in the tab: its towers, on objectives that weigh what the sliders say.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use anyhow::Result;

use super::data::Gathering;
use super::look::{Held, look, retrieved};
use super::samples::{Options, Sample};
use super::{Corpus, Lesson, Settings};
use crate::descent::Stepwise;
use crate::device::device;
use crate::learning::{
    Asked, Gathered, Gathers, Ground, Kept, Learns, Looked, Seen, Steps, file_of, looked, read,
    steps, unseen,
};
use crate::slices::Sliced;
use engine::pipeline::assets::{AssetError, refused};
use market::catalogue::ProductId;
use nets::models::moppr::input::Products;
use nets::models::moppr::objectives::{OBJECTIVES, Objectives, proportions};
use nets::models::moppr::retriever::{DIFFERENCE, FILE, MODEL, copies};
use nets::models::moppr::{Moppr as Network, MopprConfig};
use nets::models::vocabulary::Vocabulary;
use nets::models::weights::{Weights, WeightsError};
use nets::nn::numbers::{numbered, seeded};
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
    fn add(&mut self, shopper: u32) -> Result<()> {
        self.gathering.add(shopper, false)
    }

    fn all(self: Box<Self>) -> Result<Box<dyn Gathered + 'a>> {
        let Self { ground, mut gathering } = *self;
        let stock = ground.stock;
        Ok(Box::new(All {
            products: Products::new(&stock.products, &stock.titles, &device()),
            sale_days: ground.world.catalogue.sale_days(),
            ground,
            training: std::mem::take(&mut gathering.training),
            gathering: RefCell::new(gathering),
            held: OnceCell::new(),
        }))
    }
}

/// The first of these page views that are searches.
fn searches(views: &[Sample], count: usize) -> Vec<Sample> {
    views.iter().filter(|view| view.query.is_some()).take(count).cloned().collect()
}

/// Page views of everyone.
struct All<'a> {
    ground: Ground<'a>,
    training: Vec<Sample>,
    /// What gathers those held out.
    gathering: RefCell<Gathering<'a>>,
    /// What a model is measured on, once those held out are there.
    held: OnceCell<Held<'a>>,
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
        let file = |number| file_of(files, number);
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

    /// What is seen of a model; `shipped` is what what ships retrieves for each search that is held out, once
    /// it was asked: the towers beside it.
    async fn look(
        &self,
        model: &Network,
        settings: &Settings,
        (towers, shipped): (&Network, &OnceCell<Vec<Vec<ProductId>>>),
    ) -> Result<Seen> {
        let Some(held) = self.held.get() else { return Ok(Seen::default()) };
        let (learned, tested) = (self.corpus(&held.learned), self.corpus(&held.tested));
        if shipped.get().is_none() {
            let found = retrieved(towers, tested, settings).await?;
            shipped.get_or_init(|| found);
        }
        let shipped = shipped.get().map_or(&[][..], Vec::as_slice);
        Ok(look(model, [learned, tested], held, settings, shipped).await?.0)
    }
}

impl Gathered for All<'_> {
    fn learned(&self) -> usize {
        self.training.len()
    }

    fn held_out(&self) -> Option<usize> {
        self.held.get().map(|held| held.tested.len())
    }

    fn test(&self, shopper: u32) -> Result<()> {
        self.gathering.borrow_mut().add(shopper, true)
    }

    fn all_tested(&self) -> Result<()> {
        self.held.get_or_init(|| {
            let gathering = &mut *self.gathering.borrow_mut();
            Held {
                learned: searches(&self.training, LEARNED),
                tested: searches(&std::mem::take(&mut gathering.test), HELD),
                queries: std::mem::take(&mut gathering.queries),
                world: self.ground.world,
            }
        });
        Ok(())
    }

    fn begin<'b>(
        &'b self,
        asked: Asked<'_>,
        files: &[Vec<u8>],
    ) -> Result<Box<dyn Steps<'b> + 'b>, AssetError> {
        let settings = settings_of(asked);
        let (shipped_config, mean, towers) = self.shipped_model(asked, files)?;
        let (config, model) = match asked.chosen.get(&SHIPPED) > 0.0 {
            true => (shipped_config, numbered(mean)),
            false => {
                let config = MopprConfig::playground(Vocabulary::of(&self.ground.stock.catalogue));
                let device = device();
                let model = seeded(&device, settings.seed, || config.init(&device));
                (config, model)
            }
        };
        let lesson = Lesson::new(self.corpus(&self.training), &model, &settings);
        let learner = lesson.learner(model);
        let kept = Kept::new(Stepwise::new(lesson, learner));
        let shipped = Rc::new(OnceCell::new());
        Ok(Box::new(Underway { all: self, config, settings, towers, shipped, kept }))
    }

    fn shipped<'b>(
        &'b self,
        asked: Asked<'b>,
        files: &'b [Vec<u8>],
    ) -> Sliced<'b, Result<Seen, AssetError>> {
        Box::pin(async move {
            let (_, _, towers) = self.shipped_model(asked, files)?;
            let (settings, shipped) = (settings_of(asked), OnceCell::new());
            let seen = self.look(&towers, &settings, (&towers, &shipped)).await;
            seen.map_err(unseen(FILE))
        })
    }

    /// How far it agrees with what ships is not measured: that is in other files.
    fn measured<'b>(
        &'b self,
        asked: Asked<'b>,
        file: Vec<u8>,
    ) -> Sliced<'b, Result<Seen, AssetError>> {
        Box::pin(async move {
            let (_, model) = read(FILE, &file, MODEL, |config: &MopprConfig| {
                config.as_shipped()?;
                Ok(config.init(&device()))
            })?;
            let (settings, own) = (settings_of(asked), OnceCell::new());
            let seen = self.look(&model, &settings, (&model, &own)).await;
            let mut seen = seen.map_err(unseen(FILE))?;
            seen.measures.retain(|measured| measured.key != "agreement");
            Ok(seen)
        })
    }
}

#[derive(Clone)]
struct Underway<'b, 'a> {
    all: &'b All<'a>,
    config: MopprConfig,
    settings: Settings,
    /// What ships, as the sliders mix it.
    towers: Network,
    /// The first products of that for each search that is held out, once it was asked.
    shipped: Rc<OnceCell<Vec<Vec<ProductId>>>>,
    kept: Kept<Lesson<'b>>,
}

impl<'b> Steps<'b> for Underway<'b, '_> {
    steps!('b);

    fn look<'c>(&'c self, command: &'c str) -> Sliced<'c, Result<Looked>> {
        Box::pin(async move {
            let (model, seed) = (self.kept.now().model(), self.all.ground.stock.catalogue.seed);
            let shipped = (&self.towers, &*self.shipped);
            let seen = self.all.look(&model, &self.settings, shipped);
            looked(&model, (MODEL, &self.config), (seed, command), seen).await
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
