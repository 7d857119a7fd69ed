import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'S10',
  severity: 'warning',
  title: 'A recipe that does nothing',
  why: 'Without `prune`, `recover` and `evaluate` there is nothing to run; without `save` and `evaluate` the result is lost.',
  bad: 'seed: 0',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  *check({ get, has }) {
    // A key that is there but wrong is reported by another rule: only missing keys count here.
    const there = (key: string) => {
      const value = get([key])
      return value !== undefined && !(Array.isArray(value) && value.length === 0)
    }
    const works = there('prune') || there('recover')
    if (there('evaluate') || (works && there('save')) || !has(['version'])) return
    yield {
      at: { key: ['version'] },
      from: works ? [['save'], ['evaluate']] : [['prune'], ['recover'], ['evaluate']],
      message: works
        ? 'This recipe neither saves nor evaluates its result: add save or evaluate.'
        : 'This recipe does nothing: add prune, recover or evaluate.',
    }
  },
}
