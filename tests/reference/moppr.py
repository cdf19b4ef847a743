"""MOPPR by its paper's equations 3 to 18. See common.py for how to run this."""

import numpy as np

from common import Weights, mask, padded, softmax, unit, write

TOKEN, TERM = 4, 4
PROFILE = [6, 3, 5, 4, 4, 10]
SIZES = {"products": 7, "product_types": 5, "brands": 3, "shops": 2, "colours": 3}
CONFIG = {
    "vocabulary": SIZES, "encoder": "moppr", "token": TOKEN, "term": TERM, "profile": 2,
    "query_side": 2, "product": 3, "product_type": 2, "brand": 2, "attribute": 1,
    "hidden": [6, 5, 4], "output": 4,
}
OBJECTIVES = ["relevance", "exposure", "click", "purchase"]


def row(w, name, rows, width, n):
    """A row of a table; `width` names the size."""
    return w.draw(f"embeddings.{name}.weight", (rows, CONFIG[width]))[n]


def product(w, p):
    """Id and side information of a product."""
    own = row(w, "product", SIZES["products"], "product", p["id"]) * p["id_known"]
    return np.concatenate([
        own,
        row(w, "product_type", SIZES["product_types"], "product_type", p["product_type"]),
        row(w, "brand", SIZES["brands"], "brand", p["brand"]),
        row(w, "shop", SIZES["shops"], "brand", p["shop"]),
        row(w, "colour", SIZES["colours"] + 1, "attribute", p["colour"]),
        row(w, "price", 10, "attribute", p["price"]),
    ])


def tower(w, name, x):
    for n, size in enumerate(CONFIG["hidden"]):
        x = w.layer_norm(f"{name}.hidden.{n}.norm", w.fc(f"{name}.hidden.{n}.linear", x, size))
        x = np.where(x > 0, x, 0.01 * x)
    return unit(w.fc(f"{name}.output", x, CONFIG["output"]))


def attend(query, keys):
    """Equations 6 and 7; nothing to attend to gives zeros."""
    if len(keys) == 0:
        return np.zeros(len(query)), np.zeros(0)
    a = softmax(keys @ query / np.sqrt(len(query)))
    return a @ keys, a


def request(w, r, products):
    out = {}
    e_u = np.concatenate([
        row(w, f"profile.{n}", size, "profile", r["profile"][n])
        for n, size in enumerate(PROFILE)
    ])
    category = sum(
        p * row(w, "product_type", SIZES["product_types"], "product_type", c)
        for c, p in zip(r["categories"], r["category_weights"])
    )
    e_q = np.concatenate([
        category,
        row(w, "query_length", 8, "query_side", r["length"]),
        row(w, "query_frequency", 12, "query_side", r["frequency"]),
    ])
    e_w = w.fc("embeddings.term", np.reshape(r["tokens"], (-1, TOKEN)), TERM, bias=False)
    u = w.fc("embeddings.personal_attention", e_u, TERM)
    q_m = q_s = np.zeros(TERM)
    if len(e_w):
        q_m = e_w.mean(0)  # (4)
        q_s = (softmax(e_w @ e_w.T / np.sqrt(TERM)) @ e_w).max(0)  # (5)
    q_p, a_p = attend(u, e_w)  # (6)
    q_o = np.concatenate([q_m, q_s, q_p])  # (3)
    asked = np.concatenate([q_o, e_q, e_u])
    out.update({"e^w": e_w, "e^u": e_u, "e^q": e_q, "Q_m": q_m, "Q_s": q_s, "Q_p": q_p})
    out.update({"attention_p": a_p, "Q_o": q_o})
    histories = []
    d_i = sum(CONFIG[part] for part in ("product", "product_type"))
    d_i += 2 * CONFIG["brand"] + 3 * CONFIG["attribute"]
    for n, (name, behaviours) in enumerate(zip("rsl", r["behaviours"])):
        i = np.array([
            np.concatenate([product(w, products[p]), row(w, "event_kind", 4, "attribute", kind)])
            for p, kind in behaviours
        ])
        query = w.fc(f"embeddings.query_attention.{n}", asked, d_i)  # (8)
        h, out[f"attention_{name}"] = attend(query, i)  # (7)
        histories.append(h)
        out[f"H_{name}"] = h
    out["H_B"] = np.concatenate(histories)  # (9)
    out["e^uq"] = np.concatenate([e_u, e_q, q_o, out["H_B"]])  # (11)
    out["H_uq"] = tower(w, "towers.user_query", out["e^uq"])  # (10), (12)
    return out


def case(seed):
    w = Weights(seed)
    random = np.random.Generator(np.random.PCG64(seed + 100))
    number = lambda *shape: np.round(random.normal(size=shape), 3)
    below = lambda n: int(random.integers(n))
    products = [
        {
            "id": i, "product_type": below(5), "brand": below(3), "shop": below(2),
            "colour": below(4), "price": below(10), "title": number(TOKEN), "dense": number(10),
            "id_known": int(i != 5),
        }
        for i in (4, 0, 6, 5, 2)
    ]
    # The second asks for nothing, as on the feed; the third has done nothing long ago.
    requests = [
        {
            "profile": [below(size) for size in PROFILE],
            "tokens": number(pieces, TOKEN),
            "categories": [below(5) for _ in range(3)],
            "category_weights": np.round(random.uniform(0, 0.5, 3), 3),
            "length": below(8), "frequency": below(12),
            "behaviours": [[(below(5), below(4)) for _ in range(n)] for n in lengths],
        }
        for pieces, lengths in ((3, (2, 1, 3)), (0, (0, 2, 2)), (1, (3, 1, 0)))
    ]
    candidates = [[2, 0, 1, 4], [4, 3, 0, 0], [1, 2, 3, 0]]
    there = [4, 3, 4]
    labels = {
        "relevance": [[1, 1, 1], [1, 1, 0], [1, 0, 1]],
        "exposure": [[1, 1, 0], [1, 0, 0], [0, 0, 1]],
        "click": [[1, 1, 0], [0, 0, 0], [0, 0, 1]],
        "purchase": [[0, 1, 0], [0, 0, 0], [0, 0, 0]],
    }
    tau, chosen = 0.4, [1, 0.5, 2, 3]

    each = [request(w, r, products) for r in requests]
    out = {name: [of[name] for of in each] for name in each[0]}
    longest = {"e^w": 3, "attention_p": 3, "attention_r": 3, "attention_s": 2, "attention_l": 3}
    for name, length in longest.items():
        out[name] = padded(out[name], length, TERM if name == "e^w" else None)
    out["e^i"] = [
        np.concatenate([
            product(w, p), w.fc("embeddings.term", p["title"], TERM, bias=False), p["dense"],
        ])
        for p in products
    ]
    out["H_i"] = [tower(w, "towers.item", e) for e in out["e^i"]]  # (13), (14)
    out["z"] = [[h_uq @ h_i for h_i in out["H_i"]] for h_uq in out["H_uq"]]

    y = [
        softmax(np.array([out["z"][b][i] for i in row[:n]]) / tau)  # (15)
        for b, (row, n) in enumerate(zip(candidates, there))
    ]
    out["y_hat"] = padded(y, 4)
    total = 0
    for name, weight in zip(OBJECTIVES, chosen):
        clamped, loss = [], 0
        for b, label in enumerate(labels[name]):
            positives = sum(label)
            clamped.append([min(y[b][k] * positives, 1) for k in range(3)])  # (16)
            loss -= sum(np.log(clamped[b][k]) for k in range(3) if label[k])  # (17)
        out[f"y_hat_{name}"] = clamped
        out[f"L_{name}"] = [loss]
        total += weight / max(np.sum(labels[name]), 1) * loss  # (18), weights as in 5.3
    out["L"] = [total]

    def sequence(n):
        rows = [r["behaviours"][n] for r in requests]
        length = max(map(len, rows))
        return {
            "products": padded([[p for p, _ in row] for row in rows], length),
            "kinds": padded([[kind for _, kind in row] for row in rows], length),
            "mask": mask(map(len, rows), length),
        }

    fields = {name: [r[name] for r in requests] for name in (
        "profile", "categories", "category_weights", "length", "frequency"
    )}
    pieces = [r["tokens"] for r in requests]
    return {
        "config": CONFIG,
        "weights": w,
        "input": {
            "products": {name: [p[name] for p in products] for name in products[0]},
            "requests": fields | {
                "tokens": padded(pieces, 3, TOKEN),
                "token_mask": mask(map(len, pieces), 3),
                "behaviours": [sequence(n) for n in range(3)],
            },
            "loss": {
                "candidates": candidates, "present": mask(there, 4), "labels": labels,
                "temperature": tau, "weights": chosen,
            },
        },
        "insides": out,
    }


if __name__ == "__main__":
    write("moppr", [case(1)])
