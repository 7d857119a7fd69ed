// Phi-3 and Phi-4-mini: LLaMA's block with q, k, v in one linear and gate, up in another; longrope.
import type { FamilySpec } from './familySpec.ts'
import { llama, llamaTensors, plainRope, plainWindow } from './llama.ts'

const { 'attn.q': _q, 'attn.k': _k, 'attn.v': _v, 'mlp.gate': _gate, 'mlp.up': _up, ...sharedTensors } = llamaTensors

export const phi3 = {
  ...llama,
  modelType: 'phi3',
  title: 'Phi-3',
  tensors: {
    ...sharedTensors,
    'attn.qkv': 'layers.{block}.self_attn.qkv_proj',
    'mlp.gateUp': 'layers.{block}.mlp.gate_up_proj',
  },
  position: {
    ...plainRope,
    fractionKeys: ['partial_rotary_factor'],
    // The names in its first files.
    longropeNames: [...plainRope.longropeNames, 'yarn'],
    originalPositions: 4096,
  },
  norm: { ...llama.norm, eps: 1e-5 },
  projection: 'fusedStacked',
  window: plainWindow,
  mlp: 'gatedFused',
  bias: { qkv: false, out: false, mlp: false, head: false },
} as const satisfies FamilySpec
