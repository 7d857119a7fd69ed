// What every command that does a run gives it: the device, the signal, and where its events are seen.
import type { Backend } from '../engine/compute/backend.ts'
import { openBackend } from '../engine/compute/open.ts'
import type { RunOptions } from '../engine/run/runRecipe.ts'
import type { RunEvent } from '../runs/series/events.ts'
import type { CommonOptions, Context } from './command.ts'
import { createRunProgress } from './terminal/runProgress.ts'
import { version } from '../system/version.ts'

type Given = Pick<RunOptions, 'version' | 'openBackend' | 'signal' | 'onWait' | 'onEvent'>

/** Calls `body` with them, and closes the device that it opened. `show` says events to people. */
export async function running<T>(
  context: Context,
  device: CommonOptions & { readonly threads?: number },
  show: (context: Context, event: RunEvent) => void,
  body: (given: Given) => Promise<T>,
): Promise<T> {
  const opened: Backend[] = []
  const progress = createRunProgress(context.progress)
  try {
    return await body({
      version,
      openBackend: async () => opened[opened.push(await openBackend(device)) - 1],
      signal: context.signal,
      onWait: context.say,
      onEvent(event) {
        progress(event)
        show(context, event)
      },
    })
  } finally {
    for (const backend of opened) await backend.close()
  }
}
