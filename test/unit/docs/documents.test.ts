import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
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

const mostLines = { 'README.md': 130, 'bench/RESULTS.md': 265, 'CHANGELOG.md': 60, 'ARCHITECTURE.md': 150 }

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

  it('need no HTML but comments', () => {
    for (const document of written) {
      const prose = withoutFences(document)
        .replace(/`[^`\n]*`/g, '')
        .replace(/<!--[^>]*-->/g, '')
      assert.doesNotMatch(prose, /<\/?[a-z]+[\s>]/i, document)
    }
  })

  it('have figures in the README that are in the results', () => {
    const table = textOf('README.md')
      .split('\n')
      .filter((line) => line.includes('](bench/RESULTS.md#') && line.startsWith('|'))
    const results = textOf('bench/RESULTS.md')
    assert.ok(table.length >= 6)
    for (const row of table)
      for (const figure of row.match(/\b\d+\.\d\d\b/g) ?? [])
        if (Number(figure) > 1) assert.ok(results.includes(figure), `${figure} of ${row}`)
  })
})
