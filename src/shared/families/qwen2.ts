// Qwen2 and Qwen2.5: biases on q, k, v; a window, if used at all, from block max_window_layers on.
import type { FamilySpec } from './familySpec.ts'
import { llama, plainWindow } from './llama.ts'

export const qwen2 = {
  ...llama,
  modelType: 'qwen2',
  title: 'Qwen2',
  window: {
    ...plainWindow,
    otherwise: 4096,
    enabledKey: 'use_sliding_window',
    firstBlockKey: 'max_window_layers',
    firstBlock: 28,
    byType: true,
  },
  bias: { qkv: true, out: false, mlp: false, head: false },
} as const satisfies FamilySpec
