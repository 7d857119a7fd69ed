// ALPS against the authors' own code: masks and traces equal, weights to the golden's tolerance.
import assert from 'node:assert/strict'
import type { PruneHost } from '../../../../src/engine/prune/host.ts'
import { alps, prepareAlps, solveAlps } from '../../../../src/engine/prune/methods/alps.ts'
import { createRng } from '../../../../src/engine/rng.ts'
import { pruneHosts } from '../../../support/pruneHosts.ts'
import { maxDifference } from '../../../support/tensors.ts'
import { entryOf, goldenProblem, problem } from '../../../support/solveGoldens.ts'

const cases = [
  'm48x64_u50',
  'm48x64_u60',
  'm48x64_2_4',
  'm40x96_u70',
  'm40x96_2_4',
  'm40x96_4_8',
  'm96x48_u60',
  'm96x48_2_4',
]

for (const [title, open] of pruneHosts)
  describe(`ALPS, ${title}`, function () {
    this.timeout(300_000)
    let host: PruneHost
    before(async function () {
      host = await open(this)
    })
    after(() => host?.close())

    for (const name of cases)
      it(`gives the authors' mask, trace and weights: ${name}`, async () => {
        const { hessian, solve, golden, compare } = await goldenProblem(host, 'alps', name)
        const shared = await prepareAlps(hessian)
        const { rho, change } = await solveAlps(host, shared, solve)
        shared.release()
        assert.deepEqual(change, [...golden.i32('change')])
        assert.ok(maxDifference(rho, golden.f32('rho')) < 1e-6)
        await compare()
      })

    it('prepares each penalty once for the iterations that use it', async () => {
      const { hessian, solve, golden } = await goldenProblem(host, 'alps', 'm48x64_u50')
      let prepared = 0
      const counting: PruneHost = Object.create(host, {
        prune: {
          value: Object.create(host.prune, {
            inverseFactor: {
              value: (...args: [never, never, never]) => (prepared++, host.prune.inverseFactor(...args)),
            },
            factor: { value: undefined },
          }),
        },
      })
      // As for a matrix so wide that no inverse is kept.
      const shared = await prepareAlps({ ...hessian, host: counting }, 0)
      await solveAlps(counting, shared, solve)
      shared.release()
      assert.equal(prepared, new Set(golden.f32('rho')).size)
    })

    it('gives all memory back', async () => {
      const { hessian, solve } = await goldenProblem(host, 'alps', 'm48x64_u50')
      const before = host.memory().usedBytes
      const prepared = await alps.prepare(hessian)
      await prepared.solve(solve)
      prepared.release()
      assert.equal(host.memory().usedBytes, before)
    })

    it('keeps nothing where the share of a row rounds to no weight', async () => {
      const rng = createRng(1, 'alps')
      const [rows, columns] = [3, 32]
      const weight = Float32Array.from({ length: rows * columns }, rng.normal)
      const entry = entryOf('alps', 0.99, { scope: 'row' })
      const { hessian, solve, result } = problem(host, entry, weight, identity(columns))
      const prepared = await alps.prepare(hessian)
      await prepared.solve(solve)
      assert.ok((await result()).weight.every((w) => w === 0))
      prepared.release()
    })

    it('keeps the same count in every row where the scope is a row', async () => {
      const rng = createRng(1, 'alps')
      const [rows, columns] = [3, 32]
      const weight = Float32Array.from({ length: rows * columns }, rng.normal)
      const { hessian, solve, result } = problem(
        host,
        entryOf('alps', 0.25, { scope: 'row' }),
        weight,
        identity(columns),
      )
      const prepared = await alps.prepare(hessian)
      await prepared.solve(solve)
      prepared.release()
      const { kept } = await result()
      for (let r = 0; r < rows; r++)
        assert.equal(
          kept.subarray(r * columns, (r + 1) * columns).reduce((a, b) => a + b, 0),
          24,
        )
    })

    it('with inputs that do not correlate, keeps the largest weights as they are; fewer rows than a group', async () => {
      const weight = Float32Array.of(1, -2, 3, 4, 8, 7, 6, -5)
      const entry = entryOf('alps', 0, { pattern: { n: 2, m: 4 } })
      const { hessian, solve, result } = problem(host, entry, weight, identity(8))
      const prepared = await alps.prepare(hessian)
      await prepared.solve(solve)
      prepared.release()
      const { weight: found, kept } = await result()
      assert.deepEqual([...kept], [0, 0, 1, 1, 1, 1, 0, 0])
      assert.ok(maxDifference(found, [0, 0, 3, 4, 8, 7, 0, 0]) < 1e-5)
    })

    it('refuses a Hessian that is not finite', async () => {
      for (const bad of [NaN, Infinity]) {
        const gram = identity(4)
        gram[5] = bad
        const { hessian } = problem(host, entryOf('alps', 0.5), new Float32Array(4), gram)
        await assert.rejects(alps.prepare(hessian), { code: 'numeric', message: /fc1: .*inputs are not finite/ })
      }
    })

    it('with inputs that are all 0, prunes to the count and saves no NaN', async () => {
      const weight = Float32Array.from({ length: 32 }, (_, i) => i - 15.5)
      const { hessian, solve, result } = problem(host, entryOf('alps', 0.5), weight, new Float32Array(64))
      const prepared = await alps.prepare(hessian)
      await prepared.solve(solve)
      prepared.release()
      const { weight: found, kept } = await result()
      assert.equal(
        kept.reduce((a, b) => a + b, 0),
        16,
      )
      found.forEach((w, i) => assert.ok(kept[i] ? Math.abs(w - weight[i]) < 1e-4 : w === 0))
    })
  })

function identity(n: number): Float32Array {
  return Float32Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0))
}
