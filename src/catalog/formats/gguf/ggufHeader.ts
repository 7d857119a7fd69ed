// The header of a GGUF file: magic and version, counts, metadata, tensors with types and places; then the data, aligned.
// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. No field is trusted.
//
// The package @huggingface/gguf bounds counts and lengths, but it keeps the half a million strings of a vocabulary, restarts a value
// with each chunk that it fetches, and does not check offsets, overlaps or blocks. This reader keeps only a window of the file in memory.
import { elementsOf } from '../dtypes.ts'
import { FormatError, quoted } from '../../../errors.ts'
import { checkName } from '../safetensorsHeader.ts'
import { ByteCursor, type ByteSource, readValue, textBudget, type TextBudget } from './ggufValues.ts'
import { ggmlType, type GgmlType } from './ggmlTypes.ts'

export interface GgufTensor {
  readonly name: string
  /** null for a type that is not known here. */
  readonly type: GgmlType | null
  readonly typeName: string
  /** Outputs first, as in safetensors; the file has the inputs first. */
  readonly shape: readonly number[]
  /** Bytes from `dataStart`. */
  readonly start: number
  readonly end: number
}

export interface GgufHeader {
  readonly version: number
  readonly tensors: readonly GgufTensor[]
  /** Values as text; long lists are shortened. */
  readonly metadata: ReadonlyMap<string, string>
  readonly dataStart: number
}

/** The largest vocabularies take 20 MB. */
const maxHeaderBytes = 256 * 2 ** 20
const maxKeys = 4096
/** More than any model has, since the experts of a block are one tensor. */
const maxTensors = 2 ** 18
const maxDimensions = 4
const defaultAlignment = 32

/** @throws FormatError: what is wrong, and how to fix it. */
export async function readGgufHeader(source: ByteSource): Promise<GgufHeader> {
  const cursor = new ByteCursor(source, maxHeaderBytes)
  const version = await readVersion(cursor)
  await cursor.fill(16)
  const tensorCount = countOf(cursor.u64(), maxTensors, 'tensors')
  const keyCount = countOf(cursor.u64(), maxKeys, 'metadata keys')
  const budget = textBudget()
  const metadata = new Map<string, string>()
  for (let i = 0; i < keyCount; i++) {
    const key = await readText(cursor, budget, maxKeyBytes, 'a metadata key')
    if (metadata.has(key))
      throw new FormatError(`its metadata has ${quoted(key)} twice; the file is damaged: get it again`)
    await cursor.fill(4)
    metadata.set(key, await readValue(cursor, cursor.u32(), key, budget))
  }
  const alignment = alignmentOf(metadata)
  const infos: Info[] = []
  for (let i = 0; i < tensorCount; i++) infos.push(await readInfo(cursor, budget))
  const dataStart = Math.ceil(cursor.place / alignment) * alignment
  return { version, tensors: placed(infos, source.size - dataStart, alignment), metadata, dataStart }
}

async function readVersion(cursor: ByteCursor): Promise<number> {
  if (cursor.left < 8) throw new FormatError('the file is empty or has only a few bytes; download or copy it again')
  await cursor.fill(8)
  const magic = cursor.take(4)
  const text = String.fromCharCode(...new Uint8Array(magic.buffer, magic.byteOffset, 4))
  if (text === 'vers')
    throw new FormatError('it is a Git-LFS pointer, not the weights; run `git lfs pull` in its folder', 'refused')
  if (text !== 'GGUF')
    throw new FormatError('it does not begin as GGUF does; give the file its right suffix, or get it again')
  const version = cursor.u32()
  if (version === 2 || version === 3) return version
  throw new FormatError(
    version === 1
      ? 'it is GGUF of version 1, which nothing writes any more; convert the model again with a current llama.cpp'
      : (version & 0xffff) === 0
        ? 'it is a big-endian GGUF, which is not supported; convert it with gguf_convert_endian.py of llama.cpp'
        : `it is GGUF of version ${version}, which is not supported; convert the model again, to version 3`,
    'refused',
  )
}

function countOf(count: number, most: number, what: string): number {
  if (count <= most) return count
  throw new FormatError(
    `it claims ${count === Infinity ? 'more than 2^53' : count} ${what}, more than the ${most} of any model; the file is damaged: get it again`,
  )
}

const maxKeyBytes = 65_535
const maxNameBytes = 4096

async function readText(cursor: ByteCursor, budget: TextBudget, most: number, what: string): Promise<string> {
  await cursor.fill(8)
  const length = cursor.u64()
  if (length > most)
    throw new FormatError(
      `${what} claims ${length === Infinity ? 'more than 2^53' : length} bytes; the file is damaged: get it again`,
    )
  budget.spend(length)
  await cursor.fill(length)
  return new TextDecoder().decode(cursor.take(length))
}

/** A tensor as the header describes it. */
interface Info {
  readonly name: string
  readonly typeId: number
  readonly shape: readonly number[]
  readonly start: number
}

async function readInfo(cursor: ByteCursor, budget: TextBudget): Promise<Info> {
  const name = await readText(cursor, budget, maxNameBytes, 'the name of a tensor')
  checkName(name)
  await cursor.fill(4)
  const dimensions = cursor.u32()
  if (dimensions > maxDimensions)
    throw new FormatError(
      `${quoted(name)} has ${dimensions} dimensions; GGUF has at most ${maxDimensions}: get the file again`,
    )
  await cursor.fill(8 * dimensions + 12)
  const shape = Array.from({ length: dimensions }, () => cursor.u64()).reverse()
  const typeId = cursor.u32()
  return { name, typeId, shape, start: cursor.u64() }
}

function alignmentOf(metadata: ReadonlyMap<string, string>): number {
  const given = metadata.get('general.alignment')
  if (given === undefined) return defaultAlignment
  const alignment = Number(given)
  if (Number.isInteger(alignment) && alignment > 0 && alignment <= 2 ** 20 && (alignment & (alignment - 1)) === 0)
    return alignment
  throw new FormatError(
    `its general.alignment is ${quoted(given)}, but must be a power of two; the file is damaged: get it again`,
  )
}

/** The tensors with checked offsets: aligned, within the file, without overlap. */
function placed(infos: readonly Info[], dataBytes: number, alignment: number): GgufTensor[] {
  const names = new Set<string>()
  const tensors = infos.map((info): GgufTensor => {
    const { name, typeId, shape, start } = info
    if (names.has(name)) throw new FormatError(`it has ${quoted(name)} twice; the file is damaged: get it again`)
    names.add(name)
    if (start % alignment !== 0)
      throw new FormatError(
        `${quoted(name)} does not begin at a multiple of ${alignment} bytes; the file is damaged: get it again`,
      )
    const type = ggmlType(typeId)
    const bytes = type ? bytesOf(info, type) : 0
    // A file without data, such as one with only a vocabulary, may end before the first aligned byte.
    if (start + bytes > Math.max(0, dataBytes))
      throw new FormatError(
        `${quoted(name)}: its bytes ${start} to ${start + bytes} are not within the file's ${Math.max(0, dataBytes)} bytes of data; the download was cut off or the file is damaged: get it again`,
      )
    return { name, type, typeName: type?.name ?? `type ${typeId}`, shape, start, end: start + bytes }
  })
  const inOrder = [...tensors].sort((a, b) => a.start - b.start || a.end - b.end)
  for (const [i, { name, start }] of inOrder.entries()) {
    const before = inOrder[i - 1]
    if (i > 0 && start < before.end)
      throw new FormatError(
        `${quoted(name)} overlaps ${quoted(before.name)} in the file, which is damaged or was made to mislead; get it again`,
      )
  }
  return tensors
}

function bytesOf({ name, shape }: Info, { name: typeName, block, bytes }: GgmlType): number {
  const elements = elementsOf(shape)
  const what = `${quoted(name)}: ${typeName} [${shape.join(', ')}]`
  if (elements === null)
    throw new FormatError(`${what} has more weights than can be counted; the file is damaged: get it again`)
  if ((shape.at(-1) ?? 1) % block !== 0)
    throw new FormatError(
      `${what}: its rows are no multiple of the ${block} weights of a block; the file is damaged: get it again`,
    )
  return (elements / block) * bytes
}
