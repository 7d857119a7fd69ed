import assert from 'node:assert/strict'
import { isNewEnough, runtimeChain } from '../../../src/extension/backend/runtime.ts'

describe('runtime chain', () => {
  const facts = { setting: '', execPath: '/host', electron: false, bundled: null, onPath: '/usr/bin/node' }

  it('is the host itself where that is a real Node', () => {
    assert.equal(runtimeChain(facts)[0].origin, 'host')
  })

  it("puts the desktop's Electron last, behind any real Node", () => {
    const chain = runtimeChain({ ...facts, electron: true, bundled: '/bundled' })
    assert.deepEqual(
      chain.map((r) => r.origin),
      ['bundled', 'path', 'electron'],
    )
  })

  it('obeys the setting first', () => {
    assert.equal(runtimeChain({ ...facts, setting: '/mine' })[0].path, '/mine')
  })

  it('knows which versions are new enough', () => {
    assert.deepEqual(['18.20.8', '20.18.1', '20.19.0', '22.1.0'].map(isNewEnough), [false, false, true, true])
  })
})
