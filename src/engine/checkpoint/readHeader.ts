// The header of one safetensors file on disk: two small reads, whatever the file's size.
import { stat } from 'node:fs/promises'
import { FormatError } from '../../shared/format/formatError.ts'
import {
  headerLength,
  parseHeader,
  prefixBytes,
  type SafetensorsHeader,
} from '../../shared/format/safetensorsHeader.ts'
import { EngineError } from '../errors.ts'
import { readError } from './diskErrors.ts'
import type { FilePool } from './filePool.ts'

export interface FileHeader extends SafetensorsHeader {
  /** Size of the file. */
  readonly bytes: number
  /** Where the data begins. */
  readonly dataStart: number
}

/** @throws EngineError 'bad-checkpoint' that names the file. */
export async function readHeader(pool: FilePool, path: string): Promise<FileHeader> {
  const facts = await stat(path).catch((error: unknown) => {
    throw readError(error, path)
  })
  // A pipe would never end and a folder has no bytes.
  if (!facts.isFile())
    throw new EngineError('bad-checkpoint', `${path} is not a regular file; give a .safetensors file`)
  const prefix = new Uint8Array(Math.min(prefixBytes, facts.size))
  await pool.read(path, 0, prefix)
  return inFile(path, async () => {
    const length = headerLength(prefix, facts.size)
    const json = new Uint8Array(length)
    await pool.read(path, prefixBytes, json)
    const dataStart = prefixBytes + length
    return { ...parseHeader(json, facts.size - dataStart), bytes: facts.size, dataStart }
  })
}

/** Runs a parser; its FormatErrors become 'bad-checkpoint' with the file's name in front. */
export async function inFile<T>(path: string, parse: () => T | Promise<T>): Promise<T> {
  try {
    return await parse()
  } catch (error) {
    if (error instanceof FormatError) {
      throw new EngineError('bad-checkpoint', `${path}: ${error.message}`, { cause: error })
    }
    throw error
  }
}
