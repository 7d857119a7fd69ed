// String functions of Python, in which the harness is written: its white space is not JavaScript's.

/** str.isspace: with U+001C to U+001F and U+0085, without U+FEFF. */
const space = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]'
const leading = new RegExp(`^${space}+`)
const isSpace = new RegExp(space)

export function lstrip(text: string): string {
  return text.replace(leading, '')
}

export function rstrip(text: string): string {
  // A regular expression such as `\s+$` would take quadratic time on malicious text.
  let end = text.length
  while (end > 0 && isSpace.test(text[end - 1])) end--
  return text.slice(0, end)
}

export function strip(text: string): string {
  return lstrip(rstrip(text))
}

/** Makes the first letter upper case and all others lower case. */
export function capitalize(text: string): string {
  const [first = ''] = text
  // One letter may become two, and only the first is a capital: ß → Ss.
  const [head = '', ...rest] = first.toUpperCase()
  return head + (rest.join('') + text.slice(first.length)).toLowerCase()
}
