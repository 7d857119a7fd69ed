// A run closes the device that it opened, however it ends.
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { run, runPlace } from '../../support/runs.ts'

describe('the device of a run', () => {
  const here = runPlace({ tiny: true })
  const recipe = () =>
    here.place.recipe('out', {
      version: 1,
      model: here.place.path('model'),
      prune: [{ method: 'magnitude', sparsity: 0.5 }],
      save: { to: 'out' },
    })

  /** A device that counts how often it was opened and closed. */
  function counted() {
    const counts = { opened: 0, closed: 0 }
    const openBackend = async (): Promise<Backend> => {
      counts.opened++
      return { ...here.backend, close: async () => void counts.closed++ }
    }
    return { counts, openBackend }
  }

  it('is closed when it is done', async () => {
    const { counts, openBackend } = counted()
    await run(here.backend, { recipe: recipe(), openBackend })
    assert.deepEqual(counts, { opened: 1, closed: 1 })
  })

  it('is closed when it is cancelled, and again when it was resumed', async () => {
    const { counts, openBackend } = counted()
    const controller = new AbortController()
    const onEvent = ({ type }: { type: string }) => type === 'saved' && controller.abort()
    const options = { recipe: recipe(), openBackend, signal: controller.signal, onEvent }
    await assert.rejects(run(here.backend, options), { code: 'cancelled' })
    assert.deepEqual(counts, { opened: 1, closed: 1 })
    const runs = here.place.path('.sparsescope', 'runs')
    await run(here.backend, { resume: join(runs, readdirSync(runs)[0]), openBackend })
    assert.deepEqual(counts, { opened: 2, closed: 2 })
  })

  it('is closed when no folder can be made', async () => {
    const { counts, openBackend } = counted()
    // Before it opens a device, a run checks its places: the file appears afterwards.
    const opensLate = () => {
      mkdirSync(here.place.path('.sparsescope'))
      writeFileSync(here.place.path('.sparsescope', 'runs'), 'a file where the folder of the runs should be')
      return openBackend()
    }
    await assert.rejects(run(here.backend, { recipe: recipe(), openBackend: opensLate }), {
      code: 'usage',
      message: /runs/,
    })
    assert.deepEqual(counts, { opened: 1, closed: 1 })
  })
})
