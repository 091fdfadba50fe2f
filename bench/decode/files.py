"""Writes a GGUF file again with its matrices in blocks of another format, or one of a shape
with random blocks: what bench/decode measures.

    python3 files.py MODEL.gguf Q4_0 OUT.gguf
    python3 files.py MODEL.gguf Q4_K OUT.gguf --width 2048 --layers 16 --heads 32 --keys 8 --inner 8192

With a shape, MODEL gives its tokenizer alone. Needs the packages gguf and numpy.
"""
import argparse

import gguf
import numpy

p = argparse.ArgumentParser()
p.add_argument("model")
p.add_argument("type")
p.add_argument("out")
for name in ("width", "layers", "heads", "keys", "inner"):
    p.add_argument("--" + name, type=int)
a = p.parse_args()
kind = gguf.GGMLQuantizationType[a.type]
r = gguf.GGUFReader(a.model)
arch = r.fields["general.architecture"].contents()
w = gguf.GGUFWriter(a.out, arch)
shape = {"embedding_length": a.width, "block_count": a.layers, "attention.head_count": a.heads, "attention.head_count_kv": a.keys,
         "feed_forward_length": a.inner, "rope.dimension_count": a.width and a.width // a.heads}
for f in r.fields.values():
    if f.name.startswith("GGUF.") or f.name == "general.architecture":
        continue
    value = f.contents()
    if a.width and f.name.startswith(arch + ".") and f.name[len(arch) + 1:] in shape:
        value = shape[f.name[len(arch) + 1:]]
    sub = f.types[-1] if f.types[0] == gguf.GGUFValueType.ARRAY else None
    w.add_key_value(f.name, value, f.types[0], sub)

random = numpy.random.default_rng(1)


def blocks(rows, columns):
    """Random blocks whose steps are small, as those of a model are."""
    numbers, size = gguf.GGML_QUANT_SIZES[kind]
    b = random.integers(0, 256, (rows, columns // numbers, size), dtype=numpy.uint8)
    at = {"Q6_K": 208}.get(a.type, 0)
    step = numpy.float16(.02 / 8).tobytes()
    b[..., at:at + 2] = numpy.frombuffer(step, dtype=numpy.uint8)
    if a.type in ("Q4_1", "Q5_1", "Q4_K", "Q5_K"):
        b[..., 2:4] = numpy.frombuffer(numpy.float16(.02).tobytes(), dtype=numpy.uint8)
    return b.reshape(rows, -1)


if a.width:
    words = [t for t in r.tensors if t.name == "token_embd.weight"][0].shape[1]
    size = a.width // a.heads

    def matrix(name, rows, columns):
        w.add_tensor(name, blocks(rows, columns), raw_dtype=kind)

    def norm(name):
        w.add_tensor(name, numpy.ones(a.width, dtype=numpy.float32))

    matrix("token_embd.weight", int(words), a.width)
    norm("output_norm.weight")
    for i in range(a.layers):
        b = f"blk.{i}."
        norm(b + "attn_norm.weight")
        norm(b + "ffn_norm.weight")
        for name, heads in (("q", a.heads), ("k", a.keys), ("v", a.keys)):
            matrix(f"{b}attn_{name}.weight", heads * size, a.width)
        matrix(b + "attn_output.weight", a.width, a.heads * size)
        matrix(b + "ffn_gate.weight", a.inner, a.width)
        matrix(b + "ffn_up.weight", a.inner, a.width)
        matrix(b + "ffn_down.weight", a.width, a.inner)
else:
    for t in r.tensors:
        x = gguf.quants.dequantize(t.data, t.tensor_type).astype(numpy.float32)
        if x.ndim > 1:
            w.add_tensor(t.name, gguf.quants.quantize(x, kind), raw_dtype=kind)
        else:
            w.add_tensor(t.name, x)
w.write_header_to_file()
w.write_kv_data_to_file()
w.write_tensors_to_file()
w.close()
