// The device's side of a backend: buffers by number, commands in order, errors kept until somebody asks.
import { bytesPerElement, type DType, type HostArray } from '../../dtype.ts'
import { EngineError } from '../../errors.ts'
import { bytesOf, lengthOf, type Tensor } from '../tensor.ts'
import { measureDeviceMemory } from './deviceMemory.ts'
import type { Dispatch, Gpu } from './shader.ts'
import { allKernels } from './kernels.ts'
import { move } from './ops/copies.ts'
import { BufferPool, kept, sizeClass, type PooledBuffer } from './pool.ts'
import { Program } from './program.ts'
import type { Command, Failure, KernelCall, KernelCalls, KernelName } from './protocol.ts'
import type { Bound } from './pipelines.ts'
import { Recorder, Staging } from './recorder.ts'
import { elementsOf, filled, readingOf } from './reading.ts'
import { mostFlops, Pace } from './pace.ts'

const transferBytes = 64 * 2 ** 20
/** Most bytes of pending writes: Dawn copies written data and keeps the copy until the device has processed the write. */
const mostStagedBytes = 2 ** 30

interface SessionOptions extends Omit<Gpu, 'run' | 'scratch' | 'flopsPerDispatch'> {
  /** Measured; null where it was not. */
  flopsPerSecond: number | null
  /** See OpenRequest. */
  exactBindings?: boolean
}

export class Session {
  readonly #device: GPUDevice
  readonly #pool: BufferPool
  readonly #recorder: Recorder
  readonly #staging: Staging
  readonly #pace = new Pace()
  readonly #buffers = new Map<number, PooledBuffer>()
  readonly #gpu: Gpu
  /** Copies, because each property access on Dawn's own object is a native call. */
  readonly #limits: Pick<GPUSupportedLimits, 'minStorageBufferOffsetAlignment' | 'maxStorageBufferBindingSize'>
  /** Operations after which recorded work is submitted: some drivers take long submissions for a hang. */
  readonly #flopsPerSubmit: number
  readonly #kernels: KernelCalls
  readonly #programs = new Map<number, Program>()
  /** Where scratch and staged copies come from. */
  #memory: Pick<BufferPool, 'acquire' | 'release'>
  readonly #scratch: number[] = []
  #nextScratch = -1
  #target: GPUBuffer | null = null
  #failure: Failure | null = null
  /** Bytes written since the device was last known to be idle. */
  #stagedBytes = 0

  constructor(device: GPUDevice, { flopsPerSecond, exactBindings = false, ...options }: SessionOptions) {
    this.#device = device
    this.#pool = this.#memory = new BufferPool(device)
    const { minStorageBufferOffsetAlignment, maxStorageBufferBindingSize } = device.limits
    this.#limits = { minStorageBufferOffsetAlignment, maxStorageBufferBindingSize }
    this.#recorder = new Recorder(device, exactBindings ? 0 : maxStorageBufferBindingSize)
    this.#staging = new Staging(this.#pool, this.#recorder)
    const { perDispatch, perSubmit } = mostFlops(flopsPerSecond)
    this.#flopsPerSubmit = perSubmit
    this.#gpu = {
      ...options,
      flopsPerDispatch: perDispatch,
      run: (dispatch) => this.#run(dispatch),
      scratch: (shape, dtype = 'f32') => this.#newScratch(shape, dtype),
    }
    this.#kernels = allKernels(this.#gpu)
    device.addEventListener('uncapturederror', (event) => {
      if (event.error instanceof GPUOutOfMemoryError) this.fail(outOfMemory(event.error))
      else this.fail({ code: 'internal', message: `the GPU refused a command: ${event.error.message}` })
    })
  }

  get kernelNames(): readonly KernelName[] {
    return Object.keys(this.#kernels) as KernelName[]
  }

  /** Remembers the first failure; commands are skipped until `takeFailure`, allocations and releases are not. */
  fail(failure: Failure): void {
    this.#failure ??= failure
  }

  takeFailure(): Failure | null {
    const failure = this.#failure
    this.#failure = null
    return failure
  }

  /** Executes the commands, then reads the tensors, in one submission. After a failure, which `takeFailure` returns, nothing is read. */
  async execute(commands: readonly Command[], tensors: readonly Tensor[] = []): Promise<HostArray[]> {
    this.#device.pushErrorScope('validation')
    try {
      await this.#record(commands)
      if (tensors.length > 0 && !this.#failure) return await this.#read(tensors)
      await this.#submit()
      if (this.#pool.wasteful && this.#pool.trim()) this.#recorder.forgetBindGroups()
      return []
    } finally {
      const error = await this.#device.popErrorScope()
      if (error) this.fail({ code: 'internal', message: `the GPU refused a command: ${error.message}` })
    }
  }

  async sync(commands: readonly Command[] = []): Promise<void> {
    if (commands.length > 0) await this.execute(commands)
    await this.#pace.wait(() => this.#device.queue.onSubmittedWorkDone())
    this.#stagedBytes = 0
  }

  /** Reads through one mapped buffer, in several steps if needed. Small tensors share one wait. */
  async #read(tensors: readonly Tensor[]): Promise<HostArray[]> {
    const readings = tensors.map((tensor) => readingOf(tensor, this.#bufferOf(tensor).gpu))
    for (const batch of filled(readings, transferBytes)) {
      const total = batch.reduce((sum, { length }) => sum + length, 0)
      const target = this.#readTarget(total)
      for (const { reading, at, length, to } of batch)
        this.#recorder.copy(reading.source, reading.start + at, target, to, length)
      await this.#submit()
      await this.#pace.wait(() => target.mapAsync(GPUMapMode.READ, 0, total))
      const mapped = new Uint8Array(target.getMappedRange(0, total))
      for (const { reading, at, length, to } of batch) reading.bytes.set(mapped.subarray(to, to + length), at)
      target.unmap()
    }
    return readings.map(elementsOf)
  }

  /** Bytes that the device can allocate in addition to those in use. */
  measureMemory(most: number): Promise<number> {
    return measureDeviceMemory(this.#device, most)
  }

  close(): void {
    this.#device.destroy()
  }

  async #record(commands: readonly Command[]): Promise<void> {
    for (const command of commands) {
      try {
        await this.#execute(command)
      } catch (error) {
        this.fail(asFailure(error))
      }
      if (this.#recorder.flops > this.#flopsPerSubmit) await this.#submit()
    }
  }

  /** The one buffer that the host reads through, grown when needed. */
  #readTarget(bytes: number): GPUBuffer {
    if (this.#target && this.#target.size >= bytes) return this.#target
    this.#target?.destroy()
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST
    this.#target = this.#device.createBuffer({ size: sizeClass(bytes), usage })
    return this.#target
  }

  async #execute(command: Command): Promise<void> {
    switch (command.do) {
      case 'allocate': {
        const { buffer, bytes, program } = command
        const made =
          program === undefined ? await this.#allocate(bytes) : this.#program(program).allocate(buffer, bytes)
        this.#buffers.set(buffer, made)
        return
      }
      case 'release': {
        const buffer = this.#buffers.get(command.buffer)
        if (command.program !== undefined) return buffer && this.#program(command.program).release(buffer)
        if (buffer) this.#pool.release(buffer)
        this.#buffers.delete(command.buffer)
        return
      }
      case 'write':
        if (!this.#failure) await this.#write(command.tensor, command.data)
        return
      case 'call':
        if (command.program !== undefined) this.#keep(this.#program(command.program), () => this.#call(command))
        else if (!this.#failure) this.#call(command)
        return
      case 'vary':
        this.#program(command.program).steps.push(null)
        return
      case 'replay':
        if (!this.#failure) await this.#replay(this.#program(command.program), command.varied)
        return
      case 'forget':
        for (const id of this.#program(command.program).close()) this.#buffers.delete(id)
        this.#programs.delete(command.program)
        return
      case 'limit':
        this.#pool.limitBytes = command.bytes
    }
  }

  #program(id: number): Program {
    return kept(this.#programs, id, () => new Program(this.#pool))
  }

  /** Makes the call and keeps its dispatches and its memory in the program. */
  #keep(program: Program, call: () => void): void {
    const isWhole = program.isWhole && !this.#failure
    program.isWhole = false
    if (!isWhole) return
    this.#memory = this.#staging.memory = program
    this.#recorder.kept = program.last
    try {
      call()
      program.isWhole = true
    } finally {
      this.#memory = this.#staging.memory = this.#pool
      this.#recorder.kept = null
    }
  }

  async #replay({ steps, isWhole }: Program, varied: readonly (readonly Command[])[]): Promise<void> {
    if (!isWhole) throw new EngineError('internal', 'internal: a recording that had failed was replayed')
    let next = 0
    for (const entries of steps)
      if (entries) this.#recorder.replay(entries, () => this.#send(), this.#flopsPerSubmit)
      else for (const command of varied[next++]) await this.#execute(command)
  }

  /** Recorded work may use idle buffers, so it is submitted before they are destroyed. */
  #allocate(bytes: number): Promise<PooledBuffer> {
    return this.#pool.acquireOrTrim(bytes, async () => {
      this.#send()
      this.#recorder.forgetBindGroups()
      await this.sync()
    })
  }

  #call<K extends KernelName>({ kernel, args }: KernelCall<K>): void {
    try {
      this.#kernels[kernel](...args)
    } finally {
      this.#releaseScratch()
    }
  }

  async #submit(): Promise<void> {
    const error = await this.#pool.failure()
    if (error) {
      this.fail(outOfMemory(error))
      this.#recorder.discard()
      if (this.#pool.trim()) this.#recorder.forgetBindGroups()
      return
    }
    this.#send()
  }

  #send(): void {
    this.#pace.submitted(this.#recorder.flops)
    this.#recorder.submit()
  }

  async #write(tensor: Tensor, data: HostArray): Promise<void> {
    const size = bytesPerElement[tensor.dtype]
    const at = tensor.offset * size
    if (at % 4 !== 0 || data.byteLength % 4 !== 0) return this.#writeHalves(tensor, data)
    // `writeBuffer` takes effect before work that is recorded but not submitted, so that work goes first.
    if (!this.#recorder.empty) await this.#submit()
    const buffer = this.#bufferOf(tensor).gpu
    for (let from = 0; from < data.byteLength; from += transferBytes) {
      const bytes = Math.min(transferBytes, data.byteLength - from)
      this.#device.queue.writeBuffer(buffer, at + from, data.buffer, data.byteOffset + from, bytes)
      // Staging memory of writes is given back only at a submit.
      if (data.byteLength > transferBytes) this.#device.queue.submit([])
      this.#stagedBytes += bytes
      if (this.#stagedBytes >= mostStagedBytes) await this.sync()
    }
  }

  /** Writes 16-bit data that begins or ends inside a word, through scratch memory so that neighbouring elements stay intact. */
  async #writeHalves(tensor: Tensor, data: HostArray): Promise<void> {
    const even = new Uint16Array(data.length + (data.length % 2))
    even.set(data)
    const whole = this.#newScratch([even.length], tensor.dtype)
    await this.#write(whole, even)
    move(this.#gpu, tensor, { ...whole, length: tensor.length })
    this.#releaseScratch()
  }

  #newScratch(shape: readonly number[], dtype: DType): Tensor {
    const length = lengthOf(shape)
    const buffer = this.#nextScratch--
    this.#buffers.set(buffer, this.#memory.acquire(Math.max(4, length * bytesPerElement[dtype])))
    this.#scratch.push(buffer)
    return { buffer, dtype, shape, offset: 0, length }
  }

  #releaseScratch(): void {
    for (const id of this.#scratch.splice(0)) {
      const buffer = this.#buffers.get(id)
      if (buffer) this.#memory.release(buffer)
      this.#buffers.delete(id)
    }
  }

  #run(dispatch: Dispatch): void {
    const bound = dispatch.tensors.map((tensor) => this.#bind(tensor))
    this.#staging.dispatch({ ...dispatch, flops: chargeOf(dispatch, bound) }, bound)
    // Submits the recorded part of a long call; whether its buffers were made is checked when the call ends.
    if (this.#recorder.flops > this.#flopsPerSubmit) this.#send()
  }

  #bind(tensor: Tensor): Bound {
    const buffer = this.#bufferOf(tensor)
    const { minStorageBufferOffsetAlignment: alignment, maxStorageBufferBindingSize: most } = this.#limits
    const size = bytesPerElement[tensor.dtype]
    const start = tensor.offset * size
    const offset = start - (start % alignment)
    // Rounded up to vectors of four words, since shaders may bind the tensor as vectors.
    const end = Math.min(buffer.size, offset + Math.ceil((start + bytesOf(tensor) - offset) / 16) * 16)
    if (end - offset > most)
      throw new EngineError(
        'unsupported',
        `this GPU binds at most ${most} bytes, and one row of an operation needs ${end - offset}: use a shorter sequence, or --device cpu`,
      )
    return { buffer, offset, size: end - offset, at: (start - offset) / size, elementBytes: size }
  }

  #bufferOf(tensor: Tensor): PooledBuffer {
    const buffer = this.#buffers.get(tensor.buffer)
    if (!buffer) throw new EngineError('internal', `tensor of buffer ${tensor.buffer} was released`)
    if (buffer.broken)
      throw new EngineError('out-of-memory', `the GPU had no memory for a tensor of ${tensor.length} elements`)
    return buffer
  }
}

/** Operations that count as one byte of memory traffic. At the rates of products, cards do 6 to 25 in the time of a byte. */
const flopsPerByte = 10

/** The cost of a dispatch in operations: those of its products, or its tensors' bytes times `flopsPerByte` if that is more. */
function chargeOf({ flops = 0 }: Dispatch, bound: readonly Bound[]): number {
  let bytes = 0
  for (const { size } of bound) bytes += size
  return Math.max(flops, bytes * flopsPerByte)
}

function outOfMemory({ message }: GPUError): Failure {
  return {
    code: 'out-of-memory',
    message: `the GPU is out of memory (${message.split('\n')[0]}): close what else uses it, or use a smaller batch or sequence, or --device cpu`,
  }
}

export function asFailure(error: unknown): Failure {
  if (error instanceof EngineError) return { code: error.code, message: error.message }
  return { code: 'internal', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
}
