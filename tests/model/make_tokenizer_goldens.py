#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the tokenizer's fixtures in tests/model/data:

  tokenizer_small.gguf    a byte-level BPE vocabulary of about 1,500 merges, trained here on the text below without any
                          splitting, so that merges reach over every word border and each wrong cut shows in the ids
  tokenizer_golden.json   strings, and their ids by llama.cpp (package llama-cpp-python) with the small vocabulary under
                          each pre-tokenizer and, when their files are given, with real models
  tokenizer_spm.gguf      a SentencePiece BPE vocabulary trained on the same text, with equal scores among its tokens
  tokenizer_spm.json      ids by llama.cpp with it, with and without the space before a text
  tokenizer_words.gguf    a WordPiece vocabulary trained on the same text
  tokenizer_words.json    ids by the package tokenizers with it, in small letters and as written
  tokenizer_real.json     ids by llama.cpp with real SentencePiece files, when they are given

A set of ids is a list, or {"like": another set, "rows": {number of the string: what differs}}.

  python make_tokenizer_goldens.py [MODEL_FOLDER]     needs: gguf llama-cpp-python tokenizers sentencepiece

The ids of the package `tokenizers` with the published expressions are computed too; strings on which it differs from
llama.cpp are printed. Known to differ: a long s (U+017F) after an apostrophe, CJK extension I, and "</s>" in Qwen files. WordPiece follows
`tokenizers`, as its models were trained with that; llama.cpp differs in Hangul (it keeps the first part of a syllable
only), in marks that take space, in U+0085 and in words of more than 100 letters.
"""
import io, json, os, random, sys, tempfile
import gguf, llama_cpp, sentencepiece, tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers, models, trainers, AddedToken

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
TAIL = r"|\s+(?!\S)|\s+"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+" + TAIL
LLAMA = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+" + TAIL
QWEN35 = LLAMA.replace("{1,3}", "").replace(r"]?\p{L}+", r"]?[\p{L}\p{M}]+").replace(r"?[^\s\p{L}", r"?[^\s\p{L}\p{M}")
RULES = {"gpt-2": [GPT2], "smollm": [r"\p{N}", GPT2], "llama-bpe": [LLAMA], "qwen2": [LLAMA.replace("{1,3}", "")],
         "qwen35": [QWEN35], "minicpm5": [r"\p{N}{1,3}", LLAMA.replace("{1,3}", "+")]}
LIKE = {"qwen35": "qwen2", "minicpm5": "llama-bpe"}
ALIASES = """hunyuan kormo f2llmv2 minerva-7b trillion granite-docling lfm2 chatglm-bpe glm4 deepseek-r1-qwen megrez stablelm2 starcoder refact command-r codeshell exaone phi-2 mpt olmo jais mellum exaone4
llama3 llama-v3 falcon3 dbrx smaug-bpe""".split()
SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|im_start|>system"]
USER = ["<tool_call>", "</tool_call>"]

CORPUS = """The bill came to 128.50 yuan, and she'd paid it with Alipay on 2026-11-20 at 18:32. He's said they're sure we've
seen it; I'm fine, you'll see, don't worry. Tokens aren't words: some are  spaces,\tsome are tabs.
我在星巴克买了一杯拿铁，花了三十二元五角。昨天的账单是多少？请帮我统计一下十月份的餐饮支出，谢谢！
支付宝 交易成功 退款 12.00 元；微信支付 转账 收入 支出 不计收支 商户 订单号 2026112022001。
def spend(rows, month=11):\n    total = 0\n    for row in rows:\n        if row['month'] == month:\n            total += row[\"minor\"]\n    return total\n
for (int i = 0; i < n; i++) { x[i] *= 2; }\r\n\r\nint main(void) { return 0; }\n\n\n// end    of   the  line
Die Straße ist schön, l'été dure déjà trop, ¿dónde está? Привет, как дела? שלום עולם مرحبا بالعالم नमस्ते दुनिया สวัสดี 안녕하세요 こんにちは世界
emoji 😀😃 👩‍👩‍👧‍👦 🇨🇳 👍🏽 ❤️ prices ￥99 $1,234.56 €7 50% 1/2 ½ ² Ⅷ ①②③ 3.14159 1000000 0x1F 1e-9
The quick brown fox jumps over the lazy dog. THE QUICK BROWN FOX'S DOG ISN'T LAZY. We'Ll They'RE I'D
{"name": "query", "arguments": {"month": "2026-10", "category": null}} <html><body>&nbsp;</body></html> a_b-c+d=e~f^g|h`i
"""


def byte_letters():
    own = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    rest = [b for b in range(256) if b not in own]
    return {**{b: chr(b) for b in own}, **{b: chr(256 + i) for i, b in enumerate(rest)}}


def train():
    """BPE by counting pairs over whole pieces: at most 1,500 merges, ties by the pair's letters."""
    letters = byte_letters()
    pieces = [CORPUS, *CORPUS.replace(". ", ".\n\n  ").split("。"), " ".join(CORPUS.split()[::-1]), "\r\n" * 3 + " " * 9 + "\n" * 5 + "1234567 " * 3]
    lines = [[letters[b] for b in piece.encode()] for piece in pieces]
    merges = []
    while len(merges) < 1500:
        count = {}
        for line in lines:
            for pair in zip(line, line[1:]):
                if len(pair[0]) + len(pair[1]) <= 20:
                    count[pair] = count.get(pair, 0) + 1
        if not count:
            break
        best = max(count, key=lambda p: (count[p], p))
        merges.append(best)
        for n, line in enumerate(lines):
            out, i = [], 0
            while i < len(line):
                if i + 1 < len(line) and (line[i], line[i + 1]) == best:
                    out.append(line[i] + line[i + 1])
                    i += 2
                else:
                    out.append(line[i])
                    i += 1
            lines[n] = out
    tokens = list(letters[b] for b in range(256))
    for a, b in merges:
        if a + b not in tokens:
            tokens.append(a + b)
    return tokens, merges


def write_gguf(path, pre, tokens, merges):
    w = gguf.GGUFWriter(path, "llama")
    names = tokens + SPECIALS + USER
    w.add_name("tokenizer fixture")
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre(pre)
    w.add_token_list(names)
    w.add_token_types([1] * len(tokens) + [3] * len(SPECIALS) + [4] * len(USER))
    w.add_token_merges([" ".join(m) for m in merges])
    w.add_eos_token_id(len(tokens))
    w.add_bos_token_id(len(tokens))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.close()


def strings():
    rng = random.Random(20261120)
    out = ["", " ", "  ", "   ", "\n", "\n\n", " \n", "\n ", "\t", "\r\n", "\r", " \r\n \r\n  x", "a", "A", "中", "中文", "é", "e\u0301", "\u0301",
           "\u00a0", "\u00a0\u00a0a", "\u3000", "\u3000中 \u3000", "\u0085", "x\u0085y", "\u2028a\u2029", "\u200b", "\u200d", "\ufeffBOM", "\u180e",
           "\u1680\u2003\u202f\u205f.", "\x00", "a\x00b", "\x01\x02\x03", "\x1b[31mred\x1b[0m", "\x7f", "\x1c\x1d\x1e\x1f", "\x0b\x0c", "\ufffd",
           "\ufffe\uffff", "\U0010ffff", "\U000e0001\U000e0041", "\ue000\uf8ff", "\u0378\u0379", "\U0002ebf0\U0002ee5d", "\U00030000\U0002a6d6",
           "'s", "'S", "'ſ", "'re 've 'll 'd 'm 't", "'RE'Ve'LL'D'M'T", "'", "''", "'s's", "' s", "it's", "IT'S", "it’s", "'r", "'l", "'lx", "x'", "x 's",
           "don't won't can't I'd you'll we've they're", "DON'T I'D YOU'LL", "0", "12", "123", "1234", "12345678", "1 2 3", " 1", "  12", "a1b22c333",
           "½²³", "Ⅷ①②", "１２３", "٣٤٥", "१२३४५", "𝟘𝟙𝟚𝟛", "3.14", "1,234,567.89", "￥32.50", "$5", "2026-11-20 18:32:05", "0x1F", "1e-9", "10²", "五百二十元",
           "<|im_start|>user\n你好<|im_end|>\n", "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|im_start|><|im_end|>", "a<|im_end|>b", " <|im_end|> ",
           "<|im_start|>system\nYou are<|im_end|>", "<|im_start|>systematic", "<|im_start|", "<|IM_START|>", "<|im_end|><|im_end|", "<||im_end|>",
           "<tool_call>\n{\"name\": \"f\"}\n</tool_call>", "<tool_call>", "x<tool_call>y", "<tool_call", "<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>",
           "<|repo_name|>x<|file_sep|>", "</s>", "<s>", "<unk>", "[PAD151665]", "<repo_name>x", "<jupyter_start>", "<|eot_id|>", "<think>\n\n</think>\n\n",
           "😀", "😀😃", "👩‍👩‍👧‍👦", "🇨🇳🇺🇸", "👍🏽", "❤️", "a😀b", " 😀", "☕️ 32元", "🏳️‍🌈", "1️⃣", "©®™", "Привет, мир!", "שָׁלוֹם", "مرحبا ١٢٣", "नमस्ते", "สวัสดี", "한국어 조합",
           "ᄒ\u1161\u11ab", "日本語のテキスト", "ｶﾀｶﾅ", "ไทย๑๒", "ꦗꦮ", "𐍈𐌰", "𓀀𓀁", "ᚠᛇ", "ⴰⵣⵓⵍ", "ǅ", "ʰʲ", "İstanbul", "ﬁne", "Straße", "naïve café", "Zalgo h\u0335e\u0321l\u0327",
           "क्षि", "a\u0300\u0301b", " \u0301", "\u0301a", "1\u0301", "def f(x):\n    return x+1\n", "\tif (a) {\r\n\t\tb();\r\n\t}", "    x", "x    y", "x   ", "   x   \n",
           "a\n\n\nb", "a \n b", "a  \n\n  b", "a\t\tb", "\n\n  \n\n", " \t \n\t", "!!!", "...", "a.b", "a . b", "a...b\n", "!\n", "!\n\n", "! \n", " !\n", "?!\r\n\r\nx",
           "http://x.cn/a?b=1&c=%20#d", "me@x.cn", "C:\\x\\y", "a_b __c__", "foo-bar", "{\"a\":[1,2,null]}", "SELECT * FROM t WHERE a='b';", "$x = @y[0];", "\\n\\t",
           "，。！？", "「引号」《书》", "支付宝，交易成功。", "Starbucks星巴克 Latte拿铁32.5元", "a" * 70, " " * 40, "\n" * 17, "ab" * 40, "中" * 30, "9" * 25, "=" * 33, "-_" * 20]
    parts = [" ", "  ", "\n", "\r\n", "\t", "\u00a0", "\u3000", "'", "'s", "'LL", ".", ",", "!", "-", "(", "\"", "，", "。", "0", "7", "42", "½", "٣", "a", "The", "word",
             "spend", "é", "\u0301", "中", "账单", "退款", "の", "한", "ش", "ж", "😀", "\u200d", "👍🏽", "\x00", "\x1f", "\u0085", "\u0378", "$", "+", "<|", "|>", "<|im_end|>",
             "<|im_start|>", "<tool_call>", "\ufe0f", "ß", "ǅ", "²"]
    while len(out) < 560:
        out.append("".join(rng.choice(parts) for _ in range(rng.randint(2, 9))))
    return list(dict.fromkeys(out))


def by_llama(path, texts):
    model = llama_cpp.Llama(model_path=path, vocab_only=True, verbose=False)
    rows = []
    for text in texts:
        yes = model.tokenize(text.encode(), add_bos=False, special=True)
        no = model.tokenize(text.encode(), add_bos=False, special=False)
        rows.append([yes] if yes == no else [yes, no])
    return rows


def by_tokenizers(path, pre, texts):
    r = gguf.GGUFReader(path)
    names, merges, types = (r.fields["tokenizer.ggml." + k].contents() for k in ("tokens", "merges", "token_type"))
    t = tokenizers.Tokenizer(models.BPE({n: i for i, n in enumerate(names)}, [tuple(m.split(" ")) for m in merges], ignore_merges=pre in ("llama-bpe", "minicpm5")))
    splits = [pre_tokenizers.Split(Regex(x), "isolated") for x in RULES[pre]]
    t.pre_tokenizer = pre_tokenizers.Sequence(splits + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t.add_tokens([AddedToken(n, normalized=False) for n, k in zip(names, types) if k in (3, 4)])
    return [t.encode(x, add_special_tokens=False).ids for x in texts]


def differences(rows, like, name):
    return {"like": name, "rows": {str(i): row for i, (row, other) in enumerate(zip(rows, like)) if row != other}}


def write_json(name, value):
    with open(os.path.join(HERE, name), "w", encoding="utf-8") as f:
        json.dump(value, f, ensure_ascii=True, separators=(",", ":"))
        f.write("\n")


def write_kind(path, model, names, types, scores=None, add=None):
    """A file of another kind than byte-level BPE; `add` writes its own keys."""
    w = gguf.GGUFWriter(path, "llama")
    w.add_name("tokenizer fixture")
    w.add_tokenizer_model(model)
    w.add_token_list(names)
    w.add_token_types(types)
    if scores:
        w.add_token_scores(scores)
    add(w)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.close()


def train_spm():
    """Names, types and scores. Merges reach over words and numbers; each three neighbours share a score."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS.splitlines() * 2), model_writer=model, model_type="bpe", vocab_size=1400, byte_fallback=True,
        normalization_rule_name="identity", remove_extra_whitespaces=False, split_by_whitespace=False, split_by_number=False,
        split_by_unicode_script=False, allow_whitespace_only_pieces=True, character_coverage=0.98, num_threads=1,
        hard_vocab_limit=False, minloglevel=2)
    p = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    names, types, scores = [], [], []
    for i in range(p.vocab_size()):
        names.append(p.id_to_piece(i))
        types.append(2 if p.is_unknown(i) else 3 if p.is_control(i) else 6 if p.is_byte(i) else 1)
        scores.append(float(p.get_score(i) // 3 * 3))
    for name in USER + ["\n\n", "\n\n\n", "  ", "    "]:
        names.append(name), types.append(4), scores.append(-1000.0)
    for name in SPECIALS:
        names.append(name), types.append(3), scores.append(-1000.0)
    return names, types, scores


def spm(texts):
    names, types, scores = train_spm()
    golden = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, path, space in (("space", os.path.join(HERE, "tokenizer_spm.gguf"), True), ("bare", os.path.join(folder, "bare.gguf"), False)):
            write_kind(path, "llama", names, types, scores, lambda w: w.add_add_space_prefix(space))
            golden[name] = by_llama(path, texts)
    golden["bare"] = differences(golden["bare"], golden["space"], "space")
    write_json("tokenizer_spm.json", golden)
    print("spm:", len(names), "tokens,", len(golden["bare"]["rows"]), "rows differ without the space")


def words(texts):
    def make(lowercase, vocabulary=None):
        t = tokenizers.Tokenizer(models.WordPiece(vocabulary or {}, unk_token="[UNK]"))
        t.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
        t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        return t

    own = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    t = make(True)
    hangul = "\u1112\u1161\u11ab \u1100\u116e\u11a8 \u110b\u1165"  # parts of syllables
    lines = (CORPUS + hangul + "\n").splitlines() + [CORPUS.upper(), "a b c d e f g h i j k l m n o p q r s t u v w x y z 0 1 2 3 4 5 6 7 8 9"]
    t.train_from_iterator(lines, trainers.WordPieceTrainer(vocab_size=1500, special_tokens=own, show_progress=False))
    vocabulary = dict(t.get_vocab())
    for word in ("The", "##He", "É", "Straße", "##É"):  # for the file that keeps capitals
        vocabulary.setdefault(word, len(vocabulary))
    names = [n for n, i in sorted(vocabulary.items(), key=lambda x: x[1])]
    plain = [n if n in own else n[2:] if n.startswith("##") else "\u2581" + n for n in names]

    def keys(lowercase):
        def add(w):
            w.add_bos_token_id(2), w.add_unk_token_id(1), w.add_sep_token_id(3), w.add_pad_token_id(0), w.add_mask_token_id(4)
            w.add_bool("tokenizer.ggml.normalizer.lowercase", lowercase)
        return add

    golden = {}
    path = os.path.join(HERE, "tokenizer_words.gguf")
    write_kind(path, "bert", plain, [3 if n in own else 1 for n in plain], add=keys(True))
    for name, lowercase in (("small", True), ("cased", False)):
        t = make(lowercase, vocabulary)
        golden[name] = [[t.encode(x, add_special_tokens=False).ids] for x in texts]
    llama = by_llama(path, texts)
    differ = [x for x, a, b in zip(texts, golden["small"], llama) if a[0] != b[0]]
    golden["cased"] = differences(golden["cased"], golden["small"], "small")
    write_json("tokenizer_words.json", golden)
    print("words:", len(names), "tokens,", len(golden["cased"]["rows"]), "rows differ with capitals,", len(differ), f"differ from llama.cpp: {differ!r}")


def main():
    texts = strings()
    tokens, merges = train()
    golden = {"strings": texts, "small": {}, "real": {}}
    small = os.path.join(HERE, "tokenizer_small.gguf")
    write_gguf(small, "qwen2", tokens, merges)
    spm(texts)
    words(texts)

    def compare(label, path, pre, rows):
        other = by_tokenizers(path, pre, texts)
        differ = [x for x, row, o in zip(texts, rows, other) if row[0] != o]
        print(f"{label}: {len(texts)} strings, {len(differ)} differ from tokenizers: {differ!r}")

    with tempfile.TemporaryDirectory() as folder:
        full = {}
        for pre in RULES:
            path = os.path.join(folder, pre + ".gguf")
            write_gguf(path, pre, tokens, merges)
            full[pre] = golden["small"][pre] = by_llama(path, texts)
            compare(pre, path, pre, full[pre])
            if pre in LIKE:
                golden["small"][pre] = differences(full[pre], full[LIKE[pre]], LIKE[pre])
        golden["aliases"] = {}
        for alias in ALIASES:
            path = os.path.join(folder, alias + ".gguf")
            write_gguf(path, alias, tokens, merges)
            rows = by_llama(path, texts)
            golden["aliases"][alias] = next((pre for pre in full if full[pre] == rows), None)
            if golden["aliases"][alias] is None:  # llama-bpe's rules, but without taking whole words
                full[alias] = rows
                golden["small"][alias] = differences(rows, full["llama-bpe"], "llama-bpe")
                golden["aliases"][alias] = alias
    real = {}
    for name, pre in (("smollm2-135m", "smollm"), ("qwen2.5-coder-0.5b", "qwen2")) if len(sys.argv) > 1 else ():
        path = os.path.join(sys.argv[1], name + ".gguf")
        golden["real"][name] = by_llama(path, texts)
        compare(name, path, pre, golden["real"][name])
    for name in ("tinyllama-1b", "gemma3-270m") if len(sys.argv) > 1 else ():
        real[name] = by_llama(os.path.join(sys.argv[1], name + ".gguf"), texts)
    print(golden["aliases"])
    write_json("tokenizer_golden.json", golden)
    if real:
        write_json("tokenizer_real.json", real)


main()
