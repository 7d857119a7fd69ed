// The other side of askApart.ts: does what a backend does with an adapter, tells what it saw, and ends. A driver may end it before.
import { writeSync } from 'node:fs'
import { adapterNames } from './adapter.ts'
import type { Question } from './askApart.ts'
import type { GpuFacts, OpenRequest } from './protocol.ts'
import { measureRate } from './rate.ts'
import type { Session } from './session.ts'
import type { AdapterTold } from './survey.ts'

interface Opened {
  readonly session: Session
  readonly facts: GpuFacts
  close(): Promise<void>
}

/** `open` is how a backend's thread opens a device. Null is told of one that refuses: whoever opens it hears why. */
export async function answerQuestion(
  { adapter, plain }: Question,
  open: (request: OpenRequest) => Promise<Opened>,
): Promise<void> {
  const request = {
    windowBytes: null,
    reachBytes: null,
    products: 'auto',
    flopsPerSecond: null,
    exactBindings: false,
    simulated: null,
  } as const
  const look = async (name: string) => tell(await open({ ...request, flags: [`adapter=${name}`], plain }))
  const told = await (adapter === null ? adapterNames() : look(adapter)).catch(() => null)
  writeSync(1, `${JSON.stringify({ told })}\n`)
}

async function tell({ session, facts, close }: Opened): Promise<AdapterTold> {
  const flopsPerSecond = await measureRate(session)
  await close()
  const { ownMemory, maxBufferBytes, details } = facts
  return { software: details.software === true, ownMemory, maxBufferBytes, flopsPerSecond }
}
