import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { renameOver, sameFile } from '../../../src/system/atomicFile.ts'
import { scratch } from '../../support/scratch.ts'

describe('sameFile', () => {
  let folder = ''
  beforeEach(() => (folder = scratch().folder))
  const at = (name: string) => join(folder, name)

  it('succeeds for each of many at once, alters no other file, and leaves nothing beside', async () => {
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

/** A renaming that is refused so often; counts what is tried. */
function refusing(times: number, code: string, platform: NodeJS.Platform = 'win32') {
  const tried = { renames: 0, pauses: 0 }
  const means = {
    platform,
    rename: async () => {
      if (++tried.renames <= times) throw Object.assign(new Error(code), { code })
    },
    pause: async () => void tried.pauses++,
  }
  return { tried, rename: () => renameOver('a', 'b', means) }
}

describe('renaming over a file', () => {
  it('is tried again on Windows while another program holds the file', async () => {
    const { tried, rename } = refusing(3, 'EPERM')
    await rename()
    assert.deepEqual(tried, { renames: 4, pauses: 3 })
  })

  it('gives up after twenty refusals, with what the system said', async () => {
    const { tried, rename } = refusing(Infinity, 'EBUSY')
    await assert.rejects(rename(), { code: 'EBUSY' })
    assert.deepEqual(tried, { renames: 20, pauses: 19 })
  })

  it('is not tried again for errors that waiting does not fix, nor on systems that allow it', async () => {
    for (const { tried, rename } of [refusing(1, 'ENOSPC'), refusing(1, 'EPERM', 'linux')]) {
      await assert.rejects(rename())
      assert.deepEqual(tried, { renames: 1, pauses: 0 })
    }
  })
})
