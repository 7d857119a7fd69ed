"""Writes test/fixtures/text/tokenizerIds.json: ids of texts by the package tokenizers (0.23.3), which transformers uses.

The definitions are byteTokenizer.ts's with other steps; special tokens are left out.
"""

import json
from pathlib import Path

from tokenizers import Tokenizer

MERGES = ["t h", "th e", "Ġ the", "i n", "Ġ a", "e r", "Ċ Ċ"]
BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
WORDS = {**BYTES, "use_regex": True}
PREFIX = {**BYTES, "add_prefix_space": True}
# U+0085 is white space, but not for JavaScript; U+FEFF is white space for JavaScript only.
SPACES = ["\u0085a\ufeff", "a\u0085b\ufeffc", "\ufeff\u0085", " \u3000\u00a0a b\n", "caf\u00e9 \u0915\u093f\u00b2 x_1-.\u200d\u2028y"]
SIGMAS = ["\u039f\u0394\u039f\u03a3", "\u03a3\u03a3 \u03a3", "A\u03a3.b", "\u0130\u00c9"]


def added(id, content, **flags):
    return {"id": id, "content": content, "special": False, "single_word": False, "lstrip": False, "rstrip": False,
            "normalized": False, **flags}


def both(*steps):
    return {"type": "Sequence", "pretokenizers": [*steps, BYTES]}


def bert(**flags):
    return {"type": "BertNormalizer", "clean_text": False, "handle_chinese_chars": False, "strip_accents": None,
            "lowercase": False, **flags}


def replace(text, by):
    return {"type": "Replace", "pattern": {"String": text}, "content": by}


SPACE_TOKENS = [added(264, "  "), added(265, "<m>", lstrip=True), added(266, "<n>", rstrip=True), added(267, "ab")]
NORMALIZED = [added(264, "AB", normalized=True), added(265, "<M>", lstrip=True, normalized=True), added(266, "bx")]
CASES = [
    ("Replace with $& in its content", ["a", "bab", "$&"], {"normalizer": replace("a", "[$&$$$1$`]")}),
    ("Strip", SPACES, {"normalizer": {"type": "Strip", "strip_left": True, "strip_right": True}}),
    ("Strip on the left", SPACES, {"normalizer": {"type": "Strip", "strip_left": True, "strip_right": False}}),
    ("Whitespace", SPACES, {"pre_tokenizer": both({"type": "Whitespace"})}),
    ("Whitespace and a space before each word", SPACES, {"pre_tokenizer": {
        "type": "Sequence", "pretokenizers": [{"type": "Whitespace"}, PREFIX]}}),
    ("WhitespaceSplit", SPACES, {"pre_tokenizer": both({"type": "WhitespaceSplit"})}),
    ("BertPreTokenizer", SPACES, {"pre_tokenizer": both({"type": "BertPreTokenizer"})}),
    ("Lowercase", SIGMAS, {"normalizer": {"type": "Lowercase"}}),
    ("BertNormalizer", SIGMAS, {"normalizer": bert(lowercase=True)}),
    ("BertNormalizer and Chinese characters", ["a\u6f22\U00020000\U0002ceafb", "\U0002f800"],
     {"normalizer": bert(handle_chinese_chars=True)}),
    ("text that equals an added token only when it is normalized",
     ["\u3000\u3000", "\u3000 ", "  ", "\u00a0 a", "ab", "\uff41b", "a<m>\u3000\u3000<n>b"],
     {"normalizer": {"type": "NFKC"}, "added_tokens": SPACE_TOKENS, "pre_tokenizer": WORDS}),
    ("added tokens that take space along", ["a \u0085<m>b", "a\ufeff<m>", "<n>\u0085 b", "<n>\ufeffb", " <m> <n> <m>"],
     {"added_tokens": SPACE_TOKENS, "pre_tokenizer": WORDS}),
    ("added tokens in lower-cased text", ["AB", "ab", "aB c", "ABX", "a \u0085<M>b", "x<m>"],
     {"normalizer": {"type": "Lowercase"}, "added_tokens": NORMALIZED, "pre_tokenizer": WORDS}),
    ("Metaspace that puts its prefix first only", ["ab<M>c", "<M>c", "bxa", "a b"],
     {"normalizer": {"type": "Lowercase"}, "added_tokens": NORMALIZED,
      "pre_tokenizer": both({"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first", "split": False})}),
]


def byte_characters():
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(b if b in printable else next(others)) for b in range(256)]


def ids(texts, parts):
    vocab = ["<s>", *byte_characters(), *[m.replace(" ", "") for m in MERGES]]
    begin = added(0, "<s>", special=True)
    definition = {"version": "1.0", "truncation": None, "padding": None, "normalizer": None, "pre_tokenizer": BYTES,
                  "post_processor": None, "decoder": None,
                  "model": {"type": "BPE", "vocab": {t: i for i, t in enumerate(vocab)}, "merges": MERGES}, **parts}
    definition["added_tokens"] = [begin, *parts.get("added_tokens", [])]
    tokenizer = Tokenizer.from_str(json.dumps(definition))
    return [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]


def main():
    cases = [{"name": name, **parts, "texts": dict(zip(texts, ids(texts, parts)))} for name, texts, parts in CASES]
    path = Path(__file__).parent.parent / "fixtures/text/tokenizerIds.json"
    path.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


main()
