// Names of the entries of a recipe's `evaluate`: their data, and the field or the window's length where that tells them apart.

/** An entry as events, report and picture know it. */
export interface EvaluatedEntry {
  readonly entry: number
  readonly data: string
  readonly field?: string
  readonly seqLen: number | null
}

/** A short name for each entry; names differ where the entries do. */
export function entryNames(evaluations: Iterable<EvaluatedEntry>): Map<number, string> {
  const entries = new Map<number, EvaluatedEntry>()
  for (const evaluation of evaluations) entries.set(evaluation.entry, evaluation)
  const all = [...entries.values()].sort((a, b) => a.entry - b.entry)
  const shortest = [fileName, withField, withLength(withField), withLength(({ data }) => data), numbered]
  return new Map(
    all.map((one) => {
      const alone = (name: Naming) => all.every((other) => other === one || name(other) !== name(one))
      const name = shortest.find(alone) ?? numbered
      return [one.entry, name(one)]
    }),
  )
}

type Naming = (entry: EvaluatedEntry) => string

const fileName: Naming = ({ data }) => data.split(/[\\/]/).at(-1) || 'evaluation'
const withField: Naming = (entry) =>
  entry.field === undefined ? fileName(entry) : `${fileName(entry)}: ${entry.field}`
const withLength =
  (name: Naming): Naming =>
  (entry) =>
    entry.seqLen === null ? name(entry) : `${name(entry)} (${entry.seqLen} tokens)`
const numbered: Naming = (entry) => `${withLength(fileName)(entry)} #${entry.entry + 1}`
