import assert from 'node:assert/strict'
import fc from 'fast-check'
import stringWidth from 'string-width'
import {
  createRunProgress,
  createScreen,
  cutTo,
  type Progress,
  progressBar,
  progressLine,
} from '../../../src/cli/screen.ts'
import { createEmulator } from '../../support/terminal.ts'

/** A screen on an emulated terminal; both streams reach the same one, as they do for a person. */
function onEmulator(columns: number) {
  const emulator = createEmulator(columns)
  let written = Promise.resolve()
  let size = columns
  let time = 0
  const output = () => ({
    isTTY: true,
    get columns() {
      return size
    },
    write: (text: string) => void (written = written.then(() => emulator.write(text))),
  })
  const screen = createScreen({ lines: output(), stderr: output(), now: () => (time += 1000) })
  const settled = async () => {
    await written
    return emulator.lines()
  }
  const resize = async (width: number) => {
    await written
    size = width
    emulator.resize(width)
  }
  return { screen, settled, resize }
}

const names = ['opt-125m', 'ein sehr langer Name eines Laufs, der in keine Zeile passt', '模型の名前', 'ñandú 🦙🏽', '']
const step = fc.oneof(
  fc.record({ say: fc.constantFrom(...names) }),
  fc.record({
    what: fc.constantFrom('reconstruct', '評価'),
    done: fc.nat(100),
    secondsLeft: fc.option(fc.nat(100_000)),
    share: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
  }),
)

describe('the screen of a terminal', () => {
  it('shows every line, whole and in order, and below them at most one bar in one row', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 12, max: 100 }), fc.array(step, { maxLength: 12 }), async (columns, steps) => {
        const { screen, settled } = onEmulator(columns)
        const said: string[] = []
        for (const one of steps) {
          if ('say' in one) {
            said.push(one.say)
            screen.say(one.say)
          } else {
            const { done, ...rest } = one
            screen.progress({ ...rest, count: { done, total: 100, unit: 'steps' } })
          }
          const lines = await settled()
          const bar = lines.length > said.length ? lines.pop()! : ''
          while (lines.length < said.length) lines.push('')
          assert.deepEqual(
            lines,
            said.map((line) => line.trimEnd()),
          )
          assert.ok(stringWidth(bar) < columns && (bar === '' || /[█░]/.test(bar)), bar)
        }
        screen.end()
        const lines = await settled()
        while (lines.length < said.length) lines.push('')
        assert.deepEqual(lines, said)
      }),
      { numRuns: 60 },
    )
  })

  it('leaves no rest of the bar when it becomes narrower or wider', async () => {
    for (const [before, after] of [
      [100, 40],
      [40, 100],
      [80, 21],
    ]) {
      const { screen, settled, resize } = onEmulator(before)
      screen.say('first')
      screen.progress({
        what: 'retrain',
        count: { done: 10, total: 400, unit: 'steps' },
        share: 0.31,
        secondsLeft: 500,
      })
      await resize(after)
      screen.say('second')
      screen.progress({
        what: 'retrain',
        count: { done: 20, total: 400, unit: 'steps' },
        share: 0.32,
        secondsLeft: 490,
      })
      screen.end()
      assert.deepEqual(await settled(), ['first', 'second'])
    }
  })

  it('shows the share of the whole and the phase first, also in 40 columns', () => {
    const progress = {
      what: 'reconstruct',
      count: { done: 1200, total: 9000, unit: 'steps' },
      share: 0.349,
      secondsLeft: 600,
    }
    assert.match(progressBar(progress, 40), /^█+░+ +34 % reconstruct 1200/)
    assert.match(progressBar(progress, 100), /34 % reconstruct 1200\/9000 steps, about 10 min left$/)
  })

  it('never cuts a character in two', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(30), (text, columns) => {
        const cut = cutTo(text, columns)
        assert.ok(stringWidth(cut) <= columns)
        assert.ok(cut === text || text.startsWith(cut.slice(0, -1)))
      }),
    )
  })
})

describe('progress elsewhere than on a terminal', () => {
  it('is a plain line when a phase begins and ends, and at times in between', () => {
    const written: string[] = []
    let time = 0
    const stderr = { write: (text: string) => void written.push(text) }
    const screen = createScreen({ lines: stderr, stderr, now: () => time })
    for (const done of [1, 2, 3, 4]) {
      screen.progress({ what: 'prune', count: { done, total: 4, unit: 'windows' }, share: done / 8, secondsLeft: null })
      time += 2000
    }
    screen.progress({ what: 'save', count: { done: 1, total: 9, unit: 'bytes' }, share: 0.5, secondsLeft: 200 })
    screen.end()
    assert.deepEqual(written, [
      'prune 1/4 windows, 12 % of the whole\n',
      'prune 4/4 windows, 50 % of the whole\n',
      'save 1/9 bytes, 50 % of the whole, about 3 min left\n',
    ])
    assert.ok(!written.join('').includes('\x1b'))
  })
})

describe('progress of a run', () => {
  const phase = (name: string) => ({ t: 0, type: 'phase', phase: name }) as const
  const progress = (name: string, done: number) =>
    ({ t: 0, type: 'progress', phase: name, done, total: 400, unit: 'steps', eta_s: 600, overall: 0.5 }) as const
  const step = (loss: number | null) => ({ t: 0, type: 'step', step: 1, loss, lr: 1e-4, tokens_per_second: 9 }) as const

  it('shows the loss of the last step, until another phase begins', () => {
    const shown: Progress[] = []
    const tell = createRunProgress((one) => shown.push(one))
    for (const event of [phase('retrain'), progress('retrain', 0), step(2.345678), progress('retrain', 20)]) tell(event)
    for (const event of [step(null), progress('retrain', 40), phase('evaluate'), progress('evaluate', 1)]) tell(event)
    assert.deepEqual(
      shown.map(({ loss }) => loss),
      [undefined, undefined, 2.345678, null, undefined, undefined],
    )
    assert.match(progressBar(shown[2], 100), /retrain 20\/400 steps, about 10 min left, loss 2\.346$/)
    assert.match(progressLine(shown[3]), /, loss NaN$/)
    tell({ ...progress('retrain', 41), eta_s: null })
    assert.doesNotMatch(progressLine(shown[6]), / left/)
  })
})
