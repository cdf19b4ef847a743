//! DMT as it learns in the tab: the variant that the knobs choose.

use std::cell::{OnceCell, RefCell};

use anyhow::Result;
use burn::tensor::Device;

use super::data::{Gathering, Pages};
use super::look::Look;
use super::samples::Samples;
use super::{Lesson, Settings};
use crate::descent::{Learner, Stepwise};
use crate::learning::{
    Asked, Gathered, Gathers, Ground, Kept, Learns, Looked, Seen, Steps, file_of, looked, read,
    steps,
};
use crate::optimiser::{ACCUMULATOR, optimiser};
use crate::slices::Sliced;
use engine::pipeline::assets::AssetError;
use market::catalogue::Catalogue;
use market::features::dense;
use nets::models::dmt::ranker::{MODEL, Ranker, file_name};
use nets::models::dmt::{Dmt as Network, DmtConfig};
use nets::models::vocabulary::Vocabulary;
use systems::dmt::{BiasFeatures, CARTS, CLICKS, LEARNING, MultiTask, ORDERS};
use systems::learning::{
    BALANCE, BATCH, Chosen, DROPOUT, EPOCHS, EXPERTS, LAMBDA, Learning, NOISE, Optimiser, RATE,
    SEED, SHIPPED,
};

/// Page views that it learns from and that it is measured on, too.
const LEARNED: usize = 600;

/// DMT.
pub struct Dmt;

impl Learns for Dmt {
    fn learning(&self) -> &'static Learning {
        &LEARNING
    }

    fn gathers<'a>(&self, ground: Ground<'a>) -> Result<Box<dyn Gathers<'a> + 'a>> {
        let Ground { stock, world, predictor } = ground;
        let reads = (&stock.words, predictor);
        let gathering = Gathering::new(world, &stock.dense, reads, Pages::PLAYGROUND)?;
        Ok(Box::new(Pageviews { catalogue: &stock.catalogue, gathering }))
    }

    fn file(&self, Asked { settings, .. }: Asked<'_>) -> String {
        file_name(MultiTask::of(settings), BiasFeatures::of(settings))
    }

    fn needs(&self, asked: Asked<'_>) -> Vec<String> {
        let shipped = asked.chosen.get(&SHIPPED) > 0.0;
        shipped.then(|| self.file(asked)).into_iter().collect()
    }
}

struct Pageviews<'a> {
    catalogue: &'a Catalogue,
    gathering: Gathering<'a>,
}

impl<'a> Gathers<'a> for Pageviews<'a> {
    fn add(&mut self, shopper: u32) -> Result<()> {
        self.gathering.add(shopper, false)
    }

    fn all(self: Box<Self>) -> Result<Box<dyn Gathered + 'a>> {
        let Self { catalogue, mut gathering } = *self;
        let training = std::mem::take(&mut gathering.data.training);
        Ok(Box::new(All {
            catalogue,
            learned: training.head(LEARNED),
            training,
            gathering: RefCell::new(gathering),
            held_out: OnceCell::new(),
        }))
    }
}

/// Page views of everyone.
struct All<'a> {
    catalogue: &'a Catalogue,
    training: Samples,
    /// Of those that are learned from the first.
    learned: Samples,
    /// What gathers those held out.
    gathering: RefCell<Gathering<'a>>,
    /// Those held out, once all of them are there.
    held_out: OnceCell<Samples>,
}

impl All<'_> {
    async fn look(&self, config: &DmtConfig, model: Network) -> Seen {
        let Some(held_out) = self.held_out.get() else { return Seen::default() };
        let ranker = Ranker::new(config.clone(), model, &Device::flex());
        Look::at(&ranker, &self.learned, held_out, self.catalogue).await.seen()
    }
}

impl Gathered for All<'_> {
    fn learned(&self) -> usize {
        self.training.len()
    }

    fn held_out(&self) -> Option<usize> {
        self.held_out.get().map(Samples::len)
    }

    fn test(&self, shopper: u32) -> Result<()> {
        self.gathering.borrow_mut().add(shopper, true)
    }

    fn all_tested(&self) -> Result<()> {
        let take = || std::mem::take(&mut self.gathering.borrow_mut().data.test);
        self.held_out.get_or_init(take);
        Ok(())
    }

    fn begin<'b>(
        &'b self,
        asked: Asked<'_>,
        files: &[Vec<u8>],
    ) -> Result<Box<dyn Steps<'b> + 'b>, AssetError> {
        let left_out = [&CLICKS, &CARTS, &ORDERS].map(|read| asked.chosen.get(read) > 0.0);
        let mut config = DmtConfig {
            left_out,
            multi_task: MultiTask::of(asked.settings),
            bias: BiasFeatures::of(asked.settings),
            experts: asked.chosen.count(&EXPERTS),
            ..DmtConfig::playground(Vocabulary::of(self.catalogue), dense::COUNT)
        };
        let settings = settings_of(asked.chosen);
        let lesson =
            |config: &DmtConfig| Lesson::new(config, &self.training, self.catalogue, &settings);
        let (lesson, learner) = match files.first() {
            None => {
                let lesson = lesson(&config);
                let learner = lesson.beginner();
                (lesson, learner)
            }
            Some(file) => {
                // They bring the mean and deviation of the dense features that they were trained on.
                let told = |own: &DmtConfig| DmtConfig { left_out, ..own.clone() };
                let (own, model) = read(&Dmt.file(asked), file, MODEL, |own: &DmtConfig| {
                    Ok(lesson(&told(own)).beginner().model)
                })?;
                config = told(&own);
                (lesson(&config), Learner { model, optimiser: settings.optimiser.begin() })
            }
        };
        Ok(Box::new(Underway { all: self, kept: Kept::new(Stepwise::new(lesson, learner)) }))
    }

    fn shipped<'b>(
        &'b self,
        asked: Asked<'b>,
        files: &'b [Vec<u8>],
    ) -> Sliced<'b, Result<Seen, AssetError>> {
        Box::pin(async move {
            let device = Device::flex();
            let init = |config: &DmtConfig| Ok(config.init(&device));
            let (config, model) = read(&Dmt.file(asked), file_of(files, 0), MODEL, init)?;
            Ok(self.look(&config, model).await)
        })
    }
}

#[derive(Clone)]
struct Underway<'b, 'a> {
    all: &'b All<'a>,
    kept: Kept<Lesson<'b>>,
}

impl<'b> Steps<'b> for Underway<'b, '_> {
    steps!('b);

    fn look<'c>(&'c self, command: &'c str) -> Sliced<'c, Result<Looked>> {
        Box::pin(async move {
            let now = self.kept.now();
            let (lesson, seed) = (now.lesson(), self.all.catalogue.seed);
            let model = lesson.serving(now.model()).await;
            let config = &lesson.config;
            let seen = async { Ok(self.all.look(config, model.clone()).await) };
            looked(&model, (MODEL, config), (seed, command), seen).await
        })
    }
}

/// How a training of these settings goes.
pub fn settings_of(chosen: &Chosen) -> Settings {
    Settings {
        epochs: chosen.count(&EPOCHS),
        batch: chosen.count(&BATCH),
        optimiser: optimiser(Optimiser::of(chosen), ACCUMULATOR),
        rate: chosen.exact(&RATE),
        lambda: [1.0, chosen.get(&LAMBDA)],
        balance: chosen.get(&BALANCE),
        noise: chosen.get(&NOISE),
        dropout: chosen.exact(&DROPOUT),
        dense: true,
        seed: chosen.get(&SEED) as u64,
    }
}
