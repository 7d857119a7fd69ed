import assert from 'node:assert/strict'
import { renameOver } from '../../../src/system/renameOver.ts'

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

  it('is not tried again for what waiting does not mend, nor on systems that allow it', async () => {
    for (const { tried, rename } of [refusing(1, 'ENOSPC'), refusing(1, 'EPERM', 'linux')]) {
      await assert.rejects(rename())
      assert.deepEqual(tried, { renames: 1, pauses: 0 })
    }
  })
})
