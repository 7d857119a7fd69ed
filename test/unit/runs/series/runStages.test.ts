import assert from 'node:assert/strict'
import type { NewRunEvent, PlannedStages } from '../../../../src/runs/series/events.ts'
import { emptyPicture, foldEvents, type RunPicture } from '../../../../src/runs/series/foldRun.ts'
import { stagesOfRun, type RunStage, type RunState } from '../../../../src/runs/series/runStages.ts'

const all: PlannedStages = { prunes: true, recoveries: ['retrain'], measures: ['dense', 'pruned', 'recovered'] }

/** Events a second apart. */
function run(plan: PlannedStages | undefined, ...events: NewRunEvent[]): RunPicture {
  const start: NewRunEvent = {
    type: 'start',
    name: 'r',
    model: 'm',
    device: 'cpu',
    description: '',
    version: '1',
    blocks: 4,
    ...(plan && { plan }),
  }
  return foldEvents(
    emptyPicture(),
    [start, ...events].map((event, i) => ({ t: 1000 * i, ...event })),
  )
}
const phase = (name: string, recovery?: number): NewRunEvent => ({
  type: 'phase',
  phase: name,
  ...(recovery !== undefined && { recovery }),
})
const evaluated = (
  stage: 'dense' | 'pruned' | 'recovered',
  perplexity: number | null,
  more: object = {},
): NewRunEvent => ({ type: 'eval', stage, entry: 0, data: 'a.txt', perplexity, ...more })
const progress = (name: string, done: number, total: number, unit: string): NewRunEvent => ({
  type: 'progress',
  phase: name,
  done,
  total,
  unit,
  eta_s: null,
})
const step = (n: number): NewRunEvent => ({ type: 'step', step: n, loss: 3, lr: 1e-3, tokens_per_second: 1 })
const block = (n: number, error = 0.5): NewRunEvent => ({
  type: 'block',
  block: n,
  modules: {},
  error_before: 1,
  error_after: error,
  seconds: 1,
})

const shown = (picture: RunPicture, state: RunState = 'live') =>
  stagesOfRun(picture, state).map((stop) =>
    [stop.title, stop.state, stop.value?.text ?? null, stop.detail].filter(Boolean).join(' | '),
  )

const counted = ({ progress: one }: RunStage) => one && `${one.done} of ${one.total} ${one.unit}`

describe('the stages of a run', () => {
  it('is complete before anything has happened, and begins with reading', () => {
    assert.deepEqual(shown(run(all)), ['Dense | now', 'Prune | next', 'Retrain | next', 'Recovered | next'])
    assert.deepEqual(
      shown(run(all, phase('read'), progress('read', 30, 64, 'documents')))[0],
      'Dense | now | reading texts: 30 of 64 documents',
    )
  })

  it('fills as events come: numbers, how far, and the time of each', () => {
    const begun = [phase('evaluate'), evaluated('dense', 24.95), phase('prune'), progress('prune', 5, 10, 'windows')]
    assert.deepEqual(shown(run(all, ...begun)), [
      'Dense | done | 24.95',
      'Prune | now | 50 %',
      'Retrain | next',
      'Recovered | next',
    ])
    const retraining = [
      ...begun,
      phase('evaluate'),
      evaluated('pruned', 60),
      phase('retrain'),
      step(1),
      progress('retrain', 1, 4000, 'steps'),
      step(2),
      step(3),
    ]
    const stages = stagesOfRun(run(all, ...retraining), 'live')
    assert.equal(stages[2].detail, 'step 3 of 4,000')
    assert.deepEqual(
      stages.map(({ ms }) => ms),
      [2000, 4000, 4000, null],
    )
    assert.deepEqual(stages[1].value, { text: '60', what: 'perplexity' })
    assert.equal(stages[2].value?.what, 'loss')
    assert.equal(counted(stages[2]), '3 of 4000 steps')
    assert.deepEqual(
      stages.map(({ leaves }) => leaves),
      ['dense', 'pruned', 'recovered', 'recovered'],
    )
  })

  it('what was measured in the middle of a recovery says where; a finished run has one number for what it recovered', () => {
    const events = [phase('retrain'), step(1), step(2), evaluated('recovered', 676.4, { step: 2 })]
    const [, , middle] = stagesOfRun(run(all, ...events), 'live')
    assert.deepEqual(middle.value, { text: '676.4', what: 'perplexity after 2 steps' })
    const [, , retrain, recovered] = stagesOfRun(
      run(all, ...events, phase('evaluate'), evaluated('recovered', 674.3)),
      'done',
    )
    assert.deepEqual([retrain.value?.what, retrain.more], ['loss', []])
    assert.deepEqual(recovered.value, { text: '674.3', what: 'perplexity' })
  })

  it('its bar counts the windows of a measurement, and the blocks of a pass also while one is measured between them', () => {
    const windows = [phase('evaluate'), progress('evaluate', 2, 16, 'windows')]
    assert.equal(counted(stagesOfRun(run(all, ...windows), 'live')[0]), '2 of 16 windows')
    const plan: PlannedStages = { ...all, recoveries: ['reconstruct'] }
    const first = [progress('reconstruct', 10, 40, 'steps'), block(0)]
    const between = run(plan, evaluated('dense', 20), phase('prune'), phase('reconstruct'), ...first, ...windows)
    const [, , pass, last] = stagesOfRun(between, 'live')
    assert.equal(counted(pass), '1 of 4 blocks')
    assert.equal(pass.detail, 'measuring: 2 of 16 windows')
    assert.equal(last.progress, null)
  })

  it('counts steps after the last progress, so that loss and progress agree', () => {
    const picture = run(all, phase('retrain'), step(1), progress('retrain', 1, 4000, 'steps'), ...[2, 3, 4].map(step))
    assert.equal(picture.progress?.done, 4)
    assert.equal(picture.loss.at(-1)?.x, 4)
  })

  it('has one stage for a pass that recovers what it has just pruned, unless the pruned model is measured', () => {
    const plan: PlannedStages = { ...all, recoveries: ['reconstruct'], measures: ['dense', 'recovered'] }
    const titles = (p: PlannedStages) => stagesOfRun(run(p), 'live').map(({ title }) => title)
    assert.deepEqual(titles(plan), ['Dense', 'Prune + reconstruct', 'Recovered'])
    assert.deepEqual(titles({ ...plan, measures: all.measures }), ['Dense', 'Prune', 'Reconstruct', 'Recovered'])
    const picture = run(plan, phase('evaluate'), evaluated('dense', 20), phase('reconstruct'), block(0), block(1, 0.25))
    assert.deepEqual(shown(picture)[1], 'Prune + reconstruct | now | 38 % | block 3 of 4')
  })

  it('gives a measurement between blocks to its recovery, and the last one to the end', () => {
    const plan: PlannedStages = { ...all, recoveries: ['reconstruct'] }
    const events = [
      phase('evaluate'),
      evaluated('dense', 20),
      phase('prune'),
      phase('evaluate'),
      evaluated('pruned', 40),
      phase('reconstruct'),
      progress('reconstruct', 10, 40, 'steps'),
      block(0),
    ]
    const between = run(plan, ...events, phase('evaluate'))
    assert.equal(shown(between)[2], 'Reconstruct | now | 50 % | measuring')
    const last = [
      ...events,
      ...[1, 2, 3].map((n) => block(n)),
      progress('reconstruct', 40, 40, 'steps'),
      phase('evaluate'),
    ]
    assert.equal(shown(run(plan, ...last))[3], 'Recovered | now | measuring')
    assert.deepEqual(
      shown(run(plan, ...last, evaluated('recovered', 25), phase('save')))[3],
      'Recovered | now | 25 | saving',
    )
  })

  it('shows recoveries of one pass as both going on, and numbers those of a list', () => {
    const plan: PlannedStages = { ...all, recoveries: ['refit', 'reconstruct', 'retrain'] }
    const events = [phase('refit', 0), phase('reconstruct', 1), block(0), phase('refit', 0)]
    assert.deepEqual(
      stagesOfRun(run(plan, ...events), 'live').map(({ title, state }) => [title, state]),
      [
        ['Dense', 'done'],
        ['Prune', 'done'],
        ['1 refit', 'now'],
        ['2 reconstruct', 'now'],
        ['3 retrain', 'next'],
        ['Recovered', 'next'],
      ],
    )
  })

  it('stops where a run ended early, and is done everywhere for a finished one', () => {
    const picture = run(all, phase('evaluate'), evaluated('dense', 20), phase('prune'))
    assert.deepEqual(
      stagesOfRun(picture, 'stopped').map(({ state }) => state),
      ['done', 'stopped', 'next', 'next'],
    )
    assert.ok(stagesOfRun(picture, 'done').every(({ state }) => state === 'done'))
  })

  it('has for a run of an earlier version the stages that its events show', () => {
    const events = [
      phase('read'),
      phase('evaluate'),
      evaluated('dense', 20),
      phase('prune'),
      phase('retrain'),
      evaluated('recovered', 22),
    ]
    assert.deepEqual(shown(run(undefined, ...events), 'done'), [
      'Dense | done | 20',
      'Prune | done',
      'Retrain | done',
      'Recovered | done | 22',
    ])
    assert.deepEqual(shown(run(undefined)), [])
  })

  it('shows further texts and the mean accuracy beside the first perplexity', () => {
    const scored = (entry: number, acc: number) => evaluated('dense', null, { entry, task: 'piqa', acc, stderr: 0.02 })
    const [dense] = stagesOfRun(
      run(all, evaluated('dense', 20), evaluated('dense', 30, { entry: 1, data: 'b.txt' }), scored(2, 0.6)),
      'live',
    )
    assert.equal(dense.value?.text, '20')
    assert.deepEqual(dense.more, ['60.0 % ± 2.0 accuracy', '30 perplexity on b.txt'])
  })
})
