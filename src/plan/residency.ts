// Spends a memory budget on a whole-model pass: it decides which blocks stay on the device and whose activations are kept.

export interface PassSizes {
  readonly numBlocks: number
  /** Bytes of tables, norms and head, which are always on the device. */
  readonly endsBytes: number
  /** Bytes of the largest block on the device. */
  readonly blockBytes: number
  /** Bytes of the largest block on the host while it is read ahead. */
  readonly readBytes: number
  /** Bytes of the hidden states between two blocks; a training pass keeps all block inputs. */
  readonly hiddenBytes: number
  /** Bytes that a saving forward of one block leaves. */
  readonly savedBytes: number
  /** Bytes of the largest scratch: a block's backward, or the head's tile. */
  readonly scratchBytes: number
}

export interface Residency {
  /** Blocks 0 … n − 1 stay on the device; the others are read for each pass. */
  readonly residentBlocks: number
  /** Number of blocks, counted from the last, that keep their activations; the others run forward again in the backward. */
  readonly keptBlocks: number
}

/**
 * Resident blocks come first: reading a block again costs more than computing it again. A budget that is too small for
 * one block is exceeded by that block, and costs speed.
 */
export function planResidency(memoryBytes: number, sizes: PassSizes, training: boolean): Residency {
  const { numBlocks, blockBytes, savedBytes } = sizes
  const hidden = training ? sizes.hiddenBytes * (numBlocks + 1) : 2 * sizes.hiddenBytes
  const rest = memoryBytes - sizes.endsBytes - sizes.scratchBytes - hidden - savedBytes
  const share = (bytes: number, each: number) => Math.max(0, Math.min(numBlocks, Math.floor(bytes / Math.max(1, each))))
  if (rest < numBlocks * blockBytes) {
    const streaming = blockBytes + sizes.readBytes
    return { residentBlocks: Math.min(numBlocks - 1, share(rest - streaming, blockBytes)), keptBlocks: 0 }
  }
  return { residentBlocks: numBlocks, keptBlocks: training ? share(rest - numBlocks * blockBytes, savedBytes) : 0 }
}
