// The difference of two runs from their folders, and what is said where it cannot be told.
import type { ParamsOf } from '../../../src/shared/protocol/parameters.ts'
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { differenceOf } from '../../../src/extension/sweeps/difference.ts'
import { RunReader } from '../../../src/runs/reader/runReader.ts'
import { aloneOnDisk } from '../../../src/runs/sweep/standing.ts'
import { recordedRun } from '../../webview/harness/recorded.ts'

describe('the difference of two runs', () => {
  let place: string
  beforeEach(() => (place = mkdtempSync(join(tmpdir(), 'difference-'))))
  afterEach(() => rmSync(place, { recursive: true }))

  async function run(name: string, picked: string | null, sparsity = 0.5): Promise<RunReader> {
    const folder = join(place, name)
    mkdirSync(folder)
    const recipe = {
      model: '/m',
      prune: [{ method: 'wanda', sparsity }],
      evaluate: [{ task: 'piqa', data: '/data/piqa.jsonl' }],
    }
    const answers = picked === null ? {} : { answers: { picked, gold: '0110' } }
    const evaluations = [{ stage: 'pruned', entry: 0, task: 'piqa', data: 'piqa.jsonl', ...answers }]
    writeFileSync(
      join(folder, 'events.jsonl'),
      recordedRun(3)
        .map((event) => `${JSON.stringify(event)}\n`)
        .join(''),
    )
    writeFileSync(join(folder, 'report.json'), JSON.stringify({ status: 'done', recipe, evaluations }))
    const reader = new RunReader({ name, settings: {}, folder })
    await reader.look(aloneOnDisk)
    return reader
  }
  const asked: ParamsOf<'questions'>[] = []
  const ask = (request: ParamsOf<'questions'>) => {
    asked.push(request)
    return Promise.resolve(
      request.rows.map((row) => ({ row, question: `q${row}`, answers: ['x', 'y'], gold: Number('0110'[row]) })),
    )
  }

  it('has settings, blocks of both, and flipped questions with their texts from the data of the recipe', async () => {
    const found = await differenceOf(await run('a', '0111'), await run('b', '1010', 0.7), ask)
    assert.deepEqual(found.settings, [{ path: 'prune.0.sparsity', a: '0.5', b: '0.7' }])
    assert.ok(found.blocks.length > 0)
    assert.deepEqual(asked, [{ task: 'piqa', path: '/data/piqa.jsonl', rows: [0, 1, 3] }])
    const [task] = found.tasks
    assert.deepEqual([task.task, task.bothRight, task.bothWrong], ['PIQA', 1, 0])
    assert.deepEqual(task.onlyA, {
      count: 2,
      flips: [
        { row: 0, question: 'q0', answers: ['x', 'y'], right: 0, a: 0, b: 1 },
        { row: 1, question: 'q1', answers: ['x', 'y'], right: 1, a: 1, b: 0 },
      ],
    })
    assert.deepEqual(
      task.onlyB.flips.map(({ row }) => row),
      [3],
    )
    assert.ok(found.missing.every((sentence) => !/PIQA/.test(sentence)))
  })

  it('tells flips by number where the data is gone, has changed, or may not be read', async () => {
    const [a, b] = [await run('a', '0111'), await run('b', '1010')]
    const gone = await differenceOf(a, b, () => Promise.reject(new Error('piqa.jsonl does not exist')))
    assert.equal(gone.tasks[0].onlyA.flips[0].question, '')
    assert.match(gone.missing.join(), /PIQA: questions are told by number, .*does not exist/)
    const changed = await differenceOf(a, b, ({ rows }) =>
      Promise.resolve(rows.map((row) => ({ row, question: 'other', answers: [], gold: 5 }))),
    )
    assert.match(changed.missing.join(), /has changed since/)
    assert.equal((await differenceOf(a, b, null)).tasks[0].onlyA.count, 2)
  })

  it('says what is missing, and how to get it', async () => {
    const { tasks, missing } = await differenceOf(await run('a', null), await run('b', '0000'), ask)
    assert.deepEqual(tasks, [])
    assert.match(missing.join(), /zero-shot task in evaluate/)
    rmSync(join(place, 'b', 'report.json'))
    const unfinished = new RunReader({ name: 'b', settings: {}, folder: join(place, 'b') })
    await unfinished.look(aloneOnDisk)
    const late = await differenceOf(await run('c', '0000'), unfinished, ask)
    assert.match(late.missing.join(), /at its end: b has none/)
    assert.match(late.missing.join(), /recipe of b cannot be read/)
  })
})
