//! What a system shows of its insides, as shapes that the page draws without knowing whose they are:
//! a new system is shown without a line of drawing code. What it says is messages.

use wire::message;

use market::language::{Message, Value};

message! {
    /// A piece of a system's insides.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Block {
        /// Its name, which the system lists: words under it and "title" and "note".
        pub name: String,
        /// What is in it.
        pub shape: Shape,
    }
}

impl Block {
    /// A block of this name and shape.
    pub fn new(name: &str, shape: Shape) -> Self {
        Self { name: name.into(), shape }
    }

    /// What it holds of the candidate of this number alone; what is of none it holds as before.
    pub fn of(mut self, candidate: usize) -> Self {
        if let Shape::Gates(gates) = &mut self.shape {
            gates.weights = gates.of(candidate).to_vec();
        }
        self
    }
}

message! {
    /// What a block is drawn as.
    #[derive(Clone, Debug, PartialEq)]
    pub enum Shape {
        /// Values to both sides of nothing: what adds to a score, and what takes from it.
        Rows(Rows) = "rows",
        /// Parts of a whole, and how large each is.
        Shares(Vec<Share>) = "shares",
        /// Attention of the target item on sequences of behaviour.
        Sequences(Vec<SequenceAttention>) = "sequences",
        /// Chances that are handed on from step to step.
        Chain(Vec<Step>) = "chain",
        /// Single numbers.
        Pairs(Vec<Pair>) = "pairs",
        /// Weights by which tasks mix experts, candidate by candidate.
        Gates(Gates) = "gates",
        /// What was learned over what is so, by place; words under the block's name and "learned",
        /// "no-network", "true", "label" and "empty".
        Curve(Curves) = "curve",
    }
}

message! {
    /// Values to both sides of nothing, by row and column. The bars of a column share a scale.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Rows {
        /// What stands over each column; empty where there is one that speaks for itself.
        pub columns: Vec<Message>,
        /// The rows.
        pub rows: Vec<Row>,
        /// What they make together, which need not be their sum.
        pub together: Option<Row>,
    }
}

message! {
    /// A row of values, one a column.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Row {
        /// What it is called.
        pub name: Message,
        /// What more can be said of it.
        pub hint: Option<Message>,
        /// By column.
        pub values: Vec<f32>,
    }
}

message! {
    /// A part of a whole.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Share {
        /// What it is called, or what somebody typed.
        pub name: Value,
        /// Between 0 and 1.
        pub share: f32,
    }
}

message! {
    /// Attention over one behaviour sequence.
    #[derive(Clone, Debug, PartialEq)]
    pub struct SequenceAttention {
        /// Its name, for example "clicks"; words under "attention." and this.
        pub sequence: String,
        /// Entry number in the history and attention averaged over heads; sums to one.
        pub weights: Vec<(u32, f32)>,
    }
}

message! {
    /// A step of a chain of chances (MLPR equations 6 to 8).
    #[derive(Clone, Debug, PartialEq)]
    pub struct Step {
        /// What the step is called.
        pub name: Message,
        /// p: the chance of this step once the steps before it were taken.
        pub conditional: f32,
        /// y: the chance of this step from the first on.
        pub joint: f32,
        /// Attention on what the step before hands on, against that on its own; none for the first.
        pub from_former: Option<f32>,
    }
}

message! {
    /// A single number.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Pair {
        /// What it is called.
        pub name: Message,
        /// The paper's symbol; empty where it has none.
        pub symbol: String,
        /// How much.
        pub value: f32,
        /// How it is read.
        pub unit: Unit,
    }
}

message! {
    /// How a number is read.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Unit {
        /// A whole number.
        Count = "count",
        /// With digits behind the point.
        Number = "number",
        /// A share of one.
        Share = "share",
    }
}

message! {
    /// Weights by which the gate of each task mixes the experts of a layer (DMT equation 3). They are of
    /// every candidate, for which of them stand on the page is the blend's to say.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Gates {
        /// The layers of experts, the first to be run first.
        pub layers: Vec<Layer>,
        /// By candidate, layer, task and expert; those of a task in a layer sum to one.
        pub weights: Vec<f32>,
    }
}

message! {
    /// A layer of experts, of which each task's gate makes a mixture.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Layer {
        /// What the layer is called; nothing where it is the only one.
        pub name: Option<Message>,
        /// What the tasks are called; words under each and "inline", for the midst of a sentence.
        pub tasks: Vec<Message>,
        /// What a task's experts are called.
        pub experts: Vec<Message>,
    }
}

impl Gates {
    /// Weights of a candidate, by its number among those of the answer: by layer, task and expert.
    pub fn of(&self, candidate: usize) -> &[f32] {
        let of_layer = |layer: &Layer| layer.tasks.len() * layer.experts.len();
        let count: usize = self.layers.iter().map(of_layer).sum();
        let from = self.weights.get(candidate * count..);
        from.and_then(|from| from.get(..count)).unwrap_or_default()
    }

    /// Mean of each weight over some candidates (DMT figure 3), laid out as [`Self::of`] has them;
    /// empty where there are none.
    pub fn mean(&self, candidates: impl IntoIterator<Item = usize>) -> Vec<f32> {
        let mut sums: Vec<f32> = Vec::new();
        let mut count = 0.0;
        for candidate in candidates {
            let weights = self.of(candidate);
            sums.resize(weights.len(), 0.0);
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += weight;
            }
            count += 1.0;
        }
        for sum in &mut sums {
            *sum /= count;
        }
        sums
    }

    /// Whose each of a candidate's weights is, in their order: the number of the layer, the task and
    /// the expert.
    pub fn names(&self) -> impl Iterator<Item = (usize, &Message, &Message)> {
        self.layers.iter().enumerate().flat_map(|(number, layer)| {
            layer.tasks.iter().flat_map(move |task| {
                layer.experts.iter().map(move |expert| (number, task, expert))
            })
        })
    }
}

message! {
    /// What a system has learned by place, relative to the first, and what is so.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Curves {
        /// What it has learned; empty where it learns nothing of the place.
        pub learned: Vec<f32>,
        /// What the market does.
        pub truth: Vec<f32>,
    }
}

/// What a lesson or a drawing looks for among blocks.
pub trait Blocks {
    /// The block of this name.
    fn block(&self, name: &str) -> Option<&Block>;

    /// Attention on all sequences of behaviour.
    fn sequences(&self) -> &[SequenceAttention];

    /// The gates, if tasks mix experts.
    fn gates(&self) -> Option<&Gates>;

    /// What was learned and what is so, in the block of this name.
    fn curves(&self, block: &str) -> Option<&Curves> {
        match &self.block(block)?.shape {
            Shape::Curve(curves) => Some(curves),
            _ => None,
        }
    }

    /// The value of the row of this name in a block of rows: the first column's.
    fn row(&self, block: &str, name: &str) -> Option<f32> {
        let Shape::Rows(rows) = &self.block(block)?.shape else { return None };
        let row = rows.rows.iter().find(|row| row.name.key == format!("{block}.{name}"))?;
        row.values.first().copied()
    }

    /// The steps of a block of chances.
    fn steps(&self, block: &str) -> Option<&[Step]> {
        match &self.block(block)?.shape {
            Shape::Chain(steps) => Some(steps),
            _ => None,
        }
    }

    /// The single number of this name in a block of pairs.
    fn pair(&self, block: &str, name: &str) -> Option<f32> {
        let Shape::Pairs(pairs) = &self.block(block)?.shape else { return None };
        let pair = pairs.iter().find(|pair| pair.name.key == format!("{block}.{name}"))?;
        Some(pair.value)
    }

    /// The parts of the whole in a block of shares.
    fn shares(&self, block: &str) -> Option<&[Share]> {
        match &self.block(block)?.shape {
            Shape::Shares(shares) => Some(shares),
            _ => None,
        }
    }
}

impl Blocks for [Block] {
    fn block(&self, name: &str) -> Option<&Block> {
        self.iter().find(|block| block.name == name)
    }

    fn sequences(&self) -> &[SequenceAttention] {
        let found = self.iter().find_map(|block| match &block.shape {
            Shape::Sequences(sequences) => Some(sequences.as_slice()),
            _ => None,
        });
        found.unwrap_or_default()
    }

    fn gates(&self) -> Option<&Gates> {
        self.iter().find_map(|block| match &block.shape {
            Shape::Gates(gates) => Some(gates),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two candidates, two layers: two tasks over one expert, and one task over two.
    fn gates() -> Gates {
        let named = |names: &[&str]| names.iter().map(|name| Message::new(*name)).collect();
        let layer = |tasks: &[&str], experts: &[&str]| Layer {
            name: None,
            tasks: named(tasks),
            experts: named(experts),
        };
        Gates {
            layers: vec![layer(&["a", "b"], &["1"]), layer(&["a"], &["2", "3"])],
            weights: vec![1.0, 1.0, 0.5, 0.5, 1.0, 1.0, 0.25, 0.75],
        }
    }

    #[test]
    fn weights_are_laid_out_by_candidate_layer_task_and_expert() {
        let gates = gates();
        assert_eq!(gates.of(1), [1.0, 1.0, 0.25, 0.75]);
        assert!(gates.of(2).is_empty(), "there are two candidates");
        let names = gates.names();
        let names: Vec<_> = names.map(|(layer, a, b)| (layer, &*a.key, &*b.key)).collect();
        assert_eq!(names, [(0, "a", "1"), (0, "b", "1"), (1, "a", "2"), (1, "a", "3")]);
    }

    #[test]
    fn utilisation_is_the_mean_over_the_products() {
        assert_eq!(gates().mean([0, 1]), [1.0, 1.0, 0.375, 0.625]);
        assert_eq!(gates().mean([1]), [1.0, 1.0, 0.25, 0.75]);
        assert!(gates().mean([]).is_empty());
        assert!(Gates::default().mean([0]).is_empty());
    }

    #[test]
    fn a_block_of_one_candidate_has_its_weights_alone() {
        let of = |shape| vec![Block::new("experts", shape).of(1)];
        let blocks = of(Shape::Gates(gates()));
        assert_eq!(blocks.gates().map(|gates| gates.weights.clone()), Some(gates().of(1).to_vec()));
        let curves = Curves { learned: vec![], truth: vec![1.0] };
        let blocks = of(Shape::Curve(curves.clone()));
        assert_eq!((blocks.gates(), blocks.curves("experts")), (None, Some(&curves)));
        assert_eq!(blocks.curves("other"), None);
    }
}
