// Which recipes get a thread of their own.

const shortText = 2 ** 14
const fewPatterns = 100

/**
 * By what costs: characters are parsed, patterns are matched with each of a model's modules, and every run of a sweep is
 * planned. What is below the limits takes a few tens of milliseconds.
 */
export function isLong(text: string): boolean {
  return (
    text.length > shortText || /^["']?sweep["']?\s*:/m.test(text) || (text.match(/re:/g)?.length ?? 0) > fewPatterns
  )
}
