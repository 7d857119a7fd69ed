// The model's loss when one matrix, or one block, and nothing else is pruned: the model runs from the changed block on,
// from the dense states of a few windows.
import type { SensitivityUnit } from '../../plan/analysis.ts'
import type { Activations } from '../blocks/activations.ts'
import { windowOf, type CalibrationSet } from '../blocks/flow.ts'
import type { ModelStream } from '../blocks/modelStream.ts'
import { breathe } from '../breathe.ts'
import { Arena } from '../compute/arena.ts'
import { readF32 } from '../compute/backend.ts'
import { EngineError } from '../errors.ts'
import type { Block } from '../model/block.ts'
import type { Decoder } from '../model/decoder.ts'
import type { Linear } from '../model/module.ts'
import type { PrunedWeights } from './moduleErrors.ts'

/** Number of windows for a loss: few, because every matrix takes a pass through the rest of the model. */
export const sensitivityWindows = 4

export interface SensitivityProbe {
  /** Inputs of a block on the probe's windows, each [seqLen, channels] row-major, before the block is run. */
  inputsOf(hidden: Activations): Promise<Float32Array[]>
  /** Mean nll with each linear pruned alone, or all of the block's together, by module name. The block stays as it is. */
  lossesOf(block: Block, inputs: readonly Float32Array[], pruned: PrunedWeights): Promise<Map<string, number>>
}

export interface ProbeOptions {
  readonly decoder: Decoder
  readonly stream: ModelStream
  readonly set: CalibrationSet
  readonly unit: SensitivityUnit
  readonly signal?: AbortSignal
}

export function createProbe({ decoder, stream, set, unit, signal }: ProbeOptions): SensitivityProbe {
  const { backend } = decoder
  const windows = Math.min(sensitivityWindows, set.windows)
  const batches = Array.from({ length: windows }, (_, w) => windowOf(set, w))

  async function lossWith(block: Block, inputs: readonly Float32Array[]): Promise<number> {
    let sum = 0
    for (const [w, batch] of batches.entries()) {
      await breathe(signal)
      using arena = new Arena(backend)
      const x = arena.allocate([set.seqLen, stream.channels])
      backend.write(x, inputs[w])
      const output = await stream.forward({ backend, arena, batch: 1, seqLen: set.seqLen, keyMask: null }, block, x)
      const nll = await decoder.nllFrom(block.index + 1, output, batch, { signal })
      sum += nll.reduce((a, b) => a + b, 0) / (set.seqLen - 1)
    }
    return sum / windows
  }

  return {
    async inputsOf(hidden) {
      using arena = new Arena(backend)
      const inputs: Float32Array[] = []
      for (let w = 0; w < windows; w++)
        inputs.push((await readF32(backend, await hidden.load(arena, w, w + 1))).slice())
      return inputs
    },
    async lossesOf(block, inputs, pruned) {
      const losses = new Map<string, number>()
      const measured = block.linears.filter(({ name }) => pruned.has(name))
      const units = unit === 'block' ? [measured] : measured.map((linear) => [linear])
      for (const linears of units) {
        const dense = await swapIn(linears, pruned)
        const loss = await lossWith(block, inputs)
        for (const [i, { name, weight }] of linears.entries()) {
          backend.write(weight, dense[i])
          losses.set(name, loss)
        }
        if (!Number.isFinite(loss))
          throw new EngineError(
            'numeric',
            `${linears[0]?.name}: with only this ${unit} pruned, the loss of the model is ${loss}; try another pruning method`,
          )
      }
      return losses
    },
  }

  /** Puts the pruned weights in place; returns those that were there before. */
  async function swapIn(linears: readonly Linear[], pruned: PrunedWeights): Promise<Float32Array[]> {
    const dense: Float32Array[] = []
    for (const { name, weight } of linears) {
      dense.push((await readF32(backend, weight)).slice())
      backend.write(weight, pruned.get(name) ?? new Float32Array(0))
    }
    return dense
  }
}

/** Mean nll of the dense model on the probe's windows. */
export async function denseLoss({ decoder, set, signal }: Omit<ProbeOptions, 'unit' | 'stream'>): Promise<number> {
  const windows = Math.min(sensitivityWindows, set.windows)
  let sum = 0
  for (let w = 0; w < windows; w++) {
    const [nll] = await decoder.forwardNll([windowOf(set, w)], { signal })
    sum += nll.reduce((a, b) => a + b, 0) / (set.seqLen - 1)
  }
  if (!Number.isFinite(sum))
    throw new EngineError(
      'numeric',
      `the loss is ${sum} before anything is pruned; the weights contain NaN or infinity, or overflow on this text; check them with sparsescope inspect --stats`,
    )
  return sum / windows
}
