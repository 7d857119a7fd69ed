// Qwen2-MoE (Qwen1.5-MoE-A2.7B, Qwen2-57B-A14B): Qwen2's attention, routed experts, and one shared expert that every token passes.
import { family, windowedBlocks } from './familySpec.ts'
import { qwen3Moe } from './qwen3Moe.ts'

const { 'attn.qNorm': _qNorm, 'attn.kNorm': _kNorm, ...routedTensors } = qwen3Moe.tensors

export const qwen2Moe = family({
  modelType: 'qwen2_moe',
  title: 'Qwen2-MoE',
  tensors: {
    ...routedTensors,
    'moe.sharedRouter': 'layers.{block}.mlp.shared_expert_gate',
    'moe.sharedGate': 'layers.{block}.mlp.shared_expert.gate_proj',
    'moe.sharedUp': 'layers.{block}.mlp.shared_expert.up_proj',
    'moe.sharedDown': 'layers.{block}.mlp.shared_expert.down_proj',
  },
  keys: qwen3Moe.keys,
  bias: { qkv: { key: 'qkv_bias', otherwise: true } },
  mlp: 'moe',
  moe: { numExperts: 60, topK: 4, sharedSizeKey: 'shared_expert_intermediate_size' },
  // Versions of transformers differ in which blocks have the window, and in whether layer_types counts if use_sliding_window is false.
  refused: [...qwen3Moe.refused, 'use_sliding_window', windowedBlocks],
})
