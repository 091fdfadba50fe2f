"""What the drivers of wheels share: CSR files, and the commands of package peer over standard input and output.

A driver derives its engine from Peer and calls main. Importing this module, before the engine's own, turns what libraries print to
standard error.
"""
import json, os, sys, time

import numpy as np

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


class CSR:
    """A file of sparse rows: row i has the terms and weights from at[i] to at[i + 1]."""

    def __init__(self, name):
        rows, self.columns, nonzeros = (int(x) for x in np.fromfile(name, "<i8", 3))
        self.at = np.fromfile(name, "<i8", rows + 1, offset=24)
        base = 24 + 8 * (rows + 1)
        self.terms = np.fromfile(name, "<u4", nonzeros, offset=base)
        self.weights = np.fromfile(name, "<f4", nonzeros, offset=base + 4 * nonzeros)
        if len(self.weights) != nonzeros:
            sys.exit(f"{name} is cut off")

    def rows(self):
        return [(self.terms[a:b].copy(), self.weights[a:b].copy()) for a, b in zip(self.at[:-1], self.at[1:])]


def levels(weights, most=32):
    """Query weights as whole numbers from 1 to most, for engines that take no others."""
    return np.maximum(1, np.round(most * weights / weights.max())).astype(int)


class Peer:
    def __init__(self, data, path, build):
        self.data, self.path, self.parameters = data, path, build
        self.queries = [self.query(*row) for row in CSR(data + "/queries.csr").rows()]

    def query(self, terms, weights):
        """A query as search takes it."""
        return terms, weights

    def ready(self):
        """What comes before the clock of building starts."""

    def build(self):
        """Makes the index at path and returns its bytes."""

    def load(self):
        """Reads it."""

    def set(self, parameters):
        """Changes how the next queries are searched; values are strings."""

    def search(self, query, k):
        """What is timed: one call of the library."""

    def hits(self, found):
        """[[row, score], …] of what search returned."""

    def clocked(self, k):
        """Times of each query on the clock and of this thread, in nanoseconds."""
        walls, cpus, thread = [], [], time.CLOCK_THREAD_CPUTIME_ID
        for q in self.queries:
            wall, cpu = time.perf_counter_ns(), time.clock_gettime_ns(thread)
            self.search(q, k)
            cpus.append(time.clock_gettime_ns(thread) - cpu)
            walls.append(time.perf_counter_ns() - wall)
        return walls, cpus

    def top(self, k):
        return [self.hits(self.search(q, k)) for q in self.queries]

    def batch(self, k):
        """CPU nanoseconds that one call of the library takes for all queries; 0 if it has no such call."""
        return 0


def main(engine):
    data, path, *words = sys.argv[1:]
    pairs = lambda words: dict(w.split("=", 1) for w in words)
    e = engine(data, path, pairs(words))
    for line in sys.stdin:
        command, *words = line.split()
        answer = {}
        if command == "build":
            e.ready()
            wall, cpu = time.perf_counter(), time.process_time()
            size = e.build()
            cpu = time.process_time() - cpu
            answer = {"cpu_s": cpu, "process_cpu_s": cpu, "wall_s": time.perf_counter() - wall, "index_bytes": size}
        elif command == "load":
            e.load()
        elif command == "set":
            e.set(pairs(words))
        elif command == "pass":
            walls, cpus = e.clocked(int(words[0]))
            answer = {"wall": walls, "cpu": cpus}
        elif command == "top":
            answer = e.top(int(words[0]))
        elif command == "batch":
            answer = {"mean_ns": e.batch(int(words[0])) / len(e.queries)}
        else:
            sys.exit("unknown command " + line)
        print(json.dumps(answer), file=answers, flush=True)
