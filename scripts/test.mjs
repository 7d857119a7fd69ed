// `npm test`: set-up, build, then checks and every layer of tests, some at a time. The last line is `N passed, N failed`.
// Name layers to run only those: `npm test -- unit engine`.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { runSteps } from './test/lanes.mjs'

const asked = process.argv.slice(2)
const counts = { passed: 0, failed: 0, skipped: 0 }
/** What failed, told once more at the end: the outputs above it are ten thousand lines. */
const failures = []
const scratch = mkdtempSync(join(tmpdir(), 'sparsescope-test-'))
const wants = (layer) => asked.length === 0 || asked.includes(layer)

/** A step that must work before anything else makes sense. */
function must(title, args) {
  console.log(`\n== ${title}`)
  if (spawnSync(process.execPath, args, { stdio: 'inherit' }).status === 0) return
  console.log('\n0 passed, 1 failed')
  process.exit(1)
}

/** A check that counts as one test. */
function check(title, ...args) {
  return { layer: null, title, args, countsOf: (status) => (status === 0 ? { passed: 1 } : { failed: 1 }) }
}

/** Test files that one process runs. */
function mocha(layer, title, patterns) {
  const file = join(scratch, `${title.replace(/\W+/g, '-')}.json`)
  const args = ['node_modules/mocha/bin/mocha.js', '--reporter', 'test/support/countingReporter.cjs', ...patterns]
  const countsOf = () => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { failed: 1 })
  return { layer, title, args, env: { SPARSESCOPE_TEST_COUNTS: file }, countsOf }
}

/** The layers inside a real VS Code print their counts as JSON on their last line. */
function vscode() {
  const countsOf = (_status, output) => {
    const last = output.trim().split('\n').at(-1) ?? ''
    return last.startsWith('{') ? JSON.parse(last) : { failed: 1 }
  }
  const title = 'test/integration and test/e2e (a real VS Code)'
  return { layer: 'vscode', title, args: ['scripts/testVscode.mjs'], countsOf }
}

/** Folders of test/engine that take long enough for a process of their own. */
const large = ['compute', 'run', 'cli', 'sweep']
const others = readdirSync('test/engine').filter((name) => !large.includes(name))
const below = (name) => `test/engine/${name}${name.endsWith('.ts') ? '' : '/**/*.test.ts'}`
const engine = (name) => mocha('engine', `test/engine/${name}`, [below(name)])

/** Those that take longest first, so that the lanes end together. */
const steps = [
  vscode(),
  engine('sweep'),
  engine('run'),
  mocha('engine', 'test/engine, the rest', others.map(below)),
  engine('cli'),
  engine('compute'),
  mocha('webview', 'test/webview', ['test/webview/**/*.test.ts']),
  mocha('unit', 'test/unit', ['test/unit/**/*.test.ts']),
  ...(asked.length > 0
    ? []
    : [
        check('type check', 'scripts/typecheck.mjs'),
        check('lint', 'node_modules/eslint/bin/eslint.js', '.'),
        check('format', 'node_modules/prettier/bin/prettier.cjs', '--check', '.'),
      ]),
].filter(({ layer }) => layer === null || wants(layer))

must('set-up', ['scripts/setup.mjs', '--test'])
must('build', ['esbuild.mjs'])
// One more than a machine of two processors has: each waits now and then, for browsers, locks, jobs.
const atOnce = Math.min(5, Math.floor(availableParallelism() / 2) + 2)
await runSteps(steps, atOnce, ({ title, countsOf }, status, output) => {
  const result = countsOf(status, output)
  if (status !== 0 && !result.failed) result.failed = 1
  // A step that failed without naming a test (a check, a crash) is told by its last lines.
  const untold = result.failed ? [output.trim().split('\n').slice(-20).join('\n')] : []
  for (const failure of result.failures?.length ? result.failures : untold) failures.push(`${title}: ${failure}`)
  for (const key of Object.keys(counts)) counts[key] += result[key] ?? 0
})
rmSync(scratch, { recursive: true, force: true })

if (failures.length > 0) console.log(`\n== what failed\n\n${failures.join('\n\n')}`)
if (counts.skipped > 0) console.log(`\n${counts.skipped} skipped (each said why above)`)
console.log(`\n${counts.passed} passed, ${counts.failed} failed`)
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0)
