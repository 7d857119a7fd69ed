// Files of a run folder, which may be anybody's: events as they grow, the end of them, the report.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { endOfRun } from '../../../src/runs/events/endOfRun.ts'
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

  it('events are read up to the last whole line, then what is new of them', async () => {
    const { read } = follow()
    writeFileSync(folder.events, 'one\ntwo\nthr')
    assert.equal(await read(), 'one\ntwo\n')
    appendFileSync(folder.events, 'ee\nfour')
    assert.equal(await read(), 'one\ntwo\nthree\n')
  })

  it('events that a resumed run has taken back are read anew, also where it has said as much or more since', async () => {
    const { read } = follow()
    for (const text of ['one\ntwo\nthree\n', 'one\n', 'one\nzwei\ndrei\nvier\n', 'eins\nzwei\ndrei\nfour\n', '']) {
      writeFileSync(folder.events, text)
      assert.equal(await read(), text)
    }
  })

  it('all of a file that is larger than one reading is read, and of lines that no event is as long as nothing', async () => {
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

  it('the end of a run is its last line, however long its reason', async () => {
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

  it('a run is done when its report is there and its end said, and not by one of them', async () => {
    const end = '{"t":9,"type":"end","status":"done"}\n'
    writeFileSync(folder.report, '{"status":"done"}')
    assert.equal(await isDone(folder), false)
    writeFileSync(folder.events, end)
    assert.equal(await isDone(folder), true)
    rmSync(folder.report)
    assert.equal(await isDone(folder), false)
  })

  it('a pipe is not waited for', async function () {
    if (process.platform === 'win32') return cannot(this, 'no named pipes among the files of Windows')
    for (const path of [folder.events, folder.report]) assert.equal(spawnSync('mkfifo', [path]).status, 0)
    await assert.rejects(follow().read(), { code: 'bad-data' })
    await assert.rejects(readReport(folder), { code: 'bad-data' })
    assert.equal(await endOfRun(folder.events), null)
  })

  it('a link is not followed and a folder not read', async function () {
    if (process.platform === 'win32') return cannot(this, 'links need a right on Windows')
    writeFileSync(join(folder.path, 'elsewhere'), '{}')
    symlinkSync(join(folder.path, 'elsewhere'), folder.events)
    mkdirSync(folder.report)
    await assert.rejects(follow().read(), { code: 'bad-data' })
    await assert.rejects(readReport(folder), { code: 'bad-data' })
  })

  it('a file larger than a run writes is not read, and a report that was cut is said to be damaged', async () => {
    assert.equal(await readReport(folder), null)
    writeFileSync(folder.report, ' '.repeat(100))
    await assert.rejects(readOwn(folder.report, 99), /100 bytes, more than a run ever writes/)
    await assert.rejects(readReport(folder), /is damaged: copy it again/)
  })
})
