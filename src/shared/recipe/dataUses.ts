// Places where a recipe names data, and the columns and tensors that each needs.
import { taskOf } from '../tasks/tasks.ts'
import type { Path } from './document.ts'
import type { ResolvedRecipe } from './resolve.ts'

export interface DataUse {
  readonly purpose: 'calibration' | 'retrain' | 'evaluate'
  /** Path of the map that has `data`. */
  readonly path: Path
  readonly data: string
  readonly field: string | undefined
  /** Null: as many as there are. */
  readonly samples: number | null
  /** Null: rows as long as they are. */
  readonly seqLen: number | null
  /** Columns that a table of questions must have; one of the names in an entry is enough. Null: text or ids. */
  readonly columns: readonly (readonly string[])[] | null
}

/** `recoveryPath`: where a recovery stands in the text. */
export function dataUses(
  { calibration, recover, evaluate }: ResolvedRecipe,
  recoveryPath: (index: number) => Path = (index) => ['recover', index],
): DataUse[] {
  const uses: DataUse[] = []
  if (calibration) {
    const { data, field, samples, seq_len: seqLen } = calibration
    uses.push({ purpose: 'calibration', path: ['calibration'], data, field, samples, seqLen, columns: null })
  }
  for (const [i, { mode, data, field, samples, seq_len: seqLen }] of recover.entries())
    if (mode === 'retrain' && data !== undefined)
      uses.push({ purpose: 'retrain', path: recoveryPath(i), data, field, samples, seqLen, columns: null })
  for (const [i, { task, data, field, samples = null, seq_len: seqLen = null }] of evaluate.entries()) {
    if (data === undefined) continue
    const columns = taskOf(task).questions?.columns ?? null
    uses.push({ purpose: 'evaluate', path: ['evaluate', i], data, field, samples, seqLen, columns })
  }
  return uses
}

/** Files whose fields are columns of text or tensors; plain text has none. */
export function isText(data: string): boolean {
  return !/\.safetensors$/i.test(data)
}
