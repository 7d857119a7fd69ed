// Memory, disk and time.
import { formatBytes } from '../../format/byteSize.ts'
import { type Overlap, overlapOfPaths } from '../../format/paths.ts'
import { estimateDisk } from '../../plan/disk.ts'
import { leastMemory } from '../../plan/memory.ts'
import { estimateSeconds, roughDuration } from '../../plan/time.ts'
import { defineRule } from '../rule.ts'

export const g1 = defineRule({
  id: 'G1',
  severity: 'warning',
  needs: 'machine',
  title: 'More memory than there is',
  why: 'The estimate counts what must be in memory at once: the largest block, its gradients and Adam state, activations, Hessians. Blocks stream from disk, so the model itself need not fit.',
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
})

const overlaps: Record<Overlap, string> = {
  same: 'The output would overwrite the model: choose another folder.',
  inside: 'The output would lie inside the folder of the model, which is never touched: choose one beside it.',
  around: 'The folder of the model lies inside the output: choose another folder.',
}

export const g2 = defineRule({
  id: 'G2',
  severity: 'error',
  title: 'The output folder cannot be written',
  why: 'The source is never touched and nothing is overwritten: `save.to` must be a new folder on a disk with room for the model.',
  bad: 'model: m\nprune: [{sparsity: 0.3}]\nsave: {to: ./m}',
  good: 'model: m\nprune: [{sparsity: 0.3}]\nsave: {to: out}',
  *check({ resolved, facts, model }) {
    const { save } = resolved
    if (!save) return
    const at = ['save', 'to']
    const overlap = facts.output?.overlap ?? overlapOfPaths(save.to, resolved.model)
    if (overlap) {
      yield { at, message: overlaps[overlap] }
      return
    }
    if (facts.output?.exists) {
      yield {
        at,
        severity: 'warning',
        message: `${save.to} is there already and is not overwritten: choose another folder, or remove it.`,
      }
    }
    const free = facts.machine?.freeDiskBytes ?? null
    if (free === null || !model?.modelConfig) return
    const needed = estimateDisk(resolved, model)
    if (needed <= free) return
    yield {
      at,
      severity: 'warning',
      message: `The result takes about ${formatBytes(needed)}, the disk has ${formatBytes(free)} left.`,
    }
  },
})

const longSeconds = 3600

export const g3 = defineRule({
  id: 'G3',
  severity: 'info',
  needs: 'machine',
  title: 'A long run without a GPU',
  why: 'No GPU was found, so the run would compute on the CPU. The time is an estimate from the number of operations.',
  bad: 'recover: {mode: retrain, data: a.jsonl, seq_len: 256, batch_size: 512, steps: 100000, train: [norm]}\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  *check({ facts, resolved, model }) {
    if (!facts.machine || facts.machine.gpu !== false || !model?.modelConfig) return
    const seconds = estimateSeconds(resolved, model, facts.machine, facts.data)
    if (seconds < longSeconds) return
    yield { at: ['model'], message: `There is no GPU here: on the CPU this takes about ${roughDuration(seconds)}.` }
  },
})
