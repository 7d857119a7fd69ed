// Inspects a model on the Hub without a download: its list of files, its headers, its card; weights a tensor at a time.
import { quoted } from '../../errors.ts'
import { ggufParts, isGguf, modelEntry } from '../../catalog/formats/checkpointFormats.ts'
import { someOf } from '../../formatting/lists.ts'
import { hubNameText, parseHubName } from '../checkpoint/hubCache.ts'
import { inspectIn, type Inspection } from '../checkpoint/inspection.ts'
import type { Located } from '../checkpoint/locate.ts'
import { EngineError } from '../errors.ts'
import { hubFiles, type HubFiles, type RemoteFile, weightsEntry } from './hubFiles.ts'
import { pageOf } from './hubErrors.ts'
import type { HubSession } from './hubFetch.ts'
import { heldTensors, RemoteFiles } from './remoteFiles.ts'

/** What is known of it beside its tensors. */
export interface RemoteFacts {
  readonly repository: string
  readonly revision: string
  readonly commit: string
  /** Its page. */
  readonly address: string
  readonly files: readonly RemoteFile[]
  /** Text of its README.md; null: missing or unreadable. */
  readonly card: string | null
}

const mostCardBytes = 2 ** 20

export interface RemoteModel {
  /** What cannot be read is named in it. */
  readonly inspection: Inspection
  readonly facts: RemoteFacts
}

/** `given`: `org/name[@revision][#file]`, with or without `hf:`; the file is named where there are several GGUF files. @throws EngineError of the Hub, or as `openInspection`. */
export async function openRemote(given: string, session: HubSession): Promise<RemoteModel> {
  const [model, file] = splitFile(given)
  const name = parseHubName(model)
  const hub = await hubFiles(name, session, false)
  const { kind, entry } = entryOf(hub, file)
  const files = new RemoteFiles(hub, session)
  const located = { folder: files.folder, kind, entry }
  const inspection = await inspectIn(files, located, `hf:${hubNameText(name)}${file === null ? '' : `#${file}`}`)
  // A model opens also where its card is missing, too large or broken.
  const card = await files.readText(`${files.folder}/README.md`, mostCardBytes).catch((error: unknown) => {
    if (error instanceof EngineError && error.code !== 'cancelled') return null
    throw error
  })
  const address = pageOf(session.access, name)
  return {
    inspection: { ...inspection, checkpoint: heldTensors(inspection.checkpoint), sources: [] },
    facts: { ...name, commit: hub.commit, address, files: [...hub.files.values()], card },
  }
}

/** The name of a model, and that of one of its files, or null. */
export function splitFile(given: string): [model: string, file: string | null] {
  const at = given.indexOf('#')
  return at < 0 ? [given, null] : [given.slice(0, at), given.slice(at + 1)]
}

function entryOf({ name, files }: HubFiles, file: string | null): Pick<Located, 'kind' | 'entry'> {
  const names = [...files.keys()].filter((path) => !path.includes('/'))
  if (file !== null) {
    if (names.includes(file)) return { kind: file.endsWith('.json') ? 'sharded' : 'single', entry: file }
    throw new EngineError('usage', `${name.repository} has no file ${quoted(file)}; it has ${someOf(names, 20)}`)
  }
  const ggufs = modelEntry(names) ? [] : [...new Set(names.filter(isGguf).map((one) => ggufParts(one)[0]))]
  if (ggufs.length === 0) return weightsEntry(files, name.repository)
  if (ggufs.length === 1) return { kind: 'single', entry: ggufs[0] }
  throw new EngineError(
    'usage',
    `${name.repository} has ${ggufs.length} GGUF models; name one as ${hubNameText(name)}#FILE: ${someOf(ggufs, 20)}`,
  )
}
