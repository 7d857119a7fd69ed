// Arithmetic and bytes of a dispatch, from the shader's name, its parameters and what it binds. Operations are those of products,
// sweeps and factors: all else is a few operations an element, which no device notices beside the bytes. Bytes are those
// that must move once: tiles that a product reads again come from a cache.
/** Bytes of an element. */
const bytesOf = { f32: 4, half: 2 }

/** Kernels that also read what they write. */
const inPlace =
  /^(addScaled|adamw|maskWords|maskHalves|rope|attention|mergeLora|timesWeight|crossEntropy|distill|columnTotal)/

/** By the beginning of the name: `p` are the words after the offsets (see the shader's declaration). */
const known = {
  gemm: (p, label, groups) => {
    const [m, n, k] = p
    const beta = new Float32Array(p.slice(17, 18).buffer)[0]
    const wide = /"DTYPE":[12]/.test(label) ? bytesOf.half : bytesOf.f32
    return {
      flops: 2 * m * n * k * groups[2],
      bytes: groups[2] * (4 * m * k + wide * k * n + 4 * m * n * (beta === 0 ? 1 : 2)),
    }
  },
  copyWords: ([length]) => ({ flops: 0, bytes: 8 * length }),
  copyHalves: ([length]) => ({ flops: 0, bytes: 4 * length }),
  gatherRows: ([length]) => ({ flops: 0, bytes: 8 * length }),
  pruneCountDigit: ([, , , length]) => ({ flops: 0, bytes: 4 * length }),
  pruneCountTies: ([, , , count, , columns]) => ({ flops: 0, bytes: 4 * count * columns }),
  // A word of the mask is of 32 scores.
  pruneMaskBelow: ([, , , words]) => ({ flops: 0, bytes: (32 * 4 + 8) * words }),
  // Each column takes the errors of all before it, two operations each.
  pruneSweep: ([count, columns]) => ({ flops: count * columns ** 2, bytes: 3 * 4 * count * columns }),
  // A third of n³ multiplications and additions for the factor, and as many for its inverse.
  pruneFactorBlock: ([n]) => ({ flops: (4 / 3) * n ** 3, bytes: 5 * 4 * n ** 2 }),
}

exports.costOf = (label, params, tensors, groups) => {
  const name = Object.keys(known).find((start) => label.startsWith(start))
  if (name) return known[name](params, label, groups)
  const again = inPlace.test(label) ? 2 : 1
  return { flops: 0, bytes: tensors.reduce((sum, { kind, bytes }) => sum + bytes * (kind === 'w' ? again : 1), 0) }
}
