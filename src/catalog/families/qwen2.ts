// Qwen2 and Qwen2.5: biases on q, k, v; a window, if used at all, from block max_window_layers on.
import { family } from './familySpec.ts'

export const qwen2 = family({
  modelType: 'qwen2',
  title: 'Qwen2',
  window: {
    otherwise: 4096,
    enabledKey: 'use_sliding_window',
    firstBlockKey: 'max_window_layers',
    firstBlock: 28,
    byType: true,
  },
  bias: { qkv: true },
})
