// Products for subgroups of 8 lanes (software Vulkan), where loads cost far more than arithmetic. A workgroup is one subgroup and
// computes one tile of the result. Its lanes share what they load of `a` by shuffles, so that a row is loaded once for all lanes. Loops
// have constant bounds, so that the driver unrolls them. Reads past an end repeat the last vector; past the end of k `a` counts as zero,
// and results outside are not stored. A 16-bit b is packed, 8 elements per vector, and unpacked in two halves.
import { four, halves, ofTypes, type Shader, variant, type Variant } from '../../shader.ts'
import { gemmShader } from './params.ts'

interface SmallProduct {
  readonly variant: Variant
  readonly rows: number
  readonly columns: number
}

interface Body {
  readonly name: string
  readonly packed?: boolean
  /** Rows of the tile. */
  readonly rows: number
  /** WGSL before the loop over k: where the lane reads, and its sums. */
  readonly setup: string
  /** WGSL: the end of the loop over k, which `k0` counts, and what a lane loads in it; by default, its vector of each row of `a`. */
  readonly depth?: string
  readonly load?: string
  /** WGSL that adds the products of what lane q holds to the sums. */
  readonly step: string
  readonly lanesPerStep?: number
  /** WGSL that stores element j of 4 of the lane's row r. */
  readonly store: string
}

const loadRows = `
    let at = min(k0 + lane, depth - 1u);
    let inside = k0 + lane < depth;
    var mine: array<vec4f, ROWS>;
    for (var r = 0u; r < ROWS; r++) { mine[r] = select(vec4f(), a[aFrom + min(row0 + r, p.m - 1u) * (p.lda / 4u) + at], inside); }`

const unpack = /* wgsl */ `
fn low(w: vec4u) -> vec4f {
  if (DTYPE == 1u) { return bitcast<vec4f>(vec4u(w.x << 16u, w.x & 0xffff0000u, w.y << 16u, w.y & 0xffff0000u)); }
  return vec4f(unpack2x16float(w.x), unpack2x16float(w.y));
}
fn high(w: vec4u) -> vec4f { return low(w.zwzw); }
`

function small(body: Body): Shader {
  const { name, packed = false, rows, setup, depth = 'p.k / 4u', load = loadRows, step, lanesPerStep = 1, store } = body
  const code = /* wgsl */ `
${packed ? halves + unpack : 'fn low(w: vec4f) -> vec4f { return w; }'}
const LANES = 8u;
const ROWS = ${rows}u;
@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row0 = group.y * ROWS;
  let aFrom = aStart(group.z) / 4u;
  let bFrom = bStart(group.z) / ${packed ? 8 : 4}u;
  let ldb = p.ldb / ${packed ? 8 : 4}u;
  let depth = ${depth};
${setup}
  for (var k0 = 0u; k0 < depth; k0 += LANES) {${load}
    for (var q = 0u; q < LANES; q += ${lanesPerStep}u) {${step}
    }
  }
  let base = outStart(group.z);
  for (var r = 0u; r < ROWS; r++) {
    for (var j = 0u; j < 4u; j++) { ${store} }
  }
}
`
  return gemmShader(name, { a: 'vec4f', b: packed ? 'vec4u' : 'vec4f' }, code, 'enable subgroups;\n')
}

/**
 * out = a · bᵀ: lane l owns columns l, l + 8, l + 16, l + 24. An f32 tile has 32 rows: with fewer, loads of b cost too much if its
 * rows are a power of two apart and share a cache set. Needs k, lda, ldb and both offsets in multiples of a vector.
 */
function nt(packed: boolean): Shader {
  const parts = packed ? ['low', 'high'] : ['low']
  const dots = (part: string, x: number) => `vec4f(${four((i) => `dot(x${x}, ${part}(w${i}))`, ', ')})`
  return small({
    name: packed ? 'gemmSmallNtHalves' : 'gemmSmallNt',
    packed,
    rows: packed ? 8 : 32,
    setup: `
  let column0 = group.x * 32u + lane;
${four((i) => `  let b${i} = bFrom + min(column0 + ${8 * i}u, p.n - 1u) * ldb;`)}
  var sums: array<vec4f, ROWS>;`,
    lanesPerStep: parts.length,
    step: `
      let k = min(k0 + q, depth - ${parts.length}u) / ${parts.length}u;
${four((i) => `      let w${i} = b[b${i} + k];`)}
      for (var r = 0u; r < ROWS; r++) {
        ${parts.map((_, x) => `let x${x} = subgroupShuffle(mine[r], q + ${x}u);`).join('\n')}
        sums[r] += ${parts.map(dots).join(' + ')};
      }`,
    store: 'store(base, row0 + r, column0 + 8u * j, sums[r][j]);',
  })
}

/** out = a · b with b row-major: a lane owns the columns of one vector of b. Needs k, n, lda, ldb and both offsets in multiples of a vector. */
function nn(packed: boolean): Shader {
  const parts = packed ? ['low', 'high'] : ['low']
  const width = 4 * parts.length
  return small({
    name: packed ? 'gemmSmallNnHalves' : 'gemmSmallNn',
    packed,
    rows: packed ? 8 : 32,
    setup: `
  let column0 = ${width}u * (8u * group.x + lane);
  let bColumn = bFrom + min(column0 / ${width}u, p.n / ${width}u - 1u);
${parts.map((part) => `  var ${part}Sums: array<vec4f, ROWS>;`).join('\n')}`,
    step: `
      let k = bColumn + 4u * min(k0 + q, depth - 1u) * ldb;
${four((i) => `      let w${i} = b[k + ${i}u * ldb];`)}
${parts.map((part) => four((i) => `      let ${part}${i} = ${part}(w${i});`)).join('\n')}
      for (var r = 0u; r < ROWS; r++) {
        let x = subgroupShuffle(mine[r], q);
${parts.map((p) => `        ${p}Sums[r] += x.x * ${p}0 + x.y * ${p}1 + x.z * ${p}2 + x.w * ${p}3;`).join('\n')}
      }`,
    store: parts.map((p, i) => `store(base, row0 + r, column0 + ${4 * i}u + j, ${p}Sums[r][j]);`).join(' '),
  })
}

/**
 * out = aᵀ · b, both f32 and row-major: a weight's gradient. A lane loads the tile's part of one row of a [k,m]. A row of either
 * matrix gives a tile only 128 bytes, so that loads weigh more than elsewhere. Needs m, n, lda, ldb and both offsets in multiples of 4.
 */
const tn = small({
  name: 'gemmSmallTn',
  rows: 32,
  setup: `
  let column0 = 4u * (8u * group.x + lane);
  let bColumn = bFrom + min(column0 / 4u, p.n / 4u - 1u);
  var sums: array<vec4f, ROWS>;`,
  depth: 'p.k',
  load: `
    let at = aFrom + min(k0 + lane, p.k - 1u) * (p.lda / 4u);
    let inside = k0 + lane < p.k;
    var mine: array<vec4f, 8>;
    for (var i = 0u; i < 8u; i++) { mine[i] = select(vec4f(), a[at + min(row0 / 4u + i, p.m / 4u - 1u)], inside); }`,
  step: `
      let w = b[bColumn + min(k0 + q, p.k - 1u) * ldb];
      for (var i = 0u; i < 8u; i++) {
        let x = subgroupShuffle(mine[i], q);
        for (var r = 0u; r < 4u; r++) { sums[4u * i + r] += x[r] * w; }
      }`,
  store: 'store(base, row0 + r, column0 + j, sums[r][j]);',
})

/** By element type of b: f32, bf16, f16. */
const byType = (shader: (packed: boolean) => Shader, columns: number): readonly SmallProduct[] =>
  ofTypes(shader(true), shader(false)).map((of, type) =>
    type === 0 ? { variant: of, rows: 32, columns: 32 } : { variant: of, rows: 8, columns },
  )

/** By whether a and b are transposed. */
export const smallProducts = {
  nt: byType(nt, 32),
  nn: byType(nn, 64),
  tn: [{ variant: variant(tn), rows: 32, columns: 32 }],
} as const
