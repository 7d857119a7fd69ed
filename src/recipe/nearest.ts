// Finds the word that was probably meant.

/** Edit distance with transpositions (optimal string alignment), or `limit + 1` as soon as it must be more. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      let least = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, before[j - 2] + 1)
      row.push(least)
    }
    if (row.every((distance) => distance > limit)) return limit + 1
    before = last
    last = row
  }
  return last[b.length]
}

/** The candidate nearest to `word`, at most about a third of its letters away; null without one. */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  let limit = Math.max(1, Math.floor(Math.min(word.length, 60) / 3))
  let best: string | null = null
  for (const candidate of candidates) {
    const distance = editDistance(word.slice(0, 200), candidate, limit)
    if (distance > limit) continue
    if (best === null || distance < limit) best = candidate
    limit = Math.max(0, Math.min(limit, distance))
  }
  return best
}
