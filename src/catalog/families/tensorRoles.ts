// Finds the role of a checkpoint's tensor: by its family's row if the model is known, else by its name.
import { readModelConfig } from './modelConfig.ts'
import { modelParameters, type Parameter } from './parameters.ts'

/** The role of a tensor. Sparsity is stated for `linear` only: the matrices inside the blocks, which can be pruned. */
export type Role = 'linear' | 'embedding' | 'norm' | 'bias' | 'head' | 'router' | 'other'

export interface TensorRole {
  readonly role: Role
  /** Transformer block, null outside the blocks. */
  readonly block: number | null
  /** Name inside the block without `.weight`, an expert's number replaced by `*`; outside the blocks the whole name. */
  readonly module: string
  /** Stored as [in, out]. */
  readonly transposed: boolean
}

export interface TensorRoles {
  /** False when the roles are guesses by name. */
  readonly familyKnown: boolean
  readonly of: (name: string, shape: readonly number[]) => TensorRole
}

const kinds: Record<Parameter['kind'], Role> = {
  linear: 'linear',
  bias: 'bias',
  norm: 'norm',
  normBias: 'norm',
  embedding: 'embedding',
  projection: 'other',
  router: 'router',
  head: 'head',
}

/** `config`: the parsed config.json or null. `names`: the checkpoint's tensors. Never throws. */
export function tensorRoles(config: unknown, names: { has(name: string): boolean }): TensorRoles {
  const known = knownModel(config, names)
  const of = (name: string, shape: readonly number[]): TensorRole => {
    const parameter = known?.parameters.get(name)
    // A block number in such a name may be that of a vision tower.
    if (!parameter && known?.isPart)
      return { role: 'other', block: null, module: moduleIn(name, null), transposed: false }
    if (!parameter) return { ...byName(name, shape), transposed: false }
    const { kind, block, transposed } = parameter
    return { role: kinds[kind], block, module: moduleIn(name, block), transposed }
  }
  return { familyKnown: known !== null, of }
}

/** null when the family is unknown or the configuration unusable; tensors can still be inspected. */
function knownModel(
  config: unknown,
  names: { has(name: string): boolean },
): { parameters: Map<string, Parameter>; isPart: boolean } | null {
  try {
    const model = readModelConfig(config, names)
    const list = modelParameters(model).filter((p) => names.has(p.name))
    return { parameters: new Map(list.map((p) => [p.name, p])), isPart: model.isPart }
  } catch {
    return null
  }
}

/** `blk` and the names without a dot before their number, such as `token_embd`, are GGUF's. */
const blockName = /(?:^|\.)(?:layers?|h|blocks?|blk)\.(\d+)\./

function byName(name: string, shape: readonly number[]): Omit<TensorRole, 'transposed'> {
  const match = blockName.exec(name)
  const block = match ? Number(match[1]) : null
  return { role: roleByName(name, shape, block !== null), block, module: moduleIn(name, block) }
}

function roleByName(name: string, shape: readonly number[], inBlock: boolean): Role {
  if (/(^|[._])(lm_head|embed_out)\.|^output\.weight$/.test(name)) return 'head'
  if (/(^|[._])(embed\w*|embd|wte|wpe)\./.test(name)) return 'embedding'
  if (/(norm|(^|[._])ln)(_?\w+)?\.(weight|bias)$/.test(name)) return 'norm'
  if (name.endsWith('.bias')) return 'bias'
  if (!inBlock || !name.endsWith('.weight')) return 'other'
  // GGUF has all experts of a block in one tensor.
  if (shape.length !== 2) return /^blk\..*_exps\.weight$/.test(name) ? 'linear' : 'other'
  return /(router|(?<!\w)gate|_gate_inp)\.weight$/.test(name) ? 'router' : 'linear'
}

function moduleIn(name: string, block: number | null): string {
  const bare = name.replace(/\.weight$/, '')
  if (block === null) return bare
  const inside = bare.slice(bare.indexOf(`.${block}.`) + `.${block}.`.length)
  return inside.replace(/(^|\.)experts\.\d+\./, '$1experts.*.')
}
