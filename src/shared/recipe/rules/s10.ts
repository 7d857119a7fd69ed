import { defineRule } from '../rule.ts'

export const s10 = defineRule({
  id: 'S10',
  severity: 'warning',
  title: 'A recipe that does nothing',
  why: 'Without `prune`, `recover` and `evaluate` there is nothing to run; without `save` and `evaluate` the result is thrown away.',
  bad: 'seed: 0',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  *check({ document, resolved, has }) {
    const works = resolved.prune.length > 0 || resolved.recover !== undefined
    const shows = resolved.evaluate.length > 0
    if (shows || (works && resolved.save)) return
    const end = document.text.indexOf('\n')
    yield {
      at: has(['version']) ? { key: ['version'] } : document.range(0, end < 0 ? document.text.length : end),
      message: works
        ? 'This recipe neither saves nor evaluates its result: add save or evaluate.'
        : 'This recipe does nothing: add prune, recover or evaluate.',
    }
  },
})
