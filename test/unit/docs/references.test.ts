// Documents and comments refer to files, headings and links that are there; comments begin as sentences do.
import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import {
  anchorsOf,
  badLinks,
  badMath,
  badReferences,
  filesBelow,
  halfSentences,
  headingsOf,
  readAll,
} from '../../support/documentation.ts'

/** Its examples of bad comments are no comments. */
const self = 'test/unit/docs/references.test.ts'
const root = fileURLToPath(new URL('../../../', import.meta.url))
const files = filesBelow(root)
const documents = readAll(
  root,
  files.filter((path) => path.endsWith('.md')),
)
const named = /^(src|webview-ui|test|bench|scripts)\/.*\.(ts|tsx|mjs|css|py)$/
const sources = readAll(
  root,
  files.filter((path) => named.test(path) && !path.startsWith('test/fixtures/') && path !== self),
)

describe('references between files', () => {
  it('lead from comments to a document and heading that exist', () => {
    assert.ok(sources.get('src/engine/prune/methods/alps.ts')?.includes('docs/methods.md, "ALPS"'))
    assert.deepEqual(
      [...sources].flatMap(([path, source]) => badReferences(path, source, documents)),
      [],
    )
  })

  it('lead from Markdown to a file, and to a heading where they name one', () => {
    const paths = new Set(files)
    assert.deepEqual(
      [...documents].flatMap(([path, text]) => badLinks(path, text, paths, documents)),
      [],
    )
  })
})

describe('comments', () => {
  it('do not begin in the middle of a thought', () => {
    assert.deepEqual(
      [...sources].flatMap(([path, source]) => halfSentences(path, source)),
      [],
    )
  })

  const examples: [source: string, halves: string[]][] = [
    ['/** Bytes of the run. */\nof(run)\n// Often a run\n// Of course ends.\n', []],
    ["write('// Offset')", []],
    ['/** Of the run. */', ['x.ts: Of the run.']],
    ['/** Null: none. */\n/** Of the run. */', ['x.ts: Of the run.']],
    ['/**\n * Of the\n * run.\n */', ['x.ts: Of the run.']],
    ['const x = 1 // Said once.', ['x.ts: Said once.']],
    ['  /* Said of it. */\n', ['x.ts: Said of it.']],
  ]
  for (const [source, halves] of examples)
    it(`finds ${halves.length} half sentences in ${JSON.stringify(source)}`, () => {
      assert.deepEqual(halfSentences('x.ts', source), halves)
    })
})

describe('formulas', () => {
  it('of every Markdown file are ones that GitHub shows', () => {
    assert.ok(documents.get('docs/methods.md')?.includes('```math'))
    assert.deepEqual([...documents.values()].flatMap(badMath), [])
  })

  const formulas: [markdown: string, problems: number][] = [
    ['$x_j^2$ and\n\n```math\n\\left( \\frac{a}{b} \\right)\n```\n', 0],
    ['`$a \\, b$` is code', 0],
    ['$a \\, b$', 1],
    ['| $\\lvert x \\rvert$ | $|x|$ |', 1],
    ['```math\n\\bm{x}\n```\n', 1],
    ['```math\n\\frac{a}{b\n```\n', 1],
    ['```math\n\\begin{aligned} a\n```\n', 1],
  ]
  for (const [markdown, problems] of formulas)
    it(`finds ${problems} problems in ${JSON.stringify(markdown)}`, () => {
      assert.equal(badMath(markdown).length, problems)
    })
})

describe('the check of references', () => {
  const own = new Map([
    ['docs/a.md', '# A page\n\n## N:M, and `code`\n\n```\n## not one\n```\n\n## Twice\n\n## Twice\n'],
  ])
  const files = new Set(['docs/a.md', 'docs/images/x.png', 'src/x.ts'])

  it('knows headings and their anchors', () => {
    assert.deepEqual(headingsOf(own.get('docs/a.md') ?? ''), ['A page', 'N:M, and code', 'Twice', 'Twice'])
    assert.deepEqual([...anchorsOf(own.get('docs/a.md') ?? '')], ['a-page', 'nm-and-code', 'twice', 'twice-1'])
  })

  const comments: [comment: string, problems: string[]][] = [
    ['// See docs/a.md, "Twice", and docs/a.md.', []],
    ['/**\n * See (docs/a.md, "N:M, and\n * code").\n */', []],
    ['// See methods.md 13.1.', ['src/x.ts: no file methods.md']],
    ['const x = 1 // docs/b.md', ['src/x.ts: no file docs/b.md']],
    ['// docs/a.md, "not one"', ['src/x.ts: docs/a.md has no heading "not one"']],
    ["open('made-up.md')", []],
  ]
  for (const [comment, problems] of comments)
    it(`finds ${problems.length} bad references in ${JSON.stringify(comment)}`, () => {
      assert.deepEqual(badReferences('src/x.ts', comment, own), problems)
    })

  const links: [markdown: string, problems: string[]][] = [
    ['[a](a.md) [b](#twice-1) ![c](images/x.png "title") [d](../src/x.ts) [e](https://x.org/y#z) [f](../src)', []],
    ['[a](a.md#twice)\n\n[b]: a.md#n-m\n', ['docs/a.md: no heading for a.md#n-m']],
    ['[a](b.md) <img src="y.png">', ['docs/a.md: no file b.md', 'docs/a.md: no file y.png']],
    ['`[a](b.md)`\n\n```md\n[a](b.md)\n```\n', []],
  ]
  for (const [markdown, problems] of links)
    it(`finds ${problems.length} dead links in ${JSON.stringify(markdown)}`, () => {
      const documents = new Map([['docs/a.md', `${markdown}\n${own.get('docs/a.md')}`]])
      assert.deepEqual(badLinks('docs/a.md', markdown, files, documents), problems)
    })
})
