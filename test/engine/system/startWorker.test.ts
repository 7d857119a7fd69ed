import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { startWorker } from '../../../src/system/startWorker.ts'
import { scratch } from '../../support/scratch.ts'

const saying = (what: string) => `import { parentPort } from 'node:worker_threads'\nparentPort.postMessage('${what}')\n`

describe('a worker that is started from source', () => {
  let folder = ''
  beforeEach(() => (folder = scratch().folder))

  /** What answers, where the bundle was written so many seconds after the source. */
  async function answer(later: number): Promise<unknown> {
    const [source, bundle] = [join(folder, 'src', 'part', 'work.ts'), join(folder, 'dist', 'work.mjs')]
    for (const path of [source, bundle]) mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{"type": "module"}')
    writeFileSync(source, saying('source'))
    writeFileSync(bundle, saying('bundle'))
    const made = Date.now() / 1000 + later
    utimesSync(bundle, made, made)
    const here = pathToFileURL(join(folder, 'src', 'part', 'caller.ts')).href
    const worker = startWorker(here, './work.ts', 'work')
    try {
      const [said] = (await once(worker, 'message')) as unknown[]
      return said
    } finally {
      await worker.terminate()
    }
  }

  it('runs the bundle that was built since', async () => assert.equal(await answer(1), 'bundle'))
  it('runs the source where it is newer, from any working directory', async () => {
    const before = process.cwd()
    process.chdir(folder)
    try {
      assert.equal(await answer(-100), 'source')
    } finally {
      process.chdir(before)
    }
  })
  it('from a bundle, runs the one beside it', async () => {
    writeFileSync(join(folder, 'work.mjs'), saying('beside'))
    const worker = startWorker(pathToFileURL(join(folder, 'cli.mjs')).href, './work.ts', 'work')
    assert.deepEqual(await once(worker, 'message'), ['beside'])
    await worker.terminate()
  })
})
