// Counts of 16-bit floats by WebAssembly (assembly/), which reads them where they were read to: a pass that takes half the time of
// loops over typed arrays.
import { instantiate, readWasm } from '../../readWasm.ts'
import type { PatternCounts } from './countTable.ts'
import type { Buffers } from './bytePieces.ts'

/** Groups of 4 and of 8 in a row are broken where fewer elements than that are zero; 0: none is looked for. */
export interface GroupZeros {
  readonly in4: number
  readonly in8: number
}

export interface HalfCounts {
  readonly counts: PatternCounts
  readonly broken4: number
  readonly broken8: number
}

export interface HalfCounter {
  /** The buffers that are read into. */
  readonly buffers: Buffers
  /** The first `length` patterns of a buffer, which begin with a group: fewer than 2³² in all. */
  count(turn: 0 | 1, length: number, zeros: GroupZeros): void
  /** Once, at the end: another tensor may get this counter. */
  take(): HalfCounts
}

/** Bytes of a buffer: large enough for the disk, small enough for a core's own cache. */
const bufferBytes = 2 ** 19
/** Behind the tables (assembly/index.ts): patterns found, how often each, and the buffers. */
const [patternsAt, countsAt, buffersAt] = [0x110000, 0x130000, 0x1b0000]
const pageBytes = 2 ** 16

let compiled: WebAssembly.Module | null = null
/** Counters that nobody uses: a model has thousands of tensors. */
const spare: HalfCounter[] = []

/** A counter that has counted nothing. */
export function halfCounter(): HalfCounter {
  return spare.pop() ?? createCounter()
}

function createCounter(): HalfCounter {
  const memory = new WebAssembly.Memory({ initial: (buffersAt + 2 * bufferBytes) / pageBytes })
  compiled ??= new WebAssembly.Module(readWasm('counts'))
  const wasm = instantiate(compiled, memory)
  const buffer = memory.buffer as ArrayBufferLike as ArrayBuffer
  const addresses = [buffersAt, buffersAt + bufferBytes]
  const [first, second] = addresses.map((at) => new Uint8Array(buffer, at, bufferBytes))
  /** Zeros that were counted to fill up eights. */
  let padding = 0
  const counter: HalfCounter = {
    buffers: [first, second],
    count(turn, length, { in4, in8 }) {
      const whole = Math.ceil(length / 8) * 8
      new Uint16Array(buffer, addresses[turn] + 2 * length, whole - length).fill(0)
      padding += whole - length
      wasm.count(addresses[turn], whole, in4, in8)
    },
    take() {
      const found = wasm.takeCounts(patternsAt, countsAt)
      const counts = new Float64Array(buffer.slice(countsAt, countsAt + 8 * found))
      const patterns = new Uint16Array(buffer.slice(patternsAt, patternsAt + 2 * found))
      if (padding > 0) counts[0] -= padding
      padding = 0
      spare.push(counter)
      return {
        counts: counts[0] === 0 ? { patterns: patterns.slice(1), counts: counts.slice(1) } : { patterns, counts },
        broken4: wasm.takeBroken4(),
        broken8: wasm.takeBroken8(),
      }
    },
  }
  return counter
}
