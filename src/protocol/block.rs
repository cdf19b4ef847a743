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

/// What a lesson or a drawing looks for among blocks.
pub trait Blocks {
    /// The block of this name.
    fn block(&self, name: &str) -> Option<&Block>;

    /// Attention on all sequences of behaviour.
    fn sequences(&self) -> &[SequenceAttention];

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
}
