// Sparsities that the inspector has counted, kept between sessions. The tree shows them for models that no run has made.
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Memento } from 'vscode'
import type { ModelSummary, TensorStats } from '../../protocol/inspect.ts'

interface Counted {
  stamp: string
  sparsity: number
}

const key = 'models.sparsity'
/** The oldest are forgotten beyond this. */
const most = 500

export class KnownSparsity {
  constructor(private readonly state: Pick<Memento, 'get' | 'update'>) {}

  /** null: not counted in this state of the files. */
  get(path: string, stamp: string): number | null {
    const counted = this.all().find(([known]) => known === path)?.[1]
    return counted?.stamp === stamp ? counted.sparsity : null
  }

  async set(path: string, stamp: string, sparsity: number): Promise<void> {
    const others = this.all().filter(([known]) => known !== path)
    await this.state.update(key, [...others, [path, { stamp, sparsity }]].slice(-most))
  }

  private all(): [string, Counted][] {
    return this.state.get<[string, Counted][]>(key, [])
  }
}

/** Over the matrices inside the blocks; null while one of them is not counted. */
export function linearSparsity(model: ModelSummary, stats: ReadonlyMap<string, TensorStats>): number | null {
  let [zeros, weights] = [0, 0]
  for (const { name, role, parameters } of model.tensors) {
    if (role !== 'linear') continue
    const counted = stats.get(name)
    if (!counted) return null
    zeros += counted.zeros
    weights += parameters
  }
  return weights > 0 ? zeros / weights : null
}

/** Changes when the weights change: size and time of the file, and the folder's time, which changes when a shard is renamed into it. */
export async function stampOf(path: string): Promise<string> {
  const [file, folder] = await Promise.all([path, dirname(path)].map((p) => stat(p).catch(() => null)))
  return `${file?.size} ${file?.mtimeMs} ${folder?.mtimeMs}`
}
