// Files of a run folder, which may be anybody's: events as they grow, the end of them, the report.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { endOfRun } from '../../../src/runs/events/parseEvents.ts'
import { EventTail } from '../../../src/runs/events/eventTail.ts'
import { runFolderAt, type RunFolder } from '../../../src/runs/folder/runFolder.ts'
import { isDone, readReport } from '../../../src/runs/reader/report.ts'
import { readOwn } from '../../../src/system/ownFile.ts'
import { scratch } from '../../support/scratch.ts'
import { cannot } from '../../support/skip.ts'

describe('files of a run folder, which may be anybody’s', () => {
  let folder: RunFolder
  beforeEach(() => (folder = runFolderAt(scratch().folder)))

  /** What a tail hands over: all it has said so far, as its listener has to keep it. */
  function follow(): { tail: EventTail; read: () => Promise<string> } {
    const tail = new EventTail()
    let text = ''
    const read = async () => {
      await tail.readNew(folder.events, (lines, isAnew) => (text = isAnew ? lines.toString() : text + lines.toString()))
      return text
    }
    return { tail, read }
  }

  it('have events, read up to the last whole line, then what is new', async () => {
    const { read } = follow()
    writeFileSync(folder.events, 'one\ntwo\nthr')
    assert.equal(await read(), 'one\ntwo\n')
    appendFileSync(folder.events, 'ee\nfour')
    assert.equal(await read(), 'one\ntwo\nthree\n')
  })

  it('have events read anew that a resumed run has taken back', async () => {
    const { read } = follow()
    for (const text of ['one\ntwo\nthree\n', 'one\n', 'one\nzwei\ndrei\nvier\n', 'eins\nzwei\ndrei\nfour\n', '']) {
      writeFileSync(folder.events, text)
      assert.equal(await read(), text)
    }
  })

  it('are read whole where they are larger than one reading, and without lines too long for an event', async () => {
    const { read } = follow()
    const line = `${'x'.repeat(999)}\n`
    const text = `${line.repeat(6000)}${'y'.repeat(2 ** 23)}\n${line}`
    writeFileSync(folder.events, text)
    assert.ok((await read()) === text)
    // A hole of 8 GiB takes no room on the disk.
    truncateSync(folder.events, 2 ** 33)
    assert.ok((await read()) === text)
    assert.equal(await endOfRun(folder.events), null)
  })

  it('have the end of a run in the last line, however long its reason', async () => {
    const end = (message: string) => `${JSON.stringify({ t: 9, type: 'end', status: 'failed', message })}\n`
    for (const message of ['short', 'x'.repeat(3000)]) {
      writeFileSync(
        folder.events,
        `${'{"t":1,"type":"memory","rss_mb":1,"device_mb":0}\n'.repeat(3000)}${end(message)}`,
      )
      assert.equal((await endOfRun(folder.events))?.message, message)
    }
    appendFileSync(folder.events, '{"t":10,"type":"phase","phase":"read"}\n')
    assert.equal(await endOfRun(folder.events), null)
  })

  it('show a run as done when its report and its end exist', async () => {
    const end = '{"t":9,"type":"end","status":"done"}\n'
    writeFileSync(folder.report, '{"status":"done"}')
    assert.equal(await isDone(folder), false)
    writeFileSync(folder.events, end)
    assert.equal(await isDone(folder), true)
    rmSync(folder.report)
    assert.equal(await isDone(folder), false)
  })

  it('are not waited for where one is a pipe', async function () {
    if (process.platform === 'win32') return cannot(this, 'no named pipes among the files of Windows')
    for (const path of [folder.events, folder.report]) assert.equal(spawnSync('mkfifo', [path]).status, 0)
    await assert.rejects(follow().read(), { code: 'bad-data' })
    await assert.rejects(readReport(folder), { code: 'bad-data' })
    assert.equal(await endOfRun(folder.events), null)
  })

  it('are not read where one is a link or a folder', async function () {
    if (process.platform === 'win32') return cannot(this, 'links need a right on Windows')
    writeFileSync(join(folder.path, 'elsewhere'), '{}')
    symlinkSync(join(folder.path, 'elsewhere'), folder.events)
    mkdirSync(folder.report)
    await assert.rejects(follow().read(), { code: 'bad-data' })
    await assert.rejects(readReport(folder), { code: 'bad-data' })
  })

  it('are not read where one is too large, and a report that was cut is damaged', async () => {
    assert.equal(await readReport(folder), null)
    writeFileSync(folder.report, ' '.repeat(100))
    await assert.rejects(readOwn(folder.report, 99), /100 bytes, more than a run ever writes/)
    await assert.rejects(readReport(folder), /is damaged: copy it again/)
  })
})
