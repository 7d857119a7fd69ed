// Reads what one file of weights holds, with a few small reads whatever its size.
import { FormatError } from '../../errors.ts'
import { type CheckpointFormat, formatOf, isGguf } from '../../catalog/formats/checkpointFormats.ts'
import {
  headerLength,
  parseHeader,
  prefixBytes,
  type SafetensorsHeader,
} from '../../catalog/formats/safetensorsHeader.ts'
import { EngineError } from '../errors.ts'
import type { WeightFiles } from './weightFiles.ts'
import type { FilePlace, PlacedTensor } from './fileHeader.ts'
import { readGgufFile } from './gguf/readGgufFile.ts'
import { readTorchHeader } from './torch/readTorchHeader.ts'

/** What a file holds, in the form of a safetensors header. */
type ReadHeader = Omit<SafetensorsHeader, 'tensors'> & { readonly tensors: readonly PlacedTensor[] }

type HeaderReader = (pool: WeightFiles, path: string, fileBytes: number) => Promise<ReadHeader & { dataStart: number }>

const readers: Readonly<Record<CheckpointFormat['id'] | 'gguf', HeaderReader>> = {
  gguf: readGgufFile,
  safetensors: readSafetensorsHeader,
  torch: readTorchHeader,
}

/** @throws EngineError 'bad-checkpoint' that names the file. */
export async function readHeader(pool: WeightFiles, path: string): Promise<ReadHeader & FilePlace> {
  const bytes = await pool.sizeOf(path)
  const read = readers[isGguf(path) ? 'gguf' : (formatOf(path)?.id ?? 'safetensors')]
  return inFile(path, async () => ({ ...(await read(pool, path, bytes)), bytes }))
}

async function readSafetensorsHeader(pool: WeightFiles, path: string, fileBytes: number) {
  const prefix = new Uint8Array(Math.min(prefixBytes, fileBytes))
  await pool.read(path, 0, prefix)
  const length = headerLength(prefix, fileBytes)
  const json = new Uint8Array(length)
  await pool.read(path, prefixBytes, json)
  const dataStart = prefixBytes + length
  return { ...parseHeader(json, fileBytes - dataStart), dataStart }
}

/** Runs a parser; its FormatErrors become 'bad-checkpoint' with the file's name in front. */
export async function inFile<T>(path: string, parse: () => T | Promise<T>): Promise<T> {
  try {
    return await parse()
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    const { message, reason } = error
    throw new EngineError('bad-checkpoint', `${path}: ${message}`, { cause: error, reason })
  }
}
