// What the editor learns of a sweep that it has started in a terminal: from the command line itself.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { folderNote } from '../../../src/extension/sweeps/folderNote.ts'
import { onlySweep, sweep, sweepPlace, sweptRecipe } from '../../support/sweeps.ts'

describe('the folder of a sweep that was started', () => {
  it('is what the command says, once, and the note goes with it', async () => {
    const [note, other] = [await folderNote(), await folderNote()]
    assert.notEqual(note.path, other.path)
    let isOver = false
    const told = note.read(() => isOver)
    writeFileSync(note.path, '/a/sweep')
    assert.equal(await told, '/a/sweep')
    assert.equal(existsSync(dirname(note.path)), false)
    isOver = true
    assert.equal(await other.read(() => isOver), null)
    assert.equal(existsSync(dirname(other.path)), false)
  })

  it('is told by the command line before its first run begins, also of one that goes on', async () => {
    const place = await sweepPlace()
    try {
      const recipe = place.recipe('a', sweptRecipe({ seed: [0, 1] }))
      const say = async (path: string, status: number, ...more: string[]) => {
        const note = await folderNote()
        assert.equal(
          (await sweep(place, 'run', path, '--device', 'cpu', '--tell-folder', note.path, ...more)).status,
          status,
        )
        return note.read(() => true)
      }
      // It cannot begin, and the folder is told all the same.
      const folder = await say(recipe, 2, '--index', '0', '--device', 'wgpu', '--adapter', 'none such')
      assert.ok(folder)
      assert.equal(folder, onlySweep(place))
      assert.doesNotMatch(readFileSync(`${folder}/sweep.json`, 'utf8'), /done/)
      assert.equal(await say(folder, 0), folder)
      assert.match(readFileSync(`${folder}/sweep.json`, 'utf8'), /done/)
    } finally {
      place.remove()
    }
  })
})
