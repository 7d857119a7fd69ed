import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import type { RunEvent } from '../../../src/runs/series/events.ts'
import { openEventLog } from '../../../src/runs/events/eventLog.ts'
import { scratch } from '../../support/scratch.ts'
import { cannot } from '../../support/skip.ts'

describe('the event log', () => {
  let folder = ''
  beforeEach(() => (folder = scratch().folder))
  const lines = (path: string) =>
    readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as RunEvent)

  it('writes each event as one line at once, with a time that never falls, and hands it on', () => {
    const path = join(folder, 'events.jsonl')
    const heard: RunEvent[] = []
    const log = openEventLog({ path, onEvent: (event) => heard.push(event) })
    log.emit({ type: 'phase', phase: 'prune' })
    log.emit({ type: 'warning', message: 'a "quoted"\nline' })
    const written = lines(path)
    assert.deepEqual(written, heard)
    assert.deepEqual(
      written.map((event) => event.type),
      ['phase', 'warning'],
    )
    assert.ok(written[1].t >= written[0].t)
    assert.equal(log.bytes(), readFileSync(path).length)
    log.close()
  })

  it('drops on resume what was written after the last save, and continues from its time', () => {
    const path = join(folder, 'events.jsonl')
    const first = openEventLog({ path })
    first.emit({ type: 'phase', phase: 'prune' })
    const bytes = first.bytes()
    first.emit({ type: 'phase', phase: 'lost' })
    first.close()
    const second = openEventLog({ path, bytes, elapsed: 5000 })
    second.emit({ type: 'phase', phase: 'save' })
    second.close()
    const written = lines(path)
    assert.deepEqual(
      written.map((event) => event.type === 'phase' && event.phase),
      ['prune', 'save'],
    )
    assert.ok(written[1].t >= 5000)
  })

  it('continues after its last whole line when power failed', () => {
    const path = join(folder, 'events.jsonl')
    const first = openEventLog({ path })
    first.emit({ type: 'phase', phase: 'prune' })
    first.emit({ type: 'phase', phase: 'cut off' })
    const bytes = first.bytes()
    first.close()
    truncateSync(path, bytes - 5)
    const second = openEventLog({ path, bytes })
    second.emit({ type: 'phase', phase: 'save' })
    assert.equal(second.bytes(), statSync(path).size)
    second.close()
    assert.deepEqual(
      lines(path).map((event) => event.type === 'phase' && event.phase),
      ['prune', 'save'],
    )
  })

  it('fails on a full disk where a run can catch it, not in a timer', function () {
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', folder]).status !== 0)
      return cannot(this, 'only root can mount a small file system')
    try {
      const log = openEventLog({ path: join(folder, 'events.jsonl') })
      const long = { type: 'warning', message: 'x'.repeat(5000) } as const
      log.mention(long)
      assert.throws(() => log.emit(long), { code: 'disk', message: /disk is full/ })
      log.close()
    } finally {
      spawnSync('umount', [folder])
    }
  })

  it('writes nothing after it is closed', () => {
    const path = join(folder, 'events.jsonl')
    const log = openEventLog({ path })
    log.close()
    log.emit({ type: 'phase', phase: 'late' })
    assert.equal(readFileSync(path, 'utf8'), '')
  })

  it('names the file when it cannot be written', () => {
    assert.throws(() => openEventLog({ path: join(folder, 'missing', 'events.jsonl') }), {
      code: 'usage',
      message: /missing.events\.jsonl: the folder .* does not exist/,
    })
  })
})
