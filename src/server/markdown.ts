// Names out of somebody's files in a text that editors render: as they are, and never as a link, an image or a heading.

/** Escapes every character that Markdown or HTML could take for its own. */
export function asText(name: string): string {
  return name.replace(/[!-/:-@[-`{-~]/g, '\\$&')
}

/** Makes a code span, between more backticks than the name has in a row. */
export function asCode(name: string): string {
  const longest = Math.max(0, ...[...name.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  return longest > 0 ? `${fence} ${name} ${fence}` : `${fence}${name}${fence}`
}
