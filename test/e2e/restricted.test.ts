import assert from 'node:assert/strict'
import { openModel, openStudio, studioOf } from './studio.ts'

describe('the packaged extension in Restricted Mode', function () {
  this.timeout(600_000)
  const studio = studioOf((suite) => openStudio(suite, { trust: false }))
  after(() => studio.stop())

  it('shows a checkpoint, and offers no pruning', async () => {
    const { page } = studio
    const view = await openModel(page, 'opt')
    await view.getByText('tensors scanned').first().waitFor()
    assert.ok(await view.getByRole('button', { name: 'Prune…' }).isDisabled())
    const tryIt = page.locator('.title-actions .action-label[aria-label^="Try"]')
    assert.equal(await tryIt.count(), 0)
  })
})
