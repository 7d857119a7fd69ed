import assert from 'node:assert/strict'
import { commandIds } from '../../../src/extension/contributions.ts'
import { menuItems } from '../../../src/extension/status/menuItems.ts'

describe('menu of the status item', () => {
  it('has commands that exist, the restart last', () => {
    const known: readonly string[] = [...commandIds, 'workbench.action.openSettings']
    assert.deepEqual(
      menuItems.filter(({ command }) => !known.includes(command)),
      [],
    )
    assert.equal(menuItems[0].command, 'sparsescope.selectAdapter')
    assert.equal(menuItems.at(-1)?.command, 'sparsescope.restartBackend')
  })
})
