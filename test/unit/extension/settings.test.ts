// Settings as the user wrote them into settings.json, which VS Code does not check.
import assert from 'node:assert/strict'
import type * as module from '../../../src/extension/support/settings.ts'
import { extensionModule } from '../../support/extensionModule.ts'

describe('a setting', () => {
  const written: Record<string, unknown> = {}
  let settings: typeof module
  before(async () => {
    const vscode = { workspace: { isTrusted: true, getConfiguration: () => ({ get: (key: string) => written[key] }) } }
    settings = await extensionModule('support/settings.ts', { vscode })
  })

  it('with a word that does not exist counts as not set: pages keep their colours, and the backend starts', () => {
    Object.assign(written, { 'view.palette': 'magma', 'backend.device': 'gpu', 'backend.precision': 'fp16' })
    const { setting, viewSettings } = settings
    assert.deepEqual(
      [viewSettings().palette, setting('backend.device'), setting('backend.precision')],
      ['viridis', 'auto', 'auto'],
    )
    Object.assign(written, { 'view.palette': 'greys', 'backend.device': 'cpu', 'backend.adapter': 'any name' })
    assert.deepEqual(
      [viewSettings().palette, setting('backend.device'), setting('backend.adapter')],
      ['greys', 'cpu', 'any name'],
    )
  })
})
