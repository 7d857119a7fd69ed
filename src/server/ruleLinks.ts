// Links from findings to the page of rules that comes with the extension, by line: that is what editors jump to.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

export type RuleLink = (rule: string) => string | null

/** `root`: the extension's folder. Without the page there are no links. */
export function readRuleLinks(root: string): RuleLink {
  const path = join(root, 'docs', 'rules.md')
  const lines = new Map<string, number>()
  try {
    const text = readFileSync(path, 'utf8')
    for (const [i, line] of text.split('\n').entries()) {
      const heading = /^## ([a-z-]+)(?: |:)/.exec(line)
      if (heading) lines.set(heading[1], i + 1)
    }
  } catch {
    return () => null
  }
  const href = pathToFileURL(path).href
  return (rule) => (lines.has(rule) ? `${href}#L${lines.get(rule)}` : null)
}
