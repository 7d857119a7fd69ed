// The readable part of a checkpoint, and the problems of the rest: for inspection only, never for computation.
import { EngineError } from '../errors.ts'
import { createCheckpoint, type Checkpoint, type TensorEntry } from './createCheckpoint.ts'
import type { Located } from './locate.ts'
import { configOf } from './modelConfigFile.ts'
import { readHeaders, type FileProblem } from './readHeaders.ts'
import type { WeightFiles } from './fileHeader.ts'

/** A tensor whose type may be unknown. `dtype`: as the file names it, unchecked. */
export type ListedEntry = Omit<TensorEntry, 'dtype' | 'start'> & { readonly dtype: string }

export interface Inspection {
  /** The tensors that are there and can be read. */
  readonly checkpoint: Checkpoint
  /** Tensors whose type is unknown. */
  readonly unknown: readonly ListedEntry[]
  readonly problems: readonly FileProblem[]
  /** Every file that the result depends on, including missing files. */
  readonly sources: readonly string[]
}

/** Most problems that are kept: an index may disagree with its shards half a million times. */
const mostProblems = 100

/** Takes ownership of `pool`, and closes it if there is nothing to open. `path`: as the user gave it. */
export async function inspectIn(pool: WeightFiles, located: Located, path: string): Promise<Inspection> {
  const problems: FileProblem[] = []
  const onProblem = (problem: FileProblem) => {
    if (problems.length < mostProblems) problems.push(problem)
  }
  try {
    const configPath = `${located.folder}/config.json`
    const config = await configOf(located, pool).catch((error: unknown) => {
      if (!(error instanceof EngineError)) throw error
      onProblem({ path: configPath, error, tensors: [] })
      return null
    })
    const { headers, indexMetadata } = await readHeaders(pool, located, { unknown: 'list', onProblem })
    const first = problems.find((problem) => problem.path !== configPath)
    if (headers.length === 0 && first) throw first.error
    const files = [...headers, ...problems].map((file) => file.path)
    return {
      checkpoint: createCheckpoint({ path, folder: located.folder, pool, headers, indexMetadata, config }),
      unknown: headers.flatMap(({ name: file, unknown }) =>
        unknown.map(({ name, dtype, shape, start, end }) => ({ name, dtype, shape, file, bytes: end - start })),
      ),
      problems,
      sources: [...new Set([configPath, `${located.folder}/${located.entry}`, ...files])],
    }
  } catch (error) {
    await pool.close()
    throw error
  }
}

/** The checkpoint, for work that needs all of it. @throws EngineError with the first thing that is wrong. */
export function wholeOf({ checkpoint, unknown, problems }: Inspection): Checkpoint {
  for (const { error } of problems) throw error
  for (const { name, dtype } of unknown) {
    throw new EngineError('unsupported', `${checkpoint.path}: ${name} has the unknown type ${dtype}; convert it first`)
  }
  return checkpoint
}
