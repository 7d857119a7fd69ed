// What recovery trains.
import { defaultAdapter, isAdapterName } from '../../adapters/adapters.ts'
import type { LintContext, RecoveryEntry } from '../context.ts'
import { remove, replaceValue } from '../edits.ts'
import type { ModelFacts } from '../facts.ts'
import { defineRule, type Report } from '../rule.ts'
import { setTrain } from '../trainEdits.ts'
import { unknownKeys } from '../unknownKeys.ts'

export const s5 = defineRule({
  id: 'S5',
  severity: 'error',
  explains: true,
  title: 'Two settings that exclude each other',
  why: 'A linear can carry one adapter. `full` trains every weight already, so nothing can be added to it. Training is counted in steps, not in epochs.',
  bad: 'recover: {train: [mask_lora, scale_lora]}\ncalibration: {data: a.jsonl, seq_len: 64}',
  good: 'recover: {train: [mask_lora, bias]}\ncalibration: {data: a.jsonl, seq_len: 64}',
  *check(context) {
    for (const recovery of context.recoveries) yield* exclusiveSubsets(context, recovery)
    for (const { key, parent, path } of unknownKeys(context)) {
      if (parent[0] !== 'recover' || !/^(?:num_)?(?:train_)?epochs$/.test(key)) continue
      yield {
        at: { key: path },
        message: `Training is counted in steps, not in epochs: set steps and remove ${key}.`,
        fixes: [{ title: `Remove ${key}`, edits: remove(context.document, path) }],
      }
    }
  },
})

function* exclusiveSubsets({ document }: LintContext, { path, written }: RecoveryEntry): Iterable<Report> {
  const train: string[] = written.train ?? []
  const at = [...path, 'train']
  const keep = (names: string[]) => replaceValue(document, at, `[${names.join(', ')}]`)
  const used = [...new Set(train.filter(isAdapterName))]
  const others = train.filter((t) => t !== 'full')
  if (train.includes('full') && others.length > 0) {
    yield {
      at,
      message: `full trains every weight, so ${others.join(', ')} cannot be trained besides it: keep one or the other.`,
      fixes: [
        { title: 'Keep full', edits: keep(['full']) },
        { title: `Keep ${others.join(', ')}`, edits: keep(others) },
      ],
    }
  } else if (used.length > 1) {
    yield {
      at,
      message: `A linear can carry one adapter, here are ${used.join(' and ')}: keep one.`,
      fixes: used.map((a) => ({
        title: `Keep ${a}`,
        edits: keep(train.filter((t) => t === a || !isAdapterName(t))),
      })),
    }
  }
}

/** Kinds of parameters that a model may not have at all, with what they are called. */
const optional = {
  bias: { kinds: ['bias', 'normBias'], noun: 'biases' },
  norm: { kinds: ['norm'], noun: 'norm weights' },
} as const

type Optional = keyof typeof optional

function lacks({ parameters }: ModelFacts, subset: Optional): boolean {
  const kinds: readonly string[] = optional[subset].kinds
  return parameters.length > 0 && !parameters.some(({ kind }) => kinds.includes(kind))
}

export const r2 = defineRule({
  id: 'R2',
  severity: 'warning',
  needs: 'model',
  title: 'The model has no biases, or no norm weights',
  why: 'LLaMA and Mistral have no biases, so `bias` trains nothing there; the norms of OLMo 1 have no weights. What a model has, and mask_lora, do the work.',
  bad: 'recover: {train: [bias, norm]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {train: [norm, mask_lora]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ document, recoveries, model }) {
    if (!model) return
    const missing = (Object.keys(optional) as Optional[]).filter((subset) => lacks(model, subset))
    const instead = missing.includes('norm') ? [defaultAdapter] : ['norm', defaultAdapter]
    for (const { path, written } of recoveries) {
      const { train = [] } = written
      const rest = train.filter((t) => !(missing as string[]).includes(t))
      for (const subset of missing.filter((one) => train.includes(one)))
        yield {
          at: [...path, 'train', train.indexOf(subset)],
          message: `This model has no ${optional[subset].noun}, so ${subset} trains nothing: use ${instead.length > 1 ? 'norm or ' : ''}an adapter such as ${defaultAdapter}.`,
          fixes: [setTrain(document, path, rest.length > 0 ? rest : instead)],
        }
    }
  },
})

export const r3 = defineRule({
  id: 'R3',
  severity: 'warning',
  title: 'The head is not trained by reconstruction',
  why: 'Reconstruction fits the outputs of blocks; the head and the embedding are in none, so they are skipped.',
  bad: 'recover: {mode: reconstruct, train: [norm, head]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {mode: reconstruct, train: [norm]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ document, recoveries }) {
    for (const { path, written, resolved } of recoveries) {
      if (resolved.mode !== 'reconstruct') continue
      const train = written.train ?? []
      for (const subset of ['head', 'embedding'] as const) {
        const index = train.indexOf(subset)
        if (index < 0) continue
        const rest = train.filter((t) => t !== subset)
        yield {
          at: [...path, 'train', index],
          message: `Reconstruction skips the ${subset}, which is in no block: remove it, or use mode retrain.`,
          fixes: rest.length > 0 ? [setTrain(document, path, rest)] : [],
        }
      }
    }
  },
})

export const r4 = defineRule({
  id: 'R4',
  severity: 'warning',
  needs: 'model',
  title: 'Training the head of a tied model',
  why: 'Head and embedding are one matrix in this model. The trained head is saved as a matrix of its own, `tie_word_embeddings: false` is written into config.json, and the checkpoint grows by it (peft#2777).',
  bad: 'recover: {mode: retrain, data: a.jsonl, seq_len: 64, train: [norm, head]}\nsave: {to: out}',
  good: 'recover: {mode: retrain, data: a.jsonl, seq_len: 64, train: [norm]}\nsave: {to: out}',
  *check({ document, recoveries, model }) {
    if (!model?.modelConfig?.tied) return
    for (const { path, written, resolved } of recoveries) {
      const train = written.train ?? []
      const index = train.indexOf('head')
      if (index < 0 || resolved.mode !== 'retrain') continue
      const rest = train.filter((t) => t !== 'head')
      yield {
        at: [...path, 'train', index],
        message: model.modelConfig.isPart
          ? 'The head of this model is its embedding, and a model of several parts cannot be saved untied: remove it.'
          : 'The head of this model is its embedding: training it unties them, and the saved model gets a head of its own.',
        fixes: rest.length > 0 ? [setTrain(document, path, rest)] : [],
      }
    }
  },
})

export const r7 = defineRule({
  id: 'R7',
  severity: 'error',
  title: 'Nothing to train',
  why: 'No parameter of the model is left to train, so recovery would change nothing.',
  bad: 'recover: {train: []}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {train: [norm]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ document, recoveries, model, get }) {
    for (const { path, written, resolved } of recoveries) {
      if (resolved.mode === 'refit') continue
      const given = get([...path, 'train'])
      // Wrong words are reported as such.
      if (given !== undefined && (!Array.isArray(given) || (written.train ?? []).length !== given.length)) continue
      const trains = (subset: string): boolean => {
        if (subset === 'head' || subset === 'embedding') return resolved.mode === 'retrain'
        return !model || !(subset === 'bias' || subset === 'norm') || !lacks(model, subset)
      }
      if (resolved.train.some(trains)) continue
      const better = [...(trains('norm') ? ['norm'] : []), defaultAdapter]
      yield {
        at: given === undefined ? { key: path } : [...path, 'train'],
        message: `Nothing would be trained: train [${better.join(', ')}]${trains('norm') ? ', or bias and norm in models that have biases' : ''}.`,
        fixes: given === undefined ? [] : [setTrain(document, path, trains('bias') ? ['bias', 'norm'] : better)],
      }
    }
  },
})

export const r10 = defineRule({
  id: 'R10',
  severity: 'warning',
  needs: 'model',
  title: 'Norms that recovery does not know',
  why: "The file has vectors named like norms that this model's family does not have, so `norm` would not train them. PERP misses the norms of Qwen and Gemma in this way.",
  bad: 'recover: {train: [norm]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {train: [mask_lora]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ recoveries, model, has }) {
    if (!model?.modelConfig) return
    const { isPart, prefix } = model.modelConfig
    // A vision tower has norms of its own, which nobody takes for the text model's.
    const modules = model.modules.filter(({ name }) => !isPart || name.startsWith(prefix))
    const unknown = modules.filter((m) => m.kind === 'other' && m.columns === 1 && /norm|ln_?\d?$/i.test(m.name))
    if (unknown.length === 0) return
    for (const { path, written, resolved } of recoveries) {
      if (!resolved.train.includes('norm')) continue
      const index = written.train?.indexOf('norm') ?? -1
      yield {
        at: has([...path, 'train']) ? [...path, 'train', index] : { key: path },
        message: `${unknown[0].name}${unknown.length > 1 ? ` and ${unknown.length - 1} more look like norms but are` : ' looks like a norm but is'} not part of ${model.modelConfig.family.title}, so norm does not train it.`,
      }
    }
  },
})
