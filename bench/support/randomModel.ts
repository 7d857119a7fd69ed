// A checkpoint of random bf16 weights of a well-known shape, for measuring memory and speed.
//   npx tsx bench/support/randomModel.ts OUT [--shape tinyllama|llama-7b|llama-30b|opt-30b] [--blocks N]
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { f32ToBf16 } from '../../src/engine/dtype.ts'
import { createRng } from '../../src/engine/rng.ts'
import { readModelConfig } from '../../src/catalog/families/modelConfig.ts'
import { modelParameters } from '../../src/catalog/families/parameters.ts'
import { shapes } from './shapes.ts'

/** Writes config.json and model.safetensors; returns the number of parameters. */
export function writeRandomModel(folder: string, shape: string, blocks = shapes[shape].blocks): number {
  const config = { ...shapes[shape].config, num_hidden_layers: blocks }
  const parameters = modelParameters(readModelConfig(config))
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } }
  let offset = 0
  for (const { name, shape: size } of parameters) {
    const bytes = 2 * size.reduce((a, b) => a * b, 1)
    header[name] = { dtype: 'BF16', shape: size, data_offsets: [offset, offset + bytes] }
    offset += bytes
  }
  const json = Buffer.from(JSON.stringify(header))
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')])
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(padded.length))
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config, null, 2))
  const file = openSync(join(folder, 'model.safetensors'), 'w')
  writeSync(file, length)
  writeSync(file, padded)
  // One pool of normal numbers (σ = 0.02), read from another place for every row: fast, and no two rows are equal.
  const rng = createRng(1, 'weights')
  const pool = Uint16Array.from({ length: 1 << 20 }, () => f32ToBf16(0.02 * rng.normal()))
  for (const { kind, shape: size } of parameters) {
    const width = size[size.length - 1]
    const rows = new Uint16Array(size.reduce((a, b) => a * b, 1))
    for (let at = 0; at < rows.length; at += width) {
      const from = rng.below(pool.length - width)
      rows.set(pool.subarray(from, from + width), at)
    }
    if (kind === 'norm' && size.length === 1) rows.fill(f32ToBf16(1))
    writeSync(file, new Uint8Array(rows.buffer))
  }
  closeSync(file)
  return offset / 2
}

if (process.argv[1] === import.meta.filename) {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { shape: { type: 'string', default: 'tinyllama' }, blocks: { type: 'string' } },
  })
  const [out] = positionals
  if (!out || !shapes[values.shape]) {
    console.error(`usage: randomModel.ts OUT [--shape ${Object.keys(shapes).join('|')}] [--blocks N]`)
    process.exit(2)
  }
  const count = writeRandomModel(out, values.shape, values.blocks === undefined ? undefined : Number(values.blocks))
  console.log(`${out}: ${(count / 1e9).toFixed(2)} B parameters`)
}
