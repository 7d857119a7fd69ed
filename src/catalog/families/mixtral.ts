// Mixtral: Mistral's attention, and a router that sends each token to top-k gated experts.
import { family, usualTensors } from './familySpec.ts'

const { 'mlp.gate': _gate, 'mlp.up': _up, 'mlp.down': _down, ...attentionTensors } = usualTensors

export const mixtral = family({
  modelType: 'mixtral',
  title: 'Mixtral',
  tensors: {
    ...attentionTensors,
    'moe.router': 'layers.{block}.block_sparse_moe.gate',
    'moe.gate': 'layers.{block}.block_sparse_moe.experts.{expert}.w1',
    'moe.up': 'layers.{block}.block_sparse_moe.experts.{expert}.w3',
    'moe.down': 'layers.{block}.block_sparse_moe.experts.{expert}.w2',
  },
  window: {},
  norm: { eps: 1e-5 },
  position: { theta: 1e6 },
  mlp: 'moe',
  moe: { numExpertsKeys: ['num_local_experts'], numExperts: 8, topK: 2, normalise: true },
})
