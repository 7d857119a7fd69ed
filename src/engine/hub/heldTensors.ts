// Weights of a model on the Hub: a tensor that is looked at comes whole, with one request, and its bytes are held in memory while it is
// looked at further. Statistics, picture and every enlargement read it several times.
import { formatBytes } from '../../formatting/byteSize.ts'
import { elementsOf } from '../../catalog/formats/dtypes.ts'
import { bytesOnDisk, type Checkpoint, type TensorEntry } from '../checkpoint/checkpoint.ts'
import { EngineError } from '../errors.ts'
import type { HeldRange, RemoteFiles } from './remoteFiles.ts'

/** Those that were looked at last. */
const mostHeld = 2
/** Larger tensors, of which there are few, are looked at after a pull. */
const mostBytes = 2 ** 31

export function heldTensors(checkpoint: Checkpoint, files: RemoteFiles): Checkpoint {
  const held = new Map<string, { ranges: readonly HeldRange[]; whole: Promise<unknown> }>()
  async function hold(name: string): Promise<void> {
    const entry = checkpoint.tensors.get(name)
    if (!entry) return
    const known = held.get(name) ?? fetchAll(entry)
    held.delete(name)
    held.set(name, known)
    for (const [other, { ranges }] of held) {
      if (held.size <= mostHeld) break
      held.delete(other)
      for (const range of ranges) files.release(range)
    }
    await known.whole
  }
  function fetchAll(entry: TensorEntry) {
    const bytes = bytesOnDisk(entry)
    if (bytes > mostBytes)
      throw new EngineError(
        'unsupported',
        `${entry.name} has ${formatBytes(bytes)}, more than is held in memory (${formatBytes(mostBytes)}); pull the model to look at it`,
      )
    const ranges = placesOf(entry, files.folder).map((place) => files.hold(place))
    const whole = Promise.all(ranges.map(({ bytes }) => bytes))
    // What failed is fetched when it is asked for once more.
    whole.catch(() => held.get(entry.name)?.ranges === ranges && held.delete(entry.name))
    return { ranges, whole }
  }
  const after = async <T>(name: string, read: () => Promise<T>) => {
    await hold(name)
    return read()
  }
  return {
    ...checkpoint,
    remote: true,
    read: (name) => after(name, () => checkpoint.read(name)),
    readRange: (name, start, end) => after(name, () => checkpoint.readRange(name, start, end)),
    readInto: (name, start, target) => after(name, () => checkpoint.readInto(name, start, target)),
  }
}

function placesOf(entry: TensorEntry, folder: string): { path: string; start: number; bytes: number }[] {
  const { file, start, bytes, shape, strides, bitmask } = entry
  if (bitmask) return [bitmask.compressed, bitmask.bits, ...(bitmask.offsets ? [bitmask.offsets] : [])]
  const path = `${folder}/${file}`
  if (!strides) return [{ path, start, bytes: bytesOnDisk(entry) }]
  // Elements of a view lie in a part of their storage that may be larger or smaller than the tensor.
  const count = elementsOf(shape) ?? 0
  const last = shape.reduce((sum, size, i) => sum + (size - 1) * strides[i], 0)
  return count === 0 ? [] : [{ path, start, bytes: (last + 1) * (bytes / count) }]
}
