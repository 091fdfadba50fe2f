"""SINDI (VSAG, arXiv 2509.08395) from its wheel: 8-bit postings in windows, the candidates scored again from a forward store.

    main.py DATA INDEX [reorder=1] [doc_prune_ratio=0]
    set n_candidate=… query_prune_ratio=… term_prune_ratio=…

DATA holds docs.csr and queries.csr. The commands are those of package peer. What is timed is one call of knn_search, so it holds
a few microseconds of Python.
"""
import json, os, sys, time

import numpy as np

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # notes of the library go to standard error
import pyvsag

pyvsag.set_logger_off()


def csr(name):
    rows, columns, nonzeros = np.fromfile(name, "<i8", 3)
    at = np.fromfile(name, "<i8", rows + 1, offset=24)
    base = 24 + 8 * (int(rows) + 1)
    terms = np.fromfile(name, "<u4", nonzeros, offset=base)
    return columns, at.astype(np.uint32), terms, np.fromfile(name, "<f4", nonzeros, offset=base + 4 * int(nonzeros))


def parameters(words):
    return {k: float(v) for k, v in (w.split("=") for w in words)}


data, path, build = sys.argv[1], sys.argv[2], parameters(sys.argv[3:])
columns, qat, qterms, qweights = csr(data + "/queries.csr")
queries = [(np.array([0, b - a], np.uint32), qterms[a:b].copy(), qweights[a:b].copy()) for a, b in zip(qat[:-1], qat[1:])]


def new():
    return pyvsag.Index("sindi", json.dumps({
        "dtype": "sparse", "metric_type": "ip", "dim": 1024,
        "index_param": {"term_id_limit": int(columns), "window_size": 50000, "use_quantization": True,
                        "use_reorder": bool(build.get("reorder", 1)), "doc_prune_ratio": build.get("doc_prune_ratio", 0.0)},
    }))


index, search = None, "{}"
for line in sys.stdin:
    words = line.split()
    answer = {}
    if words[0] == "build":
        _, at, terms, weights = csr(data + "/docs.csr")
        ids = np.arange(len(at) - 1, dtype=np.int64)
        wall, cpu = time.perf_counter(), time.process_time()
        index = new()
        index.build(at, terms, weights, ids)
        index.save(path)
        cpu = time.process_time() - cpu
        answer = {"documents": len(ids), "cpu_s": cpu, "process_cpu_s": cpu, "wall_s": time.perf_counter() - wall, "index_bytes": os.path.getsize(path)}
    elif words[0] == "load":
        index = new()
        index.load(path)
    elif words[0] == "set":
        p = parameters(words[1:])
        if "n_candidate" in p:
            p["n_candidate"] = int(p["n_candidate"])
        search = json.dumps({"sindi": p})
    elif words[0] in ("pass", "top"):
        k, walls, cpus, top = int(words[1]), [], [], []
        thread = time.CLOCK_THREAD_CPUTIME_ID
        for q in queries:
            wall, cpu = time.perf_counter_ns(), time.clock_gettime_ns(thread)
            found = index.knn_search(*q, k, search)
            cpus.append(time.clock_gettime_ns(thread) - cpu)
            walls.append(time.perf_counter_ns() - wall)
            if words[0] == "top":
                ids, distances = sorted((np.ravel(x) for x in found), key=lambda x: x.dtype.kind != "i")
                top.append([[int(i), 1 - float(d)] for i, d in zip(ids, distances) if i >= 0])
        answer = top if words[0] == "top" else {"wall": walls, "cpu": cpus}
    else:
        sys.exit("unknown command " + line)
    print(json.dumps(answer), file=answers, flush=True)
