// out = aᵀ · b, both f32 and row-major, where a subgroup is 8 lanes wide: a weight's gradient. Lanes lie along the
// columns, one vector of b each; a lane loads the tile's part of one row of a [k,m], which goes around by shuffles. Past
// the last row or column the last vector is read again; such results are not stored. A row of either matrix gives a tile
// only 128 bytes, so that loads weigh more than elsewhere: 32 rows, one in eight of a's loads for each lane.
import { variant, type Shader } from '../../shader.ts'
import { lanesHead } from './smallLanes.ts'

/** Needs m, n, lda, ldb and both offsets in multiples of 4. */
const shader: Shader = {
  name: 'gemmSmallTn',
  bindings: 'wrrr',
  code: /* wgsl */ `
${lanesHead}
const VECTORS = 8u;
@group(1) @binding(2) var<storage, read> b: array<vec4f>;

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let top = group.y * VECTORS;
  let column0 = group.x * 32u + 4u * lane;
  let aFrom = aStart(group.z) / 4u;
  let ldb = p.ldb / 4u;
  let bFrom = bStart(group.z) / 4u + min(column0 / 4u, p.n / 4u - 1u);
  var sums: array<vec4f, 4u * VECTORS>;
  for (var k0 = 0u; k0 < p.k; k0 += LANES) {
    let at = aFrom + min(k0 + lane, p.k - 1u) * (p.lda / 4u);
    let inside = k0 + lane < p.k;
    var mine: array<vec4f, VECTORS>;
    for (var i = 0u; i < VECTORS; i++) { mine[i] = select(vec4f(), a[at + min(top + i, p.m / 4u - 1u)], inside); }
    for (var q = 0u; q < LANES; q++) {
      let w = b[bFrom + min(k0 + q, p.k - 1u) * ldb];
      for (var i = 0u; i < VECTORS; i++) {
        let x = subgroupShuffle(mine[i], q);
        for (var r = 0u; r < 4u; r++) { sums[4u * i + r] += x[r] * w; }
      }
    }
  }
  let base = outStart(group.z);
  for (var r = 0u; r < 4u * VECTORS; r++) {
    for (var j = 0u; j < 4u; j++) { store(base, 4u * top + r, column0 + j, sums[r][j]); }
  }
}
`,
}

export const tnVariant = { variant: variant(shader), rows: 32, columns: 32 } as const
