// Tags and notes that a person gives to a run: kept whole in its folder, bounded, and no part of the run.
import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readNotes, writeNotes } from '../../../src/runs/folder/notes.ts'
import { runFolderAt } from '../../../src/runs/folder/runFolder.ts'
import { RunReader } from '../../../src/runs/reader/runReader.ts'
import { aloneOnDisk } from '../../../src/runs/sweep/standing.ts'
import { longestNote, longestTag, mostTags, noNotes } from '../../../src/shared/sweep/runNotes.ts'

describe('notes of a run', () => {
  let place: string
  const folder = () => runFolderAt(place)
  beforeEach(() => (place = mkdtempSync(join(tmpdir(), 'notes-'))))
  afterEach(() => rmSync(place, { recursive: true }))

  it('come back as they were kept: tags tidy and once each, nothing beside the file', async () => {
    const kept = await writeNotes(folder(), { tags: [' paper ', 'paper', 'a  b', ''], note: ' line\nline ' })
    assert.deepEqual(kept, { tags: ['paper', 'a b'], note: 'line\nline' })
    assert.deepEqual(await readNotes(folder()), kept)
    assert.deepEqual(readdirSync(place), ['notes.json'])
  })

  it('that are empty leave no file', async () => {
    await writeNotes(folder(), { tags: ['a'], note: '' })
    await writeNotes(folder(), { tags: [' '], note: '' })
    assert.ok(!existsSync(folder().notes))
    assert.deepEqual(await readNotes(folder()), noNotes)
  })

  it('are told by the reader of the run as soon as they have changed', async () => {
    const reader = new RunReader({ name: 'x', settings: {}, folder: place })
    await reader.look(aloneOnDisk)
    await writeNotes(folder(), { tags: ['good'], note: '' })
    assert.equal(await reader.look(aloneOnDisk), true)
    assert.deepEqual(reader.state.notes.tags, ['good'])
    await writeNotes(folder(), noNotes)
    await reader.look(aloneOnDisk)
    assert.deepEqual(reader.state.notes, noNotes)
  })

  it('from anybody are bounded, and none where they are no notes', async () => {
    const many = Array.from({ length: 100 }, (_, i) => `${i} ${'x'.repeat(100)}`)
    writeFileSync(folder().notes, JSON.stringify({ tags: many, note: 'y'.repeat(10_000), more: 1 }))
    const { tags, note } = await readNotes(folder())
    assert.deepEqual([tags.length, tags[0].length, note.length], [mostTags, longestTag, longestNote])
    for (const text of ['', '[]', '{"tags":"a","note":""}', '{"tags":[1],"note":""}', 'x'.repeat(2 ** 17)]) {
      writeFileSync(folder().notes, text)
      assert.deepEqual(await readNotes(folder()), noNotes)
    }
    await assert.rejects(writeNotes(folder(), { tags: [1], note: '' }))
  })

  it('lead no write and no reading elsewhere: a link is replaced, a folder that is a link refused', async () => {
    const other = join(place, 'other.json')
    writeFileSync(other, '{"tags":["theirs"],"note":""}')
    symlinkSync(other, folder().notes)
    assert.deepEqual(await readNotes(folder()), noNotes)
    await writeNotes(folder(), { tags: ['mine'], note: '' })
    assert.match(readFileSync(other, 'utf8'), /theirs/)
    assert.deepEqual((await readNotes(folder())).tags, ['mine'])
    mkdirSync(join(place, 'real'))
    symlinkSync(join(place, 'real'), join(place, 'linked'))
    await assert.rejects(writeNotes(runFolderAt(join(place, 'linked')), { tags: ['a'], note: '' }), /link/)
    assert.deepEqual(readdirSync(join(place, 'real')), [])
  })
})
