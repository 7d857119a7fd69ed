// The view of 500 runs with 2,000 steps each, in Chromium: how long it takes to open, and how many frames a second it keeps while
// all of them go on: `npx tsx bench/sweepView.ts`. Bars: opens in 1 s, follows at 30 frames a second.
import { chromium, type Page } from 'playwright-core'
import { thinCurve, type ThinnedCurve } from '../src/runs/series/curves.ts'
import { settings } from '../test/webview/harness/recorded.ts'
import { recordedAs, recordedWhat } from '../test/webview/harness/recordedSweep.ts'
import { chromiumArguments, findChromium } from '../scripts/vscode/browser.mjs'
import { openView, posted } from '../test/support/browser.ts'
import { manyRows } from './support/writtenSweep.ts'

const [numRuns, numSteps] = [500, 2000]
/** Points per curve, as the host thins this many curves (src/extension/sweeps/comparedView.ts). */
const pointsEach = 120
const [followedSteps, messages, messagesASecond] = [400, 150, 30]

const rows = manyRows(numRuns).map((row) => recordedAs(row, 'running', 0.5))

const loss = (run: number, length: number) => {
  const start = 2.5 + (run % 17) / 6
  const x = Array.from({ length }, (_, i) => i + 1)
  const y = x.map((step) => start * (0.3 + 0.7 * Math.exp(-step / 900)) * (1 + 0.04 * Math.sin(step * 12.9 + run)))
  return { x, y, low: [], high: [] }
}
const base64 = ({ buffer }: Float32Array) => Buffer.from(buffer as ArrayBuffer).toString('base64')
const told = (group: number, { x, y, low, high }: ThinnedCurve) => {
  return { group, x: base64(x), y: base64(y), low: base64(low), high: base64(high) }
}

const executablePath = findChromium()
if (!executablePath) throw new Error('no Chromium found: install the package chromium')
const browser = await chromium.launch({ executablePath, args: chromiumArguments })
const page = await openView(browser, 'sweep', 'dark')
// tsx names functions by a helper that the page has not.
await page.evaluate('window.__name = (made) => made')

const whole = numSteps - followedSteps
const first = rows.map((_, run) => told(run, thinCurve(loss(run, whole), pointsEach)))
const opened = await open(page)

const parts = Array.from({ length: messages }, (_, i) => {
  const length = whole + Math.round((followedSteps * (i + 1)) / messages)
  return rows.map((_, run) => told(run, thinCurve(loss(run, length), pointsEach)))
})
const live = await follow(page)
const points = first.reduce((sum, { x }) => sum + Buffer.from(x, 'base64').length / 4, 0)
console.log(`${numRuns} runs of ${numSteps} steps, ${points} points of their curves in the view`)
console.log(`opens in ${opened.toFixed(0)} ms, from the rows to all curves on the screen (bar 1000 ms)`)
console.log(
  `follows at ${live.frames.toFixed(1)} frames a second, longest ${live.longest.toFixed(0)} ms, with ${messagesASecond} messages a second about all runs (bar 30)`,
)
await browser.close()

/** Milliseconds from the first message to the frame after the one that has drawn all curves. */
async function open(view: Page): Promise<number> {
  await view.evaluate(
    ([look, all]) => {
      ;(window as never as { began: number }).began = performance.now()
      window.postMessage(look)
      window.postMessage(all)
    },
    [
      { type: 'settings', settings },
      { type: 'compared', what: recordedWhat, rows },
    ],
  )
  const question = async () =>
    (await posted(view)).findLast(({ type }) => type === 'watch') as { watch: number } | undefined
  let asked = await question()
  while (!asked) asked = await question()
  return view.evaluate(
    async (answer) => {
      window.postMessage(answer)
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
      const drawn = () => document.querySelector('.curvePicture canvas')?.checkVisibility() === true
      while (!drawn()) await frame()
      await frame()
      // The canvas is on the screen when its pixels can be read.
      document.querySelector<HTMLCanvasElement>('.curvePicture canvas')?.getContext('2d')?.getImageData(0, 0, 1, 1)
      return performance.now() - (window as never as { began: number }).began
    },
    { type: 'curves', watch: asked.watch, parts: first, isWhole: true },
  )
}

/** Frames while messages come, each about every run. */
async function follow(view: Page): Promise<{ frames: number; longest: number }> {
  const watch = ((await posted(view)).findLast(({ type }) => type === 'watch') as unknown as { watch: number }).watch
  return view.evaluate(
    async ({ all, number, everyMs }) => {
      const times: number[] = []
      let isOver = false
      const tick = (now: number) => {
        times.push(now)
        if (!isOver) requestAnimationFrame(tick)
      }
      requestAnimationFrame(tick)
      for (const part of all) {
        window.postMessage({ type: 'curves', watch: number, parts: part, isWhole: true })
        await new Promise((resolve) => setTimeout(resolve, everyMs))
      }
      isOver = true
      const gaps = times.slice(1).map((time, i) => time - times[i])
      const seconds = (times[times.length - 1] - times[0]) / 1000
      return { frames: gaps.length / seconds, longest: Math.max(...gaps) }
    },
    { all: parts, number: watch, everyMs: 1000 / messagesASecond },
  )
}
