// The sweeps of bench/frontier run as they are written, from a fresh clone.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { pictures } from '../../../bench/charts.ts'
import { bySparsity, byMinutes, onWikipedia, pointsOfResults } from '../../../bench/frontier/picture.ts'
import { frontierPoints } from '../../../bench/frontier/points.ts'
import { cli } from '../../support/cli.ts'

const folder = fileURLToPath(new URL('../../../bench/frontier/', import.meta.url))
const recipes = readdirSync(folder).filter((name) => name.endsWith('.prune.yaml'))

describe('bench/frontier', () => {
  for (const name of recipes)
    it(`${name} has no findings, and as many runs as the README says`, async () => {
      const path = join(folder, name)
      const linted = await cli('lint', path)
      assert.equal(linted.status, 0, linted.stdout)
      assert.match(linted.stdout, /no findings/)
      const { status, stdout, stderr } = await cli('sweep', 'plan', path)
      assert.equal(status, 0, stderr)
      assert.doesNotMatch(stdout + stderr, /warning/)
      const [, count] = /^(\d+) runs:/m.exec(stdout) ?? []
      const row = new RegExp(`^\\| \`${name.replace('.prune.yaml', '')}\` \\|.*\\| (\\d+) \\|$`, 'm')
      assert.equal(row.exec(readFileSync(join(folder, 'README.md'), 'utf8'))?.[1], count)
    })

  const stages = ['dense', 'pruned', 'recovered']
  const report = (recover: object | null, perplexities: number[], seconds: object, step = {}) => ({
    status: 'done',
    recipe: {
      prune: [{ method: 'alps', sparsity: 0.5, pattern: 'unstructured', ...step }],
      recover,
    },
    evaluations: perplexities.flatMap((perplexity, i) => [
      { stage: stages[i], entry: 0, data: 'a.txt', perplexity: 1 },
      { stage: stages[i], entry: 1, data: 'b.txt', perplexity },
    ]),
    seconds: { evaluate: 1000, ...seconds },
  })

  it('gives as a point the median of its seeds on text of another kind, and the time of pruning and recovery', () => {
    const retrain = { mode: 'retrain', train: ['norm'] }
    const points = frontierPoints([
      report(null, [10, 20], { calibrate: 60, prune: 60 }),
      report(retrain, [10, 20, 15], { retrain: 60 }),
      report(retrain, [10, 20, 17], { retrain: 60 }),
      report({ ...retrain, loss: 'dense' }, [10, 20, 14], { retrain: 120 }),
      report(null, [10, 40], { prune: 6 }, { pattern: '2:4' }),
      {},
      { ...report(retrain, [10, 20], { prune: 600 }), status: 'cancelled' },
    ])
    const told = points.map(({ amount, recovery, minutes, perplexity }) => [amount, recovery, minutes, perplexity])
    assert.deepEqual(told, [
      ['50 %', 'no recovery', 2, 20],
      ['50 %', 'retrain norm', 3, 16],
      ['50 %', 'retrain norm on dense logits', 4, 14],
      ['2:4', 'no recovery', 0.1, 40],
    ])
    assert.match(byMinutes(points), /^<svg[^]*minutes of pruning and recovery[^]*2:4/)
    assert.match(bySparsity(points), /^<svg[^]*dense[^]*retrain norm/)
  })

  for (const [name, draw] of Object.entries(pictures))
    it(`docs/images/${name} is drawn from the table of bench/RESULTS.md: npx tsx bench/charts.ts`, () => {
      const root = join(folder, '../..')
      const picture = draw(readFileSync(join(root, 'bench/RESULTS.md'), 'utf8'))
      assert.ok(readFileSync(join(root, 'docs/images', name), 'utf8') === picture, `${name} is old`)
    })

  it('the pictures of bench/RESULTS.md are those of its table: npx tsx bench/frontier/picture.ts --results', () => {
    const root = join(folder, '../..')
    const points = pointsOfResults(readFileSync(join(root, 'bench/RESULTS.md'), 'utf8'))
    const best = points.find(({ method, recovery }) => method === 'ALPS' && recovery === 'retrained, half dense')
    assert.deepEqual([best?.amount, best?.sparsity, best?.minutes, best?.perplexity], ['50 %', 50, 18, 32.82])
    assert.equal(best?.dense, 21.54)
    for (const [name, picture] of [
      ['minutes', byMinutes(points, onWikipedia)],
      ['sparsity', bySparsity(points, onWikipedia)],
    ])
      assert.ok(
        readFileSync(join(root, `docs/images/frontier-${name}.svg`), 'utf8') === picture,
        `frontier-${name}.svg is old`,
      )
  })
})
