import assert from 'node:assert/strict'
import { Arrivals } from '../../../../src/extension/models/arrivals.ts'

describe('files that come', () => {
  const settle = () => new Promise((resolve) => setTimeout(resolve, 60))

  function watch(folders: readonly string[] = []) {
    const counts = { stats: 0, changes: 0 }
    const arrivals = new Arrivals({
      matters: (path) => path.endsWith('.safetensors'),
      isFolder: async (path) => (counts.stats++, folders.includes(path)),
      changed: () => void counts.changes++,
      quietMs: 10,
    })
    return { arrivals, counts }
  }

  it('are looked at once they pause, and only until one of them is a folder', async () => {
    const { arrivals, counts } = watch(['/c'])
    for (const path of ['/a', '/b', '/c', '/d', '/a']) arrivals.add(path)
    assert.deepEqual(counts, { stats: 0, changes: 0 })
    await settle()
    assert.deepEqual(counts, { stats: 3, changes: 1 })
  })

  it('change nothing where none is a folder or a checkpoint', async () => {
    const { arrivals, counts } = watch()
    for (const path of ['/a', '/b']) arrivals.add(path)
    await settle()
    assert.deepEqual(counts, { stats: 2, changes: 0 })
  })

  it('are not looked at on the disk where a name says enough, or where they are many', async () => {
    const { arrivals, counts } = watch()
    for (const path of ['/a', '/b/model.safetensors']) arrivals.add(path)
    await settle()
    assert.deepEqual(counts, { stats: 0, changes: 1 })
    for (let i = 0; i < 100_000; i++) arrivals.add(`/${i}`)
    await settle()
    assert.deepEqual(counts, { stats: 0, changes: 2 })
  })
})
