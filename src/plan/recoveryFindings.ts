// Recoveries that train nothing, cannot train what they name, or lack the dense weights they fit to.
import { defaultAdapter, isAdapterName } from '../catalog/adapters/adapters.ts'
import type { Subset } from '../catalog/adapters/subsets.ts'
import { andList } from '../formatting/lists.ts'
import { isTraining } from '../recipe/modes.ts'
import type { ResolvedRecipe, ResolvedRecover } from '../recipe/resolve.ts'
import type { ModelView } from './modelView.ts'
import { isBlockwise } from '../recipe/modes.ts'
import { refusal, warning, type Change, type PlanFinding } from './planFinding.ts'
import { trainsSomething } from './trainable.ts'

export function* recoveryFindings({ prune, recover }: ResolvedRecipe, model: ModelView | null): Iterable<PlanFinding> {
  let tied = model?.config.tied ?? false
  for (const [i, recovery] of recover.entries()) {
    const mode = ['recover', i, 'mode']
    if (isBlockwise(recovery) && prune.length === 0)
      yield refusal(
        'dense-weights-missing',
        mode,
        `Mode ${recovery.mode} fits pruned weights to the dense ones of the same run: add prune, or use mode retrain.`,
        { from: [['prune'], mode] },
      )
    if (model && recovery.loss && prune.length === 0 && recovery.dense === undefined)
      yield refusal(
        'dense-weights-missing',
        ['recover', i, 'loss'],
        'This loss compares with the dense model, which is unknown: name it under dense, or use loss text.',
        {
          from: [['prune'], ['recover', i, 'loss']],
          fixes: [{ path: ['recover', i, 'loss'], value: 'text', title: 'loss: text' }],
        },
      )
    yield* inDenseOrder(prune, recovery, i)
    if (!isTraining(recovery.mode)) continue
    yield* exclusive(recovery, i)
    yield* untrained(recovery, i, model)
    if (!tied || !untiesHead(recovery)) continue
    yield trainedTiedHead(recovery, i, model?.config.isPart === true)
    // The head has weights of its own from then on.
    tied = false
  }
}

/** Refit reads the dense weights of the source, and an adapter was trained on the source: both have the source's order of channels. */
function* inDenseOrder(prune: ResolvedRecipe['prune'], { mode }: ResolvedRecover, i: number): Iterable<PlanFinding> {
  const step = prune.findIndex(({ reorder }) => reorder)
  if ((mode !== 'refit' && mode !== 'merge') || step < 0) return
  const path = ['prune', step, 'reorder']
  const needs = {
    refit: 'Refit fits weights to the dense ones in their own order',
    merge: 'The adapter has the channels in the order of the model that it was trained on',
  }
  const message = `${needs[mode]}: remove reorder, or use another recovery.`
  yield refusal('exclusive-settings', path, message, { from: [['recover', i, 'mode']], fixes: [{ path }] })
}

const trainPath = (i: number) => ['recover', i, 'train']
const trainOnly = (i: number, value: readonly string[]): Change[] =>
  value.length === 0 ? [] : [{ path: trainPath(i), value, title: `train: [${value.join(', ')}]` }]

function* exclusive({ train }: ResolvedRecover, i: number): Iterable<PlanFinding> {
  const path = trainPath(i)
  const keep = (value: readonly Subset[]): Change => ({ path, value, title: `Keep ${value.join(', ')}` })
  const adapters = train.filter(isAdapterName)
  const others = train.filter((subset) => subset !== 'full')
  if (train.includes('full') && others.length > 0)
    yield refusal(
      'exclusive-settings',
      path,
      `full trains every weight, so ${others.join(', ')} cannot be trained besides it: keep one or the other.`,
      { fixes: [keep(['full']), keep(others)] },
    )
  else if (adapters.length > 1)
    yield refusal(
      'exclusive-settings',
      path,
      `A linear can carry one adapter, here are ${andList(adapters)}: keep one.`,
      {
        fixes: adapters.map((adapter) => ({
          ...keep(train.filter((subset) => subset === adapter || !isAdapterName(subset))),
          title: `Keep ${adapter}`,
        })),
      },
    )
}

const nouns: Partial<Record<Subset, string>> = { bias: 'biases', norm: 'norm weights' }

/** Reports subsets that this recovery skips, and a recovery that has no others. */
function* untrained(
  { mode, train: named }: ResolvedRecover,
  i: number,
  model: ModelView | null,
): Iterable<PlanFinding> {
  const outside = (subset: Subset) => mode === 'reconstruct' && (subset === 'head' || subset === 'embedding')
  const missing = (subset: Subset) => model !== null && !trainsSomething(model, { mode, train: [subset] })
  const absent = named.filter((subset) => nouns[subset] && missing(subset))
  const rest = (...without: readonly Subset[]) => named.filter((subset) => !without.includes(subset))
  const instead = missing('norm') ? [defaultAdapter] : ['norm', defaultAdapter]
  const why: string[] = []
  for (const subset of named) {
    const path = [...trainPath(i), named.indexOf(subset)]
    if (outside(subset)) {
      why.push(`reconstruction skips the ${subset}`)
      yield warning(
        'head-in-reconstruction',
        path,
        `Reconstruction skips the ${subset}, which is in no block: remove it, or use mode retrain.`,
        { fixes: trainOnly(i, rest(subset)) },
      )
    } else if (absent.includes(subset)) {
      why.push(`this model has no ${nouns[subset]}`)
      const left = rest(...absent)
      yield warning(
        'parameters-missing',
        path,
        `This model has no ${nouns[subset]}, so ${subset} trains nothing: use ${instead.length > 1 ? 'norm or ' : ''}an adapter such as ${defaultAdapter}.`,
        { fixes: trainOnly(i, left.length > 0 ? left : instead) },
      )
    }
  }
  if (named.some((subset) => !outside(subset) && !missing(subset))) return
  const reason = why.length > 0 ? `, as ${andList(why)}` : ''
  const biases = missing('bias') || missing('norm') ? '' : ', or bias and norm in models that have biases'
  yield refusal(
    'nothing-to-train',
    trainPath(i),
    `Nothing would be trained${reason}: train [${instead.join(', ')}]${biases}.`,
    { from: [trainPath(i)], fixes: trainOnly(i, biases === '' ? instead : ['bias', 'norm']) },
  )
}

export function untiesHead({ mode, train }: ResolvedRecover): boolean {
  return mode === 'retrain' && train.includes('head') && !train.includes('full')
}

function trainedTiedHead({ train: named }: ResolvedRecover, i: number, isPart: boolean): PlanFinding {
  const path = [...trainPath(i), named.indexOf('head')]
  const fixes = trainOnly(
    i,
    named.filter((subset) => subset !== 'head'),
  )
  return isPart
    ? refusal(
        'tied-head',
        path,
        'The head of this model is its embedding, and a model of several parts cannot be saved untied: remove it.',
        { fixes },
      )
    : warning(
        'tied-head',
        path,
        'The head of this model is its embedding: training it unties them, and the saved model gets a head of its own. Remove it to keep them tied.',
        { fixes },
      )
}
