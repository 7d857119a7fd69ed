// Finds this machine's graphics adapters and chooses one. A query can crash a driver and its process (llama.cpp#22750: the query for
// cooperative matrices), so a separate process queries all adapters, once for each set of installed drivers.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, homedir, loadavg, release } from 'node:os'
import { join } from 'node:path'
import { fields, flag, list, number, oneOf, orNull, text } from '../../../catalog/formats/checks.ts'
import type { Check, Checked } from '../../../catalog/formats/checks.ts'
import { isRecord } from '../../../catalog/formats/json.ts'
import { cacheFile, readCache, writeCache } from '../../../system/atomicFile.ts'
import { attempt } from '../../../system/diskErrors.ts'
import { programArguments } from '../../../system/startWorker.ts'
import type { OpenRequest } from './protocol.ts'

const shortText: Check<string> = (value): value is string => text(value) && value.length <= 500
const positive: Check<number> = (value): value is number => number(value) && value > 0

const isSurveyedAdapter = fields({
  software: flag,
  ownMemory: flag,
  maxBufferBytes: positive,
  /** Operations a second of a product in f32, measured. */
  flopsPerSecond: positive,
})
export type SurveyedAdapter = Readonly<Checked<typeof isSurveyedAdapter>>

const isAdapterRecord = fields({
  name: shortText,
  /** What may be requested without a crash: every feature, no experimental or recent ones, or not even a device. */
  access: oneOf(['full', 'plain', 'none']),
  /** How the last process that requested more than `access` ended; null if there was none. */
  death: orNull(shortText),
  /** What the adapter reported; null if it did not open or it computed wrongly. */
  facts: orNull(isSurveyedAdapter),
})
export type AdapterRecord = Readonly<Checked<typeof isAdapterRecord>>

const isSurvey = fields({
  /** Milliseconds since 1970. */
  at: number,
  /** How the process ended if it did so before opening any adapter; else null. */
  death: orNull(shortText),
  /** An adapter did not answer or did not open. Another program may be the cause, so the survey is valid for one day only. */
  doubtful: flag,
  adapters: list(isAdapterRecord),
})
export type Survey = Readonly<Checked<typeof isSurvey>>

/** Names of adapters: `settled` are not opened again; `plain` are opened without the features that can crash immature drivers. */
export interface SurveyRequest {
  readonly settled: readonly string[]
  readonly plain: readonly string[]
}

/** Output lines of the process, one object each: `names`, then for each adapter `opens` before it is opened and `facts` after. */
export interface Answer {
  readonly said: readonly Readonly<Record<string, unknown>>[]
  /** How the process ended: by itself, by a crash or hang of a driver, or for a reason other than the driver. */
  readonly end: 'done' | { readonly death: string; readonly hung: boolean } | Failed
}

export type Failed = { readonly failed: string }

export interface SurveyOptions {
  readonly ask?: (request: SurveyRequest) => Promise<Answer>
  readonly file?: string
  /** Identifies the installed drivers (`driversHere`). A survey is cached by it. */
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
  const kept = Object.entries(await readCache(file)).filter((one): one is [string, Survey] => isSurvey(one[1]))
  const known = kept.find(([of]) => of === key)?.[1]
  if (known && !(known.doubtful && Math.abs(now - known.at) > doubtfulMs)) return known
  const survey = await askAll(ask, now)
  if ('failed' in survey) return survey
  const others = kept.filter(([of]) => of !== key).sort(([, a], [, b]) => b.at - a.at)
  // Surveys with other keys are kept: several machines may share a home folder, and a driver update changes the key.
  await writeCache(file, Object.fromEntries([[key, survey], ...others.slice(0, 15)]))
  return survey
}

/** An adapter that ends the process is opened with `plain` by the next process, and never again if it ends that one too. */
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
      const facts = isSurveyedAdapter(line.facts) ? line.facts : null
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

/** Milliseconds. A driver may take seconds to load, and longer if programs wait for cores; a container sees its host's load. */
const patience = () => Math.ceil(15_000 * Math.min(8, Math.max(1, loadavg()[0] / availableParallelism())))
/** `program`: the arguments for Node. `timeout`: how long the process may print nothing, in ms. */
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
      // Drivers may print to stdout too: lines that are not JSON objects are dropped.
      const said = out.split('\n').map((line) => attempt(null, (): unknown => JSON.parse(line)))
      resolve({ said: said.filter(isRecord), end })
    }
    child.once('error', ({ message }) => answer({ failed: message }))
    child.once('close', (code, signal) => {
      if (code === 0) answer('done')
      // Node exits with 1 if the program itself fails, not a driver.
      else if (code === 1) answer({ failed: errors || 'exit code 1' })
      else if (hung) answer({ death: `no answer in ${Math.round(timeout / 1000)} s`, hung })
      // Users and the system send these signals; a crash in a driver raises others.
      else if (signal && ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'].includes(signal)) answer({ failed: signal })
      else answer({ death: signal ?? `exit code ${code}`, hung })
    })
  })
}

/**
 * The usable adapters, strongest first: GPUs with their own memory, then GPUs that share the host's, then adapters that did not open
 * (opening one again reports the reason), then software. Within a kind the fastest at products comes first, then the one with larger
 * buffers; for equals, Dawn's order stays, discrete GPUs first.
 */
export function byStrength(adapters: readonly AdapterRecord[]): AdapterRecord[] {
  const keysOf = ({ facts }: AdapterRecord) =>
    facts ? [facts.software ? 0 : facts.ownMemory ? 3 : 2, facts.flopsPerSecond, facts.maxBufferBytes] : [1, 0, 0]
  return adapters
    .filter(({ access }) => access !== 'none')
    .sort((a, b) => keysOf(b).reduce((order, key, i) => order || key - keysOf(a)[i], 0))
}

/** One sentence for the user per crashed driver; `file` stores the survey. Reports contain these too, so the home folder becomes ~. */
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
  /** null if no adapter may be opened; `note` then says why. */
  readonly request: Partial<OpenRequest> | null
  /** Which drivers crashed and what is done instead, in sentences for the user; empty if none did. */
  readonly note: string
}

/** The first adapter whose name contains `name`; without `name`, the strongest whose driver does not crash. */
export async function chooseAdapter(name?: string, survey?: Survey | Failed): Promise<AdapterChoice> {
  const found = survey ?? (await surveyAdapters())
  // Used where the survey does not help: Dawn's own error then says what is missing.
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
  const usable = 'failed' in survey ? [] : byStrength(survey.adapters)
  return usable.map(({ name, facts }) => ({ name, software: facts?.software ?? false }))
}

/** A hash of the drivers' versions and installation times, and of the cards. Computing it loads no driver. */
export function driversHere(): string {
  const { env, platform, arch } = process
  const read = (path: string) => attempt(null, () => readFileSync(path, 'utf8').trim())
  const listed = (folder: string) => attempt([], () => readdirSync(folder).sort()).map((name) => join(folder, name))
  // Environment variables by which the Vulkan loader, Dawn and the drivers choose an adapter.
  const choosing = /^(VK_|DAWN|MESA_|DRI_|LIBGL_|__NV|__GL|NVIDIA_|CUDA_VISIBLE|ZE_)/
  const chosen = Object.entries(env).filter(([name]) => choosing.test(name))
  const cards = listed('/sys/class/drm').map((card) => ['vendor', 'device'].map((id) => read(`${card}/device/${id}`)))
  const modules = ['nvidia', 'amdgpu', 'i915', 'xe'].map((name) => read(`/sys/module/${name}/version`))
  const dawn = attempt(
    null,
    () => createRequire(import.meta.url)('webgpu/package.json') as { version?: unknown },
  )?.version
  const icds = ['/usr/share', '/usr/local/share', '/etc', join(homedir(), '.local', 'share')]
  // macOS brings its drivers with its releases; the folder of Windows changes with each driver that is installed.
  const places = [
    '/usr/lib/wsl/drivers',
    join(env.SystemRoot ?? 'C:\\Windows', 'System32', 'DriverStore', 'FileRepository'),
    ...icds.flatMap((root) => listed(join(root, 'vulkan', 'icd.d'))),
  ].map((path) => [path, attempt(null, () => statSync(path).mtimeMs)])
  const all = JSON.stringify([platform, arch, release(), dawn, chosen.sort(), cards, modules, places])
  return createHash('sha256').update(all).digest('hex').slice(0, 32)
}
