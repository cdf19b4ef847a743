//! Rows of products where some have none: newcomers, which no log tells of.

use burn::tensor::{Int, Tensor, TensorData};

use market::catalogue::ProductId;

/// The rows of these products, at least one, `[n, d]`: of those that a log tells of from `known`, `[N, d]`;
/// `newcomers` computes those of the others, in the order in which they come, where there are any.
pub fn rows(
    known: &Tensor<2>,
    products: &[ProductId],
    newcomers: impl FnOnce(&[ProductId]) -> Tensor<2>,
) -> Tensor<2> {
    let [logged, _] = known.dims();
    let mut others: Vec<ProductId> = Vec::new();
    let row = |&product: &ProductId| {
        if (product as usize) < logged {
            return product.cast_signed();
        }
        others.push(product);
        (logged + others.len() - 1) as i32
    };
    let rows: Vec<i32> = products.iter().map(row).collect();
    let rows = TensorData::new(rows, [products.len()]);
    let all = match others.is_empty() {
        true => known.clone(),
        false => Tensor::cat(vec![known.clone(), newcomers(&others)], 0),
    };
    all.select(0, Tensor::<1, Int>::from_data(rows, &known.device()))
}
