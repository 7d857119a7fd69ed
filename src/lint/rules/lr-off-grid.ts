import { countParameters } from '../../plan/trainable.ts'
import { numberText } from '../../recipe/edits.ts'
import { largeFrom } from '../../recipe/measured.ts'
import type { RuleFile } from '../rule.ts'

const grid = [5e-6, 1e-5, 5e-5, 1e-4, 5e-4]
/** Measured best on a model of 135 million parameters (src/recipe/measured.ts). */
const gridOfSmall = [...grid, 1e-3, 2e-3]

export const rule: RuleFile = {
  id: 'L1',
  severity: 'hint',
  title: "A learning rate outside the paper's grid",
  why: 'PERP tunes the rate over 5e-6, 1e-5, 5e-5, 1e-4 and 5e-4 on models of a billion parameters and more. Smaller models can need higher rates: with all kept weights reconstructed after ALPS, SmolLM2-135M was best at 2e-3, while retraining Qwen2.5-Coder-0.5B was better at 5e-4 than at 2e-3. Norms alone were best at 2e-2 in Qwen2.5-Coder-0.5B and 1.5B, at 5e-3 in SmolLM2. Below 300 million parameters 1e-3 and 2e-3 are accepted too.',
  bad: 'recover: {train: [norm], lr: 3.0e-4}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {train: [norm], lr: 5.0e-4}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ fix, recoveries, model }) {
    const isSmall = model?.modelConfig != null && countParameters(model.modelConfig) < largeFrom
    for (const { path, written } of recoveries) {
      const { lr } = written
      if (lr === undefined || (isSmall ? gridOfSmall : grid).some((g) => Math.abs(g - lr) < g * 1e-6)) continue
      const distance = (g: number) => Math.abs(Math.log(g / lr))
      const nearest = grid.reduce((a, b) => (distance(b) < distance(a) ? b : a))
      const at = [...path, 'lr']
      yield {
        at,
        message: `The paper's rates are 5e-6 to 5e-4; the nearest is ${nearest.toExponential()}.`,
        fixes: [fix.write(at, numberText(nearest))],
      }
    }
  },
}
