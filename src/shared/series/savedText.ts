// What a run says when something of it is saved.
import type { RunEvent } from './events.ts'

const what = { pruned: 'the pruned model to ', gguf: 'the GGUF file ' } as const

/** `path`: as it is shown. */
export function savedText({ stage }: Extract<RunEvent, { type: 'saved' }>, path: string): string {
  return `saved ${stage ? what[stage] : ''}${path}`
}
