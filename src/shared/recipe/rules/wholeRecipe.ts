// What a recipe says, or leaves unsaid, as a whole.
import { methodOf } from '../../methods/methods.ts'
import { insertKey, replaceValue } from '../edits.ts'
import { defineRule } from '../rule.ts'

export const s4 = defineRule({
  id: 'S4',
  severity: 'error',
  explains: true,
  title: 'A version that this SparseScope does not know',
  why: 'A newer format may mean something else by the same keys, so it is refused instead of guessed at.',
  bad: 'version: 2',
  good: 'version: 1',
  *check({ document, get }) {
    const version = get(['version'])
    if (version === undefined || version === 1) return
    const newer = typeof version === 'number' && version > 1
    yield {
      at: ['version'],
      message: newer
        ? `This recipe is of version ${version}, newer than this SparseScope, which knows version 1: update SparseScope.`
        : 'The version of the format is 1.',
      fixes: newer ? [] : [{ title: 'Write 1', edits: replaceValue(document, ['version'], '1') }],
    }
  },
})

export const s10 = defineRule({
  id: 'S10',
  severity: 'warning',
  title: 'A recipe that does nothing',
  why: 'Without `prune`, `recover` and `evaluate` there is nothing to run; without `save` and `evaluate` the result is thrown away.',
  bad: 'seed: 0',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  *check({ get, has }) {
    // What is there but wrong is reported as such: only what is missing counts here.
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
})

export const l6 = defineRule({
  id: 'L6',
  severity: 'hint',
  title: 'No seed',
  why: 'Calibration windows, random pruning, adapter starts and shuffling are drawn with it. It is 0 when it is missing; written down, a reader sees that runs repeat (llm-compressor#1421).',
  bad: 'prune: [{method: random, sparsity: 0.3}]\nsave: {to: out}',
  good: 'prune: [{method: random, sparsity: 0.3}]\nseed: 0\nsave: {to: out}',
  *check({ document, resolved, recoveries, has }) {
    if (has(['seed'])) return
    const shuffled = recoveries.find((one) => one.resolved.shuffle)
    const drawn = resolved.prune.some(({ method }) => methodOf(method).seeded)
    if (!drawn && !shuffled && !resolved.calibration) return
    yield {
      at: {
        key: resolved.calibration ? ['calibration'] : shuffled ? [...shuffled.path, 'shuffle'] : ['prune'],
      },
      from: [['seed']],
      message: 'Something is drawn at random here: write the seed down.',
      fixes: [{ title: 'Add seed: 0', edits: insertKey(document, [], 'seed', '0') }],
    }
  },
})
