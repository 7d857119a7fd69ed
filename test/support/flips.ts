// Masks that may differ from a golden's only where two scores are a tie to f32.
import assert from 'node:assert/strict'

/** Largest relative distance of two scores of a comparison group that may change places. */
const tie = 1e-6

/**
 * How many weights go in place of others. Fails when a run of `size` scores has not as many zeros as the reference, or when
 * one that goes and one that stays in its place are no tie.
 */
export function countFlips(
  what: string,
  kept: Uint8Array,
  reference: Uint8Array,
  scores: Float64Array,
  size: number,
): number {
  let flips = 0
  for (let first = 0; first < scores.length; first += size) {
    const differ = Array.from({ length: size }, (_, i) => first + i).filter((i) => kept[i] !== reference[i])
    const of = (value: number) => differ.filter((i) => kept[i] === value).map((i) => scores[i])
    const [gone, stayed] = [of(0), of(1)]
    assert.equal(gone.length, stayed.length, `${what}: zeros of the group at ${first}`)
    const all = [...gone, ...stayed].sort((a, b) => a - b)
    const gap = all.length ? (all[all.length - 1] - all[0]) / all[all.length - 1] : 0
    assert.ok(gap <= tie, `${what}: scores ${all[0]} and ${all[all.length - 1]} are no tie`)
    flips += gone.length
  }
  return flips
}
