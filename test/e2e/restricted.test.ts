import assert from 'node:assert/strict'
import { openModel, openStudio, pictureOfFailure, type Studio } from './studio.ts'

describe('the packaged extension in Restricted Mode', function () {
  this.timeout(600_000)
  let studio: Studio
  before(async function () {
    studio = await openStudio(this, { trust: false })
  })
  afterEach(async function () {
    await pictureOfFailure(this.currentTest, studio)
  })
  after(async () => studio?.stop())

  it('shows a checkpoint, and offers no pruning', async () => {
    const { page } = studio
    const view = await openModel(page, 'opt')
    await view.getByText('tensors scanned').first().waitFor()
    assert.ok(await view.getByRole('button', { name: 'Prune…' }).isDisabled())
    const prune = page.locator('.title-actions .action-label[aria-label^="Prune"]')
    assert.equal(await prune.count(), 0)
  })
})
