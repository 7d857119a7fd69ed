// oneDNN's primitives through its C API (oneapi/dnnl/dnnl.h and dnnl_types.h of 3.4 to 3.10). A thread makes a primitive when it
// first needs it, and keeps it. Handles of the library's objects are passed as numbers.
import type koffi from 'koffi'
import type { LibraryHandle } from 'koffi'

export type ElementType = 'f32' | 'bf16'

/** `dnnl_data_type_t`. */
const dataTypes = { bf16: 2, f32: 3 }
/** Arguments of an execution, DNNL_ARG_…; the operand of post-op i has `postOp` · (i + 1) + `second`. */
export const argument = { source: 1, second: 2, weights: 33, destination: 17, bias: 41, scratchpad: 80, postOp: 32768 }
/** `dnnl_query_scratchpad_md` and `dnnl_scratchpad_mode_user`. */
const [scratchpadQuery, userScratchpad] = [136, 1]
/** `dnnl_query_impl_info_str`. */
const implementationQuery = 8
/** `dnnl_BA16a64b2a`. */
const packedTag = 384
/** `DNNL_MAX_NDIMS`, the length of the arrays of dimensions and strides. */
const maxDimensions = 12
/** Most primitives of a kind that a thread keeps: batches of varying lengths always bring new shapes. */
const mostKept = 512
const alignment = 64

/** Binds functions of the C API: `call` throws on an error status, `ask` returns the result. Handles and addresses are numbers. */
interface Library {
  readonly call: (name: string, parameters: string) => (...args: number[]) => void
  readonly ask: (name: string, result: string, parameters: string) => (...args: number[]) => number
}

function functionsOf(library: LibraryHandle): Library {
  const ask: Library['ask'] = (name, result, parameters) =>
    library.func(`${result} ${name}(${parameters})`) as (...args: number[]) => number
  return {
    ask,
    call: (name, parameters) => {
      const run = ask(name, 'int', parameters)
      return (...args) => {
        const status = run(...args)
        if (status !== 0) throw new Error(`internal: oneDNN's ${name} failed (status ${status})`)
      }
    },
  }
}

/** Memory that the library writes to or reads from; the garbage collector does not move it. */
function place(koffiModule: typeof koffi, bytes: number): { words: BigInt64Array<ArrayBuffer>; address: number } {
  const words = new BigInt64Array(new ArrayBuffer(bytes))
  return { words, address: Number(koffiModule.address(words)) }
}

/** A primitive, and the memory objects by which it gets its operands. */
interface Made {
  readonly primitive: number
  readonly memories: readonly number[]
  readonly scratchpad: number
  readonly scratchBytes: number
  /** The execution's arguments: their address, their number and what keeps them alive. */
  readonly args: number
  readonly argsCount: number
  readonly held: ArrayBuffer
}

/** An operand: which argument it is, and its descriptor. */
export type Operand = readonly [argument: number, descriptor: number]

/** Appends operations on the result of a primitive, in the order of the calls. */
export interface PostOps {
  /** x = alg(x), `dnnl_eltwise_…`, with its two parameters. */
  eltwise(algorithm: number, alpha: number, beta: number): void
  /** x = x ⊙ an operand of this descriptor. */
  times(descriptor: number): void
  /** x = x + what is in the destination. */
  sum(): void
}

/** Makes the objects that describe a primitive. They are destroyed as soon as the primitive is made. */
export interface Describe {
  /** Descriptor of a matrix, with the strides of its rows and columns; or of `several`, with the stride between them. In elements. */
  matrix(
    rows: number,
    columns: number,
    type: ElementType,
    rowStride: number,
    columnStride: number,
    several?: readonly [count: number, stride: number],
  ): number
  /** Descriptor of a packed bf16 matrix, for the right operand of a product. */
  packedMatrix(rows: number, columns: number): number
  attributes(fill: (ops: PostOps) => void): number
  /** A description by `dnnl_<name>_primitive_desc_create`, which takes `parameters` after the address of its result. */
  description(name: string, parameters: string, ...args: number[]): number
  readonly engine: number
}

export interface Plan {
  readonly description: number
  readonly operands: readonly Operand[]
}

export interface Primitives {
  /** The library's name for the implementation that would run a plan. */
  implementation(plan: (describe: Describe) => Plan): string
  /**
   * Returns a function that runs the primitive of a shape on operands at addresses, in the order of the plan. The primitive is
   * made when the thread first meets the shape. Shapes are looked up by `hash` and compared by `isSame`.
   */
  bind<S>(
    plan: (shape: S, describe: Describe) => Plan,
    hash: (shape: S) => number,
    isSame: (a: S, b: S) => boolean,
  ): (shape: S, addresses: readonly number[]) => void
}

/** Binds the library for the calling thread; `pointer` turns an address into a pointer for the library. */
export function bindPrimitives(
  koffiModule: typeof koffi,
  handle: LibraryHandle,
  pointer: (address: number) => number,
): Primitives {
  const library = functionsOf(handle)
  const maker = createMaker(koffiModule, library)
  const scratchpad = createScratchpad(koffiModule)
  // A product of one attention tile takes a few microseconds, so this path does no other work per product.
  const setHandle = library.ask('dnnl_memory_set_data_handle', 'int', 'uintptr_t memory, uintptr_t handle')
  const execute = library.ask(
    'dnnl_primitive_execute',
    'int',
    'uintptr_t primitive, uintptr_t stream, int count, uintptr_t args',
  )
  const run = (made: Made, addresses: readonly number[]) => {
    for (let i = 0; i < addresses.length; i++) setHandle(made.memories[i], pointer(addresses[i]))
    setHandle(made.scratchpad, scratchpad(made.scratchBytes))
    const status = execute(made.primitive, maker.stream, made.argsCount, made.args)
    if (status !== 0) throw new Error(`internal: oneDNN did not run a primitive (status ${status})`)
  }
  return {
    implementation: (plan) => maker.implementation(plan),
    bind(plan, hash, isSame) {
      type Shape = Parameters<typeof plan>[0]
      const kept = new Map<number, { shape: Shape; made: Made }[]>()
      let count = 0
      const keep = (shape: Shape, key: number): Made => {
        if (count === mostKept) {
          for (const { made } of [...kept.values()].flat()) maker.destroy(made)
          kept.clear()
          count = 0
        }
        const made = maker.make((describe) => plan(shape, describe))
        kept.set(key, [...(kept.get(key) ?? []), { shape, made }])
        count++
        return made
      }
      return (shape, addresses) => {
        const key = hash(shape)
        run(kept.get(key)?.find((one) => isSame(one.shape, shape))?.made ?? keep(shape, key), addresses)
      }
    },
  }
}

/** Scratch memory that the thread's primitives share, since they run one after the other. */
function createScratchpad(koffiModule: typeof koffi): (bytes: number) => number {
  let size = 0
  let held = place(koffiModule, 0)
  return (bytes) => {
    if (bytes > size) {
      size = bytes
      held = place(koffiModule, Math.ceil(size / 8) * 8 + alignment)
    }
    return Math.ceil(held.address / alignment) * alignment
  }
}

interface Maker {
  readonly stream: number
  implementation(plan: (describe: Describe) => Plan): string
  make(plan: (describe: Describe) => Plan): Made
  destroy(made: Made): void
}

const p = 'uintptr_t'

function createMaker(koffiModule: typeof koffi, library: Library): Maker {
  const { call, ask } = library
  const result = place(koffiModule, 8)
  const made = (create: (...args: number[]) => void, ...args: number[]) => {
    create(result.address, ...args)
    return Number(result.words[0])
  }
  const destroyer = (what: string) => call(`dnnl_${what}_destroy`, `${p} object`)
  const [destroyDescription, destroyPrimitive, destroyMemory] = [
    ...['primitive_desc', 'primitive', 'memory'].map(destroyer),
  ]
  // `dnnl_cpu` and `dnnl_stream_in_order` are both 1.
  const engine = made(call('dnnl_engine_create', `${p} engine, int kind, size_t index`), 1, 0)
  const stream = made(call('dnnl_stream_create', `${p} stream, ${p} engine, uint32_t flags`), engine, 1)
  const describer = createDescribe(koffiModule, library, engine, made)
  const bytesOf = ask('dnnl_memory_desc_get_size', 'size_t', `${p} md`)
  const query = ask('dnnl_primitive_desc_query_md', p, `${p} pd, int what, int index`)
  const askDescription = call('dnnl_primitive_desc_query', `${p} pd, int what, int index, ${p} result`)
  const createPrimitive = call('dnnl_primitive_create', `${p} primitive, ${p} pd`)
  const createMemory = call('dnnl_memory_create', `${p} memory, ${p} md, ${p} engine, ${p} handle`)
  return {
    stream,
    implementation(plan) {
      const { description } = plan(describer.describe)
      askDescription(description, implementationQuery, 0, result.address)
      const name = koffiModule.decode(result.words, 'str') as string
      destroyDescription(description)
      describer.destroy()
      return name
    },
    make(plan) {
      const { description, operands } = plan(describer.describe)
      const scratch = query(description, scratchpadQuery, 0)
      const scratchBytes = bytesOf(scratch)
      const primitive = made(createPrimitive, description)
      const memories = operands.map(([, md]) => made(createMemory, md, engine, 0))
      const scratchpad = made(createMemory, scratch, engine, 0)
      destroyDescription(description)
      describer.destroy()
      const given = operands.flatMap(([name], i) => [name, memories[i]])
      const { words, address } = place(koffiModule, 8 * (given.length + 2))
      words.set([...given, argument.scratchpad, scratchpad].map(BigInt))
      const args = { args: address, argsCount: words.length / 2, held: words.buffer }
      return { primitive, memories, scratchpad, scratchBytes, ...args }
    },
    destroy({ primitive, memories, scratchpad }) {
      destroyPrimitive(primitive)
      for (const memory of [...memories, scratchpad]) destroyMemory(memory)
    },
  }
}

function createDescribe(
  koffiModule: typeof koffi,
  { call }: Library,
  engine: number,
  made: (create: (...args: number[]) => void, ...args: number[]) => number,
): { readonly describe: Describe; destroy(): void } {
  const sizes = place(koffiModule, 16 * maxDimensions)
  const strides = sizes.address + 8 * maxDimensions
  const descriptorOf = `${p} md, int n, ${p} sizes, int type, ${p} strides`
  const createDescriptor = call('dnnl_memory_desc_create_with_strides', descriptorOf)
  const createTagged = call('dnnl_memory_desc_create_with_tag', `${p} md, int n, ${p} sizes, int type, int tag`)
  const destroyDescriptor = call('dnnl_memory_desc_destroy', `${p} md`)
  const createAttributes = call('dnnl_primitive_attr_create', `${p} attr`)
  const destroyAttributes = call('dnnl_primitive_attr_destroy', `${p} attr`)
  const setScratchpadMode = call('dnnl_primitive_attr_set_scratchpad_mode', `${p} attr, int mode`)
  const setPostOps = call('dnnl_primitive_attr_set_post_ops', `${p} attr, ${p} ops`)
  const createPostOps = call('dnnl_post_ops_create', `${p} ops`)
  const appendSum = call('dnnl_post_ops_append_sum', `${p} ops, float scale, int32_t zero, int type`)
  const appendEltwise = call('dnnl_post_ops_append_eltwise', `${p} ops, int alg, float alpha, float beta`)
  const appendBinary = call('dnnl_post_ops_append_binary', `${p} ops, int alg, ${p} md`)
  const destroyPostOps = call('dnnl_post_ops_destroy', `${p} ops`)
  /** `dnnl_binary_mul`. */
  const multiply = 0x1fff1
  const creators = new Map<string, (...args: number[]) => void>()
  let owned: (() => void)[] = []
  const setWords = (from: number, words: readonly number[]) =>
    words.forEach((word, i) => (sizes.words[from + i] = BigInt(word)))
  const owning = (descriptor: number) => {
    owned.push(() => destroyDescriptor(descriptor))
    return descriptor
  }
  return {
    destroy() {
      for (const end of owned) end()
      owned = []
    },
    describe: {
      engine,
      matrix(rows, columns, type, rowStride, columnStride, several) {
        setWords(0, [...(several ? [several[0]] : []), rows, columns])
        setWords(maxDimensions, [...(several ? [several[1]] : []), rowStride, columnStride])
        return owning(made(createDescriptor, several ? 3 : 2, sizes.address, dataTypes[type], strides))
      },
      packedMatrix(rows, columns) {
        setWords(0, [rows, columns])
        return owning(made(createTagged, 2, sizes.address, dataTypes.bf16, packedTag))
      },
      attributes(fill) {
        const attr = made(createAttributes)
        owned.push(() => destroyAttributes(attr))
        setScratchpadMode(attr, userScratchpad)
        const ops = made(createPostOps)
        fill({
          eltwise: (algorithm, alpha, beta) => appendEltwise(ops, algorithm, alpha, beta),
          times: (descriptor) => appendBinary(ops, multiply, descriptor),
          sum: () => appendSum(ops, 1, 0, 0),
        })
        setPostOps(attr, ops)
        destroyPostOps(ops)
        return attr
      },
      description(name, parameters, ...args) {
        const create = creators.get(name) ?? call(`dnnl_${name}_primitive_desc_create`, `${p} pd, ${parameters}`)
        creators.set(name, create)
        return made(create, ...args)
      },
    },
  }
}
