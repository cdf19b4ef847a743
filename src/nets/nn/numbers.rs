//! Numbers of parameters that are the same from run to run.

use std::sync::{Mutex, PoisonError};

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::tensor::{Device, Tensor};

/// Whoever draws parameters: a backend has one generator for all threads.
static DRAWING: Mutex<()> = Mutex::new(());

/// The module with its parameters made and numbered in the order of its fields. Optimisers keep
/// their state by these numbers, which are random otherwise and would differ from run to run.
pub fn numbered<M: Module>(module: M) -> M {
    let _alone = DRAWING.lock().unwrap_or_else(PoisonError::into_inner);
    module.map(&mut Numbers(0))
}

/// A module whose parameters are drawn from a seed, and [`numbered`]: the same whatever other threads draw.
pub fn seeded<M: Module>(device: &Device, seed: u64, make: impl FnOnce() -> M) -> M {
    let _alone = DRAWING.lock().unwrap_or_else(PoisonError::into_inner);
    device.seed(seed);
    make().map(&mut Numbers(0))
}

struct Numbers(u64);

impl ModuleMapper for Numbers {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        self.0 += 1;
        let (_, tensor, mapper) = param.consume();
        Param::from_mapped_value(ParamId::from(self.0), tensor, mapper)
    }
}
