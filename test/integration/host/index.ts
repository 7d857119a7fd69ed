// Entry that VS Code calls inside its extension host: runs the suites beside it and writes what came out.
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type MochaModule from 'mocha'
import { notes } from './support.ts'

interface Result {
  ok: boolean
  name: string
  detail: string
}

/** VS Code takes a rejection for a failure. */
export async function run(): Promise<void> {
  // The bundle lies in a scratch folder; mocha is the repository's.
  const { default: Mocha } = createRequire(`${process.env.SPARSESCOPE_ROOT}/package.json`)('mocha') as {
    default: typeof MochaModule
  }
  const mocha = new Mocha({ ui: 'tdd', timeout: 180_000, color: false, reporter: 'dot' })
  mocha.suite.emit('pre-require', globalThis, 'host', mocha)
  // After the globals of mocha are there.
  await import('./activation.test.ts')
  await import('./inspector.test.ts')
  await import('./recipes.test.ts')
  await import('./firstMinute.test.ts')
  await import('./unwatched.test.ts')
  await import('./pull.test.ts')
  await import('./agents.test.ts')
  await import('./backend.test.ts')
  const results: Result[] = []
  const failures = await new Promise<number>((resolve) => {
    const runner = mocha.run(resolve)
    runner.on('pass', (test) => results.push({ ok: true, name: test.fullTitle(), detail: `${test.duration} ms` }))
    runner.on('fail', (test, error: Error) => {
      results.push({ ok: false, name: test.fullTitle(), detail: error.stack ?? error.message })
    })
  })
  writeFileSync(process.env.SPARSESCOPE_HOST_RESULTS ?? 'results.json', JSON.stringify({ results, notes }))
  if (failures > 0) throw new Error(`${failures} failed`)
}
