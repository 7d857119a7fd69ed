// SmolLM3: LLaMA's block; every fourth block has no rotary positions.
import { family, windowedBlocks } from './familySpec.ts'
import { llama } from './llama.ts'

export const smollm3 = family({
  modelType: 'smollm3',
  title: 'SmolLM3',
  position: { theta: 2e6, without: { listKey: 'no_rope_layers', everyKey: 'no_rope_layer_interval', every: 4 } },
  bias: llama.bias,
  tied: true,
  // The window would be in the blocks without rotary positions; no released model has one. transformers also applies the windows
  // of layer_types if use_sliding_window is false.
  refused: ['use_sliding_window', windowedBlocks],
})
