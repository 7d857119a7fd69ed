// An Axolotl configuration, fine-tuning with an llm-compressor recipe inside, as a recipe.
import { defaultAdapter } from '../../adapters/adapters.ts'
import { modifierRecipe, withoutUndefined, type Draft, type Note } from './convert.ts'
import { isMap, modifiersIn, type Json, type JsonMap } from './dialect.ts'

/** Their names of numbers of a retraining, and ours. */
const ofRetraining = {
  max_steps: 'steps',
  learning_rate: 'lr',
  weight_decay: 'weight_decay',
  max_grad_norm: 'clip_norm',
  micro_batch_size: 'batch_size',
  gradient_accumulation_steps: 'grad_accumulation',
  sequence_len: 'seq_len',
} as const
const taken = new Set(['base_model', 'datasets', 'adapter', 'lora_r', 'lora_alpha', 'seed', 'llmcompressor', ...Object.keys(ofRetraining)]) // prettier-ignore
/** Of where and how it computes and what it tells meanwhile: nothing of the result. */
const besides =
  /^(?:plugins|output_dir|bf16|fp16|tf32|float16|bfloat16|gradient_checkpointing.*|(?:flash|sdp|xformers)_attention|dataset_(?:prepared_path|processes)|logging_steps|(?:evals|saves)_per_epoch|(?:eval|save)_(?:steps|strategy|total_limit)|(?:wandb|mlflow|comet|hub)_.*|use_wandb|deepspeed|fsdp.*|strict|debug|tokenizer_type|model_type|special_tokens|resume_from_checkpoint|auto_resume_from_checkpoints)$/

export function axolotlRecipe(root: JsonMap, notes: Note[]): Draft {
  const note = (key: string, message: string) => notes.push({ path: [key], message })
  const inner = isMap(root.llmcompressor) && isMap(root.llmcompressor.recipe) ? root.llmcompressor.recipe : {}
  const draft = modifierRecipe(inner, ['llmcompressor', 'recipe'], notes)
  if (typeof root.base_model === 'string') draft.model = root.base_model
  if (typeof root.seed === 'number') draft.seed = root.seed
  if (root.datasets !== undefined)
    note('datasets', 'prompt types of datasets have no counterpart: name a file of plain text')
  for (const key of Object.keys(root))
    if (!taken.has(key) && !besides.test(key)) note(key, `${key} has no counterpart and was left out`)
  const constant = modifiersIn(inner).some((m) => m.name === 'ConstantPruningModifier')
  if (constant || root.max_steps !== undefined || root.num_epochs !== undefined)
    draft.recover = retraining(root, note) as Json
  return draft
}

function retraining(root: JsonMap, note: (key: string, message: string) => void): JsonMap {
  const number = (key: string) => (typeof root[key] === 'number' ? root[key] : undefined)
  const [dataset] = Array.isArray(root.datasets) ? root.datasets : []
  const hasAdapter = root.adapter === 'lora' || root.adapter === 'qlora'
  if (hasAdapter)
    note('adapter', `${String(root.adapter)} would fill the zeros when merged: ${defaultAdapter} was taken`)
  const numbers = Object.entries(ofRetraining).map(([theirs, ours]) => [ours, number(theirs)] as const)
  return withoutUndefined({
    mode: 'retrain',
    train: hasAdapter ? [defaultAdapter] : ['full'],
    lora: hasAdapter ? withoutUndefined({ rank: number('lora_r'), alpha: number('lora_alpha') }) : undefined,
    ...Object.fromEntries(numbers),
    data: isMap(dataset) && typeof dataset.path === 'string' ? dataset.path : 'path/to/text.jsonl',
  })
}
