"""Answers TestPublished: tokens of lines by tokenizers, vectors of token ids by ONNX Runtime
(graph: of the folder's own graph, the first token).

Standard input is a JSON list; a line of JSON is printed for each of its items. The graph is that of bench/encode/peer.py.
"""
import json, os, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "bench", "encode"))
what, folder = sys.argv[1:]
items = json.load(sys.stdin)
if what == "tokens":
    import tokenizers

    tokenizer = tokenizers.Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    for text in items:
        encoding = tokenizer.encode(text, add_special_tokens=False)
        at = [0]
        for c in text:
            at.append(at[-1] + len(c.encode()))
        print(json.dumps([{"ID": i, "Start": at[s], "End": at[e]} for i, (s, e) in zip(encoding.ids, encoding.offsets)]))
elif what == "graph":
    import numpy as np
    import onnxruntime

    session = onnxruntime.InferenceSession(os.path.join(folder, "model.onnx"))
    for ids in items:
        ids = np.array([ids])
        v = session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)})[0][0, 0]
        print(json.dumps((v / np.linalg.norm(v)).tolist()))
else:
    import numpy as np
    import peer

    graph = peer.Graph(folder)
    masked = graph.config["architectures"][0] == "BertForMaskedLM"
    session = graph.sessions(masked, False)[0]
    for ids in items:
        ids = np.array([ids])
        print(json.dumps(peer.pooled(session.run(None, {"ids": ids, "mask": np.ones_like(ids)})[0], masked, False)[0].tolist()))
