import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { openCheckpoint, type Checkpoint } from '../../../../src/engine/checkpoint/checkpoint.ts'
import { requireNm } from '../../../../src/engine/checkpoint/stats/nmCounter.ts'
import { rangesOf } from '../../../../src/engine/checkpoint/stats/rowPieces.ts'
import { scanTensors, type ScanOptions } from '../../../../src/engine/checkpoint/stats/scanTensors.ts'
import type { TensorStats } from '../../../../src/protocol/inspect.ts'
import { safetensors } from '../../../support/safetensors.ts'
import { scratch, type Scratch } from '../../../support/scratch.ts'

const sample = new URL('../../../../samples/opt', import.meta.url).pathname

describe('scanTensors', function () {
  this.timeout(300_000)
  let temp: Scratch
  beforeEach(() => (temp = scratch()))

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

  it('cuts a tensor of more than one thread’s share between groups only', async () => {
    const rows = 2 ** 16 + 8
    const data = new Uint8Array(rows * 1024 * 2).fill(1)
    const checkpoint = await openCheckpoint(
      temp.write('model.safetensors', safetensors({ t: { dtype: 'BF16', shape: [rows, 1024], data } })),
    )
    try {
      const item = { name: 't', nm: ['2:4', '3:7'].map(requireNm), transposed: true }
      const ranges = rangesOf(checkpoint.tensors.get('t')!, item)
      assert.ok(ranges.length > 1)
      ranges.forEach(({ first, end }, i) => {
        assert.equal(first, i === 0 ? 0 : ranges[i - 1].end)
        assert.ok(end === rows || end % 28 === 0)
      })
      assert.equal(ranges.at(-1)?.end, rows)
      const found: (TensorStats | null)[] = []
      await scanTensors(checkpoint, [item], { threads: 2, onStats: (_, stats) => found.push(stats) })
      assert.deepEqual(found[0]?.nm, { '2:4': { groups: (rows / 4) * 1024, violations: (rows / 4) * 1024 } })
    } finally {
      await checkpoint.close()
    }
  })

  it('reads bytes of many names once, and reports and counts them for each', async () => {
    const data = Uint8Array.from({ length: 4096 }, (_, i) => i % 3)
    const one = await openCheckpoint(
      temp.write(
        'model.safetensors',
        safetensors({ a: { dtype: 'U8', shape: [64, 64], data }, b: { dtype: 'U8', shape: [64, 64], data } }),
      ),
    )
    const [a, b] = [...one.tensors.values()]
    const names = Array.from({ length: 1000 }, (_, i) => `a.${i}`)
    const tensors = new Map([...names.map((name) => [name, { ...a, name }] as const), ['b', b] as const])
    let read = 0
    const many: Checkpoint = {
      ...one,
      tensors,
      readInto: (name, start, target) => (
        (read += target.length),
        one.readInto(name === 'b' ? 'b' : 'a', start, target)
      ),
    }
    let counted = 0
    const found = await scan(many, { onBytes: (bytes) => (counted += bytes) })
    assert.deepEqual([read, counted, found.size], [2 * 4096, 1001 * 4096, 1001])
    assert.deepEqual({ ...found.get('a.999'), name: 'a' }, (await scan(one, {})).get('a'))
    await one.close()
  })

  it('makes one part of empty rows', async () => {
    const empty = { dtype: 'BF16', shape: [2 ** 40, 0], data: new Uint8Array(0) }
    const checkpoint = await openCheckpoint(temp.write('model.safetensors', safetensors({ t: empty })))
    assert.equal(rangesOf(checkpoint.tensors.get('t')!, {}).length, 1)
    await checkpoint.close()
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

  it('gives an error with the sentence of a thread that cannot read', async () => {
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
