// The log-likelihood of each choice is the sum of the log-probabilities of its tokens.
import { largest } from '../../../formatting/lists.ts'
import type { ModelConfig } from '../../../catalog/families/modelConfig.ts'
import { questionPlaces } from '../../../plan/memory.ts'
import { itemsAtOnce } from '../../compute/backend.ts'
import type { Decoder } from '../../model/decoder.ts'
import { Packer, type PackedBatch, type PackedScores } from '../../model/packed.ts'
import type { PassOptions } from '../../model/pass.ts'
import type { TokenisedQuestion } from './questions.ts'

export interface ChoiceScore {
  /** Natural logarithm. */
  readonly logLikelihood: number
  /** Every token of the choice is the argmax of its position. */
  readonly greedy: boolean
}

export interface ScoreOptions extends Pick<PassOptions, 'adapterOf' | 'signal'> {
  /** Questions done so far. */
  readonly onProgress?: (done: number, total: number) => Promise<void> | void
}

/** Tokens of the largest batch: what a decoder of `decoderBytes` has room for, or more if the largest question has more. */
export function tokensPerPassOf(
  questions: readonly TokenisedQuestion[],
  config: ModelConfig,
  decoderBytes: number,
): number {
  return largest(questions, questionPlaces(config, decoderBytes), placesOf)
}

const placesOf = ({ choices }: TokenisedQuestion) => choices.length * largest(choices, 0, ({ ids }) => ids.length)

/** Places in a batch and batches in a group that the device has room for. */
function batchSizes(
  { backend, model, residency, questionPlaces: most }: Decoder,
  questions: readonly TokenisedQuestion[],
) {
  const each = largest(questions, 1, placesOf)
  const wanted = Math.max(1, Math.min(questions.length, Math.floor(most / each)))
  const together = itemsAtOnce(backend, wanted, each)
  const perGroup = residency.residentBlocks < model.config.numBlocks ? streamedBatches : 1
  if (together === wanted) return { mostPlaces: most, perGroup }
  return { mostPlaces: together * each, perGroup: Math.ceil((perGroup * together) / wanted) }
}

/** Batches that go through a block together when blocks are read again for each group. */
const streamedBatches = 16

/** Scores of the choices: one list per question, in their order. */
export async function scoreQuestions(
  decoder: Decoder,
  questions: readonly TokenisedQuestion[],
  { onProgress, ...pass }: ScoreOptions = {},
): Promise<ChoiceScore[][]> {
  const { config } = decoder.model
  const { mostPlaces, perGroup } = batchSizes(decoder, questions)
  const scores: ChoiceScore[][] = questions.map(() => [])
  let done = 0
  const flush = async (group: readonly AskedBatch[]) => {
    const results = await decoder.forwardPacked(
      group.map(({ batch }) => batch),
      pass,
    )
    group.forEach(({ asked }, b) => {
      for (const { question, choices } of asked) {
        scores[question] = choices.map((pairs) => sumOf(results[b], pairs))
        done++
      }
    })
    await onProgress?.(done, questions.length)
  }
  let group: AskedBatch[] = []
  for (const batch of batchesOf(questions, config.vocabSize, mostPlaces)) {
    group.push(batch)
    if (group.length < perGroup) continue
    await flush(group)
    group = []
  }
  if (group.length > 0) await flush(group)
  return scores
}

interface AskedBatch {
  readonly batch: PackedBatch
  /** Index of each question, and for each choice the pairs that score it. */
  readonly asked: readonly { readonly question: number; readonly choices: readonly number[][] }[]
}

/** Longest questions first: the largest batch comes first, and the sequences of a batch have about the same length. */
function* batchesOf(
  questions: readonly TokenisedQuestion[],
  vocabSize: number,
  mostPlaces: number,
): Generator<AskedBatch> {
  const lengths = questions.map(({ choices }) => largest(choices, 0, ({ ids }) => ids.length))
  const order = questions.map((_, i) => i).sort((a, b) => lengths[b] - lengths[a] || a - b)
  let packer = new Packer(vocabSize)
  let asked: { question: number; choices: number[][] }[] = []
  for (const question of order) {
    const { choices } = questions[question]
    const places = packer.placesWith(lengths[question], choices.length)
    // The cost of attention grows with places, all other cost with rows. Half as many rows as places cost about the same.
    const full = packer.rows + lengths[question] > mostPlaces / 2 || places > mostPlaces
    if (asked.length > 0 && full) {
      yield { batch: packer.finish(), asked }
      packer = new Packer(vocabSize)
      asked = []
    }
    asked.push({ question, choices: choices.map(({ ids, predicted }) => packer.add(ids, predicted)) })
  }
  if (asked.length > 0) yield { batch: packer.finish(), asked }
}

function sumOf({ nll, likeliest }: PackedScores, pairs: readonly number[]): ChoiceScore {
  let sum = 0
  for (const pair of pairs) sum -= nll[pair]
  return { logLikelihood: sum, greedy: pairs.every((pair) => likeliest[pair] === 1) }
}
