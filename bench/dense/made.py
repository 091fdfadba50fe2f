"""Writes made vectors: made.py N DIMS FOLDER. Topics in topics, a falling spectrum in
each, directions of length 1; 1000 questions are drawn as the vectors are."""
import sys
import numpy as np

n, dims, out = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
rng = np.random.default_rng(n)
spectrum = (np.arange(1, dims + 1) ** -.6).astype(np.float32)
spectrum /= np.sqrt((spectrum ** 2).sum())
mix = np.linalg.qr(rng.standard_normal((dims, dims)))[0].astype(np.float32)
topics = max(20, n // 150)
coarse = rng.standard_normal((max(4, topics // 30), dims)).astype(np.float32)
fine = .8 * coarse[rng.integers(len(coarse), size=topics)] + .6 * rng.standard_normal((topics, dims)).astype(np.float32)
share = rng.pareto(1.5, topics) + .2
share /= share.sum()


def draw(m):
    x = .75 * fine[rng.choice(topics, m, p=share)] + .66 * rng.standard_normal((m, dims), dtype=np.float32)
    x = (x * spectrum) @ mix
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


with open(f"{out}/base.f32", "wb") as f:
    for at in range(0, n, 50000):
        f.write(draw(min(50000, n - at)).tobytes())
draw(1000).tofile(f"{out}/queries.f32")
