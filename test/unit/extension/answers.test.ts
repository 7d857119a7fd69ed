import assert from 'node:assert/strict'
import type { Caller } from '../../../src/extension/backend/calls.ts'
import { createAnswers } from '../../../src/extension/views/answers.ts'
import type { Ask, Reply } from '../../../src/protocol/view.ts'

interface Call {
  name: string
  params: { path: string; name: string }
  signal: AbortSignal
  resolve: (value: unknown) => void
  reject: (error: Error) => void
}

describe('questions of a view', () => {
  let calls: Call[]
  let replies: Reply[]
  const call = ((name: string, params: Call['params'], options: { signal: AbortSignal }) =>
    new Promise((resolve, reject) =>
      calls.push({ name, params, signal: options.signal, resolve, reject }),
    )) as unknown as Caller
  const answers = () =>
    createAnswers({ call, models: { first: { path: '/mine' } }, reply: (reply) => replies.push(reply) })
  const region = { rowStart: 0, rowEnd: 1, columnStart: 0, columnEnd: 1, width: 1, height: 1 }
  const tile = (id: number, more: object = {}): Ask => {
    const params = { name: `t${id}`, slice: [], ...region, ...more }
    return { type: 'ask', id, call: 'tile', model: 'first', params }
  }
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  beforeEach(() => {
    calls = []
    replies = []
  })

  it('are answered for the path that the host knows, not for one that the view sends', () => {
    answers().ask(tile(1, { path: '/etc/passwd' }))
    assert.equal(calls[0].params.path, '/mine')
  })

  it('about a checkpoint that the view does not show are refused', () => {
    answers().ask({ ...tile(1), model: 'second' })
    assert.equal(calls.length, 0)
    assert.equal(replies[0].ok, false)
  })

  it('run one at a time, and only the latest of those that wait runs', async () => {
    const view = answers()
    for (const id of [1, 2, 3]) view.ask(tile(id))
    assert.equal(calls.length, 1)
    assert.ok(calls[0].signal.aborted, 'the one under way is told to end')
    assert.deepEqual(replies, [{ type: 'reply', id: 2, ok: false, message: 'cancelled' }])
    calls[0].reject(new Error('cancelled'))
    await settled()
    assert.deepEqual([calls.length, calls[1].params.name, calls[1].signal.aborted], [2, 't3', false])
    calls[1].resolve('picture')
    await settled()
    assert.deepEqual(replies.at(-1), { type: 'reply', id: 3, ok: true, value: 'picture' })
  })

  it('do not wait for those of another kind', () => {
    const view = answers()
    view.ask(tile(1))
    view.ask({
      type: 'ask',
      id: 2,
      call: 'weight',
      model: 'first',
      params: { name: 'w', slice: [], row: 0, column: 0 },
    })
    assert.deepEqual(
      calls.map(({ name, signal }) => [name, signal.aborted]),
      [
        ['tile', false],
        ['weight', false],
      ],
    )
  })

  it('can be withdrawn, and end with the view', () => {
    const view = answers()
    view.ask(tile(1))
    view.cancel(1)
    assert.ok(calls[0].signal.aborted)
    const other = answers()
    other.ask(tile(2))
    other.dispose()
    assert.ok(calls[1].signal.aborted)
  })
})
