// OLMo 3: OLMo 2 with a window in three blocks of four; only the others are scaled for longer contexts.
import { family } from './familySpec.ts'
import { olmo2 } from './olmo2.ts'

export const olmo3 = family({
  ...olmo2,
  modelType: 'olmo3',
  title: 'OLMo 3',
  position: { theta: 5e5, local: { thetaKey: 'rope_theta', theta: 5e5 } },
  window: { otherwise: 4096, byType: true, pattern: { everyKey: null, every: 4 } },
})
