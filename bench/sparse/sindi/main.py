"""SINDI (VSAG, arXiv 2509.08395) from its wheel: 8-bit postings in windows, the candidates scored again from a forward store.

    main.py DATA INDEX [reorder=1] [doc_prune_ratio=0]
    set n_candidate=… query_prune_ratio=… term_prune_ratio=…

DATA holds docs.csr and queries.csr. What is timed is one call of knn_search, so it holds a few microseconds of Python.
"""
import json, os

import peer
import numpy as np
import pyvsag

pyvsag.set_logger_off()


class Sindi(peer.Peer):
    def query(self, terms, weights):
        return np.array([0, len(terms)], np.uint32), terms, weights

    def new(self):
        p = self.parameters
        return pyvsag.Index("sindi", json.dumps({
            "dtype": "sparse", "metric_type": "ip", "dim": 1024,
            "index_param": {"term_id_limit": peer.CSR(self.data + "/queries.csr").columns, "window_size": 50000, "use_quantization": True,
                            "use_reorder": p.get("reorder", "1") == "1", "doc_prune_ratio": float(p.get("doc_prune_ratio", 0))},
        }))

    def ready(self):
        self.docs = peer.CSR(self.data + "/docs.csr")

    def build(self):
        m, index = self.docs, self.new()
        index.build(m.at.astype(np.uint32), m.terms, m.weights, np.arange(len(m.at) - 1, dtype=np.int64))
        index.save(self.path)
        return os.path.getsize(self.path)

    def load(self):
        self.index = self.new()
        self.index.load(self.path)

    def set(self, p):
        self.search_parameters = json.dumps({"sindi": {k: int(v) if k == "n_candidate" else float(v) for k, v in p.items()}})

    def search(self, query, k):
        return self.index.knn_search(*query, k, self.search_parameters)

    def hits(self, found):
        ids, distances = sorted((np.ravel(x) for x in found), key=lambda x: x.dtype.kind != "i")
        return [[int(i), 1 - float(d)] for i, d in zip(ids, distances) if i >= 0]


peer.main(Sindi)
