"""Conversations as transformers renders them by the templates in test/fixtures/chat: goldens.json, and the tokenizer.json of its ids.

    python test/support/makeChatGoldens.py
"""
import json, pathlib
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

folder = pathlib.Path(__file__).parent.parent / "fixtures" / "chat"
marks = ["<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<start_of_turn>", "<end_of_turn>"]


def turn(role, content, **more):
    return {"role": role, "content": content, **more}


hi = [turn("user", "Hi"), turn("assistant", "Hello! How can I help?"), turn("user", "What is 2 + 2?")]
call = {"type": "function", "function": {"name": "weather", "arguments": {"city": "Zürich", "days": 2, "warm": True, "hint": None}}}
conversations = [
    hi[:1],
    hi[:2],
    hi,
    [*hi, turn("assistant", "\n4")],
    [turn("system", " Be brief. "), *hi[:2]],
    [turn("system", "Be brief."), *hi, turn("assistant", "4\n\n"), turn("user", "Thanks")],
    [turn("user", "  two\n\n lines  "), turn("assistant", "\n\n<b>\"é\" & 漢字 🙂</b> {{ x }} {% if %}  \n")],
    [turn("user", "one"), turn("user", "two")],
    [turn("user", ""), turn("assistant", "")],
    [turn("user", "Weather?"), turn("assistant", "", tool_calls=[call]), turn("tool", "sunny"), turn("assistant", "It is sunny.")],
]

byte_level = sorted(pre_tokenizers.ByteLevel.alphabet())
merges = [("t", "h"), ("i", "n"), ("Ċ", "Ċ"), ("Ġ", "a"), ("l", "l")]
vocabulary = {token: i for i, token in enumerate([*byte_level, *(a + b for a, b in merges)])}
tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.decoder = decoders.ByteLevel()
tokenizer.add_special_tokens([AddedToken(mark, special=True, normalized=False) for mark in marks])
tokenizer.save(str(folder / "tokenizer.json"), pretty=False)

goldens = {}
for path in sorted(folder.glob("*.jinja")):
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", chat_template=path.read_text())
    rows = []
    for messages in conversations:
        row = {}
        for key, reply in ("text", False), ("prompt", True):
            try:
                row[key] = fast.apply_chat_template(messages, tokenize=False, add_generation_prompt=reply)
            except Exception:
                row[key] = None
        if row["text"] is not None:
            row["ids"] = fast.apply_chat_template(messages, tokenize=True, return_dict=True)["input_ids"]
        if path.stem == "generation":
            row["mask"] = fast.apply_chat_template(messages, tokenize=True, return_dict=True, return_assistant_tokens_mask=True)["assistant_masks"]
        rows.append(row)
    goldens[path.stem] = rows
parts = [json.dumps(one, ensure_ascii=False) for one in conversations]
rows = [json.dumps(name) + ": [\n    " + ",\n    ".join(json.dumps(row, ensure_ascii=False) for row in of) + "\n  ]" for name, of in goldens.items()]
(folder / "goldens.json").write_text('{\n  "conversations": [\n    ' + ",\n    ".join(parts) + "\n  ],\n  " + ",\n  ".join(rows) + "\n}\n")
