"""Greedy continuations of the tiny goldens by transformers, in f32 on the CPU: test/fixtures/generate.json.

    python test/support/makeGenerateGoldens.py
"""
import json, pathlib, torch
from transformers import AutoConfig, AutoModelForCausalLM

root = pathlib.Path(__file__).parent.parent / "fixtures"
names = ["gemma", "gpt2", "gpt_neox", "llama", "llama_bf16_sharded", "mistral", "mixtral", "opt", "opt350", "opt_f16", "phi", "qwen2"]
new_tokens = 12
goldens = {}
for name in names:
    model = AutoModelForCausalLM.from_pretrained(root / "goldens" / name, dtype=torch.float32, attn_implementation="eager").eval()
    vocabulary = model.config.vocab_size
    goldens[name] = []
    for prompt in range(20):
        torch.manual_seed(prompt)
        ids = torch.randint(0, vocabulary, (1, 1 + prompt))
        made = ids
        # No stop tokens, and nothing of a generation_config: the arithmetic alone.
        with torch.no_grad():
            for _ in range(new_tokens):
                made = torch.cat([made, model(made).logits[:, -1].argmax(-1, keepdim=True)], 1)
        goldens[name].append({"prompt": ids[0].tolist(), "tokens": made[0, ids.shape[1]:].tolist()})
lines = ",\n".join(f'  "{name}": {json.dumps(prompts)}' for name, prompts in goldens.items())
(root / "generate.json").write_text("{\n" + lines + "\n}\n")
