// The tests that took longest.

const shown = 20

/** @param {readonly { title: string, ms: number }[]} times */
export function slowestText(times) {
  const longest = [...times].sort((a, b) => b.ms - a.ms).slice(0, shown)
  const lines = longest.map(({ title, ms }) => `${(ms / 1000).toFixed(1).padStart(7)} s  ${title}`)
  return [`== the ${longest.length} slowest tests`, ...lines].join('\n')
}
