// Products wait for no bank of a workgroup's memory, and read no more of the card's than they use: by the index expressions in their
// shaders, for every subgroup of a workgroup.
import assert from 'node:assert/strict'
import { portableVariants } from '../../../../src/engine/compute/webgpu/ops/gemm/portable.ts'
import { narrowVariants, tiledVariants } from '../../../../src/engine/compute/webgpu/ops/gemm/tiled.ts'
import { bankConflicts, evaluate, inBrackets, sectorUse, type Values, withLets } from '../../../support/lanes.ts'

const sizes = { 'p.m': 1024, 'p.n': 1024, 'p.k': 1024, 'p.lda': 1024, 'p.ldb': 1024 }
const layouts = [0, 1].map((trans) => ({ 'p.transA': trans, 'p.transB': trans }))

/** Values of each lane of each subgroup of a shader's workgroup at a step of its loops. */
function subgroupsOf(code: string, step: Values): Values[][] {
  const lanes = Number(/@workgroup_size\((\d+)\)/.exec(code)?.[1])
  const lets = code.slice(code.indexOf('const ROWS'))
  return Array.from({ length: lanes / 32 }, (_, group) =>
    Array.from({ length: 32 }, (_, lane) => withLets(lets, { ...sizes, ...step, ...ofLane(32 * group + lane) })),
  )
}
/** `e` is a lane's first total of the slices' sums, of which `s` is the first. */
const ofLane = (local: number) => ({ local, e: local, s: 0, true: 1, false: 0 })

const { few, small, large } = tiledVariants.plain
const tiles = [few, small, large, ...narrowVariants.flatMap(({ n, m }) => [n, m])].flatMap((tile) => tile?.[0] ?? [])

/** The worst of all subgroups and steps, for each access to an array. */
function conflictsOf(code: string, array: string, steps: readonly Values[]): Map<string, number> {
  const worst = new Map<string, number>()
  for (const step of steps)
    for (const lanes of subgroupsOf(code, step))
      for (const index of inBrackets(code, array)) {
        const found = bankConflicts(
          lanes.map((values) => evaluate(index, values)),
          4,
        )
        worst.set(index, Math.max(worst.get(index) ?? 0, found))
      }
  return worst
}

describe('lanes of a subgroup', () => {
  it('are simulated by expressions of WGSL', () => {
    assert.equal(evaluate('2u * x + select(7u / 2u, y ^ 3u, p.t == 1u) % 4u', { x: 5, y: 6, 'p.t': 1 }), 11)
    assert.equal(evaluate('min(x << 2u, 9u) & 12u', { x: 3 }), 8)
    assert.throws(() => evaluate('z + 1u', {}), RangeError)
    const straight = Array.from({ length: 32 }, (_, i) => i)
    assert.deepEqual(
      [
        bankConflicts(straight, 4),
        bankConflicts(
          straight.map((i) => 2 * i),
          4,
        ),
      ],
      [1, 2],
    )
    assert.deepEqual(
      [
        bankConflicts(
          straight.map(() => 5),
          1,
        ),
        bankConflicts(
          straight.map((i) => 32 * i),
          1,
        ),
      ],
      [1, 32],
    )
    assert.deepEqual(
      [
        sectorUse(
          straight.map((i) => 4 * i),
          4,
        ),
        sectorUse(
          straight.map((i) => 128 * i),
          4,
        ),
      ],
      [1, 1 / 8],
    )
  })

  it('meet in no bank where products read and write their tiles', () => {
    for (const { shader } of [...tiles, portableVariants[0]]) {
      const blocks = Number(/d < (\d+)u/.exec(shader.code)?.[1])
      const steps = layouts.flatMap((layout) =>
        [0, 6, 9, 15].map((k) => ({ ...layout, d: (k >> 2) % blocks, j: k % 4, buffer: 0 })),
      )
      const found = conflictsOf(shader.code, 'tiles', steps)
      // Reads of a and of b, and writes of blocks.
      assert.ok(found.size >= 4, [...found.keys()].join())
      for (const [index, conflicts] of found) assert.equal(conflicts, 1, `${shader.name}: tiles[${index}]`)
    }
  })

  it('read whole sectors of the card’s memory', () => {
    for (const { shader } of tiles)
      for (const layout of layouts)
        for (const name of ['a', 'b'] as const) {
          const body = shader.code.slice(shader.code.indexOf(`fn ${name}Block(`)).split('\n}\n')[0]
          const along = name === 'a' ? layout['p.transA'] === 1 : layout['p.transB'] === 0
          const loads = inBrackets(body, `load${name}`, '()').slice(along ? 0 : 4, along ? 4 : 8)
          assert.equal(loads.length, 4)
          // The first lanes, or the first blocks of all lanes, are of a.
          const i = shader.name.endsWith('by64') && name === 'b' ? 1 : 0
          const groups = subgroupsOf(shader.code, layout).filter(([{ local, [`isA${i}`]: isA, ...lane }]) =>
            name === 'a' ? isA : !isA && (i === 1 || local < lane.A_BLOCKS + lane.B_BLOCKS),
          )
          assert.ok(groups.length > 0)
          for (const lanes of groups)
            for (const load of loads) {
              const addresses = lanes.map((values) => {
                const own = { side: 4 * values[`side${i}`], depth: 4 * values[`deep${i}`], start: 0 }
                return 4 * evaluate(load, withLets(body, { ...sizes, ...own }))
              })
              assert.equal(sectorUse(addresses, 16), 1, `${shader.name}: ${load}`)
            }
        }
  })
})
