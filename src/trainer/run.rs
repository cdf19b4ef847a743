//! A run: what it learns from, its steps, and what is seen of the model on the way. Which system it is,
//! it does not know.

use std::cell::RefCell;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use burn::tensor::Device;

use engine::pipeline::assets::{AssetError, AssetSource, Manifest, damaged, refused};
use engine::pipeline::rank;
use engine::pipeline::stock::{CATALOGUE, MORE_WORD_VECTORS, Stock};
use link::State;
use link::recipe::{BATCH, Learning, Recipe, SHOPPERS, Side};
use market::language::Message;
use market::{MarketConfig, World};
use nets::models::query_category::{CategoryPredictor, MODEL as QUERY_CATEGORY};
use nets::models::weights::Precision;
use protocol::learn::{Begun, Curve, Gate, Look, Measure};
use protocol::{Notice, Opened};
use systems::knob::Settings;
use training::learner;
use training::learning::{self, Asked, Gated, Gathered, Looked, Seen, Steps};
use training::slices::{Sliced, end_slice, whole};

/// Shoppers, none of them learned from, whom a model is tested on.
pub const HELD_OUT: u32 = 400;
/// Steps within which a model is looked at whenever they have doubled: the first change most.
const FIRST: u32 = 16;
/// Looks at a run after those, at most.
const LOOKS: u64 = 12;

/// Whether a model is looked at after so many steps of so many. After the first ones the n-th look is after
/// (n / L)² of all steps, so that they lie further and further apart; the last step is always looked at.
fn is_looked_at(step: u32, steps: u32) -> bool {
    match step {
        0..=FIRST => step == 0 || step == steps || step.is_power_of_two(),
        _ => (1..=LOOKS).any(|n| u64::from(steps) * n * n / (LOOKS * LOOKS) == u64::from(step)),
    }
}

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

    /// Gathers samples of those whom a run learns from, a shopper a slice; `told` hears before each how many
    /// there are, and of how many. Those whom it is tested on come later: [`Data::hold_out`].
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn learned(
        &self,
        recipe: &Recipe,
        told: impl Fn(u32, u32),
    ) -> Result<Data<'_>, Notice> {
        let Self { stock, world, predictor, .. } = self;
        let ground = learning::Ground { stock, world, predictor };
        let mut gathers = learner(recipe).gathers(ground).map_err(failed)?;
        let all = recipe.count(&SHOPPERS) as u32;
        for shopper in 0..all {
            told(shopper, all);
            gathers.add(shopper).map_err(failed)?;
            end_slice().await;
        }
        let samples = gathers.all().map_err(failed)?;
        Ok(Data { samples, ahead: RefCell::new(world.fresh_shoppers(HELD_OUT)) })
    }

    /// What a file of weights is of.
    ///
    /// # Errors
    /// A notice that says what is wrong with it.
    pub fn open(&self, file: &[u8]) -> Result<Opened, Notice> {
        let opened = rank::open(file, &self.stock, &Device::flex());
        opened.map_err(|error| rank::refused(file, &error))
    }

    /// Gathers all samples of a run at once.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn gathered(&self, recipe: &Recipe) -> Result<Data<'_>, Notice> {
        let data = whole(self.learned(recipe, |_, _| ()))?;
        whole(data.hold_out())?;
        Ok(data)
    }
}

/// Samples of those whom runs learn from, and of those whom they are tested on as far as these are gathered.
pub struct Data<'a> {
    samples: Box<dyn Gathered + 'a>,
    /// Whom they are tested on and who is not gathered yet.
    ahead: RefCell<Range<u32>>,
}

impl Data<'_> {
    /// They themselves.
    pub fn samples(&self) -> &dyn Gathered {
        &*self.samples
    }

    /// Gathers those whom runs are tested on, a shopper a slice. Where it is left in between, it goes on from
    /// there the next time.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn hold_out(&self) -> Result<(), Notice> {
        if self.is_whole() {
            return Ok(());
        }
        loop {
            let next = self.ahead.borrow_mut().next();
            let Some(shopper) = next else { break };
            self.samples.test(shopper).map_err(failed)?;
            end_slice().await;
        }
        self.samples.all_tested().map_err(failed)
    }

    /// Whether everyone is there whom runs are tested on.
    pub fn is_whole(&self) -> bool {
        self.samples.held_out().is_some()
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
pub struct Run<'a> {
    number: u64,
    recipe: Recipe,
    file: String,
    data: &'a dyn Gathered,
    steps: Box<dyn Steps<'a> + 'a>,
}

impl<'a> Run<'a> {
    /// Before the first step.
    ///
    /// # Errors
    /// Where it begins with weights that cannot be had.
    pub async fn new(
        number: u64,
        (state, recipe): (&State, &Recipe),
        ground: &Ground,
        data: &'a dyn Gathered,
        source: &impl AssetSource,
    ) -> Result<Self, Notice> {
        let asked = Asked { settings: &state.settings, chosen: recipe };
        let names = learner(recipe).needs(asked);
        let files = ground.files(&names, source).await.map_err(said)?;
        let steps = data.begin(asked, &files).map_err(said)?;
        let (recipe, file) = (recipe.clone(), learner(recipe).file(asked));
        Ok(Self { number, recipe, file, data, steps })
    }

    /// The same at this point, to be looked at later.
    pub fn copy(&self) -> Self {
        let Self { number, recipe, file, data, steps } = self;
        let (recipe, file, steps) = (recipe.clone(), file.clone(), steps.copy());
        Self { number: *number, recipe, file, data: *data, steps }
    }

    /// The same with other steps.
    pub fn with(
        self,
        change: impl FnOnce(Box<dyn Steps<'a> + 'a>) -> Box<dyn Steps<'a> + 'a>,
    ) -> Self {
        Self { steps: change(self.steps), ..self }
    }

    /// What there is of it but for steps; `shipped` as [`Ground::shipped`] has it.
    pub fn begun(&self, shipped: Vec<Measure>) -> Begun {
        let views = self.data.learned() as u32;
        let held_out = self.data.held_out().unwrap_or(0) as u32;
        let file = self.file.clone();
        Begun { run: self.number, views, held_out, steps: self.steps(), file, shipped }
    }

    /// Steps that were made.
    pub fn step_number(&self) -> u32 {
        self.steps.at().step as u32
    }

    /// Steps that there are in all.
    pub fn steps(&self) -> u32 {
        self.steps.at().steps as u32
    }

    /// What is said where its loss after so many steps was no number any more, once it went back.
    pub fn broken(&self, at: u32) -> Notice {
        broken(&self.recipe, [at, self.step_number()])
    }

    /// Samples of a step.
    pub fn batch(&self) -> usize {
        self.recipe.count(&BATCH)
    }

    /// Makes a step.
    pub fn step(&mut self) -> Stepped {
        let at = self.step_number();
        match self.steps.step() {
            Some(loss) if loss.is_finite() => Stepped::Loss(loss),
            Some(_) => {
                self.go_back();
                Stepped::Broke(at)
            }
            None => Stepped::Over,
        }
    }

    /// Whether the model is looked at after the steps that were made.
    pub fn is_looked_at(&self) -> bool {
        is_looked_at(self.step_number(), self.steps())
    }

    /// Goes back to the last look.
    pub fn go_back(&mut self) {
        self.steps.go_back();
    }

    /// Looks at the model, and keeps the point.
    ///
    /// # Errors
    /// Where its weights are no numbers; the run went back to the look before.
    pub fn look(&mut self) -> Result<Look, Notice> {
        let look = whole(self.looking());
        self.looked(&look);
        look
    }

    /// Whether all steps are made.
    pub fn is_over(&self) -> bool {
        self.step_number() >= self.steps()
    }

    /// A look at the model, slice by slice: at its weights alone before everyone is there whom it is tested on.
    /// Whoever has made all of it hands it to [`Self::looked`]; whoever leaves it may begin another.
    pub fn looking(&self) -> Sliced<'_, Result<Look, Notice>> {
        Box::pin(self.seen())
    }

    /// Takes in what came of a look: keeps the point, or goes back to the look before.
    pub fn looked(&mut self, look: &Result<Look, Notice>) {
        match look {
            Ok(_) => self.steps.keep(),
            Err(_) => self.go_back(),
        }
    }

    async fn seen(&self) -> Result<Look, Notice> {
        let command = format!("learned in a tab: {}", self.recipe.write());
        let Looked { weights, seen } = self.steps.look(&command).await.map_err(failed)?;
        let weights = weights.to_bytes(Precision::Int8).map_err(failed)?;
        let numbers =
            |of: &Vec<f64>| -> Vec<f32> { of.iter().map(|&share| share as f32).collect() };
        let gate = |gated: &Gated| Gate {
            key: gated.key.into(),
            shares: numbers(&gated.shares),
            departments: gated.departments.iter().map(numbers).collect(),
        };
        let curve = |(key, [learned, truth]): &(&str, [Vec<f32>; 2])| Curve {
            key: (*key).into(),
            learned: learned.clone(),
            truth: truth.clone(),
        };
        Ok(Look {
            run: self.number,
            step: self.step_number(),
            measures: measures(&seen),
            gates: seen.gates.iter().map(gate).collect(),
            curves: seen.curves.iter().map(curve).collect(),
            weights: STANDARD.encode(weights),
        })
    }
}

impl Ground {
    async fn files(
        &self,
        names: &[String],
        source: &impl AssetSource,
    ) -> Result<Vec<Vec<u8>>, AssetError> {
        let mut files = Vec::with_capacity(names.len());
        for name in names {
            files.push(self.manifest.file(source, name).await?);
        }
        Ok(files)
    }

    /// What is measured of the weights that ship in place of what a run learns, on the same samples;
    /// nothing where none ship.
    ///
    /// # Errors
    /// Where they cannot be had.
    pub async fn shipped(
        &self,
        (state, recipe): (&State, &Recipe),
        data: &dyn Gathered,
        source: &impl AssetSource,
    ) -> Result<Vec<Measure>, Notice> {
        let asked = Asked { settings: &state.settings, chosen: recipe };
        let names = learner(recipe).compared(asked);
        if names.iter().any(|name| !self.manifest.files.contains_key(name)) {
            return Ok(Vec::new());
        }
        let files = self.files(&names, source).await.map_err(said)?;
        Ok(measures(&data.shipped(asked, &files).await.map_err(said)?))
    }
}

/// What is measured over what is held out of weights in a file, in base 64, that may be anyone's; slice by
/// slice.
///
/// # Errors
/// Where they are none of the system's.
pub async fn measured(
    (state, recipe): (&State, &Recipe),
    data: &dyn Gathered,
    weights: &str,
) -> Result<Vec<Measure>, Notice> {
    let name = learner(recipe).file(Asked { settings: &state.settings, chosen: recipe });
    let file = STANDARD.decode(weights).map_err(|error| said(damaged(&name, error)))?;
    measured_file((state, recipe), data, file).await
}

/// The same of the file itself.
///
/// # Errors
/// Where it is none of the system's.
pub async fn measured_file(
    (state, recipe): (&State, &Recipe),
    data: &dyn Gathered,
    file: Vec<u8>,
) -> Result<Vec<Measure>, Notice> {
    let asked = Asked { settings: &state.settings, chosen: recipe };
    Ok(held_out(measures(&data.measured(asked, file).await.map_err(said)?)))
}

/// Measures over what is held out alone: whom another run learns from says nothing of these weights.
pub fn held_out(measures: Vec<Measure>) -> Vec<Measure> {
    measures.into_iter().map(|measure| Measure { training: None, ..measure }).collect()
}

/// What [`Ground::shipped`] comes of over what is held out: where this is the same, so is that.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    learning: &'static Learning,
    variant: Settings,
    looked: Vec<f32>,
}

impl Compared {
    /// That of a run.
    pub fn of(state: &State, recipe: &Recipe) -> Self {
        let learning = recipe.learning();
        let looked = learner(recipe).looks_by().into_iter().map(|setting| recipe.get(setting));
        let variant = state.settings.only(learning.knobs);
        Self { learning, variant, looked: looked.collect() }
    }
}

fn measures(seen: &Seen) -> Vec<Measure> {
    let number = |value: Option<f64>| value.map(|value| value as f32);
    let measures = seen.measures.iter().map(|measured| Measure {
        key: measured.key.into(),
        training: number(measured.training),
        held_out: number(measured.held_out),
    });
    measures.collect()
}

fn said(error: AssetError) -> Notice {
    Notice { key: "training".into(), says: error.said() }
}

/// What is said of a run whose loss after `at` steps was no number any more, and that went back to step
/// `back`: with the setting that most likely made it so.
fn broken(recipe: &Recipe, [at, back]: [u32; 2]) -> Notice {
    let setting = recipe.suspect();
    let says = match setting.breaks {
        Some(Side::Below) => word!("notices.no-number-low"),
        _ => word!("notices.no-number"),
    };
    Notice::new(says)
        .with("at", at.to_string())
        .with("back", back.to_string())
        .with("setting", Message::new(word!("learn.setting.{}", setting.key)))
        .with("value", recipe.get(setting).to_string())
}

/// What is said where the device fails.
pub fn failed(error: impl ToString) -> Notice {
    Notice::new(word!("notices.device-failed")).with("why", error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(steps: u32) -> Vec<u32> {
        (0..=steps).filter(|step| is_looked_at(*step, steps)).collect()
    }

    #[test]
    fn what_broke_a_run_is_named_with_its_value() {
        let said = |told: &str| {
            let (recipe, wrong) = Recipe::read(told);
            assert!(wrong.is_empty(), "{wrong:?}");
            broken(&recipe, [9, 4]).says
        };
        let named = |key: &str, setting: &str, value: &str| {
            Message::new(key)
                .with("at", "9")
                .with("back", "4")
                .with("setting", Message::new(setting))
                .with("value", value)
        };
        let (high, low) = ("notices.no-number", "notices.no-number-low");
        assert_eq!(said(""), named(high, "learn.setting.rate", "0.002"));
        assert_eq!(said("noise:2,rate:0.005"), named(high, "learn.setting.noise", "2"));
        assert_eq!(said("system:moppr,tau:0.005"), named(low, "learn.setting.tau", "0.005"));
    }

    #[test]
    fn looks_lie_further_and_further_apart_and_the_last_step_is_one() {
        let first = [0, 1, 2, 4, 8, 16];
        let then = [28, 50, 78, 113, 153, 200, 254, 313, 379, 452];
        assert_eq!(looks(452), [&first[..], &then].concat());
        assert_eq!(looks(58), [&first[..], &[19, 25, 32, 40, 48, 58]].concat());
        assert_eq!(looks(6), [0, 1, 2, 4, 6]);
        assert_eq!(looks(1), [0, 1]);
        for steps in [17, 100, 1000, 100_000] {
            let looks = looks(steps);
            assert!(looks.len() <= 6 + 12 && looks.last() == Some(&steps), "{looks:?}");
        }
    }
}
