// Comments that switch rules off, each with a reason:
//   # sparsescope-disable lr-off-grid, few-samples: a small model needs a larger rate     (whole file)
//   # sparsescope-disable-next-line lr-off-grid: …                                        (the line after)

const comment = /^[ \t]*#[ \t]*sparsescope-disable(-next-line)?\b[ \t]*([^:\n]*)(?::[ \t]*(\S[^\n]*)?)?$/gm

interface Comment {
  readonly words: readonly string[]
  readonly reason: string | undefined
  readonly nextLine: boolean
  /** Offset in the text. */
  readonly start: number
  readonly end: number
}

export function disablingComments(text: string): Comment[] {
  return [...text.matchAll(comment)].map(({ index, 0: whole, 1: next, 2: list, 3: reason }) => ({
    words: list.split(/[\s,]+/).filter((word) => word !== ''),
    reason,
    nextLine: next !== undefined,
    start: index,
    end: index + whole.length,
  }))
}
