// GPU buffers by size class. Freed buffers are reused at once: the queue runs in order, so later work that writes
// them comes after earlier work that reads them.

const minimum = 256

/** A smaller buffer is handed out without waiting for the driver to say whether there was memory. */
const largeBytes = 16 * 2 ** 20

/** Bytes of idle buffers that are kept in addition to those that a step may need again (see `wasteful`). */
const idleBytes = 256 * 2 ** 20
/** Factor on the bytes lately in use, since idle buffers rarely have exactly the sizes that are requested. */
const slack = 1.25
/** A size class has at most so many times the bytes that were asked for. */
const roundedUp = 1.125
/** Most acquisitions of a training step: what was in use one step ago will be needed again. */
const lately = 8192

/** The map's value for a key, created at first use. */
export function kept<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

/** Next size of the form 2^k·(8…15)/8: at most an eighth is wasted, and blocks of one model reuse each other's. */
export function sizeClass(bytes: number): number {
  if (bytes <= minimum * 8) return Math.max(minimum, Math.ceil(bytes / minimum) * minimum)
  const step = 2 ** (Math.floor(Math.log2(bytes)) - 3)
  return Math.ceil(bytes / step) * step
}

/** A GPUBuffer with copies of the facts that every dispatch needs: reading one of its own properties is a call into Dawn. */
export interface PooledBuffer {
  readonly gpu: GPUBuffer
  readonly size: number
  /** In the order in which they were made. */
  readonly number: number
  /** The device had no memory for it: the buffer must be neither used nor reused. */
  broken: boolean
}

export class BufferPool {
  /** Bytes that tensors may take together. Idle buffers may only take what tensors leave of this limit. */
  limitBytes = Infinity
  readonly #device: GPUDevice
  readonly #largest: number
  readonly #free = new Map<number, PooledBuffer[]>()
  #made = 0
  #freeBytes = 0
  #usedBytes = 0
  /** Peak bytes in use during the current period of `lately` acquisitions, and during the previous period. */
  #most: [now: number, before: number] = [0, 0]
  #acquired = 0
  /** Buffers whose outcome was not checked yet; only the outcome tells that memory ran out. */
  #pending: { buffer: PooledBuffer; outcome: Promise<GPUError | null> }[] = []

  constructor(device: GPUDevice) {
    this.#device = device
    this.#largest = device.limits.maxBufferSize
  }

  /** At least `bytes` long. */
  acquire(bytes: number): PooledBuffer {
    const size = Math.min(sizeClass(bytes), Math.floor(this.#largest / 16) * 16)
    const reused = this.#eldest(size)
    this.#usedBytes += size
    if (++this.#acquired % lately === 0) this.#most = [0, this.#most[0]]
    this.#most[0] = Math.max(this.#most[0], this.#usedBytes)
    if (reused) {
      this.#freeBytes -= size
      return reused
    }
    this.#device.pushErrorScope('out-of-memory')
    const gpu = this.#device.createBuffer({
      size,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    })
    const buffer = { gpu, size, number: this.#made++, broken: false }
    this.#pending.push({ buffer, outcome: this.#device.popErrorScope() })
    return buffer
  }

  /** The oldest free buffer of a size: a step with the same requests as the last gets the same buffers, whose bind groups are cached. */
  #eldest(size: number): PooledBuffer | undefined {
    const list = this.#free.get(size)
    if (!list?.length) return undefined
    let first = 0
    for (let i = 1; i < list.length; i++) if (list[i].number < list[first].number) first = i
    const [buffer] = list.splice(first, 1)
    return buffer
  }

  release(buffer: PooledBuffer): void {
    this.#usedBytes -= buffer.size
    if (buffer.broken) return
    kept(this.#free, buffer.size, (): PooledBuffer[] => []).push(buffer)
    this.#freeBytes += buffer.size
  }

  /** The first failed creation since the last call. Await before submitting work that uses the buffers. */
  async failure(): Promise<GPUError | null> {
    let first: GPUError | null = null
    for (const { buffer, outcome } of this.#pending.splice(0)) {
      const error = await outcome
      if (!error) continue
      buffer.broken = true
      first ??= error
    }
    return first
  }

  /**
   * As `acquire`, but if a new buffer would pass the limit or the device has no memory for it, idle buffers of other sizes are
   * destroyed first. `settle` submits recorded work that may use them, and waits for it.
   */
  async acquireOrTrim(bytes: number, settle: () => Promise<void>): Promise<PooledBuffer> {
    const isNew = !this.#free.get(sizeClass(bytes))?.length
    if (!(isNew && this.#passesLimit(sizeClass(bytes)))) {
      const buffer = this.acquire(bytes)
      if (bytes < largeBytes || this.#freeBytes === 0 || (await this.#wasMade(buffer))) return buffer
      this.release(buffer)
    }
    await settle()
    this.trim()
    return this.acquire(bytes)
  }

  /** Whether a buffer could be created. `failure` no longer reports a buffer that is checked here. */
  async #wasMade(buffer: PooledBuffer): Promise<boolean> {
    const index = this.#pending.findIndex((creation) => creation.buffer === buffer)
    if (index < 0) return true
    const [{ outcome }] = this.#pending.splice(index, 1)
    if (!(await outcome)) return true
    buffer.broken = true
    return false
  }

  /** Whether all buffers and `more` bytes together would pass the limit while some buffers are idle. */
  #passesLimit(more = 0): boolean {
    return this.#freeBytes > 0 && this.#usedBytes + this.#freeBytes + more > this.limitBytes * roundedUp
  }

  /** Whether idle buffers take more bytes than a step may need again, or than the limit leaves. */
  get wasteful(): boolean {
    if (this.#passesLimit()) return true
    const needed = slack * Math.max(...this.#most) - this.#usedBytes
    return this.#freeBytes > idleBytes + Math.max(this.#usedBytes, needed)
  }

  /** Destroys all free buffers, which Dawn frees only at a later submit. Nothing unsubmitted may use them. Returns whether there were any. */
  trim(): boolean {
    const any = this.#freeBytes > 0
    for (const list of this.#free.values()) for (const { gpu } of list) gpu.destroy()
    this.#free.clear()
    this.#freeBytes = 0
    if (any) this.#device.queue.submit([])
    return any
  }
}
