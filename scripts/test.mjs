// `npm test`: set-up, build, checks, then every layer of tests. The last line is `N passed, N failed`.
// Name layers to run only those: `npm test -- unit engine`.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const node = process.execPath
const asked = process.argv.slice(2)
const counts = { passed: 0, failed: 0, skipped: 0 }
const scratch = mkdtempSync(join(tmpdir(), 'sparsescope-test-'))

function step(title, command, args) {
  console.log(`\n== ${title}`)
  return spawnSync(command, args, { stdio: 'inherit', env: process.env }).status === 0
}

/** A step that must work before anything else makes sense. */
function must(title, command, args) {
  if (step(title, command, args)) return
  console.log('\n0 passed, 1 failed')
  process.exit(1)
}

/** A check that counts as one test. */
function check(title, script) {
  if (step(title, 'npm', ['run', '--silent', script])) counts.passed++
  else counts.failed++
}

function add(result) {
  for (const key of Object.keys(counts)) counts[key] += result[key] ?? 0
}

function tests(folder, suffix) {
  return readdirSync(folder, { recursive: true }).some((name) => String(name).endsWith(suffix))
}

function mocha(layer) {
  const folder = `test/${layer}`
  if (!existsSync(folder) || !tests(folder, '.test.ts')) return
  console.log(`\n== ${folder}`)
  const file = join(scratch, `${layer}.json`)
  const args = [
    'node_modules/mocha/bin/mocha.js',
    '--reporter',
    'test/support/countingReporter.cjs',
    `${folder}/**/*.test.ts`,
  ]
  const { status } = spawnSync(node, args, { stdio: 'inherit', env: { ...process.env, SPARSESCOPE_TEST_COUNTS: file } })
  const result = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { failed: 1 }
  if (status !== 0 && !result.failed) result.failed = 1
  add(result)
}

/** The layers inside a real VS Code print their counts as JSON on their last line. */
function vscode() {
  if (!existsSync('scripts/testVscode.mjs')) return
  console.log('\n== test/integration and test/e2e (a real VS Code)')
  const { status, stdout } = spawnSync(node, ['scripts/testVscode.mjs'], {
    stdio: ['inherit', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  process.stdout.write(stdout)
  const last = stdout.trim().split('\n').at(-1) ?? ''
  const result = last.startsWith('{') ? JSON.parse(last) : { failed: 1 }
  if (status !== 0 && !result.failed) result.failed = 1
  add(result)
}

must('set-up', node, ['scripts/setup.mjs', '--test'])
must('build', node, ['esbuild.mjs'])
if (asked.length === 0) for (const script of ['typecheck', 'lint', 'format:check']) check(script, script)
for (const layer of ['unit', 'engine', 'webview']) if (asked.length === 0 || asked.includes(layer)) mocha(layer)
if (asked.length === 0 || asked.includes('vscode')) vscode()
rmSync(scratch, { recursive: true, force: true })

if (counts.skipped > 0) console.log(`\n${counts.skipped} skipped (each said why above)`)
console.log(`\n${counts.passed} passed, ${counts.failed} failed`)
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0)
