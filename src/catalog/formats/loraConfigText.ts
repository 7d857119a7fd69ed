// adapter_config.json as PEFT reads it. Keys that it does not know it refuses, so nothing of our own stands in it.

export interface WrittenLora {
  readonly rank: number
  readonly alpha: number
  /** Full names of the adapted modules. */
  readonly targets: readonly string[]
  /** Full names of the norms whose weights are in the file. */
  readonly modulesToSave: readonly string[]
  /** All biases of the model are in the file. */
  readonly biases: boolean
  /** The matrices are stored [inputs, outputs], as GPT-2's. */
  readonly transposed: boolean
}

export function loraConfigText(lora: WrittenLora): string {
  const config = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: null,
    r: lora.rank,
    lora_alpha: lora.alpha,
    lora_dropout: 0,
    bias: lora.biases ? 'all' : 'none',
    target_modules: lora.targets,
    modules_to_save: lora.modulesToSave.length > 0 ? lora.modulesToSave : null,
    fan_in_fan_out: lora.transposed,
    inference_mode: true,
    init_lora_weights: true,
    use_rslora: false,
    use_dora: false,
  }
  return `${JSON.stringify(config, null, 2)}\n`
}
