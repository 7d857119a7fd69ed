// Settings as the user wrote them into settings.json, which VS Code does not check.
import assert from 'node:assert/strict'
import type * as module from '../../../src/extension/support/settings.ts'
import { smooth } from '../../../src/runs/series/smooth.ts'
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

  it('of the smoothing stays below 1, at which no loss could be drawn', () => {
    const shown = [1, 7, -1, 0.5].map((smoothing) => {
      written['chart.smoothing'] = smoothing
      return settings.viewSettings().smoothing
    })
    assert.deepEqual(shown, [0.99, 0.99, 0, 0.5])
    const points = Array.from({ length: 3 }, (_, x) => ({ x, y: 2 }))
    assert.ok(smooth(points, shown[0]).every(({ y }) => Math.abs((y ?? NaN) - 2) < 1e-9))
  })
})
