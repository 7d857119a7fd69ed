// The parts that products for subgroups of 8 lanes share: a workgroup is one subgroup, whose lanes pass on what they
// load of `a` by shuffles, so that a row is loaded once for all lanes.
import { gemmHead } from './params.ts'

/** Declares `a` as vectors; each shader declares `b`. */
export const lanesHead = /* wgsl */ `
enable subgroups;
${gemmHead}
const LANES = 8u;
@group(1) @binding(1) var<storage, read> a: array<vec4f>;
`

/**
 * Within a loop that counts vectors of k in `k0`: every lane loads its vector of each of the tile's ROWS rows, zeros past
 * the end of k. The bounds are constant, so that the driver unrolls the loop.
 */
export const loadRows = /* wgsl */ `
    var mine: array<vec4f, ROWS>;
    let at = min(k0 + lane, depth - 1u);
    let inside = k0 + lane < depth;
    for (var r = 0u; r < ROWS; r++) {
      mine[r] = select(vec4f(), a[aFrom + min(row0 + r, p.m - 1u) * (p.lda / 4u) + at], inside);
    }`
