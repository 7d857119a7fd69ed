// Token ids that train, and calibrate if asked, on all the rows of both sets; the evaluation's stay apart.
import { readFileSync, writeFileSync } from 'node:fs'

interface Entry {
  dtype: string
  shape: [number, number]
  data_offsets: [number, number]
}

/** Token ids in a file, and how many rows of its tensors `calibration` and `training` are used. */
export interface TextSource {
  ids: string
  /** Files of documents to calibrate and train on in place of the ids, as many as those have rows, in equal parts. */
  documents?: string[]
  calibration: number
  training: number
}

/**
 * Writes `to` (safetensors, `[rows, length]` of i32). `training` gets the rows of `training` and `calibration` in `from`, in this
 * order. `calibration` gets the same rows if `use` is 'both'; else it is copied, as `evaluation` is.
 */
export function allText(from: string, to: string, use: 'training' | 'both'): TextSource {
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
  const [trained, calibrated] = [entryOf('training'), entryOf('calibration')]
  const all = { ...trained, shape: [trained.shape[0] + calibrated.shape[0], trained.shape[1]] }
  // Two tensors on the same bytes make no valid file, so the rows are written twice.
  const parts = {
    calibration: use === 'both' ? { entry: all, data: both } : { entry: calibrated, data: dataOf('calibration') },
    evaluation: { entry: entryOf('evaluation'), data: dataOf('evaluation') },
    training: { entry: all, data: both },
  }
  let end = 0
  const placed = Object.entries(parts).map(([name, { entry, data }]) => {
    const start = end
    end += data.length
    return [name, { ...entry, data_offsets: [start, end] }]
  })
  const text = JSON.stringify(Object.fromEntries(placed))
  const padded = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8))
  const size = Buffer.alloc(8)
  size.writeBigUInt64LE(BigInt(padded.length))
  writeFileSync(to, Buffer.concat([size, padded, ...Object.values(parts).map(({ data }) => data)]))
  return { ids: to, calibration: parts.calibration.entry.shape[0], training: all.shape[0] }
}
