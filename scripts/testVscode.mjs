// The layers that need a real VS Code: suites inside the extension host, and tests of the packaged extension in the browser. The last
// line of stdout is the count, and what failed, as JSON.
//   node scripts/testVscode.mjs [host|e2e|walk …]     walk: of e2e what a new user sees first
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packageVsix } from './package.mjs'
import { setupVscode } from './setupVscode.mjs'
import { bundleTests } from './test/bundle.mjs'
import { findChromium, noChromium } from './vscode/browser.mjs'
import { runHostTests } from './vscode/hostTests.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const asked = process.argv.slice(2)
const wants = (layer) => asked.length === 0 || asked.includes(layer)
const firstWalk = 'firstMinute.test.ts'
const counts = { passed: 0, failed: 0, skipped: 0 }
const failures = []
const slowest = []
const scratch = mkdtempSync(join(tmpdir(), 'sparsescope-vscode-'))

function add(result) {
  for (const key of Object.keys(counts)) counts[key] += result[key] ?? 0
  failures.push(...(result.failures ?? []))
  slowest.push(...(result.slowest ?? []))
}

async function mocha(title, files, env) {
  console.log(`\n== ${title}`)
  const counts = join(scratch, 'counts.json')
  const bundles = await bundleTests({ e2e: files })
  const mochaArgs = [
    '--no-config',
    '--timeout',
    '180000',
    '--reporter',
    join(root, 'test/support/countingReporter.cjs'),
  ]
  const args = ['--enable-source-maps', 'node_modules/mocha/bin/mocha.js', ...mochaArgs, join(bundles, 'e2e.mjs')]
  const { status } = spawnSync(process.execPath, args, {
    cwd: root,
    // Output of tests belongs above the last line of stdout, which is the count.
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env, SPARSESCOPE_TEST_COUNTS: counts, SPARSESCOPE_TEST_BUNDLES: bundles },
  })
  rmSync(bundles, { recursive: true, force: true })
  const result = existsSync(counts) ? JSON.parse(readFileSync(counts, 'utf8')) : { failed: 1 }
  if (status !== 0 && !result.failed) result.failed = 1
  add(result)
}

/** The folder of the installed VS Code, or the reason why it is missing. */
function findVscode() {
  if (!findChromium()) return { reason: noChromium }
  try {
    return { server: setupVscode((line) => console.log(line)) }
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) }
  }
}

async function main() {
  const { server, reason } = findVscode()
  if (!server) {
    // A machine that was set up for these tests may not skip them, as in test/support/skip.ts.
    console.log(`${process.env.CI ? 'failed' : 'skipped'}: tests in a real VS Code (${reason})`)
    counts[process.env.CI ? 'failed' : 'skipped']++
    return
  }
  const { file: vsix, bytes } = packageVsix({ say: (line) => console.log(line) })
  console.log(`packaged ${(bytes / 1e6).toFixed(1)} MB`)
  if (wants('host')) {
    console.log('\n== test/integration/host: inside the extension host')
    add(await runHostTests({ root, server, vsix, scratch }))
  }
  const env = { SPARSESCOPE_VSCODE: server, SPARSESCOPE_VSIX: vsix }
  const walks = readdirSync(join(root, 'test/e2e')).filter((name) => name.endsWith('.test.ts'))
  const files = walks.filter((name) => wants('e2e') || name === firstWalk).map((name) => `test/e2e/${name}`)
  if (wants('e2e') || wants('walk')) await mocha('test/e2e: the packaged extension', files, env)
}

mkdirSync(scratch, { recursive: true })
try {
  await main()
} catch (error) {
  const failure = String(error instanceof Error ? error.stack : error)
  console.log(failure)
  add({ failed: 1, failures: [failure] })
}
rmSync(scratch, { recursive: true, force: true })
console.log(`\n${counts.passed} passing`)
console.log(JSON.stringify({ ...counts, failures, slowest }))
process.exit(counts.failed > 0 ? 1 : 0)
