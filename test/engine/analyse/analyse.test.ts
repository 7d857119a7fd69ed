// What an analysis says of a model, against the definitions computed by hand in f64, on every device.
import assert from 'node:assert/strict'
import { cpSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { analyse, type AnalyseOptions } from '../../../src/engine/analyse/analyse.ts'
import { latestAnalysis } from '../../../src/engine/analyse/analysisStore.ts'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { upload } from '../../../src/engine/compute/backend.ts'
import { EngineError } from '../../../src/engine/errors.ts'
import { createModelStream } from '../../../src/engine/blocks/modelStream.ts'
import { embedAll, runBlock } from '../../../src/engine/blocks/flow.ts'
import { createDecoder } from '../../../src/engine/model/decoder.ts'
import { openModel } from '../../../src/engine/model/model.ts'
import { backends } from '../../support/backends.ts'
import { staysOpen } from '../../support/runs.ts'
import { scratch } from '../../support/scratch.ts'
import { goldenPath } from '../../support/shared.ts'
import { readTensors } from '../../support/tensors.ts'
import { lacks } from '../../support/skip.ts'

const seqLen = 16

describe('analysis of a dense model', () => {
  let folder: string
  beforeEach(() => {
    folder = scratch().folder
    cpSync(goldenPath('llama'), join(folder, 'llama'), { recursive: true })
  })

  const calibration = () => ({ data: join(folder, 'llama', 'prune', 'calib.safetensors'), field: 'calib_ids' })
  const asked = { methods: ['magnitude', 'wanda', 'sparsegpt'], sparsities: [0.5, 0.7] } as const

  async function analysed(backend: Backend, more: Partial<AnalyseOptions> = {}) {
    const checkpoint = await openCheckpoint(join(folder, 'llama'))
    try {
      return await analyse(checkpoint, {
        calibration: calibration(),
        asked,
        sensitivity: null,
        seed: 0,
        memoryBytes: 1e9,
        openBackend: async () => staysOpen(backend),
        onWarning: assert.fail,
        ...more,
      })
    } finally {
      await checkpoint.close()
    }
  }

  for (const { name, open } of backends)
    describe(name, () => {
      let backend: Backend
      before(async function () {
        const opened = await open()
        if ('reason' in opened) lacks(this, opened.reason)
        else backend = opened.backend
      })
      after(() => backend?.close())

      /** Inputs [tokens][channels] of each linear of block 0, in f64 from here on. */
      async function firstInputs() {
        const checkpoint = await openCheckpoint(join(folder, 'llama'))
        const stream = createModelStream(backend, openModel(checkpoint))
        const ids = (await readTensors(calibration().data)).i32('calib_ids')
        const set = { ids, windows: ids.length / seqLen, seqLen }
        const flow = { backend, stream, set, budget: { bytes: 1e9 }, onWindows: () => undefined }
        const seen = new Map<string, Promise<Float32Array>[]>()
        const weights = new Map<string, { weight: Float32Array; columns: number }>()
        const hidden = await embedAll(flow)
        const block = await stream.load(0)
        await runBlock(flow, block, hidden, null, {
          observe: (linears, input) => {
            const values = backend.read(input) as Promise<Float32Array>
            for (const { name: linear } of linears)
              seen.set(linear, [...(seen.get(linear) ?? []), values.then((v) => v.slice())])
          },
        })
        const inputs = new Map<string, Float32Array[]>()
        for (const [linear, parts] of seen) inputs.set(linear, await Promise.all(parts))
        for (const { name: linear, weight } of block.linears)
          weights.set(linear, {
            weight: ((await backend.read(weight)) as Float32Array).slice(),
            columns: weight.shape[1],
          })
        stream.release(block)
        await hidden.close()
        stream.close()
        await checkpoint.close()
        return { inputs, weights }
      }

      it('gives errors, norms and effective ranks by their definitions', async () => {
        const { modules } = await analysed(backend)
        const { inputs, weights } = await firstInputs()
        assert.ok(weights.size > 0)
        for (const [linear, { weight, columns }] of weights) {
          const found = modules.find((module) => module.name === linear)
          const x = (inputs.get(linear) ?? []).flatMap((part) => [...part])
          const hessian = gramOf(x, columns)
          assert.ok(found?.activation)
          close(found.activation.norm, Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / x.length))
          const trace = hessian.reduce((sum, row, j) => sum + row[j], 0)
          const frobenius = hessian.flat().reduce((sum, v) => sum + v * v, 0)
          close(found.activation.effective_rank, trace ** 2 / frobenius)
          assert.ok(
            (found.activation.effective_rank ?? 0) >= 1 && (found.activation.effective_rank ?? 0) <= columns + 1e-3,
          )
          for (const sparsity of asked.sparsities) {
            const cut = [...weight].map(Math.abs).sort((a, b) => a - b)[Math.floor(weight.length * sparsity + 0.5) - 1]
            const lost = [...weight].map((w) => (Math.abs(w) <= cut ? w : 0))
            const error = energy(lost, hessian) / energy([...weight], hessian)
            const measured = found.errors.find((e) => e.method === 'magnitude' && e.sparsity === sparsity)
            close(measured?.error, error)
          }
          const at = (method: string, s: number) =>
            found.errors.find((e) => e.method === method && e.sparsity === s)?.error ?? NaN
          assert.ok(at('sparsegpt', 0.5) <= at('magnitude', 0.5))
          for (const method of asked.methods) assert.ok(at(method, 0.5) < at(method, 0.7))
        }
      })

      it('gives as sensitivity the loss with only that linear, or that block, pruned', async () => {
        for (const unit of ['linear', 'block'] as const) {
          const result = await analysed(backend, { sensitivity: unit })
          const last = result.modules.filter(({ block }) => block === Math.max(...result.modules.map((m) => m.block)))
          for (const chosen of [result.modules[0], last[1]]) {
            const names =
              unit === 'linear'
                ? [chosen.name]
                : result.modules.filter((m) => m.block === chosen.block).map((m) => m.name)
            close(chosen.sensitivity, await lossWithPruned(names), 1e-5)
          }
          close(result.sensitivity?.loss, await lossWithPruned([]), 1e-5)
        }
      })

      /** Magnitude, half of each. */
      async function lossWithPruned(names: readonly string[]): Promise<number> {
        const checkpoint = await openCheckpoint(join(folder, 'llama'))
        const model = openModel(checkpoint)
        const stream = createModelStream(backend, model)
        const overrides = new Map()
        for (let b = 0; b < stream.blockCount; b++) {
          const block = await stream.load(b)
          for (const { name: linear, weight } of block.linears) {
            if (!names.includes(linear)) continue
            const values = ((await backend.read(weight)) as Float32Array).slice()
            const cut = [...values].map(Math.abs).sort((x, y) => x - y)[Math.floor(values.length * 0.5 + 0.5) - 1]
            const pruned = values.map((w) => (Math.abs(w) <= cut ? 0 : w))
            overrides.set(`${linear}.weight`, upload(backend, 'f32', weight.shape, pruned))
          }
          stream.release(block)
        }
        const decoder = await createDecoder(backend, model, { memoryBytes: 1e9, as: 'f32', overrides })
        try {
          const ids = (await readTensors(calibration().data)).i32('calib_ids')
          let sum = 0
          for (let w = 0; w < 4; w++) {
            const batch = { batch: 1, seqLen, ids: ids.slice(w * seqLen, (w + 1) * seqLen), mask: null, labels: null }
            const [nll] = await decoder.forwardNll([batch])
            sum += nll.reduce((a, b) => a + b, 0) / (seqLen - 1)
          }
          return sum / 4
        } finally {
          await decoder.close()
          for (const tensor of overrides.values()) backend.release(tensor)
          stream.close()
          await checkpoint.close()
        }
      }
    })

  describe('that is kept beside the checkpoint', () => {
    const cpu = backends.find(({ name }) => name === 'cpu')
    let backend: Backend
    before(async () => {
      const opened = await cpu?.open()
      if (!opened || 'reason' in opened) throw new Error('no CPU backend')
      backend = opened.backend
    })
    after(() => backend.close())
    const store = () => join(folder, '.sparsescope', 'analyses')

    it('says that a model gives no number before anything is pruned', async () => {
      const file = join(folder, 'llama', 'model.safetensors')
      const bytes = readFileSync(file)
      const data = 8 + Number(bytes.readBigUInt64LE())
      const header = JSON.parse(bytes.toString('utf8', 8, data)) as Record<string, { data_offsets: [number, number] }>
      bytes.writeFloatLE(NaN, data + header['model.layers.1.mlp.up_proj.weight'].data_offsets[0])
      writeFileSync(file, bytes)
      await assert.rejects(
        analysed(backend, { sensitivity: 'linear' }),
        (e) =>
          e instanceof EngineError &&
          /the loss is NaN before anything is pruned; the weights contain NaN/.test(e.message),
      )
    })

    it('continues after a cancellation, to the same result', async () => {
      const whole = await analysed(backend, { sensitivity: 'linear' })
      rmSync(store(), { recursive: true })
      const abort = new AbortController()
      let blocks = 0
      const onMeasured = (modules: readonly unknown[]) => {
        if (modules.length > 0 && ++blocks === 1) abort.abort()
      }
      const cancelled = analysed(backend, { sensitivity: 'linear', signal: abort.signal, onMeasured })
      await assert.rejects(cancelled, (e) => e instanceof EngineError && e.code === 'cancelled')
      let windows = 0
      const given: number[] = []
      const resumed = await analysed(backend, {
        sensitivity: 'linear',
        onMeasured: (modules) => given.push(modules.length),
        onProgress: (what) => (windows += what === 'blocks' ? 1 : 0),
      })
      assert.deepEqual(resumed, whole)
      // Blocks that were kept come first, then the others.
      assert.equal(given[0], whole.modules.filter(({ block }) => block === 0).length)
      const sum = given.reduce((a, b) => a + b, 0)
      assert.equal(sum, whole.modules.length)
      assert.ok(windows > 0)
    })

    it('continues after its device ran out of memory, and says so', async () => {
      const whole = await analysed(backend, { sensitivity: 'block' })
      rmSync(store(), { recursive: true })
      const lessOnce: Backend = { ...backend, planWithLess: () => ({ limitBytes: backend.memory().limitBytes }) }
      const [given, warnings]: [number[], string[]] = [[], []]
      const result = await analysed(lessOnce, {
        sensitivity: 'block',
        onMeasured: (modules) => {
          if (given.push(modules.length) === 2) throw new EngineError('out-of-memory', 'the GPU is out of memory')
        },
        onWarning: (message) => warnings.push(message),
      })
      assert.deepEqual(result, whole)
      assert.match(
        warnings.join('\n'),
        /ran out of memory; the analysis continues after the last block with \S+ .?B of its memory/,
      )
      // Block 0, and then it again as what is kept.
      assert.deepEqual(given.slice(0, 3), [0, given[1], given[1]])
    })

    it('is measured again only for other questions or changed weights', async () => {
      const first = await analysed(backend)
      let passes = 0
      const onProgress = (what: string) => (passes += what === 'blocks' ? 1 : 0)
      assert.deepEqual(await analysed(backend, { onProgress }), first)
      assert.equal(passes, 0)
      await analysed(backend, { onProgress, asked: { methods: ['wanda'], sparsities: [0.5] } })
      assert.equal(passes, 0)
      await analysed(backend, { onProgress, asked: { methods: ['wanda'], sparsities: [0.6] } })
      assert.ok(passes > 0)
    })

    it('measures another method without repeating those that are known', async () => {
      const first = await analysed(backend)
      const alps = { methods: ['alps'], sparsities: [0.5, 0.7] } as const
      const own = await analysed(backend, { asked: alps })
      assert.deepEqual([...new Set(own.modules.flatMap(({ errors }) => errors.map(({ method }) => method)))], ['alps'])
      assert.equal(readdirSync(store()).length, 1)
      const checkpoint = await openCheckpoint(join(folder, 'llama'))
      const known = await latestAnalysis(checkpoint)
      await checkpoint.close()
      for (const [i, module] of (known?.blocks.flat() ?? []).entries())
        assert.deepEqual(module.errors, [...first.modules[i].errors, ...own.modules[i].errors])
      assert.ok(known?.ways.every(({ blocks }) => blocks === known.blocks.length))
      assert.deepEqual(await analysed(backend, { onProgress: (what) => assert.equal(what, 'values') }), first)
    })

    it('measures only the other blocks after it was stopped', async () => {
      const whole = await analysed(backend)
      rmSync(store(), { recursive: true })
      const stop = new AbortController()
      const onFirst: AnalyseOptions['onMeasured'] = (modules) => modules.length > 0 && stop.abort()
      const stopped = analysed(backend, { signal: stop.signal, onMeasured: onFirst })
      await assert.rejects(stopped, { code: 'cancelled' })
      const given: number[][] = []
      const onMeasured: AnalyseOptions['onMeasured'] = (modules) =>
        given.push([...new Set(modules.map(({ block }) => block))])
      assert.deepEqual(await analysed(backend, { onMeasured }), whole)
      assert.deepEqual(given.slice(0, 2), [[0], [1]])
    })

    it('replaces sensitivities by those of another unit, and keeps errors', async () => {
      const byLinear = await analysed(backend, { sensitivity: 'linear' })
      const byBlock = await analysed(backend, { sensitivity: 'block' })
      assert.notDeepEqual(byBlock.modules, byLinear.modules)
      const errorsOf = ({ modules }: typeof byBlock) => modules.map(({ errors }) => errors)
      assert.deepEqual(errorsOf(byBlock), errorsOf(byLinear))
      assert.deepEqual(await analysed(backend, { sensitivity: 'linear' }), byLinear)
    })

    it('is measured again when the configuration changed', async () => {
      const first = await analysed(backend)
      const path = join(folder, 'llama', 'config.json')
      const text = readFileSync(path, 'utf8')
      writeFileSync(path, JSON.stringify({ ...(JSON.parse(text) as object), rms_norm_eps: 0.1 }))
      try {
        assert.notDeepEqual(await analysed(backend), first)
      } finally {
        writeFileSync(path, text)
      }
    })

    it('is replaced if somebody else wrote its file', async () => {
      const first = await analysed(backend)
      const [file] = readdirSync(store())
      for (const text of [
        '',
        '{',
        JSON.stringify({ key: 'x', loss: null, blocks: [] }),
        JSON.stringify({ key: file, loss: 1, blocks: [[{ name: 1 }]] }),
      ]) {
        // oxfmt-ignore
        writeFileSync(join(store(), file), text)
        assert.deepEqual(await analysed(backend), first)
      }
    })

    it('is found again for the same weights only, the newest first', async () => {
      const checkpoint = await openCheckpoint(join(folder, 'llama'))
      try {
        assert.equal(await latestAnalysis(checkpoint), null)
        const { modules } = await analysed(backend)
        const found = await latestAnalysis(checkpoint)
        const names = found?.blocks.flat().map((m) => m.name)
        assert.deepEqual(
          names,
          modules.map((m) => m.name),
        )
        const named = await openCheckpoint(relative(process.cwd(), join(folder, 'llama')))
        assert.deepEqual(await latestAnalysis(named), found, 'named from another folder it is the same')
        await named.close()
        const weights = checkpoint.files[0].path
        utimesSync(weights, new Date(0), new Date(0))
        assert.equal(await latestAnalysis(checkpoint), null)
      } finally {
        await checkpoint.close()
      }
    })

    it('is beside the snapshots of the Hub cache, not among them', async () => {
      const snapshot = join(folder, 'models--a--b', 'snapshots', 'c0ffee')
      cpSync(join(folder, 'llama'), snapshot, { recursive: true })
      const checkpoint = await openCheckpoint(snapshot)
      const data = join(snapshot, 'prune', 'calib.safetensors')
      const openBackend = async () => staysOpen(backend)
      const options = { asked, sensitivity: null, seed: 0, memoryBytes: 1e9, openBackend, onWarning: assert.fail }
      await analyse(checkpoint, { ...options, calibration: { data, field: 'calib_ids' } })
      assert.ok(await latestAnalysis(checkpoint))
      await checkpoint.close()
      assert.deepEqual(readdirSync(join(folder, 'models--a--b', 'snapshots')), ['c0ffee'])
    })

    it('is the same with Hessians of one group at a time', async () => {
      const first = await analysed(backend)
      rmSync(store(), { recursive: true })
      const small = await analysed(backend, { memoryBytes: 4 * 20_000 })
      for (const [i, module] of small.modules.entries())
        for (const [j, { error }] of module.errors.entries())
          close(error, first.modules[i].errors[j].error ?? NaN, 1e-5)
    })

    it('analyses only values where there is no data', async () => {
      const openBackend = () => assert.fail('no backend is needed')
      const { modules } = await analysed(backend, { calibration: null, openBackend })
      for (const { std, kurtosis, errors } of modules)
        assert.ok((std ?? 0) > 0 && (kurtosis ?? 0) > 1 && errors.length === 0)
    })
  })
})

function gramOf(x: readonly number[], columns: number): number[][] {
  const gram = Array.from({ length: columns }, () => new Array<number>(columns).fill(0))
  for (let t = 0; t < x.length; t += columns)
    for (let i = 0; i < columns; i++) for (let j = 0; j < columns; j++) gram[i][j] += x[t + i] * x[t + j]
  return gram
}

function energy(w: readonly number[], hessian: readonly number[][]): number {
  const n = hessian.length
  let sum = 0
  for (let r = 0; r < w.length; r += n)
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) sum += w[r + i] * hessian[i][j] * w[r + j]
  return sum
}

function close(actual: number | null | undefined, expected: number, tolerance = 1e-4): void {
  assert.ok(
    actual !== null && actual !== undefined && Math.abs(actual - expected) <= tolerance * Math.abs(expected),
    `${actual} is not ${expected}`,
  )
}
