"""PISA (Mallia, Siedlaczek, Mackenzie, Suel, 2019) from the wheel of pyterrier_pisa: quantized impacts, one of its query algorithms.

    main.py DATA INDEX
    set algorithm=maxscore|block_max_wand|block_max_maxscore|wand|ranked_or

INDEX is a folder that holds PISA's uncompressed inverted index, with 8-bit weights; building makes the block_simdbp index and the
block maxima of it. Query weights become 1 to 32 repetitions of a term, the form that the wheel takes. The commands are those of package
peer. A query's time is the time between two draws from the iterator of queries, so it holds the reading of a small dictionary.
"""
import glob, json, os, sys, time

import numpy as np

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
from pyterrier_pisa import _pisathon


def csr(name):
    rows, columns, nonzeros = np.fromfile(name, "<i8", 3)
    at = np.fromfile(name, "<i8", rows + 1, offset=24)
    base = 24 + 8 * (int(rows) + 1)
    return at, np.fromfile(name, "<u4", nonzeros, offset=base), np.fromfile(name, "<f4", nonzeros, offset=base + 4 * int(nonzeros))


data, path = sys.argv[1], sys.argv[2]
at, terms, weights = csr(data + "/queries.csr")
queries = []
for i, (a, b) in enumerate(zip(at[:-1], at[1:])):
    levels = np.maximum(1, np.round(32 * weights[a:b] / weights[a:b].max()))
    queries.append((i, {f"{t:06d}": float(w) for t, w in zip(terms[a:b], levels)}))


class Clocked:
    """The queries, with the time of each draw."""

    def __len__(self):
        return len(queries)

    def __iter__(self):
        self.wall, self.cpu = [], []
        for q in queries + [None]:
            self.wall.append(time.perf_counter_ns())
            self.cpu.append(time.clock_gettime_ns(time.CLOCK_THREAD_CPUTIME_ID))
            if q is not None:
                yield q


def prepare():
    c = _pisathon.RetrievalContext()
    _pisathon.prepare_index(c, path, "block_simdbp", "quantized", "", quantize=0, stop_fname="")
    return c


context, algorithm = None, "maxscore"
for line in sys.stdin:
    words = line.split()
    answer = {}
    if words[0] == "build":
        wall, cpu = time.perf_counter(), time.process_time()
        _pisathon.build_binlex(path + "/fwd.terms", path + "/fwd.termlex")
        _pisathon.build_binlex(path + "/fwd.documents", path + "/fwd.doclex")
        prepare()
        cpu = time.process_time() - cpu
        made = glob.glob(path + "/quantized.*")
        answer = {"documents": 0, "cpu_s": cpu, "process_cpu_s": cpu, "wall_s": time.perf_counter() - wall, "index_bytes": sum(map(os.path.getsize, made))}
    elif words[0] == "load":
        context = prepare()
    elif words[0] == "set":
        algorithm = dict(w.split("=") for w in words[1:])["algorithm"]
    elif words[0] in ("pass", "top"):
        k = int(words[1])
        n = len(queries) * k
        qidx, rank = np.empty(n, np.int32), np.empty(n, np.int32)
        docno, score = np.empty(n, object), np.empty(n, np.float32)
        clocked = Clocked()
        size = _pisathon.retrieve(context, algorithm, clocked, k=k, threads=1, query_weighted=1, pretokenised=True,
                                  result_qidxs=qidx, result_docnos=docno, result_ranks=rank, result_scores=score)
        if words[0] == "pass":
            answer = {"wall": np.diff(clocked.wall).tolist(), "cpu": np.diff(clocked.cpu).tolist()}
        else:
            answer = [[] for _ in queries]
            for i in range(size):
                answer[qidx[i]].append([int(docno[i]), float(score[i])])
    else:
        sys.exit("unknown command " + line)
    print(json.dumps(answer), file=answers, flush=True)
