"""BMP (Mallia, Suel, Tonellotto, 2024) from its wheel: blocks of consecutive documents, visited down from the bound of their scores.

    main.py DATA INDEX bsize=8|16|32 [compress=1]
    set alpha=… beta=…

DATA holds queries.csr and order.ciff: documents with 8-bit weights, in the order that they are to have, named by their rows. The wheel is
built for SSE2. What is timed is one call of Searcher.search, which takes a dictionary of terms and gives names as strings. Batch is
the wheel's call that reads queries from a file and returns a run as text: it reads the index too, so it is called with the queries once
and ten times more, and the difference counts.
"""
import os, time

import peer
import bmp


class BMP(peer.Peer):
    def query(self, terms, weights):
        # The engine sums to 16 bits: 32 levels, its most, unless a document with the highest weights could pass that.
        for most in range(32, 0, -1):
            whole = peer.levels(weights, most)
            if whole.sum() * 255 < 1 << 16:
                break
        return {str(t): float(w) for t, w in zip(terms, whole)}

    def build(self):
        p = self.parameters
        bmp.ciff2bmp(ciff_file=self.data + "/order.ciff", output=self.path, bsize=int(p["bsize"]), compress_range=p.get("compress") == "1")
        return os.path.getsize(self.path)

    def load(self):
        self.searcher = bmp.Searcher(self.path)

    def set(self, p):
        self.alpha, self.beta = float(p["alpha"]), float(p["beta"])

    def search(self, query, k):
        return self.searcher.search(query, k=k, alpha=self.alpha, beta=self.beta)

    def hits(self, found):
        return [[int(name), float(score)] for name, score in zip(*found) if name.isdigit()]

    def batch(self, k):
        del self.searcher  # two copies are too much memory
        name, spent = f"{self.path}.{os.getpid()}.queries", []
        for times in (1, 11):
            with open(name, "w") as f:
                for i, q in enumerate(self.queries * times):
                    f.write(f"{i}: " + " ".join(t for t, w in q.items() for _ in range(int(w))) + "\n")
            start = time.process_time_ns()
            bmp.search(index=self.path, queries=name, k=k, alpha=self.alpha, beta=self.beta)
            spent.append(time.process_time_ns() - start)
        os.remove(name)
        self.load()
        return (spent[1] - spent[0]) / 10


peer.main(BMP)
