"""Every model that ships as ONNX, each held against `vitrine score` on the same inputs.

    python -m venv target/peers && target/peers/bin/pip install -r tests/peers/onnx.txt
    target/peers/bin/python tests/peers/to_onnx.py target/release/vitrine [folder]

Writes one file a part that is served by itself (`moppr-user-query.onnx`, `moppr-item.onnx`, ...) into the
folder, target/onnx unless it is said. Inputs and outputs have the names of docs/score.md and any number of
rows; matrices are in f32, as docs/weights.md reads them. Where onnxruntime and `vitrine score` differ by more
than 1e-4 of an output's largest number, it ends with an error.

The folder also gets the inputs that `models.mjs` times both engines on: `bench.json` says what is where in
`bench.bin`.
"""

import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

ASSETS = Path(__file__).resolve().parents[2] / "assets"
OPSET = 18
NEAR = 1e-4
OBJECTIVES = ("relevance", "exposure", "click", "purchase")
SEQUENCES = ("clicks", "carts", "orders")
WINDOWS = ("real_time", "short_term", "long_term")
# What `vitrine score` allows: numbers of profiles' values, of buckets, of kinds.
PROFILE, LENGTHS, FREQUENCIES, PRICES, KINDS = (6, 3, 5, 4, 4, 10), 8, 12, 10, 4
MASKED = 1e30


# ---- weights ---------------------------------------------------------------------------------


def read(name):
    """What a file says of itself, and its tensors in f32."""
    data = (ASSETS / f"{name}.safetensors").read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    about = header.pop("__metadata__")
    dtypes = {"F32": "<f4", "F16": "<f2", "I8": "i1"}
    raw = {
        name: np.frombuffer(data[start + a : start + b], dtypes[t["dtype"]]).reshape(t["shape"])
        for name, t in header.items()
        for a, b in [t["data_offsets"]]
    }
    weights = {}
    for name, values in raw.items():
        if name.endswith(".scale"):
            continue
        weights[name] = values.astype("f4")
        if values.dtype == np.int8:
            weights[name] *= raw[f"{name}.scale"].reshape([-1] + [1] * (values.ndim - 1))
    return json.loads(about["vitrine"]) if "vitrine" in about else about, weights


def write(path, about, weights):
    """A file of these tensors in f32, for `vitrine score`."""
    header, at = {"__metadata__": {"vitrine": json.dumps(about)}}, 0
    for name, values in weights.items():
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [at, at + values.nbytes]}
        at += values.nbytes
    text = json.dumps(header).encode()
    path.write_bytes(
        len(text).to_bytes(8, "little") + text + b"".join(v.astype("<f4").tobytes() for v in weights.values())
    )


def under(weights, name):
    """The tensors under a name, without it."""
    return {
        key.removeprefix(f"{name}."): values for key, values in weights.items() if key.startswith(f"{name}.")
    }


# ---- graphs ----------------------------------------------------------------------------------


class Graph:
    """An ONNX graph as it is written, and the layers that more than one model uses."""

    def __init__(self, weights):
        self.weights, self.nodes, self.known, self.inputs, self.outputs = weights, [], {}, [], []

    def op(self, kind, *inputs, **attributes):
        """A node with one output; numbers and arrays among its inputs become constants."""
        names = [self.constant(x) if not isinstance(x, str) else x for x in inputs]
        output = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, names, [output], name=output, **attributes))
        return output

    def constant(self, value):
        array = np.asarray(value, "i8" if isinstance(value, (list, np.integer)) else "f4")
        return self.tensor(f"constant_{len(self.known)}", array)

    def tensor(self, name, array):
        self.known.setdefault(name, numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def weight(self, name):
        return self.tensor(name, self.weights[name])

    def input(self, name, *shape, ids=False):
        kind = TensorProto.INT32 if ids else TensorProto.FLOAT
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, name, value, *shape):
        self.nodes.append(helper.make_node("Identity", [value], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def save(self, path):
        graph = helper.make_graph(self.nodes, path.stem, self.inputs, self.outputs, list(self.known.values()))
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="vitrine"
        )
        # The oldest that knows this opset, so that older runtimes read it.
        model.ir_version = 8
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, path)

    def add(self, a, b):
        return self.op("Add", a, b)

    def mul(self, a, b):
        return self.op("Mul", a, b)

    def div(self, a, b):
        return self.op("Div", a, b)

    def cat(self, values, axis):
        return self.op("Concat", *values, axis=axis)

    def unsqueeze(self, x, *axes):
        return self.op("Unsqueeze", x, list(axes))

    def squeeze(self, x, *axes):
        return self.op("Squeeze", x, list(axes))

    def sum(self, x, axis, keep=1):
        return self.op("ReduceSum", x, [axis], keepdims=keep)

    def rows(self, name, ids):
        return self.op("Gather", self.weight(name), ids, axis=0)

    def first(self, table, length_of):
        """As many first rows of a table as `length_of`, [B, L], has columns."""
        length = self.op("Shape", length_of, start=1, end=2)
        return self.op("Slice", self.weight(table), [0], length, [0])

    def product(self, x, name):
        return self.op("MatMul", x, self.weight(f"{name}.weight"))

    def fc(self, x, name):
        """x W + b."""
        return self.add(self.product(x, name), self.weight(f"{name}.bias"))

    def mlp(self, x, name):
        """Fully connected layers with ReLU between them."""
        count = 1 + max(int(key.split(".")[1]) for key in under(self.weights, name))
        for number in range(count):
            x = self.fc(self.op("Relu", x) if number else x, f"{name}.layers.{number}")
        return x

    def norm(self, x, name):
        gamma, beta = self.weight(f"{name}.gamma"), self.weight(f"{name}.beta")
        return self.op("LayerNormalization", x, gamma, beta, axis=-1, epsilon=1e-5)

    def z_scores(self, x, name="normaliser"):
        centred = self.op("Sub", x, self.weight(f"{name}.mean"))
        return self.op("Clip", self.div(centred, self.weight(f"{name}.deviation")), -6.0, 6.0)

    def unit(self, x):
        """Rows divided by their length."""
        return self.div(x, self.op("Sqrt", self.add(self.sum(self.mul(x, x), 1), 1e-12)))

    def hidden(self, mask):
        """0 for what is there, very low for what is padding."""
        return self.mul(self.op("Sub", mask, 1.0), MASKED)

    def tower(self, x, name):
        """{(FC, LN, LReLU) x 3, FC}, of unit length (MOPPR 12, 14)."""
        for number in range(3):
            layer = f"{name}.hidden.{number}"
            x = self.op("LeakyRelu", self.norm(self.fc(x, f"{layer}.linear"), f"{layer}.norm"), alpha=0.01)
        return self.unit(self.fc(x, f"{name}.output"))

    def block(self, x, memory, mask, name, heads):
        """A post-normalised transformer block: x, [B, Q, d], attends to memory, [B, L, d]."""
        d = self.weights[f"{name}.attention.queries.weight"].shape[0]

        def split(x, part, order):
            x = self.op("Reshape", self.product(x, f"{name}.attention.{part}"), [0, 0, heads, d // heads])
            return self.op("Transpose", x, perm=order)

        q, k, v = (
            split(x, "queries", [0, 2, 1, 3]),
            split(memory, "keys", [0, 2, 3, 1]),
            split(memory, "values", [0, 2, 1, 3]),
        )
        scores = self.mul(self.op("MatMul", q, k), 1 / math.sqrt(d // heads))
        weights = self.op("Softmax", self.add(scores, self.unsqueeze(self.hidden(mask), 1, 2)), axis=-1)
        joined = self.op("Transpose", self.op("MatMul", weights, v), perm=[0, 2, 1, 3])
        attended = self.product(self.op("Reshape", joined, [0, 0, d]), f"{name}.attention.output")
        hidden = self.norm(self.add(x, attended), f"{name}.attention_norm")
        return self.norm(
            self.add(hidden, self.mlp(hidden, f"{name}.feed_forward")), f"{name}.feed_forward_norm"
        )

    def mean(self, x, mask):
        """Mean over what is there, [B, L, d] to [B, d]."""
        count = self.op("Max", self.sum(mask, 1), 1.0)
        return self.div(self.sum(self.mul(x, self.unsqueeze(mask, 2)), 1, keep=0), count)


# ---- MOPPR -----------------------------------------------------------------------------------


def moppr_item(config, weights):
    """e^i and H_i of products (4.2, equations 13 and 14). The first columns of e^i, id and side
    information, are the table that requests read."""
    g, e = Graph(weights), "embeddings"
    columns = [g.rows(f"{e}.{name}.weight", g.input(name, "products", ids=True)) for name in PRODUCT]
    title = g.product(g.input("title", "products", config["token"]), f"{e}.term")
    e_i = g.cat([*columns, title, g.input("dense", "products", 10)], 1)
    g.output("e^i", e_i, "products", weights["towers.item.hidden.0.linear.weight"].shape[0])
    g.output("H_i", g.tower(e_i, "towers.item"), "products", config["output"])
    return g


PRODUCT = ("product", "product_type", "brand", "shop", "colour", "price")


def moppr_user_query(config, weights):
    """e^uq and H_uq of requests (equations 3 to 12). `table` has the first columns of e^i."""
    g, e, d = Graph(weights), "embeddings", config["term"]
    mask = g.input("token_mask", "requests", "pieces")
    tokens = g.input("tokens", "requests", "pieces", config["token"])
    profile = g.input("profile", "requests", 6, ids=True)
    # The index of a column as an array of none: Gather drops the axis.
    column = lambda n: g.op("Gather", profile, np.int64(n), axis=1)  # noqa: E731
    e_u = g.cat([g.rows(f"{e}.profile.{n}.weight", column(n)) for n in range(6)], 1)
    categories = g.rows(f"{e}.product_type.weight", g.input("categories", "requests", 3, ids=True))
    shares = g.unsqueeze(g.input("category_weights", "requests", 3), 2)
    buckets = [
        g.rows(f"{e}.query_{name}.weight", g.input(name, "requests", ids=True))
        for name in ("length", "frequency")
    ]
    e_q = g.cat([g.sum(g.mul(categories, shares), 1, keep=0), *buckets], 1)

    def attend(query, keys, mask, size):
        """(6), (7): [B, d] over [B, L, d] to [B, d]."""
        scores = g.op("MatMul", g.unsqueeze(query, 1), g.op("Transpose", keys, perm=[0, 2, 1]))
        scores = g.add(g.mul(scores, 1 / math.sqrt(size)), g.unsqueeze(g.hidden(mask), 1))
        weights = g.mul(g.op("Softmax", scores, axis=-1), g.unsqueeze(mask, 1))
        return g.squeeze(g.op("MatMul", weights, keys), 1)

    terms = g.product(g.mul(tokens, g.unsqueeze(mask, 2)), f"{e}.term")
    q_m = g.mean(terms, mask)
    scores = g.mul(g.op("MatMul", terms, g.op("Transpose", terms, perm=[0, 2, 1])), 1 / math.sqrt(d))
    weights_s = g.op("Softmax", g.add(scores, g.unsqueeze(g.hidden(mask), 1)), axis=-1)
    seen = g.add(g.op("MatMul", weights_s, terms), g.unsqueeze(g.hidden(mask), 2))
    q_s = g.mul(g.op("ReduceMax", seen, [1], keepdims=0), g.op("ReduceMax", mask, [1], keepdims=1))
    q_p = attend(g.fc(e_u, f"{e}.personal_attention"), terms, mask, d)
    q_o = g.cat([q_m, q_s, q_p], 1)

    query = g.cat([q_o, e_q, e_u], 1)
    d_i = weights[f"{e}.query_attention.0.weight"].shape[1]
    kind = config["attribute"]
    table = g.input("table", "products", d_i - kind)
    histories = []
    for n, window in enumerate(WINDOWS):
        products = g.op("Gather", table, g.input(f"{window}.products", "requests", window, ids=True), axis=0)
        kinds = g.rows(f"{e}.event_kind.weight", g.input(f"{window}.kinds", "requests", window, ids=True))
        here = g.input(f"{window}.mask", "requests", window)
        histories.append(
            attend(g.fc(query, f"{e}.query_attention.{n}"), g.cat([products, kinds], 2), here, d_i)
        )
    e_uq = g.cat([e_u, e_q, q_o, *histories], 1)
    g.output("e^uq", e_uq, "requests", weights["towers.user_query.hidden.0.linear.weight"].shape[0])
    g.output("H_uq", g.tower(e_uq, "towers.user_query"), "requests", config["output"])
    return g


def towers(weights):
    """Both towers alone, over e^uq and e^i: of the copies for one objective, and of the coarse ranker."""
    for name, read, made, rows in (
        ("user_query", "e^uq", "H_uq", "requests"),
        ("item", "e^i", "H_i", "products"),
    ):
        g = Graph(weights)
        x = g.input(read, rows, weights[f"{name}.hidden.0.linear.weight"].shape[0])
        g.output(made, g.tower(x, name), rows, weights[f"{name}.output.bias"].shape[0])
        yield name.replace("_", "-"), g


def query_category(config, weights):
    """Probabilities of the product types, by the mean token vector of a query (MOPPR 4.1.2)."""
    g = Graph(weights)
    hidden = g.op("Relu", g.fc(g.input("query", "requests", config["token"]), "hidden"))
    logits = g.div(g.fc(hidden, "output"), config["temperature"])
    g.output("categories", g.op("Softmax", logits, axis=-1), "requests", config["product_types"])
    return g


# ---- Yandex ----------------------------------------------------------------------------------


def yandex_user(config, weights):
    """v_u of shoppers (3.2). `texts` are the sums of the token vectors of what the events name."""
    assert config["web_queries"] == "fused", config
    g, u, d = Graph(weights), "user.behaviour", config["d"]
    content = g.product(g.input("texts", "texts", config["word"]), "content")
    ids = g.input("content", "shoppers", "events", ids=True)
    kinds = g.input("kinds", "shoppers", "events", ids=True)
    present = g.input("present", "shoppers", "events")
    events = g.add(g.op("Gather", content, ids, axis=0), g.rows("user.kinds.weight", kinds))
    events = g.norm(g.add(events, g.first(f"{u}.positions", present)), f"{u}.norm")
    shoppers = g.op("Shape", present, start=0, end=1)
    cls = g.tensor("cls", weights[f"{u}.cls"].reshape(1, 1, d))
    x = g.cat([g.op("Expand", cls, g.op("Concat", shoppers, [1, d], axis=0)), events], 1)
    one = g.op("Expand", np.ones((1, 1)), g.op("Concat", shoppers, [1], axis=0))
    mask = g.cat([one, present], 1)
    for number in range(config["layers"]):
        # Of the last layer nothing but [CLS] is read.
        queries = g.op("Slice", x, [0], [1], [1]) if number == config["layers"] - 1 else x
        x = g.block(queries, x, mask, f"{u}.blocks.{number}", config["heads"])
    g.output("v_u", g.unit(g.squeeze(x, 1)), "shoppers", d)
    return g


def yandex_item(config, weights):
    """v_i of products by their titles (3.1)."""
    g = Graph(weights)
    x = g.fc(g.product(g.input("texts", "products", config["word"]), "content"), "item.input")
    for number in range(config["item_layers"]):
        layer = f"item.layers.{number}"
        x = g.norm(g.add(g.op("Relu", g.fc(x, f"{layer}.linear")), x), f"{layer}.norm")
    g.output("v_i", g.unit(g.fc(x, "item.output")), "products", config["d"])
    return g


# ---- DMT -------------------------------------------------------------------------------------

ITEM = ("product", "product_type", "brand", "shop")


def dmt(config, weights):
    """u_k of candidates (equations 1 to 3), and y_b of their places where there is a bias network (4)."""
    assert (config["interest"], config["positions"], config["sequences"]) == ("transformer", "learned", 3), (
        config
    )
    g = Graph(weights)

    def items_of(name):
        return [g.input(f"{name}.{part}", "requests", name, ids=True) for part in ITEM]

    sequences = [(items_of(name), g.input(f"{name}.mask", "requests", name)) for name in SEQUENCES]
    candidates = items_of("candidates")
    dense = g.z_scores(g.input("candidates.dense", "requests", "candidates", config["dense"]))

    def embed(network, ids):
        return g.cat([g.rows(f"{network}.items.{part}.weight", x) for part, x in zip(ITEM, ids)], 2)

    networks = 2 if config["multi_task"] == "single-task" else 1
    utilities = []
    for n in range(networks):
        network = f"networks.{n}"
        target = embed(network, candidates)
        x = []
        for number, (items, mask) in enumerate(sequences):
            t = f"{network}.transformers.{number}"
            items = g.add(embed(network, items), g.first(f"{t}.positions", mask))
            encoded = g.block(items, items, mask, f"{t}.encoder", config["heads"])
            interest = g.block(target, encoded, mask, f"{t}.decoder", config["heads"])
            x.append(g.mul(interest, g.unsqueeze(g.op("ReduceMax", mask, [1], keepdims=1), 2)))
        x = g.cat([*x, target, dense], 2)
        utilities += dmt_tasks(g, config, f"{network}.tasks", x, 2 // networks)
    g.output("u", g.cat(utilities, 2), "requests", "candidates", 2)
    bias = config["bias"]
    if any(bias.values()):
        parts = []
        for key, name in (("position", "index"), ("page", "page")):
            if bias[key]:
                ids = g.input(f"places.{name}", "requests", "candidates", ids=True)
                parts.append(g.rows(f"bias.{name}.weight", ids))
        if bias["neighbours"]:
            ids = g.input("places.types", "requests", "candidates", 7, ids=True)
            types = g.rows("bias.types.weight", ids)
            parts.append(g.op("Reshape", types, [0, 0, 7 * config["d_type"]]))
        x = g.cat(parts, 2) if len(parts) > 1 else parts[0]
        g.output("y_b", g.squeeze(g.mlp(x, "bias.mlp"), 2), "requests", "candidates")
    return g


def dmt_tasks(g, config, name, x, tasks):
    """u_k of the network's tasks, [R, C, 1] each."""
    gated = config["multi_task"] == "mmoe"
    experts = [
        g.op("Relu", g.mlp(x, f"{name}.experts.{e}")) for e in range(config["experts"] if gated else 1)
    ]
    f = [experts[0]] * tasks
    if gated:
        e = g.cat([g.unsqueeze(expert, 2) for expert in experts], 2)
        gates = [g.unsqueeze(g.mlp(x, f"{name}.gates.{k}"), 2) for k in range(tasks)]
        weighed = g.op("MatMul", g.op("Softmax", g.cat(gates, 2), axis=-1), e)
        f = [g.op("Gather", weighed, np.int64(k), axis=2) for k in range(tasks)]
    return [g.mlp(f[k], f"{name}.utilities.{k}") for k in range(tasks)]


# ---- MLPR ------------------------------------------------------------------------------------


def mlpr_encoder(config, weights, which, made):
    """phi of queries or psi of items (3.1)."""
    bert = config["bert"]
    g = Graph(weights)
    mask = g.input("mask", "texts", "pieces")
    tokens = g.mul(g.input("tokens", "texts", "pieces", bert["token"]), g.unsqueeze(mask, 2))
    fields = g.rows("bert.fields", g.input("fields", "texts", "pieces", ids=True))
    x = g.add(g.add(g.fc(tokens, "bert.token"), fields), g.first("bert.positions", mask))
    x = g.norm(x, "bert.norm")
    for number in range(bert["blocks"]):
        x = g.block(x, x, mask, f"bert.blocks.{number}", bert["heads"])
    g.output(made, g.fc(g.mean(x, mask), f"bert.{which}"), "texts", bert["output"])
    return g


def mlpr_heads(config, weights):
    """p^k and y^k of pairs (equations 2 to 8)."""
    assert config["sharing"] == "two-stage" and config["attention"] and config["transfer"], config
    assert not config.get("adaptive", False), config
    g, d = Graph(weights), config["bert"]["output"]
    phi, psi = g.input("phi", "pairs", d), g.input("psi", "pairs", d)
    wide = g.z_scores(g.input("wide", "pairs", config["wide"]))
    hadamard = g.mul(phi, psi)
    lengths = g.mul(g.sum(g.mul(phi, phi), 1), g.sum(g.mul(psi, psi), 1))
    cosine = g.div(g.sum(hadamard, 1), g.op("Sqrt", g.op("Max", lengths, 1e-12)))
    x = g.cat([phi, psi, cosine, hadamard, wide], 1)  # (2)

    def expert(x, name):
        count = 1 + max(int(key.split(".")[1]) for key in under(weights, name))
        for number in range(count):
            layer = f"{name}.layers.{number}"
            norm = [
                g.weight(f"{layer}.norm.{part}") for part in ("gamma", "beta", "running_mean", "running_var")
            ]
            x = g.op("Relu", g.op("BatchNormalization", g.fc(x, f"{layer}.linear"), *norm, epsilon=1e-5))
        return x

    def weigh(x, gate, experts):
        w = g.unsqueeze(g.op("Softmax", g.product(x, gate), axis=-1), 1)
        h = g.cat([g.unsqueeze(expert, 1) for expert in experts], 1)
        return g.squeeze(g.op("MatMul", w, h), 1)

    experts = [expert(x, f"stage_1.shared.{e}") for e in range(config["experts"])]
    v = [weigh(x, f"stage_1.gates.{k}", experts) for k in range(3)]  # (3)
    stage_2 = lambda k: [  # noqa: E731
        *(expert(v[k], f"stage_2.specific.{k}.{e}") for e in range(config["specific"])),
        *(expert(v[k], f"stage_2.shared.{e}") for e in range(config["shared"])),
    ]
    v = [weigh(v[k], f"stage_2.gates.{k}", stage_2(k)) for k in range(3)]  # (4)
    t = [g.mlp(v[k], f"towers.{k}") for k in range(3)]  # (5)
    a = []
    for k in range(3):  # (6)
        unit, both = f"attention.{k}", t[k]
        if k > 0:
            both = g.cat([g.unsqueeze(x, 1) for x in (t[k], a[-1])], 1)
            query = g.unsqueeze(g.fc(t[k], f"{unit}.choice.0"), 1)
            keys = g.op("Transpose", g.fc(both, f"{unit}.choice.1"), perm=[0, 2, 1])
            scores = g.mul(g.op("MatMul", query, keys), 1 / math.sqrt(config["tower"][-1]))
            weights_k = g.op("Softmax", scores, axis=-1)
        values = g.fc(both, f"{unit}.values")
        a.append(g.squeeze(g.op("MatMul", weights_k, values), 1) if k > 0 else values)
    p = [g.op("Sigmoid", g.fc(a[k], f"predictions.{k}")) for k in range(3)]  # (7)
    y = [p[0], g.mul(p[0], p[1]), g.mul(g.mul(p[0], p[1]), p[2])]  # (8)
    g.output("p", g.cat(p, 1), "pairs", 3)
    g.output("y", g.cat(y, 1), "pairs", 3)
    return g


# ---- inputs ----------------------------------------------------------------------------------


class Draw:
    """Inputs by chance, at a stated seed: ids that the weights know, and features like those they learned from."""

    def __init__(self, seed):
        self.random = np.random.Generator(np.random.PCG64(seed))
        _, words = read("words")
        self.words = words["vectors"]

    def ids(self, below, *shape):
        return self.random.integers(0, below, shape, dtype="i4")

    def vectors(self, *shape):
        """Token vectors of word pieces."""
        return self.words[self.ids(len(self.words), *shape)]

    def texts(self, rows, least=4, most=12, mean=False):
        """Sums or means of the token vectors of texts."""
        sums = [self.vectors(self.random.integers(least, most + 1)) for _ in range(rows)]
        return np.stack([s.mean(0) if mean else s.sum(0) for s in sums]).astype("f4")

    def mask(self, rows, length, least):
        """Ones for what is there: the first row whole, the second with as little as may be."""
        lengths = self.random.integers(least, length + 1, rows)
        lengths[0] = length
        if rows > 1:
            lengths[1] = least
        return (np.arange(length) < lengths[:, None]).astype("f4")

    def around(self, weights, *shape):
        """Features as they are counted, about the mean that was measured."""
        mean, deviation = weights["normaliser.mean"], weights["normaliser.deviation"]
        return (mean + deviation * self.random.normal(size=(*shape, len(mean)))).astype("f4")


def moppr_input(draw, config, requests, pieces, lengths, products, least=0):
    vocabulary = config["vocabulary"]
    shelf = {"id": draw.random.permutation(vocabulary["products"])[:products].astype("i4")}
    sizes = {"product_type": "product_types", "brand": "brands", "shop": "shops"}
    shelf |= {name: draw.ids(vocabulary[size], products) for name, size in sizes.items()}
    shelf |= {"colour": draw.ids(vocabulary["colours"] + 1, products), "price": draw.ids(PRICES, products)}
    shelf |= {
        "title": draw.texts(products, mean=True),
        "dense": draw.random.normal(size=(products, 10)).astype("f4"),
    }
    shares = draw.random.dirichlet([1.0] * 4, requests)[:, :3].astype("f4")
    history = [
        {
            "products": draw.ids(products, requests, n),
            "kinds": draw.ids(KINDS, requests, n),
            "mask": draw.mask(requests, n, least),
        }
        for n in lengths
    ]
    return {
        "products": shelf,
        "requests": {
            "profile": np.stack([draw.ids(n, requests) for n in PROFILE], 1),
            "tokens": draw.vectors(requests, pieces),
            "token_mask": draw.mask(requests, pieces, least),
            "categories": draw.ids(vocabulary["product_types"], requests, 3),
            "category_weights": shares,
            "length": draw.ids(LENGTHS, requests),
            "frequency": draw.ids(FREQUENCIES, requests),
            "behaviours": history,
        },
    }


def moppr_feeds(asked, table):
    shelf = asked["products"]
    item = {"product" if name == "id" else name: values for name, values in shelf.items()}
    request = dict(asked["requests"])
    for window, history in zip(WINDOWS, request.pop("behaviours")):
        request |= {f"{window}.{name}": values for name, values in history.items()}
    return item, request | {"table": table}


def yandex_input(draw, config, shoppers, events, texts, least=0):
    history = {"content": draw.ids(texts, shoppers, events), "kinds": draw.ids(5, shoppers, events)}
    history["present"] = draw.mask(shoppers, events, least)
    return {"texts": draw.texts(texts), "items": np.arange(texts, dtype="i4"), "histories": history}


def dmt_input(draw, config, weights, requests, lengths, candidates, least=0):
    vocabulary = config["vocabulary"]
    items = lambda *shape: {part: draw.ids(vocabulary[f"{part}s"], *shape) for part in ITEM}  # noqa: E731
    sequences = [items(requests, n) | {"mask": draw.mask(requests, n, least)} for n in lengths]
    asked = {"sequences": sequences, "candidates": items(requests, candidates)}
    asked["candidates"]["dense"] = draw.around(weights, requests, candidates)
    bias, places = config["bias"], {}
    if bias["position"]:
        places["index"] = np.tile(np.arange(candidates, dtype="i4"), (requests, 1))
    if bias["page"]:
        places["page"] = np.tile(np.arange(candidates, dtype="i4") // 10, (requests, 1))
    if bias["neighbours"]:
        places["types"] = draw.ids(vocabulary["product_types"] + 1, requests, candidates, 7)
    return asked | ({"places": places} if places else {})


def dmt_feeds(asked):
    groups = dict(zip(SEQUENCES, asked["sequences"])) | {
        "candidates": asked["candidates"],
        "places": asked.get("places", {}),
    }
    return {f"{name}.{part}": values for name, group in groups.items() for part, values in group.items()}


def mlpr_input(draw, config, weights, queries, items, pairs, least=0):
    def texts(rows, pieces, least, fields):
        return {
            "tokens": draw.vectors(rows, pieces),
            "fields": draw.ids(fields, rows, pieces),
            "mask": draw.mask(rows, pieces, least),
        }

    asked = {"queries": texts(queries, 6, least, 1), "items": texts(items, 16, least, 5)}
    of_pairs = {"query": draw.ids(queries, pairs), "item": np.arange(pairs, dtype="i4") % items}
    return asked | {"pairs": of_pairs | {"wide": draw.around(weights, pairs)}}


# ---- holding against -------------------------------------------------------------------------


def plain(value):
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value.tolist()


class Bench:
    """The models as they are written, held against `vitrine score`, and what is timed of them."""

    def __init__(self, vitrine, folder):
        self.vitrine, self.folder, self.cases, self.bytes = vitrine, folder, [], bytearray()
        self.worst = {}

    def score(self, system, weights, asked):
        """Insides by `vitrine score`; `weights` is a file's name, or what a file says and its tensors."""
        with tempfile.TemporaryDirectory() as scratch:
            path, request, out = (
                Path(scratch) / name for name in ("weights.safetensors", "request.json", "insides.json")
            )
            if isinstance(weights, str):
                path = ASSETS / f"{weights}.safetensors"
            else:
                write(path, *weights)
            request.write_text(json.dumps(plain(asked)))
            options = {"--model": system, "--weights": path, "--input": request, "--out": out}
            arguments = [str(argument) for option in options.items() for argument in option]
            subprocess.run([self.vitrine, "score", *arguments], check=True)
            return {name: np.array(values, "f4") for name, values in json.loads(out.read_text()).items()}

    def write(self, name, graph):
        path = self.folder / f"{name}.onnx"
        graph.save(path)
        return path

    def run(self, path, feeds):
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        return dict(zip(names, session.run(names, {i.name: feeds[i.name] for i in session.get_inputs()})))

    def hold(self, name, path, feeds, expected):
        """What the file makes of these inputs, which must be what is expected."""
        made = self.run(path, feeds)
        for output, values in made.items():
            wanted = np.asarray(expected[output]).reshape(values.shape)
            off = float(np.max(np.abs(values - wanted)) / np.max(np.abs(wanted)))
            if not off <= NEAR:
                sys.exit(f"{name}: {output} is {off:.2e} off, {NEAR:.0e} is allowed")
            self.worst[name] = max(self.worst.get(name, 0.0), off)
        return made

    def time(self, title, program, weights, path, feeds, outputs):
        """Keeps a case for the benchmark: what reads which weights, its inputs, and the outputs to agree on."""
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        inputs, free = [], {}
        for wanted in session.get_inputs():
            values = np.ascontiguousarray(feeds[wanted.name])
            free |= {
                axis: length for axis, length in zip(wanted.shape, values.shape) if isinstance(axis, str)
            }
            # Views of four bytes start at multiples of four, and all of these are.
            kind = "i32" if values.dtype == np.int32 else "f32"
            inputs.append(
                {"name": wanted.name, "kind": kind, "dims": list(values.shape), "at": len(self.bytes)}
            )
            self.bytes += values.tobytes()
        model, part = program
        case = {"title": title, "model": model, "part": part, "weights": f"{weights}.safetensors"}
        self.cases.append(case | {"onnx": path.name, "outputs": outputs, "axes": free, "inputs": inputs})

    def moppr(self):
        about, weights = read("moppr")
        config = about["config"]
        item = self.write("moppr-item", moppr_item(config, weights))
        request = self.write("moppr-user-query", moppr_user_query(config, weights))
        small = moppr_input(Draw(1), config, 4, 5, (6, 3, 4), 9)
        large = moppr_input(Draw(2), config, 1, 6, (20, 30, 30), 128, least=6)
        side = config["product"] + config["product_type"] + 2 * config["brand"] + 2 * config["attribute"]
        for asked in (small, large):
            insides = self.score("moppr", "moppr", asked)
            feeds = moppr_feeds(asked, np.ascontiguousarray(insides["e^i"][:, :side]))
            self.hold("moppr-item", item, feeds[0], insides)
            self.hold("moppr-user-query", request, feeds[1], insides)
        self.time(
            "MOPPR, user-query tower, a request of 6 pieces and 80 behaviours",
            ("Moppr", "user_query"),
            "moppr",
            request,
            feeds[1],
            ["H_uq"],
        )
        self.time("MOPPR, item tower, 128 products", ("Moppr", "item"), "moppr", item, feeds[0], ["H_i"])
        # Towers of their own over the same inputs: in the place of MOPPR's they can be scored.
        differences = [read(f"moppr-{objective}")[1] for objective in OBJECTIVES]
        copies = {}
        for own, objective in enumerate(OBJECTIVES):
            shares = [0.75 if n == own else -0.25 for n in range(4)]
            mixed = {name: values.copy() for name, values in under(weights, "towers").items()}
            for share, difference in zip(shares, differences, strict=True):
                for name in mixed:
                    mixed[name] += np.float32(share) * difference[name]
            copies[f"moppr-{objective}"] = mixed
        copies["coarse-ranker"] = read("coarse-ranker")[1]
        for name, own in copies.items():
            whole = weights | {f"towers.{key}": values for key, values in own.items()}
            insides = self.score("moppr", (about, whole), small)
            for tower, graph in towers(own):
                path = self.write(f"{name}-{tower}", graph)
                self.hold(f"{name}-{tower}", path, insides, insides)

    def query_category(self):
        """`vitrine score` knows no such system: held against its equation in double precision."""
        about, weights = read("query-category")
        config = about["config"]
        path = self.write("query-category", query_category(config, weights))
        query = Draw(3).texts(7, 1, 6, mean=True)
        w = {name: values.astype("f8") for name, values in weights.items()}
        hidden = np.maximum(query @ w["hidden.weight"] + w["hidden.bias"], 0)
        logits = (hidden @ w["output.weight"] + w["output.bias"]) / config["temperature"]
        odds = np.exp(logits - logits.max(1, keepdims=True))
        self.hold("query-category", path, {"query": query}, {"categories": odds / odds.sum(1, keepdims=True)})

    def yandex(self):
        for name in ("yandex-pretrained", "yandex"):
            about, weights = read(name)
            config = about["config"]
            user = self.write(f"{name}-user", yandex_user(config, weights))
            item = self.write(f"{name}-item", yandex_item(config, weights))
            small = yandex_input(Draw(4), config, 3, 7, 11)
            # 64 events are all that the file reads of a shopper.
            large = yandex_input(Draw(5), config, 2, 64, 128, least=64)
            for asked in (small, large):
                insides = self.score("yandex", name, asked)
                feeds = {"texts": asked["texts"]} | asked["histories"]
                self.hold(f"{name}-user", user, feeds, insides)
                self.hold(f"{name}-item", item, feeds, insides)
        self.time(
            "Yandex, user tower, 128 events: 64 of each of two shoppers",
            ("Yandex", "user"),
            name,
            user,
            feeds,
            ["v_u"],
        )

    def dmt(self):
        shipped = "dmt-mmoe-position-neighbours"
        for path in sorted(ASSETS.glob("dmt-*.safetensors")):
            name = path.stem
            about, weights = read(name)
            config = about["config"]
            path = self.write(name, dmt(config, weights))
            asked = [dmt_input(Draw(6), config, weights, 4, (7, 4, 3), 5)]
            if name == shipped:
                asked.append(dmt_input(Draw(7), config, weights, 1, (50, 10, 10), 200, least=10))
            for one in asked:
                feeds = dmt_feeds(one)
                self.hold(name, path, feeds, self.score("dmt", name, one))
            if name == shipped:
                title = "DMT, 50 clicks, 10 carts, 10 orders, 200 candidates"
                self.time(title, ("Dmt", "rank"), name, path, feeds, ["u", "y_b"])

    def mlpr(self):
        about, weights = read("mlpr")
        config = about["config"]
        encoders = {
            which: self.write(f"mlpr-{which}", mlpr_encoder(config, weights, which, made))
            for which, made in (("query", "phi"), ("item", "psi"))
        }
        heads = self.write("mlpr-heads", mlpr_heads(config, weights))
        small, large = (
            mlpr_input(Draw(8), config, weights, 3, 5, 7),
            mlpr_input(Draw(9), config, weights, 1, 100, 100, least=6),
        )
        for asked in (small, large):
            insides = self.score("mlpr", "mlpr", asked)
            self.hold("mlpr-query", encoders["query"], asked["queries"], insides)
            self.hold("mlpr-item", encoders["item"], asked["items"], insides)
            pairs = asked["pairs"]
            feeds = {
                "phi": insides["phi"][pairs["query"]],
                "psi": insides["psi"][pairs["item"]],
                "wide": pairs["wide"],
            }
            self.hold("mlpr-heads", heads, feeds, insides)
        self.time(
            "MLPR, encoder, 100 titles of 6 to 16 pieces",
            ("Mlpr", "item"),
            "mlpr",
            encoders["item"],
            asked["items"],
            ["psi"],
        )
        self.time("MLPR, heads, 100 pairs", ("Mlpr", "heads"), "mlpr", heads, feeds, ["y"])


def main(vitrine, folder="target/onnx"):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(vitrine, folder)
    for system in (bench.moppr, bench.query_category, bench.yandex, bench.dmt, bench.mlpr):
        system()
    (folder / "bench.json").write_text(json.dumps(bench.cases))
    (folder / "bench.bin").write_bytes(bench.bytes)
    print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}, into {folder}\n")
    print("| file | KB | furthest from ours |\n|---|---:|---:|")
    for name, off in bench.worst.items():
        size = (folder / f"{name}.onnx").stat().st_size / 1000
        print(f"| {name}.onnx | {size:.0f} | {off:.1e} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
