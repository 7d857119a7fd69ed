// Pictures of the real VS Code with the packaged extension: docs/images/*.png where the README or a page of docs shows them, all others in
// out/pictures. Models are the bundled sample, or the smallest and the largest of `--models FOLDER`. The workspace is kept in
// out/pictures/sample or out/pictures/models; delete it to make it anew.
//   node scripts/screenshots.mjs [dark light highContrast] [--models FOLDER] [--only NAME,…]
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { packageVsix } from './package.mjs'
import { setupVscode } from './setupVscode.mjs'
import { launchBrowser, runCommand } from './vscode/browser.mjs'
import { makeWorkspace, startHalfRun } from './vscode/pictureWorkspace.mjs'
import { installExtension, sleep, startServer, writeSettings } from './vscode/server.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const images = join(root, 'docs', 'images')
const others = join(root, 'out', 'pictures')
const documents = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))
const shown = ['README.md', ...documents.map((name) => join('docs', name))]
  .map((file) => readFileSync(join(root, file), 'utf8'))
  .join('\n')
const themes = {
  dark: 'Default Dark Modern',
  light: 'Default Light Modern',
  highContrast: 'Default High Contrast',
}

async function picture(page, name) {
  await sleep(900)
  const path = join(shown.includes(`images/${name}.png`) ? images : others, `${name}.png`)
  await page.screenshot({ path })
  console.log(path)
}

/** Window sizes by picture. */
const sizes = {
  other: { width: 1400, height: 900 },
  form: { width: 1200, height: 640 },
  recipe: { width: 1100, height: 680 },
  try: { width: 1280, height: 720 },
}

const view = (page) => page.frameLocator('iframe.webview.ready:visible').last().frameLocator('iframe#active-frame')

async function chooseFromMenu(page, item, title) {
  const entry = page.locator('.monaco-menu .action-label', { hasText: 'SparseScope' })
  // Clicking a folder may open it, and move the items below. The menu has our entry once the extension has found the models.
  for (let times = 0; times < 20; times++) {
    await sleep(1000)
    await page.getByRole('treeitem', { name: item, exact: true }).click({ button: 'right', modifiers: [] })
    await sleep(1000)
    if (await entry.isVisible()) break
    await page.keyboard.press('Escape')
  }
  await entry.hover()
  await sleep(600)
  await page.locator('.monaco-menu .action-label', { hasText: title }).click()
}

/** How to open each page, by the name of its picture; the picture is taken when it returns. */
const pages = {
  async inspector(page, { large }) {
    await openWeights(page, `${large}-wanda`)
    await view(page).getByRole('grid', { name: 'Map of blocks and modules' }).focus()
    await page.keyboard.press('ArrowDown')
    await view(page).getByRole('heading', { name: 'Histogram' }).waitFor()
    await drawn(page, 1)
  },

  async map(page, { large }) {
    await openWeights(page, large)
    await view(page).getByRole('combobox', { name: 'Colour by' }).selectOption('error wanda 50 %')
    await view(page).getByRole('grid', { name: 'Map of blocks and modules' }).focus()
    for (const key of ['Home', 'Shift+End', 'Shift+ArrowDown']) await page.keyboard.press(key)
    await view(page)
      .getByText(/^\d+ matrices marked/)
      .waitFor()
    await drawn(page, 1)
  },

  async sweep(page) {
    await runCommand(page, 'Focus on Runs View')
    await page.getByRole('treeitem', { name: /sweep sweep/ }).waitFor()
    await runCommand(page, 'SparseScope: Open Sweep')
    await page.locator('.quick-input-list .monaco-list-row').first().click()
    await view(page).locator('.chart .mark').first().waitFor()
    await view(page).getByRole('button', { name: 'perplexity, pruned' }).click()
    await view(page).getByRole('heading', { name: 'Sweep' }).scrollIntoViewIfNeeded()
  },

  async run(page) {
    await runCommand(page, 'SparseScope: Open Run')
    await page.locator('.quick-input-list .monaco-list-row', { hasText: 'half' }).first().click()
    await view(page).getByText('Exact zeros').first().waitFor()
    await view(page)
      .getByText(/^Overlay/)
      .click()
    await view(page).getByRole('button', { name: 'Pause' }).waitFor()
  },

  async form(page, { large }) {
    await chooseFromMenu(page, large, 'Prune Checkpoint')
    await view(page)
      .getByText(/^about .* of memory$/)
      .waitFor()
  },

  /** The overlay of the fixes menu blocks the hover of a key below it, unless it lets pointer events through. */
  async recipe(page) {
    await page.getByRole('treeitem', { name: 'alps.prune.yaml' }).dblclick()
    await page.locator('.codelens-decoration').first().waitFor()
    await page.locator('.squiggly-warning').first().waitFor()
    await page.locator('.view-line span', { hasText: '"1:4"' }).last().click()
    await page.keyboard.press('Control+.')
    await page.locator('.action-widget').waitFor()
    const blocks = page.locator('.context-view-block, .context-view-pointerBlock')
    await blocks.evaluateAll((all) => all.forEach((one) => (one.style.pointerEvents = 'none')))
    await page.locator('.view-line span', { hasText: 'loss' }).last().hover()
    await page.locator('.monaco-hover:visible').first().waitFor()
  },

  async trainable(page) {
    await page.getByRole('treeitem', { name: 'alps50.prune.yaml' }).dblclick()
    await page.locator('.codelens-decoration').first().waitFor()
    await runCommand(page, 'SparseScope: Show Which Weights Train')
    await view(page).getByRole('grid', { name: 'Trained share by block and module' }).waitFor()
    await runCommand(page, 'View: Close Editors in Other Groups')
  },

  async compare(page, { small }) {
    await page.getByRole('treeitem', { name: `${small}-wanda60`, exact: true }).click()
    await page.getByRole('treeitem', { name: `${small}-merged`, exact: true }).click({ modifiers: ['Control'] })
    await chooseFromMenu(page, `${small}-merged`, 'Compare Selected')
    // The last text that a comparison shows.
    await view(page)
      .getByText(/\d+ changed, \d+ the same/)
      .waitFor()
    // A few values of block 0: they show the zeros, and a picture of more values is noise, which makes a large file.
    const map = view(page).getByRole('grid').first()
    await map.focus()
    for (const key of ['Home', 'ArrowRight', 'ArrowRight']) await page.keyboard.press(key)
    await drawn(page, 2)
    for (let times = 0; times < 5; times++) await view(page).getByRole('button', { name: 'Zoom in' }).first().click()
    await view(page)
      .getByText(/^rows [1-9]/)
      .nth(1)
      .waitFor()
    await view(page).getByRole('heading').first().scrollIntoViewIfNeeded()
  },

  /** A conversation where the model has a chat template. */
  async try(page, { large }) {
    // Selected alone, because the menu of several selected items applies to all of them.
    await page.getByRole('treeitem', { name: `${large}-wanda`, exact: true }).click()
    await chooseFromMenu(page, `${large}-wanda`, 'Try It')
    const prompt = view(page).getByRole('textbox', { name: /^(Prompt|Message)$/ })
    await prompt.waitFor()
    // The page calls it a message once it knows that both models have a chat template.
    await sleep(2000)
    const isChat = await view(page).getByRole('textbox', { name: 'Message' }).isVisible()
    const talk = ['What is a prime number? One sentence.', 'Name three of them.']
    await view(page).getByRole('spinbutton', { name: 'New tokens' }).fill('28')
    for (const text of isChat ? talk : ['And the king said unto them,']) {
      await prompt.fill(text)
      await view(page)
        .getByRole('button', { name: /^(Generate|Send)$/ })
        .click()
      await sleep(1000)
      await view(page).getByRole('button', { name: 'Stop' }).waitFor({ state: 'hidden', timeout: 600_000 })
    }
    await view(page).locator('.differs').first().focus()
  },
}

/** Waits until the pictures of so many matrices are drawn. */
const drawn = (page, count) =>
  view(page)
    .getByText(/^rows 0 to/)
    .nth(count - 1)
    .waitFor()

async function openWeights(page, name) {
  await page.getByRole('treeitem', { name, exact: true }).click()
  await page.getByRole('treeitem', { name: 'model.safetensors' }).first().dblclick()
  await view(page).getByRole('heading', { name, exact: true }).waitFor()
  await view(page).getByText('tensors scanned').first().waitFor()
}

/** A page that fails is reported, and the others are taken. */
async function takePictures(page, { theme, models, names }) {
  for (const name of names)
    try {
      await page.setViewportSize(sizes[name] ?? sizes.other)
      await pages[name](page, models)
      await picture(page, `${name}-${theme}`)
    } catch (error) {
      await page.screenshot({ path: join(others, `failed-${name}.png`) })
      console.error(`${name}: ${error.message}`)
      process.exitCode = 1
    } finally {
      for (let times = 0; times < 2; times++) await page.keyboard.press('Escape')
      await page.mouse.move(0, 0)
      for (const command of ['View: Close All Editors', 'View: Show Explorer', 'Collapse Folders in Explorer'])
        await runCommand(page, command)
    }
}

function setTheme(data, theme) {
  writeSettings(data, {
    more: {
      'workbench.colorTheme': themes[theme],
      'workbench.activityBar.location': 'default',
      'editor.minimap.enabled': false,
      'editor.hover.above': false,
    },
  })
}

const { values: options, positionals } = parseArgs({
  options: { models: { type: 'string' }, only: { type: 'string' } },
  allowPositionals: true,
})
const asked = positionals.length > 0 ? positionals : ['dark', 'light']
const names = options.only?.split(',') ?? Object.keys(pages)
const home = mkdtempSync(join(tmpdir(), 'sparsescope-pictures-'))
const workspace = join(others, options.models ? 'models' : 'sample')
for (const folder of [images, workspace]) mkdirSync(folder, { recursive: true })
let endRun = null
try {
  const server = setupVscode()
  const { file } = packageVsix()
  const models = makeWorkspace(root, workspace, options.models ? resolve(options.models) : null)
  if (names.includes('run')) endRun = await startHalfRun(root, workspace)
  const data = join(home, 'data')
  mkdirSync(join(data, 'extensions'), { recursive: true })
  installExtension(server, file, data, join(data, 'extensions'))
  const running = await startServer({ server, userData: data, extensions: join(data, 'extensions') })
  const { context, page } = await launchBrowser(home, sizes.other)
  try {
    for (const theme of asked) {
      setTheme(data, theme)
      await page.goto(`${running.url}/?folder=${workspace}`)
      await page.getByRole('treeitem', { name: `${models.large}-wanda`, exact: true }).waitFor()
      await sleep(2500)
      await takePictures(page, { theme, models, names })
    }
  } finally {
    await context.close()
    await running.stop()
  }
} finally {
  await endRun?.()
  rmSync(home, { recursive: true, force: true })
}
