//! What every system that learns in the tab is asked, whichever it is: to gather what it learns from,
//! shopper by shopper; to begin; to make a step; to gather what is held out; to be looked at.

use anyhow::Result;
use burn::module::Module;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::balance::ByDepartment;
use super::descent::{At, Lesson, Stepwise};
use super::people::People;
use super::slices::Sliced;
use engine::pipeline::assets::{AssetError, refused};
use engine::pipeline::stock::Stock;
use market::World;
use market::catalogue::{Catalogue, ProductId};
use nets::models::query_category::CategoryPredictor;
use nets::models::weights::{About, Weights, WeightsError};
use systems::knob::Settings;
use systems::learning::{Chosen, Learning, Setting};

/// The shop as every training finds it.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// What its models know of it, with all word vectors.
    pub stock: &'a Stock,
    /// Its market.
    pub world: &'a World,
    /// What reads queries.
    pub predictor: &'a CategoryPredictor,
}

/// What a run was asked for: how the knobs stand, and what its training was told.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The knobs.
    pub settings: &'a Settings,
    /// The training's settings.
    pub chosen: &'a Chosen,
}

/// A system that learns in the tab.
pub trait Learns: Sync {
    /// What it declares of its training.
    fn learning(&self) -> &'static Learning;

    /// Samples of nobody yet.
    ///
    /// # Errors
    /// Where the device fails.
    fn gathers<'a>(&self, ground: Ground<'a>) -> Result<Box<dyn Gathers<'a> + 'a>>;

    /// Name of the file that weights of what learns lie in where they ship.
    fn file(&self, asked: Asked<'_>) -> String;

    /// Names of the files that such a run needs, in the order in which [`Gathered::begin`] has them.
    fn needs(&self, asked: Asked<'_>) -> Vec<String>;

    /// Names of the files of what ships in its place, in the order in which [`Gathered::shipped`] has
    /// them.
    fn compared(&self, asked: Asked<'_>) -> Vec<String> {
        vec![self.file(asked)]
    }

    /// Settings that what is seen of a model hangs on, whatever its weights.
    fn looks_by(&self) -> Vec<&'static Setting> {
        Vec::new()
    }
}

/// Samples of one shopper after another, to learn from.
pub trait Gathers<'a> {
    /// What is learned from a shopper.
    ///
    /// # Errors
    /// Where the device fails.
    fn add(&mut self, shopper: u32) -> Result<()>;

    /// Everyone has been added who is learned from.
    ///
    /// # Errors
    /// Where the device fails.
    fn all(self: Box<Self>) -> Result<Box<dyn Gathered + 'a>>;
}

/// Samples of everyone who is learned from, for as many runs as one likes. Those held out come behind, so
/// that no step waits for them.
pub trait Gathered {
    /// How many there are to learn from.
    fn learned(&self) -> usize;

    /// How many are held out; none before all of them are there.
    fn held_out(&self) -> Option<usize>;

    /// Adds what a shopper is tested on.
    ///
    /// # Errors
    /// Where the device fails.
    fn test(&self, shopper: u32) -> Result<()>;

    /// Everyone has been added who is tested.
    ///
    /// # Errors
    /// Where the device fails.
    fn all_tested(&self) -> Result<()>;

    /// Before the first step.
    ///
    /// # Errors
    /// Where a file can't be read, or is of other networks.
    fn begin<'b>(
        &'b self,
        asked: Asked<'_>,
        files: &[Vec<u8>],
    ) -> Result<Box<dyn Steps<'b> + 'b>, AssetError>;

    /// What is seen of the weights that ship in its place; nothing before what is held out is there.
    ///
    /// # Errors
    /// Where a file can't be read, or is of other networks.
    fn shipped<'b>(
        &'b self,
        asked: Asked<'b>,
        files: &'b [Vec<u8>],
    ) -> Sliced<'b, Result<Seen, AssetError>>;

    /// What is seen of weights in a file that may be anyone's; nothing before what is held out is there.
    ///
    /// # Errors
    /// Where the file can't be read, or is of other networks.
    fn measured<'b>(
        &'b self,
        asked: Asked<'b>,
        file: Vec<u8>,
    ) -> Sliced<'b, Result<Seen, AssetError>> {
        Box::pin(async move {
            let files = [file];
            self.shipped(asked, &files).await
        })
    }
}

/// A training that is under way, on samples that live so long.
pub trait Steps<'a> {
    /// Steps that were made, and that there are in all.
    fn at(&self) -> At;

    /// One step, and its loss from before it; none after the last.
    fn step(&mut self) -> Option<f32>;

    /// Keeps this point.
    fn keep(&mut self);

    /// Goes back to the point that was kept last, or to the beginning.
    fn go_back(&mut self);

    /// The same at this point, to be looked at later.
    fn copy(&self) -> Box<dyn Steps<'a> + 'a>;

    /// Looks at the model as it stands; `command` says what its weights come of. Before what is held out
    /// is there, nothing is seen of it but its weights.
    ///
    /// # Errors
    /// Where a weight is no number, which is found out first, or the device fails.
    fn look<'b>(&'b self, command: &'b str) -> Sliced<'b, Result<Looked>>;
}

/// A model as it was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Looked {
    /// Its weights as they would ship, all of them numbers.
    pub weights: Weights,
    /// What is seen of it.
    pub seen: Seen,
}

/// What is seen of a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// What [`Learning::measures`] names.
    pub measures: Vec<Measured>,
    /// What the gates do; none without gates.
    pub gates: Vec<Gated>,
    /// What it has found out, and what is so.
    pub curves: Vec<(&'static str, [Vec<f32>; 2])>,
}

/// How a gate weighs experts over what is held out.
#[derive(Clone, Debug, PartialEq)]
pub struct Gated {
    /// What [`Learning::gates`] names.
    pub key: &'static str,
    /// Mean weight of each expert.
    pub shares: Vec<f64>,
    /// The same by department of the catalogue; empty of one that nothing is of.
    pub departments: Vec<Vec<f64>>,
}

impl Gated {
    /// The gate of one of so many tasks; none where there is no gate.
    pub fn of(key: &'static str, used: &ByDepartment, task: usize, tasks: usize) -> Option<Self> {
        let (shares, departments) = used.of_task(task, tasks)?;
        Some(Self { key, shares, departments })
    }
}

/// Department of a product.
pub(crate) fn department(catalogue: &Catalogue, product: ProductId) -> usize {
    let product_type = catalogue.products[product as usize].product_type;
    catalogue.product_types[usize::from(product_type)].department.into()
}

/// Something that is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Its name.
    pub key: &'static str,
    /// Over what it learns from, where it is measured on that.
    pub training: Option<f64>,
    /// Over what is held out, where that says something.
    pub held_out: Option<f64>,
}

impl Measured {
    /// On what it learns from and what is held out.
    pub fn both(key: &'static str, training: Option<f64>, held_out: Option<f64>) -> Self {
        Self { key, training, held_out }
    }

    /// On what is held out alone.
    pub fn held_out(key: &'static str, held_out: Option<f64>) -> Self {
        Self { key, training: None, held_out }
    }
}

impl Seen {
    /// A measure over what is held out.
    pub fn value(&self, key: &str) -> Option<f64> {
        self.measures.iter().find(|measured| measured.key == key)?.held_out
    }
}

/// A lesson step by step with the point that it goes back to: [`Steps`] but for what is seen.
pub(crate) struct Kept<L: Lesson> {
    /// None only while a step is made.
    now: Option<Stepwise<L>>,
    kept: Stepwise<L>,
}

impl<L: Lesson> Clone for Kept<L> {
    /// What it goes back to is where it stands.
    fn clone(&self) -> Self {
        Self::new(self.now().clone())
    }
}

impl<L: Lesson> Kept<L> {
    pub fn new(stepwise: Stepwise<L>) -> Self {
        Self { now: Some(stepwise.clone()), kept: stepwise }
    }

    pub fn now(&self) -> &Stepwise<L> {
        self.now.as_ref().unwrap_or(&self.kept)
    }

    pub fn step(&mut self) -> Option<f32> {
        let (next, loss) = self.now.take()?.step();
        self.now = Some(next);
        loss
    }

    pub fn keep(&mut self) {
        self.kept = self.now().clone();
    }

    pub fn go_back(&mut self) {
        self.now = Some(self.kept.clone());
    }
}

/// [`Steps`] but for what is seen, of something that has a `kept`, on samples that live so long.
macro_rules! steps {
    ($samples:lifetime) => {
        fn at(&self) -> $crate::descent::At {
            self.kept.now().at()
        }

        fn step(&mut self) -> Option<f32> {
            self.kept.step()
        }

        fn keep(&mut self) {
            self.kept.keep();
        }

        fn go_back(&mut self) {
            self.kept.go_back();
        }

        fn copy(&self) -> Box<dyn $crate::learning::Steps<$samples> + $samples> {
            Box::new(self.clone())
        }
    };
}

pub(crate) use steps;

/// A look at a model of a system: its weights as they would ship, with its settings, and what is seen of it;
/// `command` says what they come of.
///
/// # Errors
/// Where a weight is no number, which is found out first, or the device fails.
pub(crate) async fn looked<M: Module>(
    model: &M,
    (of, config): (&str, &impl Serialize),
    (seed, command): (u64, &str),
    seen: impl Future<Output = Result<Seen>>,
) -> Result<Looked> {
    let weights = Weights::of(model, About::new(of, seed, command, config)?)?;
    finite(&weights)?;
    Ok(Looked { weights, seen: seen.await? })
}

fn finite(weights: &Weights) -> Result<(), WeightsError> {
    let mut arrays = weights.arrays.iter();
    match arrays.find(|(_, array)| array.values.iter().any(|value| !value.is_finite())) {
        Some((name, _)) => Err(WeightsError::NotFinite(name.clone())),
        None => Ok(()),
    }
}

/// The file of this number among those that were fetched; an empty one, which is refused, where there is none.
pub(crate) fn file_of(files: &[Vec<u8>], number: usize) -> &[u8] {
    files.get(number).map_or(&[][..], Vec::as_slice)
}

/// Reads a file of weights of a model into networks that come of their own settings.
pub(crate) fn read<C: DeserializeOwned, M: Module>(
    name: &str,
    file: &[u8],
    of: &str,
    networks: impl FnOnce(&C) -> Result<M, WeightsError>,
) -> Result<(C, M), AssetError> {
    let read = || {
        let weights = Weights::from_bytes(file, of)?;
        let config: C = weights.config()?;
        let model = weights.apply(networks(&config)?)?;
        Ok((config, model))
    };
    read().map_err(|error| refused(name, error))
}

/// What is said of a file of weights that could be read and not be looked at.
pub(crate) fn unseen(name: &str) -> impl Fn(anyhow::Error) -> AssetError {
    move |error| refused(name, WeightsError::Damaged(error.to_string()))
}

/// One shopper, who is learned from or tested on.
pub(crate) fn alone(shopper: u32, tested: bool) -> People {
    let (one, nobody) = (shopper..shopper + 1, 0..0);
    match tested {
        true => People { trained: nobody, tested: one },
        false => People { trained: one, tested: nobody },
    }
}
