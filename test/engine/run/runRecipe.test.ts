// What a run does when things go wrong, and the laws that hold for every run.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import type { RunEvent } from '../../../src/runs/series/events.ts'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { readMaskFile } from '../../support/storedMasks.ts'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { openCpu } from '../../../src/engine/compute/cpu/open.ts'
import type { RunReport } from '../../../src/engine/run/report/report.ts'
import { run, runPlace } from '../../support/runs.ts'
import { goldenPath } from '../../support/shared.ts'
import { cannot } from '../../support/skip.ts'

describe('a run', () => {
  const here = runPlace()
  const [model, data] = [goldenPath('opt'), goldenPath('opt', 'prune', 'calib.safetensors')]

  const events = (report: Pick<RunReport, 'run'>) =>
    readFileSync(join(report.run, 'events.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as RunEvent)
  const onlyRun = () =>
    join(here.place.path('.sparsescope', 'runs'), readdirSync(here.place.path('.sparsescope', 'runs'))[0])
  const magnitude = [{ method: 'magnitude', sparsity: 0.5 }]
  const retraining = (more: object = {}) => ({
    mode: 'retrain',
    train: ['bias', 'norm'],
    steps: 5,
    lr: 1e-3,
    data,
    samples: 16,
    seq_len: 16,
    ...more,
  })
  const recipe = (more: object) => here.place.recipe('a', { version: 1, model, ...more })

  it('says that more memory is allowed than there is, and does not use it', async () => {
    const report = await run(here.backend, { recipe: recipe({ prune: magnitude }), memoryBytes: 2 ** 50 })
    assert.match(report.warnings.join(), /--memory 1.13 PB is more than this machine has \(.*\): at most .* are used/)
  })

  it('says that less memory is allowed than it takes', async () => {
    const report = await run(here.backend, { recipe: recipe({ prune: magnitude }), memoryBytes: 2 ** 20 })
    assert.match(report.warnings.join(), /--memory allows 1.05 MB, and this takes about \d+ MB at least: allow more/)
  })

  it('is cancelled when it is stopped after its result was saved, and can be finished', async () => {
    const controller = new AbortController()
    let folder = ''
    const stopped = run(here.backend, {
      recipe: recipe({ prune: magnitude, save: { to: 'out' } }),
      signal: controller.signal,
      onFolder: (path) => (folder = path),
      onEvent: ({ type }) => type === 'saved' && controller.abort(),
    })
    await assert.rejects(stopped, { code: 'cancelled' })
    const statusOf = () => (JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as RunReport).status
    assert.equal(statusOf(), 'cancelled')
    assert.equal(events({ run: folder }).at(-1)?.type, 'end')
    const begun: boolean[] = []
    const onEvent = ({ type }: RunEvent) => type === 'start' && begun.push(existsSync(join(folder, 'report.json')))
    assert.equal((await run(here.backend, { resume: folder, onEvent })).status, 'done')
    assert.deepEqual(begun, [false], 'no report of an earlier process while another is under way')
    assert.equal(statusOf(), 'done')
  })

  it('saves a mask, zeros and a sparsity that agree', async () => {
    const report = await run(here.backend, { recipe: recipe({ prune: magnitude, save: { to: 'out' } }) })
    const masks = await readMaskFile(here.place.path('out', 'sparsescope.mask'))
    const saved = await openCheckpoint(here.place.path('out'))
    let [zeros, size] = [0, 0]
    for (const [name, { rows, columns, words }] of masks) {
      const values = new Float32Array((await saved.read(name)).buffer)
      values.forEach((value, i) => {
        const [row, column] = [Math.floor(i / columns), i % columns]
        const kept = (words[row * Math.ceil(columns / 32) + (column >> 5)] >>> (column & 31)) & 1
        assert.equal(value !== 0, kept === 1)
      })
      zeros += values.filter((value) => value === 0).length
      size += rows * columns
    }
    await saved.close()
    assert.equal(masks.size, 12)
    assert.equal(report.sparsity, zeros / size)
    assert.equal(report.sparsity, 0.5)
  })

  it('says that a recovery made the model worse, and only then', async () => {
    const prune = [{ method: 'magnitude', sparsity: 0.7 }]
    const text = (name: string) => join('samples', 'text', name)
    writeFileSync(here.place.path('held-out.txt'), readFileSync(text('evaluation.txt'), 'utf8').slice(0, 4000))
    const report = async (lr: number) => {
      const evaluate = [
        { task: 'perplexity', data: here.place.path('held-out.txt'), seq_len: 64, at: ['pruned', 'recovered'] },
      ]
      const recover = retraining({
        steps: 12,
        batch_size: 2,
        lr,
        data: resolve(text('train.jsonl')),
        samples: 24,
        seq_len: 64,
      })
      const sample = { version: 1, model: resolve('samples', 'opt'), prune, recover, evaluate }
      return run(here.backend, { recipe: here.place.recipe('a', sample) })
    }
    const worse = (await report(0.1)).warnings.filter((w) => w.includes('recovery raised the perplexity'))
    assert.equal(worse.length, 1)
    assert.match(worse[0], /lower recover\.lr \(0\.1\)/)
    assert.ok(!(await report(1e-3)).warnings.some((w) => w.includes('recovery raised')))
  })

  it('measures one file at two window lengths as two results', async () => {
    const evaluate = [16, 8].map((seq_len) => ({ data, seq_len, at: ['dense', 'pruned', 'recovered'] }))
    const recover = retraining({ steps: 2, lr: 1e-9 })
    const report = await run(here.backend, { recipe: recipe({ prune: magnitude, recover, evaluate }) })
    const keys = report.evaluations.map((e) => `${e.entry} ${e.stage} ${e.seq_len}`)
    const stages = ['dense', 'pruned', 'recovered']
    assert.deepEqual(keys.sort(), [16, 8].flatMap((n, entry) => stages.map((stage) => `${entry} ${stage} ${n}`)).sort())
    const of = (entry: number) => report.evaluations.filter((e) => e.entry === entry).map((e) => e.perplexity)
    assert.deepEqual(Object.values(report.perplexity), of(0))
    assert.notDeepEqual(of(0), of(1))
    const measured = events(report).flatMap((e) => (e.type === 'eval' ? [`${e.entry} ${e.stage} ${e.seq_len}`] : []))
    assert.deepEqual(measured.sort(), keys.sort())
    assert.ok(!report.warnings.some((w) => w.includes('recovery raised')))
  })

  it('takes all of a file of ids where the recipe does not say how much', async () => {
    const written = { prune: [{ method: 'wanda' }], calibration: { data }, evaluate: [{ data, at: ['dense'] }] }
    const recover = { mode: 'retrain', train: ['norm'], steps: 2, data }
    const { recipe: resolved, evaluations } = await run(here.backend, { recipe: recipe({ ...written, recover }) })
    const { calibration, recover: trained, evaluate } = resolved
    assert.deepEqual([calibration?.samples, calibration?.seq_len], [16, 16])
    // One recovery is written without a list around it.
    assert.ok(trained && !Array.isArray(trained))
    assert.deepEqual([trained.samples, trained.seq_len, evaluate[0].seq_len], [16, 16, 16])
    assert.deepEqual([evaluations[0].windows, evaluations[0].seq_len], [16, 16])
  })

  it('adds up accumulated batches to the step of one large batch', async () => {
    const weights = async (name: string, more: object) => {
      const path = here.place.recipe(name, {
        version: 1,
        model,
        prune: magnitude,
        recover: retraining(more),
        save: { to: name },
      })
      await run(here.backend, { recipe: path })
      const saved = await openCheckpoint(here.place.path(name))
      const values = new Float32Array((await saved.read('model.decoder.layers.0.fc1.bias')).buffer)
      await saved.close()
      return values
    }
    const whole = await weights('whole', { batch_size: 4 })
    const parts = await weights('parts', { batch_size: 2, grad_accumulation: 2 })
    const other = await weights('other', { batch_size: 2 })
    assert.ok(whole.every((value, i) => Math.abs(value - parts[i]) < 1e-6))
    assert.ok(!whole.every((value, i) => Math.abs(value - other[i]) < 1e-6))
  })

  it('gives the same bytes with memory for one block only', async () => {
    const saved = async (name: string, memoryBytes: number) => {
      const recover = retraining({ train: ['bias', 'norm', 'mask_lora'], lora: { rank: 4, alpha: 8 } })
      const path = here.place.recipe(name, { version: 1, model, prune: magnitude, recover, save: { to: name } })
      await run(here.backend, { recipe: path, memoryBytes })
      return readFileSync(here.place.path(name, 'model.safetensors'))
    }
    assert.deepEqual(await saved('little', 1), await saved('much', 1e9))
  })

  it('retrains a pruned folder under its mask, or under its zeros with a warning', async () => {
    await run(here.backend, { recipe: recipe({ prune: magnitude, save: { to: 'pruned' } }) })
    const again = (name: string) =>
      here.place.recipe(name, {
        version: 1,
        model: 'pruned',
        recover: retraining({ train: ['mask_lora'] }),
        save: { to: name },
      })
    const first = await run(here.backend, { recipe: again('first') })
    assert.deepEqual(
      first.warnings.filter((w) => w.includes('exact zeros')),
      [],
    )
    cpSync(here.place.path('pruned'), here.place.path('bare'), { recursive: true })
    const bare = here.place.recipe('second', {
      version: 1,
      model: 'bare',
      recover: retraining({ train: ['mask_lora'] }),
      save: { to: 'second' },
    })
    spawnSync('rm', [here.place.path('bare', 'sparsescope.mask')])
    const second = await run(here.backend, { recipe: bare })
    assert.ok(second.warnings.some((w) => w.includes('exact zeros of the block linears (50.00 %)')))
    for (const name of ['model.safetensors', 'sparsescope.mask'])
      assert.deepEqual(readFileSync(here.place.path('second', name)), readFileSync(here.place.path('first', name)))
    assert.deepEqual([first.sparsity, second.sparsity], [0.5, 0.5])
  })

  it('stops at a diverging loss with the step and a hint, and saves nothing', async () => {
    const path = recipe({
      prune: magnitude,
      recover: retraining({ train: ['full'], steps: 50, lr: 0.1, weight_decay: 1000 }),
      save: { to: 'out' },
    })
    await assert.rejects(run(here.backend, { recipe: path, settings: [] }), {
      code: 'numeric',
      message: /retraining, step \d+: the (loss|gradient) .*lower recover\.lr/,
    })
    assert.ok(!existsSync(here.place.path('out')))
    const last = events({ run: onlyRun() }).at(-1)
    assert.ok(last?.type === 'end' && last.status === 'failed' && /lower recover\.lr/.test(last.message ?? ''))
    const report = JSON.parse(readFileSync(join(onlyRun(), 'report.json'), 'utf8')) as RunReport
    assert.equal(report.status, 'failed')
  })

  it('says that it was cancelled, leaves no partial output, and can be resumed', async () => {
    const abort = new AbortController()
    const path = recipe({ prune: magnitude, recover: retraining({ steps: 50 }), save: { to: 'out' } })
    const stopping = run(here.backend, {
      recipe: path,
      signal: abort.signal,
      onEvent: (event) => {
        if (event.type === 'step' && event.step === 20) abort.abort()
      },
    })
    await assert.rejects(stopping, { code: 'cancelled', message: /--resume/ })
    const folder = onlyRun()
    const said = events({ run: folder })
    assert.deepEqual(
      said.flatMap((event, index) => (event.type === 'end' ? [[event.status, said.length - 1 - index]] : [])),
      [['cancelled', 0]],
    )
    assert.deepEqual(readdirSync(here.place.folder).sort(), ['.sparsescope', 'a.prune.yaml'])
    const report = await run(here.backend, { resume: folder })
    assert.equal(report.status, 'done')
    assert.equal(events(report).filter((event) => event.type === 'step').length, 50)
    await assert.rejects(run(here.backend, { resume: folder }), { code: 'usage', message: /finished/ })
  })

  it('has in its events a block that is saved after the cancellation', async () => {
    const path = recipe({ prune: magnitude, save: { to: 'out' } })
    let reads = 0
    const cancelledAt = async (read: number) => {
      const abort = new AbortController()
      const counting: Backend = {
        ...here.backend,
        read(tensor) {
          if (++reads === read) abort.abort()
          return here.backend.read(tensor)
        },
      }
      const onEvent = (event: RunEvent) => event.type === 'block' && abort.abort()
      await assert.rejects(run(counting, { recipe: path, signal: abort.signal, onEvent }), { code: 'cancelled' })
    }
    await cancelledAt(Infinity)
    // The last tensor that is read of a block before its event is one that is saved.
    const last = reads
    reads = 0
    rmSync(onlyRun(), { recursive: true })
    await cancelledAt(last)
    const folder = onlyRun()
    const types = events({ run: folder }).map(({ type }) => type)
    assert.deepEqual([types.at(-1), types.includes('block')], ['end', true])
    const report = await run(here.backend, { resume: folder })
    const blocks = events(report).flatMap((event) => (event.type === 'block' ? [event.block] : []))
    assert.deepEqual(blocks, [0, 1])
  })

  for (const mode of ['retrain', 'reconstruct'])
    it(`lets timers and Ctrl-C through in the middle of ${mode}`, async () => {
      const abort = new AbortController()
      const calibration = { data, samples: 16, seq_len: 16 }
      const { data: ids, samples, seq_len, ...reconstruction } = retraining({ mode, steps: 5000 })
      const recover = mode === 'retrain' ? { ...reconstruction, data: ids, samples, seq_len } : reconstruction
      const path = recipe({ prune: magnitude, recover, ...(mode === 'reconstruct' && { calibration }) })
      const onEvent = ({ type }: RunEvent) => {
        if (type === 'step') setTimeout(() => abort.abort(), 0)
      }
      await assert.rejects(run(here.backend, { recipe: path, signal: abort.signal, onEvent }), { code: 'cancelled' })
    })

  it('does not resume when a source or the recipe has changed since', async () => {
    const abort = new AbortController()
    cpSync(data, here.place.path('ids.safetensors'))
    const path = recipe({ prune: magnitude, recover: retraining({ data: 'ids.safetensors' }), save: { to: 'out' } })
    const onEvent = (event: RunEvent) => event.type === 'step' && abort.abort()
    await assert.rejects(run(here.backend, { recipe: path, signal: abort.signal, onEvent }), { code: 'cancelled' })
    const folder = onlyRun()
    await assert.rejects(run(here.backend, { resume: folder, recipe: path, settings: ['recover.steps=9'] }), {
      code: 'bad-recipe',
    })
    appendFileSync(join(folder, 'recipe.prune.yaml'), '# edited\n')
    await assert.rejects(run(here.backend, { resume: folder }), { code: 'bad-recipe', message: /edited/ })
    const text = readFileSync(join(folder, 'recipe.prune.yaml'), 'utf8')
    writeFileSync(join(folder, 'recipe.prune.yaml'), text.replace('# edited\n', ''))
    appendFileSync(here.place.path('ids.safetensors'), ' ')
    await assert.rejects(run(here.backend, { resume: folder }), {
      code: 'bad-data',
      message: /ids\.safetensors changed/,
    })
  })

  it('warns when it continues on another device than it began on', async () => {
    const abort = new AbortController()
    const path = recipe({ prune: magnitude, recover: retraining(), save: { to: 'out' } })
    const onEvent = (event: RunEvent) => event.type === 'step' && abort.abort()
    await assert.rejects(run(here.backend, { recipe: path, signal: abort.signal, onEvent }), { code: 'cancelled' })
    const other = await openCpu({ threads: 1 })
    const report = await run(other, { resume: onlyRun() })
    await other.close()
    assert.ok(report.warnings.some((w) => /began on .*2 threads and continues on .*1 thread\b/.test(w)))
  })

  it('refuses before anything is made: an output that exists, missing data, nothing to train, reconstruction without pruning', async () => {
    mkdirSync(here.place.path('out'))
    const cases: [object, object][] = [
      [{ prune: magnitude, save: { to: 'out' } }, { code: 'exists' }],
      [{ prune: [{ method: 'wanda' }] }, { code: 'bad-recipe', message: /calibration/ }],
      [{ prune: magnitude, recover: { mode: 'retrain' } }, { code: 'bad-recipe' }],
      [
        { recover: { mode: 'reconstruct' }, calibration: { data } },
        { code: 'bad-recipe', message: /prune/ },
      ],
      [
        { prune: magnitude, evaluate: [{ data: 'missing.txt' }] },
        { code: 'not-found', message: /missing\.txt/ },
      ],
      [{ prune: [{ targets: ['nothing'] }] }, { code: 'bad-recipe' }],
      [
        { prune: [{ sparsity: 0.5 }, { method: 'random', targets: ['re:.*fc1'] }] },
        {
          code: 'bad-recipe',
          message: /^prune\.1\.targets: Step 1 prunes .*fc1.* which step 0 already prunes with other settings/,
        },
      ],
      [
        { prune: magnitude, recover: retraining({ train: ['mask_lora'], lora: { init: data } }) },
        { code: 'bad-data', message: /no tensor init_A\..*q_proj; add it/ },
      ],
      [
        { prune: magnitude, evaluate: [{ data, seq_len: 5000 }] },
        { code: 'bad-recipe', message: /seq_len: This model has \d+ positions, .* lower seq_len/ },
      ],
    ]
    for (const [more, error] of cases) await assert.rejects(run(here.backend, { recipe: recipe(more) }), error)
    assert.deepEqual(readdirSync(here.place.folder).sort(), ['a.prune.yaml', 'out'])
  })

  it('measures the pruned model even where reconstruction never makes it', async () => {
    const evaluate = [{ data, seq_len: 16, at: ['pruned', 'recovered'] }]
    const pruned = await run(here.backend, { recipe: recipe({ prune: magnitude, evaluate }) })
    const calibration = { data, samples: 16, seq_len: 16 }
    const reconstructed = await run(here.backend, {
      recipe: recipe({ prune: magnitude, evaluate, calibration, recover: { steps: 5, lora: { rank: 2 } } }),
    })
    assert.equal(pruned.perplexity.recovered, undefined)
    assert.equal(reconstructed.perplexity.pruned, pruned.perplexity.pruned)
    assert.notEqual(reconstructed.perplexity.recovered, pruned.perplexity.pruned)
  })

  for (const [what, option, message] of [
    ['full', 'size=160k', /small.* (full|free)/],
    ['read-only', 'ro', /small.*read-only/],
  ] as const)
    it(`ends on a ${what} disk with a clear error, and leaves nothing under the final name`, async function () {
      const mount = here.place.path('small')
      mkdirSync(mount)
      if (spawnSync('mount', ['-t', 'tmpfs', '-o', option, 'tmpfs', mount]).status !== 0)
        return cannot(this, 'only root can mount a small file system')
      try {
        const path = recipe({ prune: magnitude, save: { to: 'small/out' } })
        await assert.rejects(run(here.backend, { recipe: path }), { code: 'disk', message })
        assert.deepEqual(readdirSync(mount), [])
      } finally {
        spawnSync('umount', [mount])
      }
    })
})
