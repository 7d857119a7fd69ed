// Inspects a model on the Hub without downloading it: its list of files, its headers and its card. Weights are read one tensor at a time.
import { ggufParts, isGguf, modelEntry } from '../../catalog/formats/checkpointFormats.ts'
import { quoted } from '../../errors.ts'
import { someOf } from '../../formatting/lists.ts'
import type { Checkpoint } from '../checkpoint/checkpoint.ts'
import { readsBy } from '../checkpoint/createCheckpoint.ts'
import { hubNameText, parseHubName } from '../checkpoint/hubCache.ts'
import { inspectIn } from '../checkpoint/inspection.ts'
import type { Located } from '../checkpoint/locate.ts'
import type { WeightFiles } from '../checkpoint/fileHeader.ts'
import { EngineError } from '../errors.ts'
import { hubFiles, pageOf, readRange, readText, weightsEntry, type HubFiles, type RemoteFile } from './hubFiles.ts'
import type { HubSession } from './hubFetch.ts'

/** Facts about a model on the Hub, besides its tensors. */
export interface RemoteFacts {
  readonly repository: string
  readonly revision: string
  readonly commit: string
  /** Address of the model's page. */
  readonly address: string
  readonly files: readonly RemoteFile[]
  /** Text of its README.md; null: missing or unreadable. */
  readonly card: string | null
}

const mostCardBytes = 2 ** 20

/** `given`: `[hf:]org/name[@revision][#file]`, the file if there are several GGUFs. @throws EngineError of the Hub or `openInspection`. */
export async function openRemote(given: string, session: HubSession) {
  const [model, file] = splitFile(given)
  const name = parseHubName(model)
  const hub = await hubFiles(name, session)
  const folder = `hf:${hubNameText({ ...name, revision: hub.commit })}`
  const files = remoteFiles(hub, session, folder)
  const located = { folder, ...entryOf(hub, file) }
  const inspection = await inspectIn(files, located, `hf:${hubNameText(name)}${file === null ? '' : `#${file}`}`)
  // The model opens even if its card is missing, too large or broken.
  const card = await files.readText(`${folder}/README.md`, mostCardBytes).catch((error: unknown) => {
    if (error instanceof EngineError && error.code !== 'cancelled') return null
    throw error
  })
  const address = pageOf(session, name)
  const facts: RemoteFacts = { ...name, commit: hub.commit, address, files: [...hub.files.values()], card }
  return { inspection: { ...inspection, checkpoint: heldTensor(inspection.checkpoint), sources: [] }, facts }
}

/** The name of a model, and that of one of its files, or null. */
export function splitFile(given: string): [model: string, file: string | null] {
  const at = given.indexOf('#')
  return at < 0 ? [given, null] : [given.slice(0, at), given.slice(at + 1)]
}

function entryOf(hub: HubFiles, file: string | null): Pick<Located, 'kind' | 'entry'> {
  const { repository } = hub.name
  const names = [...hub.files.keys()].filter((path) => !path.includes('/'))
  if (file !== null) {
    if (names.includes(file)) return { kind: file.endsWith('.json') ? 'sharded' : 'single', entry: file }
    throw new EngineError('usage', `${repository} has no file ${quoted(file)}; it has ${someOf(names, 20)}`)
  }
  const ggufs = modelEntry(names) ? [] : [...new Set(names.filter(isGguf).map((one) => ggufParts(one)[0]))]
  if (ggufs.length === 0) return weightsEntry(hub)
  if (ggufs.length === 1) return { kind: 'single', entry: ggufs[0] }
  const one = `name one as ${hubNameText(hub.name)}#FILE`
  throw new EngineError('usage', `${repository} has ${ggufs.length} GGUF models; ${one}: ${someOf(ggufs, 20)}`)
}

/** Files on the Hub, read where they are, by ranges of bytes: nothing is kept on the disk. `folder` stands for the repository in paths. */
function remoteFiles(hub: HubFiles, session: HubSession, folder: string): WeightFiles {
  let bytesRead = 0
  const at = (path: string): RemoteFile => {
    const file = path.startsWith(folder) ? hub.files.get(path.slice(folder.length + 1)) : undefined
    if (file) return file
    // The same cause as for a file missing on a disk, since callers treat some files as optional.
    const cause = Object.assign(new Error(path), { code: 'ENOENT' })
    throw new EngineError('not-found', `${path} is missing on the Hub; check the name`, { cause })
  }
  return {
    get bytesRead() {
      return bytesRead
    },
    sizeOf: async (path) => at(path).bytes,
    shardPath: async (_, name) => `${folder}/${at(`${folder}/${name}`).path}`,
    async readText(path, maxBytes) {
      const file = at(path)
      bytesRead += file.bytes
      return readText(hub, session, file, maxBytes)
    },
    async read(path, start, target) {
      const file = at(path)
      const end = start + target.length
      if (end > file.bytes)
        throw new EngineError('bad-checkpoint', `${path} ends early: it has ${file.bytes} bytes; choose another model`)
      bytesRead += target.length
      await readRange(hub, session, file, [start, end], (chunk, place) => target.set(chunk, place - start))
    },
    close: async () => undefined,
  }
}

/** The checkpoint with the last tensor read kept in memory, since statistics read a tensor in pieces, and more than once. */
function heldTensor(checkpoint: Checkpoint): Checkpoint {
  let held = { name: '', data: Promise.resolve(new Uint8Array()) }
  const whole = (name: string) => {
    if (held.name !== name) held = { name, data: checkpoint.read(name) }
    return held.data
  }
  const readInto: Checkpoint['readInto'] = async (name, start, target) =>
    target.set((await whole(name)).subarray(start, start + target.length))
  return { ...checkpoint, remote: true, ...readsBy(readInto, (name) => checkpoint.tensors.get(name)?.bytes ?? 0) }
}
