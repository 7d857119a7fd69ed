// What the page of a recipe's training knows.
import { computed, signal } from '@preact/signals'
import type { PlanRow, PlanSummary } from '../../src/shared/plan/planSummary.ts'
import type { ToTrainable } from '../../src/shared/protocol/view.ts'
import { compileFilter, type Filter } from '../shared/filter.ts'
import type { PageMessage } from '../shared/page.tsx'
import { shareMap } from './shares.ts'

export const plan = signal<PlanSummary | null>(null)
export const shares = computed(() => shareMap(plan.value?.rows ?? []))

export function receive(message: PageMessage<ToTrainable>): void {
  plan.value = message.plan
}

export const filter = signal<Filter>({ text: '', regex: false })
/** Rows that the filter keeps; all while an expression is wrong. */
export const rows = computed<readonly PlanRow[]>(() => {
  const { keep } = compileFilter(filter.value)
  return (plan.value?.rows ?? []).filter(({ name }) => keep?.(name) ?? true)
})
