// WebGPU as a backend: calls are recorded here and executed, in order, by a thread that owns the device.
import type { Worker } from 'node:worker_threads'
import { setTimeout as sleep } from 'node:timers/promises'
import { totalmem } from 'node:os'
import { bytesPerElement, hostArray, type DType, type HostArray } from '../../dtype.ts'
import { EngineError } from '../../errors.ts'
import type { Backend } from '../backend.ts'
import type { PruneKernels } from '../pruneKernels.ts'
import { startWorker } from '../../../system/startWorker.ts'
import { lengthOf, type Tensor } from '../tensor.ts'
import { openAccount } from './deviceMemory.ts'
import {
  type Command,
  type Failure,
  type GpuFacts,
  type KernelArgs,
  type KernelCall,
  type KernelCalls,
  type KernelName,
  kernelNames,
  type OpenRequest,
  type Reply,
  type Request,
} from './protocol.ts'
import { recordProgram } from './program.ts'
import { webGpuPrune } from './prune.ts'

export interface WebGpuOptions extends Partial<OpenRequest> {
  /** Allocations beyond it throw `out-of-memory`. Default: the host's memory, since WebGPU does not tell the GPU's. */
  maxBytes?: number
}

export interface WebGpuBackend extends Backend {
  readonly prune: PruneKernels
  /** Adapter and driver, for what is known of them. */
  readonly identity: string
  /** Bytes that the device gives beside what is in use; it is asked for no more than `most`. */
  measureMemory(most: number): Promise<number>
  /** Allocations beyond it throw `out-of-memory`. */
  limitMemory(bytes: number): void
}

/** Each submission takes the host 0.2 ms, and what is not yet submitted leaves the device idle. */
const commandsPerBatch = 128
const bytesPerBatch = 32 * 2 ** 20
/** Most bytes of writes that wait to be handed to the driver. */
const mostUnwritten = 256 * 2 ** 20

interface Waiter {
  resolve: (data: HostArray | undefined) => void
  reject: (error: EngineError) => void
}

const toError = ({ code, message }: Failure) => new EngineError(code, message)

/** The thread that owns the device (worker.ts). */
function startThread(request: OpenRequest): Worker {
  return startWorker(import.meta.url, './worker.ts', 'webgpuWorker', { workerData: request })
}

/** Opens the adapter chosen by Dawn's flags. Rejects with `unsupported` and the remedy when there is none. */
export async function openWebGpu(options: WebGpuOptions = {}, start = startThread): Promise<WebGpuBackend> {
  const request: OpenRequest = {
    flags: options.flags ?? [],
    windowBytes: options.windowBytes ?? null,
    reachBytes: options.reachBytes ?? null,
    products: options.products ?? 'auto',
    plain: options.plain ?? false,
    flopsPerSecond: options.flopsPerSecond ?? null,
    exactBindings: options.exactBindings ?? false,
  }
  const connect = async (): Promise<Opened> => {
    const worker = start(request)
    const connection = new Connection(worker)
    try {
      return { connection, facts: await connection.facts }
    } catch (error) {
      await ended(worker)
      throw error
    }
  }
  return createBackend(await connect(), connect, options.maxBytes ?? null)
}

interface Opened {
  readonly connection: Connection
  readonly facts: GpuFacts
}

const patienceMs = 2000

/** A thread that was told to close, or could not open, leaves by itself; one that is stuck is ended. */
async function ended(worker: Worker): Promise<void> {
  const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  if (worker.threadId !== -1) await Promise.race([gone, sleep(patienceMs)])
  await worker.terminate()
}

/** Requests to the GPU's thread, and who waits for their replies. */
class Connection {
  readonly #worker: Worker
  readonly #waiters = new Map<number, Waiter>()
  #commands: Command[] = []
  #bytes = 0
  /** Reads that were asked for in this turn: they share one wait. */
  #reads: { id: number; tensor: Tensor }[] = []
  /** Bytes that were given to `push` and are not yet with the driver, and who waits until they are few. */
  #unwritten = 0
  #waitForWrites: (() => void)[] = []
  #nextId = 1
  #dead: Failure | null = null
  /** Facts about the opened device; rejects when there is none. */
  readonly facts: Promise<GpuFacts>
  #opened: { resolve: (facts: GpuFacts) => void; reject: (error: EngineError) => void } | null = null

  constructor(worker: Worker) {
    this.#worker = worker
    this.facts = new Promise((resolve, reject) => {
      this.#opened = { resolve, reject }
    })
    worker.on('message', (reply: Reply) => this.#receive(reply))
    worker.on('error', (error) => this.#die({ code: 'device-lost', message: `the GPU thread failed: ${error}` }))
    worker.on('exit', (code) => this.#die({ code: 'device-lost', message: `the GPU thread ended (code ${code})` }))
  }

  get dead(): Failure | null {
    return this.#dead
  }

  push(command: Command, bytes = 0): void {
    if (this.#dead) return
    this.#sendReads()
    this.#commands.push(command)
    this.#bytes += bytes
    this.#unwritten += bytes
    if (this.#commands.length >= commandsPerBatch || this.#bytes >= bytesPerBatch) this.#flush()
  }

  request(make: (id: number) => Request): Promise<HostArray | undefined> {
    if (this.#dead) return Promise.reject(toError(this.#dead))
    this.#flush()
    return this.#waitFor((id) => this.#worker.postMessage(make(id)))
  }

  read(tensor: Tensor): Promise<HostArray | undefined> {
    if (this.#dead) return Promise.reject(toError(this.#dead))
    if (this.#reads.length === 0) queueMicrotask(() => this.#sendReads())
    return this.#waitFor((id) => this.#reads.push({ id, tensor }))
  }

  #waitFor(ask: (id: number) => void): Promise<HostArray | undefined> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++
      if (this.#waiters.size === 0) this.#worker.ref()
      this.#waiters.set(id, { resolve, reject })
      ask(id)
    })
  }

  /** What is called after a read may release its tensor: the read goes first. */
  #sendReads(): void {
    if (this.#reads.length === 0) return
    const reads = this.#reads.splice(0)
    this.#post((commands) => ({ type: 'read', commands, reads }))
  }

  sync(): Promise<unknown> {
    if (this.#dead) return Promise.reject(toError(this.#dead))
    this.#sendReads()
    return this.#waitFor((id) => this.#post((commands) => ({ type: 'sync', commands, id })))
  }

  /** Resolves, on a dead device too, when few bytes of writes are left here. */
  written(): Promise<void> {
    this.#flush()
    if (this.#dead || this.#unwritten <= mostUnwritten) return Promise.resolve()
    this.#worker.ref()
    return new Promise((resolve) => void this.#waitForWrites.push(resolve))
  }

  async close(): Promise<void> {
    if (!this.#dead) await this.request((id) => ({ type: 'close', id })).catch(() => undefined)
    else this.#worker.postMessage({ type: 'close', id: this.#nextId++ } satisfies Request)
    this.#dead ??= { code: 'internal', message: 'the backend was used after it was closed' }
    await ended(this.#worker)
  }

  #flush(): void {
    this.#sendReads()
    if (this.#commands.length > 0) this.#post((commands) => ({ type: 'run', commands }))
  }

  /** Sends what was called so far. */
  #post(make: (commands: Command[]) => Request): void {
    const commands = this.#commands
    const transfer = commands.flatMap((c) => (c.do === 'write' ? [c.data.buffer as ArrayBuffer] : []))
    this.#commands = []
    this.#bytes = 0
    if (!this.#dead) this.#worker.postMessage(make(commands), transfer)
  }

  #receive(reply: Reply): void {
    if (reply.type === 'dead') return this.#die(reply.failure)
    if (reply.type === 'ready') {
      // Only a pending request keeps the process alive from here on.
      this.#worker.unref()
      return this.#opened?.resolve(reply.facts)
    }
    if (reply.type === 'written') {
      this.#unwritten -= reply.bytes
      if (this.#unwritten <= mostUnwritten) this.#endWaitForWrites()
      return this.#mayEnd()
    }
    const waiter = this.#waiters.get(reply.id)
    this.#waiters.delete(reply.id)
    this.#mayEnd()
    if (reply.type === 'done') waiter?.resolve(reply.data)
    else waiter?.reject(toError(reply.failure))
  }

  #endWaitForWrites(): void {
    for (const resolve of this.#waitForWrites.splice(0)) resolve()
  }

  /** Lets the process end when nobody waits for an answer. */
  #mayEnd(): void {
    if (this.#waiters.size === 0 && this.#waitForWrites.length === 0) this.#worker.unref()
  }

  #die(failure: Failure): void {
    this.#dead ??= failure
    const error = toError(this.#dead)
    this.#opened?.reject(error)
    for (const { reject } of this.#waiters.values()) reject(error)
    this.#waiters.clear()
    this.#endWaitForWrites()
    this.#commands = []
    this.#worker.unref()
  }
}

function createBackend(
  { connection, facts }: Opened,
  connect: () => Promise<Opened>,
  maxBytes: number | null,
): WebGpuBackend {
  // Without a bound a driver that lends the host's memory may be asked for more than there is.
  const account = openAccount(facts, maxBytes ?? totalmem(), (bytes) => connection.push({ do: 'limit', bytes }))
  const callOf =
    <K extends KernelName>(kernel: K) =>
    (...args: KernelArgs[K]) =>
      connection.push({ do: 'call', kernel, args } as KernelCall)
  const kernels = Object.fromEntries(kernelNames.map((kernel) => [kernel, callOf(kernel)])) as KernelCalls
  let programs = 0
  const backend: Omit<WebGpuBackend, 'prune'> = {
    info: { device: 'wgpu', description: facts.description, details: facts.details },
    traits: {
      inHostMemory: false,
      ownMemory: facts.ownMemory,
      mostTensorBytes: facts.maxBufferBytes,
      widensWeights: false,
      bf16Products: false,
    },
    precision: 'f32',
    kernels,
    allocate(dtype: DType, shape: readonly number[]): Tensor {
      if (connection.dead) throw toError(connection.dead)
      const length = lengthOf(shape)
      const bytes = Math.max(4, length * bytesPerElement[dtype])
      const buffer = account.take(bytes)
      connection.push({ do: 'allocate', buffer, bytes })
      return { buffer, dtype, shape, offset: 0, length }
    },
    release({ buffer }) {
      account.release(buffer)
      connection.push({ do: 'release', buffer })
    },
    write(tensor, data, given = false) {
      if (data.length === 0) return
      const whole = data.byteLength === data.buffer.byteLength && data.buffer instanceof ArrayBuffer
      connection.push({ do: 'write', tensor, data: given && whole ? data : data.slice() }, data.byteLength)
    },
    written: () => connection.written(),
    async read(tensor) {
      if (tensor.length === 0) return hostArray(tensor.dtype, 0)
      return (await connection.read(tensor)) as HostArray
    },
    async sync() {
      await connection.sync()
    },
    record: () => recordProgram(programs++, (command) => connection.push(command), account),
    memory: account.memory,
    rowLimit: account.rowLimit,
    planWithLess: account.planWithLess,
    async reopen() {
      await connection.close()
      const next = await connect()
      if (next.facts.identity !== facts.identity) {
        await next.connection.close()
        throw new EngineError('device-lost', `${next.facts.description} came in place of ${facts.description}`)
      }
      connection = next.connection
      account.forget()
    },
    identity: facts.identity,
    async measureMemory(most) {
      const [inGiB] = (await connection.request((id) => ({ type: 'measure', id, most }))) as Float32Array
      return inGiB * 2 ** 30
    },
    limitMemory: account.limitMemory,
    close: () => connection.close(),
  }
  return { ...backend, prune: webGpuPrune(backend, kernels, kernels) }
}
