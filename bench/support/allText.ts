// Token ids whose calibration and training sets are both all the rows that either had; the evaluation's stay apart.
import { readFileSync, writeFileSync } from 'node:fs'

interface Entry {
  dtype: string
  shape: [number, number]
  data_offsets: [number, number]
}

/** Token ids in a file, and how many rows its tensors `calibration` and `training` have. */
export interface TextSource {
  ids: string
  calibration: number
  training: number
}

/**
 * Writes `to` (safetensors, `[rows, length]` of i32): `calibration` and `training` each hold the rows of both in `from`, `training`'s
 * first, and `evaluation` is as it was.
 */
export function allText(from: string, to: string): TextSource {
  const bytes = readFileSync(from)
  const headerEnd = 8 + Number(bytes.readBigUInt64LE(0))
  const header = JSON.parse(bytes.toString('utf8', 8, headerEnd)) as Record<string, Entry>
  const entryOf = (name: string): Entry => {
    const entry = header[name]
    if (!entry) throw new Error(`${from} has no tensor "${name}"`)
    return entry
  }
  const dataOf = (name: string) => {
    const [start, end] = entryOf(name).data_offsets
    return bytes.subarray(headerEnd + start, headerEnd + end)
  }
  const both = Buffer.concat([dataOf('training'), dataOf('calibration')])
  const [length, rows] = [entryOf('training').shape[1], entryOf('training').shape[0] + entryOf('calibration').shape[0]]
  const evaluation = dataOf('evaluation')
  const shared = { dtype: entryOf('training').dtype, shape: [rows, length], data_offsets: [0, both.length] }
  const last = { ...entryOf('evaluation'), data_offsets: [both.length, both.length + evaluation.length] }
  // Two names on the same bytes are no valid file: the rows are written twice.
  const twice = { ...shared, data_offsets: [last.data_offsets[1], last.data_offsets[1] + both.length] }
  const text = JSON.stringify({ calibration: shared, evaluation: last, training: twice })
  const padded = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8))
  const size = Buffer.alloc(8)
  size.writeBigUInt64LE(BigInt(padded.length))
  writeFileSync(to, Buffer.concat([size, padded, both, evaluation, both]))
  return { ids: to, calibration: rows, training: rows }
}
