// Weights of a model on the Hub: a tensor that is looked at comes whole, with one request, and is held in memory while it is
// looked at further. Statistics, picture and every enlargement read it several times.
import { formatBytes } from '../../shared/format/byteSize.ts'
import { bytesOnDisk, type Checkpoint } from '../checkpoint/checkpoint.ts'
import { EngineError } from '../errors.ts'

/** Those that were looked at last. */
const mostHeld = 2
/** Larger tensors, of which there are few, are looked at after a pull. */
const mostBytes = 2 ** 31

export function heldTensors(checkpoint: Checkpoint): Checkpoint {
  const held = new Map<string, Promise<Uint8Array<ArrayBuffer>>>()
  function hold(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const known = held.get(name)
    const bytes = known ?? whole(name)
    held.delete(name)
    held.set(name, bytes)
    for (const other of held.keys()) if (held.size > mostHeld) held.delete(other)
    // What failed is fetched when it is asked for once more.
    if (!known) bytes.catch(() => held.get(name) === bytes && held.delete(name))
    return bytes
  }
  function whole(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const entry = checkpoint.tensors.get(name)
    if (!entry || Math.max(entry.bytes, bytesOnDisk(entry)) <= mostBytes) return checkpoint.read(name)
    const why = `${name} has ${formatBytes(entry.bytes)}, more than is held in memory (${formatBytes(mostBytes)}); pull the model to look at it`
    return Promise.reject(new EngineError('unsupported', why))
  }
  const readRange = async (name: string, start: number, end: number) => (await hold(name)).slice(start, end)
  return {
    ...checkpoint,
    remote: true,
    read: async (name) => (await hold(name)).slice(),
    readRange,
    readInto: async (name, start, target) => target.set((await hold(name)).subarray(start, start + target.length)),
  }
}
