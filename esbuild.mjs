// `node esbuild.mjs [--watch] [name…]` builds all or the named ones into dist/; `types` are the declarations of the library.
import { build, context } from 'esbuild'
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { isPart, libraries, settingsOf, targets } from './scripts/buildTargets.mjs'
import { writeTypes } from './scripts/libraryTypes.mjs'
import { noticesOf, packageFolders } from './scripts/notices.mjs'

/** AssemblyScript kernels: one wasm with relaxed SIMD, one without for runtimes that lack it. */
function buildWasm() {
  if (!existsSync('scripts/buildWasm.mjs')) return
  const { status } = spawnSync(process.execPath, ['scripts/buildWasm.mjs'], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

/** Their names change with their contents. Without this, those of the previous build would stay. */
function removeParts(name) {
  if (!existsSync('dist')) return
  for (const file of readdirSync('dist')) if (isPart(file, name)) rmSync(`dist/${file}`)
}

const watch = process.argv.includes('--watch')
const asked = process.argv.slice(2).filter((a) => !a.startsWith('--'))
if (asked.length === 0 || asked.includes('wasm')) buildWasm()
const metafiles = []
for (const [name, options] of Object.entries({ ...targets, ...libraries })) {
  if (asked.length > 0 && !asked.includes(name)) continue
  if (!existsSync(options.entryPoints[0])) continue
  const settings = settingsOf(name)
  if (settings.splitting) removeParts(name)
  if (watch) await (await context(settings)).watch()
  else metafiles.push((await build({ ...settings, logLevel: 'warning', metafile: true })).metafile)
}
if (!watch && (asked.length === 0 || asked.includes('types')))
  writeTypes(Object.values(libraries).flatMap(({ entryPoints }) => entryPoints))
// What the bundles contain is known when all of them were built.
if (!watch && asked.length === 0) writeFileSync('dist/THIRD_PARTY_NOTICES', noticesOf(packageFolders(metafiles)))
