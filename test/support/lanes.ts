// What the lanes of a subgroup of 32 do at once with memory, by evaluating a shader's index expressions for each of them: banks of
// a workgroup's memory that several lanes want different words of, and sectors of the card's memory that are moved for what is read.

export type Values = Readonly<Record<string, number>>

/** A whole-number expression of WGSL; throws for what it does not know. All numbers are u32, so `/` rounds down. */
export function evaluate(text: string, values: Values): number {
  const tokens = text.match(/[A-Za-z_][\w.]*|\d+u?|<<|>>|[<>=!]=|\S/g) ?? []
  let at = 0
  const levels: readonly (readonly string[])[] = [
    ['|'],
    ['^'],
    ['&'],
    ['==', '<'],
    ['<<', '>>'],
    ['+', '-'],
    ['*', '/', '%'],
  ]
  const operate: Readonly<Record<string, (a: number, b: number) => number>> = {
    ...{
      '|': (a, b) => a | b,
      '^': (a, b) => a ^ b,
      '&': (a, b) => a & b,
      '==': (a, b) => Number(a === b),
      '<': (a, b) => Number(a < b),
    },
    ...{ '<<': (a, b) => a << b, '>>': (a, b) => a >>> b, '+': (a, b) => a + b, '-': (a, b) => a - b },
    ...{ '*': (a, b) => a * b, '/': (a, b) => Math.floor(a / b), '%': (a, b) => a % b },
  }
  const functions: Readonly<Record<string, (...args: number[]) => number>> = {
    min: Math.min,
    select: (no, yes, which) => (which ? yes : no),
  }
  const level = (n: number): number => {
    if (n === levels.length) return atom()
    let value = level(n + 1)
    while (levels[n].includes(tokens[at])) value = operate[tokens[at++]](value, level(n + 1))
    return value
  }
  const atom = (): number => {
    const token = tokens[at++]
    if (/^\d/.test(token)) return parseInt(token, 10)
    if (token === '(' || token in functions) {
      const args = []
      if (token !== '(') at++
      do args.push(level(0))
      while (tokens[at++] === ',')
      return token === '(' ? args[0] : functions[token](...args)
    }
    if (!(token in values)) throw new RangeError(`${token} in ${text} has no value`)
    return values[token]
  }
  const value = level(0)
  if (at < tokens.length) throw new RangeError(`${tokens[at]} in ${text} is not known`)
  return value
}

/** `values`, and after them what a text's `const` and `let` come to, in order; those that are not whole numbers are left out. */
export function withLets(text: string, values: Values): Values {
  const all: Record<string, number> = { ...values }
  for (const [, name, expression] of text.matchAll(/\b(?:const|let) (\w+) = ([^;]+);/g))
    try {
      all[name] = evaluate(expression, all)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
    }
  return all
}

/** Expressions between the brackets behind a name, such as the indices of an array or the arguments of a function. */
export function inBrackets(text: string, name: string, [open, close]: '[]' | '()' = '[]'): string[] {
  const found = []
  for (const { index } of text.matchAll(new RegExp(`\\b${name}\\${open}`, 'g'))) {
    const start = index + name.length + 1
    let [end, depth] = [start, 1]
    while (depth > 0) depth += { [open]: 1, [close]: -1 }[text[end++]] ?? 0
    found.push(text.slice(start, end - 1))
  }
  return found
}

const [banks, lanesAtOnce] = [32, 32]

/** Most different words that lanes want of one bank at once: 1 is best. Of vectors, as many lanes go at once as fill all banks. */
export function bankConflicts(indices: readonly number[], words: 1 | 4): number {
  let most = 0
  const together = lanesAtOnce / words
  for (let first = 0; first < indices.length; first += together) {
    const wanted = new Set(
      indices.slice(first, first + together).flatMap((i) => Array.from({ length: words }, (_, w) => i * words + w)),
    )
    const counts = new Map<number, number>()
    for (const word of wanted) counts.set(word % banks, (counts.get(word % banks) ?? 0) + 1)
    most = Math.max(most, ...counts.values())
  }
  return most
}

/** The share of the bytes of all 32-byte sectors touched that lanes read, each `bytes` from its address. */
export function sectorUse(addresses: readonly number[], bytes: number): number {
  const sectors = new Set(
    addresses.flatMap((address) => [Math.floor(address / 32), Math.floor((address + bytes - 1) / 32)]),
  )
  return (new Set(addresses).size * bytes) / (32 * sectors.size)
}
