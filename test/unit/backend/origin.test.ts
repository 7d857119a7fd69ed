// What the backend tells of a checkpoint that a run of ours has made.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readDocument } from '../../../src/recipe/document.ts'
import { trainedBy } from '../../../src/backend/origin.ts'
import { scratch } from '../../support/scratch.ts'

const note = {
  versions: { sparsescope: '0.1.0' },
  device: 'cpu',
  recipe: { version: 1, model: 'm', prune: [{ method: 'magnitude', sparsity: 0.5 }] },
  trainable: null,
  evaluations: [
    { stage: 'dense', entry: 0, task: 'perplexity', data: 'a.txt', seq_len: 8, perplexity: 12.5 },
    { stage: 'pruned', entry: 1, task: 'piqa', data: 'piqa.jsonl', acc: 0.5, stderr: 0.25, rows: 4 },
    { stage: 'recovered', entry: 1, task: 'piqa', data: 'piqa.jsonl', acc: 0.5, stderr: null, rows: 1, step: 20 },
  ],
  tensors: {},
}

describe('trainedBy', () => {
  let folder: string
  beforeEach(() => (folder = scratch().folder))

  it('is the recipe on the result itself, how far each recovery moved what it trained, and the zeros', async () => {
    const movement = { moved: 0.25, rows: [{ at: 3, share: 0.5 }], columns: [] }
    const moved = [{ recovery: 0, block: 1, tensors: { 'a.weight': movement } }]
    const tensors = { 'a.weight': { zeros: 2, sparsity: 0.5 }, 'b.weight': { zeros: 0, sparsity: 0 } }
    writeFileSync(join(folder, 'sparsescope.json'), JSON.stringify({ ...note, moved, tensors }))
    const found = await trainedBy(folder)
    assert.deepEqual(found.moved, [{ recovery: 0, tensors: { 'a.weight': movement } }])
    assert.deepEqual(found.sparsities, { 'a.weight': 0.5 })
    const { model, prune } = readDocument(found.recipe).value as { model: string; prune: { sparsity: number }[] }
    assert.deepEqual([model, prune[0].sparsity], ['.', 0.5])
  })

  it('refuses a checkpoint without a note with the reason, and reads a note of an earlier version', async () => {
    await assert.rejects(trainedBy(folder), /has no sparsescope\.json of a run/)
    writeFileSync(join(folder, 'sparsescope.json'), JSON.stringify(note))
    assert.deepEqual((await trainedBy(folder)).moved, [])
  })
})
