// Processing the tiny checkpoints block by block: groups over the whole model, resuming, spilling, cancelling, devices.
import assert from 'node:assert/strict'
import { openCheckpoint, type Checkpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { Arena } from '../../../src/engine/compute/arena.ts'
import { readF32, type Backend } from '../../../src/engine/compute/backend.ts'
import { openCpu, type CpuBackend } from '../../../src/engine/compute/cpu/open.ts'
import { type Block } from '../../../src/engine/model/block.ts'
import { openModel } from '../../../src/engine/model/model.ts'
import { zerosOf, type Mask } from '../../../src/engine/prune/mask.ts'
import type { PruneEntry } from '../../../src/plan/pruneEntry.ts'
import {
  processBlocks,
  type BlockRecovery,
  type BlocksOptions,
  type BlockWork,
} from '../../../src/engine/blocks/processBlocks.ts'
import type { Activations } from '../../../src/engine/blocks/activations.ts'
import type { WantedStates } from '../../../src/engine/blocks/flow.ts'
import { createModelStream } from '../../../src/engine/blocks/modelStream.ts'
import { createRng } from '../../../src/engine/rng.ts'
import { patternViolations } from '../../support/maskPatterns.ts'
import { goldenPath } from '../../support/shared.ts'
import { openOrSkip } from '../../support/webgpu.ts'

interface Result {
  masks: Map<string, Mask>
  dense: Map<string, Float32Array>
  weights: Map<string, Float32Array>
  works: BlockWork[]
  warnings: string[]
}

const [windows, seqLen] = [16, 16]

/** The same ids for every model: 3 … 159. */
function calibration() {
  const rng = createRng(5, 'ids')
  return { ids: Int32Array.from({ length: windows * seqLen }, () => 3 + rng.below(157)), windows, seqLen }
}

function recovery(wants: Partial<WantedStates>, body: (work: BlockWork) => Promise<void> = async () => undefined) {
  const recover: BlockRecovery['recover'] = async (work) => body(work).then(() => null)
  return { dense: 'block' as const, middles: false, ...wants, recover }
}

describe('processBlocks', () => {
  let cpu: CpuBackend
  const checkpoints = new Map<string, Checkpoint>()
  before(async () => {
    cpu = await openCpu({ threads: 2 })
    for (const arch of ['opt', 'llama', 'mixtral', 'gpt2'])
      checkpoints.set(arch, await openCheckpoint(goldenPath(arch)))
  })
  after(async () => {
    for (const checkpoint of checkpoints.values()) await checkpoint.close()
    await cpu.close()
  })

  const streamOf = (arch: string, backend: Backend = cpu) => {
    const checkpoint = checkpoints.get(arch)
    assert.ok(checkpoint)
    return createModelStream(backend, openModel(checkpoint))
  }
  const entryFor = (arch: string, change: Partial<PruneEntry>, sparsity = 0.5): PruneEntry => ({
    method: 'magnitude',
    sparsities: new Map([...streamOf(arch).shapes.keys()].map((name) => [name, sparsity])),
    pattern: null,
    scope: 'tensor',
    selection: 'exact',
    settings: {},
    ...change,
  })

  async function prune(arch: string, entries: PruneEntry[], change: Partial<BlocksOptions> = {}): Promise<Result> {
    const result: Result = { masks: new Map(), dense: new Map(), weights: new Map(), works: [], warnings: [] }
    const backend = change.backend ?? cpu
    const stream = streamOf(arch, backend)
    const keep = async (into: Map<string, Float32Array>, block: Block) => {
      for (const { name, weight } of block.linears) into.set(name, await readF32(backend, weight))
    }
    try {
      for (let i = 0; i < stream.blockCount; i++) {
        const block = await stream.load(i)
        await keep(result.dense, block)
        stream.release(block)
      }
      const walk = processBlocks({
        backend,
        host: cpu,
        stream,
        entries,
        calibration: calibration(),
        recover: [],
        seed: 0,
        activations: { bytes: 1e9 },
        onWarning: (message) => result.warnings.push(message),
        ...change,
      })
      for await (const work of walk) {
        await keep(result.weights, work.block)
        for (const [name, mask] of work.masks) result.masks.set(name, mask)
        result.works.push(work)
      }
    } finally {
      stream.close()
    }
    return result
  }

  it('global magnitude prunes what a sort over the whole model prunes', async () => {
    const { masks, dense } = await prune('llama', [entryFor('llama', { scope: 'global' }, 0.37)], { calibration: null })
    const scores = Float32Array.from(
      [...dense.values()].flatMap((w) => [...w]),
      (w) => Math.abs(w),
    )
    const order = [...scores.keys()].sort((a, b) => scores[a] - scores[b] || a - b)
    const pruned = new Set(order.slice(0, Math.floor(0.37 * scores.length + 0.5)))
    let at = 0
    for (const [name, weight] of dense) {
      const mask = masks.get(name)
      assert.ok(mask)
      const expected = weight.reduce((count, _, i) => count + (pruned.has(at + i) ? 1 : 0), 0)
      assert.equal(zerosOf(mask), expected, name)
      at += weight.length
    }
  })

  it('leaves an expert without tokens out of a global group that looks at them', async () => {
    const few = { ids: Int32Array.of(7, 7), windows: 1, seqLen: 2 }
    const entry = entryFor('mixtral', { method: 'wanda', scope: 'global' })
    const { masks, weights, dense, warnings } = await prune('mixtral', [entry], { calibration: few })
    // One sentence a block: its first, and how many more.
    const said = warnings.flatMap((message) => {
      const [, first, more] = /^(\S+) and (\d+) more saw no calibration token/.exec(message) ?? []
      return first ? [{ first, count: 1 + Number(more) }] : []
    })
    const halves = (mask: Mask) => 2 * zerosOf(mask) === mask.rows * mask.columns
    const unseen = [...masks].filter(([name, mask]) => name.includes('experts.') && halves(mask)).map(([name]) => name)
    assert.ok(said.length > 0 && said.every(({ first }) => unseen.includes(first)), warnings.join('\n'))
    assert.equal(
      said.reduce((sum, { count }) => sum + count, 0),
      unseen.length,
    )
    for (const name of unseen) {
      const [mask, weight, before] = [masks.get(name), weights.get(name), dense.get(name)]
      assert.ok(mask && weight && before)
      assert.equal(zerosOf(mask), weight.length / 2, name)
      const least = Math.min(...weight.filter((w) => w !== 0).map(Math.abs))
      assert.ok(
        before.every((w, i) => weight[i] !== 0 || Math.abs(w) <= least),
        'the smallest go',
      )
    }
    const seen = [...masks].filter(([name]) => !unseen.includes(name))
    const [zeros, size] = [0, 1].map((i) =>
      seen.reduce((sum, [, mask]) => sum + (i === 0 ? zerosOf(mask) : mask.rows * mask.columns), 0),
    )
    assert.equal(zeros, Math.round(size / 2))
  })

  it('global groups prune exactly round(s·n), ties in model order', async () => {
    for (const method of ['random', 'wanda', 'ria'] as const) {
      const { masks } = await prune('opt', [entryFor('opt', { method, scope: 'global' }, 0.61)])
      const sizes = [...masks.values()].reduce((sum, { rows, columns }) => sum + rows * columns, 0)
      const zeros = [...masks.values()].reduce((sum, mask) => sum + zerosOf(mask), 0)
      assert.equal(zeros, Math.floor(0.61 * sizes + 0.5))
    }
  })

  for (const arch of ['opt', 'llama', 'mixtral', 'gpt2'])
    it(`${arch}: Hessians that fit only one at a time give the same weights as all together`, async () => {
      const part = (wanted: (name: string) => boolean) =>
        new Map([...streamOf(arch).shapes.keys()].filter(wanted).map((name) => [name, 0.5]))
      const isFirst = (name: string) => /[q]_proj|c_attn/.test(name)
      const entries = [
        entryFor(arch, { method: 'sparsegpt', sparsities: part((name) => !isFirst(name)) }),
        entryFor(arch, { method: 'wanda', scope: 'row', sparsities: part(isFirst) }),
      ]
      const together = await prune(arch, entries)
      let last = [0, 1]
      const onProgress = (done: number, total: number) => void (last = [done, total])
      const apart = await prune(arch, entries, { statisticBytes: 0, onProgress })
      assert.deepEqual(apart.weights, together.weights)
      assert.deepEqual([...apart.masks], [...together.masks])
      assert.deepEqual(apart.warnings, together.warnings)
      assert.equal(last[0], last[1])
    })

  it('several entries apply in one pass, each to its linears, others stay dense', async () => {
    const names = [...streamOf('opt').shapes.keys()]
    const some = (part: string, sparsity: number) =>
      new Map(names.filter((name) => name.includes(part)).map((name) => [name, sparsity]))
    const { masks, dense, weights } = await prune('opt', [
      entryFor('opt', { method: 'wanda', scope: 'row', sparsities: some('fc1', 0.25) }),
      entryFor('opt', {
        method: 'sparsegpt',
        pattern: { n: 1, m: 3 },
        settings: { block_size: 24 },
        sparsities: some('fc2', 0),
      }),
      entryFor('opt', { method: 'random', sparsities: some('q_proj', 0.75) }),
    ])
    for (const [name, mask] of masks) {
      if (name.includes('fc1')) assert.equal(zerosOf(mask), mask.rows * 0.25 * mask.columns)
      if (name.includes('q_proj')) assert.equal(zerosOf(mask) / (mask.rows * mask.columns), 0.75)
      if (name.includes('fc2')) assert.equal(patternViolations(mask, 1, 3), 0)
    }
    assert.equal(masks.size, 6)
    for (const name of names.filter((n) => n.includes('v_proj'))) assert.deepEqual(weights.get(name), dense.get(name))
  })

  it('random pruning depends on the seed and the tensor only', async () => {
    const entries = [entryFor('opt', { method: 'random' })]
    const [a, b, c] = [
      await prune('opt', entries, { seed: 1 }),
      await prune('opt', entries, { seed: 1 }),
      await prune('opt', entries, { seed: 2 }),
    ]
    assert.deepEqual(a.masks, b.masks)
    assert.notDeepEqual(a.masks, c.masks)
  })

  it('activations on disk give the same masks and weights as in memory', async () => {
    const entries = [entryFor('llama', { method: 'sparsegpt' })]
    const inMemory = await prune('llama', entries)
    const some = await prune('llama', entries, { activations: { bytes: 5 * seqLen * 48 * 4 } })
    const none = await prune('llama', entries, { activations: { bytes: 0 } })
    assert.deepEqual(some.weights, inMemory.weights)
    assert.deepEqual(none.weights, inMemory.weights)
  })

  it('continues after finished blocks as if it had never stopped, global ties too', async () => {
    for (const change of [{ method: 'wanda' as const }, { method: 'wanda' as const, scope: 'global' as const }]) {
      const entries = [entryFor('opt', change)]
      const whole = await prune('opt', entries)
      const stream = streamOf('opt')
      const rest = await prune('opt', entries, {
        finished: {
          blocks: 1,
          async load(index) {
            const block = await stream.load(index)
            for (const { name, weight } of block.linears)
              cpu.write(weight, whole.weights.get(name) ?? new Float32Array(weight.length))
            return block
          },
        },
      })
      stream.close()
      assert.equal(rest.masks.size, whole.masks.size / 2)
      for (const [name, mask] of rest.masks) assert.deepEqual(mask, whole.masks.get(name), name)
    }
  })

  it('routers stay dense, experts are pruned, and one that saw no token is pruned by magnitude with a warning', async () => {
    const few = { ids: Int32Array.of(7), windows: 1, seqLen: 1 }
    for (const method of ['wanda', 'sparsegpt'] as const) {
      const { masks, warnings } = await prune('mixtral', [entryFor('mixtral', { method })], { calibration: few })
      assert.ok([...masks.keys()].every((name) => !name.endsWith('.gate')))
      assert.ok([...masks.values()].every((mask) => 2 * zerosOf(mask) >= mask.rows * mask.columns))
      assert.ok(warnings.some((message) => /experts.* saw no calibration token/.test(message)))
    }
  })

  it('rows and groups run along the inputs where the checkpoint stores [in, out]', async () => {
    const { masks } = await prune('gpt2', [entryFor('gpt2', { pattern: { n: 2, m: 4 } })])
    for (const [name, [rows, columns]] of streamOf('gpt2').shapes) {
      const mask = masks.get(name)
      assert.ok(mask)
      assert.deepEqual([mask.rows, mask.columns, patternViolations(mask, 2, 4)], [rows, columns, 0])
    }
  })

  it('gives the dense outputs of the pruned stream, or the dense stream itself', async () => {
    const read = async (states: Activations) => {
      using arena = new Arena(cpu)
      return readF32(cpu, await states.load(arena, 0, windows))
    }
    for (const dense of ['block', 'model'] as const) {
      const seen: { inputs: Float32Array; outputs: Float32Array; own: Float32Array }[] = []
      const look = recovery({ dense }, async ({ states }) => {
        const given = states?.dense[dense]
        assert.ok(given && states)
        assert.equal(states.dense[dense === 'block' ? 'model' : 'block'], null)
        const [inputs, outputs] = [await read(given.inputs), await read(given.outputs)]
        seen.push({ inputs, outputs, own: await read(states.inputs) })
      })
      await prune('opt', [entryFor('opt', {})], { recover: [look] })
      assert.deepEqual(seen[0].inputs, seen[0].own)
      if (dense === 'block') assert.deepEqual(seen[1].inputs, seen[1].own)
      else assert.deepEqual(seen[1].inputs, seen[0].outputs)
    }
  })

  it('recovers in the given order, what is left is rounded, and says what each did', async () => {
    const calls: string[] = []
    const step = (name: string, value: number) =>
      recovery({ middles: name === 'first' }, async ({ block, fitted, recovered }) => {
        calls.push(`${block.index} ${name} ${recovered.length} ${fitted?.middles != null}`)
        cpu.write(block.linears[0].weight, new Float32Array(block.linears[0].weight.length).fill(value))
      })
    const recover = [step('first', 1), step('second', 1.5)]
    const { works, weights } = await prune('opt', [entryFor('opt', {})], { recover })
    assert.deepEqual(calls, ['0 first 0 true', '0 second 1 false', '1 first 0 true', '1 second 1 false'])
    assert.deepEqual(works[0].recovered, [null, null])
    assert.ok(weights.get(works[0].block.linears[0].name)?.every((w) => w === 1.5))
  })

  it('gives all memory back when its caller stops early', async () => {
    const before = cpu.memory().usedBytes
    const saving = recovery({}, async () => Promise.reject(new Error('full')))
    await assert.rejects(prune('opt', [entryFor('opt', {})], { recover: [saving] }), /full/)
    const stream = streamOf('opt')
    const options = { backend: cpu, host: cpu, stream, entries: [entryFor('opt', { method: 'wanda' })], recover: [] }
    const walk = processBlocks({ ...options, calibration: calibration(), seed: 0, activations: { bytes: 1e9 } })
    for await (const { block } of walk) {
      assert.equal(block.index, 0)
      break
    }
    stream.close()
    assert.equal(cpu.memory().usedBytes, before)
  })

  it('refuses methods that need data without it, before anything runs', async () => {
    await assert.rejects(prune('opt', [entryFor('opt', { method: 'wanda' })], { calibration: null }), {
      code: 'bad-data',
    })
    await assert.rejects(prune('opt', [entryFor('opt', {})], { calibration: null, recover: [recovery({})] }), {
      code: 'bad-data',
    })
  })

  it('stops when cancelled, and gives all its memory back', async () => {
    const entries = [entryFor('opt', { method: 'sparsegpt' })]
    await prune('opt', entries)
    const before = cpu.memory().usedBytes
    const abort = new AbortController()
    const onProgress = (done: number) => done > 20 && abort.abort()
    await assert.rejects(prune('opt', entries, { signal: abort.signal, onProgress }), { code: 'cancelled' })
    assert.equal(cpu.memory().usedBytes, before)
  })

  it('progress never falls and ends at its total', async () => {
    const seen: [number, number][] = []
    for (const entries of [
      [entryFor('opt', { method: 'wanda', scope: 'global' })],
      [entryFor('opt', { method: 'sparsegpt' })],
    ]) {
      await prune('opt', entries, { onProgress: (done, total) => seen.push([done, total]) })
      assert.ok(seen.every(([done], i) => i === 0 || done >= seen[i - 1][0]))
      const last = seen.at(-1)
      assert.equal(last?.[0], last?.[1])
      seen.length = 0
    }
  })

  it('on WebGPU gives the masks of the CPU', async function () {
    this.timeout(300_000)
    const gpu = await openOrSkip(this)
    try {
      for (const method of ['wanda', 'sparsegpt'] as const) {
        const entries = [entryFor('llama', { method })]
        const [a, b] = [await prune('llama', entries), await prune('llama', entries, { backend: gpu })]
        assert.deepEqual(b.masks, a.masks)
        for (const [name, weight] of b.weights)
          weight.forEach((w, i) => assert.ok(Math.abs(w - (a.weights.get(name)?.[i] ?? NaN)) < 1e-4))
      }
    } finally {
      await gpu.close()
    }
  })
})
