// Ids that a finding can have: those of the rules, and the two that lint reports itself.
import { rules } from './rules/index.ts'

export const ruleIds: ReadonlySet<string> = new Set([...rules.map((r) => r.id), 'X4', 'Y7'])
