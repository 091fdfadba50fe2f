"""Times encoders of tamis beside ONNX Runtime: same weights, same token ids, one thread, batches in turn.

    pip install onnxruntime onnx numpy safetensors
    go build -o out/encode ./encode && python3 encode/peer.py MODEL-DIR [f32|int8 [rounds]]

ONNX Runtime gets a graph that is written here from config.json and model.safetensors, in plain operators that it fuses itself.
Counted is processor time (of the process for ONNX Runtime, whose pool has no thread besides; of the thread for tamis), the least of
the rounds and the median of the ratios of a round: other programs on the machine spoil single rounds. In f32 it fails if a number of
a vector differs by more than 1e-4. In int8 ONNX Runtime runs what its own quantize_dynamic makes (weights by channel), and printed is
the least cosine of each side's vectors to those of ONNX Runtime in f32.
"""
import json, os, statistics, subprocess, sys, tempfile, time

import numpy as np
import onnx
import onnxruntime
import onnxruntime.quantization
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

SHAPES = ((1, 128), (1, 512), (8, 128), (8, 512))


class Graph:
    """An ONNX graph that grows by nodes; each method returns the name of what it adds."""

    def __init__(self, folder):
        self.config = json.load(open(os.path.join(folder, "config.json")))
        weights = load_file(os.path.join(folder, "model.safetensors"))
        renamed = lambda k: k.removeprefix("bert.").replace("gamma", "weight").replace("beta", "bias")
        self.weights = {renamed(k): v.astype(np.float32) for k, v in weights.items()}
        self.nodes, self.constants = [], []

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, kind, *inputs, **attributes):
        out = f"n{len(self.nodes)}"
        inputs = [i if isinstance(i, str) else self.constant(i) for i in inputs]
        self.nodes.append(helper.make_node(kind, inputs, [out], **attributes))
        return out

    def norm(self, x, name):
        return self.add("LayerNormalization", x, self.weights[name + ".weight"], self.weights[name + ".bias"], axis=-1, epsilon=self.config["layer_norm_eps"])

    def linear(self, x, name):
        return self.add("Add", self.add("MatMul", x, self.weights[name + ".weight"].T), self.weights[name + ".bias"])

    def gelu(self, x):
        erf = self.add("Erf", self.add("Div", x, np.float32(2**0.5)))
        return self.add("Mul", self.add("Mul", x, self.add("Add", erf, np.float32(1))), np.float32(0.5))

    def heads(self, x, order):
        count = self.config["num_attention_heads"]
        split = np.array([0, 0, count, self.config["hidden_size"] // count])
        return self.add("Transpose", self.add("Reshape", x, split), perm=order)

    def encoder(self):
        c, w = self.config, self.weights
        length = self.add("Gather", self.add("Shape", "ids"), np.array([1]))
        places = self.add("Slice", w["embeddings.position_embeddings.weight"], np.array([0]), length, np.array([0]))
        x = self.add("Add", self.add("Gather", w["embeddings.word_embeddings.weight"], "ids"), places)
        x = self.norm(self.add("Add", x, w["embeddings.token_type_embeddings.weight"][0]), "embeddings.LayerNorm")
        hidden = self.add("Sub", np.float32(1), self.add("Cast", "mask", to=TensorProto.FLOAT))
        mask = self.add("Mul", self.add("Unsqueeze", hidden, np.array([1, 2])), np.float32(-10000))
        for layer in range(c["num_hidden_layers"]):
            p = f"encoder.layer.{layer}."
            q = self.heads(self.linear(x, p + "attention.self.query"), [0, 2, 1, 3])
            k = self.heads(self.linear(x, p + "attention.self.key"), [0, 2, 3, 1])
            v = self.heads(self.linear(x, p + "attention.self.value"), [0, 2, 1, 3])
            scores = self.add("Div", self.add("MatMul", q, k), np.float32((c["hidden_size"] // c["num_attention_heads"]) ** 0.5))
            scores = self.add("Softmax", self.add("Add", scores, mask), axis=-1)
            mixed = self.add("Transpose", self.add("MatMul", scores, v), perm=[0, 2, 1, 3])
            mixed = self.add("Reshape", mixed, np.array([0, 0, c["hidden_size"]]))
            x = self.norm(self.add("Add", self.linear(mixed, p + "attention.output.dense"), x), p + "attention.output.LayerNorm")
            y = self.linear(self.gelu(self.linear(x, p + "intermediate.dense")), p + "output.dense")
            x = self.norm(self.add("Add", y, x), p + "output.LayerNorm")
        return x

    def sessions(self, masked, int8):
        """Of the graph as it is, and in the precision asked for."""
        out = self.encoder()
        if masked:
            y = self.gelu(self.linear(out, "cls.predictions.transform.dense"))
            y = self.add("MatMul", self.norm(y, "cls.predictions.transform.LayerNorm"), self.weights["embeddings.word_embeddings.weight"].T)
            out = self.add("Add", y, self.weights["cls.predictions.bias"])
        value = helper.make_tensor_value_info
        inputs = [value(n, TensorProto.INT64, ["b", "t"]) for n in ("ids", "mask")]
        graph = helper.make_graph(self.nodes, "bert", inputs, [value(out, TensorProto.FLOAT, ["b", "t", "w"])], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        with tempfile.TemporaryDirectory() as folder:
            path, small = os.path.join(folder, "model.onnx"), os.path.join(folder, "int8.onnx")
            onnx.save(model, path)
            if int8:
                onnxruntime.quantization.quantize_dynamic(path, small, per_channel=True, weight_type=onnxruntime.quantization.QuantType.QInt8)
            start = lambda p: onnxruntime.InferenceSession(p, options, providers=["CPUExecutionProvider"])
            exact = start(path)
            return exact, start(small) if int8 else exact


def pooled(states, masked, cls):
    if masked:
        return np.log1p(np.maximum(states, 0)).max(axis=1)
    v = states[:, 0] if cls else states.mean(axis=1)
    return v / np.linalg.norm(v, axis=1, keepdims=True)


def main():
    folder = sys.argv[1]
    precision = sys.argv[2] if len(sys.argv) > 2 else "f32"
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 10
    graph = Graph(folder)
    masked = graph.config["architectures"][0] == "BertForMaskedLM"
    pooling = os.path.join(folder, "1_Pooling", "config.json")
    cls = os.path.exists(pooling) and json.load(open(pooling)).get("pooling_mode_cls_token", False)
    exact, session = graph.sessions(masked, precision == "int8")
    ours = subprocess.Popen([os.environ.get("TAMIS_ENCODE", "out/encode"), folder, precision], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    worst, cosines = 0, [1, 1]
    print("batch  tokens  ORT ms  tamis ms  least/least  median ratio")
    for batch, tokens in SHAPES:
        ids = np.array([[1000 + (7919 * i + 104729 * j) % 20000 for j in range(tokens)] for i in range(batch)])
        feed = {"ids": ids, "mask": np.ones_like(ids)}
        want = pooled(exact.run(None, feed)[0], masked, cls)
        pairs = []
        for _ in range(rounds):
            start = time.process_time()
            states = session.run(None, feed)[0]
            theirs = (time.process_time() - start) * 1e3
            ours.stdin.write(f"{batch} {tokens}\n")
            ours.stdin.flush()
            answer = json.loads(ours.stdout.readline())
            pairs.append((theirs, answer["cpu_ns"] / 1e6))
        vectors = np.array(answer["vectors"])
        worst = max(worst, np.abs(want - vectors).max())
        cosines = [min(c, cosine(want, v)) for c, v in zip(cosines, (vectors, pooled(states, masked, cls)))]
        t, o = min(p[0] for p in pairs), min(p[1] for p in pairs)
        print(f"{batch:5}  {tokens:6}  {t:6.1f}  {o:8.1f}  {o / t:11.3f}  {statistics.median(b / a for a, b in pairs):12.3f}", flush=True)
    ours.stdin.close()
    if ours.wait():
        sys.exit(1)
    if precision == "int8":
        print(f"least cosine to f32: tamis {cosines[0]:.5f}, ONNX Runtime {cosines[1]:.5f}")
        return
    print(f"greatest difference of a number: {worst:.1e}")
    sys.exit(worst > 1e-4)


def cosine(a, b):
    return float(((a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)).min())


if __name__ == "__main__":
    main()
