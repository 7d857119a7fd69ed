// Every bundle in dist/: what esbuild.mjs builds is what package.mjs packs.
import { existsSync, readdirSync } from 'node:fs'
import { dirname } from 'node:path'

const node = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  // Reading the bundle takes most of a command's start. Names are kept for the stacks of internal errors.
  minifyWhitespace: true,
  format: 'esm',
  // jsonc-parser's CommonJS build cannot be bundled; its ES modules can.
  mainFields: ['module', 'main'],
}
// Bundled CommonJS dependencies call require(); an ES module bundle has none of its own.
export const banner = {
  js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
}
const native = ['koffi', 'webgpu']
const esm = (entry, name, extra = {}) => ({
  ...node,
  entryPoints: [entry],
  outfile: `dist/${name}.mjs`,
  banner,
  external: native,
  ...extra,
})
const cjs = (entry, name, extra = {}) => ({
  ...node,
  format: 'cjs',
  entryPoints: [entry],
  outfile: `dist/${name}.cjs`,
  external: ['vscode'],
  // Only code that starts threads reads import.meta, and none of it is left in these bundles.
  logOverride: { 'empty-import-meta': 'silent' },
  ...extra,
})
/** A page of components is main.tsx. */
const pageOf = (name) =>
  ['main.tsx', 'main.ts'].map((file) => `webview-ui/${name}/${file}`).find((path) => existsSync(path))
const web = (name) => ({
  bundle: true,
  platform: 'browser',
  target: 'es2022',
  format: 'iife',
  minify: true,
  sourcemap: true,
  entryPoints: [pageOf(name)],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  outfile: `dist/webview/${name}.js`,
  loader: { '.css': 'css' },
})

/** What `import … from 'sparsescope/…'` gives: `exports` of package.json. They are in the npm package alone. */
export const libraries = {
  engine: esm('src/library/engine.ts', 'engine'),
  checkpoint: {
    bundle: true,
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
    sourcemap: true,
    minifyWhitespace: true,
    entryPoints: ['src/library/checkpoint.ts'],
    outfile: 'dist/checkpoint.mjs',
  },
}

/** A file of `dist/` that a split bundle imports when it needs it; of the bundle `name`, if that is given. */
export const isPart = (file, name = '') => file.startsWith(name) && file.slice(name.length).includes('.part-')
/** Settings of esbuild for a target. */
export function settingsOf(name) {
  const target = { ...targets, ...libraries }[name]
  const { outfile, ...rest } = target
  if (!rest.splitting) return target
  const names = { entryNames: name, chunkNames: `${name}.part-[name]-[hash]`, outExtension: { '.js': '.mjs' } }
  return { ...rest, ...names, outdir: dirname(outfile) }
}

/** A folder with a page is a view's. */
const views = readdirSync('webview-ui').filter(pageOf)

export const targets = {
  cli: esm('src/cli/main.ts', 'cli', {
    banner: { js: `#!/usr/bin/env node\n${banner.js}` },
    alias: { ajv: './scripts/noValidator.mjs', 'ajv-formats': './scripts/noValidator.mjs' },
  }),
  cpuWorker: esm('src/engine/compute/cpu/worker.ts', 'cpuWorker'),
  webgpuWorker: esm('src/engine/compute/webgpu/worker.ts', 'webgpuWorker'),
  tokenizerWorker: esm('src/engine/text/tokenizerWorker.ts', 'tokenizerWorker'),
  recipeWorker: esm('src/engine/run/open/recipeWorker.ts', 'recipeWorker'),
  parquetWorker: esm('src/engine/text/parquetWorker.ts', 'parquetWorker'),
  scanWorker: esm('src/engine/checkpoint/stats/scanWorker.ts', 'scanWorker'),
  factsWorker: esm('src/extension/models/factsWorker.ts', 'factsWorker'),
  lockThread: esm('src/runs/lock/lockThread.ts', 'lockThread'),
  // Opening a checkpoint waits for the backend to start, so later handlers are in separate chunks.
  backend: esm('src/backend/main.ts', 'backend', { splitting: true }),
  backendTry: esm('src/backend/tryWorker.ts', 'backendTry'),
  backendRun: esm('src/backend/runWorker.ts', 'backendRun'),
  backendAnalyse: esm('src/backend/analyseWorker.ts', 'backendAnalyse'),
  server: cjs('src/server/main.ts', 'server', { minify: true }),
  // Minified: activation time is mostly reading and compiling the bundle.
  extension: cjs('src/extension/extension.ts', 'extension', { minify: true }),
  languageClient: cjs('src/extension/recipe/languageClient.ts', 'languageClient', { minify: true }),
  ...Object.fromEntries(views.map((name) => [name, web(name)])),
}
