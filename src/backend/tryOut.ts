// Generates text of several models side by side: the part in the main thread.
import type { DeviceChoice, ParamsOf } from '../protocol/parameters.ts'
import {
  largestPrompt,
  mostColumns,
  mostNewTokens,
  mostPrompts,
  mostTurns,
  type TryProgress,
} from '../protocol/tryOut.ts'
import { EngineError } from '../engine/errors.ts'
import { startWorker } from '../system/startWorker.ts'
import type { CallContext } from './channel.ts'
import { followWorker, type WorkerFailure } from './workThread.ts'
import { createLane } from './jobs.ts'
import { wholeModel } from './summary.ts'

export interface TryStart {
  params: ParamsOf<'tryOut'>
  choice: DeviceChoice
}

export type FromTry = { type: 'progress'; progress: TryProgress } | { type: 'end'; device: string } | WorkerFailure

/** How long a cancelled generation may take to stop before its thread is terminated, in ms. It writes no files. */
const patienceMs = 2000

type TryContext = CallContext<'tryOut'>
type TryOut = (params: ParamsOf<'tryOut'>, choice: DeviceChoice, context: TryContext) => Promise<{ device: string }>

/** Handles one request at a time. @throws EngineError 'usage' for invalid parameters, 'cancelled'. */
export function createTryOut(): TryOut {
  const lane = createLane()
  return async (params, choice, context) => {
    check(params)
    const models = await Promise.all(params.models.map(wholeModel))
    const masks = await Promise.all((params.masks ?? []).map((path) => path && wholeModel(path)))
    return lane.run(context.signal, () => write({ ...params, models, masks }, choice, context))
  }
}

async function write(
  params: ParamsOf<'tryOut'>,
  choice: DeviceChoice,
  { signal, progress }: TryContext,
): Promise<{ device: string }> {
  const start: TryStart = { params, choice }
  const worker = startWorker(import.meta.url, './tryWorker.ts', 'backendTry', { workerData: start })
  return followWorker<FromTry, { device: string }>(worker, signal, patienceMs, (message) => {
    if (message.type === 'end') return { device: message.device }
    progress(message.progress)
  })
}

function check({ models, masks = [], prompts, turns = [], maxTokens }: ParamsOf<'tryOut'>): void {
  const limits: [boolean, string][] = [
    [models.length >= 1 && models.length <= mostColumns, `1 to ${mostColumns} checkpoints can be tried at a time`],
    [masks.length === 0 || masks.length === models.length, 'masks must be empty or have one entry per checkpoint'],
    [prompts.length >= 1 && prompts.length <= mostPrompts, `1 to ${mostPrompts} prompts can be tried at a time`],
    [turns.length <= mostTurns, `a conversation has ${mostTurns} turns at most; begin a new one`],
    [turns.every(({ answers }) => answers.length === models.length), 'a turn must have an answer of each checkpoint'],
    [prompts.every(({ length }) => length <= largestPrompt), `a prompt has ${largestPrompt} characters at most`],
    [Number.isInteger(maxTokens) && maxTokens >= 1 && maxTokens <= mostNewTokens, `1 to ${mostNewTokens} new tokens`],
  ]
  const broken = limits.find(([holds]) => !holds)
  if (broken) throw new EngineError('usage', broken[1])
}
