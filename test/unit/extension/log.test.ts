import assert from 'node:assert/strict'
import type { plainText } from '../../../src/extension/support/log.ts'
import { extensionModule } from '../../support/extensionModule.ts'

describe('text in notifications', () => {
  it('contains no links, whoever wrote it, and reads the same', async () => {
    const log = await extensionModule<{ plainText: typeof plainText }>('support/log.ts', { vscode: {} })
    // What VS Code takes for a link in a notification (its linkedText.ts).
    const link = /\[([^\]]+)\]\(((?:https?:\/\/|command:|file:)[^)\s]+)(?: (["'])(.+?)(\3))?\)/i
    for (const hostile of ['[repair](command:workbench.action.x?%7B%7D)', 'a [b](https://c.d "e") [f](file:///g)']) {
      assert.match(hostile, link)
      assert.doesNotMatch(log.plainText(hostile), link)
      assert.equal(log.plainText(hostile).replaceAll('\u200b', ''), hostile)
    }
    assert.equal(log.plainText('block 3 [norm] (2 of 5): a[0](b'), 'block 3 [norm] (2 of 5): a[0]\u200b(b')
  })
})
