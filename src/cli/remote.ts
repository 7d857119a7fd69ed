// Opens a model on the Hub for commands that only read.
import { bytesOnDisk, type Checkpoint } from '../engine/checkpoint/checkpoint.ts'
import { hubAccess } from '../engine/hub/hubAccess.ts'
import { openRemote, type RemoteFacts } from '../engine/hub/openRemote.ts'
import { fieldsOf } from '../catalog/formats/json.ts'
import { formatBytes, plural } from '../formatting/numbers.ts'
import type { Context } from './command.ts'

/** Opens the model, and says how many bytes of weights the command will fetch. `isRead`: whether it reads a tensor's weights. */
export async function toldRemote({ signal, say }: Context, given: string, isRead: (tensor: string) => boolean) {
  const opened = await openRemote(given, { access: await hubAccess(), signal })
  const tensors = [...opened.inspection.checkpoint.tensors.values()].filter(({ name }) => isRead(name))
  const total = tensors.reduce((sum, tensor) => sum + bytesOnDisk(tensor), 0)
  if (total > 0) say(`fetching ${formatBytes(total)} of weights from ${opened.facts.address}`)
  return opened
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
