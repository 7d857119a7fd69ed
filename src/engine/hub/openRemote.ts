// A model of the Hub, looked at where it is: its list of files, its headers, its card; weights a tensor at a time.
import { quoted } from '../../errors.ts'
import { ggufParts, isGguf } from '../../catalog/formats/gguf/ggufName.ts'
import { someOf } from '../../formatting/lists.ts'
import { modelEntry } from '../../catalog/formats/modelEntry.ts'
import { hubNameText, parseHubName, type HubName } from '../checkpoint/hubCache.ts'
import { inspectIn, type Inspection } from '../checkpoint/inspection.ts'
import type { Located } from '../checkpoint/locate.ts'
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
  /** It is looked at only. */
  readonly isGguf: boolean
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

/** `given`: `org/name[@revision][#file]`, with or without `hf:`; the file is named where there are several GGUF files. @throws EngineError of the Hub, or as `openInspection`. */
export async function openRemote(given: string, reading: RemoteReading): Promise<RemoteModel> {
  const [model, file] = splitFile(given)
  const name = parseHubName(model)
  const { access, signal, stallMs } = reading
  const { commit, files: all } = await repositoryFiles(access, name, { recursive: false, signal, stallMs })
  const { kind, entry } = entryOf(all, name, file)
  const files = new RemoteFiles(name, { commit, files: all }, reading)
  const located = { folder: files.folder, kind, entry }
  const inspection = await inspectIn(files, located, `hf:${hubNameText(name)}${file === null ? '' : `#${file}`}`)
  const card = await cardOf(files)
  return {
    inspection: { ...inspection, checkpoint: heldTensors(inspection.checkpoint, files), sources: [] },
    facts: { ...name, commit, address: addressOf(reading, name), files: all, card, isGguf: isGguf(entry) },
  }
}

/** The name of a model, and that of one of its files, or null. */
export function splitFile(given: string): [model: string, file: string | null] {
  const at = given.indexOf('#')
  return at < 0 ? [given, null] : [given.slice(0, at), given.slice(at + 1)]
}

function entryOf(files: readonly RemoteFile[], name: HubName, file: string | null): Pick<Located, 'kind' | 'entry'> {
  const names = files.map(({ path }) => path).filter((path) => !path.includes('/'))
  if (file !== null) {
    if (names.includes(file)) return { kind: file.endsWith('.json') ? 'sharded' : 'single', entry: file }
    throw new EngineError('usage', `${name.repository} has no file ${quoted(file)}; it has ${someOf(names, 20)}`)
  }
  const ggufs = [...new Set(names.filter(isGguf).map((one) => ggufParts(one)[0]))]
  if (ggufs.length === 0 || modelEntry(names)) {
    const found = weightsEntry(files, defaultChoice, name.repository)
    // Only `weights: 'none'` gives none.
    if (found) return found
    throw new EngineError('internal', `${name.repository} has no weights`)
  }
  if (ggufs.length === 1) return { kind: 'single', entry: ggufs[0] }
  throw new EngineError(
    'usage',
    `${name.repository} has ${ggufs.length} GGUF models; name one as ${hubNameText(name)}#FILE: ${someOf(ggufs, 20)}`,
  )
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
