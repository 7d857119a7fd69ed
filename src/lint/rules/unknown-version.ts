import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'S4',
  severity: 'error',
  voice: 'explains',
  title: 'A version that this SparseScope does not support',
  why: 'A newer format may mean something else by the same keys, so it is refused.',
  bad: 'version: 2',
  good: 'version: 1',
  *check({ fix, get }) {
    const version = get(['version'])
    if (version === undefined || version === 1) return
    const newer = typeof version === 'number' && version > 1
    yield {
      at: ['version'],
      message: newer
        ? `This recipe is of version ${version}, newer than this SparseScope, which knows version 1: update SparseScope.`
        : 'The version of the format is 1.',
      fixes: newer ? [] : [fix.write(['version'], '1')],
    }
  },
}
