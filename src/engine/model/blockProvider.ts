// Provides the blocks of a pass: the first ones stay on the device, the others are read again for each pass, one block ahead.
import type { Backend } from '../compute/backend.ts'
import { placeBlock, readBlock, releaseBlock, type Block, type LoadOptions } from './block.ts'
import type { Model } from './model.ts'
import type { HostWeight } from './weights.ts'

export interface BlockProvider {
  /** A block on the device, until `release`. `next` is the index of the block wanted after it, whose weights are read meanwhile. */
  acquire(index: number, next: number | null): Promise<Block>
  release(block: Block): void
  /** Waits for reads under way and frees all blocks, none of which may be in use. */
  close(): Promise<void>
}

/** Blocks of a checkpoint; `resident` of them, from the first on, are loaded once. */
export function createBlockProvider(
  backend: Backend,
  model: Model,
  resident: number,
  options: LoadOptions,
): BlockProvider {
  const kept = new Map<number, Block>()
  /** The last streamed block, kept because the backward begins with it. */
  let parked: Block | null = null
  let reading: { index: number; weights: Promise<HostWeight[]> } | null = null

  const startReading = (index: number) => {
    const weights = readBlock(model, index, options)
    // The error reaches whoever awaits the read; until then it must not count as unhandled.
    weights.catch(() => undefined)
    reading = { index, weights }
    return weights
  }
  const load = async (index: number): Promise<Block> => {
    const weights = await (reading?.index === index ? reading.weights : startReading(index))
    reading = null
    const block = placeBlock(backend, model, index, weights, options)
    await backend.written?.()
    return block
  }
  const unpark = () => {
    if (parked) releaseBlock(backend, parked)
    parked = null
  }

  return {
    async acquire(index, next) {
      let block = kept.get(index) ?? (parked?.index === index ? parked : null)
      if (block === parked) parked = null
      if (!block) {
        unpark()
        block = await load(index)
        if (index < resident) kept.set(index, block)
      }
      const known = next === null || kept.has(next) || parked?.index === next || reading?.index === next
      if (!known) startReading(next)
      return block
    },
    release(block) {
      if (kept.get(block.index) === block) return
      unpark()
      parked = block
    },
    async close() {
      await reading?.weights.catch(() => undefined)
      reading = null
      unpark()
      for (const block of kept.values()) releaseBlock(backend, block)
      kept.clear()
    },
  }
}
