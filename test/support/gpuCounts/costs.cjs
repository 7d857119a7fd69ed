// Arithmetic and bytes of a dispatch, from the shader's name, its parameters and what it binds. Operations are those of products,
// sweeps and factors: all else is a few operations an element, which no device notices beside the bytes. Bytes are those
// that must move once: tiles that a product reads again come from a cache.
/** Bytes of an element. */
const bytesOf = { f32: 4, half: 2 }

/** Kernels that also read what they write. */
const inPlace = /^(addScaled|adamw|maskWords|maskHalves|rope|timesWeight|crossEntropy|distill|columnSums)/

/** Half of the tiles of scores are above the diagonal. `moved`: matrices of a head that are read and written. */
function flash([seqLen, , , headDim], [tiles, chunks, heads], { dots, sums, moved }) {
  const others = (tiles + 1) / 2
  return {
    flops: 2 * 64 * 64 * tiles * others * heads * chunks * (dots * headDim + sums * 64),
    bytes: 4 * heads * seqLen * headDim * moved,
    steps: Math.ceil(others) * (dots * Math.ceil(headDim / 16) + sums * 4),
  }
}

/** Rows and columns of a product's tile. */
function tileOf(label) {
  const [, rows = 64, columns = rows] = /Tiled[A-Za-z]*(\d+)(?:x(\d+))?by/.exec(label) ?? []
  return [Number(rows), Number(columns)]
}

/** The depth of a step: narrow tiles, 32 long, have the memory for more. */
const depthOf = (rows, columns) => (Math.min(rows, columns) > 32 ? 16 : Math.max(rows, columns) > 32 ? 32 : 64)

/** By the beginning of the name: `p` are the words after the offsets (see the shader's declaration). */
const known = {
  gemm: (p, label, groups) => {
    const [m, n, k] = p
    const beta = /Of[23]|Gated/.test(label) ? 0 : new Float32Array(p.slice(12, 13).buffer)[0]
    const [rows, columns] = tileOf(label)
    // Lanes of the products for few rows go along the depth side by side, 16 bytes at a time or one number.
    const together = !label.startsWith('gemmFewRows')
      ? depthOf(rows, columns)
      : label.includes('Halves')
        ? 512
        : label.includes('Vec')
          ? 256
          : 64
    const isMerged = label.includes('Merged')
    const typed = /"DTYPE":[12]/.test(label) ? bytesOf.half : bytesOf.f32
    const out = isMerged ? 4 + typed : beta === 0 ? 4 : 8
    return {
      flops: 2 * m * n * k * groups[2],
      bytes: groups[2] * (4 * m * k + (isMerged ? 4 : typed) * k * n + out * m * n),
      steps: Math.ceil(k / together),
      lanes: label.includes('by256') ? 256 : 64,
      use: label.startsWith('gemmFewRows') ? 1 : (m * n) / (groups[1] * rows * groups[0] * columns),
    }
  },
  // Keys and values once, for the heads that share them too; eight loads of a loop are on their way at once.
  attentionStep: ([, , kvWidth, headDim, , , seen]) => ({
    ...{ flops: 0, bytes: 2 * 4 * seen * kvWidth, steps: Math.ceil(headDim / 8) + Math.ceil(seen / 8) },
  }),
  'attention {': (p, _, groups) => flash(p, groups, { dots: 1, sums: 1, moved: 4 }),
  attentionQueries: (p, _, groups) => flash(p, groups, { dots: 2, sums: 1, moved: 5 }),
  attentionKeys: (p, _, groups) => flash(p, groups, { dots: 2, sums: 2, moved: 6 }),
  copyWords: ([length]) => ({ flops: 0, bytes: 8 * length }),
  copyHalves: ([length]) => ({ flops: 0, bytes: 4 * length }),
  gatherRows: ([length]) => ({ flops: 0, bytes: 8 * length }),
  pruneCountDigit: ([, , , length]) => ({ flops: 0, bytes: 4 * length }),
  pruneCountTies: ([count, columns]) => ({ flops: 0, bytes: 4 * count * columns }),
  // A word of the mask is of 32 scores.
  pruneMaskBelow: ([words]) => ({ flops: 0, bytes: (32 * 4 + 8) * words }),
  // Each column takes the errors of all before it, two operations each.
  pruneSweep: ([count, columns]) => ({
    ...{ flops: count * columns ** 2, bytes: 3 * 4 * count * columns },
    ...{ steps: columns, lanes: 64 },
  }),
  // A third of n³ multiplications and additions for the factor, and as many for its inverse.
  // A column at a time, three barriers each in a workgroup's memory.
  pruneFactorColumns: ([n, behind], _, groups) => ({
    flops: groups[0] * ((4 / 3) * n ** 3 + 2 * n ** 2 * (n + 2 * behind)),
    bytes: 4 * groups[0] * n * (2 * n + behind),
    steps: n + Math.ceil((n + behind) / 8),
  }),
}

/** Of what is not known otherwise: most shaders have workgroups of 256, whose lanes load, do and store. */
const usual = { steps: 1, lanes: 256, use: 1 }

exports.costOf = (label, params, tensors, groups) => {
  const name = Object.keys(known).find((start) => label.startsWith(start))
  if (name) return { ...usual, ...known[name](params, label, groups) }
  const again = inPlace.test(label) ? 2 : 1
  return {
    ...usual,
    flops: 0,
    bytes: tensors.reduce((sum, { kind, bytes }) => sum + bytes * (kind === 'w' ? again : 1), 0),
  }
}
