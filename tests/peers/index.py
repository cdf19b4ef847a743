"""The clustering tree beside faiss and usearch: one thread, the same vectors, the same recall.

    target/peers/bin/pip install numpy faiss-cpu usearch
    target/peers/bin/python tests/peers/index.py target/release/vitrine [arguments of `vitrine index bench`]

`vitrine index bench` runs first and writes the vectors that it drew (or read) for the others. Of each index
the first setting that reaches a recall@100 of 0.95 counts: the seconds that it took to build, milliseconds
a query, asked one by one, and the product of both. Prints, and asserts nothing.
"""

import os
import re
import subprocess
import sys
import tempfile
import time

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import faiss  # noqa: E402
import numpy as np  # noqa: E402
from usearch.index import Index  # noqa: E402

TOP = 100
ENOUGH = 0.95


def ours(vitrine, arguments, folder):
    """What the tree took: seconds to build, milliseconds a query at the first beam that is enough."""
    command = [vitrine, "index", "bench", "--save", folder, "--top", str(TOP), *arguments]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    print(said)
    build = float(re.search(r"built in ([\d.]+) s", said)[1])
    rows = re.findall(r"^\| (\d+) \| ([\d.]+) \| \d+ \| ([\d.]+) \|", said, re.MULTILINE)
    return build, [(f"beam {beam}", float(recall), float(p50)) for beam, recall, p50 in rows]


def truth(vectors, queries):
    """The best by inner products in f32, as the others are asked for."""
    best = np.empty((len(queries), TOP), dtype=np.int64)
    for number, query in enumerate(queries):
        scores = vectors @ query
        best[number] = np.argpartition(-scores, TOP)[:TOP]
    return [set(row) for row in best]


def measured(search, settings, best, queries):
    """By setting: recall, and the median of milliseconds."""
    for name, setting in settings:
        setting()
        times, found = [], 0
        for query, wanted in zip(queries, best):
            begun = time.perf_counter()
            numbers = search(query)
            times.append(1e3 * (time.perf_counter() - begun))
            found += len(wanted.intersection(numbers.tolist()))
        recall = found / (TOP * len(queries))
        yield name, recall, float(np.median(times))
        if recall > 0.995:
            return


def of_faiss(index, vectors, knob, values, best, queries):
    faiss.omp_set_num_threads(1)
    begun = time.perf_counter()
    if not index.is_trained:
        index.train(vectors)
    index.add(vectors)
    build = time.perf_counter() - begun
    target = getattr(index, "hnsw", index)
    settings = [(f"{knob} {value}", lambda value=value: setattr(target, knob, value)) for value in values]
    search = lambda query: index.search(query[None], TOP)[1][0]  # noqa: E731
    return build, list(measured(search, settings, best, queries))


def of_usearch(vectors, best, queries):
    index = Index(ndim=vectors.shape[1], metric="ip", dtype="i8")
    begun = time.perf_counter()
    index.add(np.arange(len(vectors)), vectors, threads=1)
    build = time.perf_counter() - begun
    settings = [
        (f"expansion {value}", lambda value=value: setattr(index, "expansion_search", value))
        for value in (100, 200, 400, 800)
    ]
    search = lambda query: index.search(query, TOP, threads=1).keys  # noqa: E731
    return build, list(measured(search, settings, best, queries))


def main(vitrine, *arguments):
    with tempfile.TemporaryDirectory() as folder:
        own = ours(vitrine, arguments, folder)
        vectors = np.load(f"{folder}/vectors.npy")
        queries = np.load(f"{folder}/queries.npy")
    best = truth(vectors, queries)
    dimension = vectors.shape[1]
    inner, kind = faiss.METRIC_INNER_PRODUCT, faiss.ScalarQuantizer.QT_8bit
    probes, expansions = (1, 2, 4, 8, 16, 32, 64, 128, 256), (100, 200, 400, 800)

    def lists(count):
        index = faiss.IndexIVFScalarQuantizer(faiss.IndexFlatIP(dimension), dimension, count, kind, inner)
        return of_faiss(index, vectors, "nprobe", probes, best, queries)

    def graph():
        index = faiss.IndexHNSWSQ(dimension, kind, 16, inner)
        return of_faiss(index, vectors, "efSearch", expansions, best, queries)

    peers = {
        "vitrine, tree": lambda: own,
        "faiss, IVF1024, SQ8": lambda: lists(1024),
        "faiss, IVF4096, SQ8": lambda: lists(4096),
        "faiss, HNSW16, SQ8": graph,
        "usearch, HNSW16, int8": lambda: of_usearch(vectors, best, queries),
    }
    print("| index | setting | recall@100 | build, s | query, ms | build x query | ratio to ours |")
    print("|---|---|---:|---:|---:|---:|---:|", flush=True)
    least = None
    for name, measure in peers.items():
        build, settings = measure()
        setting, recall, query = next((s for s in settings if s[1] >= ENOUGH), settings[-1])
        product = build * query
        least = least or product
        enough = "" if recall >= ENOUGH else " (too low)"
        numbers = [f"{recall:.4f}{enough}", f"{build:.1f}", f"{query:.3f}", f"{product:.2f}", f"{product / least:.2f}"]
        print(f"| {' | '.join([name, setting, *numbers])} |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
