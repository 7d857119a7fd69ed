import assert from 'node:assert/strict'
import { withoutPaths } from '../../../src/extension/status/withoutPaths.ts'

describe('what a report says of paths', () => {
  for (const [text, said] of [
    ['spawn C:\\Users\\José Pérez\\Secret Project\\node.exe failed', 'spawn <path> failed'],
    ['cannot run /home/müller/geheimes Projekt/node: no such file', 'cannot run <path>: no such file'],
    ['no GPU (the loader /usr/lib/libvulkan.so.1 is missing)', 'no GPU (the loader <path> is missing)'],
    ['this machine shows no GPU', 'this machine shows no GPU'],
  ])
    it(JSON.stringify(text), () => assert.equal(withoutPaths(text, ''), said))

  it('leaves out the home folder by itself too, and is not misled by a machine that has none', () => {
    assert.equal(withoutPaths('in /home/a b', '/home/a b'), 'in <path>')
    assert.equal(withoutPaths('plain words', '/'), 'plain words')
  })
})
