import assert from 'node:assert/strict'
import { existsSync, statSync } from 'node:fs'
import { makeFolders, requireWritable } from '../../../src/system/makeFolders.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { cannot } from '../../support/skip.ts'

describe('folders on the way to an output', () => {
  let temp: Scratch
  beforeEach(() => (temp = scratch()))

  it('are made, and the first that was missing is returned', async () => {
    assert.equal(await makeFolders(temp.path('a/b/c')), temp.path('a'))
    assert.ok(statSync(temp.path('a/b/c')).isDirectory())
    assert.equal(await makeFolders(temp.path('a/b/d')), temp.path('a/b/d'))
    assert.equal(await makeFolders(temp.path('a/b')), undefined)
  })

  it('are refused where a file is in the way', async () => {
    const file = temp.write('file', '')
    for (const path of [file, temp.path('file/a')])
      for (const attempt of [requireWritable(path), makeFolders(path)])
        await assert.rejects(attempt, { code: 'usage', message: /is a file, not a folder/ })
  })

  it('end with an error where a folder allows no new entries, as /proc', async function () {
    if (!existsSync('/proc/self')) cannot(this, 'there is no /proc')
    await assert.rejects(makeFolders('/proc/nope/a'), /cannot write/)
  })
})
