import assert from 'node:assert/strict'
import { ThreadChoice } from '../../../../src/engine/compute/cpu/threadChoice.ts'

/** The numbers of threads of so many runs, each of which takes what `ms` says. */
function runs(choice: ThreadChoice, count: number, ms: (threads: number) => number): number[] {
  return Array.from({ length: count }, () => {
    const { threads } = choice
    choice.took(ms(threads))
    return threads
  })
}

const share = (list: readonly number[], threads: number) =>
  list.filter((count) => count === threads).length / list.length

describe('how many threads a program gets', () => {
  it('is all of them where they are quicker, with fewer and fewer trials', () => {
    const choice = new ThreadChoice(4)
    const list = runs(choice, 500, (threads) => 100 / threads)
    assert.equal(list[0], 4)
    assert.ok(share(list, 4) > 0.95)
    assert.ok(share(list.slice(250), 4) > 0.98)
  })

  it('is one where the others are only in the way, and all again when they are not', () => {
    const choice = new ThreadChoice(2)
    assert.ok(
      share(
        runs(choice, 40, (threads) => (threads === 1 ? 10 : 14)),
        1,
      ) > 0.6,
    )
    assert.ok(
      share(
        runs(choice, 40, (threads) => (threads === 1 ? 10 : 14)),
        1,
      ) > 0.8,
    )
    assert.ok(
      share(
        runs(choice, 600, (threads) => (threads === 1 ? 10 : 8)),
        2,
      ) > 0.5,
    )
  })

  it('finds a number between', () => {
    const choice = new ThreadChoice(8)
    runs(choice, 100, (threads) => Math.abs(threads - 2) + 10)
    assert.equal(choice.threads, 2)
  })

  it('is looked for at once when everything becomes slower', () => {
    const choice = new ThreadChoice(2)
    runs(choice, 400, (threads) => 20 / threads)
    const list = runs(choice, 20, (threads) => (threads === 1 ? 20 : 40))
    assert.equal(choice.threads, 1)
    assert.ok(list.indexOf(1) < 6)
  })

  it('is one where there is one', () => {
    assert.deepEqual(
      runs(new ThreadChoice(1), 20, () => 1),
      Array(20).fill(1),
    )
  })
})
