"""Answers TestCausalPeer: writes folders of language models with random weights, as sentence-transformers saves
them, and prints the vectors that it makes of texts.

Argument: a folder. Standard input: {passages, queries}, lists of texts. The output is a list of {folder, passages, queries}.
"""
import json, os, sys

import tokenizers
import torch
import transformers
from sentence_transformers import SentenceTransformer
try:
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    counts = True
except ImportError:  # releases that take a prompt for one token shorter than it is, where nothing stands behind a text
    from sentence_transformers.models import Normalize, Pooling, Transformer
    counts = False

out, texts = sys.argv[1], json.load(sys.stdin)
base = dict(vocab_size=260, hidden_size=64, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, intermediate_size=88, max_position_embeddings=512)
torch.manual_seed(5)
printed = []
for kind, mode in [("Qwen3", "lasttoken"), ("Llama", "mean"), ("Mistral", "weightedmean"), ("Qwen2", "lasttoken")]:
    if not hasattr(transformers, kind + "Model"):
        continue  # of a family that it does not know yet
    extra = {"sliding_window": None} if kind == "Mistral" else {"head_dim": 32} if kind == "Qwen3" else {}
    m = getattr(transformers, kind + "Model")(getattr(transformers, kind + "Config")(**base, **extra))
    for n, p in m.named_parameters():
        p.data.normal_(0, .1)
        if "norm" in n:
            p.data.add_(1)
    raw, folder = os.path.join(out, kind + ".raw"), os.path.join(out, kind)
    m.save_pretrained(raw, safe_serialization=True)
    t = tokenizers.Tokenizer(tokenizers.models.BPE({c: i for i, c in enumerate(sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()) + ["<pad>", "<end>"])}, []))
    t.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.add_special_tokens(["<pad>", "<end>"])
    if mode == "lasttoken":
        t.post_processor = tokenizers.processors.TemplateProcessing(single="$A <end>", pair="$A <end> $B <end>", special_tokens=[("<end>", t.token_to_id("<end>"))])
    transformers.PreTrainedTokenizerFast(tokenizer_object=t, pad_token="<pad>", eos_token="<end>", padding_side="left" if kind == "Qwen3" else "right").save_pretrained(raw)
    words = Transformer(raw, max_seq_length=200)
    pooling = Pooling(64, pooling_mode=mode, include_prompt=kind != "Llama" or not counts)
    s = SentenceTransformer(modules=[words, pooling, Normalize()], prompts={"query": "Instruct: find\nQuery: ", "document": ""}, device="cpu")
    s.save(folder)
    printed.append({
        "folder": folder, "passages": s.encode(texts["passages"], prompt_name="document", convert_to_tensor=True).tolist(),
        "queries": s.encode(texts["queries"], prompt_name="query", convert_to_tensor=True).tolist()})
json.dump(printed, sys.stdout)
