import assert from 'node:assert/strict'
import { newProgress } from '../../../../src/engine/run/state/progress.ts'
import { createSession, type SessionParts } from '../../../../src/engine/run/state/session.ts'

const device = { device: 'cpu', description: '', details: {} }
const facts = { recipe: '', base: '', sources: [], device, warnings: [], trainable: null }

describe('session', () => {
  /** A session whose log holds so many bytes. */
  function begun(bytes: number, mention: () => void, emit: () => void) {
    const log = { elapsed: () => 0, bytes: () => bytes, mention, emit }
    const backend = { memory: () => ({ usedBytes: 0 }) }
    return createSession({ progress: newProgress(facts), backend, log } as unknown as SessionParts)
  }

  it('reports memory from a timer without failing: a full disk there would end the process', async () => {
    let stop = () => {}
    try {
      await new Promise<void>((resolve, reject) => {
        stop = begun(1, resolve, () => reject(new Error('emitted from a timer'))).close
      })
    } finally {
      stop()
    }
  })

  it('writes nothing before the start of the run, which is its first line', async () => {
    let said = 0
    const session = begun(
      0,
      () => said++,
      () => said++,
    )
    await new Promise((resolve) => setTimeout(resolve, 1200))
    session.close()
    assert.equal(said, 0)
  })
})
