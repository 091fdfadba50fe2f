"""Prints the logits that transformers computes with the weights of GGUF files.

Arguments: files. Standard input: a list of ids for each, as JSON. The output is a list of
logits for each: those after the last token. Read with the format's own package and put under
the names of transformers here, so that the reading of files is another one too.
"""
import json
import sys

import gguf
import torch
import transformers


def model(path):
    r = gguf.GGUFReader(path)
    arch = bytes(r.fields["general.architecture"].parts[-1]).decode()

    def value(key, otherwise=None):
        f = r.fields.get(arch + "." + key)
        return otherwise if f is None else f.parts[-1][0].item()

    def tensor(x):  # by its bytes: the two packages may know different versions of NumPy
        a = gguf.quants.dequantize(x.data, x.tensor_type).astype("float32")
        return torch.frombuffer(bytearray(a.tobytes()), dtype=torch.float32).reshape(a.shape)

    t = {x.name: tensor(x) for x in r.tensors}
    heads, kv = value("attention.head_count"), value("attention.head_count_kv")
    words, width = t["token_embd.weight"].shape
    kind = {"llama": "Llama", "qwen2": "Qwen2"}[arch]
    config = getattr(transformers, kind + "Config")(
        vocab_size=words, hidden_size=width, num_hidden_layers=value("block_count"), num_attention_heads=heads, num_key_value_heads=kv,
        head_dim=value("attention.key_length", width // heads), intermediate_size=value("feed_forward_length"),
        rms_norm_eps=value("attention.layer_norm_rms_epsilon"), rope_theta=value("rope.freq_base"),
        max_position_embeddings=value("context_length"), tie_word_embeddings="output.weight" not in t)
    m = getattr(transformers, kind + "ForCausalLM")(config).float().eval()

    def halves(w, n):  # files of this family keep pairs that turn together side by side
        if arch != "llama":
            return w
        return w.reshape(n, w.shape[0] // n // 2, 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)

    state = {"model.embed_tokens.weight": t["token_embd.weight"], "model.norm.weight": t["output_norm.weight"],
             "lm_head.weight": t.get("output.weight", t["token_embd.weight"])}
    names = {"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
             "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}
    for name, w in t.items():
        if name.startswith("blk."):
            _, layer, part, what = name.split(".")
            if part in ("attn_q", "attn_k"):
                w = halves(w, heads if part == "attn_q" else kv)
            state[f"model.layers.{layer}.{names[part]}.{what}"] = w
    m.load_state_dict(state)
    return m


out = []
for path, ids in zip(sys.argv[1:], json.load(sys.stdin)):
    with torch.no_grad():
        out.append(model(path)(torch.tensor([ids])).logits[0, -1].tolist())
json.dump(out, sys.stdout)
