import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sameFile } from '../../../src/system/sameFile.ts'

describe('sameFile', () => {
  let folder = ''
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'same-file-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  const at = (name: string) => join(folder, name)

  it('of many that give a name at once each succeeds, none alters the file of another, and nothing is left beside', async () => {
    const sources = Array.from({ length: 20 }, (_, i) => `source ${i}`)
    for (const name of sources) writeFileSync(at(name), name.repeat(1000))
    await Promise.all(sources.map((name) => sameFile(at(name), at('shared'))))
    for (const name of sources) assert.equal(readFileSync(at(name), 'utf8'), name.repeat(1000))
    const shared = readFileSync(at('shared'), 'utf8')
    assert.ok(sources.some((name) => shared === name.repeat(1000)))
    assert.deepEqual(readdirSync(folder).sort(), [...sources, 'shared'].sort())
    await sameFile(at('source 3'), at('shared'))
    await sameFile(at('source 3'), at('shared'))
    assert.deepEqual(readdirSync(folder).sort(), [...sources, 'shared'].sort(), 'a second name that is there already')
  })

  it('copies where the file system has no links, and says where it could not', async () => {
    writeFileSync(at('from'), 'text')
    await sameFile(at('from'), at('to'), () => Promise.reject(new Error('no links here')))
    assert.equal(readFileSync(at('to'), 'utf8'), 'text')
    await assert.rejects(sameFile(at('gone'), at('to')), /gone|to/)
    assert.equal(readFileSync(at('to'), 'utf8'), 'text')
  })
})
