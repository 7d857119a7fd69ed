// The header of a safetensors file: 8 bytes of length (little-endian), that many bytes of JSON, then the data. Every field is checked
// when the header is parsed, so that code that uses a parsed header needs no further checks.
import { bytesOfTensor, isCount, isSafetensorsDtype, type SafetensorsDtype, safetensorsDtypes } from './dtypes.ts'
import { FormatError, quoted } from '../../errors.ts'
import { ggufRemedy } from './checkpointFormats.ts'
import { asObject, type Json, parseJson } from './json.ts'

export interface TensorInfo {
  readonly name: string
  readonly dtype: SafetensorsDtype
  readonly shape: readonly number[]
  /** Bytes from the start of the data, that is after the header. */
  readonly start: number
  readonly end: number
  /** Strides in elements, set only if the tensor is not contiguous; safetensors has none. */
  readonly strides?: readonly number[]
}

/** A tensor of an unknown element type: it can be named, but not read, and its size cannot be checked. */
export interface UnknownTensor extends Omit<TensorInfo, 'dtype'> {
  readonly dtype: string
}

export interface SafetensorsHeader {
  /** Tensors in the header's order; the data's order may differ. */
  readonly tensors: readonly TensorInfo[]
  /** Tensors of unknown element types. */
  readonly unknown: readonly UnknownTensor[]
  /** `__metadata__`. */
  readonly metadata: ReadonlyMap<string, string>
}

/** The format's own limit. */
const maxHeaderBytes = 100_000_000
const lengthBytes = 8
/** Bytes that `headerLength` needs: the length itself, or enough of the file to recognise another format. */
export const prefixBytes = lengthBytes

const maxNameLength = 4096
const maxDimensions = 64
const metadataKey = '__metadata__'

/**
 * Length of the JSON, from the file's first 8 bytes (or fewer, when it has no more) and its size.
 * @throws FormatError when this is no safetensors file or the length cannot be true.
 */
export function headerLength(prefix: Uint8Array, fileBytes: number): number {
  if (fileBytes === 0) throw new FormatError('the file is empty; download or copy it again')
  if (fileBytes < lengthBytes || prefix.length < lengthBytes) {
    throw new FormatError(`the file has only ${fileBytes} bytes; download or copy it again`)
  }
  const view = new DataView(prefix.buffer, prefix.byteOffset, lengthBytes)
  // A double is exact where it matters, since anything above the limit is refused.
  const length = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true)
  // Other formats are considered only if the length cannot be true: the length 640 has the first two bytes of a pickle.
  const other = length > fileBytes - lengthBytes ? otherFormat(prefix) : null
  if (other) throw new FormatError(other, 'refused')
  if (length > maxHeaderBytes) {
    throw new FormatError(
      `its header claims ${length} bytes, more than the format's limit of ${maxHeaderBytes}; it is not a safetensors file, or it is damaged: download it again`,
    )
  }
  if (length > fileBytes - lengthBytes) {
    throw new FormatError(
      `its header claims ${length} bytes, but the file ends after ${fileBytes}; the download was cut off: get the file again`,
    )
  }
  return length
}

/** Recognises, by their first bytes, files that are often mistaken for safetensors. */
function otherFormat(prefix: Uint8Array): string | null {
  const text = String.fromCharCode(...prefix.subarray(0, 8))
  // The space distinguishes a Git-LFS pointer from a recipe, which begins with `version:`.
  if (text === 'version ') return 'it is a Git-LFS pointer, not the weights; run `git lfs pull` in its folder'
  if (text.startsWith('PK\x03\x04') || (prefix[0] === 0x80 && prefix[1] >= 2 && prefix[1] <= 5))
    return 'it is a file of PyTorch under another name; give it the suffix .bin'
  if (text.startsWith('GGUF')) return `it is a GGUF file: ${ggufRemedy}`
  return null
}

/**
 * Checks and returns the header. `json` is exactly the header's bytes, `dataBytes` the number of bytes after it in the file.
 * Tensors of unknown types are listed apart; code that computes refuses them with `refuseUnknown`.
 * @throws FormatError naming the tensor and what disagrees.
 */
export function parseHeader(json: Uint8Array, dataBytes: number): SafetensorsHeader {
  const root = asObject(parseJson(decodeUtf8(json)), 'its header')
  const tensors: TensorInfo[] = []
  const unknown: UnknownTensor[] = []
  let metadata: ReadonlyMap<string, string> = new Map()
  for (const [name, value] of root) {
    if (name === metadataKey) {
      metadata = metadataOf(value)
      continue
    }
    const tensor = tensorOf(name, value, dataBytes)
    if (isKnown(tensor)) tensors.push(tensor)
    else unknown.push(tensor)
  }
  checkCoverage([...tensors, ...unknown], dataBytes)
  return { tensors, unknown, metadata }
}

/** @throws FormatError when an element type is unknown. */
export function refuseUnknown({ unknown }: SafetensorsHeader): void {
  for (const { name, dtype } of unknown) throw unknownDtype(name, quoted(dtype))
}

function isKnown(tensor: UnknownTensor): tensor is TensorInfo {
  return isSafetensorsDtype(tensor.dtype)
}

function unknownDtype(name: string, got: string): FormatError {
  return new FormatError(`${quoted(name)}: its dtype is ${got}; convert it to one of ${safetensorsDtypes.join(', ')}`)
}

export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new FormatError('its header is not UTF-8 text; the file is damaged: download it again')
  }
}

function metadataOf(value: Json): ReadonlyMap<string, string> {
  const metadata = new Map<string, string>()
  for (const [key, text] of asObject(value, metadataKey)) {
    if (typeof text !== 'string')
      throw new FormatError(
        `${metadataKey}.${quoted(key)} is not a string; save the file again with a tool that writes valid safetensors`,
      )
    metadata.set(key, text)
  }
  return metadata
}

function tensorOf(name: string, value: Json, dataBytes: number): UnknownTensor {
  checkName(name)
  const fields = asObject(value, quoted(name))
  const dtype = fields.get('dtype')
  if (typeof dtype !== 'string') throw unknownDtype(name, 'missing')
  const shape = shapeOf(name, fields.get('shape'))
  const offsets = fields.get('data_offsets')
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw new FormatError(
      `${quoted(name)}: data_offsets must be two whole numbers of bytes; the file is damaged: get it again`,
    )
  }
  const [start, end] = offsets as [number, number]
  if (start > end || end > dataBytes) {
    throw new FormatError(
      `${quoted(name)}: its bytes ${start} to ${end} are not within the file's ${dataBytes} bytes of data; the download was cut off or the file is damaged: get it again`,
    )
  }
  const expected = isSafetensorsDtype(dtype) ? bytesOfTensor(dtype, shape) : end - start
  if (expected !== end - start) {
    const wants = expected === null ? 'more bytes than can be counted' : `${expected} bytes`
    throw new FormatError(
      `${quoted(name)}: ${dtype} [${shape.join(', ')}] needs ${wants}, the file has ${end - start}; save it again with a tool that writes valid safetensors`,
    )
  }
  return { name, dtype, shape, start, end }
}

/** Names that cannot come from a model: they break terminals, file lists or objects built from them. */
export function checkName(name: string): void {
  const bad =
    name === ''
      ? 'is empty'
      : name.length > maxNameLength
        ? `is longer than ${maxNameLength} characters`
        : name === '__proto__'
          ? 'is reserved by JavaScript'
          : hasControl(name)
            ? 'contains control characters'
            : null
  if (bad) throw new FormatError(`the tensor name ${quoted(name)} ${bad}; rename the tensor`)
}

export function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true
  }
  return false
}

function shapeOf(name: string, value: Json | undefined): readonly number[] {
  if (!Array.isArray(value) || value.length > maxDimensions || !value.every(isCount)) {
    throw new FormatError(
      `${quoted(name)}: its shape must be a list of at most ${maxDimensions} whole numbers; the file is damaged: get it again`,
    )
  }
  return value as number[]
}

/** The tensors must cover every byte of the data exactly once. */
function checkCoverage(tensors: readonly UnknownTensor[], dataBytes: number): void {
  const inOrder = [...tensors].sort((a, b) => a.start - b.start || a.end - b.end)
  let covered = 0
  let last = 'the header'
  for (const { name, start, end } of inOrder) {
    if (start < covered) {
      throw new FormatError(
        `${quoted(name)} overlaps ${last} in the file, which is damaged or was made to mislead; get it again`,
      )
    }
    if (start > covered) {
      throw new FormatError(
        `${start - covered} bytes between ${last} and ${quoted(name)} belong to no tensor; the file is damaged: get it again`,
      )
    }
    covered = end
    last = quoted(name)
  }
  if (covered < dataBytes) {
    throw new FormatError(
      `the last ${dataBytes - covered} bytes of the file belong to no tensor; the file is damaged: get it again`,
    )
  }
}

// Writing: header bytes for tensors whose places in the file are decided.

/** Tensor data starts at a multiple of this, which aligns mapped files for every element type. */
const alignment = 8

/** Length, JSON and padding: everything before the data. Names come in the given order, `__metadata__` first. */
export function encodeHeader({ tensors, metadata }: Omit<SafetensorsHeader, 'unknown'>): Uint8Array<ArrayBuffer> {
  const entries = tensors.map((t) => `${JSON.stringify(t.name)}:${encodeTensor(t)}`)
  if (metadata.size > 0) entries.unshift(`"__metadata__":${encodeStrings(metadata)}`)
  const json = new TextEncoder().encode(`{${entries.join(',')}}`)
  const padded = Math.ceil(json.length / alignment) * alignment
  const bytes = new Uint8Array(8 + padded).fill(0x20)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, padded, true)
  view.setUint32(4, 0, true)
  bytes.set(json, 8)
  return bytes
}

function encodeTensor({ dtype, shape, start, end }: TensorInfo): string {
  return JSON.stringify({ dtype, shape, data_offsets: [start, end] })
}

function encodeStrings(map: ReadonlyMap<string, string>): string {
  return `{${[...map].map(([key, text]) => `${JSON.stringify(key)}:${JSON.stringify(text)}`).join(',')}}`
}
