"""Writes folders of language models with random weights, as transformers saves them, and prints
the logits that it computes.

Argument: a folder. Standard input: ids, as JSON. The output is a list of {folder, logits}, the
logits those after the last token.
"""
import json
import os
import sys

import tokenizers
import torch
import transformers

out, ids = sys.argv[1], json.load(sys.stdin)
base = dict(vocab_size=261, hidden_size=64, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, intermediate_size=88,
            max_position_embeddings=512, attn_implementation="eager")
models = {
    "llama": ("Llama", dict(base, tie_word_embeddings=True, rope_theta=500000.0, rope_scaling={
        "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64})),
    "linear": ("Llama", dict(base, rope_scaling={"rope_type": "linear", "factor": 4.0})),
    "bfloat16": ("Llama", base),
    "mistral": ("Mistral", dict(base, sliding_window=None, head_dim=32)),
    "mixtral": ("Mixtral", dict(base, num_local_experts=5, num_experts_per_tok=2)),
    "qwen2": ("Qwen2", base),
    "qwen2_moe": ("Qwen2Moe", dict(base, num_experts=6, num_experts_per_tok=3, moe_intermediate_size=40, shared_expert_intermediate_size=72, norm_topk_prob=True)),
    "gemma": ("Gemma", dict(base, head_dim=32)),
    "gemma2": ("Gemma2", dict(base, head_dim=16, sliding_window=40, query_pre_attn_scalar=50, attn_logit_softcapping=4.0, final_logit_softcapping=None)),
    "gpt2": ("GPT2", dict(vocab_size=261, n_embd=64, n_layer=3, n_head=4, n_positions=512, attn_implementation="eager")),
}
torch.manual_seed(3)
printed = []
for name, (kind, shape) in models.items():
    config = getattr(transformers, kind + "Config")(**shape)
    m = getattr(transformers, kind + ("LMHeadModel" if kind == "GPT2" else "ForCausalLM"))(config)
    for n, p in m.named_parameters():
        p.data.normal_(0, .1)
        if "norm" in n or "ln_" in n and n.endswith("weight"):
            p.data.add_(0 if kind.startswith("Gemma") else 1)
    if name == "bfloat16":
        m = m.to(torch.bfloat16)
    folder = os.path.join(out, name)
    m.save_pretrained(folder, safe_serialization=True)
    t = tokenizers.Tokenizer(tokenizers.models.BPE({c: i for i, c in enumerate(sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()) + ["<|im_start|>", "<|im_end|>"])}, []))
    t.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.add_special_tokens(["<|im_start|>", "<|im_end|>"])
    t.save(os.path.join(folder, "tokenizer.json"))
    m = type(m).from_pretrained(folder, torch_dtype=torch.float32, attn_implementation="eager").eval()
    with torch.no_grad():
        printed.append({"folder": folder, "logits": m(torch.tensor([ids]), use_cache=False).logits[0, -1].tolist()})
json.dump(printed, sys.stdout)
