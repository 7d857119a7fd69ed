// Names out of somebody's files in a text that editors render: as they are, and never as a link, an image or a heading.

/** As text: every sign that Markdown or HTML could take for its own is escaped. */
export function asText(name: string): string {
  return name.replace(/[!-/:-@[-`{-~]/g, '\\$&')
}

/** As code: between more backticks than the name has in a row. */
export function asCode(name: string): string {
  const longest = Math.max(0, ...[...name.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  return longest > 0 ? `${fence} ${name} ${fence}` : `${fence}${name}${fence}`
}
