import { formatBytes } from '../../formatting/numbers.ts'
import { leastMemory } from '../../plan/memory.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'G1',
  severity: 'warning',
  needs: 'machine',
  title: 'Not enough memory',
  why: 'The estimate counts what must be in memory at once: the largest block, its gradients and Adam state, activations, Hessians. Blocks are read from disk one at a time, so the model itself need not fit.',
  bad: 'recover: {mode: retrain, data: a.jsonl, seq_len: 256, batch_size: 100000, train: [norm]}\nsave: {to: out}',
  good: 'recover: {mode: retrain, data: a.jsonl, seq_len: 256, batch_size: 1, train: [norm]}\nsave: {to: out}',
  *check(context) {
    const { facts, model, resolved, recoveries, has } = context
    if (!facts.machine || !model?.modelConfig) return
    const needed = leastMemory(resolved, model, facts.machine)
    if (needed <= facts.machine.memoryBytes) return
    const lengths = recoveries.flatMap(({ path }) => [
      [...path, 'batch_size'],
      [...path, 'seq_len'],
    ])
    const at = [...lengths, ['calibration', 'seq_len']].find(has)
    yield {
      at: at ?? ['model'],
      message: `This needs about ${formatBytes(needed)}, the machine has ${formatBytes(facts.machine.memoryBytes)}: use mode reconstruct, smaller batches or shorter windows.`,
    }
  },
}
