// Names of other tools for what we have under another name (recipes reference, section 3).
import type { Path } from './document.ts'

/** Path of each setting in a SparseScope recipe. Steps of `prune` have index 0. */
export const oldNames: Readonly<Record<string, Path>> = {
  percdamp: ['prune', 0, 'dampening'],
  dampening_frac: ['prune', 0, 'dampening'],
  goal_sparsity: ['prune', 0, 'sparsity'],
  final_sparsity: ['prune', 0, 'sparsity'],
  prune_method: ['prune', 0, 'method'],
  sparsity_type: ['prune', 0, 'pattern'],
  mask_structure: ['prune', 0, 'pattern'],
  prunen: ['prune', 0, 'pattern'],
  prunem: ['prune', 0, 'pattern'],
  compress_layers: ['prune', 0, 'targets'],
  target_ids: ['prune', 0, 'targets'],
  layer_prefix: ['prune', 0, 'targets'],
  sequential_update: ['recover', 'mode'],
  reconstruct_n_samples: ['calibration', 'samples'],
  training_mode: ['recover', 'mode'],
  peft_strategy: ['recover', 'train'],
  peft_use_bias: ['recover', 'train'],
  peft_use_ln: ['recover', 'train'],
  peft_use_lm_head: ['recover', 'train'],
  peft_use_lora: ['recover', 'train'],
  lora_type: ['recover', 'train'],
  lora_r: ['recover', 'lora', 'rank'],
  lora_alpha: ['recover', 'lora', 'alpha'],
  n_iterations: ['recover', 'steps'],
  initial_lr: ['recover', 'lr'],
  gradient_accumulation_steps: ['recover', 'grad_accumulation'],
}

/** Names whose value means the same, so that renaming is enough. */
export const renamed: ReadonlySet<string> = new Set([
  'percdamp',
  'dampening_frac',
  'goal_sparsity',
  'final_sparsity',
  'prune_method',
  'sparsity_type',
  'mask_structure',
  'training_mode',
  'lora_r',
  'lora_alpha',
  'n_iterations',
  'initial_lr',
  'gradient_accumulation_steps',
  'compress_layers',
  'reconstruct_n_samples',
])
