// adapter_config.json of PEFT (huggingface/peft, tuners/lora/config.py), which describes a LoRA that was trained elsewhere. It is not
// trusted. A setting that changes the mathematics and is not understood is refused.
import { FormatError, quoted } from '../../errors.ts'
import { asObject, parseJson, toPlain, type Json, type JsonObject } from './json.ts'
import { someOf } from '../../formatting/lists.ts'

export interface LoraConfig {
  readonly rank: number
  readonly alpha: number
  /** Scaled by alpha / √rank (rsLoRA) instead of alpha / rank. */
  readonly rankStabilised: boolean
  /** Ranks and alphas of modules whose names end as the keys say: literally, or as regular expressions. */
  readonly rankPattern: ReadonlyMap<string, number>
  readonly alphaPattern: ReadonlyMap<string, number>
  readonly bias: 'none' | 'all' | 'lora_only'
  /** Last parts of the names of all adapted modules; null if the config gives a regular expression or `all-linear`. */
  readonly targets: readonly string[] | null
  /** Only some of the modules that `targets` name are adapted. */
  readonly narrowed: boolean
  readonly modulesToSave: readonly string[]
}

/** Most bytes of the file. A rank pattern that names each of 40,000 experts has 4 million. */
export const largestAdapterConfig = 16 * 2 ** 20
const largestRank = 65536
const mostNames = 1e5
const longestName = 1000

/** Keys that do not change what a merge computes: how it was trained, what it was trained on, how PEFT runs it. */
const harmless = [
  'arrow_config',
  'auto_mapping',
  'base_model_name_or_path',
  'corda_config',
  'ensure_weight_tying',
  'eva_config',
  'fan_in_fan_out',
  'inference_mode',
  'layers_pattern',
  'lora_dropout',
  'lora_ga_config',
  'loftq_config',
  'megatron_core',
  'peft_version',
  'qalora_group_size',
  'revision',
  'runtime_config',
  'task_type',
]
const understood = [
  'alpha_pattern',
  'bias',
  'exclude_modules',
  'init_lora_weights',
  'layers_to_transform',
  'lora_alpha',
  'modules_to_save',
  'peft_type',
  'r',
  'rank_pattern',
  'target_modules',
  'use_rslora',
]

const reasons: Readonly<Record<string, string>> = {
  use_dora: 'is a DoRA, whose weights are divided by their norms: merge it with PEFT, or train a plain LoRA',
  lora_bias: 'has biases on its B matrices (lora_bias), which are not merged here: merge it with PEFT',
  layer_replication: 'was trained on a model with repeated layers (layer_replication), which this model does not have',
  target_parameters: 'adapts parameters of fused experts (target_parameters), which are not merged here',
  trainable_token_indices: 'trains tokens of the embedding (trainable_token_indices), which is not merged here',
}

/** Initialisations of A and B that leave the base model's weights unchanged. Others move a part of the weights into A and B. */
const plainStarts = [true, false, 'gaussian', 'eva', 'orthogonal']

/** @throws FormatError whose message continues a sentence that begins with the adapter's name. */
export function parseLoraConfig(text: string): LoraConfig {
  const config = asObject(parseJson(text), 'the config')
  const type = config.get('peft_type')
  if (type !== 'LORA') throw new FormatError(`is a ${shown(type)} of PEFT: only LORA can be merged`)
  for (const [key, value] of config) {
    if (harmless.includes(key) || understood.includes(key) || isOff(value)) continue
    throw new FormatError(reasons[key] ?? `sets ${quoted(key)}, which is not known here: merge it with PEFT`)
  }
  const start = config.get('init_lora_weights') ?? true
  if (!plainStarts.some((one) => one === start))
    throw new FormatError(
      `starts from ${shown(start)} (init_lora_weights), which moves weights of the base model into the adapter: convert it to a plain LoRA with PEFT (path_initial_model_for_weight_conversion)`,
    )
  const stabilised = config.get('use_rslora') ?? false
  if (typeof stabilised !== 'boolean')
    throw new FormatError(`has use_rslora ${shown(stabilised)}, expected true or false`)
  return {
    rank: rankOf(config.get('r') ?? 8, 'r'),
    alpha: alphaOf(config.get('lora_alpha') ?? 8, 'lora_alpha'),
    rankStabilised: stabilised,
    rankPattern: patternOf(config, 'rank_pattern', rankOf),
    alphaPattern: patternOf(config, 'alpha_pattern', alphaOf),
    bias: biasOf(config.get('bias') ?? 'none'),
    targets: targetsOf(config.get('target_modules')),
    narrowed: ['exclude_modules', 'layers_to_transform'].some((key) => !isOff(config.get(key))),
    modulesToSave: isOff(config.get('modules_to_save'))
      ? []
      : namesOf(config.get('modules_to_save'), 'modules_to_save'),
  }
}

function isOff(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === false || value === '') return true
  return Array.isArray(value) ? value.length === 0 : value instanceof Map && value.size === 0
}

function rankOf(value: Json, key: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= largestRank) return value
  throw new FormatError(`has ${key} ${shown(value)}, expected a whole number from 1 to ${largestRank}`)
}

function alphaOf(value: Json, key: string): number {
  if (typeof value === 'number' && Math.abs(value) <= 1e9) return value
  throw new FormatError(`has ${key} ${shown(value)}, expected a number`)
}

function biasOf(value: Json): LoraConfig['bias'] {
  if (value === 'none' || value === 'all' || value === 'lora_only') return value
  throw new FormatError(`has bias ${shown(value)}, expected none, all or lora_only`)
}

function patternOf(config: JsonObject, key: string, valueOf: (value: Json, key: string) => number) {
  const given = config.get(key) ?? null
  if (given === null) return new Map<string, number>()
  const entries = asObject(given, key)
  if (entries.size > mostNames) throw new FormatError(`has more than ${mostNames} entries in ${key}`)
  return new Map([...entries].map(([name, value]) => [nameOf(name, key), valueOf(value, `${key} of ${quoted(name)}`)]))
}

function targetsOf(value: Json | undefined): readonly string[] | null {
  return Array.isArray(value) ? namesOf(value, 'target_modules') : null
}

function namesOf(value: Json | undefined, key: string): string[] {
  if (!Array.isArray(value) || value.length > mostNames)
    throw new FormatError(`has ${key} ${shown(value)}, expected a list of module names`)
  return value.map((name) => nameOf(name, key))
}

function nameOf(value: Json, key: string): string {
  if (typeof value === 'string' && value !== '' && value.length <= longestName) return value
  throw new FormatError(`has ${shown(value)} among the names of ${key}`)
}

function shown(value: Json | undefined): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return `a list of ${someOf(value.slice(0, 3).map((one) => shown(one)))}`
  return typeof value === 'string'
    ? quoted(value)
    : quoted(String(JSON.stringify(toPlain(value)) ?? value).slice(0, 80))
}
