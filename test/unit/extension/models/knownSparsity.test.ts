import assert from 'node:assert/strict'
import { KnownSparsity, linearSparsity } from '../../../../src/extension/models/knownSparsity.ts'
import type { ModelSummary, TensorStats } from '../../../../src/protocol/inspect.ts'

function memento() {
  const kept = new Map<string, unknown>()
  return {
    get: <T>(key: string, otherwise?: T) => (kept.get(key) ?? otherwise) as T,
    update: async (key: string, value: unknown) => void kept.set(key, value),
  }
}

describe('sparsities that were counted', () => {
  it('hold for the state of the files that was counted, in another session too', async () => {
    const state = memento()
    await new KnownSparsity(state).set('/a', 'now', 0.5)
    const later = new KnownSparsity(state)
    assert.equal(later.get('/a', 'now'), 0.5)
    assert.equal(later.get('/a', 'changed'), null)
    assert.equal(later.get('/b', 'now'), null)
  })

  it('forget the oldest of very many', async () => {
    const known = new KnownSparsity(memento())
    for (let i = 0; i < 501; i++) await known.set(`/${i}`, 's', 0.1)
    assert.equal(known.get('/0', 's'), null)
    assert.equal(known.get('/500', 's'), 0.1)
  })

  it('are weighted by size, over the linears only, and unknown while one is not counted', () => {
    const tensors = [
      { name: 'a', role: 'linear', parameters: 10 },
      { name: 'b', role: 'linear', parameters: 90 },
      { name: 'c', role: 'norm', parameters: 1000 },
    ]
    const model = { tensors } as unknown as ModelSummary
    const stats = (zeros: Record<string, number>) =>
      new Map(Object.entries(zeros).map(([name, n]) => [name, { name, zeros: n } as TensorStats]))
    assert.equal(linearSparsity(model, stats({ a: 10, b: 0, c: 1000 })), 0.1)
    assert.equal(linearSparsity(model, stats({ a: 10 })), null)
    assert.equal(linearSparsity({ tensors: [] } as unknown as ModelSummary, stats({})), null)
  })
})
