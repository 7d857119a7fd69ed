// Opens a model on the Hub for commands that only read, and shows how many bytes were transferred.
import { bytesOnDisk, type Checkpoint } from '../engine/checkpoint/checkpoint.ts'
import { hubAccess } from '../engine/hub/hubAccess.ts'
import { openRemote, type RemoteFacts, type RemoteModel } from '../engine/hub/openRemote.ts'
import { fieldsOf } from '../catalog/formats/json.ts'
import { formatBytes, plural } from '../formatting/numbers.ts'
import type { Context } from './command.ts'

/** Fewer bytes need no progress bar. */
const quietBytes = 10e6

/** `wanted`: the tensor whose weights the command reads, or all of them. */
export async function toldRemote(
  context: Context,
  given: string,
  wanted: { readonly tensor?: string; readonly all?: true },
): Promise<RemoteModel> {
  const { signal, say } = context
  const access = await hubAccess()
  let onWeights: ((bytes: number) => void) | null = null
  const opened = await openRemote(given, { access, signal, onBytes: (bytes) => onWeights?.(bytes) })
  const tensors = [...opened.inspection.checkpoint.tensors.values()].filter(
    ({ name }) => wanted.all || name === wanted.tensor,
  )
  const total = tensors.reduce((sum, tensor) => sum + bytesOnDisk(tensor), 0)
  if (total > 0) say(`fetching ${formatBytes(total)} of weights from ${opened.facts.address}`)
  const show = showBytes(context, 'fetching')
  let came = 0
  if (total > quietBytes && !wanted.all) onWeights = (bytes) => show((came += bytes), total)
  return opened
}

/** Shows bytes in whole units, which are larger the more there are, when another unit is done. */
export function showBytes({ progress }: Context, what: string): (have: number, total: number) => void {
  const began = performance.now()
  let [first, last] = [-1, -1]
  return (have, total) => {
    const [unit, scale] = total < 1e7 ? ['kB', 1e3] : ['MB', 1e6]
    const [done, all] = [have, total].map((bytes) => Math.ceil(bytes / scale))
    if (done === last) return
    if (last < 0) first = have
    last = done
    const perMs = (have - first) / (performance.now() - began)
    const secondsLeft = perMs > 0 && have < total ? (total - have) / perMs / 1000 : null
    progress({ what, count: { done, total: all, unit }, secondsLeft })
  }
}

/** Where a model on the Hub is, and what its files say beside the weights. */
export function remoteText({ commit, address, files, card }: RemoteFacts, checkpoint: Checkpoint): string {
  const all = files.reduce((sum, { bytes }) => sum + bytes, 0)
  const config = Object.entries(fieldsOf(checkpoint.config)).flatMap(([key, value]) =>
    typeof value === 'string' || typeof value === 'number' ? [`${key} ${value}`] : [],
  )
  return [
    `on the Hub: ${plural(files.length, 'file')}, ${formatBytes(all)}, commit ${commit.slice(0, 12)}; ${formatBytes(checkpoint.bytesRead())} downloaded, nothing is kept`,
    ...(config.length > 0 ? [`config.json: ${config.join(', ')}`] : []),
    `${card === null ? 'no readable model card' : `card of ${plural(card.length, 'character')}, whole with --json`}: ${address}`,
  ].join('\n')
}
