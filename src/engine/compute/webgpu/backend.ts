// WebGPU as a backend: calls are recorded here and executed, in order, by a thread that owns the device.
import type { Worker } from 'node:worker_threads'
import { setTimeout as sleep } from 'node:timers/promises'
import { totalmem } from 'node:os'
import { hostArray, type HostArray } from '../../dtype.ts'
import { EngineError } from '../../errors.ts'
import type { Backend } from '../backend.ts'
import type { PruneKernels } from '../pruneKernels.ts'
import { startWorker } from '../../../system/startWorker.ts'
import type { Tensor } from '../tensor.ts'
import { accounted, openAccount } from './deviceMemory.ts'
import {
  type Command,
  type Failure,
  type GpuFacts,
  type OpenRequest,
  recordedKernels,
  type Reply,
  type Request,
  usualRequest,
} from './protocol.ts'
import { recordProgram } from './program.ts'
import { webGpuPrune } from './prune.ts'

export interface WebGpuOptions extends Partial<OpenRequest> {
  /** Allocations beyond it throw `out-of-memory`. Default: the host's memory, since WebGPU does not tell the GPU's. */
  maxBytes?: number
}

export interface WebGpuBackend extends Backend {
  readonly prune: PruneKernels
  /** Adapter and driver: the key under which facts about them are cached. */
  readonly identity: string
  /** Bytes that the device can allocate in addition to those in use, at most `most`. */
  measureMemory(most: number): Promise<number>
  /** Allocations beyond it throw `out-of-memory`. */
  limitMemory(bytes: number): void
}

/** A compromise: each submission takes the host 0.2 ms, and commands that are not submitted yet leave the device idle. */
const commandsPerBatch = 128
const bytesPerBatch = 32 * 2 ** 20
/** Most bytes of writes that wait to be handed to the driver. */
const mostUnwritten = 256 * 2 ** 20

interface Waiter {
  resolve: (data: unknown) => void
  reject: (error: EngineError) => void
}

const toError = ({ code, message }: Failure) => new EngineError(code, message)

/** The thread that owns the device (worker.ts). */
function startThread(request: OpenRequest): Worker {
  return startWorker(import.meta.url, './worker.ts', 'webgpuWorker', { workerData: request })
}

/** Opens the adapter chosen by Dawn's flags. Rejects with `unsupported` and the remedy when there is none. */
export async function openWebGpu(
  { maxBytes, ...options }: WebGpuOptions = {},
  start = startThread,
): Promise<WebGpuBackend> {
  const connect = async (): Promise<Opened> => {
    const worker = start({ ...usualRequest, ...options })
    const connection = new Connection(worker)
    try {
      return { connection, facts: await connection.facts }
    } catch (error) {
      await ended(worker)
      throw error
    }
  }
  return createBackend(await connect(), connect, maxBytes ?? totalmem())
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
  /** Reads requested in this turn of the event loop; they share one wait. */
  #reads: { id: number; tensor: Tensor }[] = []
  /** Bytes of writes that have not reached the driver yet, and the callbacks to run when few are left. */
  #unwritten = 0
  #waitForWrites: (() => void)[] = []
  #nextId = 0
  #dead: Failure | null = null
  /** Facts about the opened device; rejects when there is none. */
  readonly facts: Promise<GpuFacts>

  constructor(worker: Worker) {
    this.#worker = worker
    this.facts = this.#waitFor(() => undefined) as Promise<GpuFacts>
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

  /** Sends the commands so far, followed by a request. */
  async ask(what: { type: 'sync' | 'close' } | { type: 'measure'; most: number }): Promise<unknown> {
    if (this.#dead) throw toError(this.#dead)
    this.#sendReads()
    return this.#waitFor((id) => this.#post((commands) => ({ ...what, commands, ids: [id] })))
  }

  async read(tensor: Tensor): Promise<HostArray> {
    if (this.#dead) throw toError(this.#dead)
    if (this.#reads.length === 0) queueMicrotask(() => this.#sendReads())
    return (await this.#waitFor((id) => this.#reads.push({ id, tensor }))) as HostArray
  }

  #waitFor(ask: (id: number) => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++
      if (this.#waiters.size === 0) this.#worker.ref()
      this.#waiters.set(id, { resolve, reject })
      ask(id)
    })
  }

  /** Sends the pending reads. They go before later commands, which may release their tensors. */
  #sendReads(): void {
    if (this.#reads.length === 0) return
    const reads = this.#reads.splice(0)
    const [ids, tensors] = [reads.map(({ id }) => id), reads.map(({ tensor }) => tensor)]
    this.#post((commands) => ({ type: 'read', commands, ids, tensors }))
  }

  /** Resolves when few bytes of writes are left to be taken by the driver, or when the device is dead. */
  written(): Promise<void> {
    this.#flush()
    if (this.#dead || this.#unwritten <= mostUnwritten) return Promise.resolve()
    this.#worker.ref()
    return new Promise((resolve) => void this.#waitForWrites.push(resolve))
  }

  async close(): Promise<void> {
    if (!this.#dead) await this.ask({ type: 'close' }).catch(() => undefined)
    else this.#worker.postMessage({ type: 'close', commands: [], ids: [] } satisfies Request)
    this.#dead ??= { code: 'internal', message: 'the backend was used after it was closed' }
    await ended(this.#worker)
  }

  #flush(): void {
    this.#sendReads()
    if (this.#commands.length > 0) this.#post((commands) => ({ type: 'run', commands, ids: [] }))
  }

  /** Sends the request that `make` builds from the commands so far. */
  #post(make: (commands: Command[]) => Request): void {
    const commands = this.#commands
    const transfer = commands.flatMap((c) => (c.do === 'write' ? [c.data.buffer as ArrayBuffer] : []))
    this.#commands = []
    this.#bytes = 0
    if (!this.#dead) this.#worker.postMessage(make(commands), transfer)
  }

  #receive(reply: Reply): void {
    if (reply.type === 'dead') return this.#die(reply.failure)
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

  /** Only a pending request keeps the process alive. */
  #mayEnd(): void {
    if (this.#waiters.size === 0 && this.#waitForWrites.length === 0) this.#worker.unref()
  }

  #die(failure: Failure): void {
    this.#dead ??= failure
    const error = toError(this.#dead)
    for (const { reject } of this.#waiters.values()) reject(error)
    this.#waiters.clear()
    this.#endWaitForWrites()
    this.#commands = []
    this.#worker.unref()
  }
}

function createBackend({ connection, facts }: Opened, connect: () => Promise<Opened>, maxBytes: number): WebGpuBackend {
  // Without a bound a driver that lends the host's memory may be asked for more than there is.
  const account = openAccount(facts, maxBytes, (bytes) => connection.push({ do: 'limit', bytes }))
  const push = (command: Command) => connection.push(command)
  const memory = accounted(account, push)
  const kernels = recordedKernels(facts.kernels, push)
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
    allocate(dtype, shape) {
      if (connection.dead) throw toError(connection.dead)
      return memory.allocate(dtype, shape)
    },
    release: memory.release,
    write(tensor, data, given = false) {
      if (data.length === 0) return
      const whole = data.byteLength === data.buffer.byteLength && data.buffer instanceof ArrayBuffer
      connection.push({ do: 'write', tensor, data: given && whole ? data : data.slice() }, data.byteLength)
    },
    written: () => connection.written(),
    async read(tensor) {
      if (tensor.length === 0) return hostArray(tensor.dtype, 0)
      return connection.read(tensor)
    },
    async sync() {
      await connection.ask({ type: 'sync' })
    },
    record: () => recordProgram(programs++, facts.kernels, push, account),
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
    measureMemory: async (most) => Number(await connection.ask({ type: 'measure', most })),
    limitMemory: account.limitMemory,
    close: () => connection.close(),
  }
  return { ...backend, prune: webGpuPrune(backend, kernels, kernels) }
}
