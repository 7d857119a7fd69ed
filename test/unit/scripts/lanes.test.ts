import assert from 'node:assert/strict'
import { runSteps } from '../../../scripts/test/lanes.mjs'

describe('the steps of the tests', () => {
  async function ended(limitMs: number, ...sources: string[]) {
    const results: [string, number, string][] = []
    const steps = sources.map((source, i) => ({ title: `step ${i}`, args: ['-e', source] }))
    await runSteps(steps, 2, ({ title }, status, output) => results.push([title, status, output.trim()]), limitMs)
    return results
  }

  it('are killed and fail when they never end, and the next ones run', async () => {
    const hangs = 'setInterval(() => {}, 1000)'
    // A process of its own keeps its outputs open after it was killed.
    const holds = `console.log(require('node:child_process').spawn('sleep', ['600'], { stdio: 'inherit' }).pid); ${hangs}`
    const results = await ended(15_000, `console.log('begun'); ${hangs}`, holds, "console.log('fine')")
    process.kill(Number(results[1][2].split('\n')[0]))
    assert.deepEqual(results.pop(), ['step 2', 0, 'fine'])
    assert.deepEqual(
      results.map(([, status]) => status),
      [1, 1],
    )
    for (const [, , output] of results) assert.match(output, /^(begun|\d+)\s+killed: not over after 15 s$/)
  })

  it('give an exit code and both outputs', async () => {
    const [[, status, output]] = await ended(60_000, 'console.log("a"); console.error("b"); process.exit(3)')
    assert.equal(status, 3)
    assert.deepEqual(output.split('\n').sort(), ['a', 'b'])
  })
})
