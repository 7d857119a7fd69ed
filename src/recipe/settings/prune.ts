// Settings of a pruning step.
import * as z from 'zod'
import {
  allocationKeys,
  tried,
  type AllocationKey,
  type AllocationSettings,
} from '../../catalog/allocations/allocation.ts'
import {
  allocationNames,
  allocationOf,
  allocationSettings,
  defaultAllocation,
  keysOf,
  type AllocationName,
} from '../../catalog/allocations/allocations.ts'
import { parseNm } from '../../catalog/formats/sparsity.ts'
import { methodKeyNames, methodKeys, type MethodKey } from '../../catalog/methods/keys.ts'
import { scopes, selections, type Scope, type Selection } from '../../catalog/methods/method.ts'
import {
  canBeGlobal,
  defaultMethod,
  defaultScope,
  methodNames,
  methodOf,
  methodsWith,
  refusesScope,
  type MethodName,
} from '../../catalog/methods/methods.ts'
import { andList } from '../../formatting/lists.ts'
import { triedWindows, unstructured, untilNone, usualSparsity } from '../defaults.ts'
import { all, count, described, idle, rate, rowsOf, type Applies } from './row.ts'

/** Keys of a step on which others depend. */
export interface Known {
  readonly method: MethodName
  readonly pattern: string
  readonly allocation: AllocationName
  readonly scope: Scope
  readonly selection: Selection
}

const row = rowsOf<Known>()

const share = z.number().gt(0).lt(1)
const names = z.array(z.string().min(1))

const methodLines = methodNames.map((name) => {
  const { formula, paper, needs } = methodOf(name)
  const source = paper === null ? '' : ` (${paper})`
  return `- \`${name}\`: ${formula}${source}, ${needs === 'nothing' ? 'no data' : 'needs calibration'}`
})
const scopeLines = methodNames.flatMap((name) => {
  const [first] = methodOf(name).scopes
  return first !== undefined && first !== 'tensor' ? [`\`${first}\` for ${name}`] : []
})
const allocationLines = allocationNames.map((name) => {
  const { about, paper, needs } = allocationOf(name)
  return `- \`${name}\`: ${about}${paper === null ? '' : ` (${paper})`}${needs === 'nothing' ? '' : ', needs calibration'}`
})
const byRow = methodNames.filter((name) => defaultScope(name, undefined) === 'row')
const withoutGlobal = methodNames.filter((name) => refusesScope(name, 'global'))
/** Methods that keep the weights as they are, and those that solve for them. */
const swappers = methodNames.filter((name) => !methodOf(name).corrects)
const solvers = methodNames.filter((name) => methodOf(name).needs === 'hessian')
const withOwnGroup = methodNames.filter((name) => methodOf(name).scopes.length === 0)

const withoutGroups: Applies<Known> = ({ pattern }) => !parseNm(pattern) || idle('with an N:M pattern', 'pattern')

/** A key that only some methods take. If they share no default, the description lists each method's own. */
function methodRow(key: MethodKey) {
  const { kind, about, option } = methodKeys[key]
  const takers = methodsWith(key)
  const values = takers.map((name) => methodOf(name).keys[key])
  const [shared] = values
  const isShared = values.every((value) => value === shared)
  const own = isShared ? '' : ` Default: ${takers.map((name, i) => `${values[i]} for ${name}`).join(', ')}.`
  return row({
    type: kind === 'count' ? count : rate,
    about: `${about} For ${andList(takers)}.${own}`,
    default: isShared && shared !== undefined ? shared : ({ method }: Known) => methodOf(method).keys[key] ?? 0,
    appliesWhen: ({ method }) =>
      takers.includes(method) || idle(`with method ${method}, only with ${andList(takers, 'or')}`, 'method'),
    leftOutWhenIdle: true,
    option: { flags: `--${key.replaceAll('_', '-')} <n>`, about: `${andList(takers)}: ${option}` },
  })
}

const methodRows = Object.fromEntries(methodKeyNames.map((key) => [key, methodRow(key)])) as Record<
  MethodKey,
  ReturnType<typeof methodRow>
>

/** Allocations with settings of their own. */
export type SettledAllocation = Exclude<AllocationName, typeof defaultAllocation>
const settled = allocationNames.filter((name): name is SettledAllocation => keysOf(name).length > 0)

/** A setting of an allocation; some may be found by trying. */
function allocationKey(name: SettledAllocation, key: AllocationKey) {
  const { about, most } = allocationKeys[key]
  const { keys, tries } = allocationOf(name)
  const number = z.number().gt(0).max(most)
  const told = (more = '') => ({ ...described(`${about}${more}`), default: keys[key] })
  if (!tries[key]) return number.meta(told()).optional()
  const auto = ` \`${tried}\`: the run tries three on ${triedWindows} windows of the calibration text, and takes the one with the lowest loss of the pruned model.`
  return z
    .union([number, z.literal(tried)])
    .meta(told(auto))
    .optional()
}

/** `owl: {…}`: the settings of an allocation by its name. */
function allocationRow(name: SettledAllocation) {
  const keys = keysOf(name).map((key) => [key, allocationKey(name, key)])
  return row({
    type: z.strictObject(Object.fromEntries(keys) as Record<AllocationKey, ReturnType<typeof allocationKey>>),
    about: `Settings of \`allocation: ${name}\`.`,
    appliesWhen: ({ allocation }) => allocation === name || idle(`with allocation ${allocation}`, 'allocation'),
    leftOutWhenIdle: true,
    resolve: (given): AllocationSettings => allocationSettings(name, given),
    field: 'prune.allocation',
  })
}

const allocationRows = Object.fromEntries(settled.map((name) => [name, allocationRow(name)])) as Record<
  SettledAllocation,
  ReturnType<typeof allocationRow>
>

export const pruneRows = {
  method: row({
    type: z.enum(methodNames),
    about: ['How weights are scored; those with the smallest scores are pruned.', ...methodLines].join('\n'),
    default: defaultMethod,
    option: { flags: '--method <method>', about: 'how weights are scored', mandatory: true },
    field: { label: 'Method' },
  }),

  sparsity: row({
    type: z.union([share, z.array(share).min(1)]),
    about:
      'Fraction of the weights that become zero, between 0 and 1. A list is spread over the depth of the model: its values are the sparsities of the first to the last block, interpolated linearly in between.',
    examples: [0.5, [0.4, 0.6]],
    resolve(written = usualSparsity, { pattern }) {
      const nm = parseNm(pattern)
      return nm ? nm.n / nm.m : written
    },
    option: {
      flags: '--sparsity <s...>',
      about: 'share of the weights to prune, 0 to 1; several values are spread over the depth',
    },
    field: { label: 'Sparsity' },
    remark: 'share of the weights to prune',
  }),

  allocation: row({
    type: z.enum(allocationNames),
    about: [
      'How one sparsity is spread over the blocks; its mean over the weights does not change.',
      ...allocationLines,
    ].join('\n'),
    default: defaultAllocation as AllocationName,
    appliesWhen: ({ method, scope, pattern }) =>
      scope !== 'global' ||
      !canBeGlobal(method) ||
      parseNm(pattern) !== null ||
      idle('with scope global, which allocates by itself', 'scope', 'method'),
    option: {
      flags: '--allocation <name>',
      about: 'how one sparsity is spread over the blocks (default: uniform)',
    },
    field: { label: 'Allocation' },
    remark: ({ allocation }) => allocationOf(allocation).about,
  }),

  ...allocationRows,

  pattern: row({
    type: z
      .string()
      .refine((text) => text === unstructured || parseNm(text) !== null, {
        error: 'expected unstructured or "N:M" with 0 < N < M, as in "2:4"',
      })
      .meta({ pattern: '^(unstructured|[1-9]\\d{0,3}:[1-9]\\d{0,3})$' }),
    about:
      '`unstructured`, or `"N:M"` in quotes: in each group of M consecutive inputs of a row exactly N weights become **zero**. Hardware papers count the weights that stay: their 1:4 is `"3:4"` here.',
    default: unstructured,
    examples: [unstructured, '2:4', '4:8'],
    option: {
      flags: '--pattern <N:M>',
      about: 'N zeros (not kept weights) in each M consecutive inputs, such as 2:4 (default: unstructured)',
    },
    field: 'prune.sparsity',
    remark: 'the smallest of every group along the inputs are pruned',
  }),

  scope: row({
    type: z.enum(scopes),
    about: `The group in which weights compete: one \`tensor\`, one \`row\` (output neuron) or all of them (\`global\`). Default: ${scopeLines.join(', ')}, \`tensor\` for the others and for \`selection: perp\`, whose threshold is the tensor's. N:M and ${andList(withOwnGroup)} have groups of their own; ${andList(withoutGlobal)} do not support \`global\`.`,
    default: ({ method, selection }: Known) => defaultScope(method, selection),
    appliesWhen: all<Known, Scope>(withoutGroups, ({ method }) => {
      const { scopes: offered, ownGroup } = methodOf(method)
      return offered.length > 0 || idle(`with ${method}, whose group is ${ownGroup}`, 'method')
    }),
    option: {
      flags: '--scope <scope>',
      about: `group in which weights compete (default: row for ${andList(byRow)}, else tensor; tensor with --selection perp)`,
    },
  }),

  selection: row({
    type: z.enum(selections),
    about:
      '`exact` prunes round(s·n) weights of a group, of equal scores the lower index first; `perp` prunes every score ≤ sorted[int(n·s)], as the code of PERP does.',
    default: 'exact',
    appliesWhen: all<Known, Selection>(
      withoutGroups,
      ({ method }) => !methodOf(method).exactOnly || idle(`with ${method}, which prunes exact counts`, 'method'),
    ),
    option: { flags: '--selection <rule>', about: 'exact counts, or the threshold of the published code' },
  }),

  ...methodRows,

  swaps: row({
    type: z.union([z.int().min(0).max(1e9), z.literal(untilNone)]),
    about: `Largest number of swaps for each row: a pruned and a kept weight change places where that lowers the error of the row's outputs (docs/methods.md, "Swaps"; arXiv 2512.10922). \`${untilNone}\`: until no swap helps, at most a tenth of the row. Needs calibration. For ${andList(swappers)}.`,
    default: 0,
    // The default is not filled in: recipes without the key keep the hash by which a sweep recognises its runs.
    resolve: (_, __, written) => written,
    appliesWhen: ({ method }) =>
      swappers.includes(method) || idle(`with method ${method}, which solves for the kept weights`, 'method'),
    leftOutWhenIdle: true,
    option: {
      flags: '--swaps <n>',
      about: `${andList(swappers)}: largest number of swaps for each row, or ${untilNone}`,
    },
  }),

  reorder: row({
    type: z.boolean(),
    about: `With an N:M pattern: channels of the MLP, and value channels of a head, first take an order that spreads important weights over the groups of M, so that few of them are pruned (docs/methods.md, "Reordered channels"). The model computes the same, but its weights are no longer in the order of the dense checkpoint. For ${andList(solvers)}.`,
    default: false,
    // The default is not filled in: recipes without the key keep the hash by which a sweep recognises its runs.
    resolve: (_, __, written) => written,
    appliesWhen: ({ method, pattern }) =>
      parseNm(pattern) === null
        ? idle('without an N:M pattern', 'pattern')
        : solvers.includes(method) || idle(`with method ${method}, only with ${andList(solvers, 'or')}`, 'method'),
    leftOutWhenIdle: true,
    option: { flags: '--reorder', about: `${andList(solvers)} with N:M: reorder channels first` },
  }),

  targets: row({
    type: names.min(1),
    about:
      'What to prune. Each entry is a class (`Linear`: every projection inside the blocks), an exact module name, or `re:` and a regular expression on module names, anchored at the left.',
    default: ['Linear'],
    examples: [['Linear'], ['re:.*fc[12]$']],
    option: {
      flags: '--targets <name...>',
      about: 'class, module name or re:pattern (default: Linear, all linears of the blocks)',
    },
  }),

  ignore: row({
    type: names,
    about: 'Modules that are not pruned although `targets` matches them, in the same forms.',
    default: [],
    option: { flags: '--ignore <name...>', about: 'modules that are not pruned, in the same forms' },
  }),
}
