// How much memory a GPU gives, how much of it is in use, and how much plans may count on. WebGPU reports none of this, and Dawn's heap
// sizes are not available in JavaScript, so buffers are allocated until the driver refuses. The result is cached by adapter and driver,
// because measuring takes a moment and occupies memory that other programs may need.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatBytes } from '../../../formatting/numbers.ts'
import { EngineError } from '../../errors.ts'
import { type Backend, type MemoryUse, RowLimit } from '../backend.ts'
import { lengthOf } from '../tensor.ts'
import { bytesPerElement } from '../../dtype.ts'
import type { Command, GpuFacts } from './protocol.ts'
import { fieldsOf } from '../../../catalog/formats/json.ts'
import { cacheFile, readCache, writeCache } from '../../../system/atomicFile.ts'
import { machineMemoryBytes } from '../../machine.ts'

const gib = 2 ** 30
/** Smallest buffer that is tried, in bytes: a driver that refuses it has no memory left. */
const smallest = gib / 16
/** Most bytes that are tried. No card has more: a driver that never refuses is lending the host's memory. */
const most = 512 * gib

/** An answer is good for a day: another program may have held the card when it was measured. */
const keptMs = 24 * 3600 * 1000

/** Bytes that can be allocated now in buffers of up to 1 GiB, at most `bound`. All are freed again; nothing is written to them. */
export async function measureDeviceMemory(device: GPUDevice, bound = Infinity): Promise<number> {
  const buffers: GPUBuffer[] = []
  let total = 0
  try {
    for (let size = Math.min(gib, device.limits.maxBufferSize - (device.limits.maxBufferSize % 4)); size >= smallest;) {
      const buffer = total + size <= Math.min(most, bound) ? await tryBuffer(device, size) : null
      if (buffer) {
        buffers.push(buffer)
        total += size
      } else size = Math.floor(size / 8) * 4
    }
  } finally {
    for (const buffer of buffers) buffer.destroy()
    // Dawn frees destroyed buffers at the next submit.
    device.queue.submit([])
    await device.queue.onSubmittedWorkDone()
  }
  return total
}

async function tryBuffer(device: GPUDevice, size: number): Promise<GPUBuffer | null> {
  device.pushErrorScope('out-of-memory')
  const buffer = device.createBuffer({ size, usage: GPUBufferUsage.STORAGE })
  return (await device.popErrorScope()) ? null : buffer
}

/** The bytes cached in `file` under `key`, else those that `measure` finds. If the file cannot be read, memory is measured again. */
export async function knownDeviceMemory(
  key: string,
  measure: () => Promise<number>,
  file = cacheFile('device-memory.json'),
  now = Date.now(),
): Promise<number> {
  const known = await readCache(file)
  const { bytes, at } = fieldsOf(known[key])
  if (Number.isSafeInteger(bytes) && Number(bytes) >= smallest && Math.abs(now - Number(at)) < keptMs)
    return Number(bytes)
  const measured = await measure()
  await writeCache(file, { ...known, [key]: { bytes: measured, at: now } })
  return measured
}

/**
 * Most bytes to count on: some drivers lend the host's memory instead of refusing, and then everything is slow and nothing fails.
 * Infinity where the driver refuses what it does not have. `cards` lists the machine's GPUs as Linux does.
 */
export async function memoryBound(
  vendor: string,
  ownMemory: boolean,
  platform = process.platform,
  cards = '/sys/class/drm',
): Promise<number> {
  // Direct3D moves data that does not fit on the GPU to the host's memory.
  if (platform === 'win32') return machineMemoryBytes() / 2
  if (platform === 'linux' && /amd/i.test(vendor)) return (await freeByKernel(cards, ownMemory)) ?? Infinity
  return Infinity
}

/**
 * Free bytes of an AMD GPU, as the kernel reports them; null if unknown. Card: free video memory, the most of any card, since Mesa's
 * driver continues in the host's memory. GPU of a processor: its small video memory, and what it may take of the host's (GTT).
 */
async function freeByKernel(cards: string, ownMemory: boolean): Promise<number | null> {
  const read = async (card: string, what: string) =>
    Number(await readFile(join(cards, card, 'device', `mem_info_${what}`), 'utf8').catch(() => NaN))
  const found: { total: number; free: number }[] = []
  for (const card of (await readdir(cards).catch(() => [])).filter((name) => /^card\d+$/.test(name))) {
    const total = await read(card, 'vram_total')
    const free = total - (await read(card, 'vram_used'))
    const lent = ownMemory ? 0 : (await read(card, 'gtt_total')) - (await read(card, 'gtt_used'))
    if (free + lent > 0) found.push({ total, free: free + lent })
  }
  if (found.length === 0) return null
  if (ownMemory) return Math.max(...found.map(({ free }) => free))
  // If there is a card too, the processor's GPU is the one with less video memory.
  return found.reduce((least, one) => (one.total < least.total ? one : least)).free
}

/** Smallest limit, in bytes, for which a plan is tried. */
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

/** `onLimit` is called with each new limit, in bytes, that plans may count on. */
export function openAccount(
  facts: Pick<GpuFacts, 'description' | 'maxBufferBytes'>,
  maxBytes: number,
  onLimit: (bytes: number) => void = () => undefined,
): MemoryAccount {
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
  /** The last tensor was larger than a buffer may be, so freeing other memory would not help. */
  let tooLarge = false
  const planned = () => Math.min(limitBytes, plannedBytes)
  onLimit(planned())
  return {
    rowLimit,
    take(bytes) {
      tooLarge = bytes > facts.maxBufferBytes
      if (tooLarge)
        throw new EngineError(
          'out-of-memory',
          `a tensor of ${formatBytes(bytes)} does not fit ${facts.description}, whose buffers end at ${formatBytes(facts.maxBufferBytes)}: use a smaller batch or sequence, or --device cpu`,
        )
      if (usedBytes + bytes > limitBytes)
        throw new EngineError(
          'out-of-memory',
          `${formatBytes(bytes)} more than the ${formatBytes(usedBytes)} in use would pass the limit of ${formatBytes(limitBytes)} on ${facts.description}: raise --device-memory if the device has more, or use a smaller batch or sequence`,
        )
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
      onLimit(planned())
    },
    limitMemory(bytes) {
      limitBytes = bytes
      onLimit(planned())
    },
    memory: (): MemoryUse => ({ usedBytes, peakBytes, limitBytes: planned() }),
    planWithLess() {
      // The device refused at this peak: size classes round buffers up, and other programs use memory too.
      const less = Math.floor(0.75 * Math.min(planned(), planPeak))
      const mayPlan = !tooLarge && less >= leastPlan
      const kept = planPeak <= plannedBytes
      planPeak = usedBytes
      tooLarge = false
      const rows = mayPlan && kept ? null : rowLimit.halve()
      if (rows !== null) return { rows }
      if (!mayPlan) return null
      plannedBytes = less
      onLimit(planned())
      return { limitBytes: less }
    },
  }
}

/** Allocation that counts bytes in `account` and sends its commands to `push`. */
export const accounted = (
  account: Pick<MemoryAccount, 'take' | 'release'>,
  push: (command: Command) => void,
): Pick<Backend, 'allocate' | 'release'> => ({
  allocate(dtype, shape) {
    const length = lengthOf(shape)
    const bytes = Math.max(4, length * bytesPerElement[dtype])
    const buffer = account.take(bytes)
    push({ do: 'allocate', buffer, bytes })
    return { buffer, dtype, shape, offset: 0, length }
  },
  release({ buffer }) {
    account.release(buffer)
    push({ do: 'release', buffer })
  },
})
