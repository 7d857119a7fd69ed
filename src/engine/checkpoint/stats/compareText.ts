// The output of `compare` for people: names that only one has, what changed, and the verdict.
import { someOf } from '../../../formatting/lists.ts'
import { plural } from '../../../formatting/numbers.ts'
import { textTable } from '../../../formatting/tables.ts'
import type { CompareSummary, TensorChange } from '../../../protocol/inspect.ts'

/** `a` and `b`: how the two are called. `columns`: width of the terminal, if there is one. */
export function compareText(summary: CompareSummary, a: string, b: string, columns?: number): string {
  const { added, removed, reshaped, changed, same, verdict } = summary
  const lists: [string, readonly string[]][] = [
    ['only in B', added],
    ['only in A', removed],
    ['of another shape', reshaped],
  ]
  const parts = lists
    .filter(([, names]) => names.length > 0)
    .map(([what, names]) => `${plural(names.length, 'tensor')} ${what}:\n  ${someOf(names, listedNames, '\n  ')}`)
  if (changed.length > 0)
    parts.push(textTable(['changed', 'max |b − a|', 'filled', 'emptied'], changed.map(changeRow), { columns }))
  return [
    `A: ${a}\nB: ${b}`,
    ...parts,
    same === 1 ? '1 tensor is equal.' : `${plural(same, 'tensor')} are equal.`,
    verdict,
  ].join('\n\n')
}

/** `--json` has them all. */
const listedNames = 20

function changeRow({ name, maxAbs, filled, emptied }: TensorChange): string[] {
  return [name, maxAbs.toPrecision(4), filled.toLocaleString('en'), emptied.toLocaleString('en')]
}
