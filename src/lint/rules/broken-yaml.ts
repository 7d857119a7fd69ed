import { replaceRange } from '../../recipe/edits.ts'
import type { TextEdit } from '../../recipe/finding.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'Y6',
  severity: 'error',
  needs: 'text',
  hasSafeFix: true,
  title: 'Broken YAML',
  why: 'Nothing else can be checked before the text can be read. Indentation is spaces; tabs are not allowed.',
  bad: 'prune:\n\t- method: wanda',
  good: 'prune:\n  - method: wanda\ncalibration: {data: a.jsonl, seq_len: 64}\nseed: 0',
  *check({ document }) {
    let spaces: TextEdit[] | null = null
    for (const problem of document.problems) {
      const tabs = isIndentedByTabs(problem.start) ? (spaces ??= indentWithSpaces()) : null
      yield {
        at: document.range(problem.start, problem.end),
        message: `${problem.message.replace(/\.$/, '')}.`,
        fixes: tabs ? [{ title: 'Indent with spaces', edits: tabs }] : [],
      }
    }

    function isIndentedByTabs(offset: number): boolean {
      const lineStart = document.text.lastIndexOf('\n', offset - 1) + 1
      return /^ *\t/.test(document.text.slice(lineStart, lineStart + 200))
    }

    /** Two spaces for each tab at the start of the lines. */
    function indentWithSpaces(): TextEdit[] {
      return [...document.text.matchAll(/^[ \t]*\t[ \t]*/gm)].map((m) =>
        replaceRange(document, m.index, m.index + m[0].length, m[0].replaceAll('\t', '  ')),
      )
    }
  },
}
