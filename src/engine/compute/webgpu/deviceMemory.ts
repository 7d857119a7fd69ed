// How much memory a GPU gives. WebGPU does not tell, and Dawn's heap sizes do not reach JavaScript: buffers are made until
// the driver refuses. The answer is kept by adapter and driver, since it takes a moment and other programs' memory.
import { randomUUID } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { renameOver } from '../../../system/renameOver.ts'

const gib = 2 ** 30
/** A driver that refuses less than this has nothing left. */
const smallest = gib / 16
/** No card has more; a driver that never refuses lends the host's memory. */
const most = 512 * gib

/** An answer is good for a day: another program may have held the card when it was measured. */
const keptMs = 24 * 3600 * 1000

/** Bytes in buffers of up to 1 GiB that the device gives now, at most `bound`; all are given back. Nothing is written to them. */
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
    // Dawn frees at the next submit.
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

/** The bytes that `file` has for `key`, else what `measure` finds. A file that fails costs a measurement. */
export async function knownDeviceMemory(
  key: string,
  measure: () => Promise<number>,
  file = cacheFile(),
  now = Date.now(),
): Promise<number> {
  const known = await readKnown(file)
  const { bytes = NaN, at = NaN } = known[key] ?? {}
  if (Number.isSafeInteger(bytes) && bytes >= smallest && Math.abs(now - at) < keptMs) return bytes
  const measured = await measure()
  await writeKnown(file, { ...known, [key]: { bytes: measured, at: now } }).catch(() => undefined)
  return measured
}

/** The file's content, as anybody may have written it. */
type Known = Record<string, { bytes?: number; at?: number } | null | undefined>

async function readKnown(file: string): Promise<Known> {
  try {
    const known: unknown = JSON.parse(await readFile(file, 'utf8'))
    return typeof known === 'object' && known !== null ? { ...known } : {}
  } catch {
    return {}
  }
}

async function writeKnown(file: string, known: Known): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const own = `${file}.${randomUUID()}`
  await writeFile(own, JSON.stringify(known), { flag: 'wx' })
  await renameOver(own, file)
}

function cacheFile(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env
  const folder =
    process.platform === 'win32' && LOCALAPPDATA
      ? LOCALAPPDATA
      : process.platform === 'darwin'
        ? join(homedir(), 'Library', 'Caches')
        : XDG_CACHE_HOME || join(homedir(), '.cache')
  return join(folder, 'sparsescope', 'device-memory.json')
}
