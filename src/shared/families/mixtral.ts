// Mixtral: Mistral's attention, and a router that sends each token to top-k gated experts.
import type { FamilySpec } from './familySpec.ts'
import { llamaTensors, plainRope, plainWindow } from './llama.ts'
import { mistral } from './mistral.ts'

const { 'mlp.gate': _gate, 'mlp.up': _up, 'mlp.down': _down, ...attentionTensors } = llamaTensors

export const mixtral = {
  ...mistral,
  modelType: 'mixtral',
  title: 'Mixtral',
  tensors: {
    ...attentionTensors,
    'moe.router': 'layers.{block}.block_sparse_moe.gate',
    'moe.gate': 'layers.{block}.block_sparse_moe.experts.{expert}.w1',
    'moe.up': 'layers.{block}.block_sparse_moe.experts.{expert}.w3',
    'moe.down': 'layers.{block}.block_sparse_moe.experts.{expert}.w2',
  },
  window: plainWindow,
  norm: { ...mistral.norm, eps: 1e-5 },
  position: { ...plainRope, theta: 1e6 },
  mlp: 'moe',
  moe: {
    numExpertsKeys: ['num_local_experts'],
    topKKey: 'num_experts_per_tok',
    numExperts: 8,
    topK: 2,
    normalise: true,
    sharedSizeKey: null,
  },
} as const satisfies FamilySpec
