// Pictures of the real VS Code with the packaged extension on the sample: docs/images/*.png where the README or a page of docs shows
// them, all others in out/pictures.
//   node scripts/screenshots.mjs [dark light highContrast]
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packageVsix } from './package.mjs'
import { setupVscode } from './setupVscode.mjs'
import { launchBrowser, runCommand } from './vscode/browser.mjs'
import { installExtension, sleep, startServer, writeSettings } from './vscode/server.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const images = join(root, 'docs', 'images')
const others = join(root, 'out', 'pictures')
const pages = readdirSync(join(root, 'docs'), { withFileTypes: true }).filter((one) => one.isFile())
const shown = ['README.md', ...pages.map(({ name }) => join('docs', name))]
  .map((file) => readFileSync(join(root, file), 'utf8'))
  .join('\n')
const themes = {
  dark: 'Default Dark Modern',
  light: 'Default Light Modern',
  highContrast: 'Default High Contrast',
}

/** A schedule over depth, which gives the map contrast. */
const recipe = (name, to) => `version: 1
model: ${name}
prune:
  - method: wanda
    sparsity: [0.35, 0.75]
calibration: { data: text/train.jsonl, samples: 32, seq_len: 256 }
recover:
  mode: reconstruct
  train: [norm, mask_lora]
  steps: 120
  lr: 1.0e-3
  batch_size: 2
evaluate:
  - { task: perplexity, data: text/evaluation.txt, seq_len: 256, at: [dense, pruned, recovered] }
save:
  to: ./${to}
`

/** Methods and sparsities: points with a front. */
const sweep = (name) => `version: 1
model: ${name}
prune: [{ method: magnitude, sparsity: 0.5 }]
calibration: { data: text/train.jsonl, samples: 8, seq_len: 256 }
recover: { mode: reconstruct, train: [norm], steps: 8, lr: 1.0e-3 }
evaluate:
  - { task: perplexity, data: text/evaluation.txt, seq_len: 256, at: [dense, pruned, recovered] }
sweep:
  prune.0.method: [magnitude, wanda, sparsegpt]
  prune.0.sparsity: [0.5, 0.6, 0.7]
`

function makeWorkspace(folder) {
  const model = ['samples/opt', 'samples/llama'].find((path) => existsSync(join(root, path, 'model.safetensors')))
  if (!model) throw new Error('there is no sample yet: npx tsx samples/make/main.ts opt')
  mkdirSync(folder, { recursive: true })
  const name = basename(model).replace('-trained', '')
  cpSync(join(root, model), join(folder, name), { recursive: true })
  cpSync(join(root, 'samples/text'), join(folder, 'text'), { recursive: true })
  const file = join(folder, 'wanda.prune.yaml')
  writeFileSync(file, recipe(name, `${name}-wanda`))
  const cli = (...args) => {
    const { status, stderr } = spawnSync(process.execPath, [join(root, 'dist/cli.mjs'), ...args], {
      cwd: folder,
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`sparsescope ${args.join(' ')}: ${stderr}`)
  }
  cli('run', 'wanda.prune.yaml', '--device', 'cpu')
  // An output that exists would be a warning in the pictures of the recipe.
  writeFileSync(file, recipe(name, `${name}-wanda-again`))
  // A sweep that is done.
  writeFileSync(join(folder, 'sweep.prune.yaml'), sweep(name))
  cli('sweep', 'run', 'sweep.prune.yaml', '--device', 'cpu')
  // Something to compare with: the recovered model with its mask lost, as a careless merge leaves it.
  cli('prune', name, '--method', 'magnitude', '--sparsity', '0.3', '--out', `${name}-merged`)
  // The map finds the analysis of the dense model beside the checkpoint.
  const text = ['--calibration', 'text/train.jsonl', '--samples', '16', '--seq-len', '256']
  cli('analyse', name, ...text, '--sensitivity', 'block', '--device', 'cpu')
  return { folder, name }
}

async function picture(page, name) {
  await sleep(900)
  const path = join(shown.includes(`images/${name}.png`) ? images : others, `${name}.png`)
  await page.screenshot({ path })
  console.log(path)
}

const view = (page) => page.frameLocator('iframe.webview.ready:visible').last().frameLocator('iframe#active-frame')

async function chooseFromMenu(page, item, title) {
  // A folder that was just clicked may open, and move what is below it.
  await sleep(1000)
  await page.getByRole('treeitem', { name: item, exact: true }).click({ button: 'right', modifiers: [] })
  await sleep(400)
  await page.locator('.monaco-menu .action-label', { hasText: 'SparseScope' }).hover()
  await sleep(600)
  await page.locator('.monaco-menu .action-label', { hasText: title }).click()
}

async function pictures(page, theme, name) {
  await page.getByRole('treeitem', { name: `${name}-wanda`, exact: true }).click()
  await page.getByRole('treeitem', { name: 'model.safetensors' }).first().dblclick()
  await view(page).getByText('tensors scanned').first().waitFor({ timeout: 60_000 })
  await view(page).getByRole('grid', { name: 'Map of blocks and modules' }).focus()
  await page.keyboard.press('ArrowDown')
  await view(page).getByRole('heading', { name: 'Histogram' }).waitFor()
  await picture(page, `inspector-${theme}`)
  await runCommand(page, 'View: Close All Editors')

  await runCommand(page, 'Focus on Runs View')
  await page.getByRole('treeitem', { name: /sweep sweep/ }).waitFor({ timeout: 60_000 })
  await runCommand(page, 'SparseScope: Open Sweep')
  await page.locator('.quick-input-list .monaco-list-row').first().click()
  await view(page).locator('.chart .mark').first().waitFor({ timeout: 60_000 })
  await picture(page, `sweep-${theme}`)
  await runCommand(page, 'View: Close All Editors')
  await runCommand(page, 'View: Show Explorer')

  await runCommand(page, 'SparseScope: Open Run')
  await page.locator('.quick-input-list .monaco-list-row').first().click()
  await view(page).locator('.wonBack').first().waitFor()
  await picture(page, `run-${theme}`)
  await runCommand(page, 'View: Close All Editors')

  await chooseFromMenu(page, name, 'Prune Checkpoint')
  await view(page)
    .getByText(/^about .* of memory$/)
    .waitFor({ timeout: 60_000 })
  await picture(page, `form-${theme}`)
  await runCommand(page, 'View: Close All Editors')

  await page.getByRole('treeitem', { name: 'wanda.prune.yaml' }).dblclick()
  await page.locator('.codelens-decoration').first().waitFor({ timeout: 30_000 })
  await picture(page, `recipe-${theme}`)
  await runCommand(page, 'SparseScope: Show Which Weights Train')
  await view(page).getByRole('grid', { name: 'Trained share by block and module' }).waitFor()
  await runCommand(page, 'View: Close Editors in Other Groups')
  await picture(page, `trainable-${theme}`)
  await runCommand(page, 'View: Close All Editors')

  await page.getByRole('treeitem', { name: `${name}-wanda`, exact: true }).click()
  await page.getByRole('treeitem', { name: `${name}-merged`, exact: true }).click({ modifiers: ['Control'] })
  await chooseFromMenu(page, `${name}-merged`, 'Compare Selected')
  // The last thing that a comparison says.
  await view(page)
    .getByText(/\d+ changed, \d+ the same/)
    .waitFor({ timeout: 120_000 })
  await view(page).locator('.tableRow').nth(2).click({ timeout: 60_000 })
  await picture(page, `compare-${theme}`)
  await runCommand(page, 'View: Close All Editors')

  // Alone: the menu of several is about all of them.
  await page.getByRole('treeitem', { name: `${name}-wanda`, exact: true }).click()
  await chooseFromMenu(page, `${name}-wanda`, 'Try It')
  await view(page).getByRole('textbox', { name: 'Prompt' }).fill('And the king said unto them,')
  await view(page).getByRole('button', { name: 'Generate' }).click()
  await view(page).locator('[data-status]', { hasText: 'Generated with' }).waitFor({ timeout: 120_000 })
  await view(page).locator('.differs').first().focus()
  await picture(page, `try-${theme}`)
  await runCommand(page, 'View: Close All Editors')

  // The dense model: sorted before what was made from it.
  await page.getByRole('treeitem', { name, exact: true }).click()
  await page.getByRole('treeitem', { name: 'model.safetensors' }).nth(1).waitFor()
  await page.getByRole('treeitem', { name: 'model.safetensors' }).first().dblclick()
  await view(page).getByRole('heading', { name, exact: true }).waitFor()
  await view(page).getByText('tensors scanned').first().waitFor({ timeout: 60_000 })
  await view(page).getByRole('combobox', { name: 'Colour by' }).selectOption('error sparsegpt 60 %')
  await view(page).getByRole('grid', { name: 'Map of blocks and modules' }).focus()
  for (const key of ['Home', 'Shift+End', 'Shift+ArrowDown']) await page.keyboard.press(key)
  await view(page).getByText('12 matrices marked').waitFor()
  await picture(page, `map-${theme}`)
}

const home = mkdtempSync(join(tmpdir(), 'sparsescope-pictures-'))
mkdirSync(images, { recursive: true })
try {
  const server = setupVscode()
  const { file } = packageVsix()
  const { folder: workspace, name } = makeWorkspace(join(home, 'sample'))
  const asked = process.argv.slice(2)
  for (const theme of asked.length > 0 ? asked : ['dark', 'light']) {
    const data = join(home, theme)
    writeSettings(data, {
      more: { 'workbench.colorTheme': themes[theme], 'workbench.activityBar.location': 'default' },
    })
    mkdirSync(join(data, 'extensions'), { recursive: true })
    installExtension(server, file, data, join(data, 'extensions'))
    const running = await startServer({ server, userData: data, extensions: join(data, 'extensions') })
    const { context, page } = await launchBrowser(home, { width: 1500, height: 940 })
    try {
      await page.goto(`${running.url}/?folder=${workspace}`)
      await page.getByRole('treeitem', { name: `${name}-wanda`, exact: true }).waitFor({ timeout: 60_000 })
      await sleep(2500)
      await pictures(page, theme, name)
    } catch (error) {
      await page.screenshot({ path: join(others, `failed-${theme}.png`) })
      throw error
    } finally {
      await context.close()
      await running.stop()
    }
  }
} finally {
  rmSync(home, { recursive: true, force: true })
}
