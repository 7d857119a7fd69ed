import { formatBytes } from '../../formatting/numbers.ts'
import { type Overlap, overlapOfPaths } from '../../formatting/paths.ts'
import { estimateDisk, ggufPlace } from '../../plan/outputs.ts'
import type { RuleFile } from '../rule.ts'

const overlaps: Record<Overlap, string> = {
  same: 'The output would overwrite the model: choose another folder.',
  inside: 'The output would be inside the folder of the model, which is never changed: choose one beside it.',
  around: 'The folder of the model is inside the output: choose another folder.',
}

export const rule: RuleFile = {
  id: 'G2',
  severity: 'error',
  needs: 'output',
  title: 'The output folder cannot be written',
  why: 'The source is never changed and nothing is overwritten: `save.to`, and `save.pruned` beside it, must be new folders on a disk with room for the model, and the GGUF file of `format: gguf` a new file. Files of an evaluation, `evaluate[].out`, go into none of these folders.',
  bad: 'model: m\nprune: [{sparsity: 0.3}]\nsave: {to: ./m}',
  good: 'model: m\nprune: [{sparsity: 0.3}]\nsave: {to: out}',
  *check({ resolved, facts, model }) {
    const { save } = resolved
    const saved = save ? [save.to, ...(save.pruned === undefined ? [] : [save.pruned])] : []
    for (const [i, { out }] of resolved.evaluate.entries()) {
      const isIn = (place: string) => out !== undefined && ['same', 'inside'].includes(overlapOfPaths(out, place) ?? '')
      const at = ['evaluate', i, 'out']
      if (isIn(resolved.model))
        yield {
          at,
          message: 'These files would be in the folder of the model, which is never changed: choose one beside it.',
        }
      else if (saved.some(isIn))
        yield { at, message: 'These files would be in what is saved, which must be a new folder: choose another.' }
    }
    if (!save) return
    const at = ['save', 'to']
    const outputs = [
      { at, to: save.to, known: facts.output },
      ...(save.pruned === undefined ? [] : [{ at: ['save', 'pruned'], to: save.pruned, known: facts.prunedOutput }]),
      ...(save.format === 'gguf' ? [{ at, to: ggufPlace(save.to), known: facts.ggufOutput }] : []),
    ]
    for (const { at, to, known } of outputs) {
      const overlap = known?.overlap ?? overlapOfPaths(to, resolved.model)
      if (overlap) {
        yield { at, message: overlaps[overlap] }
        return
      }
      if (known?.exists) {
        const message = `${to} is there already and is not overwritten: choose another name, or remove it.`
        yield { at, severity: 'warning', message }
      }
    }
    if (save.pruned !== undefined && overlapOfPaths(save.pruned, save.to))
      yield {
        at: ['save', 'pruned'],
        message: 'One of the pruned model and the result would be inside the other: choose folders side by side.',
      }
    const free = facts.machine?.freeDiskBytes ?? null
    if (free === null || !model?.modelConfig) return
    const needed = estimateDisk(resolved, model)
    if (needed <= free) return
    yield {
      at,
      severity: 'warning',
      message: `${save.pruned === undefined ? 'The result takes' : 'Pruned model and result take'} about ${formatBytes(needed)}, the disk has ${formatBytes(free)} left.`,
    }
  },
}
