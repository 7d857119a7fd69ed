// Puts a real VS Code Server (npm package code-server, only its lib/vscode) into a cache folder outside the
// repository: the tests and `npm run studio` run in it. Idempotent; no install script of any package is run.
//   node scripts/setupVscode.mjs      prints the folder
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** VS Code 1.100.3, the floor of engines.vscode; the newest that runs on Node 20. */
const version = '4.100.3'
const integrity = 'sha512-q/Fh2DOxCRNhC/WiG/6sAhSKnj7ZACTVBaeeZ+rWjol//0FCbl/qg1ln5ecZ99jYcfqMxZZAyWcN+YBIo0DgpA=='
const ripgrepVersion = '1.18.0'

/** Parts with native code that the server can do without: log files, orphan watchdog, terminals. */
const nativeParts = ['@vscode/spdlog', 'native-watchdog', 'node-pty']

export function cacheFolder() {
  const base =
    process.env.SPARSESCOPE_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'sparsescope')
  return join(base, `vscode-${version}-abi${process.versions.modules}`)
}

/** Installs unless it is there; returns the folder. Throws with the reason when it cannot. */
export function setupVscode(say = (line) => process.stderr.write(`${line}\n`)) {
  const folder = cacheFolder()
  const stamp = join(folder, '.done')
  if (existsSync(stamp)) return folder
  say(`setting up VS Code (code-server ${version}) in ${folder}`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  unpackServer(folder)
  run('npm', ['ci', '--legacy-peer-deps', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'], folder)
  for (const part of nativeParts) buildNative(folder, part, say)
  installRipgrep(folder)
  writeFileSync(stamp, '')
  return folder
}

function unpackServer(folder) {
  run('npm', ['pack', '--silent', `code-server@${version}`], folder)
  const tarball = join(folder, `code-server-${version}.tgz`)
  const found = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`
  if (found !== integrity) throw new Error(`code-server ${version}: expected ${integrity}, the registry gave ${found}`)
  run('tar', ['xzf', tarball, '--strip-components=3', 'package/lib/vscode'], folder)
  rmSync(tarball)
}

/** Builds from source with the headers of this Node; without a compiler the part is left out, with a message. */
function buildNative(folder, part, say) {
  const source = join(folder, 'node_modules', part)
  if (!existsSync(source)) return
  const root = execFileSync('npm', ['root', '-g'], { encoding: 'utf8' }).trim()
  const gyp = join(root, 'npm/node_modules/node-gyp/bin/node-gyp.js')
  const headers = dirname(dirname(realpathSync(process.execPath)))
  try {
    run(process.execPath, [gyp, 'rebuild', '--jobs=max', `--nodedir=${headers}`], source)
  } catch {
    say(`${part} was not built (no compiler or headers?): the server works without it`)
  }
}

/** ripgrep's own postinstall downloads from elsewhere; its platform package holds the same binary. */
function installRipgrep(folder) {
  const home = join(folder, 'node_modules/@vscode/ripgrep')
  const platform = `${process.platform}-${process.arch}`
  if (!existsSync(home) || process.platform === 'win32') return
  mkdirSync(join(home, 'bin'), { recursive: true })
  run('npm', ['pack', '--silent', `@vscode/ripgrep-${platform}@${ripgrepVersion}`], folder)
  const tarball = join(folder, `vscode-ripgrep-${platform}-${ripgrepVersion}.tgz`)
  run('tar', ['xzf', tarball, '--strip-components=2', '-C', join(home, 'bin'), 'package/bin/rg'], folder)
  rmSync(tarball)
}

function run(command, args, cwd) {
  try {
    execFileSync(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', maxBuffer: 1 << 26 })
  } catch (error) {
    const detail = `${error.stderr ?? ''}`.trim().split('\n').slice(-20).join('\n')
    throw new Error(`${command} ${args.slice(0, 3).join(' ')} failed in ${cwd}: ${detail || error.message}`, {
      cause: error,
    })
  }
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.stdout.write(`${setupVscode()}\n`)
}
