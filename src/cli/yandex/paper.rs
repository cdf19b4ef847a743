//! What the paper's tables say, to stand beside what is measured here.

/// A line of a table: the name of our variant, and the relative improvement of a tree ranker's
/// nDCG by the model's similarity, in percent, for retargeting and for discovery.
pub type Line = (&'static str, [f64; 2]);

/// Table 1: incremental improvements, each line with what the lines above it brought.
pub const TABLE_1: [Line; 9] = [
    ("sampled-softmax", [0.233, 0.882]),
    ("two-stage", [0.476, 1.377]),
    ("calibrated", [0.501, 1.367]),
    ("single-pointwise", [0.521, 1.405]),
    ("history-double", [0.541, 1.588]),
    ("pointwise-weight", [0.566, 1.631]),
    ("context", [0.586, 1.645]),
    ("web-queries", [0.677, 2.061]),
    ("history-quadruple", [0.755, 1.981]),
];

/// Table 2: what each of the two stages brings.
pub const TABLE_2: [Line; 3] = [
    ("fine-tuning-only", [0.031, 0.033]),
    ("sampled-softmax", [0.233, 0.882]),
    ("two-stage", [0.476, 1.377]),
];

/// Table 3: web-search queries in a transformer of their own, and fused with the behaviour.
pub const TABLE_3: [Line; 3] = [
    ("web-separate", [0.704, 1.787]),
    ("web-queries", [0.677, 2.061]),
    ("history-quadruple", [0.755, 1.981]),
];
