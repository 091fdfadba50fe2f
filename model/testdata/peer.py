"""Answers TestFamilies: writes models with random weights into FOLDER, and what transformers makes of token ids with them.

For each a folder with config.json, model.safetensors and want.json: {"ids": [...], "states": rows, "logits": rows}.
"""
import json, os, sys

import torch

if not hasattr(torch, "compile"):
    torch.compile = lambda *a, **k: (lambda f: f)
    bare = torch.nn.LayerNorm

    class LayerNorm(bare):  # without bias, which came to torch as late
        def __init__(self, *a, bias=True, **k):
            super().__init__(*a, **k)
            if not bias:
                self.register_parameter("bias", None)

    torch.nn.LayerNorm = LayerNorm
import transformers as tf
from safetensors.torch import save_file

folder = sys.argv[1]
torch.manual_seed(1)
bert = dict(vocab_size=90, hidden_size=64, intermediate_size=112, num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=202)
distil = dict(vocab_size=90, dim=64, hidden_dim=112, n_layers=2, n_heads=2, max_position_embeddings=202)
modern = dict(bert, num_hidden_layers=4, local_attention=32, pad_token_id=0, attn_implementation="eager", reference_compile=False, cls_token_id=1, sep_token_id=2, bos_token_id=1, eos_token_id=2)
roberta = dict(bert, pad_token_id=1, type_vocab_size=1)
deberta = dict(bert, type_vocab_size=0, position_biased_input=False, relative_attention=True, share_att_key=True, norm_rel_ebd="layer_norm", position_buckets=16,
               max_relative_positions=-1, pos_att_type="p2c|c2p", pooler_hidden_size=64, layer_norm_eps=1e-7)
kinds = [
    ("Bert", tf.BertConfig, dict(bert)), ("Roberta", tf.RobertaConfig, roberta), ("XLMRoberta", tf.XLMRobertaConfig, roberta),
    ("DistilBert", tf.DistilBertConfig, distil), ("MPNet", tf.MPNetConfig, dict(bert, pad_token_id=1)), ("ModernBert", tf.ModernBertConfig, modern),
    ("DebertaV2", tf.DebertaV2Config, deberta),
]
heads = ["Model", "ForMaskedLM", "ForSequenceClassification", "ForTokenClassification"]
for name, config, options in kinds:
    for head in heads:
        labels = 2 if "Token" in head else 1
        attention = options.get("attn_implementation", "eager")
        c = config(num_labels=labels, **{k: v for k, v in options.items() if k != "attn_implementation"})
        c._attn_implementation = attention
        if name == "ModernBert" and "Seq" in head:
            c.classifier_pooling = "mean"
        model = getattr(tf, name + head)(c).eval()
        with torch.no_grad():
            for key, p in model.named_parameters():
                if p.dim() > 1:
                    p.copy_(torch.randn_like(p) / (1 if "embedding" in key and "relative" not in key else p.shape[-1] ** 0.5))
                else:
                    p.copy_(torch.randn_like(p) * 0.1 + (1 if "norm" in key.lower() and key.endswith("weight") else 0))
        if head == "ForMaskedLM":
            model.tie_weights()
        dir = os.path.join(folder, name + head)
        os.makedirs(dir)
        seen, tensors = set(), {}
        for key, t in model.state_dict().items():
            if t.data_ptr() not in seen and t.dtype == torch.float32:
                tensors[key] = t.clone().contiguous()
            seen.add(t.data_ptr())
        save_file(tensors, os.path.join(dir, "model.safetensors"))
        d = c.to_dict()
        d["architectures"] = [name + head]
        json.dump(d, open(os.path.join(dir, "config.json"), "w"))
        want = []
        for n in (1, 7, 70, 200):
            ids = torch.randint(3, 90, (1, n))
            with torch.no_grad():
                out = model(input_ids=ids, attention_mask=torch.ones_like(ids))
            want.append({"ids": ids[0].tolist(), "out": out[0].reshape(-1).tolist()})
        json.dump(want, open(os.path.join(dir, "want.json"), "w"))

# OpenProvence: a classifier of sequences in a larger model, and a head for each token on the hidden states that transformers hands out last.
for name, config, options in [kinds[0], kinds[-1]]:
    c = config(num_labels=1, **{k: v for k, v in options.items() if k != "attn_implementation"})
    c._attn_implementation = "eager"
    inner = getattr(tf, name + "ForSequenceClassification")(c).eval()
    head = torch.nn.Linear(c.hidden_size, 2)
    with torch.no_grad():
        for key, p in list(inner.named_parameters()) + list(head.named_parameters()):
            if p.dim() > 1:
                p.copy_(torch.randn_like(p) / (1 if "embedding" in key else p.shape[-1] ** 0.5))
            else:
                p.copy_(torch.randn_like(p) * 0.1 + (1 if "norm" in key.lower() and key.endswith("weight") else 0))
    dir = os.path.join(folder, name + "Provence")
    os.makedirs(dir)
    tensors = {"ranking_model." + k: t.clone().contiguous() for k, t in inner.state_dict().items() if t.dtype == torch.float32}
    tensors.update({"pruning_head.classifier." + k: t.clone().contiguous() for k, t in head.state_dict().items()})
    save_file(tensors, os.path.join(dir, "model.safetensors"))
    json.dump({"model_type": "open_provence", "architectures": ["OpenProvenceForSequenceClassification"], "base_model_config": c.to_dict()}, open(os.path.join(dir, "config.json"), "w"))
    want = []
    for n in (1, 7, 70, 200):
        ids = torch.randint(3, 90, (1, n))
        with torch.no_grad():
            out = inner(input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True)
            keep = head(out.hidden_states[-1]).softmax(-1)[0, :, 1]
        want.append({"ids": ids[0].tolist(), "out": out.logits[0].tolist() + keep.tolist()})
    json.dump(want, open(os.path.join(dir, "want.json"), "w"))
