import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { circlesOf, importsOf } from '../support/imports.ts'

const root = new URL('../../', import.meta.url).pathname

function sources(...folders: string[]): Map<string, string> {
  const paths = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true }).map(
      (name) => `${folder}/${String(name).replaceAll('\\', '/')}`,
    ),
  )
  // AssemblyScript is a language of its own.
  const code = paths.filter((path) => /\.tsx?$/.test(path) && !path.includes('/assembly/'))
  return new Map(code.map((path) => [path, readFileSync(join(root, path), 'utf8')]))
}

const circles = (files: Record<string, string>) => circlesOf(importsOf(new Map(Object.entries(files))))

describe('imports', () => {
  it('form no circle in the product', () => {
    const imports = importsOf(sources('src', 'webview-ui'))
    assert.ok(imports.size > 500, 'the sources are elsewhere')
    for (const path of ['src/cli/main.ts', 'webview-ui/try/board.tsx'])
      assert.ok(imports.get(path)?.length, `no import of ${path} is found`)
    assert.deepEqual(circlesOf(imports), [])
  })

  it('of every kind are found: values, types, what is handed on, what is imported late', () => {
    const back = "import { a } from './a.ts'"
    for (const way of [
      "import { b } from './b/b.ts'",
      "import type { B } from './b/b.ts'",
      "export { b } from './b/b.ts'",
      "export * from './b/b.ts'",
      "import './b/b.ts'",
      "const b = await import('./b/b.ts')",
      "let b: typeof import('./b/b.ts')",
    ])
      assert.deepEqual(circles({ 'a.ts': way, 'b/b.ts': back.replace('./', '../') }), [['a.ts', 'b/b.ts']], way)
  })

  it('are no circle where they only meet, or are in a comment, a text or a package', () => {
    const diamond = {
      'top.ts': "import './left.ts'\nimport './right.ts'",
      'left.ts': "import './bottom.ts'",
      'right.ts': "import './bottom.ts'",
      'bottom.ts': "// import './top.ts'\nconst text = \"import './top.ts'\"\nimport 'top'",
    }
    assert.deepEqual(circles(diamond), [])
  })

  it('are distinguished where there are two circles, and a file that imports itself is one', () => {
    const two = {
      'a.ts': "import './b.ts'",
      'b.ts': "import './c.ts'",
      'c.ts': "import './a.ts'\nimport './d.ts'",
      'd.ts': "import './e.ts'",
      'e.ts': "import './d.ts'",
      'f.ts': "import './f.ts'\nimport './a.ts'",
    }
    assert.deepEqual(circles(two), [['d.ts', 'e.ts'], ['a.ts', 'b.ts', 'c.ts'], ['f.ts']])
  })
})
