// The entry of config.json for a checkpoint in the layouts `sparse-bitmask` and `sparse-24-bitmask`, as compressed-tensors
// 0.14 writes it. Such checkpoints are read, never written.
import { removeTopLevel } from '../../formatting/jsonEdit.ts'
import { isRecord } from '../../formatting/records.ts'

const key = 'quantization_config'
const formats: readonly unknown[] = ['sparse-bitmask', 'sparse-24-bitmask']

/** Whether a `quantization_config` says bitmask and nothing else: such weights are whole, only stored otherwise. */
export function isBitmaskConfig(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { quant_method: method, format, sparsity_config: sparsity, config_groups: groups } = value
  const isDense = (format === undefined || format === 'dense') && !hasMembers(groups)
  return method === 'compressed-tensors' && isDense && isRecord(sparsity) && formats.includes(sparsity.format)
}

/** `text` of a config.json as it is for dense weights; other quantisation is left as it is. */
export function withoutBitmaskConfig(text: string): string {
  const config: unknown = JSON.parse(text)
  return isRecord(config) && isBitmaskConfig(config[key]) ? removeTopLevel(text, key) : text
}

function hasMembers(value: unknown): boolean {
  return isRecord(value) && Object.keys(value).length > 0
}
