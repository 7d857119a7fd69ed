// The work of a run before it is done: its parts with the time that each is planned to take.
import { plannedParts, secondsOfParts } from '../../../plan/time.ts'
import { describeModel } from '../../../recipe/describeModel.ts'
import { writingTokens } from '../../../plan/textTokens.ts'
import type { EvaluationData, RunData } from '../open/runData.ts'
import type { Rates } from '../../../catalog/methods/work.ts'
import { isWorthMeasuring, ratesOf } from '../../compute/rates.ts'
import { keptRates } from '../../machine.ts'
import type { PlannedTime, RunSession } from '../state/session.ts'

export async function plannedWork(
  { recipe, source, backend, memoryBytes }: Pick<RunSession, 'recipe' | 'source' | 'backend' | 'memoryBytes'>,
  data: RunData,
): Promise<PlannedTime> {
  const model = describeModel({
    tensors: source.tensors,
    config: source.config,
    problems: [],
    tokenizer: { present: false, largestId: null },
    masked: false,
    sparsities: null,
  })
  const tokens = new Map<object, number>()
  for (const evaluation of recipe.evaluate) {
    const read = await data.evaluation(evaluation)
    tokens.set(evaluation, tokensIn(read))
  }
  const { details } = backend.info
  const machine = {
    gpu: !backend.traits.inHostMemory,
    threads: typeof details.threads === 'number' ? details.threads : 1,
    bf16: backend.precision === 'bf16',
    budgetBytes: memoryBytes,
  }
  const partsAt = (rates: Rates | undefined) =>
    plannedParts(recipe, model, { ...machine, rates }, (evaluation) => tokens.get(evaluation) ?? 0)
  const known = machine.gpu ? undefined : (await keptRates(machine.threads))?.rates
  const parts = partsAt(known)
  if (!isWorthMeasuring(secondsOfParts(parts))) return { parts, rates: known }
  const rates = await ratesOf(backend)
  return { parts: partsAt(rates), rates }
}

/** Tokens of a pass over it, in time. */
function tokensIn(read: EvaluationData): number {
  switch (read.kind) {
    case 'windows':
      return read.windows.windows * read.windows.seqLen
    case 'questions':
      return read.questions.tokens
    case 'prompts':
      return writingTokens(read.prompts.promptTokens, read.prompts.maxTokens)
  }
}
