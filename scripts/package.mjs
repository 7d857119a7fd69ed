// Builds the VSIX of one platform: what the whitelist names, and of the native packages only this platform's binaries.
//   node scripts/package.mjs [--target linux-x64] [--out FILE]      prints the file and its size
// What is not built or not installed here is left out and named; where `CI` is set, that is an error.
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isPart, targets as buildTargets } from './buildTargets.mjs'
import { isLicence } from './notices.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

/** VS Code's target name to the folder of dawn.node and the name of koffi's package. */
const targets = {
  'linux-x64': { dawn: 'linux-x64', koffi: 'linux-x64' },
  'linux-arm64': { dawn: 'linux-arm64', koffi: 'linux-arm64' },
  'darwin-x64': { dawn: 'darwin-universal', koffi: 'darwin-x64' },
  'darwin-arm64': { dawn: 'darwin-universal', koffi: 'darwin-arm64' },
  'win32-x64': { dawn: 'win32-x64', koffi: 'win32-x64' },
  'win32-arm64': { dawn: 'win32-arm64', koffi: 'win32-arm64' },
}

/** Views are copied as a folder. */
const bundles = Object.values(buildTargets)
  .map(({ outfile }) => relative('dist', outfile))
  .filter((name) => dirname(name) === '.')

/** What is copied as it is, besides bundles and native packages. */
const plain = [
  'media',
  'syntaxes',
  'samples',
  'skills',
  'l10n',
  'LICENSE',
  'CHANGELOG.md',
  'package.nls.json',
  '.vscodeignore',
  'language-configuration.json',
  'docs/rules.md',
  'schemas/recipe.schema.json',
]

export function packageVsix({ target = `${process.platform}-${process.arch}`, out, say = () => {} } = {}) {
  const native = targets[target]
  if (!native) throw new Error(`unknown target ${target}: one of ${Object.keys(targets).join(', ')}`)
  const file = resolve(out ?? join(root, 'out', `sparsescope-${target}.vsix`))
  const lacks = (line) => {
    if (process.env.CI) throw new Error(`${line} (with CI set, that is an error)`)
    say(line)
  }
  const stage = mkdtempSync(join(tmpdir(), 'sparsescope-vsix-'))
  try {
    copyNatives(stage, native, lacks)
    copyBundles(stage, lacks)
    for (const name of plain) cpSync(join(root, name), join(stage, name), { recursive: true, filter: wanted })
    // The Marketplace shows it: no pictures in SVG, and no relative links.
    copyFileSync(join(root, 'docs/marketplace.md'), join(stage, 'README.md'))
    writeFileSync(join(stage, 'package.json'), JSON.stringify(manifest(), null, 2))
    mkdirSync(dirname(file), { recursive: true })
    const vsce = join(root, 'node_modules', '@vscode', 'vsce', 'vsce')
    const args = [vsce, 'package', '--no-dependencies', '--skip-license', '--target', target, '-o', file]
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: stage, encoding: 'utf8' })
    if (status !== 0) throw new Error(`vsce failed:\n${stdout}${stderr}`)
  } finally {
    rmSync(stage, { recursive: true, force: true })
  }
  return { file, bytes: statSync(file).size }
}

/** The sample without the scripts that made it and without runs. */
function wanted(path) {
  return !/[\\/](make|out|\.sparsescope)([\\/]|$)/.test(path.slice(root.length - 1))
}

/**
 * Scripts and dependencies are for the repository, `files` and `exports` for npm: everything is bundled or beside the bundle.
 * The addresses follow from `repository`, as npm derives them by itself.
 */
function manifest() {
  const whole = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const {
    scripts: _scripts,
    exports: _exports,
    files: _files,
    optionalDependencies: _optionalDependencies,
    devDependencies: _devDependencies,
    ...kept
  } = whole
  const address = `https://github.com/${kept.repository.replace('github:', '')}`
  return {
    ...kept,
    repository: { type: 'git', url: `${address}.git` },
    bugs: `${address}/issues`,
    homepage: `${address}#readme`,
  }
}

function copyBundles(stage, lacks) {
  const dist = join(root, 'dist')
  mkdirSync(join(stage, 'dist'), { recursive: true })
  for (const name of [...bundles, 'THIRD_PARTY_NOTICES']) {
    if (!existsSync(join(dist, name))) lacks(`without dist/${name}: it was not built`)
    else copyFileSync(join(dist, name), join(stage, 'dist', name))
  }
  for (const name of readdirSync(dist))
    if (name.endsWith('.wasm') || (isPart(name) && name.endsWith('.mjs')))
      copyFileSync(join(dist, name), join(stage, 'dist', name))
  cpSync(join(dist, 'webview'), join(stage, 'dist', 'webview'), {
    recursive: true,
    filter: (path) => !path.endsWith('.map'),
  })
}

/** Sources and documentation of native packages stay out, and their licences come along. */
const isShipped = (path) => !/\.(cc|hh|h|S|asm|def|inc|txt|cmake|md)$/.test(path) || isLicence(basename(path))

/** Copies native packages to dist/node_modules, where Node looks for what the bundles import. */
function copyNatives(stage, { dawn, koffi }, lacks) {
  const modules = join(stage, 'dist', 'node_modules')
  const take = (name, paths) => {
    for (const path of paths) {
      const from = join(root, 'node_modules', name, path)
      const to = join(modules, name, path)
      if (!existsSync(from)) {
        lacks(`without ${join(name, path)}: it is not installed here`)
        continue
      }
      mkdirSync(dirname(to), { recursive: true })
      cpSync(from, to, { recursive: true, filter: isShipped })
    }
  }
  take('webgpu', ['package.json', 'LICENSE.md', 'index.js', `dist/${dawn}`])
  take('koffi', ['package.json', 'LICENSE.txt', 'index.js', 'index.cjs', 'indirect.js', 'indirect.cjs', 'src'])
  take(`@koromix/koffi-${koffi}`, ['.'])
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const option = (name) => {
    const at = process.argv.indexOf(`--${name}`)
    return at < 0 ? undefined : process.argv[at + 1]
  }
  const { file, bytes } = packageVsix({
    target: option('target'),
    out: option('out'),
    say: (line) => process.stderr.write(`${line}\n`),
  })
  process.stdout.write(`${file}\n${(bytes / 1e6).toFixed(1)} MB\n`)
}
