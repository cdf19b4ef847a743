//! Tensors of a system's parts, read from the device at once: what the drawing of the machine shows.

use burn::tensor::{Tensor, Transaction};

use super::{Numbers, StageError};
use market::catalogue::ProductId;
use market::language::{Message, Value};
use protocol::machine::{Activity, Strip};

/// What is watched of the parts of a system, in their order.
#[derive(Default)]
pub struct Watch {
    reads: Transaction,
    rows: Vec<Row>,
    count: usize,
}

/// A strip to be.
struct Row {
    part: &'static str,
    strip: Strip,
    /// Number of the matrix that its values are read from; of none where they are known.
    read: usize,
    /// How many of the matrix's columns are its values: those behind are padding.
    wanted: usize,
}

/// What the rows or columns of a tensor are of.
#[derive(Clone, Default)]
pub struct Named {
    /// The rows' names; fewer than there are rows leave those behind out, which are padding.
    pub rows: Vec<Value>,
    /// The columns' names, if they have any.
    pub columns: Vec<Value>,
    /// The columns' products, if they are behaviours; those behind are padding.
    pub products: Vec<ProductId>,
}

impl Named {
    /// Rows of these names.
    pub fn rows(rows: impl IntoIterator<Item = impl Into<Value>>) -> Self {
        Self { rows: rows.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// One row without a name.
    pub fn alone() -> Self {
        Self::rows([""])
    }

    /// With columns of these names.
    pub fn columns(self, columns: impl IntoIterator<Item = impl Into<Value>>) -> Self {
        Self { columns: columns.into_iter().map(Into::into).collect(), ..self }
    }

    /// With columns that are behaviours towards these products.
    pub fn products(self, products: Vec<ProductId>) -> Self {
        Self { products, ..self }
    }
}

impl Watch {
    /// Watches a matrix of a part, `[rows, columns]`.
    pub fn matrix(&mut self, part: &'static str, named: Named, tensor: Tensor<2>) {
        let wanted = match named.products.len().max(named.columns.len()) {
            0 => usize::MAX,
            named => named,
        };
        self.register(part, named, tensor, wanted);
    }

    /// Watches what things have to do with each other, `[things, things]`, as one strip: its names are the
    /// columns', and the rows' in the same order. Those behind are padding. Of no thing there is none.
    pub fn among(&mut self, part: &'static str, named: Named, tensor: Tensor<2>) {
        let things = named.products.len().max(named.columns.len());
        if things > 0 {
            let tensor = tensor.narrow(0, 0, things).narrow(1, 0, things);
            self.register(part, named, tensor.reshape([1, things * things]), usize::MAX);
        }
    }

    fn register(&mut self, part: &'static str, named: Named, tensor: Tensor<2>, wanted: usize) {
        let Named { rows, columns, products } = named;
        let read = self.count;
        self.count += 1;
        self.reads = std::mem::take(&mut self.reads).register(tensor);
        for name in rows {
            let (columns, products) = (columns.clone(), products.clone());
            let strip = Strip { name, columns, products, values: Vec::new() };
            self.rows.push(Row { part, strip, read, wanted });
        }
    }

    fn keep(&mut self, part: &'static str, strip: Strip) {
        self.rows.push(Row { part, strip, read: usize::MAX, wanted: 0 });
    }

    /// Watches numbers that are known already.
    pub fn known(&mut self, part: &'static str, name: impl Into<Value>, values: Vec<f32>) {
        self.known_of(part, name, Vec::new(), values);
    }

    /// Watches numbers of these names that are known already.
    pub fn known_as(
        &mut self,
        part: &'static str,
        name: impl Into<Value>,
        columns: Vec<Value>,
        values: Vec<f32>,
    ) {
        let strip = Strip { name: name.into(), columns, products: Vec::new(), values };
        self.keep(part, strip);
    }

    /// Watches numbers of behaviours towards these products that are known already.
    pub fn known_of(
        &mut self,
        part: &'static str,
        name: impl Into<Value>,
        products: Vec<ProductId>,
        values: Vec<f32>,
    ) {
        let strip = Strip { name: name.into(), columns: Vec::new(), products, values };
        self.keep(part, strip);
    }

    /// The numbers.
    ///
    /// # Errors
    /// Where the device fails.
    pub async fn read(self) -> Result<Vec<Activity>, StageError> {
        let Self { reads, rows, count } = self;
        let mut matrices = Vec::with_capacity(count);
        if count > 0 {
            let mut read = Numbers::read(reads).await?;
            for _ in 0..count {
                matrices.push(read.take_matrix()?);
            }
        }
        let mut activities: Vec<Activity> = Vec::new();
        let (mut row, mut last) = (0, usize::MAX);
        for Row { part, mut strip, read, wanted } in rows {
            row = if read == last { row + 1 } else { 0 };
            last = read;
            if let Some((width, matrix)) = matrices.get(read) {
                let values = matrix.chunks((*width).max(1)).nth(row).unwrap_or_default();
                strip.values = values[..wanted.min(values.len())].to_vec();
            }
            match activities.iter_mut().find(|activity| activity.part == part) {
                Some(activity) => activity.rows.push(strip),
                None => activities.push(Activity { part: part.into(), rows: vec![strip] }),
            }
        }
        Ok(activities)
    }
}

/// The mean of what parts made of several products. A row that is not of the same things for each of
/// them, such as the words of a title, has none and is left out.
pub fn mean(all: &[Vec<Activity>]) -> Vec<Activity> {
    let Some((first, others)) = all.split_first() else { return Vec::new() };
    let row = |part: &str, number: usize, strip: &Strip| -> Option<Strip> {
        let mut sums = strip.values.clone();
        for other in others {
            let other = other.iter().find(|other| other.part == part)?.rows.get(number)?;
            let same = other.name == strip.name
                && other.columns == strip.columns
                && other.products == strip.products;
            if !same || other.values.len() != sums.len() {
                return None;
            }
            sums.iter_mut().zip(&other.values).for_each(|(sum, value)| *sum += value);
        }
        sums.iter_mut().for_each(|sum| *sum /= all.len() as f32);
        Some(Strip { values: sums, ..strip.clone() })
    };
    let part = |Activity { part, rows }: &Activity| {
        let rows = rows.iter().enumerate().filter_map(|(number, strip)| row(part, number, strip));
        Activity { part: part.clone(), rows: rows.collect() }
    };
    first.iter().map(part).collect()
}

/// Days from a time until now, both in minutes.
pub fn days(now: i32, time: i32) -> f32 {
    (now - time) as f32 / (24.0 * 60.0)
}

/// What a task is called.
pub fn task_name(task: &systems::Task) -> Message {
    Message::new(word!("tasks.{}", task.name()))
}
