// Which adapter a backend opens, and how, from what is known of them all.
import { byStrength } from './byStrength.ts'
import type { OpenRequest } from './protocol.ts'
import { deathsIn, surveyAdapters, type Survey } from './survey.ts'

export interface AdapterChoice {
  /** null: none can be opened, as `note` says. */
  readonly request: Partial<OpenRequest> | null
  /** What died and what is done instead, in sentences for people; empty where nothing did. */
  readonly note: string
}

/** The adapter of which `name` is a part, else the strongest whose driver does not end processes. */
export async function chooseAdapter(name?: string, survey?: Survey | null): Promise<AdapterChoice> {
  const found = survey === undefined ? await surveyAdapters() : survey
  // Dawn itself says what is missing.
  const otherwise = { request: { flags: name === undefined ? [] : [`adapter=${name}`] }, note: '' }
  if (!found) return otherwise
  const meant = name === undefined ? found.adapters : found.adapters.filter((a) => a.name.includes(name)).slice(0, 1)
  const note = deathsIn({ ...found, adapters: meant }).join('. ')
  const [chosen] = byStrength(meant)
  if (!chosen) return note ? { request: null, note } : otherwise
  const { name: full, access, facts } = chosen
  const flopsPerSecond = facts?.flopsPerSecond ?? null
  return { request: { flags: [`adapter=${full}`], plain: access === 'plain', flopsPerSecond }, note }
}

/** All adapters that can be used, the strongest first, software ones marked. */
export async function listAdapters(): Promise<{ name: string; software: boolean }[]> {
  const survey = await surveyAdapters()
  return byStrength(survey?.adapters ?? []).map(({ name, facts }) => ({ name, software: facts?.software ?? false }))
}
