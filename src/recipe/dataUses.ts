// Places where a recipe names a data file, and the columns and tensors that each needs.
import { taskOf } from '../catalog/tasks/tasks.ts'
import type { Path } from './document.ts'
import { filesOf, evenShare } from './dataFiles.ts'
import type { ResolvedRecipe, ResolvedRecover } from './resolve.ts'

export interface DataUse {
  readonly purpose: 'calibration' | 'retrain' | 'evaluate'
  /** Path of the map that has `data`. */
  readonly path: Path
  /** Path of the file's name in it: of `data`, or of an item of its list. */
  readonly at: Path
  readonly data: string
  readonly field: string | undefined
  /** Windows of this file; null: as many as there are. */
  readonly samples: number | null
  /** Number of files that share the samples. */
  readonly files: number
  /** null: rows keep their own length. */
  readonly seqLen: number | null
  /** Columns that a table of questions must have; one of the names in an entry is enough. Null: text or ids. */
  readonly columns: readonly (readonly string[])[] | null
}

/** `recoveryPath`: the path of a recovery in the text. */
export function dataUses(
  { calibration, recover, evaluate }: ResolvedRecipe,
  recoveryPath: (index: number) => Path = (index) => ['recover', index],
): DataUse[] {
  const uses: DataUse[] = []
  if (calibration) uses.push(...usesOf('calibration', ['calibration'], calibration))
  for (const [i, recovery] of recover.entries())
    if (recovery.mode === 'retrain') uses.push(...usesOf('retrain', recoveryPath(i), recovery))
  for (const [i, { task, data, field, samples = null, seq_len: seqLen = null }] of evaluate.entries()) {
    if (data === undefined) continue
    const columns = taskOf(task).questions?.columns ?? null
    const path = ['evaluate', i]
    uses.push({ purpose: 'evaluate', path, at: [...path, 'data'], data, field, samples, files: 1, seqLen, columns })
  }
  return uses
}

/** The first use of each place: a place that names several files has as many uses. */
export function placesOf(uses: readonly DataUse[]): DataUse[] {
  return uses.filter(({ at }) => at.at(-1) === 'data' || at.at(-1) === 0)
}

/** One for each file that the windows come from. */
function usesOf(
  purpose: DataUse['purpose'],
  path: Path,
  { data, field, samples, seq_len: seqLen }: Pick<ResolvedRecover, 'data' | 'field' | 'samples' | 'seq_len'>,
): DataUse[] {
  const files = filesOf(data)
  return files.map((file, i) => ({
    purpose,
    path,
    at: Array.isArray(data) ? [...path, 'data', i] : [...path, 'data'],
    data: file,
    field,
    samples: evenShare(samples, files.length, i),
    files: files.length,
    seqLen,
    columns: null,
  }))
}

/** Files whose fields are columns of text or tensors; plain text has none. */
export function isText(data: string): boolean {
  return !/\.safetensors$/i.test(data)
}
