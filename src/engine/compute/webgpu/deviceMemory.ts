// How much memory a GPU gives. WebGPU does not tell, and Dawn's heap sizes do not reach JavaScript: buffers are made until
// the driver refuses. The answer is kept by adapter and driver, since it takes a moment and other programs' memory.
import { fieldsOf } from '../../../catalog/formats/json.ts'
import { cacheFile, readCache, writeCache } from '../../../system/cacheFile.ts'

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
