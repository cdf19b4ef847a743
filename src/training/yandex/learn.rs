//! Yandex's towers as they learn in the tab: the second stage, fine-tuning to rank what is shown
//! together.

use std::cell::{OnceCell, RefCell};

use anyhow::Result;
use burn::tensor::activation::sigmoid;

use super::batch::Pages;
use super::data::{Corpus, Reading};
use super::evaluate::Metrics;
use super::groups::Rates;
use super::loss::{Objective, Pairwise};
use super::samples::{Options, Samples, ShopperDay};
use super::{Lesson, Settings, Stage, init};
use crate::descent::Stepwise;
use crate::device::device;
use crate::learning::{
    Asked, Gathered, Gathers, Ground, Kept, Learns, Looked, Measured, Seen, Steps, alone, file_of,
    looked, read, steps, unseen,
};
use crate::optimiser::{ACCUMULATOR, optimiser};
use crate::slices::{Sliced, end_slice};
use engine::pipeline::assets::AssetError;
use nets::models::weights::WeightsError;
use nets::models::yandex::retriever::{FILE, MODEL, PRETRAINED_FILE, Retriever};
use nets::models::yandex::{Yandex as Network, YandexConfig};
use systems::learning::{BATCH, Chosen, EPOCHS, Learning, Optimiser, RATE, SEED, Setting};
use systems::yandex::{BEGINS, CONTEXT, LEARNING, PAIRWISE, POINTWISE};

/// Shopper-days that it learns from and that it is measured on, too.
const LEARNED: usize = 150;
/// Shopper-days of those held out that it is measured on.
const HELD: usize = 300;
/// Shopper-days that are looked at at once: a slice, so few that whoever waits does not notice.
const AT_ONCE: usize = 24;

/// Yandex's towers.
pub struct Yandex;

impl Learns for Yandex {
    fn learning(&self) -> &'static Learning {
        &LEARNING
    }

    fn gathers<'a>(&self, ground: Ground<'a>) -> Result<Box<dyn Gathers<'a> + 'a>> {
        Ok(Box::new(Days { ground, samples: Samples::default() }))
    }

    fn file(&self, _: Asked<'_>) -> String {
        FILE.into()
    }

    fn needs(&self, asked: Asked<'_>) -> Vec<String> {
        let pretrained = asked.chosen.get(&BEGINS) > 0.0;
        pretrained.then(|| PRETRAINED_FILE.into()).into_iter().collect()
    }

    fn looks_by(&self) -> Vec<&'static Setting> {
        vec![&PAIRWISE, &POINTWISE, &CONTEXT]
    }
}

struct Days<'a> {
    ground: Ground<'a>,
    samples: Samples,
}

impl Days<'_> {
    fn gather(&mut self, shopper: u32, tested: bool) {
        let Ground { world, stock, .. } = self.ground;
        let (options, products) = (Options::new(world.config.days), stock.catalogue.products.len());
        let log = world.shopper_log(shopper);
        self.samples.add(&log, products, &options, &alone(shopper, tested));
    }

    /// All that were added since the last time.
    fn corpus(&mut self) -> Corpus {
        let (samples, stock) = (std::mem::take(&mut self.samples), self.ground.stock);
        Corpus::new(samples, &stock.catalogue, &stock.words, Reading::Vectors)
    }
}

impl<'a> Gathers<'a> for Days<'a> {
    fn add(&mut self, shopper: u32) -> Result<()> {
        self.gather(shopper, false);
        Ok(())
    }

    fn all(mut self: Box<Self>) -> Result<Box<dyn Gathered + 'a>> {
        let corpus = self.corpus();
        let learned = spread(&corpus.samples.fine_tuning, LEARNED);
        Ok(Box::new(All { corpus, learned, days: RefCell::new(*self), held_out: OnceCell::new() }))
    }
}

/// Some of these days, spread over the shoppers, who stand one after another.
fn spread(days: &[ShopperDay], count: usize) -> Vec<ShopperDay> {
    days.iter().step_by(days.len().div_ceil(count).max(1)).cloned().collect()
}

/// Shopper-days of everyone.
struct All<'a> {
    corpus: Corpus,
    learned: Vec<ShopperDay>,
    /// What gathers those held out.
    days: RefCell<Days<'a>>,
    /// Those held out, with texts of their own, once all of them are there.
    held_out: OnceCell<Corpus>,
}

impl All<'_> {
    async fn look(
        &self,
        config: &YandexConfig,
        model: &Network,
        settings: &Settings,
    ) -> Result<Seen> {
        let Some(held) = self.held_out.get() else { return Ok(Seen::default()) };
        let (corpus, learned, tested) = (&self.corpus, &self.learned, &held.samples.test);
        let retriever = Retriever::new(config.clone(), model.clone(), &corpus.titles(), &device());
        end_slice().await;
        let training = Metrics::of_days(&retriever, corpus, learned, AT_ONCE).await?;
        let held_out = Metrics::of_days(&retriever, held, tested, AT_ONCE).await?;
        let both = |key, of: fn(&Metrics) -> f64| {
            let number = |metrics| Some(of(metrics)).filter(|value| value.is_finite());
            Measured::both(key, number(&training), number(&held_out))
        };
        let objective = &settings.objective;
        let of_learned = promised(model, config, corpus, learned, objective).await?;
        let of_tested = promised(model, config, held, tested, objective).await?;
        Ok(Seen {
            measures: vec![
                both("ndcg", |metrics| metrics.scenarios[0].graded.whole()),
                both("ndcg-new", |metrics| metrics.scenarios[1].graded.whole()),
                both("ndcg-click", |metrics| metrics.scenarios[0].clicks.whole()),
                both("recall-click", |metrics| metrics.scenarios[0].recall_short.whole()),
                Measured::both("promised", of_learned, of_tested),
            ],
            ..Seen::default()
        })
    }
}

/// Clicks that the calibrated loss expects of page views, over those that there were: 1 where it
/// promises what comes.
async fn promised(
    model: &Network,
    config: &YandexConfig,
    corpus: &Corpus,
    days: &[ShopperDay],
    objective: &Objective,
) -> Result<Option<f64>> {
    let device = device();
    let (mut expected, mut seen) = (0.0, 0.0);
    for days in days.chunks(AT_ONCE) {
        let days: Vec<&ShopperDay> = days.iter().collect();
        let page = Pages::new(&days, config, corpus, &device).page(model);
        let chances = sigmoid(page.logit(0, &model.loss.pointwise, objective)) * page.present;
        expected += f64::from(chances.sum().try_into_scalar::<f32>()?);
        let [clicks, ..] = page.labels;
        seen += f64::from(clicks.sum().try_into_scalar::<f32>()?);
        end_slice().await;
    }
    Ok((seen > 0.0).then(|| expected / seen))
}

impl Gathered for All<'_> {
    fn learned(&self) -> usize {
        self.corpus.samples.fine_tuning.len()
    }

    fn held_out(&self) -> Option<usize> {
        self.held_out.get().map(|held| held.samples.test.len())
    }

    fn test(&self, shopper: u32) -> Result<()> {
        self.days.borrow_mut().gather(shopper, true);
        Ok(())
    }

    fn all_tested(&self) -> Result<()> {
        self.held_out.get_or_init(|| {
            let mut corpus = self.days.borrow_mut().corpus();
            corpus.samples.test = spread(&corpus.samples.test, HELD);
            corpus
        });
        Ok(())
    }

    fn begin<'b>(
        &'b self,
        asked: Asked<'_>,
        files: &[Vec<u8>],
    ) -> Result<Box<dyn Steps<'b> + 'b>, AssetError> {
        let settings = settings_of(asked.chosen);
        let (config, model) = match files.first() {
            Some(file) => network(PRETRAINED_FILE, file)?,
            None => {
                let config = YandexConfig::playground();
                let model = init(&config, settings.seed);
                (config, model)
            }
        };
        let lesson = Lesson::fine_tuning(&config, &self.corpus, &settings);
        let learner = lesson.learner(model);
        let kept = Kept::new(Stepwise::new(lesson, learner));
        Ok(Box::new(Underway { all: self, config, settings, kept }))
    }

    fn shipped<'b>(
        &'b self,
        asked: Asked<'b>,
        files: &'b [Vec<u8>],
    ) -> Sliced<'b, Result<Seen, AssetError>> {
        Box::pin(async move {
            let (config, model) = network(FILE, file_of(files, 0))?;
            let seen = self.look(&config, &model, &settings_of(asked.chosen)).await;
            seen.map_err(unseen(FILE))
        })
    }
}

fn network(name: &str, file: &[u8]) -> Result<(YandexConfig, Network), AssetError> {
    let device = device();
    read(name, file, MODEL, |config: &YandexConfig| {
        config.check().map_err(|fault| WeightsError::Damaged(fault.into()))?;
        Ok(config.init(&device))
    })
}

#[derive(Clone)]
struct Underway<'b, 'a> {
    all: &'b All<'a>,
    config: YandexConfig,
    settings: Settings,
    kept: Kept<Lesson<'b>>,
}

impl<'b> Steps<'b> for Underway<'b, '_> {
    steps!('b);

    fn look<'c>(&'c self, command: &'c str) -> Sliced<'c, Result<Looked>> {
        Box::pin(async move {
            let (model, config) = (self.kept.now().model(), &self.config);
            let seed = self.all.days.borrow().ground.stock.catalogue.seed;
            let seen = self.all.look(config, &model, &self.settings);
            looked(&model, (MODEL, config), (seed, command), seen).await
        })
    }
}

/// How a training of these settings goes.
pub fn settings_of(chosen: &Chosen) -> Settings {
    let Settings { pretraining, fine_tuning, objective, .. } = Settings::default();
    let plain = chosen.get(&PAIRWISE) > 0.0;
    Settings {
        pretraining,
        fine_tuning: Stage {
            epochs: chosen.count(&EPOCHS),
            batch: chosen.count(&BATCH),
            optimiser: optimiser(Optimiser::of(chosen), ACCUMULATOR),
            rates: Rates::new(chosen.exact(&RATE), fine_tuning.rates.loss),
            ..fine_tuning
        },
        objective: Objective {
            pairwise: if plain { Pairwise::Plain } else { Pairwise::Calibrated },
            pointwise_weight: chosen.get(&POINTWISE),
            context_debiasing: chosen.get(&CONTEXT) == 0.0,
            ..objective
        },
        seed: chosen.get(&SEED) as u64,
    }
}
