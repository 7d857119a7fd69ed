// Makes the npm package from a clone: installs what the build needs, builds, packs, then installs the result into an empty
// prefix and asks it for its version. `.npmrc` switches scripts off, so `npm pack` alone builds nothing.
//   node scripts/packageNpm.mjs [--out FOLDER]      prints the file
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
const onWindows = process.platform === 'win32'

/** Runs a program to its end and returns what it printed. */
export function must(program, args, cwd = root) {
  // npm and what it installs are scripts on Windows, which start through a shell only.
  const options = { cwd, encoding: 'utf8', shell: onWindows && program !== process.execPath }
  const quote = (text) => (options.shell ? `"${text}"` : text)
  const { status, stdout, stderr, error } = spawnSync(quote(program), args.map(quote), options)
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}:\n${error ?? stdout + stderr}`)
  return stdout
}

/** Packs what `dist/` holds into the folder `out`, and returns the file. */
export function packNpm(out) {
  mkdirSync(out, { recursive: true })
  must('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', out])
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return join(out, `${name}-${version}.tgz`)
}

/** Installs the file as `npm i -g` does, without the network and without the optional packages, and runs its command. */
function tryOut(file) {
  const prefix = mkdtempSync(join(tmpdir(), 'sparsescope-npm-'))
  try {
    const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel', 'error']
    const alone = ['--offline', '--omit=optional', '--ignore-scripts']
    must('npm', ['install', '--global', '--prefix', prefix, ...alone, ...quiet, file], prefix)
    const command = join(prefix, onWindows ? 'sparsescope.cmd' : 'bin/sparsescope')
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const said = must(command, ['--version'], prefix).trim()
    if (said !== version) throw new Error(`${file} says that it is version ${said}, and package.json says ${version}`)
  } finally {
    rmSync(prefix, { recursive: true, force: true })
  }
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { out: { type: 'string', default: join(root, 'out') } } })
  for (const args of [['scripts/setup.mjs', '--modules'], ['esbuild.mjs']]) must(process.execPath, args)
  const file = packNpm(resolve(values.out))
  tryOut(file)
  console.log(file)
}
