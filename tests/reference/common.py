"""What the four reference implementations share: random numbers, layers, and the files.

How to run them, anywhere with Python 3.10 or newer:

    python -m venv venv && venv/bin/pip install numpy
    for system in moppr dmt mlpr yandex; do venv/bin/python -B tests/reference/$system.py; done

Each writes its <system>.json beside itself, the same bytes every time. They are written from the
papers' equations, in double precision, one request and one product at a time, and without any
mask: a sequence is as long as what it holds. What `vitrine score` makes of the same weights and
inputs must agree (tests/reference.rs).
"""

import json
from pathlib import Path

import numpy as np


class Weights(dict):
    """Weights by the names of the files, drawn as they are asked for.

    Matrices are stored input first: a fully connected layer is x W + b.
    """

    def __init__(self, seed):
        super().__init__()
        self.random = np.random.Generator(np.random.PCG64(seed))

    def draw(self, name, shape, low=-0.8, high=0.8):
        if name not in self:
            self[name] = np.round(self.random.uniform(low, high, shape), 3)
        return self[name]

    def fc(self, name, x, size, bias=True):
        """x W + b for the last axis of x."""
        y = x @ self.draw(f"{name}.weight", (x.shape[-1], size))
        return y + self.draw(f"{name}.bias", (size,)) if bias else y

    def layer_norm(self, name, x):
        gamma = self.draw(f"{name}.gamma", x.shape[-1:], 0.5, 1.5)
        beta = self.draw(f"{name}.beta", x.shape[-1:])
        mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
        return gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta

    def perceptron(self, name, x, sizes):
        """Fully connected layers with ReLU between them."""
        for number, size in enumerate(sizes):
            x = self.fc(f"{name}.layers.{number}", relu(x) if number else x, size)
        return x

    def attention_block(self, name, queries, keys, heads, d_f):
        """A post-normalised transformer block: `queries` attend to `keys`, both [n, d].

        The output, and the attention [heads, queries, keys].
        """
        d = queries.shape[-1]
        d_k = d // heads
        q, k, v = (
            self.fc(f"{name}.attention.{part}", x, d, bias=False)
            for part, x in (("queries", queries), ("keys", keys), ("values", keys))
        )
        outputs, weights = [], []
        for head in range(heads):
            own = slice(head * d_k, (head + 1) * d_k)
            weight = softmax(q[:, own] @ k[:, own].T / np.sqrt(d_k))
            weights.append(weight)
            outputs.append(weight @ v[:, own])
        joined = self.fc(f"{name}.attention.output", np.concatenate(outputs, 1), d, bias=False)
        hidden = self.layer_norm(f"{name}.attention_norm", queries + joined)
        inner = relu(self.fc(f"{name}.feed_forward.layers.0", hidden, d_f))
        output = hidden + self.fc(f"{name}.feed_forward.layers.1", inner, d)
        return self.layer_norm(f"{name}.feed_forward_norm", output), np.array(weights)


def relu(x):
    return np.maximum(x, 0)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def unit(x):
    """The vector at length one."""
    return x / np.sqrt((x * x).sum(-1, keepdims=True))


def z_score(weights, x):
    """Normalised by the weights' own statistics, and kept within six deviations."""
    mean = weights.draw("normaliser.mean", x.shape[-1:])
    deviation = weights.draw("normaliser.deviation", x.shape[-1:], 0.5, 1.5)
    return np.clip((x - mean) / deviation, -6, 6)


def padded(rows, length, width=None):
    """Rows of different lengths as one array, with zeros behind them."""
    shape = (len(rows), length) if width is None else (len(rows), length, width)
    whole = np.zeros(shape)
    for row, values in enumerate(rows):
        whole[row, : len(values)] = values
    return whole


def mask(lengths, length):
    return [[int(n < own) for n in range(length)] for own in lengths]


def plain(value, digits):
    """Arrays as lists of numbers of so many significant digits."""
    if isinstance(value, dict):
        return {name: plain(inner, digits) for name, inner in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(inner, digits) for inner in value]
    if isinstance(value, (bool, str)) or value is None:
        return value
    if isinstance(value, (int, np.integer)):
        return int(value)
    rounded = float(f"{float(value):.{digits}g}")
    return int(rounded) if rounded == int(rounded) else rounded


def write(system, cases):
    """Writes the cases of a system, each of config, weights, input and insides."""
    lines = []
    for case in cases:
        parts = {
            "config": plain(case["config"], 8),
            "weights": plain(dict(sorted(case["weights"].items())), 8),
            "input": plain(case["input"], 8),
            "insides": plain(case["insides"], 7),
        }
        lines.append(",\n".join(
            f'"{name}": {json.dumps(part, separators=(",", ":"))}' for name, part in parts.items()
        ))
    text = "[\n{" + "},\n{".join(lines) + "}\n]\n"
    Path(__file__).with_name(f"{system}.json").write_text(text)
