// Qwen3-MoE (30B-A3B, 235B-A22B): Qwen3's attention, and experts in every block.
import { family } from './familySpec.ts'
import { qwen3 } from './qwen3.ts'

const { 'mlp.gate': _gate, 'mlp.up': _up, 'mlp.down': _down, ...attentionTensors } = qwen3.tensors

export const qwen3Moe = family({
  ...qwen3,
  modelType: 'qwen3_moe',
  title: 'Qwen3-MoE',
  tensors: {
    ...attentionTensors,
    'moe.router': 'layers.{block}.mlp.gate',
    'moe.gate': 'layers.{block}.mlp.experts.{expert}.gate_proj',
    'moe.up': 'layers.{block}.mlp.experts.{expert}.up_proj',
    'moe.down': 'layers.{block}.mlp.experts.{expert}.down_proj',
  },
  keys: { intermediateSize: 'moe_intermediate_size' },
  headDim: null,
  window: { ...qwen3.window, firstBlockKey: null, byType: false },
  mlp: 'moe',
  moe: {},
  // Both settings give the model blocks without experts.
  refused: ['mlp_only_layers', { key: 'decoder_sparse_step', unless: 1 }],
})
