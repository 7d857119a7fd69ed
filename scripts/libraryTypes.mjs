// Declarations of the library, `dist/types`: those of its entries and of what they import. All others of `src` are left out.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const emitted = 'out/types'
const shipped = 'dist/types'

const imported =
  /^(?:import|export)\b[^'"]*?\bfrom ['"]([^'"]+)['"]|^import ['"]([^'"]+)['"]|\bimport\(['"]([^'"]+)['"]\)/gm

/** Modules that a declaration names. */
function namedIn(file) {
  return [...readFileSync(file, 'utf8').matchAll(imported)].map((groups) => groups.slice(1).find(Boolean))
}

/** The declarations that `entries` need, including their own. @throws Error for a package: the library has no dependencies. */
export function reachableFrom(entries) {
  const found = new Set()
  const visit = (file) => {
    if (found.has(file)) return
    found.add(file)
    for (const name of namedIn(file)) {
      if (!name.startsWith('.'))
        throw new Error(`${file} needs the types of ${name}, which the npm package does not install: write them out`)
      visit(join(dirname(file), name.replace(/\.ts$/, '.d.ts')))
    }
  }
  entries.forEach(visit)
  return [...found]
}

/** Writes `dist/types`. `entries`: sources of the library. */
export function writeTypes(entries) {
  rmSync(emitted, { recursive: true, force: true })
  const options = [
    '--noEmit',
    'false',
    '--declaration',
    '--emitDeclarationOnly',
    '--rootDir',
    'src',
    '--outDir',
    emitted,
  ]
  const args = ['node_modules/typescript-native/bin/tsc', '-p', 'src', '--pretty', 'false', ...options]
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
  if (status !== 0) throw new Error('the types of the library were not built: correct the errors above')
  rmSync(shipped, { recursive: true, force: true })
  const declarations = entries.map((path) => join(emitted, relative('src', path).replace(/\.ts$/, '.d.ts')))
  for (const file of reachableFrom(declarations)) {
    if (!existsSync(file)) throw new Error(`${file} was not built`)
    const target = join(shipped, relative(emitted, file))
    mkdirSync(dirname(target), { recursive: true })
    copyFileSync(file, target)
  }
}
