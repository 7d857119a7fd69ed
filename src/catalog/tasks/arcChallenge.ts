import { arcEasy } from './arcEasy.ts'
import type { TaskRow } from './task.ts'

/** The same form as ARC-Easy, with harder questions. */
export const arcChallenge: TaskRow = {
  ...arcEasy,
  title: 'ARC-Challenge',
  about: 'harder questions of school science, which retrieval alone does not answer (test of ai2_arc ARC-Challenge)',
}
