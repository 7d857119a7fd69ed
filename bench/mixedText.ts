// Text of two kinds: prose and READMEs, in turns, to calibrate and train on; and READMEs of other packages, to measure on.
//   npx tsx bench/mixedText.ts --prose brown_train.jsonl [--out FOLDER]
// --prose: {"id", "text"}, one a line. OUT/mixed.jsonl has as many documents of each kind; OUT/readmes.txt is the beginning of
// every README that is measured. The READMEs are the Markdown files below node_modules, of the packages that `npm ci` installs.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const { values: options } = parseArgs({
  options: { prose: { type: 'string' }, out: { type: 'string', default: 'out/mixed-text' } },
})
if (!options.prose) {
  console.error('usage: mixedText.ts --prose FILE.jsonl [--out FOLDER]')
  process.exit(2)
}

interface Document {
  id: string
  text: string
}

const root = resolve(import.meta.dirname, '..', 'node_modules')
const hash = (name: string) => createHash('sha256').update(name).digest('hex')

/** In an order that follows from the names alone, so that every machine with these packages draws the same text. */
function shuffled(documents: Document[]): Document[] {
  return documents
    .map((document) => ({ document, rank: hash(document.id) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .map(({ document }) => document)
}

/** `a/node_modules/@b/c/docs/d.md` is of the package `@b/c`. */
const packageOf = (path: string) => /^(@[^/]+\/)?[^/]+/.exec(path.split('node_modules/').at(-1)!)![0]

/** All files of a package, and of its other versions, fall on the same side. */
const isMeasured = ({ id }: Document) => parseInt(hash(packageOf(id)).slice(0, 8), 16) % 4 === 0

function readmes(): Document[] {
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => /\.(md|markdown)$/i.test(path) && !/change|history|licen[cs]e/i.test(path))
    .sort()
  const byText = new Map<string, string>()
  for (const path of paths) {
    const text = readFileSync(join(root, path), 'utf8')
    if (text.length >= 3_500 && text.length <= 80_000 && !byText.has(text)) byText.set(text, path)
  }
  return shuffled([...byText].map(([text, id]) => ({ id, text })))
}

const all = readmes()
const measured = all.filter(isMeasured)
const trained = all.filter((document) => !isMeasured(document))
const prose = shuffled(
  readFileSync(options.prose, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Document),
)
const count = Math.min(trained.length, prose.length)
const mixed = Array.from({ length: count }, (_, i) => [prose[i], trained[i]]).flat()

mkdirSync(options.out, { recursive: true })
writeFileSync(join(options.out, 'mixed.jsonl'), mixed.map(({ text }) => `${JSON.stringify({ text })}\n`).join(''))
writeFileSync(join(options.out, 'readmes.txt'), measured.map(({ text }) => text.slice(0, 2_000)).join('\n\n'))
console.log(`${count} documents of each kind to train on, ${measured.length} READMEs to measure on, in ${options.out}`)
