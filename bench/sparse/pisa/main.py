"""PISA (Mallia, Siedlaczek, Mackenzie, Suel, 2019) from the wheel of pyterrier_pisa: quantized impacts, one of its query algorithms.

    main.py DATA INDEX
    set algorithm=maxscore|block_max_wand|block_max_maxscore|wand|ranked_or

INDEX is a folder that holds PISA's uncompressed inverted index, with 8-bit weights; building makes the block_simdbp index and the
block maxima of it. Query weights become 1 to 32 repetitions of a term, the form that the wheel takes. A query's time is the time between
two draws from the iterator of queries, so it holds the reading of a small dictionary.
"""
import glob, os, time

import peer
import numpy as np
from pyterrier_pisa import _pisathon


class Clocked:
    """The queries, with the time of each draw."""

    def __init__(self, queries):
        self.queries, self.walls, self.cpus = queries, [], []

    def __len__(self):
        return len(self.queries)

    def __iter__(self):
        for q in [*enumerate(self.queries), None]:
            self.walls.append(time.perf_counter_ns())
            self.cpus.append(time.clock_gettime_ns(time.CLOCK_THREAD_CPUTIME_ID))
            if q is not None:
                yield q


class Pisa(peer.Peer):
    def query(self, terms, weights):
        return {f"{t:06d}": float(w) for t, w in zip(terms, peer.levels(weights))}

    def open(self):
        self.context = _pisathon.RetrievalContext()
        _pisathon.prepare_index(self.context, self.path, "block_simdbp", "quantized", "", quantize=0, stop_fname="")

    def build(self):
        _pisathon.build_binlex(self.path + "/fwd.terms", self.path + "/fwd.termlex")
        _pisathon.build_binlex(self.path + "/fwd.documents", self.path + "/fwd.doclex")
        self.open()
        return sum(map(os.path.getsize, glob.glob(self.path + "/quantized.*")))

    load = open

    def set(self, p):
        self.algorithm = p["algorithm"]

    def retrieve(self, k):
        n, queries = len(self.queries) * k, Clocked(self.queries)
        of, rank, score, name = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.float32), np.empty(n, object)
        size = _pisathon.retrieve(self.context, self.algorithm, queries, k=k, threads=1, query_weighted=1, pretokenised=True,
                                  result_qidxs=of, result_docnos=name, result_ranks=rank, result_scores=score)
        return queries, zip(of[:size], name[:size], score[:size])

    def clocked(self, k):
        queries, _ = self.retrieve(k)
        return np.diff(queries.walls).tolist(), np.diff(queries.cpus).tolist()

    def top(self, k):
        answer = [[] for _ in self.queries]
        for q, name, score in self.retrieve(k)[1]:
            answer[q].append([int(name), float(score)])
        return answer


peer.main(Pisa)
