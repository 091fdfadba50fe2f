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
    heads, kv, inner = value("attention.head_count"), value("attention.head_count_kv"), value("feed_forward_length")
    experts = value("expert_count", 0)
    words, width = t["token_embd.weight"].shape
    shape = dict(vocab_size=words, hidden_size=width, num_hidden_layers=value("block_count"), num_attention_heads=heads, num_key_value_heads=kv,
                 head_dim=value("attention.key_length", width // heads), intermediate_size=inner,
                 rms_norm_eps=value("attention.layer_norm_rms_epsilon"), rope_theta=value("rope.freq_base"),
                 max_position_embeddings=value("context_length"), tie_word_embeddings="output.weight" not in t, attn_implementation="eager")
    kind = {"llama": "Llama", "qwen2": "Qwen2", "qwen2moe": "Qwen2Moe", "gemma": "Gemma", "gemma2": "Gemma2", "gpt2": "GPT2"}[arch]
    if arch == "llama" and experts:
        kind = "Mixtral"
        shape.update(num_local_experts=experts, num_experts_per_tok=value("expert_used_count"))
    if arch == "qwen2moe":
        shape.update(num_experts=experts, num_experts_per_tok=value("expert_used_count"), moe_intermediate_size=value("expert_feed_forward_length"),
                     shared_expert_intermediate_size=value("expert_shared_feed_forward_length"), norm_topk_prob=False)
    if arch == "gemma2":
        shape.update(sliding_window=value("attention.sliding_window"), query_pre_attn_scalar=shape["head_dim"],
                     attn_logit_softcapping=value("attn_logit_softcapping"), final_logit_softcapping=value("final_logit_softcapping"))
    if arch == "gpt2":
        shape = dict(vocab_size=words, n_embd=width, n_layer=value("block_count"), n_head=heads, n_inner=inner, n_positions=value("context_length"),
                     layer_norm_epsilon=value("attention.layer_norm_epsilon"), tie_word_embeddings="output.weight" not in t, attn_implementation="eager")
    m = getattr(transformers, kind + "ForCausalLM" if kind != "GPT2" else "GPT2LMHeadModel")(getattr(transformers, kind + "Config")(**shape)).float().eval()

    def halves(w, n):  # files of this family keep pairs that turn together side by side
        if arch != "llama":
            return w
        return w.reshape(n, w.shape[0] // n // 2, 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)

    state = {"lm_head.weight": t.get("output.weight", t["token_embd.weight"])}
    if arch == "gpt2":
        state.update({"transformer.wte.weight": t["token_embd.weight"], "transformer.wpe.weight": t["position_embd.weight"],
                      "transformer.ln_f.weight": t["output_norm.weight"], "transformer.ln_f.bias": t["output_norm.bias"]})
        names = {"attn_norm": "ln_1", "ffn_norm": "ln_2", "attn_qkv": "attn.c_attn", "attn_output": "attn.c_proj", "ffn_up": "mlp.c_fc", "ffn_down": "mlp.c_proj"}
        for name, w in t.items():
            if name.startswith("blk."):
                _, layer, part, what = name.split(".")
                state[f"transformer.h.{layer}.{names[part]}.{what}"] = w.T if w.dim() > 1 else w  # inputs first there
        m.load_state_dict(state, strict=False)  # masks are made, not loaded
        return m

    state.update({"model.embed_tokens.weight": t["token_embd.weight"], "model.norm.weight": t["output_norm.weight"]})
    names = {"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
             "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
             "ffn_gate_shexp": "mlp.shared_expert.gate_proj", "ffn_up_shexp": "mlp.shared_expert.up_proj", "ffn_down_shexp": "mlp.shared_expert.down_proj",
             "ffn_gate_inp_shexp": "mlp.shared_expert_gate", "ffn_gate_inp": "mlp.gate"}
    if arch == "gemma2":
        names.update({"post_attention_norm": "post_attention_layernorm", "ffn_norm": "pre_feedforward_layernorm", "post_ffw_norm": "post_feedforward_layernorm"})
    within = "mlp.experts.{}.{}_proj"
    if kind == "Mixtral":
        names["ffn_gate_inp"], within = "block_sparse_moe.gate", "block_sparse_moe.experts.{}.{}"
    short = {"gate": "w1", "up": "w3", "down": "w2"}
    for name, w in t.items():
        if not name.startswith("blk."):
            continue
        _, layer, part, what = name.split(".")
        if part in ("attn_q", "attn_k"):
            w = halves(w, heads if part == "attn_q" else kv)
        if part == "ffn_gate_inp_shexp":
            w = w[None]
        if part.endswith("_exps"):
            one = part.split("_")[1]
            for e in range(experts):
                state[f"model.layers.{layer}." + within.format(e, short[one] if kind == "Mixtral" else one) + "." + what] = w[e]
            continue
        state[f"model.layers.{layer}.{names[part]}.{what}"] = w
    if arch.startswith("gemma"):  # its norms are kept less one there
        state = {k: w - 1 if "norm" in k else w for k, w in state.items()}
    m.load_state_dict(state)
    return m


out = []
for path, ids in zip(sys.argv[1:], json.load(sys.stdin)):
    with torch.no_grad():
        out.append(model(path)(torch.tensor([ids]), use_cache=False).logits[0, -1].tolist())
json.dump(out, sys.stdout)
