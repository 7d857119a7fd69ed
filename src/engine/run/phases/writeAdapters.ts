// `save.adapters`: what each recovery trained, before it was merged, as folders of PEFT inside the result. What PEFT cannot
// express is said in the README of the folder.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { adapterOf, isAdapterName } from '../../../catalog/adapters/adapters.ts'
import { moduleOfWeight, modelParameters, type Parameter } from '../../../catalog/families/parameters.ts'
import type { ModelConfig } from '../../../catalog/families/modelConfig.ts'
import { loraConfigText } from '../../../catalog/formats/loraConfigText.ts'
import { andList } from '../../../formatting/lists.ts'
import type { PlannedRecovery } from '../../../plan/runPlan.ts'
import type { TrainableSet } from '../../../plan/trainable.ts'
import { writeAtomic } from '../../../system/atomicFile.ts'
import { adapterConfigName, adapterWeightsName } from '../../checkpoint/adapterFolder.ts'
import type { Checkpoint } from '../../checkpoint/checkpoint.ts'
import { openModel, type Model } from '../../model/model.ts'
import { decode, readWeight } from '../../model/weightIo.ts'
import { openParts, passStage } from '../state/blockStore.ts'
import { factorPrefix } from '../state/keptFactors.ts'
import { withStateModel } from '../state/stateModel.ts'
import { bytesOf, writeTensors, type StateTensor } from '../state/tensorFile.ts'
import { stagesAfter, type RunContext } from './runContext.ts'

/** Folder of all adapters of a run inside its result. */
const adaptersName = 'adapters'

/** Writes a folder for each recovery that trained something into `folder`. @throws EngineError 'disk'. */
export async function writeAdapters(context: RunContext, folder: string): Promise<void> {
  const { recoveries } = context.plan
  for (const recovery of recoveries) {
    const { trainable, index, settings } = recovery
    if (!trainable) continue
    const name = recoveries.length > 1 ? `${index}-${settings.mode}` : settings.mode
    await writeAdapter(context, recovery, trainable, join(folder, adaptersName, name))
  }
}

async function writeAdapter(
  context: RunContext,
  recovery: PlannedRecovery,
  set: TrainableSet,
  folder: string,
): Promise<void> {
  const { session, plan } = context
  const pass = plan.passes.later.findIndex(({ recoveries }) => recoveries.includes(recovery))
  const stages = stagesAfter(context, pass + 1)
  const { stage, parts } = stages[stages.length - 1]
  const layers = await openParts(session.folder.state, pass < 0 ? 'pruned' : passStage(pass), parts)
  await mkdir(folder, { recursive: true })
  try {
    await withStateModel(session, stages, recovery.untiesHead, async (after) => {
      const model = openModel(after)
      const kept = keptOf(model, set)
      const factors = factorsOf(layers, recovery.index, model.config)
      const tensors = [...factors, ...kept.parameters.map((one) => keptTensor(model, one, set))]
      await writeTensors(join(folder, adapterWeightsName), tensors, { format: 'pt' })
      const config = loraConfigText({
        rank: recovery.settings.lora.rank,
        alpha: recovery.settings.lora.alpha,
        targets: factors.flatMap(({ module }, i) => (i % 2 === 0 ? [module] : [])),
        modulesToSave: [...new Set(kept.norms.map((one) => peftName(model.config, moduleOf(one.name))))],
        biases: kept.biases,
        transposed: model.config.family.linearLayout === 'inOut',
      })
      await writeAtomic(join(folder, adapterConfigName), [config])
      await writeAtomic(join(folder, 'README.md'), [readme(context, recovery, stage === 'pruned')])
    })
  } finally {
    await Promise.all(layers.map((layer) => layer.close()))
  }
}

interface Factor extends StateTensor {
  /** As PEFT names it. */
  readonly module: string
}

/** A and B of each linear, one after the other. */
function factorsOf(layers: readonly Checkpoint[], recovery: number, config: ModelConfig): Factor[] {
  const prefix = factorPrefix(recovery)
  return layers.flatMap((layer) =>
    [...layer.tensors.values()]
      .filter(({ name }) => name.startsWith(prefix))
      .map(({ name, dtype, shape }): Factor => {
        const module = peftName(config, name.slice(prefix.length, -'.lora_A'.length))
        const side = name.slice(-'lora_A'.length)
        return {
          module,
          name: `base_model.model.${module}.${side}.weight`,
          dtype,
          shape,
          bytes: () => layer.read(name),
        }
      }),
  )
}

/** Norms and biases that go into the file: of norms whole modules, and all biases of the model or none, as PEFT has it. */
function keptOf({ config }: Model, { direct }: TrainableSet) {
  const trained = new Set(direct.map(({ name }) => name))
  const all = modelParameters(config)
  const isNorm = ({ kind }: Parameter) => kind === 'norm' || kind === 'normBias'
  const biases = all.some(({ name, kind }) => trained.has(name) && (kind === 'bias' || kind === 'normBias'))
  const modules = new Set(
    all.flatMap(({ name, kind }) => (trained.has(name) && kind === 'norm' ? [moduleOf(name)] : [])),
  )
  const norms = all.filter((one) => isNorm(one) && modules.has(moduleOf(one.name)))
  const rest = biases
    ? all.filter((one) => (one.kind === 'bias' || one.kind === 'normBias') && !norms.includes(one))
    : []
  return { norms, biases, parameters: [...norms, ...rest] }
}

function keptTensor(model: Model, parameter: Parameter, { adapted }: TrainableSet): StateTensor {
  const module = moduleOf(parameter.name)
  const part = parameter.name.slice(module.length + 1)
  const wrapped = adapted.some(({ name }) => name === module) ? '.base_layer' : ''
  const name = `base_model.model.${peftName(model.config, module)}${wrapped}.${part}`
  const bytes = async () => bytesOf(decode(await readWeight(model, parameter)))
  return { name, dtype: 'F32', shape: parameter.shape, bytes }
}

const moduleOf = (name: string) => moduleOfWeight(name).replace(/\.bias$/, '')

/** Name in the model that transformers makes of the checkpoint, which may leave out the base model's prefix. */
function peftName({ prefix, isPart, family }: ModelConfig, module: string): string {
  const outside = module === family.tensors.lmHead
  return isPart || outside || !module.startsWith(prefix) ? module : family.prefix + module.slice(prefix.length)
}

function readme({ session, plan }: RunContext, { settings, index }: PlannedRecovery, whilePruning: boolean): string {
  const { recipe, showPath } = session
  const { train, mode, lora } = settings
  const names = train.filter(isAdapterName)
  const lost = train.filter((one) => one === 'full' || one === 'embedding')
  const pruned = recipe.save?.pruned
  const base =
    index > 0
      ? `the model as recovery ${index} of the recipe left it`
      : pruned !== undefined
        ? `the pruned model, which lies in ${showPath(pruned)}`
        : plan.entries.length > 0
          ? 'the pruned model (save.pruned keeps it)'
          : `the model ${showPath(recipe.model)}`
  return [
    `# What \`${mode}\` trained`,
    '',
    `Trained by SparseScope: ${andList(train)}; rank ${lora.rank}, alpha ${lora.alpha}. The base model is ${base}${whilePruning && plan.entries.length > 0 ? '; its blocks were recovered one after the other as they were pruned' : ''}.`,
    '',
    ...names.map(
      (name) =>
        `- \`${name}\`: ${adapterOf(name).peft ?? 'it is no low-rank update, so PEFT cannot express it: it is in the merged model alone.'}`,
    ),
    ...lost.map((one) => `- \`${one}\`: whole matrices are in the merged model alone.`),
    '- Norms and biases are in `adapter_model.safetensors` with their trained values, in F32.',
    '',
    'To merge it under the mask:',
    '',
    '```yaml',
    'recover: {mode: merge, adapter: path/to/this/folder}',
    '```',
    '',
  ].join('\n')
}
