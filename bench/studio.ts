// How long a user waits in a real VS Code, with several builds of the extension in turns, ms, medians with their range:
//   npx tsx bench/studio.ts --model FOLDER [--rounds 3] [--waits scroll,filter,recipe] FIRST.vsix [SECOND.vsix …]
// Each round opens a window of its own and the model in it; --waits says what else. A VSIX is what `node scripts/package.mjs` makes.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Frame, Page } from 'playwright-core'
import { setupVscode } from '../scripts/setupVscode.mjs'
import { launchBrowser, runCommand } from '../scripts/vscode/browser.mjs'
import { installExtension, sleep, startServer, writeSettings } from '../scripts/vscode/server.mjs'
import { machine, median } from './support/process.ts'
import { watchFrames, type Watched } from './support/watchFrames.ts'

const { values, positionals: builds } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    waits: { type: 'string', default: 'scroll,filter,recipe' },
  },
})
if (values.model === undefined || builds.length === 0) throw new Error('--model FOLDER and a VSIX are needed')
const waits = values.waits.split(',')
const server = setupVscode()
const home = mkdtempSync(join(tmpdir(), 'sparsescope-bench-'))

/** 300 lines: what is typed into is at the top, where the lenses are in sight. */
const recipe = [
  'version: 1',
  'model: ./model',
  'recover:',
  '  mode: reconstruct',
  '  train: [norm, mask_lora]',
  '  lora: {rank: 16}',
  '  steps: 1000',
  'calibration: {data: text.jsonl, samples: 128, seq_len: 512}',
  'prune:',
  ...Array.from({ length: 58 }, (_, i) => [
    '  - method: wanda',
    `    sparsity: ${(0.3 + 0.01 * (i % 30)).toFixed(2)}`,
    '    targets:',
    `      - "re:model\\\\.layers\\\\.${i >> 1}\\\\.${i % 2 === 0 ? 'self_attn' : 'mlp'}\\\\.(q|k|up)_proj"`,
    `      - "re:model\\\\.layers\\\\.${i >> 1}\\\\.${i % 2 === 0 ? 'self_attn' : 'mlp'}\\\\.(v|o|down)_proj"`,
  ]).flat(),
  'save: {to: ./out}',
].join('\n')

type Figures = Record<string, number[]>

async function round(vsix: string, figures: Figures): Promise<void> {
  const own = mkdtempSync(join(home, 'round-'))
  const [workspace, userData, extensions] = ['workspace', 'data', 'extensions'].map((name) => join(own, name))
  for (const folder of [workspace, extensions]) mkdirSync(folder)
  symlinkSync(resolve(values.model as string), join(workspace, 'model'))
  writeFileSync(join(workspace, 'long.prune.yaml'), recipe)
  const text = JSON.stringify({ text: 'A sentence that stands for many others. '.repeat(200) })
  writeFileSync(join(workspace, 'text.jsonl'), `${text}\n`.repeat(128))
  writeSettings(userData, { more: { 'sparsescope.statistics.autoCompute': 'always' } })
  installExtension(server, resolve(vsix), userData, extensions)
  const running = await startServer({ server, userData, extensions })
  const { context, page } = await launchBrowser(own)
  const add = (name: string, ms: number) => (figures[name] ??= []).push(ms)
  try {
    // The TypeScript loader gives functions their names by a helper that documents do not have.
    await context.addInitScript('globalThis.__name = (named) => named')
    await context.addInitScript(watchFrames)
    await page.goto(`${running.url}/?folder=${workspace}`)
    await page.getByRole('treeitem', { name: 'model', exact: true }).click()
    await page.getByRole('treeitem', { name: 'model.safetensors' }).waitFor()
    // The extension is active by then: whether it was before the click is chance on a busy machine.
    await runCommand(page, 'SparseScope: Show Log')
    await page.locator('.output-view').first().waitFor()
    await sleep(2000)
    await runCommand(page, 'View: Hide Panel')
    await sleep(3000)
    if (waits.includes('recipe')) await typeInRecipe(page, add)
    const view = await openModel(page, add)
    if (waits.includes('scroll')) await scroll(view, add)
    if (waits.includes('filter')) await typeInFilter(page, view, add)
  } finally {
    await context.close()
    await running.stop()
  }
}

type Add = (name: string, ms: number) => void

async function openModel(page: Page, add: Add): Promise<Frame> {
  await page.getByRole('treeitem', { name: 'model.safetensors' }).dblclick()
  const { opened } = await watchedIn(page.mainFrame())
  for (const start = Date.now(); Date.now() - start < 120_000; await sleep(50)) {
    for (const view of page.frames()) {
      if ((await watchedIn(view).catch(() => null))?.allCells === undefined) continue
      const { page: shown = NaN, firstRow = NaN, allCells = NaN } = await watchedIn(view)
      add('page', shown - opened)
      add('first row of the map', firstRow - opened)
      add('full map', allCells - opened)
      return view
    }
  }
  const picture = join(tmpdir(), 'sparsescope-studio.png')
  await page.screenshot({ path: picture })
  throw new Error(`The map is not complete after two minutes. ${picture} shows the window.`)
}

const watchedIn = (frame: Frame) => frame.evaluate(() => (globalThis as unknown as Watched).watched)

/** Milliseconds from the key to the change that it makes. */
async function press(
  page: Page,
  key: string,
  frame: Frame,
  what: keyof Watched['watched']['changed'],
): Promise<number> {
  await page.keyboard.press(key)
  for (const start = Date.now(); Date.now() - start < 30_000; await sleep(50)) {
    const ms = (await watchedIn(frame)).changed[what]
    if (ms !== null) return ms
  }
  return NaN
}

/** Three seconds up and down the table of tensors, 97 pixels a frame: frames a second, and the longest wait for one. */
async function scroll(view: Frame, add: Add): Promise<void> {
  await sleep(1000)
  const times = await view.evaluate(async () => {
    const table = document.querySelector('.tableScroll, .tableView') as HTMLElement
    const stamps: number[] = []
    let by = 97
    for (const start = performance.now(); performance.now() - start < 3000;) {
      stamps.push(await new Promise<number>(requestAnimationFrame))
      const before = table.scrollTop
      table.scrollTop += by
      if (table.scrollTop === before) by = -by
    }
    return stamps
  })
  const gaps = times.slice(1).map((t, i) => t - times[i])
  add('scrolling: ms a frame', gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length)
  add('scrolling: longest frame', Math.max(...gaps))
}

async function typeInFilter(page: Page, view: Frame, add: Add): Promise<void> {
  await view.getByLabel('Filter tensors by name').fill('layers.')
  for (const key of ['1', '2', 'Backspace', 'Backspace', '1', '2', 'Backspace', 'Backspace']) {
    await sleep(400)
    add('key to filtered table', await press(page, key, view, 'table'))
  }
}

async function typeInRecipe(page: Page, add: Add): Promise<void> {
  await page.getByRole('treeitem', { name: 'long.prune.yaml' }).dblclick()
  await page.locator('.codelens-decoration', { hasText: 'trainable' }).waitFor()
  await sleep(2000)
  for (const [line, key, what, name] of [
    ['  steps: 1000', 'x', 'squiggle', 'key to finding'],
    ['  lora: {rank: 16}', '0', 'lens', 'key to lenses'],
  ] as const) {
    const at = recipe.split('\n').indexOf(line)
    await page.keyboard.press('Control+g')
    await page
      .locator('.quick-input-widget input')
      .first()
      .fill(`:${at + 1}:${line.replace('}', '').length + 1}`)
    await page.keyboard.press('Enter')
    for (let i = 0; i < 3; i++)
      for (const pressed of [key, 'Backspace']) {
        await sleep(1000)
        add(name, await press(page, pressed, page.mainFrame(), what))
      }
  }
}

const all = builds.map((): Figures => ({}))
try {
  for (let i = 0; i < Number(values.rounds); i++)
    for (const [build, vsix] of builds.entries()) {
      await round(vsix, all[build])
      console.log(`round ${i + 1}, ${basename(vsix)}`)
    }
} finally {
  rmSync(home, { recursive: true, force: true, maxRetries: 10 })
}
console.log(machine())
for (const name of Object.keys(all[0])) {
  const cells = all.map((figures) => {
    const [least, most] = [Math.min(...figures[name]), Math.max(...figures[name])].map(Math.round)
    return `${median(figures[name]).toFixed(0)} (${least}–${most})`
  })
  const ratios = all.slice(1).map((figures) => (median(figures[name]) / median(all[0][name])).toFixed(2))
  console.log([name.padEnd(26), ...cells.map((cell) => cell.padEnd(18)), ...ratios].join('  '))
}
