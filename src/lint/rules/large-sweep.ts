import { countRuns } from '../../recipe/sweepSchema.ts'
import type { RuleFile } from '../rule.ts'

const many = 50

export const rule: RuleFile = {
  id: 'G4',
  severity: 'warning',
  title: 'A very large sweep',
  why: 'A sweep runs every combination of its values.',
  bad: 'prune: [{sparsity: 0.3}]\nsave: {to: out}\nsweep: {seed: [0, 1, 2, 3, 4, 5, 6, 7], prune.0.sparsity: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}\nsweep: {seed: [0, 1, 2]}',
  *check({ recipe }) {
    const runs = countRuns(recipe.sweep ?? {})
    if (runs > many) yield { at: { key: ['sweep'] }, message: `This sweep makes ${runs} runs.` }
  },
}
