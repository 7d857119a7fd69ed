// The work of all rules on hostile recipes, counted, not timed: a text twice as long takes about twice as much.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

interface Grown {
  readonly input: string
  readonly work: number
  readonly growth: number
  readonly tooFast: boolean
  readonly grown: readonly string[]
}

describe('linting', function () {
  this.timeout(900_000)

  it('does at most 2.2 times the work for a hostile recipe that is twice as long', () => {
    const child = fileURLToPath(new URL('../../support/countLintChild.ts', import.meta.url))
    // Functions whose code is dropped for want of use lose their counts.
    const flags = ['--no-flush-bytecode', '--no-opt', '--import', 'tsx', child]
    const lines = execFileSync(process.execPath, flags, { encoding: 'utf8', maxBuffer: 2 ** 26 })
      .trim()
      .split('\n')
    const all = lines.map((line) => JSON.parse(line) as Grown)
    assert.ok(all.length > 20 && all.every(({ work }) => work > 10_000), 'too little is counted')
    assert.deepEqual(
      all.filter(({ tooFast }) => tooFast),
      [],
    )
  })
})
