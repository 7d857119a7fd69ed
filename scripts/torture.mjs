// `npm run torture [FILE…]`: the tests that attack, for as long as they take (an hour or so): every parser with a hundred
// times as many mutations, a kill at every change on the disk, the lock's takeovers, eight orders of workgroups. The same files run in `npm test` with
// small counts; SPARSESCOPE_TORTURE sets the count.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const attacks = /(^|[/\\])fuzz[/\\]|pickle|killPoints|killedPrune|lock|webgpu[/\\]races/i
const asked = process.argv.slice(2)
const files =
  asked.length > 0
    ? asked
    : readdirSync('test', { recursive: true })
        .map((name) => join('test', String(name)))
        .filter((path) => /test[/\\](unit|engine)[/\\]/.test(path) && path.endsWith('.test.ts') && attacks.test(path))

if (!existsSync('dist/cli.mjs')) spawnSync(process.execPath, ['esbuild.mjs'], { stdio: 'inherit' })
console.log(files.join('\n'))
const { status } = spawnSync(
  process.execPath,
  ['node_modules/mocha/bin/mocha.js', '--reporter', 'spec', '--timeout', '3600000', ...files],
  { stdio: 'inherit', env: { ...process.env, SPARSESCOPE_TORTURE: '1' } },
)
process.exit(status ?? 1)
