import assert from 'node:assert/strict'
import { findBlas } from '../../../../src/engine/compute/cpu/findBlas.ts'
import { openHeap } from '../../../../src/engine/compute/cpu/heap.ts'
import { withEnvironment } from '../../../support/environment.ts'
import { cannot } from '../../../support/skip.ts'

const findWith = (SPARSESCOPE_BLAS: string) =>
  withEnvironment({ SPARSESCOPE_BLAS }, async () => findBlas(await openHeap({ maxBytes: 2 ** 30 })))

describe('the choice of a BLAS', () => {
  it('can be switched off by the machine', async () => {
    const { blas, notes } = await findWith('none')
    assert.equal(blas, null)
    assert.match(notes.join(), /SPARSESCOPE_BLAS/)
  })

  it('says why a named library is not used', async () => {
    const { blas, notes } = await findWith('/nowhere/libopenblas.so.0')
    assert.equal(blas, null)
    assert.match(notes.join(), /^\/nowhere\/libopenblas.so.0: /)
  })

  it('refuses a library that is not what its name says', async function () {
    if (process.platform !== 'linux') cannot(this, 'libc.so.6 is a library of Linux')
    const { blas, notes } = await findWith('libc.so.6')
    assert.equal(blas, null)
    assert.match(notes.join(), /libc.so.6: not OpenBLAS/)
  })

  it('leaves the environment of child processes as it was', async () => {
    const before = { ...process.env }
    await findBlas(await openHeap({ maxBytes: 2 ** 30 }))
    assert.deepEqual({ ...process.env }, before)
  })
})
