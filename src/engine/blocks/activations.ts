// Hidden states of the calibration set between two blocks: on the device, in memory, or on disk, as the budget allows.
import { open, rm, type FileHandle } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EngineError } from '../errors.ts'
import { fillArena, type Arena } from '../compute/arena.ts'
import { readF32, type Backend } from '../compute/backend.ts'
import { rows, type Tensor } from '../compute/tensor.ts'

/** Hidden states [windows · seqLen, channels], read and written a few windows at a time. */
export interface Activations {
  readonly windows: number
  readonly seqLen: number
  readonly channels: number
  /** Windows [start, end) as [(end − start) · seqLen, channels]: a view, or a copy in `arena`. Do not write to it. */
  load(arena: Arena, start: number, end: number): Promise<Tensor>
  /** Replaces the windows from `start` on by `rows`, which may be released at once. */
  store(start: number, rows: Tensor): Promise<void>
  close(): Promise<void>
}

interface ActivationShape {
  readonly windows: number
  readonly seqLen: number
  readonly channels: number
}

export interface ActivationBudget {
  /** Most bytes of these activations in memory; the rest goes to a temporary file. */
  readonly bytes: number
  /** Most bytes of a device's own memory, which is used only if all activations fit; default: none. */
  readonly residentBytes?: number
  /** Folder of the temporary file; default: the system's temporary folder. */
  readonly spillFolder?: string
}

/** An uninitialised store: write a window before reading it. */
export function createActivations(backend: Backend, shape: ActivationShape, budget: ActivationBudget): Activations {
  const bytes = shape.windows * shape.seqLen * shape.channels * 4
  return isResident(backend, bytes, budget)
    ? deviceActivations(backend, shape)
    : hostActivations(backend, shape, budget)
}

/** Whether the device holds all activations. If not, they are read from the host and written back, batch by batch. */
function isResident({ traits, memory }: Backend, bytes: number, budget: ActivationBudget): boolean {
  if (!traits.inHostMemory) return bytes <= (budget.residentBytes ?? 0)
  const { usedBytes, limitBytes } = memory()
  // The other half of the free memory is for the blocks.
  return bytes <= budget.bytes && bytes <= (limitBytes - usedBytes) / 2
}

/** Activations in as many tensors as needed: those of a model of 30 B parameters exceed the largest buffer. */
function deviceActivations(backend: Backend, shape: ActivationShape): Activations {
  const { windows, seqLen, channels } = shape
  const size = seqLen * channels
  const most = Math.max(1, Math.min(windows, Math.floor((backend.traits.mostTensorBytes ?? Infinity) / (4 * size))))
  const tensors = fillArena(backend, (arena) =>
    Array.from({ length: Math.ceil(windows / most) }, (_, i) =>
      arena.allocate([Math.min(most, windows - i * most) * seqLen, channels]),
    ),
  )
  /** A view of windows [start, end), which must be in one tensor. */
  const within = (start: number, end: number) => {
    const first = Math.floor(start / most) * most
    return rows(tensors[first / most], (start - first) * seqLen, (end - first) * seqLen)
  }
  /** Divides [start, end) into parts that are each in one tensor. */
  function* parts(start: number, end: number): Generator<[number, number]> {
    for (let at = start; at < end;) {
      const next = Math.min(end, (Math.floor(at / most) + 1) * most)
      yield [at, next]
      at = next
    }
  }
  return {
    ...shape,
    load: async (arena, start, end) => {
      const found = [...parts(start, end)]
      if (found.length === 1) return within(start, end)
      const whole = arena.allocate([(end - start) * seqLen, channels])
      for (const [a, b] of found)
        backend.kernels.convert(rows(whole, (a - start) * seqLen, (b - start) * seqLen), within(a, b))
      return whole
    },
    store: async (start, values) => {
      for (const [a, b] of parts(start, start + values.length / size))
        backend.kernels.convert(within(a, b), rows(values, (a - start) * seqLen, (b - start) * seqLen))
      await backend.sync()
    },
    close: async () => tensors.forEach((tensor) => backend.release(tensor)),
  }
}

function hostActivations(backend: Backend, shape: ActivationShape, budget: ActivationBudget): Activations {
  const { windows, seqLen, channels } = shape
  const size = seqLen * channels
  const inMemory = Math.min(windows, Math.floor(budget.bytes / (size * 4)))
  const memory = new Map<number, Float32Array>()
  const file = createSpill(budget.spillFolder ?? tmpdir(), size * 4)
  const read = async (window: number, target: Float32Array): Promise<void> => {
    if (window >= inMemory) return file.read(window - inMemory, target)
    const values = memory.get(window)
    if (!values) throw new EngineError('internal', `window ${window} was read before it was written`)
    target.set(values)
  }
  return {
    ...shape,
    async load(arena, start, end) {
      const host = new Float32Array((end - start) * size)
      for (let w = start; w < end; w++) await read(w, host.subarray((w - start) * size, (w - start + 1) * size))
      const tensor = arena.allocate([(end - start) * seqLen, channels])
      backend.write(tensor, host)
      return tensor
    },
    async store(start, values) {
      const host = await readF32(backend, values)
      for (let i = 0; i * size < host.length; i++) {
        const window = host.subarray(i * size, (i + 1) * size)
        if (start + i >= inMemory) await file.write(start + i - inMemory, window)
        else memory.set(start + i, window.slice())
      }
    },
    close: async () => {
      memory.clear()
      await file.close()
    },
  }
}

interface Spill {
  read(record: number, target: Float32Array): Promise<void>
  write(record: number, values: Float32Array): Promise<void>
  close(): Promise<void>
}

/** Fixed-size records in a temporary file, opened at the first write. */
function createSpill(folder: string, recordBytes: number): Spill {
  const path = join(folder, `sparsescope-activations-${randomUUID()}`)
  let handle: FileHandle | null = null
  const start = async (): Promise<FileHandle> => {
    const opened = await open(path, 'wx+', 0o600)
    // A file without a name is freed even if this process is killed; Windows cannot do this and removes it at close.
    if (process.platform !== 'win32') await rm(path)
    return opened
  }
  const bytesOf = (values: Float32Array) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  return {
    async read(record, target) {
      const { bytesRead } = (await handle?.read(bytesOf(target), 0, recordBytes, record * recordBytes)) ?? {
        bytesRead: 0,
      }
      if (bytesRead !== recordBytes) throw new EngineError('internal', `activation ${record} is not in ${path}`)
    },
    async write(record, values) {
      try {
        handle ??= await start()
        const { bytesWritten } = await handle.write(bytesOf(values), 0, recordBytes, record * recordBytes)
        if (bytesWritten !== recordBytes) throw new Error('short write')
      } catch (cause) {
        throw new EngineError(
          'disk',
          `${folder}: activations of the calibration set do not fit (${String(cause)}); free some space, allow more memory, or use fewer calibration samples`,
          { cause },
        )
      }
    },
    async close() {
      await handle?.close()
      if (handle && process.platform === 'win32') await rm(path, { force: true })
      handle = null
    },
  }
}
