// Token ids of two kinds of text, code and prose, for any model that has a tokenizer.json: what bench/realModel.ts prunes, trains and measures on.
//   npx tsx bench/twoTexts.ts --model FOLDER --prose brown_train.jsonl --other wiki_eval.txt --out FOLDER [--packages FOLDER]
// OUT/ids.safetensors: `calibration` [64, 512] and `training` [200, 512], code and prose in turns; `evaluation` [64, 512], code of other packages.
// OUT/other.safetensors: `evaluation` [64, 512] or what there is, the text of --other. Nothing else is ever measured, and nothing is chosen on these two.
// Code: Python files of the packages below, whose licences allow redistribution; pip downloads their wheels into --packages. None of it is shipped.
// A document gives one window, which begins at a place that follows from its name alone. Every machine therefore makes the same ids.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { openTokenizer, type Tokenizer } from '../src/engine/text/tokenizer.ts'

/** Wheels of pure Python by name and version, with their licences. A package is trained on or measured on, never both. */
const trainedPackages = {
  'attrs==25.3.0': 'MIT',
  'click==8.2.1': 'BSD-3-Clause',
  'flask==3.1.1': 'BSD-3-Clause',
  'jinja2==3.1.6': 'BSD-3-Clause',
  'mpmath==1.3.0': 'BSD-3-Clause',
  'networkx==3.5': 'BSD-3-Clause',
  'rich==14.1.0': 'MIT',
  'urllib3==2.5.0': 'MIT',
}
const measuredPackages = {
  'httpx==0.28.1': 'BSD-3-Clause',
  'marshmallow==4.0.0': 'MIT',
  'pytest==8.4.1': 'MIT',
  'werkzeug==3.1.3': 'BSD-3-Clause',
}
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

interface Document {
  name: string
  text: string
}

/** A number in [0, 1) that follows from a name. */
const shareOf = (name: string) => createHash('sha256').update(name).digest().readUInt32BE(0) / 2 ** 32
const shuffled = (documents: Document[]) =>
  documents
    .map((document) => ({ document, rank: shareOf(document.name) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ document }) => document)

function python(...args: string[]): void {
  const { status, stderr } = spawnSync(process.env.PYTHON ?? 'python3', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`python3 ${args.join(' ')} failed:\n${stderr}`)
}

/** The Python files of packages, in an order that follows from their names. Nothing in them is run. */
function codeOf(packages: Record<string, string>): Document[] {
  const documents = Object.keys(packages).flatMap((name) => {
    const folder = resolve(options.packages, name)
    if (!existsSync(folder)) {
      const wheels = `${folder}-wheel`
      python('-m', 'pip', 'download', '-q', '--no-deps', '--only-binary', ':all:', '-d', wheels, name)
      python('-m', 'zipfile', '-e', join(wheels, readdirSync(wheels)[0]), folder)
    }
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((path) => path.replaceAll('\\', '/'))
      .filter((path) => path.endsWith('.py') && !/(^|\/)(_?vendor|tests?)\//.test(path))
      .map((path) => ({ name: `${name}/${path}`, text: readFileSync(join(folder, path), 'utf8') }))
  })
  return shuffled(documents)
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
const code = await windowsOf(tokenizer, codeOf(trainedPackages), most / 2)
const english = await windowsOf(tokenizer, proseOf(prose), most / 2)
const mixed = code.flatMap((window, i) => [window, english[i]])
const stream = await tokenizer.encode(readFileSync(other, 'utf8'), { special: false })
const otherCount = Math.min(counts.evaluation, Math.floor(stream.length / length))
const otherWindows = Array.from({ length: otherCount }, (_, i) => stream.slice(i * length, (i + 1) * length))
mkdirSync(out, { recursive: true })
writeIds(join(out, 'ids.safetensors'), {
  calibration: mixed.slice(0, counts.calibration),
  training: mixed.slice(counts.calibration),
  evaluation: await windowsOf(tokenizer, codeOf(measuredPackages), counts.evaluation),
})
writeIds(join(out, 'other.safetensors'), { evaluation: otherWindows })
await tokenizer.close()
