// Reordered channels: blocks that compute the same, Hessians in the new order, and runs that save both sides of an order.
import assert from 'node:assert/strict'
import { openCheckpoint, type Checkpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { compareCheckpoints } from '../../../src/engine/checkpoint/stats/compareCheckpoints.ts'
import { readF32 } from '../../../src/engine/compute/backend.ts'
import type { Activations } from '../../../src/engine/blocks/activations.ts'
import { embedAll, runBlock, type Flow } from '../../../src/engine/blocks/flow.ts'
import { createModelStream } from '../../../src/engine/blocks/modelStream.ts'
import { processBlocks } from '../../../src/engine/blocks/processBlocks.ts'
import { Arena } from '../../../src/engine/compute/arena.ts'
import type { PruneHost } from '../../../src/engine/prune/host.ts'
import type { Block } from '../../../src/engine/model/block.ts'
import { openModel } from '../../../src/engine/model/model.ts'
import { reorderBlock } from '../../../src/engine/prune/reorder.ts'
import { Statistics } from '../../../src/engine/prune/statistics.ts'
import { noteFacts, readNote } from '../../../src/engine/run/origin/note.ts'
import { createRng } from '../../../src/engine/rng.ts'
import type { PruneEntry } from '../../../src/plan/pruneEntry.ts'
import { lint } from '../../../src/lint/lint.ts'
import { cli } from '../../support/cli.ts'
import { pruneHosts } from '../../support/pruneHosts.ts'
import { run, runPlace } from '../../support/runs.ts'
import { maskWords } from '../../../src/catalog/formats/maskFile.ts'
import { isKept, patternViolations } from '../../support/maskPatterns.ts'
import { goldenPath } from '../../support/shared.ts'

const [windows, seqLen] = [16, 16]
const rng = createRng(5, 'ids')
const set = { ids: Int32Array.from({ length: windows * seqLen }, () => 3 + rng.below(157)), windows, seqLen }

const last = (name: string) => name.split('.').at(-1) ?? ''

/** The reordered linears of each model by their last names. A fused projection of queries, keys and values keeps its order. */
const reorderedIn = {
  opt: ['fc1', 'fc2', 'out_proj', 'v_proj'],
  llama: ['down_proj', 'gate_proj', 'o_proj', 'up_proj', 'v_proj'],
  mixtral: ['o_proj', 'v_proj', 'w1', 'w2', 'w3'],
  gpt2: ['c_fc', 'c_proj'],
}

for (const [label, open] of pruneHosts)
  describe(`reordered channels: ${label}`, () => {
    let backend: PruneHost
    const checkpoints = new Map<string, Checkpoint>()
    before(async function () {
      backend = await open(this)
      for (const arch of Object.keys(reorderedIn)) checkpoints.set(arch, await openCheckpoint(goldenPath(arch)))
    })
    after(async () => {
      for (const checkpoint of checkpoints.values()) await checkpoint.close()
      await backend.close()
    })

    const streamOf = (arch: string) => {
      const checkpoint = checkpoints.get(arch)
      assert.ok(checkpoint)
      return createModelStream(backend, openModel(checkpoint))
    }
    const entryFor = (names: Iterable<string>): PruneEntry => ({
      method: 'alps',
      sparsities: new Map([...names].map((name) => [name, 0.5])),
      pattern: { n: 2, m: 4 },
      scope: 'row',
      selection: 'exact',
      settings: {},
      reorder: true,
    })

    for (const [arch, expected] of Object.entries(reorderedIn))
      it(`${arch}: the block computes the same, and its Hessians are those of the new order`, async () => {
        const stream = streamOf(arch)
        const entry = entryFor(stream.shapes.keys())
        const entryOf = (name: string) => (entry.sparsities.has(name) ? entry : undefined)
        const flow: Flow = { backend, stream, set, budget: { bytes: 1e9 }, onWindows: () => undefined }
        const hidden = await embedAll(flow)
        const block = await stream.load(0)
        /** The block's outputs and the Hessians of its inputs. */
        const look = async (): Promise<{ outputs: Float32Array; statistics: Statistics }> => {
          const statistics = new Statistics(backend, windows, entryOf)
          const output: Activations = await embedAll(flow)
          await runBlock(flow, block, hidden, output, { observe: statistics.observe })
          using arena = new Arena(backend)
          const outputs = await readF32(backend, await output.load(arena, 0, windows))
          await output.close()
          return { outputs, statistics }
        }
        const before = await look()
        const context = { backend, host: backend, entryOf, globals: new Map(), seed: 0, warn: assert.fail }
        const reordered = new Set<string>()
        const { statistics } = before
        await reorderBlock(context, block, { statistics, masks: new Map(), reordered })
        const after = await look()
        const names = [...reordered].filter((name) => name.endsWith('.weight')).map((name) => last(name.slice(0, -7)))
        assert.deepEqual([...new Set(names)].sort(), expected)
        assertClose(after.outputs, before.outputs, 'outputs')
        const checked = new Set<string>()
        for (const { inputKey, name } of block.linears) {
          const [moved, seen] = [statistics, after.statistics].map((one) => one.hessian(inputKey))
          if (!moved || !seen) continue
          assertClose(await readF32(backend, moved), await readF32(backend, seen), name)
          checked.add(last(name))
        }
        for (const name of expected) assert.ok(checked.has(name), `${name} has no Hessian`)
        for (const one of [before, after]) one.statistics.close()
        await hidden.close()
        stream.release(block)
        stream.close()
      })

    it('moves masks of matrices that are pruned already, where Hessians fit only one at a time', async () => {
      const prune = async (statisticBytes?: number) => {
        const stream = streamOf('llama')
        const saved = new Map<string, Float32Array>()
        const keep = async ({ linears }: Block) => {
          for (const { name, weight } of linears) saved.set(name, await readF32(backend, weight))
        }
        const walk = processBlocks({
          backend,
          host: backend,
          stream,
          entries: [entryFor(stream.shapes.keys())],
          calibration: set,
          recover: [],
          seed: 0,
          activations: { bytes: 1e9 },
          statisticBytes,
        })
        for await (const { block, masks } of walk) {
          await keep(block)
          for (const [name, mask] of masks) {
            assert.equal(patternViolations(mask, 2, 4), 0, name)
            const weight = saved.get(name) ?? new Float32Array()
            const kept = (i: number) => isKept(mask, Math.floor(i / mask.columns), i % mask.columns)
            const isZeroed = weight.every((value, i) => value === 0 || kept(i))
            assert.ok(isZeroed, name)
          }
        }
        stream.close()
        return saved
      }
      const together = await prune()
      for (const [name, weight] of await prune(1)) assertClose(weight, together.get(name) ?? new Float32Array(), name)
    })

    it('moves the masks that a source came with, also where Hessians fit only one at a time', async () => {
      const prune = async (statisticBytes?: number) => {
        const stream = streamOf('llama')
        const names = [...stream.shapes.keys()]
        const isConsumer = (name: string) => /(o_proj|down_proj)$/.test(name)
        const given = new Map(
          names.flatMap((name) => {
            const [rows, columns] = stream.shapes.get(name) ?? [0, 0]
            const words = Uint32Array.from({ length: rows * maskWords(columns) }, (_, i) => i + 1)
            return isConsumer(name) ? [] : [[name, { read: async () => ({ rows, columns, words: words.slice() }) }]]
          }),
        )
        const entries = [entryFor(names.filter(isConsumer))]
        const activations = { bytes: 1e9 }
        const work = {
          backend,
          host: backend,
          stream,
          entries,
          given,
          calibration: set,
          recover: [],
          seed: 0,
          activations,
        }
        const found = new Map<string, Uint32Array>()
        for await (const { masks } of processBlocks({ ...work, statisticBytes }))
          for (const [name, { words }] of masks) if (!isConsumer(name)) found.set(name, words.slice())
        stream.close()
        return { given, found }
      }
      const { given, found } = await prune()
      assert.deepEqual((await prune(1)).found, found)
      for (const [name, words] of found) {
        const was = (await given.get(name)?.read())?.words
        if (!/(v|gate|up)_proj$/.test(name)) assert.deepEqual(words, was, name)
        else assert.notDeepEqual(words, was, name)
        assert.deepEqual(words.slice().sort(), was?.slice().sort(), name)
      }
      assert.equal(found.size, given.size)
    })
  })

describe('prune.reorder in a run', () => {
  const here = runPlace()

  it('saves both sides of the order: rows of matrices that are not pruned, and the pruned columns', async () => {
    const { place, backend } = here
    const model = goldenPath('llama')
    const step = { method: 'alps', pattern: '2:4', reorder: true, targets: ['re:.*(o_proj|down_proj)$'] }
    const calibration = { data: goldenPath('llama', 'prune', 'calib.safetensors') }
    const recipe = place.recipe('r', { version: 1, model, prune: [step], calibration, save: { to: 'out' } })
    await run(backend, { recipe })
    const [dense, saved] = await Promise.all([model, place.path('out')].map((path) => openCheckpoint(path)))
    const rowsOf = async (checkpoint: Checkpoint, name: string) => {
      const shape = checkpoint.tensors.get(name)?.shape ?? []
      const bytes = Buffer.from(await checkpoint.read(name))
      const size = bytes.length / shape[0]
      return Array.from({ length: shape[0] }, (_, row) => bytes.subarray(row * size, (row + 1) * size).toString('hex'))
    }
    for (const part of ['self_attn.v_proj', 'mlp.gate_proj', 'mlp.up_proj']) {
      const name = `model.layers.1.${part}.weight`
      const [from, to] = [await rowsOf(dense, name), await rowsOf(saved, name)]
      assert.notDeepEqual(to, from, name)
      assert.deepEqual([...to].sort(), [...from].sort(), name)
    }
    const note = await readNote(place.path('out'))
    assert.ok(note && noteFacts(note).some(([, fact]) => fact === 'ALPS, 2:4, channels reordered'))
    const kept = 'model.layers.1.self_attn.q_proj.weight'
    assert.deepEqual(await rowsOf(saved, kept), await rowsOf(dense, kept))
    const { verdict } = await compareCheckpoints(dense, saved)
    assert.match(verdict, /may be in different orders, .* differences between elements have no meaning/)
    const again = place.recipe('again', { version: 1, model: 'out', prune: [{ sparsity: 0.6 }], save: { to: 'out2' } })
    await run(backend, { recipe: again })
    const later = await openCheckpoint(place.path('out2'))
    assert.match((await compareCheckpoints(dense, later)).verdict, /pruned with reorder/)
    const sameOrder = await compareCheckpoints(saved, later)
    assert.doesNotMatch(sameOrder.verdict, /orders/)
    const steps = [{ ...step, method: 'sparsegpt' }]
    const other = { version: 1, model, prune: steps, calibration, save: { to: 'other' } }
    await run(backend, { recipe: place.recipe('other', other) })
    const otherOrder = await openCheckpoint(place.path('other'))
    assert.match((await compareCheckpoints(saved, otherOrder)).verdict, /may be in different orders/)
    for (const checkpoint of [dense, saved, later, otherOrder]) await checkpoint.close()
    const more = ['--dense', model, '--calibration', calibration.data]
    const told = await cli('inspect', place.path('out'), '--certificate', ...more)
    assert.notEqual(told.status, 0)
    assert.match(told.stderr, /have their channels in different orders/)
  })

  it('warns where it changes nothing, and the result then has the order of the dense model', async () => {
    const { place, backend } = here
    const [model, data] = [goldenPath('llama'), goldenPath('llama', 'prune', 'calib.safetensors')]
    const step = { method: 'alps', pattern: '2:4', reorder: true, targets: ['re:.*q_proj$'] }
    const recipe = { version: 1, model, prune: [step], calibration: { data }, save: { to: 'same' } }
    const { warnings } = await run(backend, { recipe: place.recipe('same', recipe) })
    assert.ok(
      warnings.some((warning) => warning.startsWith('reorder changed nothing')),
      warnings.join(),
    )
    const [dense, saved] = await Promise.all([model, place.path('same')].map((path) => openCheckpoint(path)))
    assert.doesNotMatch((await compareCheckpoints(dense, saved)).verdict, /orders/)
    for (const checkpoint of [dense, saved]) await checkpoint.close()
  })

  it('is refused with refit and merge, and has no effect on a method without Hessians or without N:M', () => {
    const findings = (step: object, more: object = {}) => {
      const calibration = { data: 'calib.safetensors' }
      const recipe = { version: 1, model: 'm', prune: [{ reorder: true, ...step }], calibration, save: { to: 'out' } }
      return lint(JSON.stringify({ ...recipe, ...more })).findings.map(({ name, message }) => `${name}: ${message}`)
    }
    const refit = { recover: { mode: 'refit' } }
    const [refused] = findings({ method: 'alps', pattern: '2:4' }, refit).filter((one) => /reorder/.test(one))
    assert.match(
      refused,
      /^exclusive-settings: Refit fits weights to the dense ones in their own order: remove reorder/,
    )
    const merge = { recover: { mode: 'merge', adapter: 'lora' } }
    assert.match(
      findings({ method: 'alps', pattern: '2:4' }, merge).join(),
      /The adapter has the channels in the order/,
    )
    const idle = (step: object) => findings(step).filter((one) => one.startsWith('key-without-effect'))
    assert.match(idle({ method: 'wanda', pattern: '2:4' }).join(), /only with sparsegpt, admm or alps/)
    assert.match(idle({ method: 'alps', sparsity: 0.5 }).join(), /without an N:M pattern/)
    assert.deepEqual(idle({ method: 'alps', pattern: '2:4' }), [])
  })
})

function assertClose(actual: Float32Array, expected: Float32Array, what: string): void {
  assert.equal(actual.length, expected.length, what)
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const error = actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0)
  assert.ok(error <= 2e-5 * scale, `${what}: ${error} of ${scale}`)
}
