// Token ids drawn from what every vocabulary has, as a file for --calibration.
import { writeFileSync } from 'node:fs'
import { createRng } from '../../src/engine/rng.ts'

/** Tensor `ids`, I32 [windows, length]. */
export function writeRandomIds(path: string, [windows, length]: readonly [windows: number, length: number]): void {
  const rng = createRng(1, 'ids')
  const ids = Int32Array.from({ length: windows * length }, () => rng.below(32000))
  const header = { ids: { dtype: 'I32', shape: [windows, length], data_offsets: [0, ids.byteLength] } }
  const json = Buffer.from(JSON.stringify(header).padEnd(256))
  const size = Buffer.alloc(8)
  size.writeBigUInt64LE(BigInt(json.length))
  writeFileSync(path, Buffer.concat([size, json, new Uint8Array(ids.buffer)]))
}
