// A device that runs out of memory: the run plans with less and goes on from what is saved.
import { formatBytes } from '../../../shared/format/byteSize.ts'
import type { Backend } from '../../compute/backend.ts'
import { EngineError } from '../../errors.ts'

/**
 * Runs `body`, again with a smaller plan each time its device has no more memory; `body` plans anew and skips what is saved.
 * An error of any other kind, or of a device that cannot plan with less, is thrown on.
 */
export async function goOnWithLess<T>(
  { backend, warn }: { readonly backend: Backend; readonly warn: (message: string) => void },
  body: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await body()
    } catch (error) {
      const limit = error instanceof EngineError && error.code === 'out-of-memory' ? backend.planWithLess?.() : null
      if (!limit) throw error
      warn(
        `${backend.info.description} ran out of memory; the run goes on from what is saved and plans with ${formatBytes(limit)} of it: fewer blocks stay there, and fewer activations`,
      )
    }
  }
}
