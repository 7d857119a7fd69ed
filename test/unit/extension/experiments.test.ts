// All runs of a workspace side by side: their names, what a sweep says of its own, and runs that come while it is open.
import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rowOf, tableText } from '../../../src/extension/sweeps/comparedView.ts'
import { openExperiments, type Experiments } from '../../../src/extension/sweeps/experiments.ts'
import { Sweeps } from '../../../src/extension/sweeps/sweeps.ts'
import { RunReader } from '../../../src/runs/reader/runReader.ts'
import { recordedRun } from '../../webview/harness/recorded.ts'
import { scratch } from '../../support/scratch.ts'

const recipe = (sparsity: number, more = '') =>
  `version: 1\nmodel: /models/opt-125m\nprune: [{method: wanda, sparsity: ${sparsity}, pattern: unstructured}]\nseed: 0\n${more}`

describe('experiments of a workspace', () => {
  let place: string
  let sweeps: Sweeps
  let own: string[]
  let opened: Experiments | null
  const listeners = new Set<() => void>()
  const store = {
    list: () => own.map((folder) => new RunReader({ name: '', settings: {}, folder })),
    onChange(listener: () => void) {
      listeners.add(listener)
      return { dispose: () => void listeners.delete(listener) }
    },
  }
  beforeEach(async () => {
    place = scratch().folder
    own = []
    opened = null
    sweeps = new Sweeps(() => Promise.resolve(new Set()))
    const folder = join(place, 'sweeps', '20261231-235958-grid')
    mkdirSync(folder, { recursive: true })
    const settings = [0.5, 0.6].map((sparsity) => ({ 'prune.0.sparsity': sparsity }))
    const runs = settings.map((one, index) => ({
      index,
      name: `prune.0.sparsity=${one['prune.0.sparsity']}`,
      settings: one,
      hash: '0'.repeat(64),
    }))
    writeFileSync(join(folder, 'plan.json'), JSON.stringify({ id: '0123456789abcdef', runs, base: '../..' }))
    writeFileSync(join(folder, 'cancelled.json'), '{"indices":[1]}')
    writeFileSync(join(folder, 'sweep.prune.yaml'), recipe(0.4, 'sweep: {prune.0.sparsity: [0.5, 0.6]}\n'))
    await sweeps.openFolder(folder)
    begin('20261230-000000-mine', 0.7)
  })
  afterEach(() => {
    opened?.close()
    sweeps.dispose()
  })
  function begin(name: string, sparsity: number): string {
    const folder = join(place, 'runs', name)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'recipe.prune.yaml'), recipe(sparsity))
    writeFileSync(
      join(folder, 'events.jsonl'),
      recordedRun(2)
        .map((event) => `${JSON.stringify(event)}\n`)
        .join(''),
    )
    own.push(folder)
    return folder
  }
  const rows = () => (opened?.runs.runs ?? []).map(rowOf)

  const never = () => undefined

  it('are single runs and runs of sweeps, begun or not, by distinct names', async () => {
    opened = await openExperiments({ store, sweeps }, never)
    assert.deepEqual(
      rows().map(({ label, sweep, state }) => [label, sweep, state]),
      [
        ['wanda 50 %', 'grid', 'waiting'],
        ['wanda 60 %', 'grid', 'cancelled'],
        ['wanda 70 %', null, 'failed'],
      ],
    )
    assert.deepEqual(
      rows().map(({ facts }) => [facts.model, facts.sparsity]),
      [
        ['opt-125m', 0.5],
        ['opt-125m', 0.6],
        ['opt-125m', 0.7],
      ],
    )
    assert.deepEqual(new Set(rows().map(({ key }) => key)).size, 3)
  })

  it('report when runs appear or disappear, and keep what is known of the others', async () => {
    let anew = 0
    opened = await openExperiments({ store, sweeps }, () => anew++)
    for (const listener of listeners) listener()
    assert.equal(anew, 0)
    begin('20261230-000001-other', 0.8)
    for (const listener of listeners) listener()
    assert.equal(anew, 1)
    const before = opened
    opened = await openExperiments({ store, sweeps }, never, before)
    before.close()
    assert.equal(opened.runs.runs[2], before.runs.runs[2])
    assert.deepEqual(
      rows()
        .map(({ label }) => label)
        .slice(2),
      ['wanda 70 %', 'wanda 80 %'],
    )
  })

  it('are exported as a table with the protocol of their reports, or as a line a run; places without a run are skipped', async () => {
    const report = {
      status: 'done',
      perplexity: { dense: 27.65, pruned: 40 },
      protocol: ['Perplexity on w.txt: windows of 2048 tokens.'],
    }
    writeFileSync(join(own[0], 'report.json'), JSON.stringify(report))
    const ended = { t: 1e6, type: 'end', status: 'done' }
    appendFileSync(join(own[0], 'events.jsonl'), `${JSON.stringify(ended)}\n`)
    opened = await openExperiments({ store, sweeps }, never)
    const text = await tableText(opened.runs, [0, 2, 99], 'markdown')
    assert.match(text, /\| wanda 70 % \| 40\.00 \|/)
    assert.match(text, /opt-125m pruned by wanda to 70 %\. Perplexity on w\.txt: windows of 2048 tokens\./)
    assert.match(text, /1 run left out: it is not done/)
    const csv = (await tableText(opened.runs, [0, 2, 99], 'csv')).trim().split('\r\n')
    assert.equal(csv.length, 3)
    assert.match(csv[2], /,done,27\.65,40,/)
  })
})
