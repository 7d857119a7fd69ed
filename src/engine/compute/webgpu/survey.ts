// What is known of this machine's adapters. Drivers have died of a question (llama.cpp#22750, of that for cooperative matrices),
// and with them the process: each adapter is asked in one of its own, once for the drivers that are installed.
import { homedir } from 'node:os'
import { isRecord } from '../../../formatting/records.ts'
import { cacheFile, readCache, writeCache } from '../../../system/cacheFile.ts'
import { askApart, type Answer, type Question } from './askApart.ts'
import { driversHere } from './driversHere.ts'

export interface AdapterRecord {
  readonly name: string
  /** It may be asked for everything, for what every adapter has, or for nothing: all else ends the process. */
  readonly access: 'full' | 'plain' | 'none'
  /** How the last process ended that asked for more than that; null where none did. */
  readonly death: string | null
  /** The adapter's own answer; null where it did not open, or compute. */
  readonly facts: AdapterTold | null
}

export interface AdapterTold {
  readonly software: boolean
  readonly ownMemory: boolean
  readonly maxBufferBytes: number
  /** What a product in f32 does, measured. */
  readonly flopsPerSecond: number
}

export interface Survey {
  /** Milliseconds since 1970. */
  readonly at: number
  /** How the process ended that asked which adapters there are; null where it answered. */
  readonly death: string | null
  /** Some process gave no answer, or was refused: it may have been another program, so that holds for a day. */
  readonly doubtful: boolean
  readonly adapters: readonly AdapterRecord[]
}

const doubtfulMs = 24 * 3600 * 1000
/** Machines share a home, and a driver is updated now and then. */
const mostKept = 16

export interface SurveyOptions {
  readonly ask?: (question: Question) => Promise<Answer>
  readonly file?: string
  /** The installed drivers: another key is asked anew. */
  readonly key?: string
  readonly now?: number
  /** Gets why nothing can be said. */
  readonly onFailed?: (why: string) => void
}

export const surveyFile = () => cacheFile('gpu-adapters.json')

/** Null where nothing can be said: no process could be started, or Dawn does not load. */
export async function surveyAdapters({
  ask = askApart,
  file = surveyFile(),
  key = driversHere(),
  now = Date.now(),
  onFailed = () => undefined,
}: SurveyOptions = {}): Promise<Survey | null> {
  const kept = Object.entries(await readCache(file)).filter((entry): entry is [string, Survey] => isSurvey(entry[1]))
  const known = kept.find(([of]) => of === key)?.[1]
  if (known && !(known.doubtful && Math.abs(now - known.at) > doubtfulMs)) return known
  const survey = await askAll(ask, now)
  if ('failed' in survey) {
    onFailed(survey.failed)
    return null
  }
  const others = kept.filter(([of]) => of !== key).sort(([, a], [, b]) => b.at - a.at)
  await writeCache(file, Object.fromEntries([[key, survey], ...others.slice(0, mostKept - 1)]))
  return survey
}

async function askAll(ask: (question: Question) => Promise<Answer>, at: number): Promise<Survey | { failed: string }> {
  const listed = await ask({ adapter: null, plain: false })
  if ('death' in listed) return { at, death: listed.death, doubtful: listed.hung, adapters: [] }
  if ('failed' in listed) return listed
  if (!Array.isArray(listed.told)) return { failed: 'no adapters were told' }
  let doubtful = false
  const adapters: AdapterRecord[] = []
  for (const name of new Set(listed.told.map(String))) {
    let record: AdapterRecord = { name, access: 'none', death: null, facts: null }
    for (const access of ['full', 'plain'] as const) {
      const answer = await ask({ adapter: name, plain: access === 'plain' })
      if ('death' in answer) {
        doubtful ||= answer.hung
        record = { ...record, death: answer.death }
        continue
      }
      if ('failed' in answer) return answer
      const facts = isTold(answer.told) ? answer.told : null
      doubtful ||= facts === null
      record = { ...record, access, facts }
      break
    }
    adapters.push(record)
  }
  return { at, death: null, doubtful, adapters }
}

/** One sentence for people for each that died; `file` is where that is kept. Reports hold them too: no user is named. */
export function deathsIn({ death, adapters }: Survey, file = surveyFile()): string[] {
  const home = homedir()
  const shown = file.startsWith(home) ? `~${file.slice(home.length)}` : file
  const again = `This is asked again when a driver is updated, or once ${shown} is deleted`
  if (death !== null) return [`A graphics driver ended the process that asked for its adapters (${death}). ${again}`]
  return adapters.flatMap(({ name, access, death }) => {
    if (death === null) return []
    if (access === 'plain')
      return [
        `The driver of ${name} ended a process that asked for its newest features (${death}): it computes without them. ${again}`,
      ]
    return [`The driver of ${name} ended every process that used it (${death}): it is left out. ${again}`]
  })
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= 500
const isDeath = (value: unknown) => value === null || isText(value)

function isTold(value: unknown): value is AdapterTold {
  if (!isRecord(value)) return false
  const { software, ownMemory, maxBufferBytes, flopsPerSecond } = value
  const numbers = [maxBufferBytes, flopsPerSecond].every((n) => Number.isFinite(n) && Number(n) > 0)
  return typeof software === 'boolean' && typeof ownMemory === 'boolean' && numbers
}

function isSurvey(value: unknown): value is Survey {
  if (!isRecord(value)) return false
  const { at, death, doubtful, adapters } = value
  return (
    Number.isFinite(at) &&
    isDeath(death) &&
    typeof doubtful === 'boolean' &&
    Array.isArray(adapters) &&
    adapters.every(isAdapter)
  )
}

function isAdapter(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { name, access, death, facts } = value
  const known = access === 'full' || access === 'plain' || access === 'none'
  return known && isText(name) && isDeath(death) && (facts === null || isTold(facts))
}
