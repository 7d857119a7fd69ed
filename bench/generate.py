"""The oracle of bench/generate.ts: greedy text of transformers with its cache, in float32 or bfloat16 on the CPU.

    python generate.py MODEL DTYPE TOKENS THREADS < PROMPTS.json

One JSON object on stdout: ids and seconds of each prompt.
"""
import json
import sys
import time

import torch
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

model, dtype, tokens, threads = sys.argv[1], getattr(torch, sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
torch.set_num_threads(threads)
tokenizer = PreTrainedTokenizerFast.from_pretrained(model)
network = AutoModelForCausalLM.from_pretrained(model, dtype=dtype).eval()


def answer(prompt):
    ids = torch.tensor([tokenizer(prompt).input_ids])
    begun = time.perf_counter()
    made = network.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=tokens, do_sample=False)
    return {"tokens": made[0, ids.shape[1] :].tolist(), "seconds": time.perf_counter() - begun}


prompts = json.load(sys.stdin)
answer(prompts[0])
print(json.dumps({"answers": [answer(prompt) for prompt in prompts]}))
