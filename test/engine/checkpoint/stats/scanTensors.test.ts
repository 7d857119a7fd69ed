import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { openCheckpoint, type Checkpoint } from '../../../../src/engine/checkpoint/checkpoint.ts'
import { requireNm } from '../../../../src/engine/checkpoint/stats/nmCounter.ts'
import { scanTensors, type ScanOptions } from '../../../../src/engine/checkpoint/stats/scanTensors.ts'
import type { TensorStats } from '../../../../src/shared/protocol/inspect.ts'
import { scratch, type Scratch } from '../../../support/safetensors.ts'

const sample = new URL('../../../../samples/opt', import.meta.url).pathname

describe('scanTensors', function () {
  this.timeout(60_000)
  let temp: Scratch
  beforeEach(() => (temp = scratch()))
  afterEach(() => temp.remove())

  async function scan(checkpoint: Checkpoint, options: Partial<ScanOptions>) {
    const found = new Map<string, TensorStats | null>()
    const items = [...checkpoint.tensors.keys()].map((name) => ({ name, nm: [requireNm('2:4')], transposed: false }))
    const onStats = (name: string, stats: TensorStats | null) => void found.set(name, stats)
    await scanTensors(checkpoint, items, { onStats, ...options })
    return found
  }

  it('finds the same on three threads as on this one, and counts every byte', async () => {
    const checkpoint = await openCheckpoint(sample)
    try {
      let bytes = 0
      const onThreads = await scan(checkpoint, { threads: 3, onBytes: (n) => (bytes += n) })
      assert.equal(
        bytes,
        [...checkpoint.tensors.values()].reduce((sum, t) => sum + t.bytes, 0),
      )
      const here = await scan(checkpoint, { threads: 1 })
      assert.equal(here.size, checkpoint.tensors.size)
      for (const [name, stats] of here) assert.deepEqual(onThreads.get(name), stats)
    } finally {
      await checkpoint.close()
    }
  })

  it('stops when cancelled, also before it begins', async () => {
    const checkpoint = await openCheckpoint(sample)
    try {
      const abort = new AbortController()
      let reported = 0
      const onStats = () => {
        reported++
        abort.abort()
      }
      const stopped = scan(checkpoint, { threads: 2, signal: abort.signal, onStats })
      await assert.rejects(stopped, { code: 'cancelled' })
      assert.equal(reported, 1)
      await assert.rejects(scan(checkpoint, { threads: 2, signal: abort.signal }), { code: 'cancelled' })
    } finally {
      await checkpoint.close()
    }
  })

  it('what a thread cannot read is an error with its sentence', async () => {
    const bytes = readFileSync(`${sample}/model.safetensors`)
    const checkpoint = await openCheckpoint(temp.write('model.safetensors', bytes))
    try {
      temp.write('model.safetensors', bytes.subarray(0, bytes.length / 2))
      await assert.rejects(scan(checkpoint, { threads: 2 }), { name: 'EngineError', code: 'bad-checkpoint' })
    } finally {
      await checkpoint.close()
    }
  })
})
