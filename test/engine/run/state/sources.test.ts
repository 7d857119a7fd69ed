// What goes into a run is known again by its content, wherever it lies, and any change of it is noticed.
import assert from 'node:assert/strict'
import { cpSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { fingerprint, recognise } from '../../../../src/engine/run/state/sources.ts'
import { scratch, type Scratch } from '../../../support/scratch.ts'

describe('fingerprints of files', () => {
  let temp: Scratch
  let path = ''
  const bytes = Buffer.alloc(9 * 2 ** 20, 7)
  beforeEach(() => {
    temp = scratch()
    path = temp.write('big.bin', bytes)
    // The file looks as if it had lain there for long: only then its stamp is trusted.
    utimesSync(path, new Date(2026, 0, 1), new Date(2026, 0, 1))
  })
  const settled = (found: Awaited<ReturnType<typeof fingerprint>>) => ({ ...found, seen: found.seen + 10_000 })

  it('are the SHA-256 that other tools give', async () => {
    writeFileSync(path, 'abc')
    const { sha256, bytes: size } = await fingerprint(path)
    assert.equal(sha256, 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    assert.equal(size, 3)
  })

  it('hold for a touched file, another copy and the old content put back', async () => {
    const old = settled(await fingerprint(path))
    assert.equal(await recognise(path, old), old)
    utimesSync(path, new Date(), new Date())
    assert.equal((await recognise(path, old))?.sha256, old.sha256)
    cpSync(path, temp.path('copy.bin'))
    assert.equal((await recognise(temp.path('copy.bin'), old))?.sha256, old.sha256)
    writeFileSync(path, 'other')
    assert.equal(await recognise(path, old), null)
    renameSync(temp.path('copy.bin'), path)
    assert.equal((await recognise(path, old))?.sha256, old.sha256)
  })

  it('notice one byte anywhere, also with the size and the times as they were', async () => {
    for (const at of [0, 2 ** 20 + 1, bytes.length - 1]) {
      writeFileSync(path, bytes)
      const { atime, mtime } = statSync(path)
      const old = settled(await fingerprint(path))
      const other = Buffer.from(readFileSync(path))
      other[at] ^= 1
      writeFileSync(path, other)
      utimesSync(path, atime, mtime)
      assert.equal(await recognise(path, old), null, String(at))
    }
  })

  it('read the file again as long as a change might not show in its times', async () => {
    const young = await fingerprint(path)
    const again = await recognise(path, young)
    assert.notEqual(again, young)
    assert.equal(again?.sha256, young.sha256)
  })

  it('do not exist for a file that is gone', async () => {
    const old = await fingerprint(path)
    rmSync(path)
    assert.equal(await recognise(path, old), null)
    await assert.rejects(fingerprint(path), { code: 'not-found' })
  })
})
