"""Times tamis beside hnswlib, FAISS and usearch on the same dense vectors, one thread, in
turns: peers.py FOLDER TAMIS [ROUNDS [PEERS]], with base.f32 and queries.f32 in FOLDER
(made.py) and the program of this folder; PEERS are some of hnswlib,ivf,sq8,hnsw,usearch. Prints for each system and setting the recall of the 10
best by exact inner products, the median of its microseconds of CPU time a question, and
bytes. Indexes of the peers are kept in FOLDER: they are built once."""
import json
import os
import statistics
import subprocess
import sys
import time

import faiss
import hnswlib
import numpy as np
import usearch.index

folder, program = sys.argv[1], sys.argv[2]
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
dims, k = 384, 10
base = np.fromfile(f"{folder}/base.f32", dtype=np.float32).reshape(-1, dims)
queries = np.fromfile(f"{folder}/queries.f32", dtype=np.float32).reshape(-1, dims)
n = len(base)
faiss.omp_set_num_threads(1)
rows = np.arange(n, dtype=np.uint32)


def seen(percent):
    """The rows that a filter lets through, as the program of this folder hides them."""
    return rows[(rows * np.uint32(2654435761) >> np.uint32(8)) % np.uint32(100) < percent]


truth = {}
for percent in (100, 10, 1):
    ids = seen(percent)
    truth[percent] = [set(ids[row].tolist()) for row in faiss.knn(queries, base[ids], k, metric=faiss.METRIC_INNER_PRODUCT)[1]]


def recall(found, percent):
    return sum(len(t & set(int(x) for x in f)) for t, f in zip(truth[percent], found)) / (k * len(queries))


systems = []  # name, bytes, build seconds, {setting: search()}, percent of rows that are seen


def each(search):
    return lambda: [search(q) for q in queries]


def kept(name, load, build):
    """The index in a file of FOLDER, built where there is none; its bytes and the CPU
    seconds that it took."""
    path = f"{folder}/{name}"
    if not os.path.exists(path):
        start = time.process_time()
        build(path)
        with open(path + ".s", "w") as f:
            f.write(str(time.process_time() - start))
    return load(path), os.path.getsize(path), float(open(path + ".s").read())


def add_hnswlib():
    def build(path):
        made = hnswlib.Index("ip", dims)
        made.init_index(n, M=16, ef_construction=200)
        made.add_items(base)
        made.save_index(path)

    def load(path):
        loaded = hnswlib.Index("ip", dims)
        loaded.load_index(path)
        loaded.set_num_threads(1)
        return loaded
    index, size, took = kept("hnswlib.bin", load, build)

    def at(ef):
        def run():
            index.set_ef(ef)
            return [index.knn_query(q, k, num_threads=1)[0][0] for q in queries]
        return run
    systems.append(("hnswlib M16", size, took, {f"ef {ef}": at(ef) for ef in (10, 16, 24, 40, 60, 100, 160, 250)}, 100))


def add_faiss(name, spec, parameter, values):
    def build(path):
        made = faiss.index_factory(dims, spec, faiss.METRIC_INNER_PRODUCT)
        faiss.omp_set_num_threads(os.cpu_count())
        made.train(base[::max(1, n // 100000)])
        made.add(base)
        faiss.omp_set_num_threads(1)
        faiss.write_index(made, path)
    index, size, took = kept(f"{spec.replace(',', '-')}.faiss", faiss.read_index, build)

    def at(value, percent):
        parameters = (faiss.SearchParametersHNSW if "HNSW" in spec else faiss.SearchParametersIVF)()
        setattr(parameters, parameter, value)
        if percent < 100:
            bits = np.zeros((n + 7) // 8 * 8, dtype=np.uint8)
            bits[seen(percent)] = 1
            packed = np.packbits(bits, bitorder="little")
            parameters.sel = faiss.IDSelectorBitmap(packed)
            parameters.kept = packed
        return lambda: [index.search(q[None], k, params=parameters)[1][0] for q in queries]
    for percent in (100, 10, 1):
        systems.append((name, size, took, {f"{parameter} {v}": at(v, percent) for v in values}, percent))


def add_usearch():
    def build(path):
        made = usearch.index.Index(ndim=dims, metric="ip", dtype="f32", connectivity=16, expansion_add=128)
        made.add(np.arange(n), base)
        made.save(path)
    index, size, took = kept("usearch.bin", usearch.index.Index.restore, build)

    def at(ef):
        def run():
            index.expansion_search = ef
            return [index.search(q, k, threads=1).keys for q in queries]
        return run
    systems.append(("usearch f32", size, took, {f"ef {ef}": at(ef) for ef in (16, 24, 40, 64, 100, 160, 250)}, 100))


def add_tamis(bits, recalls, percents):
    p = subprocess.Popen([program, "-base", f"{folder}/base.f32", "-queries", f"{folder}/queries.f32", "-bits", str(bits)],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "GOMAXPROCS": "1"})
    about = json.loads(p.stdout.readline())

    def at(r, percent):
        def run():
            p.stdin.write(f"{r} {k} {percent}\n")
            p.stdin.flush()
            got = json.loads(p.stdout.readline())
            run.us, run.told = got["us"], got["told"]
            return got["ids"]
        run.us = 0
        return run
    for percent in percents:
        systems.append((f"tamis {bits} bits", about["bytes"], about["build_s"], {f"recall {r}": at(r, percent) for r in recalls}, percent))


lists = int(4 * n ** .5)
peers = sys.argv[4].split(",") if len(sys.argv) > 4 else ["hnswlib", "ivf", "sq8", "hnsw", "usearch"]
add_tamis(8, (.8, .9, .95, .98, .99, .995, 1), (100, 10, 1))
add_tamis(16, (.9, .95, .99), (100,))
if "hnswlib" in peers:
    add_hnswlib()
if "ivf" in peers:
    add_faiss("FAISS IVF flat", f"IVF{lists},Flat", "nprobe", (1, 2, 4, 8, 12, 20, 32, 50, 80, 130))
if "sq8" in peers:
    add_faiss("FAISS IVF SQ8", f"IVF{lists},SQ8", "nprobe", (4, 8, 12, 20, 32, 50, 80, 130))
if "hnsw" in peers:
    add_faiss("FAISS HNSW16", "HNSW16", "efSearch", (10, 16, 24, 40, 60, 100, 160, 250))
if "usearch" in peers:
    add_usearch()
times = {}
for r in range(rounds):
    for name, size, took, settings, percent in systems:
        for setting, run in settings.items():
            if setting == "recall 1" and r > 0:
                continue
            start = time.process_time()
            found = run()
            us = getattr(run, "us", 0) or (time.process_time() - start) / len(queries) * 1e6
            times.setdefault((name, setting, percent), []).append(us)
            if r == 0:
                times[name, setting, percent, "recall"] = recall(found, percent)
print(f"{n} vectors of {dims}, {len(queries)} questions, {rounds} rounds, load {os.getloadavg()[0]:.1f}")
for name, size, took, settings, percent in systems:
    print(f"{name}: {size / n:.0f} bytes a vector, built in {took:.0f} s" + (f"; {percent} % of the rows seen" if percent < 100 else ""))
    for setting, run in settings.items():
        told = f" (told {run.told:.3f})" if hasattr(run, "told") else ""
        print(f"  {setting:12} recall {times[name, setting, percent, 'recall']:.4f}  {statistics.median(times[name, setting, percent]):8.0f} us{told}")
