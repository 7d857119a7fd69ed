// The header of one safetensors file on disk: two small reads, whatever the file's size.
import { stat } from 'node:fs/promises'
import { FormatError } from '../../shared/format/formatError.ts'
import { headerLength, prefixBytes, type SafetensorsHeader } from '../../shared/format/safetensorsHeader.ts'
import { EngineError } from '../errors.ts'
import { readError } from './diskErrors.ts'
import type { FilePool } from './filePool.ts'

/** Where a header's tensors are. */
export interface FilePlace {
  /** Size of the file. */
  readonly bytes: number
  /** Where the data begins. */
  readonly dataStart: number
}

/** `parseHeader`, or `listHeader` for looking only. */
export type HeaderParser<H extends SafetensorsHeader> = (json: Uint8Array, dataBytes: number) => H

/** @throws EngineError 'bad-checkpoint' that names the file. */
export async function readHeader<H extends SafetensorsHeader>(
  pool: FilePool,
  path: string,
  parse: HeaderParser<H>,
): Promise<H & FilePlace> {
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
    return { ...parse(json, facts.size - dataStart), bytes: facts.size, dataStart }
  })
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
