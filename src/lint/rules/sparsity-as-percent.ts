import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'N6',
  severity: 'error',
  voice: 'explains',
  hasSafeFix: true,
  title: 'A sparsity that looks like a percentage',
  why: 'Sparsity is a fraction between 0 and 1.',
  bad: 'prune: [{sparsity: 30}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  *check({ fix, get }) {
    const prune = get(['prune'])
    if (!Array.isArray(prune)) return
    for (const i of prune.keys()) {
      const path = ['prune', i, 'sparsity']
      const value = get(path)
      const all = Array.isArray(value) ? value.map((v, j) => [v, [...path, j]] as const) : [[value, path] as const]
      for (const [v, at] of all) {
        const percent = typeof v === 'string' ? Number(/^(\d+(?:\.\d+)?)\s*%$/.exec(v)?.[1]) : v
        if (typeof percent !== 'number' || !Number.isFinite(percent) || (percent < 1 && typeof v === 'number')) continue
        const better = Number((percent / 100).toPrecision(6))
        const usable = better > 0 && better < 1 && percent !== 1
        yield {
          at,
          message: usable
            ? `Sparsity is a fraction: write ${better} for ${percent} %.`
            : `Sparsity is a fraction below 1: at ${String(v)} nothing would be left.`,
          fixes: usable ? [fix.write(at, better)] : [],
        }
      }
    }
  },
}
