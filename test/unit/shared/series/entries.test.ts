import assert from 'node:assert/strict'
import type { RunEvent, Stage } from '../../../../src/shared/protocol/events.ts'
import { entryNames } from '../../../../src/shared/series/entryNames.ts'
import { emptyPicture, foldEvents } from '../../../../src/shared/series/foldRun.ts'
import { perplexityLines } from '../../../../src/shared/series/perplexityLines.ts'

const entry = (index: number, data: string, seqLen: number) => ({ entry: index, data, seqLen })
const namesOf = (...entries: ReturnType<typeof entry>[]) => [...entryNames(entries).values()]

describe('names of entries', () => {
  it('are as short as tells them apart', () => {
    assert.deepEqual(namesOf(entry(0, 'data/a.txt', 64), entry(1, 'data/b.txt', 64)), ['a.txt', 'b.txt'])
    assert.deepEqual(namesOf(entry(1, 'a.txt', 64), entry(0, 'a.txt', 32)), ['a.txt (32 tokens)', 'a.txt (64 tokens)'])
    assert.deepEqual(namesOf(entry(0, 'x/a.txt', 64), entry(1, 'y/a.txt', 64)), [
      'x/a.txt (64 tokens)',
      'y/a.txt (64 tokens)',
    ])
    assert.deepEqual(namesOf(entry(0, 'a.txt', 64), entry(1, 'a.txt', 64)), [
      'a.txt (64 tokens) #1',
      'a.txt (64 tokens) #2',
    ])
  })
})

describe('perplexity lines', () => {
  const measured = (index: number, stage: Stage, perplexity: number): RunEvent => ({
    ...{ t: 0, type: 'eval', stage, entry: index, data: 'a.txt', perplexity },
    seq_len: 64 >> index,
  })
  const block: RunEvent = { t: 0, type: 'block', block: 0, modules: {}, seconds: 1 }
  const linesOf = (...events: RunEvent[]) =>
    perplexityLines(foldEvents(emptyPicture(), events)).map((l) => [l.name, l.evaluations.map((e) => e.perplexity)])

  it('are one for each entry, in the order of the recipe', () => {
    assert.deepEqual(
      linesOf(
        measured(1, 'dense', 30),
        measured(0, 'dense', 20),
        measured(0, 'recovered', 21),
        measured(1, 'recovered', 31),
      ),
      [
        ['a.txt (64 tokens)', [20, 21]],
        ['a.txt (32 tokens)', [30, 31]],
      ],
    )
  })

  it('do not join dense with recovered across a pruning that was not measured', () => {
    assert.deepEqual(linesOf(measured(0, 'dense', 20), block, measured(0, 'recovered', 25)), [
      ['a.txt, dense', [20]],
      ['a.txt', [25]],
    ])
  })

  it('hold the numbers of a run of version 0.1, which named no entry', () => {
    const old: RunEvent = { t: 0, type: 'eval', stage: 'dense', perplexity: 20 }
    assert.deepEqual(linesOf(old), [['evaluation', [20]]])
  })
})
