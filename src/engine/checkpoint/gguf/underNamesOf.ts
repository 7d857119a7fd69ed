// A GGUF file read as the checkpoint that it was made from, with its names, row order, orientation and norms. The two can then be
// compared.
import { ggufFamilies } from '../../../catalog/families/gguf/ggufFamilies.ts'
import { ggufTensors, type GgufTensor } from '../../../catalog/families/gguf/ggufTensors.ts'
import { readModelConfig } from '../../../catalog/families/modelConfig.ts'
import { FamilyError } from '../../../catalog/families/familyError.ts'
import { EngineError } from '../../errors.ts'
import { matrixOf } from '../stats/rowPieces.ts'
import { readsBy } from '../createCheckpoint.ts'
import { isOfGguf, type Checkpoint, type TensorEntry } from '../checkpoint.ts'

/** Both checkpoints with the same names: a GGUF one gets the other's. @throws EngineError 'unsupported' for a family without GGUF names. */
export function underSameNames(a: Checkpoint, b: Checkpoint): [Checkpoint, Checkpoint] {
  if (isOfGguf(a) === isOfGguf(b)) return [a, b]
  return isOfGguf(a) ? [underNamesOf(a, b), b] : [a, underNamesOf(b, a)]
}

function underNamesOf(gguf: Checkpoint, model: Checkpoint): Checkpoint {
  const mapped = new Map(tensorsOf(model, gguf.path).map((tensor) => [tensor.name, tensor]))
  const tensors = new Map<string, TensorEntry>()
  const sources = new Map<string, { tensor: GgufTensor; entry: TensorEntry }>()
  for (const entry of gguf.tensors.values()) {
    const tensor = mapped.get(entry.name)
    if (!tensor) {
      tensors.set(entry.name, entry)
      continue
    }
    const shape = tensor.transposed ? [...entry.shape].reverse() : entry.shape
    tensors.set(tensor.from, { ...entry, name: tensor.from, shape })
    sources.set(tensor.from, { tensor, entry })
  }
  let last: { name: string; bytes: Promise<Uint8Array<ArrayBuffer>> } | null = null
  async function readInto(name: string, start: number, target: Uint8Array): Promise<void> {
    const source = sources.get(name)
    if (!source || isAsItWas(source.tensor)) return gguf.readInto(source?.entry.name ?? name, start, target)
    // A tensor that GGUF changed is converted back whole, and kept, since its pieces are requested one after the other.
    if (last?.name !== name) last = { name, bytes: gguf.read(source.entry.name).then((bytes) => undone(bytes, source)) }
    target.set((await last.bytes).subarray(start, start + target.length))
  }
  // With the model's config, roles are found by the model's tensor names.
  const { config } = model
  return { ...gguf, config, tensors, ...readsBy(readInto, (name) => tensors.get(name)?.bytes ?? 0) }
}

function tensorsOf({ config, tensors, path }: Checkpoint, gguf: string): GgufTensor[] {
  const cannot = (why: string) =>
    new EngineError(
      'unsupported',
      `${gguf} cannot be compared with ${path}: its tensor names cannot be translated: ${why}`,
    )
  if (config === null) throw cannot('there is no config.json beside those weights')
  try {
    const model = readModelConfig(config, tensors)
    const { modelType, title } = model.family
    const family = Object.hasOwn(ggufFamilies, modelType) ? ggufFamilies[modelType] : undefined
    if (!family) throw cannot(`SparseScope knows no GGUF tensor names for ${title}`)
    const mapped = ggufTensors(model, family)
    if (typeof mapped === 'string') throw cannot(`GGUF has no place for ${mapped}`)
    return mapped
  } catch (error) {
    if (!(error instanceof FamilyError)) throw error
    throw cannot(`config.json cannot be used: ${error.message}`)
  }
}

function isAsItWas({ order, transposed, plus }: GgufTensor): boolean {
  return order === null && !transposed && plus === 0
}

/** The bytes of a tensor in the checkpoint's order, without the constant that GGUF adds. */
function undone(bytes: Uint8Array<ArrayBuffer>, { tensor, entry }: { tensor: GgufTensor; entry: TensorEntry }) {
  const { order, transposed, plus } = tensor
  const { rows, columns } = matrixOf(entry)
  const width = bytes.length / Math.max(1, rows * columns)
  const out = new Uint8Array(bytes.length)
  const copy = (from: number, to: number, count: number) =>
    out.set(bytes.subarray(from * width, (from + count) * width), to * width)
  if (transposed) {
    for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) copy(r * columns + c, c * rows + r, 1)
  } else for (let r = 0; r < rows; r++) copy(r * columns, (order?.(r) ?? r) * columns, columns)
  if (plus !== 0 && entry.dtype === 'F32') {
    const numbers = new Float32Array(out.buffer)
    for (let i = 0; i < numbers.length; i++) numbers[i] -= plus
  }
  return out
}
