// `npm test` and, with --all, `npm run test:all`: set-up, build, then checks and tests, some at a time. The last line is
// `N passed, N failed`. Name layers to run only those: `npm test -- unit engine`.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { runSteps } from './test/lanes.mjs'
import { slowestText } from './test/slowest.mjs'
import { suites } from './test/suites.mjs'

const all = process.argv.includes('--all')
const asked = process.argv.slice(2).filter((argument) => argument !== '--all')
const counts = { passed: 0, failed: 0, skipped: 0 }
const started = { commandLine: 0, other: 0 }
/** Failures, repeated at the end: the outputs above are ten thousand lines. */
const failures = []
const times = []
const scratch = mkdtempSync(join(tmpdir(), 'sparsescope-test-'))
const wants = ({ layer }) => asked.length === 0 || asked.includes(layer)

/** A step that must work before anything else makes sense. */
function must(title, args) {
  console.log(`\n== ${title}`)
  if (spawnSync(process.execPath, args, { stdio: 'inherit' }).status === 0) return
  console.log('\n0 passed, 1 failed')
  process.exit(1)
}

/** A check that counts as one test. */
function check(title, ...args) {
  return { layer: 'check', title, args, countsOf: (status) => (status === 0 ? { passed: 1 } : { failed: 1 }) }
}

/** Test files that one process runs, bundled. */
function mocha({ layer, title, env }, bundles, name) {
  const file = join(scratch, `${name}.json`)
  const mochaArgs = ['--no-config', '--timeout', '180000', '--reporter', 'test/support/countingReporter.cjs']
  const args = ['--enable-source-maps', 'node_modules/mocha/bin/mocha.js', ...mochaArgs, join(bundles, `${name}.mjs`)]
  const countsOf = () => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { failed: 1 })
  const told = { SPARSESCOPE_TEST_COUNTS: file, SPARSESCOPE_TEST_BUNDLES: bundles }
  return { layer, title, args, env: { ...env, ...told }, countsOf }
}

/** The layers inside a real VS Code print their counts as JSON on their last line. */
function vscode() {
  const countsOf = (_status, output) => {
    const last = output.trim().split('\n').at(-1) ?? ''
    return last.startsWith('{') ? JSON.parse(last) : { failed: 1 }
  }
  const title = all ? 'a real VS Code: test/integration/host and test/e2e' : 'a first tour of a real VS Code'
  return { layer: 'vscode', title, args: ['scripts/testVscode.mjs', ...(all ? [] : ['walk'])], countsOf }
}

must('set-up', ['scripts/setup.mjs', '--test'])
must('build', ['esbuild.mjs'])
// These imports need npm packages, so they come after the set-up.
const { bundleTests } = await import('./test/bundle.mjs')
const processes = suites(all).filter(wants)
const bundles = await bundleTests(Object.fromEntries(processes.map(({ files }, i) => [`suite${i}`, files])))
/** The longest step starts first, so that all lanes end at about the same time. */
const steps = [
  vscode(),
  ...processes.map((one, i) => mocha(one, bundles, `suite${i}`)),
  check(
    'lint',
    'node_modules/eslint/bin/eslint.js',
    ...(process.env.CI ? [] : ['--cache', '--cache-location', 'out/eslint']),
    '.',
  ),
  check('type check', 'scripts/typecheck.mjs'),
  check('format', 'node_modules/oxfmt/bin/oxfmt', '--check'),
].filter(wants)

// On two processors, two steps more than processors: each step often waits for browsers, locks or jobs.
const atOnce = Math.min(6, Math.floor(availableParallelism() / 2) + 3)
await runSteps(steps, atOnce, ({ title, countsOf }, status, output) => {
  const result = countsOf(status, output)
  if (status !== 0 && !result.failed) result.failed = 1
  // A step that failed without naming a test (a check, a crash) is reported by its last lines.
  const untold = result.failed ? [output.trim().split('\n').slice(-20).join('\n')] : []
  for (const failure of result.failures?.length ? result.failures : untold) failures.push(`${title}: ${failure}`)
  for (const key of Object.keys(counts)) counts[key] += result[key] ?? 0
  for (const kind of Object.keys(started)) started[kind] += result.started?.[kind] ?? 0
  times.push(...(result.slowest ?? []))
})
for (const folder of [scratch, bundles]) rmSync(folder, { recursive: true, force: true })

console.log(`\n${slowestText(times)}`)
console.log(`\ntests started the command line ${started.commandLine} times, other processes ${started.other} times`)
if (failures.length > 0) console.log(`\n== what failed\n\n${failures.join('\n\n')}`)
if (counts.skipped > 0) console.log(`\n${counts.skipped} skipped (each said why above)`)
console.log(`\n${counts.passed} passed, ${counts.failed} failed`)
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0)
