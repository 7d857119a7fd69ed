import { deepEqual, equal } from 'node:assert/strict'
import type { Sample } from '../../../../src/runs/series/events.ts'
import { cutAtDifference, firstDifference, promptTexts } from '../../../../src/runs/series/samples.ts'

/** One token a piece; '' is half a character, whose text comes with the next. */
function sample(tokens: number[], pieces: string[]): Sample {
  let text = ''
  const ends = pieces.map((piece) => (text += piece).length)
  return { prompt: 'p', text, tokens, ends }
}

describe('texts beside each other', () => {
  it('differ at the first token that is another one, or that only one of them has', () => {
    equal(firstDifference([1, 2, 3], [1, 5, 3]), 1)
    equal(firstDifference([1, 2], [1, 2, 3]), 2)
    equal(firstDifference([1, 2], [1]), 1)
    equal(firstDifference([1, 2], [1, 2]), null)
  })

  it('are cut around that token', () => {
    const first = sample([1, 2, 3], ['a', ' b', ' c'])
    deepEqual(cutAtDifference(sample([1, 9, 3], ['a', ' x', ' c']), first), { before: 'a', token: ' x', after: ' c' })
    equal(cutAtDifference(sample([1, 2, 3], ['a', ' b', ' c']), first), null)
  })

  it('marks half a character with its other half, and the end of a text as empty', () => {
    const first = sample([1, 2, 3], ['a', ' b', ' c'])
    deepEqual(cutAtDifference(sample([1, 8, 9, 3], ['a', '', '☂', '!']), first), {
      before: 'a',
      token: '☂',
      after: '!',
    })
    deepEqual(cutAtDifference(sample([1, 2], ['a', ' b']), first), { before: 'a b', token: '', after: '' })
  })

  it('count the later of two at one place, and a mismatch with the text is no error', () => {
    const set = { stage: 'dense', entry: 0, step: null, recovery: null } as const
    const [one] = promptTexts([
      { ...set, samples: [sample([1], ['a'])] },
      { ...set, samples: [sample([2], ['b'])] },
      { ...set, stage: 'recovered', samples: [{ prompt: 'p', text: 'xy', tokens: [1, 2], ends: [99, -4] }] },
    ])
    deepEqual(
      one.rows.map(({ label, sample: { text } }) => [label, text]),
      [
        ['dense', 'b'],
        ['recovered', 'xy'],
      ],
    )
  })
})
