// Products by oneDNN's `matmul` primitive through its C API (oneapi/dnnl/dnnl.h and dnnl_types.h of 3.4 to 3.10): a primitive is
// made once for its shape and types, and kept by the thread. Objects of the library travel as numbers.
import type koffi from 'koffi'
import type { LibraryHandle } from 'koffi'

export type ElementType = 'f32' | 'bf16'

/** c[m,n] = op(a) · op(b), added to what is there with `accumulate`; row-major, c in f32, leading dimensions in elements. */
export type Matmul = (
  type: ElementType,
  transA: boolean,
  transB: boolean,
  m: number,
  n: number,
  k: number,
  a: number,
  lda: number,
  b: number,
  ldb: number,
  c: number,
  ldc: number,
  accumulate: boolean,
) => void

/** `dnnl_data_type_t`. */
const dataTypes = { bf16: 2, f32: 3 }
/** Arguments of an execution, DNNL_ARG_…. */
const argument = { source: 1, weights: 33, destination: 17, scratchpad: 80 }
/** `dnnl_query_scratchpad_md` and `dnnl_scratchpad_mode_user`. */
const [scratchpadQuery, userScratchpad] = [136, 1]
/** `DNNL_MAX_NDIMS`: dimensions and strides are arrays of so many. */
const maxDimensions = 12
/** Primitives that a thread keeps; batches of many lengths bring new shapes all the time. */
const mostKept = 512
const alignment = 64

/** Functions of the C API. A handle is a number, and a place for a result an address. */
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

/** What a primitive is made for. */
interface Shape {
  readonly type: ElementType
  readonly transA: boolean
  readonly transB: boolean
  readonly m: number
  readonly n: number
  readonly k: number
  readonly lda: number
  readonly ldb: number
  readonly ldc: number
  readonly accumulate: boolean
}

interface Kept extends Shape {
  readonly primitive: number
  /** Memory objects. */
  readonly a: number
  readonly b: number
  readonly c: number
  readonly scratchpad: number
  readonly scratchBytes: number
  /** The execution's arguments: their address, their number and what keeps them alive. */
  readonly args: number
  readonly argsCount: number
  readonly held: ArrayBuffer
}

/** A place that the library writes to or reads from; the garbage collector does not move it. */
function place(koffiModule: typeof koffi, bytes: number): { words: BigInt64Array<ArrayBuffer>; address: number } {
  const words = new BigInt64Array(new ArrayBuffer(bytes))
  return { words, address: Number(koffiModule.address(words)) }
}

/** Binds the primitive for the calling thread; `pointer` makes a library's pointer of an address. */
export function bindMatmul(
  koffiModule: typeof koffi,
  handle: LibraryHandle,
  pointer: (address: number) => number,
): Matmul {
  const library = functionsOf(handle)
  const maker = createMaker(koffiModule, library)
  const scratchpad = createScratchpad(koffiModule)
  const kept = new Map<number, Kept[]>()
  let count = 0
  const keep = (shape: Shape, key: number): Kept => {
    if (count === mostKept) {
      for (const one of [...kept.values()].flat()) maker.destroy(one)
      kept.clear()
      count = 0
    }
    const made = maker.make(shape)
    kept.set(key, [...(kept.get(key) ?? []), made])
    count++
    return made
  }
  // A tile of attention takes some microseconds: nothing else happens here for each product.
  const setHandle = library.ask('dnnl_memory_set_data_handle', 'int', 'uintptr_t memory, uintptr_t handle')
  const run = library.ask(
    'dnnl_primitive_execute',
    'int',
    'uintptr_t primitive, uintptr_t stream, int count, uintptr_t args',
  )
  return (type, transA, transB, m, n, k, a, lda, b, ldb, c, ldc, accumulate) => {
    const key = (m * 131071 + n) * 131071 + k
    const made =
      kept
        .get(key)
        ?.find(
          (one) =>
            one.m === m &&
            one.n === n &&
            one.k === k &&
            one.lda === lda &&
            one.ldb === ldb &&
            one.ldc === ldc &&
            one.type === type &&
            one.transA === transA &&
            one.transB === transB &&
            one.accumulate === accumulate,
        ) ?? keep({ type, transA, transB, m, n, k, lda, ldb, ldc, accumulate }, key)
    setHandle(made.a, pointer(a))
    setHandle(made.b, pointer(b))
    setHandle(made.c, pointer(c))
    setHandle(made.scratchpad, scratchpad(made.scratchBytes))
    const status = run(made.primitive, maker.stream, made.argsCount, made.args)
    if (status !== 0) throw new Error(`internal: oneDNN refused a product of ${m} × ${n} × ${k} (status ${status})`)
  }
}

/** Memory that the thread's primitives share, one after the other. */
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
  make(shape: Shape): Kept
  destroy(made: Kept): void
}

function createMaker(koffiModule: typeof koffi, library: Library): Maker {
  const { call, ask } = library
  const objects = createObjects(koffiModule, library)
  const { made, matrix, attributes } = objects
  const p = 'uintptr_t'
  const bytesOf = ask('dnnl_memory_desc_get_size', 'size_t', `${p} md`)
  const describe = call(
    'dnnl_matmul_primitive_desc_create',
    `${p} pd, ${p} engine, ${p} a, ${p} b, ${p} bias, ${p} c, ${p} attr`,
  )
  const query = ask('dnnl_primitive_desc_query_md', p, `${p} pd, int what, int index`)
  const createPrimitive = call('dnnl_primitive_create', `${p} primitive, ${p} pd`)
  const createMemory = call('dnnl_memory_create', `${p} memory, ${p} md, ${p} engine, ${p} handle`)
  const [destroyDescriptor, destroyAttributes, destroyDescription, destroyPrimitive, destroyMemory] = [
    ...['memory_desc', 'primitive_attr', 'primitive_desc', 'primitive', 'memory'],
  ].map((what) => call(`dnnl_${what}_destroy`, `${p} object`))
  // Kind CPU, and a stream in order.
  const engine = made(call('dnnl_engine_create', `${p} engine, int kind, size_t index`), 1, 0)
  const stream = made(call('dnnl_stream_create', `${p} stream, ${p} engine, uint32_t flags`), engine, 1)
  return {
    stream,
    make(shape) {
      const { m, n, k, lda, ldb, ldc, transA, transB, accumulate } = shape
      const type = dataTypes[shape.type]
      const left = transA ? matrix(m, k, type, 1, lda) : matrix(m, k, type, lda, 1)
      const right = transB ? matrix(k, n, type, 1, ldb) : matrix(k, n, type, ldb, 1)
      const out = matrix(m, n, dataTypes.f32, ldc, 1)
      const attr = attributes(accumulate)
      const description = made(describe, engine, left, right, 0, out, attr)
      const scratch = query(description, scratchpadQuery, 0)
      const scratchBytes = bytesOf(scratch)
      const primitive = made(createPrimitive, description)
      const [a, b, c, scratchpad] = [left, right, out, scratch].map((md) => made(createMemory, md, engine, 0))
      destroyDescription(description)
      destroyAttributes(attr)
      for (const md of [left, right, out]) destroyDescriptor(md)
      const given = [
        ...[argument.source, a, argument.weights, b, argument.destination, c],
        ...[argument.scratchpad, scratchpad],
      ]
      const { words, address } = place(koffiModule, 8 * given.length)
      words.set(given.map(BigInt))
      const args = { args: address, argsCount: given.length / 2, held: words.buffer }
      return { ...shape, primitive, a, b, c, scratchpad, scratchBytes, ...args }
    },
    destroy({ primitive, a, b, c, scratchpad }) {
      destroyPrimitive(primitive)
      for (const memory of [a, b, c, scratchpad]) destroyMemory(memory)
    },
  }
}

interface Objects {
  /** The object that `create` leaves at the address of its first argument. */
  made(create: (...args: number[]) => void, ...args: number[]): number
  /** Descriptor of a matrix, with the strides of its rows and columns in elements. */
  matrix(rows: number, columns: number, type: number, rowStride: number, columnStride: number): number
  attributes(accumulate: boolean): number
}

function createObjects(koffiModule: typeof koffi, { call }: Library): Objects {
  const result = place(koffiModule, 8)
  const sizes = place(koffiModule, 16 * maxDimensions)
  const strides = sizes.address + 8 * maxDimensions
  const p = 'uintptr_t'
  const createDescriptor = call(
    'dnnl_memory_desc_create_with_strides',
    `${p} md, int n, ${p} sizes, int type, ${p} strides`,
  )
  const createAttributes = call('dnnl_primitive_attr_create', `${p} attr`)
  const setScratchpadMode = call('dnnl_primitive_attr_set_scratchpad_mode', `${p} attr, int mode`)
  const setPostOps = call('dnnl_primitive_attr_set_post_ops', `${p} attr, ${p} ops`)
  const createPostOps = call('dnnl_post_ops_create', `${p} ops`)
  const appendSum = call('dnnl_post_ops_append_sum', `${p} ops, float scale, int32_t zero, int type`)
  const destroyPostOps = call('dnnl_post_ops_destroy', `${p} ops`)
  const made: Objects['made'] = (create, ...args) => {
    create(result.address, ...args)
    return Number(result.words[0])
  }
  return {
    made,
    matrix(rows, columns, type, rowStride, columnStride) {
      for (const [i, size] of [rows, columns].entries()) sizes.words[i] = BigInt(size)
      for (const [i, stride] of [rowStride, columnStride].entries()) sizes.words[maxDimensions + i] = BigInt(stride)
      return made(createDescriptor, 2, sizes.address, type, strides)
    },
    attributes(accumulate) {
      const attr = made(createAttributes)
      setScratchpadMode(attr, userScratchpad)
      if (!accumulate) return attr
      const ops = made(createPostOps)
      appendSum(ops, 1, 0, 0)
      setPostOps(attr, ops)
      destroyPostOps(ops)
      return attr
    },
  }
}
