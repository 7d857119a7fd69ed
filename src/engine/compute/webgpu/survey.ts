// Which graphics adapters this machine has, and which one is taken. Drivers have died of a question (llama.cpp#22750, of that
// for cooperative matrices), and with them the process: one process asks them all, once for the drivers that are installed.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, homedir, loadavg, release } from 'node:os'
import { join } from 'node:path'
import * as z from 'zod'
import { isRecord } from '../../../catalog/formats/json.ts'
import { cacheFile, readCache, writeCache } from '../../../system/atomicFile.ts'
import { programArguments } from '../../../system/startWorker.ts'
import type { OpenRequest } from './protocol.ts'

const text = z.string().max(500)

const surveyedAdapter = z.object({
  software: z.boolean(),
  ownMemory: z.boolean(),
  maxBufferBytes: z.number().positive(),
  /** Operations a second of a product in f32, measured. */
  flopsPerSecond: z.number().positive(),
})
// The types are written out, since the library's declarations name no package (scripts/libraryTypes.mjs).
export interface SurveyedAdapter {
  readonly software: boolean
  readonly ownMemory: boolean
  readonly maxBufferBytes: number
  readonly flopsPerSecond: number
}

const adapterRecord = z.object({
  name: text,
  /** It may be asked for everything, for what every adapter has, or for nothing: all else ends the process. */
  access: z.enum(['full', 'plain', 'none']),
  /** How the last process ended that asked for more than that; null where none did. */
  death: text.nullable(),
  /** The adapter's own answer; null where it did not open, or compute. */
  facts: surveyedAdapter.nullable(),
})
export interface AdapterRecord {
  readonly name: string
  readonly access: 'full' | 'plain' | 'none'
  readonly death: string | null
  readonly facts: SurveyedAdapter | null
}

const surveyShape = z.object({
  /** Milliseconds since 1970. */
  at: z.number(),
  /** How the process ended that listed the adapters; null where it listed them. */
  death: text.nullable(),
  /** Some adapter gave no answer, or refused: another program may have been the cause, so the survey holds for a day. */
  doubtful: z.boolean(),
  adapters: z.array(adapterRecord),
})
export interface Survey {
  readonly at: number
  readonly death: string | null
  readonly doubtful: boolean
  readonly adapters: readonly AdapterRecord[]
}

/** What the process does not open again, and what it opens without experiments and features that young drivers die of. */
export interface SurveyRequest {
  readonly settled: readonly string[]
  readonly plain: readonly string[]
}

/** Lines of the process, each an object: `names`; then for each adapter `opens` before it is opened, and its `facts` after. */
export interface Answer {
  readonly said: readonly Readonly<Record<string, unknown>>[]
  /** It ended by itself, was ended by a driver, or by something that is not the driver. */
  readonly end: 'done' | { readonly death: string; readonly hung: boolean } | Failed
}

export type Failed = { readonly failed: string }

export interface SurveyOptions {
  readonly ask?: (request: SurveyRequest) => Promise<Answer>
  readonly file?: string
  /** The installed drivers: another key is asked again. */
  readonly key?: string
  readonly now?: number
}

const doubtfulMs = 24 * 3600 * 1000

export const surveyFile = () => cacheFile('gpu-adapters.json')

/** `failed` says why nothing is known: no process could be started, or Dawn does not load. */
export async function surveyAdapters({
  ask = askDrivers,
  file = surveyFile(),
  key = driversHere(),
  now = Date.now(),
}: SurveyOptions = {}): Promise<Survey | Failed> {
  const kept = Object.entries(await readCache(file)).flatMap(([of, value]) => {
    const { data } = surveyShape.safeParse(value)
    return data ? [[of, data] as const] : []
  })
  const known = kept.find(([of]) => of === key)?.[1]
  if (known && !(known.doubtful && Math.abs(now - known.at) > doubtfulMs)) return known
  const survey = await askAll(ask, now)
  if ('failed' in survey) return survey
  const others = kept.filter(([of]) => of !== key).sort(([, a], [, b]) => b.at - a.at)
  // Machines share a home, and a driver is updated now and then.
  await writeCache(file, Object.fromEntries([[key, survey], ...others.slice(0, 15)]))
  return survey
}

/** An adapter that ends the process is opened plainly by the next one, and no more if it ends that one too. */
async function askAll(ask: (request: SurveyRequest) => Promise<Answer>, at: number): Promise<Survey | Failed> {
  const records = new Map<string, AdapterRecord>()
  const deaths = new Map<string, string>()
  let names: string[] | null = null
  let doubtful = false
  for (;;) {
    const { said, end } = await ask({ settled: [...records.keys()], plain: [...deaths.keys()] })
    if (end !== 'done' && 'failed' in end) return end
    let opened: string | null = null
    for (const line of said) {
      if (Array.isArray(line.names)) names = [...new Set(line.names.map(String))]
      if (typeof line.opens === 'string') opened = line.opens
      if (opened === null || line.facts === undefined) continue
      const facts = surveyedAdapter.safeParse(line.facts).data ?? null
      doubtful ||= facts === null
      const death = deaths.get(opened) ?? null
      records.set(opened, { name: opened, access: death === null ? 'full' : 'plain', death, facts })
    }
    if (end === 'done') {
      const adapters = names?.flatMap((name) => records.get(name) ?? [])
      return adapters ? { at, death: null, doubtful, adapters } : { failed: 'no adapters were listed' }
    }
    doubtful ||= end.hung
    if (opened === null) return { at, death: end.death, doubtful, adapters: [] }
    if (records.get(opened)?.access === 'none') return { failed: `${opened} was opened again` }
    records.delete(opened)
    if (deaths.has(opened)) records.set(opened, { name: opened, access: 'none', death: end.death, facts: null })
    deaths.set(opened, end.death)
  }
}

/** Milliseconds: a driver may take seconds to load, and more where programs wait for each core; a container sees its host's load. */
const patience = () => Math.ceil(15_000 * Math.min(8, Math.max(1, loadavg()[0] / availableParallelism())))
/** `program` is what Node runs; `timeout`: milliseconds that it may say nothing. */
export function askDrivers(
  request: SurveyRequest,
  program = programArguments(import.meta.url, './worker.ts', 'webgpuWorker'),
  timeout = patience(),
): Promise<Answer> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...program, JSON.stringify(request)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    })
    let [out, errors, hung] = ['', '', false]
    const timer = setTimeout(() => (hung = child.kill('SIGKILL')), timeout)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
      timer.refresh()
      if (out.length > 2 ** 20) child.kill('SIGKILL')
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-500)))
    const answer = (end: Answer['end']) => {
      clearTimeout(timer)
      // Drivers write lines of their own.
      const said = out.split('\n').map((line) => attempt((): unknown => JSON.parse(line)))
      resolve({ said: said.filter(isRecord), end })
    }
    child.once('error', ({ message }) => answer({ failed: message }))
    child.once('close', (code, signal) => {
      if (code === 0) answer('done')
      // Node ends with 1 where its own program failed.
      else if (code === 1) answer({ failed: errors || 'exit code 1' })
      else if (hung) answer({ death: `no answer in ${Math.round(timeout / 1000)} s`, hung })
      // People and systems send these; drivers die of others.
      else if (signal && ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'].includes(signal)) answer({ failed: signal })
      else answer({ death: signal ?? `exit code ${code}`, hung })
    })
  })
}

/**
 * Those that can be used, the strongest first: GPUs with memory of their own, then those that share the host's, then those that
 * would not open (whoever opens one hears why), then software; of a kind the one that multiplies fastest, and of equals the one
 * with larger buffers. Dawn's order, discrete GPUs first, decides what is left.
 */
export function byStrength(adapters: readonly AdapterRecord[]): AdapterRecord[] {
  const keysOf = ({ facts }: AdapterRecord) =>
    facts ? [facts.software ? 0 : facts.ownMemory ? 3 : 2, facts.flopsPerSecond, facts.maxBufferBytes] : [1, 0, 0]
  return adapters
    .filter(({ access }) => access !== 'none')
    .sort((a, b) => keysOf(b).reduce((order, key, i) => order || key - keysOf(a)[i], 0))
}

/** One sentence for people for each that died; `file` is where that is kept. Reports hold them too: no user is named. */
export function deathsIn({ death, adapters }: Survey, file = surveyFile()): string[] {
  const shown = file.startsWith(homedir()) ? `~${file.slice(homedir().length)}` : file
  const again = `This is asked again when a driver is updated, or once ${shown} is deleted`
  if (death !== null) return [`A graphics driver ended the process that asked for its adapters (${death}). ${again}`]
  return adapters.flatMap(({ name, access, death }) => {
    if (death === null) return []
    return access === 'plain'
      ? `The driver of ${name} ended a process that asked for its newest features (${death}): it computes without them. ${again}`
      : `The driver of ${name} ended every process that used it (${death}): it is left out. ${again}`
  })
}

export interface AdapterChoice {
  /** null: none can be opened, as `note` says. */
  readonly request: Partial<OpenRequest> | null
  /** What died and what is done instead, in sentences for people; empty where nothing did. */
  readonly note: string
}

/** The adapter of which `name` is a part, else the strongest whose driver does not end processes. */
export async function chooseAdapter(name?: string, survey?: Survey | Failed): Promise<AdapterChoice> {
  const found = survey ?? (await surveyAdapters())
  // Dawn itself says what is missing.
  const otherwise = { request: { flags: name === undefined ? [] : [`adapter=${name}`] }, note: '' }
  if ('failed' in found) return otherwise
  const meant = name === undefined ? found.adapters : found.adapters.filter((a) => a.name.includes(name)).slice(0, 1)
  const note = deathsIn({ ...found, adapters: meant }).join('. ')
  const [chosen] = byStrength(meant)
  if (!chosen) return note ? { request: null, note } : otherwise
  const flopsPerSecond = chosen.facts?.flopsPerSecond ?? null
  return { request: { flags: [`adapter=${chosen.name}`], plain: chosen.access === 'plain', flopsPerSecond }, note }
}

/** All adapters that can be used, the strongest first, software ones marked. */
export async function listAdapters(): Promise<{ name: string; software: boolean }[]> {
  const survey = await surveyAdapters()
  const adapters = byStrength('failed' in survey ? [] : survey.adapters)
  return adapters.map(({ name, facts }) => ({ name, software: facts?.software ?? false }))
}

/** A short text for the versions, the cards, and the times at which drivers were installed; no driver is loaded for it. */
export function driversHere(): string {
  const { env, platform, arch } = process
  const read = (path: string) => attempt(() => readFileSync(path, 'utf8').trim())
  const listed = (folder: string) => (attempt(() => readdirSync(folder).sort()) ?? []).map((name) => join(folder, name))
  // Variables by which the loader of Vulkan, Dawn and the drivers choose.
  const choosing = /^(VK_|DAWN|MESA_|DRI_|LIBGL_|__NV|__GL|NVIDIA_|CUDA_VISIBLE|ZE_)/
  const chosen = Object.entries(env).filter(([name]) => choosing.test(name))
  const cards = listed('/sys/class/drm').map((card) => ['vendor', 'device'].map((id) => read(`${card}/device/${id}`)))
  const modules = ['nvidia', 'amdgpu', 'i915', 'xe'].map((name) => read(`/sys/module/${name}/version`))
  const dawn = attempt(() => (createRequire(import.meta.url)('webgpu/package.json') as { version?: unknown }).version)
  const icds = ['/usr/share', '/usr/local/share', '/etc', join(homedir(), '.local', 'share')]
  // macOS brings its drivers with its releases; the folder of Windows changes with each driver that is installed.
  const places = [
    '/usr/lib/wsl/drivers',
    join(env.SystemRoot ?? 'C:\\Windows', 'System32', 'DriverStore', 'FileRepository'),
    ...icds.flatMap((root) => listed(join(root, 'vulkan', 'icd.d'))),
  ].map((path) => [path, attempt(() => statSync(path).mtimeMs)])
  const all = JSON.stringify([platform, arch, release(), dawn, chosen.sort(), cards, modules, places])
  return createHash('sha256').update(all).digest('hex').slice(0, 32)
}

function attempt<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}
