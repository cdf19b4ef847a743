//! MLPR as it learns in the tab: everything above the encoders, which stay those that ship. With parts
//! left out it is another model of the paper's tables.

use std::cell::{OnceCell, RefCell};

use anyhow::Result;
use burn::tensor::Tensor;

use super::evaluate::{batches_of, by_block};
use super::library::Library;
use super::samples::{Part, Samples, Searches};
use super::{Heads, Lesson, Settings, Weighting};
use crate::balance::ByDepartment;
use crate::descent::Stepwise;
use crate::device::device;
use crate::learning::{
    Asked, Gated, Gathered, Gathers, Ground, Kept, Learns, Looked, Measured, Seen, Steps,
    department, file_of, looked, read as read_weights, steps,
};
use crate::optimiser::{ACCUMULATOR, optimiser};
use crate::queries::Queries;
use crate::read;
use crate::slices::{Sliced, end_slice};
use engine::pipeline::assets::{AssetError, damaged};
use market::features::wide::{self, WideTables};
use nets::models::mlpr::bert::{Bert, BertConfig};
use nets::models::mlpr::ranker::MODEL;
use nets::models::mlpr::{K, Mlpr as Network, MlprConfig, Sharing};
use nets::models::weights::WeightsError;
use systems::learning::{
    BALANCE, BATCH, Chosen, EPOCHS, Learning, NOISE, Optimiser, RATE, SEED, SHIPPED,
};
use systems::mlpr::{DROPOUT, LAMBDAS, LEARNING, SHARING, WEIGHTING};

/// A pair takes part with more impressions than this: a few hundred shoppers are shown few pairs often.
const FEW: u32 = 0;
/// Pairs that it learns from and that it is measured on, too.
const LEARNED: usize = 3000;
/// Pairs of those held out that it is measured on.
const HELD: usize = 8000;

/// MLPR.
pub struct Mlpr;

fn file_name() -> String {
    format!("{MODEL}.safetensors")
}

impl Learns for Mlpr {
    fn learning(&self) -> &'static Learning {
        &LEARNING
    }

    fn gathers<'a>(&self, ground: Ground<'a>) -> Result<Box<dyn Gathers<'a> + 'a>> {
        Ok(Box::new(Pairs { ground, searches: Searches::default() }))
    }

    fn file(&self, _: Asked<'_>) -> String {
        file_name()
    }

    /// The encoders, and what it may begin with.
    fn needs(&self, _: Asked<'_>) -> Vec<String> {
        vec![file_name()]
    }
}

struct Pairs<'a> {
    ground: Ground<'a>,
    searches: Searches,
}

impl<'a> Gathers<'a> for Pairs<'a> {
    fn add(&mut self, shopper: u32) -> Result<()> {
        self.searches.add(&self.ground.world.shopper_log(shopper));
        Ok(())
    }

    fn all(self: Box<Self>) -> Result<Box<dyn Gathered + 'a>> {
        let Self { ground, searches } = *self;
        let Ground { stock, predictor, .. } = ground;
        let (catalogue, words) = (&stock.catalogue, &stock.words);
        let queries = Queries::new(&searches.queries(FEW), catalogue, words, predictor)?;
        let tables = WideTables::new(catalogue);
        let (part, frequency) = (Part::Training, &stock.frequency);
        let of = (catalogue, &tables);
        let training = Samples::new(&searches, part, FEW, of, frequency, &queries);
        Ok(Box::new(All {
            departments: (0..)
                .take(catalogue.products.len())
                .map(|product| department(catalogue, product))
                .collect(),
            library: Library::new(catalogue, words, BertConfig::playground()),
            learned: training.spread(LEARNED),
            training,
            tables,
            ahead: RefCell::new((Searches::default(), queries)),
            tested: OnceCell::new(),
            encoded: OnceCell::new(),
            ground,
        }))
    }
}

/// Pairs of everyone.
struct All<'a> {
    ground: Ground<'a>,
    /// By product.
    departments: Vec<usize>,
    library: Library<'a>,
    training: Samples,
    /// Some of those that are learned from.
    learned: Samples,
    /// What wide features come from.
    tables: WideTables,
    /// What those held out searched for, as far as they are gathered, and what reads queries.
    ahead: RefCell<(Searches, Queries)>,
    /// Some pairs of those held out, once all of them are there.
    tested: OnceCell<Samples>,
    /// What the encoders that ship make of queries and products, once they were asked.
    encoded: OnceCell<Encoded>,
}

/// phi of the queries of each set of pairs, those held out once they are looked at, and psi of all products.
struct Encoded {
    training: Tensor<2>,
    learned: Tensor<2>,
    tested: OnceCell<Tensor<2>>,
    products: Tensor<2>,
}

impl All<'_> {
    /// Of the encoders that ship.
    fn encoded(&self, bert: &Bert) -> &Encoded {
        self.encoded.get_or_init(|| self.encode(bert))
    }

    fn encode(&self, bert: &Bert) -> Encoded {
        let products: Vec<_> = (0..).take(self.library.products.len()).collect();
        Encoded {
            training: self.phi(bert, &self.training),
            learned: self.phi(bert, &self.learned),
            tested: OnceCell::new(),
            products: self.library.psi(bert, &products, &device()),
        }
    }

    fn phi(&self, bert: &Bert, samples: &Samples) -> Tensor<2> {
        let texts = self.library.queries(&samples.queries);
        self.library.phi(bert, &Vec::from_iter(&texts), &device())
    }

    /// Every figure of some pairs, and how the gates of both stages use their experts.
    async fn figures(
        &self,
        model: &Network,
        samples: &Samples,
        vectors: [&Tensor<2>; 2],
    ) -> (Vec<Option<f64>>, [ByDepartment; 2]) {
        let mut scores = Vec::with_capacity(samples.len());
        let mut gates = [ByDepartment::default(), ByDepartment::default()];
        for pairs in batches_of(vectors.map(Tensor::clone), samples) {
            let output = model.forward(&pairs, [1.0, 1.0]);
            let numbers = read(output.engagement);
            let products = &samples.products[scores.len()..];
            scores.extend(numbers.chunks_exact(K).map(|row| [row[0], row[1], row[2]]));
            for (used, stage) in gates.iter_mut().zip([output.stage_1, output.stage_2]) {
                let Some(stage) = stage else { continue };
                let [_, _, experts] = stage.gates.dims();
                let of_pairs = read(stage.gates);
                for (gates, &product) in of_pairs.chunks_exact(K * experts).zip(products) {
                    used.add(self.departments[product as usize], gates);
                }
            }
            end_slice().await;
        }
        let figures = by_block(samples, &scores);
        end_slice().await;
        (figures.into_iter().map(|figure| figure.whole).collect(), gates)
    }

    async fn look(&self, model: &Network, encoded: &Encoded) -> Seen {
        let Some(pairs) = self.tested.get() else { return Seen::default() };
        let Encoded { learned, products, .. } = encoded;
        let (training, _) = self.figures(model, &self.learned, [learned, products]).await;
        let tested = encoded.tested.get_or_init(|| self.phi(&model.bert, pairs));
        end_slice().await;
        let (held_out, gates) = self.figures(model, pairs, [tested, products]).await;
        // Of each task AUC, nDCG@1, nDCG@5.
        let measure = |(key, place): (&&'static str, usize)| {
            Measured::both(key, training[place], held_out[place])
        };
        let stages = gates.iter().flat_map(|used| (0..K).map(move |task| (used, task)));
        let gates = LEARNING.gates.iter().zip(stages);
        Seen {
            measures: LEARNING.measures.iter().zip([0, 3, 6, 2, 5, 8]).map(measure).collect(),
            gates: gates.filter_map(|(&key, (used, task))| Gated::of(key, used, task, K)).collect(),
            curves: Vec::new(),
        }
    }
}

impl Gathered for All<'_> {
    fn learned(&self) -> usize {
        self.training.len()
    }

    fn held_out(&self) -> Option<usize> {
        self.tested.get().map(Samples::len)
    }

    fn test(&self, shopper: u32) -> Result<()> {
        let log = self.ground.world.shopper_log(shopper);
        self.ahead.borrow_mut().0.add(&log);
        Ok(())
    }

    fn all_tested(&self) -> Result<()> {
        let Ground { stock, predictor, .. } = self.ground;
        let ahead = &mut *self.ahead.borrow_mut();
        ahead.1.read(&ahead.0.queries(FEW), &stock.words, predictor)?;
        // No pair is tested that is learned from, whoever was shown it.
        let (part, frequency) = (Part::Test, &stock.frequency);
        let tables = (&stock.catalogue, &self.tables);
        let tested = Samples::new(&ahead.0, part, FEW, tables, frequency, &ahead.1);
        self.tested.get_or_init(|| tested.spread(HELD));
        Ok(())
    }

    fn begin<'b>(
        &'b self,
        asked: Asked<'_>,
        files: &[Vec<u8>],
    ) -> Result<Box<dyn Steps<'b> + 'b>, AssetError> {
        let (_, shipped) = network(files)?;
        let (config, settings) = (config_of(asked.chosen), settings_of(asked.chosen));
        if self.training.is_empty() {
            return Err(damaged(&file_name(), "nobody searched for anything"));
        }
        let Encoded { training, products, .. } = self.encoded(&shipped.bert);
        let vectors = [training, products].map(|of| Tensor::from_inner(of.clone()));
        let bert = &shipped.bert;
        let lesson = Lesson::frozen(&config, bert, vectors, &self.training, &settings);
        let mut learner = lesson.beginner();
        if asked.chosen.get(&SHIPPED) > 0.0 {
            let Heads { model, log_variance } = learner.model;
            let of = |_: &MlprConfig| Ok(model);
            let (_, model) = read_weights(&file_name(), file_of(files, 0), MODEL, of)?;
            learner.model = Heads { model, log_variance };
        }
        let kept = Kept::new(Stepwise::new(lesson, learner));
        Ok(Box::new(Underway { all: self, config, kept }))
    }

    fn shipped<'b>(
        &'b self,
        _: Asked<'b>,
        files: &'b [Vec<u8>],
    ) -> Sliced<'b, Result<Seen, AssetError>> {
        Box::pin(async move {
            let (_, model) = network(files)?;
            Ok(self.look(&model, self.encoded(&model.bert)).await)
        })
    }

    /// Its encoders may have learned, too.
    fn measured<'b>(&'b self, _: Asked<'b>, file: Vec<u8>) -> Sliced<'b, Result<Seen, AssetError>> {
        Box::pin(async move {
            let (_, model) = network(&[file])?;
            Ok(self.look(&model, &self.encode(&model.bert)).await)
        })
    }
}

fn network(files: &[Vec<u8>]) -> Result<(MlprConfig, Network), AssetError> {
    let device = device();
    read_weights(&file_name(), file_of(files, 0), MODEL, |config: &MlprConfig| {
        config.check().map_err(|fault| WeightsError::Damaged(fault.into()))?;
        config.as_shipped()?;
        Ok(config.init(&device))
    })
}

#[derive(Clone)]
struct Underway<'b, 'a> {
    all: &'b All<'a>,
    config: MlprConfig,
    kept: Kept<Lesson<'b>>,
}

impl<'b> Steps<'b> for Underway<'b, '_> {
    steps!('b);

    fn look<'c>(&'c self, command: &'c str) -> Sliced<'c, Result<Looked>> {
        Box::pin(async move {
            let Heads { model, .. } = self.kept.now().model();
            let seed = self.all.ground.stock.catalogue.seed;
            let seen = async { Ok(self.all.look(&model, self.all.encoded(&model.bert)).await) };
            looked(&model, (MODEL, &self.config), (seed, command), seen).await
        })
    }
}

/// The model that was chosen, in the order of [`SHARING`]'s names: MLPR, or what tables 2 and 4 hold it
/// against. What ships is MLPR.
pub fn config_of(chosen: &Chosen) -> MlprConfig {
    let dropout = chosen.exact(&DROPOUT);
    let shipped = MlprConfig { dropout, ..MlprConfig::playground(wide::COUNT) };
    let part =
        |sharing, transfer| MlprConfig { sharing, transfer, attention: false, ..shipped.clone() };
    let begins_shipped = chosen.get(&SHIPPED) > 0.0;
    let sharing = if begins_shipped { 0 } else { chosen.count(&SHARING) };
    match sharing {
        1 => part(Sharing::Customised, false),
        2 => part(Sharing::Mixture, false),
        3 => part(Sharing::SharedBottom, true),
        4 => part(Sharing::SharedBottom, false),
        _ => shipped,
    }
}

/// How a training of these settings goes.
pub fn settings_of(chosen: &Chosen) -> Settings {
    let fixed = chosen.get(&WEIGHTING) > 0.0;
    let lambdas = LAMBDAS.each_ref().map(|lambda| chosen.get(lambda));
    Settings {
        epochs: chosen.count(&EPOCHS),
        batch: chosen.count(&BATCH),
        optimiser: optimiser(Optimiser::of(chosen), ACCUMULATOR),
        rate: chosen.exact(&RATE),
        weighting: if fixed { Weighting::Fixed(lambdas) } else { Weighting::Uncertainty },
        balance: chosen.get(&BALANCE),
        noise: chosen.get(&NOISE),
        fine_tuning: false,
        seed: chosen.get(&SEED) as u64,
        ..Settings::default()
    }
}
