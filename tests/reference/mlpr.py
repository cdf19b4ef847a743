"""MLPR by its paper's equations 2 to 10. See common.py for how to run this."""

import numpy as np

from common import Weights, mask, padded, relu, sigmoid, softmax, write, z_score

TOKEN, WIDTH, LENGTH, BLOCKS, HEADS, D_F, OUTPUT = 4, 6, 5, 2, 2, 5, 4
WIDE, K = 3, 3
EXPERTS, EXPERT, SPECIFIC, SHARED, STAGE_2, TOWER = 3, [5, 4], 2, 1, [4], [4, 3]


def config(**changes):
    return {
        "bert": {
            "token": TOKEN, "width": WIDTH, "length": LENGTH, "blocks": BLOCKS, "heads": HEADS,
            "d_f": D_F, "output": OUTPUT,
        },
        "wide": WIDE, "sharing": "two-stage", "attention": True, "transfer": True,
        "experts": EXPERTS, "expert": EXPERT, "specific": SPECIFIC, "shared": SHARED,
        "stage_2": STAGE_2, "tower": TOWER, "dropout": 0.2,
    } | changes


def bert(w, text, side):
    """phi of a query or psi of an item; `text` holds token vectors and the field of each."""
    tokens = np.reshape([vector for vector, _ in text], (-1, TOKEN))
    fields = w.draw("bert.fields", (5, WIDTH))[[field for _, field in text] or slice(0)]
    places = w.draw("bert.positions", (LENGTH, WIDTH))[: len(text)]
    hidden = w.layer_norm("bert.norm", w.fc("bert.token", tokens, WIDTH) + fields + places)
    pooled = np.zeros(WIDTH)
    if text:
        for block in range(BLOCKS):
            hidden, _ = w.attention_block(f"bert.blocks.{block}", hidden, hidden, HEADS, D_F)
        pooled = hidden.mean(0)
    return w.fc(f"bert.{side}", pooled, OUTPUT)


def expert(w, name, x, sizes):
    """{FC, BatchNorm, ReLU} x n, with the statistics that training left."""
    for n, size in enumerate(sizes):
        layer = f"{name}.layers.{n}"
        x = w.fc(f"{layer}.linear", x, size)
        mean = w.draw(f"{layer}.norm.running_mean", (size,))
        variance = w.draw(f"{layer}.norm.running_var", (size,), 0.5, 1.5)
        gamma = w.draw(f"{layer}.norm.gamma", (size,), 0.5, 1.5)
        x = gamma * (x - mean) / np.sqrt(variance + 1e-5) + w.draw(f"{layer}.norm.beta", (size,))
        x = relu(x)
    return x


def extract(w, stage, inputs, specific, shared, sizes):
    """Equations 3 and 4 for one pair: gates, what was weighed and g, each by task."""
    gates, experts, g = [], [], []
    for k, x in enumerate(inputs):
        h = [expert(w, f"{stage}.specific.{k}.{n}", x, sizes) for n in range(specific)]
        h += [expert(w, f"{stage}.shared.{n}", x, sizes) for n in range(shared)]
        w_k = softmax(w.fc(f"{stage}.gates.{k}", x, specific + shared, bias=False))
        gates.append(w_k)
        experts.append(h)
        g.append(w_k @ np.array(h))
    return {"w": gates, "H": experts, "g": g}


def attend(w, k, t, former):
    """Equation 6: a^k, and the weights of t^k and a^(k-1)."""
    unit, d = f"attention.{k}", len(t)
    if former is None:
        return w.fc(f"{unit}.values", t, d), np.array([1, 0])
    both = np.array([t, former])
    query, keys = w.fc(f"{unit}.choice.0", t, d), w.fc(f"{unit}.choice.1", both, d)
    weights = softmax(keys @ query / np.sqrt(d))
    return weights @ w.fc(f"{unit}.values", both, d), weights


def pair(w, settings, phi, psi, wide):
    r = z_score(w, wide)
    cosine = [phi @ psi / np.linalg.norm(phi) / np.linalg.norm(psi)]
    x = np.concatenate([phi, psi, cosine, phi * psi, r])  # (2)
    out = {"cosine": cosine, "hadamard": phi * psi, "r": r, "x": x}
    if settings["sharing"] == "two-stage":
        first = extract(w, "stage_1", [x] * K, 0, EXPERTS, EXPERT)
        second = extract(w, "stage_2", first["g"], SPECIFIC, SHARED, STAGE_2)
        out |= {f"stage_1.{name}": value for name, value in first.items()}
        out |= {f"stage_2.{name}": value for name, value in second.items()}
        v = second["g"]
    elif settings["sharing"] == "customised":
        first = extract(w, "stage_1", [x] * K, SPECIFIC, SHARED, EXPERT)
        out |= {f"stage_1.{name}": value for name, value in first.items()}
        v = first["g"]
    else:
        v = [expert(w, "bottoms.0", x, [EXPERT[0] * EXPERTS, EXPERT[1]])] * K
    t = [w.perceptron(f"towers.{k}", v[k], TOWER) for k in range(K)]  # (5)
    out["t"], a = t, t
    if settings["attention"]:
        a, out["attention"], former = [], [], None
        for k in range(K):
            former, weights = attend(w, k, t[k], former)
            a.append(former)
            out["attention"].append(weights)
        out["a"] = a
    p = [sigmoid(w.fc(f"predictions.{k}", a[k], 1))[0] for k in range(K)]  # (7)
    out["p"] = p
    out["y"] = np.cumprod(p) if settings["transfer"] else p  # (8)
    return out


def case(seed, settings):
    w = Weights(seed)
    random = np.random.Generator(np.random.PCG64(seed + 100))
    number = lambda *shape: np.round(random.normal(size=shape), 3)
    text = lambda n, fields: [(number(TOKEN), int(random.choice(fields))) for _ in range(n)]
    # A query of no known word is one too.
    queries = [text(n, [0]) for n in (3, 0)]
    items = [text(n, [1, 2, 3, 4]) for n in (5, 2, 1)]
    pairs = [(0, 0), (0, 2), (1, 1), (0, 1)]
    wide = number(len(pairs), WIDE) * 2
    wide[1, 2] = -40  # As far from the mean as is let through.
    phi = [bert(w, q, "query") for q in queries]
    psi = [bert(w, i, "item") for i in items]
    each = [pair(w, settings, phi[q], psi[i], r) for (q, i), r in zip(pairs, wide)]
    out = {name: [of[name] for of in each] for name in each[0]} | {"phi": phi, "psi": psi}

    impressions = np.array([4, 1, 0, 3])
    engaged = np.array([[2, 1, 1], [1, 0, 0], [0, 0, 0], [0, 0, 0]])
    scale, weights, log_variance = 8, [1, 2, 0.5], np.array([-0.4, 0.3, 1.1])
    y = np.array(out["y"])
    entropy = -engaged * np.log(y) - (impressions[:, None] - engaged) * np.log(1 - y)
    losses = entropy.sum(0) / scale
    sigma = np.exp(log_variance / 2)
    out["L_k"] = losses
    out["L_9"] = [losses @ weights]  # (9)
    out["L_10"] = [np.sum(losses / (2 * sigma**2)) + np.log(np.prod(sigma))]  # (10)

    def texts(rows):
        longest = max(map(len, rows))
        return {
            "tokens": padded([np.reshape([v for v, _ in t], (-1, TOKEN)) for t in rows], longest, TOKEN),
            "fields": padded([[field for _, field in t] for t in rows], longest),
            "mask": mask(map(len, rows), longest),
        }

    return {
        "config": settings,
        "weights": w,
        "input": {
            "queries": texts(queries), "items": texts(items),
            "pairs": {"query": [q for q, _ in pairs], "item": [i for _, i in pairs], "wide": wide},
            "loss": {
                "engaged": engaged, "impressions": impressions, "scale": scale,
                "weights": weights, "log_variance": log_variance,
            },
        },
        "insides": out,
    }


if __name__ == "__main__":
    write("mlpr", [
        case(4, config()),
        case(5, config(sharing="customised", attention=False, transfer=False)),
        case(6, config(sharing="shared-bottom")),
    ])
