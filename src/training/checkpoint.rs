//! Where a training run stands, on disk: weights, optimiser state and how far it got.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use burn::module::Module;
use burn::optim::ModuleOptimizer;

use nets::models::weights::{About, Precision, Weights};

/// A folder that holds the last finished point of a run.
#[derive(Clone, Debug)]
pub struct Checkpoint(PathBuf);

impl Checkpoint {
    /// In this folder, which is made when the first point is saved.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// Saves a point. `about` names the run: a run of other settings does not go on from it.
    ///
    /// # Errors
    /// Where the disk refuses, or a weight is not finite.
    pub fn save<M: Module>(
        &self,
        model: &M,
        optimiser: &ModuleOptimizer,
        about: &About,
        finished: usize,
    ) -> Result<()> {
        let folder = self.0.join(finished.to_string());
        fs::create_dir_all(&folder)?;
        let weights = Weights::of(model, about.clone())?;
        fs::write(folder.join(WEIGHTS), weights.to_bytes(Precision::F32)?)?;
        optimiser.save(folder.join(OPTIMISER)).context("saving the optimiser")?;
        // Renamed into place, so that a run that is stopped here finds the last point whole.
        let name = self.0.join(CURRENT);
        fs::write(name.with_extension("new"), finished.to_string())?;
        let before = self.current();
        fs::rename(name.with_extension("new"), name)?;
        match before {
            Some(before) if before != finished => {
                fs::remove_dir_all(self.0.join(before.to_string()))
                    .context("removing the last point")
            }
            _ => Ok(()),
        }
    }

    /// Goes on from the last point, if there is one of a run like `about`: the model, the
    /// optimiser, and how much was finished. The module's parameters must be
    /// [`numbered`](nets::nn::numbers::numbered).
    ///
    /// # Errors
    /// Where there is such a point and it cannot be read.
    pub fn resume<M: Module>(
        &self,
        model: M,
        optimiser: ModuleOptimizer,
        about: &About,
    ) -> Result<(M, ModuleOptimizer, usize)> {
        let Some(finished) = self.current() else { return Ok((model, optimiser, 0)) };
        let folder = self.0.join(finished.to_string());
        let weights = read_weights(&folder, about)?;
        if weights.about != *about {
            return Ok((model, optimiser, 0));
        }
        let optimiser = optimiser.load(folder.join(OPTIMISER)).context("reading the optimiser")?;
        Ok((weights.apply(model)?, optimiser, finished))
    }

    fn current(&self) -> Option<usize> {
        fs::read_to_string(self.0.join(CURRENT)).ok()?.trim().parse().ok()
    }
}

const WEIGHTS: &str = "weights.safetensors";
const OPTIMISER: &str = "optimiser.bpk";
const CURRENT: &str = "finished";

fn read_weights(folder: &Path, about: &About) -> Result<Weights> {
    let file = folder.join(WEIGHTS);
    let bytes = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
    Ok(Weights::from_bytes(&bytes, &about.model)?)
}
