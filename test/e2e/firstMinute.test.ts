import { launchBrowser, runCommand } from '../../scripts/vscode/browser.mjs'
import { startSampleStudio } from '../../scripts/vscode/sampleStudio.mjs'
import { root } from '../support/browser.ts'
import { activeView, choose, openModel, pictureOfFailure, type Studio } from './studio.ts'
import assert from 'node:assert/strict'
import { scratch } from '../support/scratch.ts'
import { lacks } from '../support/skip.ts'
import { until } from '../support/until.ts'

describe('the first minute in `npm run studio`', function () {
  this.timeout(600_000)
  let studio: Studio
  before(async function () {
    const { SPARSESCOPE_VSCODE: server, SPARSESCOPE_VSIX: vsix } = process.env
    if (!server || !vsix) return lacks(this, 'no VS Code: run these through node scripts/testVscode.mjs e2e')
    const home = scratch().folder
    const running = await startSampleStudio({ root, server, vsix, home })
    const { context, page } = await launchBrowser(home)
    studio = {
      page,
      workspace: running.workspace,
      async stop() {
        await context.close()
        await running.stop()
      },
    }
    // The bare address, as a person types it.
    await page.goto(running.url)
  })
  afterEach(async function () {
    await pictureOfFailure(this.currentTest, studio)
  })
  after(async () => studio?.stop())

  const step = (title: string) => studio.page.locator('.getting-started-step', { hasText: title })
  const isDone = async (title: string) => (await step(title).locator('.codicon.complete').count()) > 0

  it('begins with the sample and the walkthrough', async () => {
    const { page } = studio
    await page.getByRole('treeitem', { name: 'opt-bias-norm.prune.yaml' }).waitFor()
    await step('Open a checkpoint').waitFor()
  })

  it('offers the recipes in Dry Run, whose step is done when the plan is there', async () => {
    const { page } = studio
    await step('See what it would do').click()
    const button = page.getByRole('button', { name: 'Dry Run', exact: true })
    const picked = page.locator('.quick-input-list .monaco-list-row', { hasText: 'opt-bias-norm.prune.yaml' })
    await button.click()
    await picked.waitFor()
    await page.keyboard.press('Escape')
    assert.equal(await isDone('See what it would do'), false)
    await button.click()
    await picked.click()
    await activeView(page).getByRole('tab', { name: 'Prune' }).click()
    await activeView(page)
      .locator('.say', { hasText: /of \d+ matrices\. Nothing trains\./ })
      .waitFor()
    await until('the step to be done', () => isDone('See what it would do'))
    assert.equal(await isDone('Prune, recover and watch'), false)
  })

  it('lists the known models first in Open Model Overview', async () => {
    const { page } = studio
    for (const model of ['llama', 'opt']) {
      await choose(page, 'SparseScope: Open Model Overview', model)
      await activeView(page).getByRole('heading', { name: model, exact: true }).waitFor()
    }
    await activeView(page).locator('.say').waitFor()
    await until('the step to be done', async () => {
      await runCommand(page, 'SparseScope: Open Walkthrough')
      return isDone('Open a checkpoint')
    })
  })

  it('has one editor for a checkpoint opened from Explorer and from Models', async () => {
    const { page } = studio
    await runCommand(page, 'View: Close All Editors')
    await openModel(page, 'llama')
    await runCommand(page, 'Focus on Models View')
    const llama = page.getByRole('treeitem', { name: /^llama/ }).first()
    await llama.click()
    await page.locator('.tab.active', { hasText: 'model.safetensors' }).waitFor()
    await page.getByRole('treeitem', { name: /^opt/ }).first().click()
    await until('the second model', async () => (await page.locator('.tab').count()) > 1)
    await llama.click()
    await activeView(page).getByRole('heading', { name: 'llama', exact: true }).waitFor()
    assert.equal(await page.locator('.tab').count(), 2)
    await runCommand(page, 'View: Show Explorer')
  })

  it("SparseScope's menu is on folders that hold a checkpoint, and on no other", async () => {
    const { page } = studio
    const menu = page.locator('.monaco-menu .action-label')
    const offered = async (folder: string) => {
      await page.getByRole('treeitem', { name: folder, exact: true }).click({ button: 'right' })
      await menu.filter({ hasText: /^Rename/ }).waitFor()
      const count = await menu.filter({ hasText: 'SparseScope' }).count()
      await page.keyboard.press('Escape')
      return count > 0
    }
    await until('the menu of a model', () => offered('opt'))
    assert.equal(await offered('text'), false)
  })
})
