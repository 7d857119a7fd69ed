// ADMM against the authors' own code; per tensor with the paper's growing sparsity, which that code leaves out.
import assert from 'node:assert/strict'
import type { PruneHost } from '../../../../src/engine/prune/host.ts'
import { admm, prepareAdmm, solveAdmm } from '../../../../src/engine/prune/methods/admm.ts'
import { pruneHosts } from '../../../support/pruneHosts.ts'
import { maxDifference } from '../../../support/tensors.ts'
import { entryOf, goldenProblem, problem } from '../../../support/solveGoldens.ts'

const cases = [
  'm48x64_u60_gradual',
  'm48x64_2_4',
  'm48x64_u50_row',
  'm40x96_u70_gradual',
  'm40x96_2_4',
  'm96x48_u60_gradual',
]

for (const [title, open] of pruneHosts)
  describe(`ADMM, ${title}`, function () {
    this.timeout(300_000)
    let host: PruneHost
    before(async function () {
      host = await open(this)
    })
    after(() => host?.close())

    const run = async (made: ReturnType<typeof problem>) => {
      const prepared = await admm.prepare(made.hessian)
      await prepared.solve(made.solve)
      prepared.release()
      return made.result()
    }

    for (const name of cases)
      it(`gives the authors' mask and weights: ${name}`, async () => {
        const made = await goldenProblem(host, 'admm', name)
        await run(made)
        await made.compare()
      })

    it("on the mask of Wanda's scores, which the first iteration finds, gives the authors' weights", async () => {
      const { hessian, solve, compare } = await goldenProblem(host, 'admm', 'm48x64_u50_fixed')
      const shared = await prepareAdmm(hessian)
      await solveAdmm(host, shared, solve, 1)
      shared.release()
      await compare()
    })

    it('gives all memory back', async () => {
      const made = await goldenProblem(host, 'admm', 'm48x64_2_4')
      const before = host.memory().usedBytes
      await run(made)
      assert.equal(host.memory().usedBytes, before)
    })

    it('keeps N:M whole at any number of iterations, also with fewer rows than a group', async () => {
      const weight = Float32Array.of(1, -2, 3, 4, 8, 7, 6, -5, 9)
      for (const iterations of [1, 2, 20, 33]) {
        const entry = entryOf('admm', 0, { pattern: { n: 1, m: 3 }, settings: { iterations, dampening: 0.1 } })
        const { kept } = await run(problem(host, entry, weight, identity(9)))
        assert.deepEqual([...kept], [0, 1, 1, 0, 1, 1, 1, 0, 1])
      }
    })

    it('refuses a Hessian that is not finite', async () => {
      const gram = identity(4)
      gram[5] = NaN
      const { hessian } = problem(host, entryOf('admm', 0.5), new Float32Array(4), gram)
      await assert.rejects(admm.prepare(hessian), { code: 'numeric', message: /fc1: .*inputs are not finite/ })
    })

    it('with inputs that are all 0, gives the kept weights back and saves no NaN', async () => {
      const weight = Float32Array.from({ length: 32 }, (_, i) => i - 15.5)
      const { weight: found, kept } = await run(problem(host, entryOf('admm', 0.5), weight, new Float32Array(64)))
      assert.ok(found.every(Number.isFinite))
      assert.ok(
        maxDifference(
          found,
          weight.map((w, i) => (kept[i] ? w : 0)),
        ) < 1e-4,
      )
    })
  })

function identity(n: number): Float32Array {
  return Float32Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0))
}
