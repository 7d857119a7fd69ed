// A safetensors file of F32 tensors whose values come piece by piece, in any order.
import { rm, stat } from 'node:fs/promises'
import { encodeHeader } from '../../catalog/formats/safetensorsHeader.ts'
import { writeError } from '../../system/diskErrors.ts'
import { createOwn } from '../../system/ownFile.ts'
import { EngineError } from '../errors.ts'
import { renameOver } from '../../system/renameOver.ts'

export interface F32Tensor {
  readonly name: string
  readonly shape: readonly number[]
}

export interface F32File {
  /** Puts values at element `start` of a tensor. */
  write(name: string, start: number, values: Float32Array): Promise<void>
  /** The file gets its name; one that was there before is replaced. */
  finish(): Promise<void>
  /** Removes the file. */
  abort(): Promise<void>
}

const bytesPerElement = 4

/** @throws EngineError 'disk' or 'usage' when the place cannot be written to. */
export async function createF32File(path: string, tensors: readonly F32Tensor[]): Promise<F32File> {
  let end = 0
  const starts = new Map<string, number>()
  const infos = tensors.map(({ name, shape }) => {
    const start = end
    end += bytesPerElement * shape.reduce((a, b) => a * b, 1)
    starts.set(name, start)
    return { name, dtype: 'F32' as const, shape, start, end }
  })
  const header = encodeHeader({ tensors: infos, metadata: new Map() })
  const temporary = `${path}.${process.pid}.partial`
  const orSay = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      throw writeError(error, path)
    })
  if ((await stat(path).catch(() => null))?.isDirectory())
    throw new EngineError('usage', `${path} is a folder; add the name of a file`)
  const file = await orSay(createOwn(temporary))
  const abort = async () => {
    await file.close().catch(() => undefined)
    await rm(temporary, { force: true })
  }
  try {
    await orSay(file.write(header, 0, header.length, 0))
    await orSay(file.truncate(header.length + end))
  } catch (error) {
    await abort()
    throw error
  }
  return {
    async write(name, start, values) {
      const from = starts.get(name)
      if (from === undefined) throw new EngineError('internal', `${name} is not in the file's plan`)
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
      await orSay(file.write(bytes, 0, bytes.length, header.length + from + bytesPerElement * start))
    },
    async finish() {
      await orSay(file.sync())
      await orSay(file.close())
      await orSay(renameOver(temporary, path))
    },
    abort,
  }
}
