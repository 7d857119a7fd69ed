// What of a GPU's memory is in use, and how much plans may count on. WebGPU tells neither.
import { formatBytes } from '../../../formatting/numbers.ts'
import { EngineError } from '../../errors.ts'
import type { Backend, MemoryUse } from '../backend.ts'
import { RowLimit } from '../rowLimit.ts'
import type { GpuFacts } from './protocol.ts'

/** Bytes of a device below which no model is worth a plan. */
const leastPlan = 64 * 2 ** 20

export interface MemoryAccount extends Required<Pick<Backend, 'memory' | 'rowLimit' | 'planWithLess'>> {
  /** The number of a new buffer. @throws EngineError 'out-of-memory' where the limit has no room for it. */
  take(bytes: number): number
  release(buffer: number): void
  /** The device is gone, and every buffer with it. */
  forget(): void
  /** Allocations beyond it throw `out-of-memory`. */
  limitMemory(bytes: number): void
}

export function openAccount(facts: Pick<GpuFacts, 'description' | 'maxBufferBytes'>, maxBytes: number): MemoryAccount {
  let limitBytes = maxBytes
  /** The limit that plans are told: less than `limitBytes` once the device has refused. */
  let plannedBytes = Infinity
  const rowLimit = new RowLimit()
  const sizes = new Map<number, number>()
  let nextBuffer = 1
  let usedBytes = 0
  let peakBytes = 0
  /** Most bytes in use since the last plan was made. */
  let planPeak = 0
  /** A tensor was larger than a buffer may be: less beside it does not help. */
  let tooLarge = false
  return {
    rowLimit,
    take(bytes) {
      tooLarge = bytes > facts.maxBufferBytes
      checkRoom(bytes, usedBytes, limitBytes, facts)
      sizes.set(nextBuffer, bytes)
      usedBytes += bytes
      peakBytes = Math.max(peakBytes, usedBytes)
      planPeak = Math.max(planPeak, usedBytes)
      return nextBuffer++
    },
    release(buffer) {
      usedBytes -= sizes.get(buffer) ?? 0
      sizes.delete(buffer)
    },
    forget() {
      sizes.clear()
      usedBytes = planPeak = 0
    },
    limitMemory: (bytes) => void (limitBytes = bytes),
    memory: (): MemoryUse => ({ usedBytes, peakBytes, limitBytes: Math.min(limitBytes, plannedBytes) }),
    planWithLess() {
      // The peak was too much: buffers come in size classes, and other programs want memory too.
      const less = Math.floor(0.75 * Math.min(limitBytes, plannedBytes, planPeak))
      const mayPlan = !tooLarge && less >= leastPlan
      const kept = planPeak <= plannedBytes
      planPeak = usedBytes
      tooLarge = false
      const rows = mayPlan && kept ? null : rowLimit.halve()
      if (rows !== null) return { rows }
      return mayPlan ? { limitBytes: (plannedBytes = less) } : null
    },
  }
}

function checkRoom(
  bytes: number,
  used: number,
  maxBytes: number,
  facts: Pick<GpuFacts, 'description' | 'maxBufferBytes'>,
): void {
  if (bytes > facts.maxBufferBytes)
    throw new EngineError(
      'out-of-memory',
      `a tensor of ${formatBytes(bytes)} does not fit ${facts.description}, whose buffers end at ${formatBytes(facts.maxBufferBytes)}: use a smaller batch or sequence, or --device cpu`,
    )
  if (used + bytes > maxBytes)
    throw new EngineError(
      'out-of-memory',
      `${formatBytes(bytes)} more than the ${formatBytes(used)} in use would pass the limit of ${formatBytes(maxBytes)} on ${facts.description}: raise --device-memory if the device has more, or use a smaller batch or sequence`,
    )
}
