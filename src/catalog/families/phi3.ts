// Phi-3 and Phi-4-mini: LLaMA's block with q, k, v in one linear and gate, up in another; longrope.
import { family, usualTensors } from './familySpec.ts'

const { 'attn.q': _q, 'attn.k': _k, 'attn.v': _v, 'mlp.gate': _gate, 'mlp.up': _up, ...sharedTensors } = usualTensors

export const phi3 = family({
  modelType: 'phi3',
  title: 'Phi-3',
  tensors: {
    ...sharedTensors,
    'attn.qkv': 'layers.{block}.self_attn.qkv_proj',
    'mlp.gateUp': 'layers.{block}.mlp.gate_up_proj',
  },
  position: {
    fractionKeys: ['partial_rotary_factor'],
    // The first Phi-3 files call longrope `yarn`.
    longropeNames: ['longrope', 'su', 'yarn'],
    originalPositions: 4096,
  },
  norm: { eps: 1e-5 },
  projection: 'fusedStacked',
  window: {},
  mlp: 'gatedFused',
})
