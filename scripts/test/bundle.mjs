// Bundles test files and their imports for each process of tests, because a TypeScript loader takes seconds in each.
import { build } from 'esbuild'
import { mkdtempSync, mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { banner } from '../buildTargets.mjs'

const root = resolve(import.meta.dirname, '../..')

/** Quotes with single quotes, so that double-quoted strings of code stay valid when this replaces text in them. */
const quoted = (text) => `'${text.replace(/['\\]/g, '\\$&')}'`

/** Files keep their own `import.meta.url`, because they read files beside their source. */
const ownAddress = {
  name: 'own address',
  setup({ onLoad }) {
    onLoad({ filter: /\.(tsx?|mjs)$/ }, ({ path }) => {
      if (path.includes('node_modules')) return
      const contents = readFileSync(path, 'utf8')
        .replaceAll('import.meta.url', quoted(pathToFileURL(path).href))
        .replaceAll('import.meta.dirname', quoted(join(path, '..')))
      return { contents, loader: path.endsWith('.tsx') ? 'tsx' : 'ts' }
    })
  },
}

/** An entry for each bundle, which imports its files in their order. */
function entriesOf(bundles) {
  return {
    name: 'entries',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^bundle:/ }, ({ path }) => ({ path: path.slice('bundle:'.length), namespace: 'bundle' }))
      onLoad({ filter: /.*/, namespace: 'bundle' }, ({ path }) => ({
        contents: bundles[path].map((file) => `import ${JSON.stringify(`./${file}`)}`).join('\n'),
        resolveDir: root,
      }))
    },
  }
}

/** Processes that tests start: `test/support/*Child.ts`. */
const children = () =>
  readdirSync(join(root, 'test/support'))
    .filter((name) => name.endsWith('Child.ts'))
    .map((name) => name.slice(0, -'.ts'.length))

/**
 * Writes `<name>.mjs` for each list of files, and one for each child, into a new folder below dist-test, where packages are found.
 * Returns the folder.
 * @param {Readonly<Record<string, readonly string[]>>} bundles
 */
export async function bundleTests(bundles) {
  mkdirSync(join(root, 'dist-test'), { recursive: true })
  const outdir = mkdtempSync(join(root, 'dist-test', 'run-'))
  await build({
    entryPoints: Object.fromEntries([
      ...Object.keys(bundles).map((name) => [name, `bundle:${name}`]),
      ...children().map((name) => [name, join(root, `test/support/${name}.ts`)]),
    ]),
    outdir,
    absWorkingDir: root,
    bundle: true,
    // Code that several tests import is one chunk, built once.
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // Most packages are bundled: Node does not find every name that a CommonJS one exports.
    external: ['koffi', 'webgpu', 'playwright-core', 'typescript', 'esbuild'],
    mainFields: ['module', 'main'],
    banner,
    sourcemap: true,
    outExtension: { '.js': '.mjs' },
    loader: { '.css': 'empty' },
    plugins: [entriesOf(bundles), ownAddress],
    logLevel: 'warning',
  })
  return outdir
}
