import { formatBytes } from '../../format/byteSize.ts'
import { type Overlap, overlapOfPaths } from '../../format/paths.ts'
import { estimateDisk } from '../../plan/disk.ts'
import { defineRule } from '../../rule/rule.ts'

const overlaps: Record<Overlap, string> = {
  same: 'The output would overwrite the model: choose another folder.',
  inside: 'The output would lie inside the folder of the model, which is never touched: choose one beside it.',
  around: 'The folder of the model lies inside the output: choose another folder.',
}

export const rule = defineRule({
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
