// A case: tensors, one kernel call, and what may differ from the f64 reference. Every backend runs the same list.
import assert from 'node:assert/strict'
import type { Backend } from '../../../../src/engine/compute/backend.ts'
import type { Kernels } from '../../../../src/engine/compute/kernels.ts'
import { openReference } from '../../../support/reference/backend.ts'
import { maskWords } from '../../../../src/catalog/formats/maskFile.ts'
import { lengthOf, slice, type Tensor } from '../../../../src/engine/compute/tensor.ts'
import { bf16ToF32, f32ToBf16, f32ToF16, hostArray, type DType, type HostArray } from '../../../../src/engine/dtype.ts'
import { createRng, type Rng } from '../../../../src/engine/rng.ts'

export interface HostTensor {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly data: HostArray
}

/** |value − expected| ≤ absolute + relative·|expected| + ofMax·max|expected|, for every element. */
export interface Tolerance {
  readonly absolute?: number
  readonly relative?: number
  readonly ofMax?: number
}

export interface OpCase {
  readonly name: string
  readonly tensors: Readonly<Record<string, HostTensor>>
  run(kernels: Kernels, t: Readonly<Record<string, Tensor>>): void
  /** Names of the tensors that are compared; no other tensor may change. */
  readonly outputs: readonly string[]
  /** Tensors whose contents mean nothing afterwards. */
  readonly used?: readonly string[]
  readonly tolerance: Tolerance
}

/** Sums of K products in f32, in another order than the reference's: the error grows like √K·2⁻²⁴ of the largest. */
export const sums: Tolerance = { ofMax: 5e-6 }
/** The same bits: copies and selections. */
export const exact: Tolerance = {}
/** A few roundings. */
export const roundings: Tolerance = { relative: 4e-7, absolute: 1e-30 }

/** The parts of a tensor [count, …], side by side in memory. */
export function partsOf(tensor: Tensor, count: number): Tensor[] {
  const length = tensor.length / count
  return Array.from({ length: count }, (_, k) => slice(tensor, k * length, tensor.shape.slice(1)))
}

/** Random tensors of one case; the same on every backend. */
export function maker(name: string) {
  const rng = createRng(7, name)
  const f32 = (shape: readonly number[], scale = 1): HostTensor => ({
    dtype: 'f32',
    shape,
    data: Float32Array.from({ length: lengthOf(shape) }, () => scale * rng.normal()),
  })
  return {
    rng,
    f32,
    /** Values of a weight as a checkpoint stores them. */
    weight: (dtype: DType, shape: readonly number[], scale = 1): HostTensor => pack(dtype, f32(shape, scale)),
    ids: (shape: readonly number[], below: number, from = 0): HostTensor => ({
      dtype: 'i32',
      shape,
      data: Int32Array.from({ length: lengthOf(shape) }, () => from + rng.below(below - from)),
    }),
    mask: (rows: number, columns: number, kept = 0.5) => maskTensor(rng, rows, columns, kept),
  }
}

function pack(dtype: DType, values: HostTensor): HostTensor {
  if (dtype === 'f32') return values
  return { dtype, shape: values.shape, data: Uint16Array.from(values.data, dtype === 'bf16' ? f32ToBf16 : f32ToF16) }
}

function maskTensor(rng: Rng, rows: number, columns: number, kept: number): HostTensor {
  const words = maskWords(columns)
  const data = new Uint32Array(rows * words)
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) if (rng.uniform() < kept) data[r * words + (c >> 5)] |= 2 ** (c & 31)
  return { dtype: 'u32', shape: [rows, words], data }
}

export const constant = (shape: readonly number[], value: number): HostTensor => ({
  dtype: 'f32',
  shape,
  data: new Float32Array(lengthOf(shape)).fill(value),
})

export const given = (shape: readonly number[], values: readonly number[]): HostTensor => ({
  dtype: 'f32',
  shape,
  data: Float32Array.from(values),
})

/** Whatever was there before: outputs that are overwritten start from it. */
export const garbage = (shape: readonly number[]) => constant(shape, NaN)

/** Cells around a view; a kernel that touches them writes outside its tensor. */
const guardValue = 77

interface Placed {
  readonly whole: Tensor
  readonly view: Tensor
  readonly offset: number
}

/** What a case needs of a backend. */
type Device = Pick<Backend, 'allocate' | 'release' | 'write' | 'read' | 'kernels'>

function place(backend: Device, { dtype, shape, data }: HostTensor, offset: number): Placed {
  const whole = backend.allocate(dtype, [data.length + 2 * offset])
  const cells = hostArray(dtype, whole.length).fill(guardValue)
  cells.set(data, offset)
  backend.write(whole, cells)
  return { whole, view: slice(whole, offset, shape), offset }
}

/** Runs a case; its tensors begin `offset` elements into their buffers. Returns the contents afterwards of all that are not `used`. */
export async function runCase(backend: Device, c: OpCase, offset = 0): Promise<Map<string, HostArray>> {
  const placed = Object.entries(c.tensors).map(([name, t]) => [name, place(backend, t, offset)] as const)
  c.run(backend.kernels, Object.fromEntries(placed.map(([name, p]) => [name, p.view])))
  const results = new Map<string, HostArray>()
  for (const [name, { whole }] of placed) {
    const cells = await backend.read(whole)
    for (const guard of [...cells.subarray(0, offset), ...cells.subarray(cells.length - offset)])
      assert.equal(guard, guardValue, `${c.name}: a cell outside ${name} was written`)
    if (!c.used?.includes(name)) results.set(name, cells.subarray(offset, cells.length - offset))
    backend.release(whole)
  }
  return results
}

const expectedContents = new Map<OpCase, Promise<Map<string, HostArray>>>()

/** Expected contents of every tensor, from the f64 reference, computed once. */
export function expectedOf(c: OpCase): Promise<Map<string, HostArray>> {
  const known = expectedContents.get(c) ?? runCase(openReference(), c)
  expectedContents.set(c, known)
  return known
}

function assertClose(actual: HostArray, expected: HostArray, tolerance: Tolerance, what: string): void {
  const { absolute = 0, relative = 0, ofMax = 0 } = tolerance
  let largest = 0
  for (const x of expected) if (Number.isFinite(x)) largest = Math.max(largest, Math.abs(x))
  for (let e = 0; e < expected.length; e++) {
    const [a, b] = [actual[e], expected[e]]
    if (Object.is(a, b) || a === b) continue
    const allowed = absolute + relative * Math.abs(b) + ofMax * largest
    assert.ok(Math.abs(a - b) <= allowed, `${what}[${e}] is ${a}, expected ${b} (±${allowed})`)
  }
}

/** Runs a case against the reference: outputs are close, inputs untouched. Returns every tensor's contents afterwards. */
export async function checkCase(backend: Device, c: OpCase, offset = 0): Promise<Map<string, HostArray>> {
  const expected = await expectedOf(c)
  const actual = await runCase(backend, c, offset)
  for (const [name, data] of actual) {
    const isOutput = c.outputs.includes(name)
    const reference = isOutput ? expected.get(name) : c.tensors[name].data
    assert.ok(reference)
    const tolerance = isOutput ? c.tolerance : exact
    // Values are compared where bits may differ, else bits.
    const asValues = (x: HostArray) => (tolerance === exact ? x : valuesOf(c.tensors[name].dtype, x))
    assertClose(asValues(data), asValues(reference), tolerance, `${c.name}: ${name}`)
  }
  return actual
}

const valuesOf = (dtype: DType, data: HostArray) => (dtype === 'bf16' ? Float32Array.from(data, bf16ToF32) : data)
