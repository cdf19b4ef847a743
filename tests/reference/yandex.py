"""Yandex's two towers by sections 3.1 to 3.5 of their paper. See common.py for how to run this."""

import numpy as np

from common import Weights, mask, padded, relu, sigmoid, unit, write

WORD, D, HEADS, LAYERS, D_F, HISTORY, WEB_HISTORY, ITEM_LAYERS = 4, 6, 2, 2, 5, 6, 3, 2
SIGNALS = ["click", "favourite", "cart", "order"]


def config(**changes):
    return {
        "word": WORD, "d": D, "heads": HEADS, "layers": LAYERS, "d_f": D_F, "history": HISTORY,
        "web_queries": "fused", "web_history": WEB_HISTORY, "item_layers": ITEM_LAYERS,
        "item_width": 5,
    } | changes


def item_tower(w, settings, x):
    """3.1: residual layers, x_(k+1) = LayerNorm(ReLU(Linear(x_k)) + x_k)."""
    width = settings["item_width"]
    if width != D:
        x = w.fc("item.input", x, width)
    for n in range(ITEM_LAYERS):
        layer = f"item.layers.{n}"
        x = w.layer_norm(f"{layer}.norm", relu(w.fc(f"{layer}.linear", x, width)) + x)
    return unit(w.fc("item.output", x, D) if width != D else x)


def encode(w, name, length, events, content):
    """3.2: event embeddings and [CLS] through a transformer; `events` are text and type."""
    positions = w.draw(f"{name}.positions", (length, D))
    kinds = w.draw("user.kinds.weight", (5, D))
    summed = [content[text] + positions[n] + kinds[kind] for n, (text, kind) in enumerate(events)]
    embedded = w.layer_norm(f"{name}.norm", np.reshape(summed, (-1, D)))
    x = np.concatenate([w.draw(f"{name}.cls", (D,))[None], embedded])
    attention = []
    for n in range(LAYERS):
        x, weights = w.attention_block(f"{name}.blocks.{n}", x, x, HEADS, D_F)
        attention.append(weights[:, 0])
    return embedded, x[0], attention


def scalar(w, name, signal):
    return w.draw(f"loss.{name}", (4,), 0.5, 2)[signal]


def case(seed, settings, flags):
    w = Weights(seed)
    random = np.random.Generator(np.random.PCG64(seed + 100))
    below = lambda n: int(random.integers(n))
    separate = settings["web_queries"] == "separate"
    texts = np.round(random.normal(size=(7, WORD)), 3)
    items = [3, 0, 6, 1]
    kinds = 4 if separate else 5
    # The last shopper is new.
    histories = [[(below(7), below(kinds)) for _ in range(n)] for n in (6, 2, 0)]
    web = [[(below(7), 4) for _ in range(n)] for n in (1, 3, 0)]

    content = w.fc("content", texts, D, bias=False)
    sequences = [("", "user.behaviour", HISTORY, histories)]
    if separate:
        sequences.append(("web.", "user.web", WEB_HISTORY, web))
    out, cls = {"content": content}, []
    for prefix, name, length, of in sequences:
        longest = max(map(len, of))
        encoded = [encode(w, name, length, events, content) for events in of]
        out[f"{prefix}events"] = padded([e for e, _, _ in encoded], longest, D)
        for n in range(LAYERS):
            rows = [padded(attention[n], longest + 1) for _, _, attention in encoded]
            out[f"{prefix}attention.{n}"] = rows
        cls.append([c for _, c, _ in encoded])
    v_u = [unit(np.array(of)) for of in cls]
    if separate:  # 4.3: r_ui is the sum of the scaled inner products
        scales = w.draw("user.scales", (2,))
        v_u = [scale * of for scale, of in zip(scales, v_u)]
    v_u = sum(v_u)
    v_i = np.array([item_tower(w, settings, content[text]) for text in items])
    r_ui = np.array([[u @ i for i in v_i] for u in v_u])  # 3.3
    out |= {"v_u": v_u, "v_i": v_i, "r_ui": r_ui}

    # Pre-training: a positive against all positives of the other shoppers that are not its own.
    positives = np.array([[2, 0, 1, 0], [0, 1, 1, 0], [0, 0, 1, 0]])
    tau = np.exp(w.draw("loss.log_temperature", (1,)))
    losses = []
    for u, own in enumerate(positives):
        scores = np.exp(tau * r_ui[u])
        negatives = sum(positives[:, i].sum() * scores[i] for i in range(4) if own[i] == 0)
        for p, times in enumerate(own):
            losses += [-np.log(scores[p] / (scores[p] + negatives))] * times
    out |= {"tau": tau, "L_pretrain": [np.mean(losses)]}

    # Fine-tuning (3.4, 3.5.2).
    views = [(1, 0, 1, [0, 3, 2]), (0, 1, 1, [2, 1]), (2, 1, 0, [1, 0, 3])]
    labels = {
        "click": [[1, 0, 1], [0, 1], [0, 1, 0]],
        "favourite": [[0, 0, 1], [0, 1], [0, 0, 0]],
        "cart": [[1, 0, 0], [0, 0], [0, 1, 0]],
        "order": [[0, 0, 1], [0, 0], [0, 0, 0]],
    }
    surfaces = w.draw("context.surface.weight", (2, 1))
    devices = w.draw("context.device.weight", (2, 1))
    r_ctx = np.array([surfaces[s] + devices[d] for _, s, d, _ in views])
    out["r_ctx"] = r_ctx
    total = 0
    for k, signal in enumerate(SIGNALS):
        gamma, offset = scalar(w, "pairwise.slope", k), scalar(w, "pairwise.offset", k)
        gamma_ctx = scalar(w, "pairwise.context", k)
        alpha, beta = scalar(w, "pointwise.slope", k), scalar(w, "pointwise.offset", k)
        alpha_ctx = scalar(w, "pointwise.context", k)
        bpr = bce = 0
        shown = {"pairwise": [], "pointwise": []}
        for view, (u, _, _, products) in enumerate(views):
            ctx = r_ctx[view, 0] if flags["context_debiasing"] else 0
            # Padding is the first product again, and not printed.
            printed = np.arange(3) < len(products)
            r = r_ui[u, products + [0] * (3 - len(products))]
            pair = sigmoid(gamma * r + gamma_ctx * ctx + offset)
            point = sigmoid(alpha * r + alpha_ctx * ctx + beta)
            shown["pairwise"].append(pair * printed)
            shown["pointwise"].append(point * printed)
            y = labels[signal][view]
            there = range(len(products))
            for p in there:
                bce -= np.log(point[p]) if y[p] else np.log(1 - point[p])
                for n in there:
                    if not (y[p] and not y[n]):
                        continue
                    if flags["calibrated"]:
                        bpr -= np.log(pair[p] / (pair[p] + pair[n]))
                    else:
                        bpr -= np.log(sigmoid(gamma * (r[p] - r[n])))  # (1)
        for name, f in shown.items():
            out[f"f_{name}_{signal}"] = f
        out |= {f"BPR_{signal}": [bpr], f"BCE_{signal}": [bce]}
        read = flags["each_signal"] or signal == "click"
        total += bpr + (flags["pointwise_weight"] * bce if read else 0)
    out["L_finetune"] = [total / len(views)]  # (2)

    def sequence(rows):
        longest = max(map(len, rows))
        return {
            "content": padded([[text for text, _ in row] for row in rows], longest),
            "kinds": padded([[kind for _, kind in row] for row in rows], longest),
            "present": mask(map(len, rows), longest),
        }

    given = {
        "texts": texts, "items": items, "histories": sequence(histories),
        "pretrain": {"positives": positives},
        "finetune": {
            "shopper": [u for u, _, _, _ in views],
            "items": padded([products for _, _, _, products in views], 3),
            "present": mask([len(products) for _, _, _, products in views], 3),
            "surface": [s for _, s, _, _ in views], "device": [d for _, _, d, _ in views],
            "labels": {name: padded(rows, 3) for name, rows in labels.items()},
        } | flags,
    }
    if separate:
        given["web"] = sequence(web)
    return {"config": settings, "weights": w, "input": given, "insides": out}


if __name__ == "__main__":
    final = {
        "calibrated": True, "each_signal": False, "pointwise_weight": 0.1,
        "context_debiasing": True,
    }
    first = {
        "calibrated": False, "each_signal": True, "pointwise_weight": 1,
        "context_debiasing": False,
    }
    write("yandex", [
        case(7, config(), final),
        case(8, config(web_queries="separate", item_width=D), first),
    ])
