// Text of two kinds to calibrate and train on, prose and READMEs, and READMEs of other packages to measure on.
//   npx tsx bench/mixedText.ts --prose brown_train.jsonl [--out FOLDER]
// --prose: {"id", "text"}, one a line; OUT/prose.jsonl is the same, shuffled, since retraining takes the first documents of a
// file. The READMEs are the Markdown files below node_modules, of the packages that `npm ci` installs: OUT/readmes.jsonl to train
// on, OUT/readmes.txt the beginning of every one that is measured.
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

/** The package of what is below `a/node_modules/@b/c` is `@b/c`. */
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
const jsonl = (documents: Document[]) => documents.map(({ text }) => `${JSON.stringify({ text })}\n`).join('')

mkdirSync(options.out, { recursive: true })
writeFileSync(join(options.out, 'prose.jsonl'), jsonl(prose))
writeFileSync(join(options.out, 'readmes.jsonl'), jsonl(trained))
writeFileSync(join(options.out, 'readmes.txt'), measured.map(({ text }) => text.slice(0, 2_000)).join('\n\n'))
console.log(
  `${prose.length} texts and ${trained.length} READMEs to train on, ${measured.length} to measure on, in ${options.out}`,
)
