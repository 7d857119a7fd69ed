// SmolLM3: LLaMA's block; every fourth turns neither queries nor keys.
import { family, windowedBlocks } from './familySpec.ts'
import { llama } from './llama.ts'

export const smollm3 = family({
  modelType: 'smollm3',
  title: 'SmolLM3',
  position: { theta: 2e6, without: { listKey: 'no_rope_layers', everyKey: 'no_rope_layer_interval', every: 4 } },
  bias: llama.bias,
  tied: true,
  // Its window, where there is one, is in the blocks that do not turn: no released model has it. transformers also masks the
  // blocks of layer_types where use_sliding_window is false.
  refused: ['use_sliding_window', windowedBlocks],
})
