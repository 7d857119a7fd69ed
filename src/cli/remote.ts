// Opens a model on the Hub for commands that look, and says how much of its weights comes.
import { bytesOnDisk } from '../engine/checkpoint/checkpoint.ts'
import { hubAccess } from '../engine/hub/hubAccess.ts'
import { openRemote, type RemoteModel } from '../engine/hub/openRemote.ts'
import { formatBytes } from '../formatting/byteSize.ts'
import type { Context } from './command.ts'

/** Fetched before a person would look for a bar. */
const quietBytes = 10e6

/** `wanted`: the tensor whose weights will be read, or all of them, by a command that tells how far it is. */
export async function toldRemote(
  { signal, progress, say }: Context,
  given: string,
  wanted: { readonly tensor?: string; readonly all?: true },
): Promise<RemoteModel> {
  const access = await hubAccess()
  let total = Infinity
  let came = 0
  const onBytes = (bytes: number) => {
    if (total === Infinity || wanted.all) return
    const before = came
    came = Math.min(total, came + bytes)
    const [last, done, all] = [before, came, total].map((part) => Math.round(part / 1e6))
    if (total > quietBytes && done > last) progress({ what: 'fetching', count: { done, total: all, unit: 'MB' } })
  }
  const opened = await openRemote(given, { access, signal, onBytes })
  const tensors = [...opened.inspection.checkpoint.tensors.values()].filter(
    ({ name }) => wanted.all || name === wanted.tensor,
  )
  total = tensors.reduce((sum, tensor) => sum + bytesOnDisk(tensor), 0)
  if (total > 0) say(`fetching ${formatBytes(total)} of weights from ${opened.facts.address}`)
  return opened
}
