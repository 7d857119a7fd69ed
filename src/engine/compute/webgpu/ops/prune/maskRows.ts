// Prunes the k smallest scores of every row: one workgroup per row finds the k-th smallest, digit by digit, in its own memory.
import { defineVariant, foldGroups, type Gpu, groupSize, perElement, runEach } from '../../shader.ts'
import type { PruneOps } from './index.ts'
import { scoreKey, scoreParams, scoreTensors, scoreWindows } from './scores.ts'

/** Digits have 8, 8, 8 and 7 bits. Then every invocation writes its own words of the mask, from the number of ties before them. */
const smallestOfRows = defineVariant(
  'pruneMaskRows',
  { bits: 'rw u32', bad: 'rw atomic<u32>', ...scoreTensors },
  { ...scoreParams, count: 'u32', rowWords: 'u32', k: 'u32', withTies: 'u32' },
  /* wgsl */ `
${scoreKey}
var<workgroup> bins: array<atomic<u32>, 256>;
var<workgroup> infinities: atomic<u32>;
var<workgroup> bin: u32;
var<workgroup> left: u32;
var<workgroup> ties: array<u32, ${groupSize}>;

@compute @workgroup_size(${groupSize})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = group.y * groups.x + group.x;
  if (row >= p.count) { return; }
  let own = row * p.width;
  if (local == 0u) { atomicStore(&infinities, 0u); left = p.k; }
  var prefix = 0u;
  for (var digit = 0u; digit < 4u; digit++) {
    let shift = 23u - min(8u * digit, 23u);
    let size = select(8u, 7u, digit == 3u);
    atomicStore(&bins[local], 0u);
    workgroupBarrier();
    for (var c = local; c < p.width; c += ${groupSize}u) {
      let key = keyOf(own + c, c);
      if ((key >> (shift + size)) == prefix) { atomicAdd(&bins[(key >> shift) & ((1u << size) - 1u)], 1u); }
      if (digit == 0u && key >= infinite) { atomicAdd(&infinities, 1u); }
    }
    workgroupBarrier();
    if (local == 0u) {
      bin = 0u;
      while (bin + 1u < (1u << size) && left > atomicLoad(&bins[bin])) {
        left -= atomicLoad(&bins[bin]);
        bin++;
      }
    }
    workgroupBarrier();
    prefix = (prefix << size) | bin;
    workgroupBarrier();
  }
  let limit = select(prefix, 0u, p.k == 0u);
  let wordsEach = (p.rowWords + ${groupSize - 1}u) / ${groupSize}u;
  let firstWord = min(p.rowWords, local * wordsEach);
  let lastWord = min(p.rowWords, firstWord + wordsEach);
  var mine = 0u;
  for (var c = 32u * firstWord; c < min(p.width, 32u * lastWord); c++) { mine += u32(keyOf(own + c, c) == limit); }
  ties[local] = mine;
  workgroupBarrier();
  var before = 0u;
  for (var i = 0u; i < local; i++) { before += ties[i]; }
  var goes = select(left - min(left, before), mine, p.withTies == 1u);
  if (p.k == 0u) { goes = 0u; }
  for (var word = firstWord; word < lastWord; word++) {
    var kept = 0u;
    for (var c = 32u * word; c < min(p.width, 32u * word + 32u); c++) {
      let key = keyOf(own + c, c);
      let tie = key == limit && goes > 0u;
      goes -= u32(tie);
      kept |= select(1u << (c & 31u), 0u, key < limit || tie);
    }
    bits[p.bitsAt + row * p.rowWords + word] = kept;
  }
  if (local == 0u) { atomicAdd(&bad[p.badAt], atomicLoad(&infinities)); }
}
`,
)

/** N:M masks: a weight goes if fewer than n of its group of m come before it. An invocation makes one word of the mask. */
const smallestOfGroups = perElement(
  'pruneMaskGroups',
  { bits: 'rw u32', bad: 'rw atomic<u32>', ...scoreTensors },
  { ...scoreParams, rowWords: 'u32', n: 'u32', m: 'u32' },
  /* wgsl */ `
  let own = (i / p.rowWords) * p.width;
  let first = 32u * (i % p.rowWords);
  var kept = 0u;
  for (var c = first; c < min(p.width, first + 32u); c++) {
    let key = keyOf(own + c, c);
    let group = c - c % p.m;
    var before = 0u;
    for (var other = group; other < group + p.m; other++) {
      let otherKey = keyOf(own + other, other);
      before += u32(otherKey < key || (otherKey == key && other < c));
    }
    if (before >= p.n) { kept |= 1u << (c & 31u); }
    if (key >= infinite) { atomicAdd(&bad[p.badAt], 1u); }
  }
  bits[p.bitsAt + i] = kept;`,
  scoreKey,
)

export const smallestOf = (gpu: Gpu): Pick<PruneOps, 'maskRows' | 'maskGroups'> => ({
  maskRows(mask, bad, scored, k, withTies) {
    for (const { tensors, params, count, cut } of scoreWindows(gpu, scored))
      gpu.run({
        variant: smallestOfRows,
        tensors: [cut(mask), bad, ...tensors],
        params: [...params, count, mask.shape[1], k, Number(withTies)],
        groups: foldGroups(count),
      })
  },
  maskGroups(mask, bad, scored, { n, m }) {
    for (const { tensors, params, count, cut } of scoreWindows(gpu, scored)) {
      const words = count * mask.shape[1]
      runEach(gpu, smallestOfGroups, words, [cut(mask), bad, ...tensors], [...params, mask.shape[1], n, m])
    }
  },
})
