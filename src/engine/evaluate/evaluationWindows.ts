// The windows that an evaluation measures on, as a recipe's entry or the command line asks for them.
import type { Windows, WindowsRequest } from '../text/windows.ts'

/** Settings of an evaluation, by their names in recipes. */
export interface AskedWindows {
  readonly data: string
  readonly field?: string
  /** Default: all. */
  readonly samples?: number
  /** May be left out only for ids of shape [windows, length]. */
  readonly seq_len?: number
}

type Request = Pick<WindowsRequest, 'path' | 'field' | 'samples' | 'seqLen' | 'purpose'>

/** `load` reads windows that do not overlap, from the beginning of the data. */
export async function evaluationWindows(
  { data: path, field, samples, seq_len: seqLen }: AskedWindows,
  load: (request: Request) => Promise<Windows>,
): Promise<Windows> {
  return load({ path, field, samples, seqLen, purpose: 'evaluate' })
}

/** How windows are placed and their losses become one number: the end of a sentence about the windows. */
export function placementText(_asked: Omit<AskedWindows, 'data'>): string {
  return 'that do not overlap, the tail dropped, exp of the mean over the windows of their mean next-token loss'
}
