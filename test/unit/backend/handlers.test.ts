// What a window is told of a model while another of its views has it scanned.
import assert from 'node:assert/strict'
import { createHandlers } from '../../../src/backend/handlers.ts'
import { f32, safetensors } from '../../support/safetensors.ts'
import { scratch } from '../../support/scratch.ts'

describe('a model that is opened in the middle of a scan', () => {
  it('has every count that the scan had reported before', async () => {
    const temp = scratch()
    const path = temp.write('m/model.safetensors', safetensors({ a: f32([2, 4], new Float32Array(8)) }))
    // Many analyses of other weights: looking through them takes longer than the scan.
    for (let i = 0; i < 16; i++) temp.write(`.sparsescope/analyses/${i}.json`, JSON.stringify(new Array(5e5).fill(0)))
    const { handlers } = createHandlers()
    const { signal } = new AbortController()
    const before: string[] = []
    let isOpen = false
    const opening = handlers.openModel({ path }, { signal, progress: () => undefined as never })
    const scanning = handlers.scan(
      { path },
      {
        signal,
        progress({ stats }) {
          if (!isOpen) before.push(...stats.map(({ name }) => name))
        },
      },
    )
    const { stats } = await opening
    isOpen = true
    await scanning
    assert.deepEqual(before, ['a'], 'the scan was over first')
    assert.deepEqual(
      stats.map(({ name }) => name),
      ['a'],
    )
  })
})
