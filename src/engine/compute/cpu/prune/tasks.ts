// Native tasks of pruning, for the table in ../tasks.ts.
import type { Task } from '../tasks.ts'

export const pruneTasks: Readonly<Record<string, Task>> = {}
