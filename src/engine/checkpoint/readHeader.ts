// Reads what one file of weights holds, with a few small reads whatever its size.
import { FormatError } from '../../shared/format/formatError.ts'
import { formatOf, type CheckpointFormat } from '../../shared/format/checkpointFormats.ts'
import {
  headerLength,
  parseHeader,
  prefixBytes,
  type SafetensorsHeader,
} from '../../shared/format/safetensorsHeader.ts'
import { EngineError } from '../errors.ts'
import type { WeightFiles } from './weightFiles.ts'
import { readTorchHeader } from './torch/readTorchHeader.ts'

/** The place of a header's tensors. */
export interface FilePlace {
  /** Size of the file. */
  readonly bytes: number
  /** Byte at which the data begins. */
  readonly dataStart: number
}

type HeaderReader = (
  pool: WeightFiles,
  path: string,
  fileBytes: number,
) => Promise<SafetensorsHeader & { dataStart: number }>

const readers: Readonly<Record<CheckpointFormat['id'], HeaderReader>> = {
  safetensors: readSafetensorsHeader,
  torch: readTorchHeader,
}

/** @throws EngineError 'bad-checkpoint' that names the file. */
export async function readHeader(pool: WeightFiles, path: string): Promise<SafetensorsHeader & FilePlace> {
  const bytes = await pool.sizeOf(path)
  const read = readers[formatOf(path)?.id ?? 'safetensors']
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
