// Where a recipe names data, and what it asks of it.
import type { Path } from './document.ts'
import type { ResolvedRecipe } from './resolve.ts'

export interface DataUse {
  readonly purpose: 'calibration' | 'retrain' | 'evaluate'
  /** Of the map that has `data`. */
  readonly path: Path
  /** As written. */
  readonly data: string
  readonly field: string | undefined
  /** Null: as many as there are. */
  readonly samples: number | null
  readonly seqLen: number
}

export function dataUses({ calibration, recover, evaluate }: ResolvedRecipe): DataUse[] {
  const uses: DataUse[] = []
  if (calibration) {
    const { data, field, samples, seq_len: seqLen } = calibration
    uses.push({ purpose: 'calibration', path: ['calibration'], data, field, samples, seqLen })
  }
  if (recover?.mode === 'retrain' && recover.data !== undefined) {
    const { data, field, samples, seq_len: seqLen } = recover
    uses.push({ purpose: 'retrain', path: ['recover'], data, field, samples, seqLen })
  }
  for (const [i, { data, field, seq_len: seqLen }] of evaluate.entries()) {
    uses.push({ purpose: 'evaluate', path: ['evaluate', i], data, field, samples: null, seqLen })
  }
  return uses
}

/** Files whose fields are columns of text or tensors; plain text has none. */
export function isText(data: string): boolean {
  return !/\.safetensors$/i.test(data)
}
