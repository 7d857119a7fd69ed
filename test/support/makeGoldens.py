"""Makes test/fixtures/goldens-extra: tiny random models in configurations that test/fixtures/goldens does not have.

    python3 test/support/makeGoldens.py [CASE …]      # torch, transformers 4, CPU, f32, eager attention

Each folder gets config.json, model.safetensors and golden.safetensors (what the model computes); see the README there.
"""
import hashlib
import json
import pathlib
import sys

import torch
import transformers as hf
from safetensors.torch import save_file
from transformers.activations import ACT2FN
from transformers.modeling_utils import no_init_weights

OUT = pathlib.Path(__file__).parent.parent / "fixtures" / "goldens-extra"
VOCAB, HIDDEN, INNER, LENGTH = 48, 24, 32, 12
LLAMA = dict(vocab_size=VOCAB, hidden_size=HIDDEN, intermediate_size=INNER, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=32, tie_word_embeddings=False)
LLAMA3_ROPE = dict(rope_type="llama3", factor=4.0, low_freq_factor=1.0, high_freq_factor=2.5,
                   original_max_position_embeddings=16)
GPT2 = dict(vocab_size=VOCAB, n_embd=HIDDEN, n_head=4, n_layer=2, n_positions=32)
NEOX = dict(vocab_size=VOCAB, hidden_size=HIDDEN, intermediate_size=INNER, num_hidden_layers=2, num_attention_heads=2,
            max_position_embeddings=32)
OPT = dict(vocab_size=VOCAB, hidden_size=HIDDEN, word_embed_proj_dim=HIDDEN, ffn_dim=INNER, num_hidden_layers=2,
           num_attention_heads=4, max_position_embeddings=32)
PHI = dict(vocab_size=VOCAB, hidden_size=HIDDEN, intermediate_size=INNER, num_hidden_layers=2, num_attention_heads=2,
           max_position_embeddings=32)
MOE = {**LLAMA, "num_experts": 4, "num_experts_per_tok": 2}
# HIDDEN / 4 heads = 6 channels a head: 3 frequencies.
LONGROPE = dict(type="longrope", short_factor=[1.0, 1.1, 1.3], long_factor=[1.5, 2.5, 4.0])

CASES = {
    "llama_biases_tied": hf.LlamaConfig(**{**LLAMA, "tie_word_embeddings": True}, attention_bias=True, mlp_bias=True),
    "llama_rope_llama3": hf.LlamaConfig(**LLAMA, head_dim=8, rope_theta=5000.0, rope_scaling=LLAMA3_ROPE),
    "llama_rope_linear": hf.LlamaConfig(**LLAMA, rope_scaling=dict(rope_type="linear", factor=2.5), hidden_act="gelu"),
    "llama_rope_dynamic": hf.LlamaConfig(**{**LLAMA, "max_position_embeddings": 8}, head_dim=8,
                                         rope_scaling=dict(rope_type="dynamic", factor=2.0)),
    "llama_rope_yarn": hf.LlamaConfig(**LLAMA, head_dim=8, rope_scaling=dict(
        rope_type="yarn", factor=4.0, original_max_position_embeddings=8, beta_fast=4.0, beta_slow=0.5)),
    "mistral_head_dim": hf.MistralConfig(**LLAMA, head_dim=8, sliding_window=None, hidden_act="quick_gelu"),
    "qwen2_window": hf.Qwen2Config(**LLAMA, use_sliding_window=True, sliding_window=4, max_window_layers=0),
    "qwen3": hf.Qwen3Config(**{**LLAMA, "tie_word_embeddings": True}, head_dim=8),
    "qwen3_bias_window": hf.Qwen3Config(**LLAMA, head_dim=10, attention_bias=True, use_sliding_window=True,
                                        sliding_window=5, max_window_layers=0),
    "phi3": hf.Phi3Config(**LLAMA, sliding_window=5, pad_token_id=0),
    "phi3_longrope_long": hf.Phi3Config(**LLAMA, original_max_position_embeddings=8, pad_token_id=0,
                                        rope_scaling=dict(LONGROPE)),
    "phi3_longrope_short": hf.Phi3Config(**LLAMA, original_max_position_embeddings=16, pad_token_id=0,
                                         rope_scaling=dict(LONGROPE)),
    "phi_qk_norm": hf.PhiConfig(**PHI, num_key_value_heads=1, qk_layernorm=True, partial_rotary_factor=0.7),
    "gemma_gelu_bias": hf.GemmaConfig(**{**LLAMA, "tie_word_embeddings": True}, head_dim=8, attention_bias=True,
                                      hidden_act="gelu_pytorch_tanh", pad_token_id=0),
    "gemma3": hf.Gemma3TextConfig(**{**LLAMA, "num_hidden_layers": 3, "tie_word_embeddings": True}, head_dim=8,
                                  query_pre_attn_scalar=11, sliding_window=4, sliding_window_pattern=3, rope_theta=5000.0,
                                  rope_local_base_freq=77.0, rope_scaling=dict(rope_type="linear", factor=2.5)),
    "gemma3_types_bias": hf.Gemma3TextConfig(**LLAMA, head_dim=6, attention_bias=True, sliding_window=5,
                                             layer_types=["full_attention", "sliding_attention"], rms_norm_eps=1e-3),
    "gemma2": hf.Gemma2Config(**{**LLAMA, "num_hidden_layers": 3, "tie_word_embeddings": True}, head_dim=8,
                              query_pre_attn_scalar=5, sliding_window=4, attn_logit_softcapping=1.5,
                              final_logit_softcapping=2.0),
    "gemma2_uncapped": hf.Gemma2Config(**LLAMA, head_dim=6, sliding_window=5, attention_bias=True,
                                       attn_logit_softcapping=None, final_logit_softcapping=None),
    "gemma3_whole": hf.Gemma3Config(
        text_config=dict(**LLAMA, head_dim=8, query_pre_attn_scalar=11, sliding_window=4, sliding_window_pattern=2),
        vision_config=dict(hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1, image_size=8,
                           patch_size=4),
        mm_tokens_per_image=4, image_token_index=47, boi_token_index=46, eoi_token_index=45),
    "mistral3_whole": hf.Mistral3Config(
        text_config=dict(**LLAMA, model_type="mistral", head_dim=8, sliding_window=None),
        vision_config=dict(model_type="pixtral", hidden_size=8, intermediate_size=8, num_hidden_layers=1,
                           num_attention_heads=1, head_dim=8, image_size=8, patch_size=4),
        image_token_index=47),
    "olmo": hf.OlmoConfig(**LLAMA),
    "stablelm": hf.StableLmConfig(**{**LLAMA, "num_attention_heads": 3, "num_key_value_heads": 1}, use_qkv_bias=True),
    "stablelm_parallel": hf.StableLmConfig(**LLAMA, use_parallel_residual=True, partial_rotary_factor=0.7),
    "starcoder2": hf.Starcoder2Config(**{**LLAMA, "tie_word_embeddings": True}, sliding_window=4),
    "starcoder2_plain": hf.Starcoder2Config(**LLAMA, use_bias=False),
    "seed_oss": hf.SeedOssConfig(**LLAMA, head_dim=8),
    "olmo2": hf.Olmo2Config(**LLAMA),
    "olmo2_bias_tied": hf.Olmo2Config(**{**LLAMA, "tie_word_embeddings": True, "num_key_value_heads": 4},
                                      attention_bias=True, rope_theta=500.0),
    "olmo3": hf.Olmo3Config(**{**LLAMA, "hidden_size": 32, "num_hidden_layers": 4}, sliding_window=4, rope_theta=500000.0,
                            rope_scaling=dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=8,
                                              beta_fast=4.0, beta_slow=0.5)),
    "granite": hf.GraniteConfig(**LLAMA, embedding_multiplier=3.0, attention_multiplier=0.3, residual_multiplier=0.4,
                                logits_scaling=2.5, attention_bias=True, mlp_bias=True),
    "granite_tied": hf.GraniteConfig(**{**LLAMA, "tie_word_embeddings": True}, embedding_multiplier=5.0,
                                     logits_scaling=0.7, rope_theta=500.0),
    "smollm3": hf.SmolLM3Config(**{**LLAMA, "num_hidden_layers": 3, "tie_word_embeddings": True}, pad_token_id=0,
                                no_rope_layer_interval=2),
    "smollm3_list": hf.SmolLM3Config(**LLAMA, pad_token_id=0, no_rope_layers=[0, 1], attention_bias=True),
    "qwen3_moe": hf.Qwen3MoeConfig(**MOE, head_dim=8, moe_intermediate_size=16, norm_topk_prob=True, mlp_only_layers=[]),
    "qwen3_moe_window": hf.Qwen3MoeConfig(**{**MOE, "num_experts_per_tok": 3}, moe_intermediate_size=10,
                                          use_sliding_window=True, sliding_window=4, attention_bias=True),
    "qwen2_moe": hf.Qwen2MoeConfig(**MOE, moe_intermediate_size=10, shared_expert_intermediate_size=20),
    "qwen2_moe_top1": hf.Qwen2MoeConfig(**{**MOE, "num_experts_per_tok": 1}, moe_intermediate_size=16, norm_topk_prob=True,
                                        shared_expert_intermediate_size=8, qkv_bias=False),
    "olmoe": hf.OlmoeConfig(**MOE),
    "mixtral_top1": hf.MixtralConfig(**{**LLAMA, "intermediate_size": 16}, num_local_experts=3, num_experts_per_tok=1),
    "mixtral_top3_window": hf.MixtralConfig(**{**LLAMA, "intermediate_size": 16}, num_local_experts=4,
                                            num_experts_per_tok=3, sliding_window=4, head_dim=8),
    "gpt2_inverse_layer": hf.GPT2Config(**GPT2, scale_attn_by_inverse_layer_idx=True, n_inner=40,
                                        activation_function="relu", tie_word_embeddings=False),
    "gpt2_unscaled": hf.GPT2Config(**GPT2, scale_attn_weights=False, activation_function="gelu_fast"),
    "neox_sequential_tied": hf.GPTNeoXConfig(**NEOX, use_parallel_residual=False, rotary_pct=0.5, attention_bias=False,
                                             tie_word_embeddings=True, hidden_act="gelu_fast"),
    "neox_all_rotary": hf.GPTNeoXConfig(**NEOX, rotary_pct=1.0, rotary_emb_base=500),
    "opt_plain_norm": hf.OPTConfig(**OPT, layer_norm_elementwise_affine=False, enable_bias=False,
                                   activation_function="gelu"),
    "opt_no_final_norm": hf.OPTConfig(**OPT, _remove_final_layer_norm=True, activation_function="silu"),
    "opt_post_norm": hf.OPTConfig(**{**OPT, "word_embed_proj_dim": 16}, do_layer_norm_before=False),
}

# Released Gemma files say gelu and mean the approximation; transformers 5 reads them so, some versions of 4 did not.
SAVED_AS = {"gemma_gelu_bias": {"hidden_act": "gelu"}}


def generator(text):
    return torch.Generator().manual_seed(int(hashlib.sha256(text.encode()).hexdigest()[:8], 16))


def fill(model, case):
    """Linears N(0, 1.3/√fan-in), embeddings N(0, 0.3), norms 1 + N(0, 0.2) (Gemma: N(0, 0.2)), biases N(0, 0.1)."""
    for name, p in model.named_parameters():
        x = torch.randn(p.shape, generator=generator(f"{case}/{name}"))
        if name.endswith("bias"):
            p.data = 0.1 * x
        elif p.dim() == 1:
            p.data = 0.2 * x + (0 if case.startswith("gemma") else 1)
        elif any(part in name for part in ("embed", "wte", "wpe")) and "embed_out" not in name:
            p.data = 0.3 * x
        else:
            fan_in = p.shape[0] if case.startswith("gpt2") and "lm_head" not in name else p.shape[1]
            p.data = 1.3 * x / fan_in**0.5


def text_parameters(model):
    """Names as the file has them; what is beside a text model has no part in the loss of text."""
    whole = hasattr(model.base_model, "vision_tower")
    for name, p in model.named_parameters():
        if whole and name.startswith(("model.vision_tower", "model.multi_modal_projector")):
            continue
        yield "language_model." + name.replace("language_model.", "") if whole else name, p


def losses(logits, labels):
    targets = labels[:, 1:]
    nll = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), targets.flatten(), reduction="none")
    return nll.view(targets.shape)


def hidden_states(model):
    """Hooks that record the input of each block and the output of the last."""
    base = model.model if model.base_model is model else model.base_model  # Gemma 3 has a prefix that it does not use
    base = base.decoder if hasattr(base, "decoder") else base
    base = base.language_model if hasattr(base, "language_model") else base
    blocks = base.layers if hasattr(base, "layers") else base.h
    found = {}
    blocks[0].register_forward_pre_hook(lambda _m, args, kwargs: found.__setitem__(
        "hidden.0", (args[0] if args else kwargs["hidden_states"]).detach().clone()), with_kwargs=True)
    for i, block in enumerate(blocks):
        block.register_forward_hook(lambda _m, _a, out, i=i: found.__setitem__(
            f"hidden.{i + 1}", (out[0] if isinstance(out, tuple) else out).detach().clone()))
    return found


def padded(ids):
    """Row 0 padded on the left; row 1 with holes and padded on the right. No target of or from a masked position."""
    mask = torch.ones_like(ids)
    mask[0, :4] = 0
    mask[1, [3, 7, 10, 11]] = 0
    labels = ids.masked_fill(mask == 0, -100)
    labels[0, 4] = -100
    return mask, labels


def make(case, config):
    torch.manual_seed(0)
    config._attn_implementation = "eager"
    for key in ("attention_dropout", "attn_pdrop", "embd_pdrop", "resid_pdrop", "dropout", "hidden_dropout"):
        if hasattr(config, key):
            setattr(config, key, 0.0)
    # Every parameter is filled below; 4.52's own start fails on norms without parameters.
    with no_init_weights():
        auto = hf.AutoModelForImageTextToText if case.endswith("_whole") else hf.AutoModelForCausalLM
        model = auto.from_config(config, attn_implementation="eager").float().eval()
    fill(model, case)
    model.tie_weights()
    folder = OUT / case
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    if case in SAVED_AS:
        config_file = folder / "config.json"
        config_file.write_text(json.dumps({**json.loads(config_file.read_text()), **SAVED_AS[case]}, indent=2) + "\n")
    ids = torch.randint(3, 45 if case.endswith("_whole") else VOCAB, (2, LENGTH), generator=generator(f"{case}/ids"))
    found = hidden_states(model)
    logits = model(input_ids=ids, use_cache=False).logits
    nll = losses(logits, ids)
    nll.mean().backward()
    golden = {"input_ids": ids.int(), "logits": logits, "nll": nll, "loss": nll.mean().view(1), **found}
    for name, p in text_parameters(model):
        golden[f"grad.{name}"] = torch.zeros_like(p) if p.grad is None else p.grad.clone()
    model.zero_grad()
    mask, labels = padded(ids)
    logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits
    nll = losses(logits, labels)
    loss = nll.sum() / (labels[:, 1:] >= 0).sum()
    loss.backward()
    golden |= {"pad.attention_mask": mask.int(), "pad.labels": labels.int(), "pad.nll": nll, "pad.loss": loss.view(1),
               "pad.logits": logits * mask[..., None]}
    for name, p in text_parameters(model):
        golden[f"pad.gradnorm.{name}"] = (torch.zeros(1) if p.grad is None else p.grad.norm().view(1))
    save_file({k: v.detach().contiguous() for k, v in golden.items()}, folder / "golden.safetensors")
    print(case, float(golden["loss"]), sum(f.stat().st_size for f in folder.iterdir()) // 1024, "KiB")


def activations():
    x = torch.cat([torch.linspace(-12, 12, 97), torch.tensor([-3.0, -1e-3, 0.0, 1e-3, 3.0, 6.0, 6.5])])
    tensors = {"x": x}
    names = [n for n in ACT2FN if n not in ("laplace", "mish", "prelu")]
    for name in names:
        leaf = x.clone().requires_grad_()
        y = ACT2FN[name](leaf)
        y.sum().backward()
        tensors |= {f"y.{name}": y.detach(), f"dy.{name}": leaf.grad}
    save_file(tensors, OUT / "activations.safetensors")


if __name__ == "__main__":
    torch.set_num_threads(1)
    OUT.mkdir(parents=True, exist_ok=True)
    for case in sys.argv[1:] or CASES:
        make(case, CASES[case])
    if len(sys.argv) == 1:
        activations()
