import assert from 'node:assert/strict'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { published, withSizes } from '../../../bench/realModel/sizesTable.ts'
import { measured } from '../../../src/recipe/measured.ts'
import type { RunEvent } from '../../../src/runs/series/events.ts'
import { documents, root, textOf } from '../../support/documents.ts'

const written = [
  ...documents,
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'bench/RESULTS.md',
  'bench/TRIED.md',
  'samples/README.md',
  'docs/recipes.md',
]

const withoutFences = (document: string) => textOf(document).replace(/^```[\s\S]*?^```$/gm, '')

/** Targets of links and pictures: `](path#heading)`. */
const linksOf = (document: string) =>
  [...withoutFences(document).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target)
    .filter((t) => !t.includes('://'))

/** As GitHub makes anchors of headings: lower case, signs dropped, spaces to hyphens. */
function anchorsOf(document: string): string[] {
  const headings = [...withoutFences(document).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading)
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

const mostLines = { 'README.md': 110, 'bench/RESULTS.md': 323, 'CHANGELOG.md': 60, 'ARCHITECTURE.md': 150 }

describe('the documents', () => {
  for (const document of written)
    it(`${document} links only to files and headings that there are`, () => {
      for (const link of linksOf(document)) {
        const [path, heading] = link.split('#')
        const target = path === '' ? document : join(dirname(document), path)
        assert.ok(existsSync(join(root, target)), `${link} is not there`)
        if (heading !== undefined) assert.ok(anchorsOf(target).includes(heading), `${target} has no heading ${heading}`)
      }
    })

  for (const [document, most] of Object.entries(mostLines))
    it(`${document} has at most ${most} lines`, () => {
      const lines = textOf(document).trimEnd().split('\n').length
      assert.ok(lines <= most, `it has ${lines}`)
    })

  it('ARCHITECTURE.md has no line over 200 characters', () => {
    const long = textOf('ARCHITECTURE.md')
      .split('\n')
      .filter((line) => line.length > 200)
    assert.deepEqual(long, [])
  })

  for (const document of ['README.md', 'docs/guide.md', 'ARCHITECTURE.md'])
    it(`${document} names only paths of the repository that exist`, () => {
      const paths = [...textOf(document).matchAll(/`((?:src|webview-ui|test|bench|scripts|docs|samples)\/[\w./-]+)`/g)]
      const missing = paths.map(([, path]) => path).filter((path) => !existsSync(join(root, path)))
      assert.deepEqual(missing, [])
    })

  it('need no HTML but comments, and pictures that are dark or light', () => {
    for (const document of written) {
      const prose = withoutFences(document)
        .replace(/`[^`\n]*`/g, '')
        .replace(/<!--[^>]*-->/g, '')
      assert.doesNotMatch(prose.replace(/<picture>[^]*?<\/picture>/g, ''), /<\/?[a-z]+[\s>]/i, document)
    }
  })

  it('show every picture of docs/images, and those of pages in both themes, each of 250 kB at most', () => {
    const text = written.map(textOf).join('\n')
    const folder = join(root, 'docs/images')
    for (const name of readdirSync(folder)) {
      assert.ok(text.includes(`images/${name}`), `${name} is shown nowhere`)
      if (!name.endsWith('.png')) continue
      assert.ok(
        existsSync(
          join(
            folder,
            name.replace(/dark|light/, (theme) => (theme === 'dark' ? 'light' : 'dark')),
          ),
        ),
        name,
      )
      assert.ok(statSync(join(folder, name)).size <= 250_000, name)
    }
  })

  for (const document of ['README.md', 'docs/guide.md'])
    it(`${document} has no sentence over 35 words, and 20 words a sentence on average at most`, () => {
      const words = sentencesOf(document).map((sentence) => ({ sentence, count: sentence.split(/\s+/).length }))
      assert.deepEqual(
        words.filter(({ count }) => count > 35).map(({ sentence }) => sentence),
        [],
      )
      const mean = words.reduce((sum, { count }) => sum + count, 0) / words.length
      assert.ok(mean <= 20, `the average is ${mean}`)
    })

  it('have the table of bench/realModel/published.json in README (npm run generate)', () => {
    assert.equal(textOf('README.md'), withSizes(textOf('README.md')))
  })

  it('have every figure of README in the results', () => {
    const results = textOf('bench/RESULTS.md')
    for (const { model, results: rows } of published.models)
      for (const [row, { perplexity }] of Object.entries(rows))
        assert.ok(results.includes(perplexity.toFixed(2)), `${model}, ${row}: ${perplexity}`)
  })

  it('take the figures of a paragraph that links to measurements from there', () => {
    for (const document of documents)
      for (const paragraph of textOf(document).split(/\n\s*\n(?:\|.*\n)*/)) {
        const sources = [...paragraph.matchAll(/\]\((?:\.\.\/)?(bench\/\w+\.md)/g)].map(([, path]) => textOf(path))
        const figures = sources.length > 0 ? (paragraph.match(/(?<![\d.,])\d+\.\d\d(?![\d.])/g) ?? []) : []
        for (const figure of figures) assert.ok(sources.join('').includes(figure), `${document}: ${figure}`)
      }
  })

  it('agree with the figures by which the form of Prune… proposes a recipe', () => {
    const [{ model, results }] = published.models
    assert.equal(measured.model, model)
    assert.equal(measured.dense.other, results.dense.perplexity)
    assert.equal(measured.losses.half.other, results['alps-retrain-half'].perplexity)
    const text = textOf('bench/RESULTS.md')
    const figures = [
      ...Object.values(measured.pruned).flatMap((one) => Object.values(one)),
      ...Object.values(measured.recovered).flatMap((ones) =>
        ones.flatMap(({ before, after }) => [before.same, before.other, after.same, after.other]),
      ),
    ]
    for (const figure of figures) assert.ok(text.includes(figure.toFixed(2)), `${figure} is not in bench/RESULTS.md`)
  })

  it('describe every type of event in docs/formats.md', () => {
    const types: Record<RunEvent['type'], true> = {
      ...{ start: true, phase: true, progress: true, step: true, block: true, allocation: true, merge: true },
      ...{ moved: true, eval: true, memory: true, warning: true, saved: true, end: true },
    }
    const page = textOf('docs/formats.md')
    for (const type of Object.keys(types)) assert.ok(page.includes(`| \`${type}\` |`), type)
  })
})

/** Sentences of prose: paragraphs and list items, without code, tables, headings, pictures and the addresses of links. */
function sentencesOf(document: string): string[] {
  const prose = withoutFences(document)
    .replace(/<!--[^>]*-->|<picture>[^]*?<\/picture>/g, '')
    .replace(/^(\||#|!\[).*$/gm, '\n')
    .replace(/^(- |\d+\. )/gm, '\n')
    .replace(/\]\([^)]*\)/g, ']')
    .replaceAll(' · ', '\n\n')
  return prose
    .split(/\n\s*\n/)
    .flatMap((paragraph) => paragraph.replace(/\s+/g, ' ').split(/(?<=[.?!]["*)]*) (?=["*[(`]*[\p{Lu}`*[])/u))
    .map((sentence) => sentence.trim())
    .filter((sentence) => /[a-z]/.test(sentence))
}
