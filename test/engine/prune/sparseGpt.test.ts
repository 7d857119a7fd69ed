import assert from 'node:assert/strict'
import { upload } from '../../../src/engine/compute/backend.ts'
import { openReference } from '../../support/reference/backend.ts'
import { referencePrune } from '../../support/reference/prune.ts'
import type { PruneEntry } from '../../../src/plan/pruneEntry.ts'
import { factorHessian, sparseGpt } from '../../../src/engine/prune/methods/sparsegpt.ts'

const reference = openReference()
const host = Object.assign(reference, { prune: referencePrune(reference) })
const factor = (values: number[], dampening = 0.01, warnings: string[] = []) => {
  const n = Math.sqrt(values.length)
  return factorHessian(host, upload(host, 'f32', [n, n], Float32Array.from(values)), dampening, 'fc2', (m) =>
    warnings.push(m),
  )
}
const entry: PruneEntry = {
  method: 'sparsegpt',
  sparsities: new Map([['fc2', 0.5]]),
  pattern: null,
  scope: 'tensor',
  selection: 'exact',
  settings: {},
}

describe('SparseGPT', () => {
  it('damps by a share of the mean diagonal, dead inputs counting as 1', async () => {
    const { inverseDiagonal, dead } = await factor([4, 0, 0, 0])
    assert.deepEqual(dead, [1])
    // H = diag(4, 1) + 0.01 · 2.5, and 1/U_jj is the root of H_jj.
    const values = await host.read(inverseDiagonal)
    assert.ok(Math.abs(values[0] - Math.sqrt(4.025)) < 1e-6)
    assert.ok(Math.abs(values[1] - Math.sqrt(1.025)) < 1e-6)
  })

  it('retries with ten times the dampening when the Hessian is not positive definite, and says so', async () => {
    const warnings: string[] = []
    // Eigenvalues 2.05 and −0.05: the first dampening adds 0.01, the second 0.1.
    await factor([1, 1.05, 1.05, 1], 0.01, warnings)
    assert.equal(warnings.length, 1)
    assert.match(warnings[0], /^fc2: its Hessian is not positive definite with dampening 0.01; used 0.1$/)
  })

  it('retries with a thousandth where there was no dampening', async () => {
    const warnings: string[] = []
    // Eigenvalues 2.05 and −0.05 again: 0, 0.001 and 0.01 are too little.
    await factor([1, 1.05, 1.05, 1], 0, warnings)
    assert.deepEqual(warnings, ['fc2: its Hessian is not positive definite with dampening 0; used 0.1'])
  })

  it('gives up on a Hessian that no dampening fixes, and frees its memory', async () => {
    await assert.rejects(factor([1, 1e9, 1e9, 1]), { code: 'numeric', message: /fc2: .*not positive definite even/ })
  })

  it('refuses a Hessian that is not finite', async () => {
    await assert.rejects(factor([NaN, 0, 0, 1]), {
      code: 'numeric',
      message: /fc2: its calibration inputs are not finite/,
    })
    await assert.rejects(factor([Infinity, 0, 0, 1]), { code: 'numeric' })
  })

  it('zeroes the columns of dead inputs in all rows', async () => {
    const shared = await factor([2, 1, 0, 0, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    const weight = upload(host, 'f32', [2, 4], Float32Array.of(1, 2, 9, 4, 5, 6, 9, 8))
    const mask = upload(host, 'u32', [2, 1], new Uint32Array(2))
    await sparseGpt(host, shared, { weight, mask, entry, name: 'fc2' })
    const result = await host.read(weight)
    assert.equal(result[2], 0)
    assert.equal(result[6], 0)
    assert.deepEqual(shared.dead, [2])
  })

  it('with inputs that do not correlate, leaves the kept weights as they are', async () => {
    const shared = await factor([1, 0, 0, 0, 0, 4, 0, 0, 0, 0, 9, 0, 0, 0, 0, 16])
    const weight = upload(host, 'f32', [1, 4], Float32Array.of(1, 1, 1, 1))
    const mask = upload(host, 'u32', [1, 1], new Uint32Array(1))
    await sparseGpt(host, shared, { weight, mask, entry, name: 'fc2' })
    assert.deepEqual([...(await host.read(weight))], [0, 0, 1, 1])
  })
})
