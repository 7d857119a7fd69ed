import { newProgress } from '../../../../src/engine/run/state/progress.ts'
import { createSession, type SessionParts } from '../../../../src/engine/run/state/session.ts'

const device = { device: 'cpu', description: '', details: {} }
const facts = { recipe: '', base: '', sources: [], device, warnings: [], trainable: null }

describe('session', () => {
  it('says its memory from a timer only as what may be left unsaid: a full disk there would end the process', async () => {
    let stop = () => {}
    try {
      await new Promise<void>((resolve, reject) => {
        const log = {
          elapsed: () => 0,
          mention: resolve,
          emit: () => reject(new Error('emitted from a timer')),
        }
        const backend = { memory: () => ({ usedBytes: 0 }) }
        const session = createSession({ progress: newProgress(facts), backend, log } as unknown as SessionParts)
        stop = session.close
      })
    } finally {
      stop()
    }
  })
})
