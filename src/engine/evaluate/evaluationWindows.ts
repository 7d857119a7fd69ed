// The windows that an evaluation measures on, from a recipe's entry or the command line.
import { EngineError } from '../errors.ts'
import { openIdTensor } from '../text/idTensor.ts'
import type { LossOn } from '../text/conversations.ts'
import { ignoredLabel, requireRoom, type Windows, type WindowsRequest } from '../text/windows.ts'

/** Settings of an evaluation, by their names in recipes. */
export interface AskedWindows {
  readonly data: string
  readonly field?: string
  /** Default: all. */
  readonly samples?: number
  /** May be left out only for ids of shape [windows, length]. */
  readonly seq_len?: number
  /** Tokens from window to window; default: `seq_len`. */
  readonly stride?: number
  /** Whose tokens of conversations count; default: all. */
  readonly loss_on?: LossOn
}

type Request = Pick<WindowsRequest, 'path' | 'field' | 'samples' | 'seqLen' | 'purpose' | 'lossOn'>

/**
 * `load` reads windows that do not overlap, from the beginning of the data.
 * @throws EngineError 'usage' for a stride that is longer than a window, and for rows of ids, which do not continue in the next row.
 */
export async function evaluationWindows(
  { data: path, field, samples, seq_len: seqLen, stride, loss_on: lossOn }: AskedWindows,
  load: (request: Request) => Promise<Windows>,
): Promise<Windows> {
  const set = await load({ path, field, samples, seqLen, purpose: 'evaluate', lossOn })
  if (stride === undefined || stride === set.seqLen) return set
  if (await hasRows(path, field))
    throw new EngineError('usage', `${path} has rows of ids, which are windows already: leave stride out`)
  return overlapping(set, stride, path)
}

async function hasRows(path: string, field: string | undefined): Promise<boolean> {
  if (!path.endsWith('.safetensors')) return false
  const tensor = await openIdTensor(path, field)
  await tensor.close()
  return tensor.shape.length === 2
}

/**
 * Windows of the same text that begin every `stride` tokens, until one reaches the end; the last may be shorter. A token counts in the
 * first window that has it. `stride = seqLen` gives the same windows again.
 */
export function overlapping({ ids, labels: counted, seqLen }: Windows, stride: number, path: string): Windows {
  if (stride > seqLen)
    throw new EngineError(
      'usage',
      `${path}: windows of ${seqLen} tokens with a stride of ${stride} leave tokens out; use a stride of at most ${seqLen}`,
    )
  const windows = Math.ceil((ids.length - seqLen) / stride) + 1
  requireRoom(windows, seqLen, path)
  const out = new Int32Array(windows * seqLen)
  const labels = new Int32Array(windows * seqLen).fill(ignoredLabel)
  for (let w = 0; w < windows; w++) {
    const window = ids.subarray(w * stride, w * stride + seqLen)
    const known = w === 0 ? 0 : seqLen - stride
    out.set(window, w * seqLen)
    labels.set((counted ?? ids).subarray(w * stride + known, w * stride + seqLen), w * seqLen + known)
  }
  // The padding of the last window comes after its tokens, which cannot attend to it, and has no labels.
  return { ids: out, mask: null, labels, windows, seqLen }
}

/** The end of a sentence about the windows: how they are placed, and how their losses become one number. */
export function placementText({
  seq_len: seqLen,
  stride = seqLen,
  loss_on: lossOn,
}: Omit<AskedWindows, 'data'>): string {
  const whose = lossOn ? ` of the ${lossOn}'s tokens` : ''
  if (stride !== seqLen)
    return `that begin every ${stride} tokens, the tail dropped, exp of the mean next-token loss${whose || ' of the tokens'} that no window before has`
  const mean = lossOn ? `the mean next-token loss${whose}` : 'the mean over the windows of their mean next-token loss'
  return `that do not overlap, the tail dropped, exp of ${mean}`
}
