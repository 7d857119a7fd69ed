import assert from 'node:assert/strict'
import { commandIds } from '../../../src/extension/contributions.ts'
import type { menuItems, withoutPaths } from '../../../src/extension/statusItem.ts'
import { extensionModule } from '../../support/extensionModule.ts'

describe('the status item', () => {
  let status: { menuItems: typeof menuItems; withoutPaths: typeof withoutPaths }
  before(async () => (status = await extensionModule('statusItem.ts', { vscode: { l10n: { t: String } } })))

  describe('its menu', () => {
    it('has commands that exist, the restart last', () => {
      const known: readonly string[] = [...commandIds, 'workbench.action.openSettings']
      assert.deepEqual(
        status.menuItems.filter(({ command }) => !known.includes(command)),
        [],
      )
      assert.equal(status.menuItems[0].command, 'sparsescope.selectAdapter')
      assert.equal(status.menuItems.at(-1)?.command, 'sparsescope.restartBackend')
    })
  })

  describe('what a report says of paths', () => {
    for (const [text, said] of [
      ['spawn C:\\Users\\José Pérez\\Secret Project\\node.exe failed', 'spawn <path> failed'],
      ['cannot run /home/müller/geheimes Projekt/node: no such file', 'cannot run <path>: no such file'],
      ['no GPU (the loader /usr/lib/libvulkan.so.1 is missing)', 'no GPU (the loader <path> is missing)'],
      ['this machine shows no GPU', 'this machine shows no GPU'],
    ])
      it(JSON.stringify(text), () => assert.equal(status.withoutPaths(text, ''), said))

    it('leaves out the home folder by itself too, and works on a machine without a home folder', () => {
      assert.equal(status.withoutPaths('in /home/a b', '/home/a b'), 'in <path>')
      assert.equal(status.withoutPaths('plain words', '/'), 'plain words')
    })
  })
})
