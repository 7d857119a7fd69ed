// bench/gpu on a machine where nothing of it can work: every part still says so in a line of JSON.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../../bench/gpu/main.ts', import.meta.url))
const bench = (...args: string[]) =>
  spawnSync(process.execPath, ['--import', 'tsx', main, ...args], { encoding: 'utf8', timeout: 60_000 })

describe('bench/gpu', function () {
  this.timeout(300_000)

  it('continues after a part that fails, and ends with 1', () => {
    const { status, stdout } = bench('--adapter', 'no such adapter', '--part', 'doctor', '--part', 'gemm')
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { part: string; ok: boolean })
    assert.deepEqual(
      lines.map(({ part, ok }) => ({ part, ok })),
      [
        { part: 'doctor', ok: false },
        { part: 'gemm', ok: false },
      ],
    )
    assert.equal(status, 1)
  })

  it('refuses an unknown part', () => {
    const { status, stderr } = bench('--part', 'everything')
    assert.equal(status, 2)
    assert.match(stderr, /no part everything; it has doctor, goldens/)
  })
})
