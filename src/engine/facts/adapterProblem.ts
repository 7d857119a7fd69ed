// Whether an adapter can be merged into a model, from its headers: the sentence that a run would refuse it with.
import { layoutOfAdapter } from '../../plan/adapterLayout.ts'
import type { ModelFacts } from '../../recipe/facts.ts'
import { ofAdapter, openAdapter } from '../checkpoint/adapterFolder.ts'
import { EngineError } from '../errors.ts'

/** null: it can, as far as is known of the model. Never throws for any file. */
export async function adapterProblem(path: string, model: ModelFacts | null): Promise<string | null> {
  try {
    const { config, file } = await openAdapter(path)
    await file.close()
    const parameters = model?.parameters ?? []
    if (parameters.length > 0) ofAdapter(path, () => layoutOfAdapter(config, file.tensors, parameters))
    return null
  } catch (error) {
    if (error instanceof EngineError) return error.message
    throw error
  }
}
