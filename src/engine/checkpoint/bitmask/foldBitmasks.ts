// Weights in compressed-tensors' layouts `sparse-bitmask` and `sparse-24-bitmask` become dense matrices:
// code that opens a checkpoint sees M.weight [R, C] and none of its parts.
import { bitmaskParts, bitmaskSpecs, type BitmaskPart } from '../../../catalog/formats/bitmask.ts'
import { bytesOfTensor } from '../../../catalog/formats/dtypes.ts'
import { FormatError, quoted } from '../../../errors.ts'
import type { TensorInfo } from '../../../catalog/formats/safetensorsHeader.ts'
import type { WeightFiles, FileHeader, PartPlace, PlacedTensor } from '../fileHeader.ts'

/** Most columns of a matrix, since rows are read whole. No model has as many inputs. */
const mostColumns = 2 ** 24

interface Found {
  readonly header: FileHeader
  readonly tensor: TensorInfo
}

/**
 * The headers with every complete set of parts as one tensor, in the place of `compressed`.
 * `complain` gets an error for each set whose parts do not fit together; these parts stay as they are.
 */
export async function foldBitmasks(
  pool: WeightFiles,
  headers: readonly FileHeader[],
  complain: (path: string, error: FormatError) => void,
): Promise<readonly FileHeader[]> {
  const bitmaskSuffix = '.bitmask'
  const bases = headers.flatMap(({ tensors }) =>
    tensors.filter(({ name }) => name.endsWith(bitmaskSuffix)).map(({ name }) => name.slice(0, -bitmaskSuffix.length)),
  )
  if (bases.length === 0) return headers
  const found = new Map<string, Found>()
  for (const header of headers) for (const tensor of header.tensors) found.set(tensor.name, { header, tensor })
  const weights = new Map<string, PlacedTensor>()
  const parts = new Set<string>()
  for (const base of bases) {
    // Without `compressed`, a tensor with this name is a buffer of the model itself.
    if (!found.has(`${base}.compressed`)) continue
    try {
      weights.set(`${base}.compressed`, await weightOf(pool, base, found))
      for (const part of bitmaskParts) parts.add(`${base}.${part}`)
    } catch (error) {
      if (!(error instanceof FormatError)) throw error
      complain(found.get(`${base}.compressed`)?.header.path ?? '', error)
    }
  }
  return headers.map((header) => ({
    ...header,
    tensors: header.tensors.flatMap((tensor) => {
      const weight = weights.get(tensor.name)
      return weight ? [weight] : parts.has(tensor.name) ? [] : [tensor]
    }),
  }))
}

/** @throws FormatError when the parts do not make a matrix. */
async function weightOf(pool: WeightFiles, base: string, found: ReadonlyMap<string, Found>): Promise<PlacedTensor> {
  const name = `${base}.weight`
  const wrong = (what: string) =>
    new FormatError(`the bitmask of ${quoted(base)} ${what}; get the checkpoint again, or write it again`)
  if (found.has(name)) throw wrong(`is stored together with ${quoted(name)}: only one of the two may be there`)
  const part = (kind: BitmaskPart): Found => {
    const one = found.get(`${base}.${kind}`)
    if (!one) throw wrong(`has no ${quoted(`${base}.${kind}`)}`)
    if (one.tensor.strides) throw wrong(`is not contiguous`)
    return one
  }
  const [values, bits, shape] = [part('compressed'), part('bitmask'), part('shape')]
  // If the values form a matrix and there are no row offsets, the layout is the one for 2:4.
  const offsets = values.tensor.shape.length === 2 && !found.has(`${base}.row_offsets`) ? null : part('row_offsets')
  const { dtype } = values.tensor
  const [rows, columns] = await readShape(pool, shape, wrong)
  const bytes = bytesOfTensor(dtype, [rows, columns])
  const itemBytes = itemBytesOf(dtype)
  if (bytes === null || itemBytes === null) throw wrong(`has the type ${dtype}, which bitmasks do not support`)
  const sizes = values.tensor.shape
  const kept = sizes.reduce((a, b) => a * b, 1)
  const fits = offsets
    ? sizes.length === 1 && kept <= rows * columns
    : columns % 4 === 0 && sizes[0] === rows && 2 * sizes[1] === columns
  if (!fits) throw wrong(`has [${sizes.join(', ')}] values for ${rows} × ${columns} weights`)
  const specs = bitmaskSpecs(dtype, rows, columns, kept)
  for (const kind of offsets ? (['bitmask', 'row_offsets'] as const) : (['bitmask'] as const)) {
    const { tensor } = part(kind)
    const want = specs[kind]
    if (tensor.dtype !== want.dtype || String(tensor.shape) !== String(want.shape))
      throw wrong(
        `has ${kind} as ${tensor.dtype} [${tensor.shape.join(', ')}] where ${rows} × ${columns} weights need ${want.dtype} [${want.shape.join(', ')}]`,
      )
  }
  const place = ({ header, tensor }: Found): PartPlace => ({
    path: header.path,
    start: header.dataStart + tensor.start,
    bytes: tensor.end - tensor.start,
  })
  const { start } = values.tensor
  return {
    name,
    dtype,
    shape: [rows, columns],
    start,
    end: start + bytes,
    bitmask: {
      ...{ rows, columns, itemBytes, kept },
      bytes: [values, bits, shape, offsets].reduce((sum, one) => sum + (one ? place(one).bytes : 0), 0),
      compressed: place(values),
      bits: place(bits),
      offsets: offsets && place(offsets),
    },
  }
}

/** Bytes of an element; null where elements share bytes. */
function itemBytesOf(dtype: TensorInfo['dtype']): 1 | 2 | 4 | 8 | null {
  const bytes = bytesOfTensor(dtype, [1])
  return bytes === 1 || bytes === 2 || bytes === 4 || bytes === 8 ? bytes : null
}

async function readShape(
  pool: WeightFiles,
  { header, tensor }: Found,
  wrong: (what: string) => FormatError,
): Promise<[rows: number, columns: number]> {
  if (tensor.dtype !== 'I64' || tensor.end - tensor.start !== 16) throw wrong('has a shape that is not two numbers')
  const bytes = new Uint8Array(16)
  await pool.read(header.path, header.dataStart + tensor.start, bytes)
  const [rows, columns] = [...new BigInt64Array(bytes.buffer)].map(Number)
  const isSize = (size: number) => Number.isSafeInteger(size) && size > 0
  if (!isSize(rows) || !isSize(columns) || columns > mostColumns || !Number.isSafeInteger(rows * columns))
    throw wrong(`has the shape ${rows} × ${columns}`)
  return [rows, columns]
}
