import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { Worker } from 'node:worker_threads'
import type { Question } from '../../../src/server/answers.ts'
import { createRecipeThreads, isLong } from '../../../src/server/recipeThread.ts'
import { defaultSettings } from '../../../src/server/analyses.ts'

/** Threads that keep what they are asked until a test answers it. */
class Fake extends EventEmitter {
  readonly asked: { id: number; question: Question }[] = []
  ended = false
  postMessage(message: { id: number; question: Question } | null) {
    if (message) this.asked.push(message)
  }
  async terminate() {
    this.ended = true
    this.emit('exit', 1)
    return 1
  }
}

describe('the threads of long recipes', () => {
  const begun: Fake[] = []
  const start = () => {
    begun.push(new Fake())
    return begun[begun.length - 1] as unknown as Worker
  }
  beforeEach(() => (begun.length = 0))
  const question = (uri: string, version = 1): Question<'hover'> => ({
    feature: 'hover',
    asked: { line: 0, character: 0 },
    document: { uri, version, text: '' },
    settings: defaultSettings,
  })

  it('are one for each: no window waits for another', async () => {
    const threads = createRecipeThreads(start)
    void threads.ask(question('a'))
    const second = threads.ask(question('b'))
    assert.equal(begun.length, 2)
    begun[1].emit('message', { id: begun[1].asked[0].id, answer: { contents: 'b' } })
    assert.deepEqual(await second, { contents: 'b' })
  })

  it('end their work on the old text when a new one comes', async () => {
    const threads = createRecipeThreads(start)
    const old = threads.ask(question('a'))
    threads.changed('a')
    await assert.rejects(old, { code: -32801 })
    assert.ok(begun[0].ended)
    const next = threads.ask(question('a', 2))
    begun[1].emit('message', { id: begun[1].asked[0].id, answer: null })
    assert.equal(await next, null)
    threads.changed('a')
    assert.equal(begun[1].ended, false, 'a thread that has nothing to do goes on')
    threads.close('a')
    assert.ok(begun[1].ended)
  })

  it('report when one ends, and its successor answers', async () => {
    const threads = createRecipeThreads(start)
    const lost = threads.ask(question('a'))
    begun[0].emit('error', new Error('out of memory'))
    await assert.rejects(lost, /out of memory/)
    void threads.ask(question('a'))
    assert.equal(begun.length, 2)
  })

  it('are for recipes with many characters, patterns or runs', () => {
    const targets = (count: number) => `targets:\n${"  - 're:.*fc1$'\n".repeat(count)}`
    assert.deepEqual(
      [targets(100), targets(101), '#'.repeat(2 ** 14), '['.repeat(30_000), 'sweep:\n  seed: [1, 2]\n'].map(isLong),
      [false, true, false, true, true],
    )
  })
})
