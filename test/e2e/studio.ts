// One VS Code with the packaged extension and a workspace of its own, driven as a person does.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BrowserContext, FrameLocator, Page } from 'playwright-core'
import { findCommand, launchBrowser, runCommand } from '../../scripts/vscode/browser.mjs'
import { installExtension, startServer, writeSettings } from '../../scripts/vscode/server.mjs'
import { makeWorkspace } from '../../scripts/vscode/workspace.mjs'
import { root } from '../support/browser.ts'
import { scratch } from '../support/scratch.ts'
import { lacks } from '../support/skip.ts'
import { until } from '../support/until.ts'

export interface Studio {
  page: Page
  workspace: string
  stop(): Promise<void>
}

interface StudioOptions {
  /** Default: true. */
  trust?: boolean
  settings?: Record<string, unknown>
  /** Variables that the server's environment has beside this process's. */
  env?: Record<string, string>
}

/** The extensions of all windows: they differ in their settings and workspaces. */
let extensions: string | undefined
let shared: Studio | undefined
after(async () => {
  await shared?.stop()
})

/** A folder with the packaged extension in it; installing takes as long as opening a window. */
function installedOnce(server: string, vsix: string): string {
  if (extensions) return extensions
  const made = scratch().folder
  installExtension(server, vsix, join(made, 'data'), made)
  return (extensions = made)
}

/** The window of all suites that need nothing of their own, without the editors of the suite before. */
export async function sharedStudio(suite: Mocha.Context): Promise<Studio> {
  if (shared) {
    await closeEditors(shared.page)
    await runCommand(shared.page, 'View: Show Explorer')
  }
  return (shared ??= await openStudio(suite))
}

/** Skips the suite, with the reason, when scripts/testVscode.mjs has not prepared a VS Code. */
export async function openStudio(suite: Mocha.Context, options: StudioOptions = {}): Promise<Studio> {
  const server = process.env.SPARSESCOPE_VSCODE
  const vsix = process.env.SPARSESCOPE_VSIX
  if (!server || !vsix) return lacks(suite, 'no VS Code: run these through node scripts/testVscode.mjs e2e')
  const home = scratch().folder
  const workspace = makeWorkspace(root, join(home, 'workspace'))
  const userData = join(home, 'data')
  const { trust = true, settings, env } = options
  writeSettings(userData, { trust, more: { 'security.workspace.trust.startupPrompt': 'never', ...settings } })
  const running = await startServer({
    ...{ server, userData, extensions: installedOnce(server, vsix), trust },
    env: { ...env, [workspaceMark]: workspace },
  })
  let context: BrowserContext | null = null
  const stop = async () => {
    await context?.close()
    await running.stop()
  }
  try {
    const opened = await launchBrowser(home)
    context = opened.context
    await opened.page.goto(`${running.url}/?folder=${workspace}`)
    await opened.page.getByRole('treeitem', { name: 'notes.txt' }).waitFor()
    // Once the palette has a command of it, the extension's contributions are known: its editor opens its files.
    await findCommand(opened.page, 'SparseScope: Show Log')
    await opened.page.keyboard.press('Escape')
    await watching(opened.page, workspace)
    return { page: opened.page, workspace, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Until the window sees files that come and go: it opens before it watches. */
async function watching(page: Page, workspace: string): Promise<void> {
  const probe = page.getByRole('treeitem', { name: /^probe-\d+$/ })
  const made: string[] = []
  await until('the window to watch its files', async () => {
    const path = join(workspace, `probe-${made.length}`)
    writeFileSync(path, '')
    made.push(path)
    return probe
      .first()
      .waitFor({ timeout: 2000 })
      .then(
        () => true,
        () => undefined,
      )
  })
  for (const path of made) rmSync(path)
  await until('the probes to go', async () => (await probe.count()) === 0)
}

/** In a suite: the window of all of its tests, of which a picture is kept where one fails. */
export function studioOf(open: (suite: Mocha.Context) => Promise<Studio>): Studio {
  let opened: Studio | undefined
  before(async function () {
    opened = await open(this)
  })
  afterEach(async function () {
    await pictureOfFailure(this.currentTest, opened)
  })
  const window = () => {
    if (!opened) throw new Error('no window is open yet')
    return opened
  }
  return {
    get page() {
      return window().page
    },
    get workspace() {
      return window().workspace
    },
    stop: async () => opened?.stop(),
  }
}

/** Saves, in `afterEach`, a picture of what a failed test saw, and adds to its error what stood there: a log has no pictures. */
export async function pictureOfFailure(test: Mocha.Test | undefined, studio: Studio | undefined): Promise<void> {
  if (test?.state !== 'failed' || !studio) return
  const path = join(root, 'out', 'e2e', `${test.title.replace(/\W+/g, '-').slice(0, 60)}.png`)
  await studio.page.screenshot({ path }).catch(() => {})
  const seen = [`picture: ${path}`, ...(await textsOf(studio.page))].join('\n  ')
  console.log(seen)
  if (test.err) test.err.stack += `\n${seen}`
}

/** The texts of a window that say what it is doing, a line each. */
async function textsOf(page: Page): Promise<string[]> {
  const parts = {
    tabs: page.locator('.tab'),
    dialogs: page.locator('.monaco-dialog-box'),
    messages: page.locator('.notification-list-item'),
    'quick input': page.locator('.quick-input-widget:visible'),
    explorer: page.locator('.explorer-folders-view [role=treeitem]'),
    'status bar': page.locator('.statusbar-item'),
  }
  const line = (texts: string[]) => texts.map((text) => text.replace(/\s+/g, ' ').trim().slice(0, 200)).join(' | ')
  const told = Object.entries(parts).map(async ([name, part]) => `${name}: ${line(await part.allInnerTexts())}`)
  const views = page.frames().map(async (frame) => `${frame.name()}: ${line([await frame.innerText('body')])}`)
  // A page that is gone or hangs says that.
  const limit = new Promise<string>((resolve) => setTimeout(resolve, 10_000, 'no answer in 10 s').unref())
  return Promise.all([...told, ...views].map((text) => Promise.race([text.catch(String), limit])))
}

export async function openModel(page: Page, folder: string): Promise<FrameLocator> {
  const file = page.getByRole('treeitem', { name: 'model.safetensors' }).first()
  const parent = page.getByRole('treeitem', { name: folder, exact: true })
  if ((await parent.getAttribute('aria-expanded')) !== 'true') await parent.click()
  await file.dblclick()
  const view = activeView(page)
  await view.locator('.say').waitFor()
  return view
}

/** Opens a file of a tree, the Explorer's where no other row is meant; again where rows moved under the click or were drawn anew. */
export async function openFile(page: Page, name: string, row = page.getByRole('treeitem', { name })): Promise<void> {
  await until(`the editor of ${name}`, async () => {
    // The hover of another row may lie over this one, until the pointer is elsewhere.
    await page.mouse.move(0, 0)
    const tab = page.locator('.tab.active', { hasText: name })
    const opened = row.dblclick({ timeout: 5000 }).then(() => tab.waitFor({ timeout: 5000 }))
    return opened.then(
      () => true,
      () => undefined,
    )
  })
}

/** The document of the webview in sight. */
export function activeView(page: Page): FrameLocator {
  return page
    .locator('iframe.webview.ready:visible')
    .last()
    .contentFrame()
    .locator('iframe#active-frame')
    .contentFrame()
}

/**
 * Right-click on an Explorer item, SparseScope, then the entry. A menu takes no click in its first moments and closes
 * when something else takes the focus, so it is opened again until the click has closed it.
 */
export async function chooseFromMenu(
  page: Page,
  item: string,
  title: string,
  row = page.getByRole('treeitem', { name: item, exact: true }),
): Promise<void> {
  const menu = page.locator('.monaco-menu')
  const entry = (text: string) => menu.locator('.action-label', { hasText: text })
  // A machine that is too slow for the first attempt gets more time in each that follows.
  let timeout = 0
  await until(`the menu entry ${title}`, async () => {
    timeout += 2000
    try {
      await row.click({ button: 'right' })
      await page.waitForTimeout(300)
      await entry('SparseScope').hover({ timeout })
      await entry(title).waitFor({ timeout })
      await page.waitForTimeout(400)
      await entry(title).click({ timeout })
      await menu.first().waitFor({ state: 'detached', timeout })
      return true
    } catch {
      await page.keyboard.press('Escape')
      await page.keyboard.press('Escape')
      return undefined
    }
  })
}

/**
 * The row with `label` of what the command asks. A list of answers goes when a view that is just coming up takes the
 * focus: then it is asked for again.
 */
export async function choose(page: Page, command: string, label: string): Promise<void> {
  const row = page.locator('.quick-input-list .monaco-list-row', { hasText: label }).first()
  await until(`${label} of ${command}`, async () => {
    await runCommand(page, command)
    try {
      await row.click({ timeout: 10_000 })
      return true
    } catch {
      await page.keyboard.press('Escape')
      return undefined
    }
  })
}

export async function closeEditors(page: Page): Promise<void> {
  await runCommand(page, 'View: Close All Editors')
}

/** The command line of the same build: what the views show is compared with it. */
export function cli(...args: string[]): { status: number; json: unknown } {
  try {
    const out = execFileSync(process.execPath, [join(root, 'dist/cli.mjs'), ...args, '--json'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return { status: 0, json: JSON.parse(out) }
  } catch (error) {
    return { status: (error as { status?: number }).status ?? -1, json: null }
  }
}

/** Tells the processes of one window from those of another. */
const workspaceMark = 'SPARSESCOPE_TEST_WORKSPACE'

/** Processes of this window's backend: children of the extension host that run backend.mjs. */
export function backendPids(workspace: string): number[] {
  const of = (pid: number, file: string) => readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\0')
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const isBackend = of(pid, 'cmdline').some((argument) => argument.endsWith('backend.mjs'))
        return isBackend && of(pid, 'environ').includes(`${workspaceMark}=${workspace}`)
      } catch {
        return false
      }
    })
}

export function exists(workspace: string, ...path: string[]): boolean {
  return existsSync(join(workspace, ...path))
}
