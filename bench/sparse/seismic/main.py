"""Seismic (Bruch, Nardini, Rulli, Venturini, 2024) from its wheel: each list in blocks of similar documents under summaries.

    main.py DATA INDEX n_postings=… centroid_fraction=… summary_energy=… max_fraction=…
    set query_cut=… heap_factor=…

DATA holds docs.csr and queries.csr. Of the wheel's classes this is the leanest, SeismicIndexRaw: numbers in, numbers out, half floats. A
query's time is that of one call of search; batch is one call of batch_search on one thread, which shows what Python adds to it.
"""
import os, time

import peer
import numpy as np
import seismic


def write(name, m, rows=50_000):
    """Writes m in Seismic's own form: how many vectors, then of each its length, its terms and its weights, all in 32 bits."""
    with open(name, "wb") as f:
        np.array([len(m.at) - 1], "<u4").tofile(f)
        for first in range(0, len(m.at) - 1, rows):
            edges = m.at[first : first + rows + 1]
            a, b, lengths = edges[0], edges[-1], np.diff(edges)
            starts = np.arange(len(lengths)) + 2 * (edges[:-1] - a)
            out = np.empty(len(lengths) + 2 * (b - a), "<u4")
            out[starts] = lengths
            place = np.arange(b - a) + np.repeat(starts + 1 - (edges[:-1] - a), lengths)
            out[place] = m.terms[a:b]
            out[place + np.repeat(lengths, lengths)] = m.weights[a:b].view("<u4")
            out.tofile(f)


class Seismic(peer.Peer):
    def query(self, terms, weights):
        return terms.astype(np.int32), weights

    def ready(self):
        write(self.path + ".vectors", peer.CSR(self.data + "/docs.csr"))

    def build(self):
        p = self.parameters
        index = seismic.SeismicIndexRaw.build(self.path + ".vectors", n_postings=int(p["n_postings"]), max_fraction=float(p["max_fraction"]),
                                              centroid_fraction=float(p["centroid_fraction"]), summary_energy=float(p["summary_energy"]))
        index.save(self.path)
        os.remove(self.path + ".vectors")
        return os.path.getsize(self.path)

    def load(self):
        self.index = seismic.SeismicIndexRaw.load(self.path)

    def set(self, p):
        self.cut, self.factor = int(p["query_cut"]), float(p["heap_factor"])

    def search(self, query, k):
        return self.index.search(*query, k, self.cut, self.factor, 0, True)

    def hits(self, found):
        return [[row, score] for score, row in found]

    def batch(self, k):
        name = f"{self.path}.{os.getpid()}.queries"
        write(name, peer.CSR(self.data + "/queries.csr"))
        start = time.process_time_ns()
        self.index.batch_search(name, k, self.cut, self.factor, 0, True, 1)
        cpu = time.process_time_ns() - start
        os.remove(name)
        return cpu


peer.main(Seismic)
