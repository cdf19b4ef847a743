//! Whether two ways to compute the same come to the same, for tests.
#![allow(clippy::unwrap_used, reason = "for tests")]

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// The numbers of a tensor.
pub fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.try_into_vec_as().unwrap()
}

/// Two tensors are the same but for rounding.
pub fn assert_near<const D: usize>(found: Tensor<D>, expected: Tensor<D>) {
    assert_eq!(found.dims(), expected.dims());
    for (found, expected) in numbers(found).into_iter().zip(numbers(expected)) {
        assert!((found - expected).abs() < 2e-5 * (1.0 + expected.abs()), "{found} {expected}");
    }
}

/// Two losses of a model are the same, and so are their gradients by each of its parameters.
pub fn assert_same_losses<M: Module>(model: &M, [own, burns]: [Tensor<1>; 2]) {
    struct Compare([GradientsParams; 2]);

    impl ModuleVisitor for Compare {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let [own, burns] = self.0.each_ref().map(|gradients| gradients.get::<D>(param.id));
            if let (Some(own), Some(burns)) = (own, burns) {
                assert_near(own, burns);
            }
        }
    }

    assert_near(own.clone(), burns.clone());
    let mut compare =
        Compare([own, burns].map(|loss| GradientsParams::from_grads(loss.backward(), model)));
    let [own, burns] = compare.0.each_ref().map(GradientsParams::len);
    assert!(own > 0 && own == burns, "{own} {burns}");
    model.visit(&mut compare);
}
