"""DMT in JAX at the shipped sizes: the time of a training step, and samples a second.

Reads what `cargo bench --bench training -- dmt --describe FILE` wrote: sizes, and for each step the
lengths of the sequences and the numbers of impressions of its page views. Ids, features and labels
are drawn by chance, for no time hangs on them.

    python tests/peers/dmt.py FILE
"""

import json
import sys
import time
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

D, HEADS, D_F, EXPERTS, TASKS = 32, 2, 32, 4, 2
WIDTHS = (8, 12, 8, 4)
MASKED = -1e30


def linear(key, d_in, d_out, bias=True):
    bound = d_in**-0.5
    a, b = jax.random.split(key)
    w = jax.random.uniform(a, (d_in, d_out), minval=-bound, maxval=bound)
    return {"w": w, "b": jax.random.uniform(b, (d_out,), minval=-bound, maxval=bound)} if bias else {"w": w}


def mlp(key, sizes):
    keys = jax.random.split(key, len(sizes) - 1)
    return [linear(k, a, b) for k, a, b in zip(keys, sizes, sizes[1:])]


def block(key):
    k = jax.random.split(key, 5)
    ones = lambda: {"g": jnp.ones(D), "b": jnp.zeros(D)}
    return {
        "qkvo": [linear(k[n], D, D, bias=False) for n in range(4)],
        "mlp": mlp(k[4], [D, D_F, D]),
        "norms": [ones(), ones()],
    }


def init(sizes, key):
    k = iter(jax.random.split(key, 64))
    table = lambda rows, width, std: std * jax.random.normal(next(k), (rows, width))
    item_rows = (sizes["products"], sizes["product_types"], sizes["brands"], sizes["shops"])
    x = 4 * D + sizes["dense"]
    return {
        "items": [table(rows, width, 0.1) for rows, width in zip(item_rows, WIDTHS)],
        "sequences": [
            {"positions": table(length, D, 0.02), "encoder": block(next(k)), "decoder": block(next(k))}
            for length in sizes["lengths"]
        ],
        "experts": [mlp(next(k), [x, 48, 32]) for _ in range(EXPERTS)],
        "gates": [mlp(next(k), [x, EXPERTS]) for _ in range(TASKS)],
        "utilities": [mlp(next(k), [32, 16, 1]) for _ in range(TASKS)],
        "index": table(400, 8, 0.05),
        "types": table(sizes["product_types"] + 1, 4, 0.05),
        "bias": mlp(next(k), [8 + 4 * sizes["neighbourhood"], 32, 16, 1]),
    }


def apply(layers, x):
    for n, layer in enumerate(layers):
        x = x @ layer["w"] + layer["b"]
        if n < len(layers) - 1:
            x = jax.nn.relu(x)
    return x


def norm(p, x):
    mean = x.mean(-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) / jnp.sqrt(variance + 1e-5) * p["g"] + p["b"]


def attend(p, queries, keys, mask):
    q, k, v, o = (layer["w"] for layer in p["qkvo"])
    r, c, _ = queries.shape
    split = lambda x: x.reshape(r, -1, HEADS, D // HEADS).transpose(0, 2, 1, 3)
    q, k, v = split(queries @ q / (D // HEADS) ** 0.5), split(keys @ k), split(keys @ v)
    weights = jax.nn.softmax(q @ k.transpose(0, 1, 3, 2) + (mask - 1)[:, None, None, :] * -MASKED, -1)
    out = (weights @ v).transpose(0, 2, 1, 3).reshape(r, c, D) @ o
    hidden = norm(p["norms"][0], queries + out)
    return norm(p["norms"][1], hidden + apply(p["mlp"], hidden))


def embed(tables, ids):
    return jnp.concatenate([table[i] for table, i in zip(tables, ids)], -1)


def loss_of(p, batch):
    target = embed(p["items"], batch["target"])
    x = []
    for sequence, (ids, mask) in zip(p["sequences"], batch["sequences"]):
        items = embed(p["items"], ids) + sequence["positions"][None, : mask.shape[1]]
        encoded = attend(sequence["encoder"], items, items, mask)
        interest = attend(sequence["decoder"], target, encoded, mask)
        x.append(interest * mask.max(1)[:, None, None])
    x = jnp.concatenate([*x, target, batch["dense"]], -1)
    experts = jnp.stack([jax.nn.relu(apply(e, x)) for e in p["experts"]], -2)
    utilities = []
    for gate, utility in zip(p["gates"], p["utilities"]):
        weights = jax.nn.softmax(apply(gate, x), -1)
        utilities.append(apply(utility, (weights[..., None] * experts).sum(-2)))
    places = jnp.concatenate([p["index"][batch["index"]], p["types"][batch["types"]].reshape(*batch["index"].shape, -1)], -1)
    logits = jnp.concatenate(utilities, -1) + apply(p["bias"], places)
    losses = -((batch["labels"] - 1) * logits + jax.nn.log_sigmoid(logits))
    return (losses * jnp.array([1.0, 4.0]) * batch["present"][..., None]).sum() / batch["present"].sum()


@partial(jax.jit, donate_argnums=(0, 1))
def step(p, state, batch, rate):
    loss, g = jax.value_and_grad(loss_of)(p, batch)
    time, m, v = state
    time = time + 1
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
    scale = jnp.sqrt(1 - 0.999**time) / (1 - 0.9**time)
    p = jax.tree.map(lambda p, m, v: p - rate * scale * m / (jnp.sqrt(v) + 1e-5), p, m, v)
    return p, (time, m, v), loss


def padded(longest, multiple):
    """Shapes are rounded up: each new one is compiled anew."""
    return max(multiple, -(-longest // multiple) * multiple)


def batch_of(sizes, views, random):
    rows = len(views)
    rows_of = (sizes["products"], sizes["product_types"], sizes["brands"], sizes["shops"])
    ids = lambda *shape: [random.integers(0, n, shape, dtype=np.int32) for n in rows_of]
    sequences = []
    for n, most in enumerate(sizes["lengths"]):
        lengths = np.array([view[n] for view in views])
        width = min(most, padded(lengths.max(), 8))
        mask = (np.arange(width)[None] < lengths[:, None]).astype(np.float32)
        sequences.append((ids(rows, width), mask))
    counts = np.array([view[3] for view in views])
    width = padded(counts.max(), 4)
    present = (np.arange(width)[None] < counts[:, None]).astype(np.float32)
    return {
        "sequences": sequences,
        "target": ids(rows, width),
        "dense": random.normal(size=(rows, width, sizes["dense"])).astype(np.float32),
        "index": random.integers(0, 400, (rows, width), dtype=np.int32),
        "types": random.integers(0, sizes["product_types"], (rows, width, sizes["neighbourhood"]), dtype=np.int32),
        "labels": (random.random((rows, width, TASKS)) < 0.1).astype(np.float32),
        "present": present,
    }


def main(path):
    with open(path) as file:
        described = json.load(file)
    # Every new shape is compiled, which takes a second or two: a few steps are enough.
    sizes, steps = described["sizes"], described["steps"][:20]
    random = np.random.default_rng(1)
    p = init(sizes, jax.random.key(1))
    zeros = lambda: jax.tree.map(jnp.zeros_like, p)
    state = (jnp.float32(0), zeros(), zeros())
    batches = [batch_of(sizes, views, random) for views in steps]
    compiled = time.time()
    # Once for each shape, so that no compiler is timed.
    for batch in batches:
        p, state, loss = step(p, state, batch, 1e-3)
    loss.block_until_ready()
    started, processor = time.time(), time.process_time()
    for batch in batches:
        p, state, loss = step(p, state, batch, 1e-3)
    loss.block_until_ready()
    seconds, cpu = time.time() - started, time.process_time() - processor
    samples = sum(len(views) for views in steps)
    print(
        f"jax {jax.__version__}: {1e3 * seconds / len(steps):.2f} ms a step, {1e3 * cpu / len(steps):.2f} of processor, "
        f"{samples / seconds:.0f} samples a second ({len(steps)} steps, loss {float(loss):.4f}, "
        f"first round {started - compiled:.1f} s)"
    )


if __name__ == "__main__":
    main(sys.argv[1])
