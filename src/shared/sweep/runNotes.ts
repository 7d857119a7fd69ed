// What a person writes to a run: tags to find it by, and a note. It lies in the run's folder and is no part of what the run is.

export interface RunNotes {
  readonly tags: readonly string[]
  readonly note: string
}

export const noNotes: RunNotes = { tags: [], note: '' }

export const mostTags = 20
export const longestTag = 40
export const longestNote = 4000

/** What of it is kept: tags without blanks around them, each once. */
export function tidyNotes({ tags, note }: RunNotes): RunNotes {
  const trimmed = tags.map((tag) => tag.trim().replace(/\s+/g, ' ').slice(0, longestTag))
  return {
    tags: [...new Set(trimmed)].filter((tag) => tag !== '').slice(0, mostTags),
    note: note.trim().slice(0, longestNote),
  }
}
