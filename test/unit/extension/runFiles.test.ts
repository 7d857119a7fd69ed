import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readEvents, readRunFile } from '../../../src/extension/disk/runFiles.ts'
import { readResult } from '../../../src/extension/disk/runResult.ts'
import { cannot } from '../../support/skip.ts'

describe('files of a run folder, which may be anybody’s', () => {
  let folder = ''
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'run-files-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  const events = () => readEvents(folder, { events: [], offset: 0 })

  it('events are read up to the last whole line', async () => {
    const line = '{"t":1,"type":"log","level":"info","message":"a"}\n'
    writeFileSync(join(folder, 'events.jsonl'), `${line}{"t":`)
    assert.equal((await events()).offset, line.length)
  })

  it('a pipe is not waited for', async function () {
    if (process.platform === 'win32') return cannot(this, 'no named pipes among the files of Windows')
    for (const name of ['events.jsonl', 'report.json'])
      assert.equal(spawnSync('mkfifo', [join(folder, name)]).status, 0)
    await assert.rejects(events(), /not a regular file/)
    assert.equal(await readResult(folder), null)
  })

  it('a link is not followed and a folder not read', async function () {
    if (process.platform === 'win32') return cannot(this, 'links need a right on Windows')
    writeFileSync(join(folder, 'elsewhere'), '{}')
    symlinkSync(join(folder, 'elsewhere'), join(folder, 'events.jsonl'))
    mkdirSync(join(folder, 'report.json'))
    await assert.rejects(events(), { code: 'ELOOP' })
    assert.equal(await readResult(folder), null)
  })

  it('a file larger than a run writes is not read', async () => {
    writeFileSync(join(folder, 'report.json'), ' '.repeat(100))
    await assert.rejects(readRunFile(join(folder, 'report.json'), 99), /100 bytes, more than a run writes/)
  })
})
