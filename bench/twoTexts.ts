// Token ids of two kinds of text, code and prose, for any model that has a tokenizer.json: what bench/realModel.ts prunes, trains and measures on.
//   npx tsx bench/twoTexts.ts --model FOLDER --prose brown_train.jsonl --other wiki_eval.txt --out FOLDER [--packages FOLDER]
// OUT/ids.safetensors: `calibration` [64, 512] and `training` [200, 512], code and prose in turns; `evaluation` [64, 512], code of other packages.
// OUT/other.safetensors: `evaluation` [64, 512] or what there is, the text of --other. Nothing else is ever measured, and nothing is chosen on these two.
// Code: Python files of the packages below, whose licences allow redistribution; pip downloads their wheels into --packages. None of it is shipped.
// A document gives one window, which begins at a place that follows from its name alone. Every machine therefore makes the same ids.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openTokenizer, type Tokenizer } from '../src/engine/text/tokenizer.ts'
import { codeOf, type Document, measuredPackages, shareOf, shuffled, trainedPackages } from './support/packages.ts'

const length = 512
const counts = { calibration: 64, training: 200, evaluation: 64 }

const { values: options } = parseArgs({
  options: {
    model: { type: 'string' },
    prose: { type: 'string' },
    other: { type: 'string' },
    out: { type: 'string' },
    packages: { type: 'string', default: 'out/packages' },
  },
})
const { model, prose, other, out } = options
if (!model || !prose || !other || !out) {
  console.error(
    'usage: twoTexts.ts --model FOLDER --prose FILE.jsonl --other FILE.txt --out FOLDER [--packages FOLDER]',
  )
  process.exit(2)
}

function proseOf(path: string): Document[] {
  const lines = readFileSync(path, 'utf8').trim().split('\n')
  return shuffled(
    lines.map((line) => {
      const { id, text } = JSON.parse(line) as { id: string; text: string }
      return { name: id, text }
    }),
  )
}

/** One window of each of the first `count` documents that have enough ids. */
async function windowsOf(tokenizer: Tokenizer, documents: Document[], count: number): Promise<Int32Array[]> {
  const windows: Int32Array[] = []
  for (const { name, text } of documents) {
    if (windows.length === count) return windows
    const ids = await tokenizer.encode(text, { special: false })
    const start = Math.floor(shareOf(`${name}:start`) * (ids.length - length + 1))
    if (ids.length >= length) windows.push(ids.slice(start, start + length))
  }
  if (windows.length < count) throw new Error(`${windows.length} of ${count} windows: the text is too short`)
  return windows
}

function writeIds(path: string, tensors: Record<string, Int32Array[]>): void {
  let end = 0
  const entries = Object.entries(tensors).map(([name, rows]) => {
    const start = end
    end += rows.length * length * 4
    return [name, { dtype: 'I32', shape: [rows.length, length], data_offsets: [start, end] }] as const
  })
  const text = JSON.stringify(Object.fromEntries(entries))
  const header = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8))
  const size = Buffer.alloc(8)
  size.writeBigUInt64LE(BigInt(header.length))
  const rows = Object.values(tensors).flat()
  const bytes = Buffer.concat([
    size,
    header,
    ...rows.map((row) => Buffer.from(row.buffer, row.byteOffset, row.byteLength)),
  ])
  writeFileSync(path, bytes)
  console.log(`${path} SHA-256 ${createHash('sha256').update(bytes).digest('hex')}`)
}

const tokenizer = await openTokenizer(model)
const most = counts.calibration + counts.training
const code = await windowsOf(tokenizer, codeOf(trainedPackages, options.packages), most / 2)
const english = await windowsOf(tokenizer, proseOf(prose), most / 2)
const mixed = code.flatMap((window, i) => [window, english[i]])
const stream = await tokenizer.encode(readFileSync(other, 'utf8'), { special: false })
const otherCount = Math.min(counts.evaluation, Math.floor(stream.length / length))
const otherWindows = Array.from({ length: otherCount }, (_, i) => stream.slice(i * length, (i + 1) * length))
mkdirSync(out, { recursive: true })
writeIds(join(out, 'ids.safetensors'), {
  calibration: mixed.slice(0, counts.calibration),
  training: mixed.slice(counts.calibration),
  evaluation: await windowsOf(tokenizer, codeOf(measuredPackages, options.packages), counts.evaluation),
})
writeIds(join(out, 'other.safetensors'), { evaluation: otherWindows })
await tokenizer.close()
