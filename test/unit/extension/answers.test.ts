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
    void answers().ask(tile(1, { path: '/etc/passwd' }))
    assert.equal(calls[0].params.path, '/mine')
  })

  it('about a checkpoint that the view does not show are refused', () => {
    void answers().ask({ ...tile(1), model: 'second' })
    assert.equal(calls.length, 0)
    assert.equal(replies[0].ok, false)
  })

  it('get their result, or the reason why there is none, in the order of the answers', async () => {
    const view = answers()
    for (const id of [1, 2]) void view.ask(tile(id))
    calls[1].resolve('picture')
    await settled()
    calls[0].reject(new Error('it is damaged'))
    await settled()
    assert.deepEqual(replies, [
      { type: 'reply', id: 2, ok: true, value: 'picture' },
      { type: 'reply', id: 1, ok: false, message: 'it is damaged' },
    ])
  })

  it('can be withdrawn, and end with the view', () => {
    const view = answers()
    void view.ask(tile(1))
    view.cancel(1)
    assert.ok(calls[0].signal.aborted)
    void view.ask(tile(3))
    assert.equal(calls[1].signal.aborted, false, 'the other questions go on')
    const other = answers()
    void other.ask(tile(2))
    other.dispose()
    assert.ok(calls[2].signal.aborted)
  })
})
