import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { openRegular, readRegular } from '../../../src/engine/checkpoint/regularFile.ts'
import { dataFacts } from '../../../src/engine/facts/dataFacts.ts'
import { exitCodeOf, EngineError } from '../../../src/engine/errors.ts'
import { readRecipe } from '../../../src/engine/run/open/recipeFile.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'

describe('openRegular', () => {
  let temp: Scratch
  beforeEach(() => (temp = scratch()))

  const refused = async (path: string, message: RegExp) => {
    for (const open of [openRegular(path), readRegular(path, 10), readRecipe(path)])
      await assert.rejects(open, (e) => {
        assert.ok(e instanceof EngineError && exitCodeOf(e) === 2, String(e))
        assert.match(e.message, message)
        return true
      })
  }

  it('opens a file and a link to one', async () => {
    const path = temp.write('a', 'text')
    symlinkSync(path, join(temp.folder, 'b'))
    for (const name of ['a', 'b']) {
      assert.equal(String(await readRegular(join(temp.folder, name), 4)), 'text')
      await (await openRegular(join(temp.folder, name))).close()
    }
  })

  it('refuses a file that is larger than it may be', async () =>
    assert.rejects(readRegular(temp.write('a', 'long text'), 8), /9 bytes, more than such a file ever has \(8\)/))

  it('refuses what is not there, folders, circles of links and paths with NUL', async () => {
    await refused(join(temp.folder, 'none'), /does not exist/)
    await refused(temp.folder, /is a folder; give a file/)
    symlinkSync('b', join(temp.folder, 'a'))
    symlinkSync('a', join(temp.folder, 'b'))
    await refused(join(temp.folder, 'a'), /links lead in a circle/)
    await refused(`${temp.folder}/a\0b`, /NUL/)
    await refused(join(temp.folder, 'x'.repeat(5000)), /too long/)
  })

  const posix = process.platform === 'win32' ? it.skip : it
  posix('refuses pipes, sockets and devices without waiting for them', async () => {
    const pipe = join(temp.folder, 'pipe.jsonl')
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0)
    await refused(pipe, /not a regular file but a named pipe/)
    await refused('/dev/zero', /not a regular file but a device/)
    const server = createServer().listen(join(temp.folder, 'socket'))
    await new Promise((resolve) => server.once('listening', resolve))
    await refused(join(temp.folder, 'socket'), /not a regular file but a socket/)
    server.close()
    assert.equal((await dataFacts(pipe)).problem, 'it is not a file')
  })
})
