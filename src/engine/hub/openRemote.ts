// A model of the Hub, looked at where it is: its list of files, its headers, its card; weights a tensor at a time.
import { hubNameText, parseHubName, type HubName } from '../checkpoint/hubCache.ts'
import { inspectIn, type Inspection } from '../checkpoint/inspection.ts'
import { EngineError } from '../errors.ts'
import { defaultChoice, weightsEntry } from './chooseFiles.ts'
import { pageOf } from './hubErrors.ts'
import { RemoteFiles, type RemoteReading } from './remoteFiles.ts'
import { repositoryFiles, type RemoteFile } from './repositoryFiles.ts'
import { heldTensors } from './heldTensors.ts'

/** What is known of it beside its tensors. */
export interface RemoteFacts {
  readonly repository: string
  readonly revision: string
  readonly commit: string
  /** Its page. */
  readonly address: string
  readonly files: readonly RemoteFile[]
  /** Text of its README.md; null: it has none that can be read. */
  readonly card: string | null
}

const cardName = 'README.md'
const mostCardBytes = 2 ** 20

export interface RemoteModel {
  /** What cannot be read is named in it. */
  readonly inspection: Inspection
  readonly facts: RemoteFacts
}

/** `given`: `org/name[@revision]`, with or without `hf:`. @throws EngineError of the Hub, or as `openInspection`. */
export async function openRemote(given: string, reading: RemoteReading): Promise<RemoteModel> {
  const name = parseHubName(given)
  const { access, signal, stallMs } = reading
  const { commit, files: all } = await repositoryFiles(access, name, { recursive: false, signal, stallMs })
  const entry = weightsEntry(all, defaultChoice, name.repository)
  // Only `weights: 'none'` gives none.
  if (!entry) throw new EngineError('internal', `${name.repository} has no weights`)
  const files = new RemoteFiles(name, { commit, files: all }, reading)
  const located = { folder: files.folder, kind: entry.kind, entry: entry.entry }
  const inspection = await inspectIn(files, located, `hf:${hubNameText(name)}`)
  const card = await cardOf(files)
  return {
    inspection: { ...inspection, checkpoint: heldTensors(inspection.checkpoint), sources: [] },
    facts: { ...name, commit, address: addressOf(reading, name), files: all, card },
  }
}

function addressOf({ access }: RemoteReading, name: HubName): string {
  const page = pageOf(access, name)
  return name.revision === 'main' ? page : `${page}/tree/${name.revision.split('/').map(encodeURIComponent).join('/')}`
}

/** A model is looked at also where its card is not there, too large or broken. */
async function cardOf(files: RemoteFiles): Promise<string | null> {
  try {
    return await files.readText(`${files.folder}/${cardName}`, mostCardBytes)
  } catch (error) {
    if (error instanceof EngineError && error.code !== 'cancelled') return null
    throw error
  }
}
