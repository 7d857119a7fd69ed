// Direct3D and Metal treat some constructs otherwise than Vulkan. Dawn compiles for neither here (its null backend validates
// WGSL and writes no shader), so every variant's text is held to what all of them do alike: docs/platforms.md.
import assert from 'node:assert/strict'
import { allVariants } from '../../../support/shaderVariants.ts'

/** By name, without comments. */
const shaders = new Map(
  allVariants.map(({ shader }) => [shader.name, { ...shader, code: shader.code.replace(/\/\/[^\n]*/g, '') }]),
)

/** The shaders that have what a pattern finds, with what they have. */
const having = (pattern: RegExp): string[] =>
  [...shaders].flatMap(([name, { code }]) => Array.from(code.matchAll(pattern), ([found]) => `${name}: ${found}`))

/** The functions of a shader's text, by their braces. */
function* functionsOf(code: string): Generator<string> {
  for (const { index } of code.matchAll(/\bfn \w+\(/g)) {
    let depth = 0
    let at = code.indexOf('{', index)
    do depth += { '{': 1, '}': -1 }[code[at]] ?? 0
    while (depth > 0 && at++ < code.length)
    yield code.slice(index, at + 1)
  }
}

describe('shaders for Direct3D and Metal', () => {
  it('have parameters of four bytes each, which every layout of a uniform places alike, and no f16 among them', () => {
    for (const [name, { code }] of shaders) {
      const fields = /struct Params \{([^}]*)\}/.exec(code)?.[1].trim().split(/,\s*/).filter(Boolean) ?? []
      assert.ok(fields.length > 0, name)
      for (const field of fields) assert.match(field, /: (f32|u32|i32)$/, `${name}: ${field}`)
      assert.equal(code.match(/var<uniform>/g)?.length, 1, name)
    }
  })

  it('use f16 nowhere but on tensor cores', () => {
    assert.deepEqual(
      having(/\bf16\b/g).filter((found) => !found.startsWith('gemmTensor')),
      [],
    )
  })

  it('let atomics come in any order: additions and bits of whole numbers, and nothing that reads another’s result', () => {
    assert.deepEqual([...new Set(having(/\batomic[A-Z]\w*/g).map((found) => found.split(': ')[1]))].sort(), [
      'atomicAdd',
      'atomicAnd',
      'atomicLoad',
      'atomicOr',
      'atomicStore',
    ])
    assert.deepEqual(having(/atomic<(?!u32>)\w+>/g), [])
    // A result that is used would be that of whoever came before.
    assert.deepEqual(having(/[=(,+*-]\s*atomic(Add|And|Or)\(/g), [])
  })

  it('load atomics of a workgroup only behind a barrier', () => {
    for (const [name, { code }] of shaders)
      for (const body of functionsOf(code)) {
        const load = body.indexOf('atomicLoad(')
        if (load >= 0) assert.ok(body.lastIndexOf('workgroupBarrier()', load) >= 0, name)
      }
  })

  it('have barriers only where every invocation of a workgroup comes, also within loops', () => {
    // WGSL's own analysis refuses any other, and shaders.test.ts compiles all. Here: what stands before one returns by workgroup.
    for (const [name, { code }] of shaders)
      for (const body of functionsOf(code)) {
        const before = body.slice(0, Math.max(0, body.lastIndexOf('Barrier()')))
        for (const [found] of before.matchAll(/if \([^{]*\) \{ return; \}/g))
          assert.match(found, /^if \((row|head|group\.\w) >= p\.\w+\)/, name)
      }
  })

  it('know NaN and infinity by their bits: compilers may assume that numbers are finite', () => {
    assert.deepEqual(having(/\bis(nan|inf|finite|normal)\b/gi), [])
    assert.deepEqual(having(/\b(\w+(?:\[[^\]]*\])?) != \1(?![\w[.])/g), [])
    assert.deepEqual(having(/\b[1-9](\.\d+)?e(39|[4-9]\d)\b|\/ 0\.0\b/g), [])
  })

  it('call tanh with arguments that cannot overflow, as Metal computes it from exponentials', () => {
    assert.deepEqual(having(/\btanh\((?!clamp\()/g), [])
  })

  it('read f16 numbers below the normal ones as whole numbers, which are not flushed to 0', () => {
    const unguarded = [...shaders].filter(([, { code }]) =>
      code
        .replace(/if \(magnitude >= 0x400u\) \{ return unpack2x16float\(bits\)\.x; \}/g, '')
        .includes('unpack2x16float'),
    )
    // The products for small subgroups run on lavapipe alone, which keeps them.
    assert.deepEqual(
      unguarded.map(([name]) => name).filter((name) => !name.startsWith('gemmSmall')),
      [],
    )
  })

  it('divide whole numbers by parameters that a dispatch of something cannot have at 0', () => {
    // WGSL defines x / 0 as x, and drivers differ. These are sizes, and where one is 0 there is no dispatch; cap and scale are f32.
    const divisors = new Set(having(/[/%] p\.\w+/g).map((found) => found.slice(found.indexOf('p.'))))
    assert.deepEqual([...divisors].sort(), [
      'p.cap',
      'p.columns',
      'p.group',
      'p.groups',
      'p.m',
      'p.n',
      'p.numHeads',
      'p.numKvHeads',
      'p.pairs',
      'p.rowWords',
      'p.scale',
      'p.seqLen',
      'p.width',
      'p.words',
    ])
  })

  it('shift by less than the width of a number', () => {
    assert.deepEqual(having(/(<<|>>) (3[2-9]|[4-9]\d)u/g), [])
  })
})
