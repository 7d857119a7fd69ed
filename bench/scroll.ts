// Script time a frame while the tensor table scrolls through 10,000 rows: `npx tsx bench/scroll.ts`. Bar: 8 ms.
import { chromium } from 'playwright-core'
import { recordedModel, recordedStats, settings } from '../test/webview/harness/recorded.ts'
import { chromiumArguments, findChromium } from '../scripts/vscode/browser.mjs'
import { openView, send } from '../test/support/browser.ts'

const frames = 300
const pixelsAFrame = 97 // more than four rows: every frame fills several elements

const executablePath = findChromium()
if (!executablePath) throw new Error('no Chromium found: install the package chromium')
const browser = await chromium.launch({ executablePath, args: chromiumArguments })
const page = await openView(browser, 'inspector', 'dark')
// 13 tensors a block and two more.
const model = recordedModel(769)
await send(
  page,
  { type: 'settings', settings } as never,
  { type: 'model', model, stats: recordedStats(model) } as never,
)
const session = await page.context().newCDPSession(page)
await session.send('Performance.enable')
const scriptSeconds = async () => {
  const { metrics } = await session.send('Performance.getMetrics')
  return metrics.find((m) => m.name === 'ScriptDuration')?.value ?? 0
}
const before = await scriptSeconds()
await page.evaluate(`new Promise((resolve) => {
  const view = document.querySelector('.tableScroll')
  let left = ${frames}
  const step = () => {
    view.scrollTop += ${pixelsAFrame}
    if (--left > 0) requestAnimationFrame(step)
    else resolve()
  }
  requestAnimationFrame(step)
})`)
const perFrame = (1000 * ((await scriptSeconds()) - before)) / frames
const rows = await page.locator('.tableRow').count()
console.log(
  `${model.tensors.length} tensors, ${rows} rows in the page: ${perFrame.toFixed(2)} ms of script a frame (bar 8 ms)`,
)
await browser.close()
