// Measures the extension host on 500 runs with 2,000 steps each, before the Sweep view shows them and while they go on,
// by its own code, from real folders; and the whole way, from the folders to the curves on the screen of Chromium: `npx
// tsx bench/sweepReading.ts`. Bar: opens in 1 s.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'
import { createComparedView } from '../src/extension/sweeps/comparedView.ts'
import { Sweeps } from '../src/extension/sweeps/sweeps.ts'
import type { ToSweep } from '../src/protocol/sweepView.ts'
import { chromiumArguments, findChromium } from '../scripts/vscode/browser.mjs'
import { openView, posted } from '../test/support/browser.ts'
import { settings } from '../test/webview/harness/recorded.ts'
import { writeSweep } from './support/writtenSweep.ts'

const [numRuns, numSteps, newSteps, rounds] = [500, 2000, 5, 5]
const what = { kind: 'sweep', title: 'Sweep', about: '' } as const

async function measure(state: 'done' | 'running'): Promise<void> {
  const written = await writeSweep(numRuns, numSteps, state)
  const sweeps = new Sweeps(() => Promise.resolve(new Set()))
  const time = stopwatch()
  const seen = new Set<number>()
  let [table, firstCurves, points] = ['', '', 0]
  const { runs: followed } = await sweeps.openFolder(written.folder)
  const view = createComparedView({ what, followed, maxPoints: () => 2000 }, (message: ToSweep) => {
    if (message.type === 'rows') for (const { index } of message.rows) seen.add(index)
    if (seen.size === numRuns) table ||= time()
    if (message.type !== 'curves') return
    if (message.parts.length > 0) firstCurves ||= time()
    for (const { x } of message.parts) points += Buffer.from(x, 'base64').length / 4
  })
  view.replay()
  // A view asks for its curves as soon as it knows of the runs.
  const groups = followed.runs.map((_, run) => [run])
  await view.watch({ type: 'watch', watch: 1, curve: 'loss', smoothing: 0.6, groups })
  const megabytes = (written.bytes / 1e6).toFixed(0)
  console.log(`${numRuns} runs that are ${state}, ${megabytes} MB of events`)
  console.log(
    `  all rows of the table after ${table}, first curves ${firstCurves}, all curves (${points} points) ${time()}`,
  )
  await followed.look()
  for (let round = 0; state === 'running' && round < rounds; round++) {
    const grown = followed.runs.filter((_, run) => run % 10 === round)
    const bytes = followed.runs.reduce((sum, _, run) => sum + (run % 10 === round ? written.grow(run, newSteps) : 0), 0)
    const before = bytesRead()
    const took = stopwatch()
    await followed.look()
    console.log(
      `  a look at all when ${grown.length} of them have written ${bytes} bytes more: ${took()}, ${bytesRead() - before} bytes read`,
    )
  }
  view.dispose()
  sweeps.dispose()
  await written.remove()
}

/**
 * Opens the view in Chromium, which gets the host's messages as they come, and times what people wait for from the
 * opening of the folder.
 */
async function openInView(browser: Browser): Promise<void> {
  const written = await writeSweep(numRuns, numSteps, 'done')
  const page = await openView(browser, 'sweep', 'dark')
  // tsx names functions by a helper that the page has not.
  await page.evaluate('window.__name = (made) => made')
  const sweeps = new Sweeps(() => Promise.resolve(new Set()))
  await page.evaluate((message) => window.postMessage(message), { type: 'settings', settings })
  let last: Promise<unknown> = Promise.resolve()
  let [table, curves] = [null as Promise<string> | null, null as Promise<string> | null]
  const seen = new Set<number>()
  const time = stopwatch()
  const { runs: followed } = await sweeps.openFolder(written.folder)
  const view = createComparedView({ what, followed, maxPoints: () => 2000 }, (message: ToSweep) => {
    if (message.type === 'rows') for (const { index } of message.rows) seen.add(index)
    const isTable = message.type === 'rows' && seen.size === numRuns
    const isCurves = message.type === 'curves' && message.parts.length > 0
    const posting = page.evaluate((told) => window.postMessage(told), message)
    const shown = () => posting.then(() => page.evaluate(isShown)).then(time)
    if (isTable) table ??= shown()
    else if (isCurves) curves ??= shown()
    last = posting
  })
  view.replay()
  const question = async () => (await posted(page)).findLast(({ type }) => type === 'watch') as never
  let asked = await question()
  while (!asked) asked = await question()
  await view.watch(asked)
  await last
  await page.evaluate(isShown)
  const all = time()
  console.log(
    `in the view: all rows and their points after ${await table}, first curves ${await curves}, all curves ${all}`,
  )
  view.dispose()
  sweeps.dispose()
  await page.close()
  await written.remove()
}

/** Waits, in the page, until the frame that shows what has been posted is drawn. */
async function isShown(): Promise<void> {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
  await frame()
  await frame()
  // The canvas is on the screen when its pixels can be read.
  document.querySelector<HTMLCanvasElement>('.curvePicture canvas')?.getContext('2d')?.getImageData(0, 0, 1, 1)
}

/** Says how long since it was made, and how long this process has computed; other work may have the machine too. */
function stopwatch(): () => string {
  const [began, before] = [performance.now(), process.cpuUsage()]
  return () => {
    const { user, system } = process.cpuUsage(before)
    return `${(performance.now() - began).toFixed(0)} ms (${((user + system) / 1000).toFixed(0)} of processors)`
  }
}

/** Bytes that this process has read, from files and everything else. */
function bytesRead(): number {
  return Number(/rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])
}

/** Measures memory in a separate process: 100 runs of 100,000 steps. Bar: 300 MB for the list. */
async function measureMemory(): Promise<void> {
  const written = await writeSweep(100, 100_000, 'done')
  for (const what of ['list', 'sweep'])
    spawnSync(process.execPath, ['--import=tsx', 'bench/support/readingProcess.ts', what, written.folder], {
      stdio: 'inherit',
    })
  await written.remove()
}

async function main(): Promise<void> {
  await measureMemory()
  await measure('done')
  await measure('running')
  const executablePath = findChromium()
  if (!executablePath) throw new Error('no Chromium found: install the package chromium')
  const browser = await chromium.launch({ executablePath, args: chromiumArguments })
  await openInView(browser)
  await browser.close()
}

void main()
