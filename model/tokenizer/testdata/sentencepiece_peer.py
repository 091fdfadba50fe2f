"""Trains a SentencePiece model of BPE on the lines of standard input, and prints it as GGUF files
have it, with the ids of each line: {"tokens", "scores", "types", "ids"}."""
import io
import json
import sys

import sentencepiece

lines = sys.stdin.read().split("\n")
out = io.BytesIO()
sentencepiece.SentencePieceTrainer.train(
    sentence_iterator=iter([l for l in lines if l]), model_writer=out, vocab_size=700, model_type="bpe", byte_fallback=True,
    normalization_rule_name="identity", remove_extra_whitespaces=False, character_coverage=0.98, minloglevel=2)
p = sentencepiece.SentencePieceProcessor(model_proto=out.getvalue())
n = p.get_piece_size()
kinds = [2 if p.is_unknown(i) else 3 if p.is_control(i) else 6 if p.is_byte(i) else 1 for i in range(n)]
json.dump({"tokens": [p.id_to_piece(i) for i in range(n)], "scores": [p.get_score(i) for i in range(n)], "types": kinds,
           "ids": [p.encode(l) for l in lines]}, sys.stdout)
