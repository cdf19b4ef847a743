//! Numbers of parameters that are the same from run to run.

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::tensor::Tensor;

/// The module with its parameters made and numbered in the order of its fields. Optimisers keep
/// their state by these numbers, which are random otherwise and would differ from run to run.
pub fn numbered<M: Module>(module: M) -> M {
    module.map(&mut Numbers(0))
}

struct Numbers(u64);

impl ModuleMapper for Numbers {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        self.0 += 1;
        let (_, tensor, mapper) = param.consume();
        Param::from_mapped_value(ParamId::from(self.0), tensor, mapper)
    }
}
