// The work of a run before it is done: its parts with the time that each is planned to take.
import { plannedParts, type PlannedPart } from '../../../plan/time.ts'
import { describeModel } from '../../../recipe/describeModel.ts'
import { writingTokens } from '../../../plan/textTokens.ts'
import type { EvaluationData, RunData } from '../open/runData.ts'
import type { RunSession } from '../state/session.ts'

export async function plannedWork(
  { recipe, source, backend }: Pick<RunSession, 'recipe' | 'source' | 'backend'>,
  data: RunData,
): Promise<PlannedPart[]> {
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
  }
  return plannedParts(recipe, model, machine, (evaluation) => tokens.get(evaluation) ?? 0)
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
