// Text that VS Code shows as it is. In notifications it makes links of `[text](command:…)`, and a click runs the command: a name or
// a message out of somebody's folder must not become one.

/** The same to look at, and no link. */
export function plainText(text: string): string {
  return text.replaceAll('](', ']\u200b(')
}
