"""DMT by its paper's equations 1 to 6. See common.py for how to run this."""

import numpy as np

from common import Weights, mask, padded, sigmoid, softmax, relu, write, z_score

SIZES = {"products": 6, "product_types": 4, "brands": 3, "shops": 2, "colours": 1}
PARTS = [("product", 6, 2), ("product_type", 4, 2), ("brand", 3, 1), ("shop", 2, 1)]
D, HEADS, D_F, DENSE = 6, 2, 5, 3
NAMES, LENGTHS = ["clicks", "carts", "orders"], [50, 10, 10]
TASKS = ["click", "order"]
EXPERTS, EXPERT, UTILITY = 3, [5, 4], [3]
D_POSITION, D_TYPE, BIAS_HIDDEN = 1, 1, [4]


def config(**changes):
    return {
        "vocabulary": SIZES, "dense": DENSE,
        "item": {part: width for part, _, width in PARTS},
        "sequences": 3, "interest": "transformer", "positions": "learned", "heads": HEADS,
        "d_f": D_F, "multi_task": "mmoe", "experts": EXPERTS, "expert": EXPERT,
        "utility": UTILITY, "bias": {"position": True, "page": True, "neighbours": True},
        "d_position": D_POSITION, "d_type": D_TYPE, "bias_hidden": BIAS_HIDDEN,
    } | changes


def embed(w, network, item):
    """An item is the concatenation of the embeddings of its four ids."""
    return np.concatenate([
        w.draw(f"{network}.items.{part}.weight", (rows, width))[id]
        for (part, rows, width), id in zip(PARTS, item)
    ])


def positions(w, name, length, kind):
    if kind == "sinusoidal" and name not in w:
        angle = np.arange(length)[:, None] / 10_000 ** (np.arange(D) // 2 * 2 / D)
        w[name] = np.where(np.arange(D) % 2 == 0, np.sin(angle), np.cos(angle))
    return w.draw(name, (length, D))


def network(w, name, settings, request, tasks):
    """One network for one request: a dictionary of its insides."""
    out = {}
    targets = np.array([embed(w, name, item) for item in request["candidates"]])
    interests = []
    for n in range(settings["sequences"]):
        unit, what = f"{name}.transformers.{n}", NAMES[n]
        table = positions(w, f"{unit}.positions", LENGTHS[n], settings["positions"])
        sequence = request["sequences"][n]
        # Drawn for all requests alike, whether or not this one has done anything.
        items = np.array([embed(w, name, item) for item in sequence or [(0, 0, 0, 0)]])
        items = items + table[: len(items)]
        encoding, _ = w.attention_block(f"{unit}.encoder", items, items, HEADS, D_F)
        interest, a = w.attention_block(f"{unit}.decoder", targets, encoding, HEADS, D_F)
        if not sequence:
            encoding, interest = np.zeros((0, D)), np.zeros_like(targets)
            a = np.zeros((HEADS, len(targets), 0))
        out |= {f"encoding_{what}": encoding, f"interest_{what}": interest}
        out[f"attention_{what}"] = a
        interests.append(interest)
    dense = z_score(w, request["dense"])
    x = np.concatenate([*interests, targets, dense], 1)
    out |= {"target": targets, "x": x, "e": [], "w": [], "f": [], "u": []}
    # A bottom in place of experts is as wide inside as all of them.
    shared = settings["multi_task"] != "mmoe"
    experts = 1 if shared else EXPERTS
    widths = [EXPERT[0] * EXPERTS if shared else EXPERT[0], EXPERT[1]]
    for x_i in x:
        e = np.array([
            relu(w.perceptron(f"{name}.tasks.experts.{n}", x_i, widths)) for n in range(experts)
        ])
        gate, f, u = [], [], []
        for k in range(tasks):
            w_k = np.ones(1)
            if not shared:
                w_k = softmax(w.perceptron(f"{name}.tasks.gates.{k}", x_i, [experts]))
            f_k = w_k @ e
            gate.append(w_k)
            f.append(f_k)
            u.append(w.perceptron(f"{name}.tasks.utilities.{k}", f_k, [*UTILITY, 1])[0])  # (3)
        for key, value in (("e", e), ("w", gate), ("f", f), ("u", u)):
            out[key].append(value)
    return out


def bias(w, place):
    """Equation 4."""
    index, page, types = place
    features = [
        w.draw("bias.index.weight", (400, D_POSITION))[index],
        w.draw("bias.page.weight", (100, D_POSITION))[page],
        *w.draw("bias.types.weight", (SIZES["product_types"] + 1, D_TYPE))[types],
    ]
    return w.perceptron("bias.mlp", np.concatenate(features), [*BIAS_HIDDEN, 1])[0]


def case(seed, lengths, settings):
    w = Weights(seed)
    random = np.random.Generator(np.random.PCG64(seed + 100))
    below = lambda n: int(random.integers(n))
    item = lambda: tuple(below(rows) for _, rows, _ in PARTS)
    count = 3
    requests = [
        {
            "sequences": [[item() for _ in range(n)] for n in of],
            "candidates": [item() for _ in range(count)],
            "dense": np.round(random.normal(size=(count, DENSE)) * 2, 3),
            "places": [
                (below(400), below(100), [below(5) for _ in range(7)]) for _ in range(count)
            ],
        }
        for of in lengths
    ]
    requests[0]["dense"][0, 1] = 50  # As far from the mean as is let through.
    read = settings["sequences"]
    single = settings["multi_task"] == "single-task"
    longest = [max(1, *(len(r["sequences"][n]) for r in requests)) for n in range(read)]

    out = {}
    networks = [
        [network(w, f"networks.{n}", settings, r, 1 if single else 2) for r in requests]
        for n in range(2 if single else 1)
    ]
    for task, each in zip(TASKS, networks):
        end = f"_{task}" if single else ""
        for n, what in enumerate(NAMES[:read]):
            rows = [of[f"encoding_{what}"] for of in each]
            out[f"encoding_{what}{end}"] = padded(rows, longest[n], D)
        for name in [*(f"interest_{what}" for what in NAMES[:read]), "target", "x", *"ewf"]:
            out[f"{name}{end}"] = [of[name] for of in each]
    for n, what in enumerate(NAMES[:read]):
        # The heads of the second network stand behind those of the first.
        out[f"attention_{what}"] = [
            [padded(head, longest[n]) for each in networks for head in each[r][f"attention_{what}"]]
            for r in range(len(requests))
        ]
    u = np.concatenate([[of["u"] for of in each] for each in networks], 2)
    out |= {"u": u, "y_serving": sigmoid(u)}  # (6)
    has_bias = settings["bias"]["position"]
    y = sigmoid(u)
    if has_bias:
        y_b = np.array([[bias(w, place) for place in r["places"]] for r in requests])
        y = sigmoid(u + y_b[:, :, None])  # (5)
        out["y_b"] = y_b
    out["y"] = y
    labels = np.array([[[1, 1], [0, 0], [1, 0]], [[0, 0], [1, 0], [0, 0]]])
    there, lambdas = [3, 2], [1, 2.5]
    losses = np.where(labels == 1, -np.log(y), -np.log(1 - y))
    losses = [losses[r, c] for r in range(2) for c in range(there[r])]
    out["L"] = [np.mean(losses, 0) @ lambdas]  # (5)

    def ids(items):
        return {part: [[i[n] for i in row] for row in items] for n, (part, _, _) in enumerate(PARTS)}

    def sequence(n):
        rows = [r["sequences"][n] for r in requests]
        full = [row + [(0, 0, 0, 0)] * (longest[n] - len(row)) for row in rows]
        return ids(full) | {"mask": mask(map(len, rows), longest[n])}

    given = {
        "sequences": [sequence(n) for n in range(read)],
        "candidates": ids([r["candidates"] for r in requests])
        | {"dense": [r["dense"] for r in requests]},
        "loss": {"labels": labels, "present": mask(there, count), "lambda": lambdas},
    }
    if has_bias:
        places = [r["places"] for r in requests]
        given["places"] = {
            name: [[place[n] for place in row] for row in places]
            for n, name in enumerate(("index", "page", "types"))
        }
    return {"config": settings, "weights": w, "input": given, "insides": out}


if __name__ == "__main__":
    nothing = {"position": False, "page": False, "neighbours": False}
    write("dmt", [
        case(2, [(4, 2, 1), (2, 0, 3)], config()),
        case(3, [(2, 3), (0, 1)], config(
            sequences=2, positions="sinusoidal", multi_task="single-task", bias=nothing,
        )),
    ])
