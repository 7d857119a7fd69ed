// What a real card's compiler makes of the shaders, without a card.
import assert from 'node:assert/strict'
import { amdStats, type ShaderStats } from '../../../support/amdCompiler.ts'
import { gpuVariants } from '../../../support/shaderVariants.ts'
import { cannot } from '../../../support/skip.ts'

/** Waves on each of a unit's SIMDs: with fewer than four there is little else to do while one waits for memory. */
const leastWaves = 4
/** Products keep a tile of sums in registers, and have work between two loads. */
const leastWavesOfProducts = 2

describe("shaders, by Mesa's compiler for AMD", function () {
  this.timeout(300_000)
  let stats: readonly ShaderStats[]
  before(function () {
    const found = amdStats()
    if ('missing' in found) return cannot(this, found.missing)
    stats = found
  })

  it('are all compiled', () => {
    // The order is that of imports, which differs where tests are bundled.
    const sorted = (keys: readonly { key: string }[]) => keys.map(({ key }) => key).sort()
    assert.deepEqual(sorted(stats), sorted(gpuVariants()))
  })

  it('keep every variable in registers', () => {
    for (const { key, spills, scratch } of stats)
      assert.deepEqual({ key, spills, scratch }, { key, spills: 0, scratch: 0 })
  })

  it('move products of whole vectors by 128 bits', () => {
    const tiled = stats.filter(({ key }) => key.startsWith('gemmTiled'))
    assert.ok(tiled.length > 20)
    for (const { key, memory } of tiled) {
      // A bias may begin anywhere, and its gradient is a few numbers.
      const allowed = key.includes('Summed') ? /x4$|b128$|^buffer_store_dword$/ : /x4$|b128$/
      const others = [...memory.keys()].filter((name) => /^(buffer_store|ds_)/.test(name) && !allowed.test(name))
      assert.deepEqual(others, [], key)
      // Four of each operand before the loop and in it; rows of two bytes a number are half as long.
      if (!key.includes('Halves')) assert.ok((memory.get('buffer_load_dwordx4') ?? 0) >= 16, key)
    }
  })

  it('leave room for other waves', () => {
    for (const { key, waves, vgprs, lds } of stats) {
      const least = /^(gemm(?!FewRows)|attention(Queries|Keys)? )/.test(key) ? leastWavesOfProducts : leastWaves
      assert.ok(waves >= least, `${key}: ${waves} waves with ${vgprs} registers and ${lds} bytes`)
    }
  })
})
