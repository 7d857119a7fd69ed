// Native tasks of pruning, for the table in ../tasks.ts.
import type { Task } from '../tasks.ts'
import { factorTasks } from './factor.ts'
import { selectTasks } from './select.ts'
import { sparseGptTasks } from './sparseGpt.ts'

export const pruneTasks: Readonly<Record<string, Task>> = { ...selectTasks, ...factorTasks, ...sparseGptTasks }
