// What a push to the Hub would make readable, as lines for people: command line and editor say the same.
import { formatBytes, plural } from '../formatting/numbers.ts'

export interface PlannedPush {
  readonly repository: string
  readonly revision: string
  readonly address: string
  readonly exists: boolean
  readonly hasBranch: boolean
  readonly isPrivate: boolean
  readonly files: readonly {
    readonly path: string
    readonly bytes: number
    readonly state: 'new' | 'replaces' | 'there'
    /** Made for the push: it is not in the folder. */
    readonly made: boolean
    /** Weights and notes that the run wrote. Files copied from its source or added later are not. */
    readonly ofRun: boolean
  }[]
}

const states = { new: '', replaces: ', replaces the one that is there', there: ', there already' }

/**
 * The warning comes first, then every file that the run did not write, then its own.
 * `ownPaths`: paths of this machine that the recipe names. `mostOfRun`: how many of the run's own files are listed.
 */
export function pushText(push: PlannedPush, ownPaths: readonly string[], mostOfRun = Infinity): string[] {
  const { repository, revision, address, exists, hasBranch, isPrivate, files } = push
  const place = `${exists ? 'the repository' : 'a new repository'} ${repository}${revision === 'main' ? '' : `, ${hasBranch ? 'branch' : 'new branch'} ${revision}`}`
  const readers = isPrivate ? 'PRIVATE: only those who have access read it' : 'PUBLIC: everybody can read it'
  const missing = files.filter(({ state }) => state !== 'there')
  const bytes = missing.reduce((sum, file) => sum + file.bytes, 0)
  const line = ({ path, bytes, state, made }: (typeof files)[number]) =>
    `  ${path}, ${formatBytes(bytes)}${made ? ', made from the notes of the run' : ''}${states[state]}`
  const ofRun = files.filter((file) => file.ofRun)
  const left = ofRun.length - mostOfRun
  return [
    ...(ownPaths.length > 0
      ? [
          `warning: the recipe, which is in sparsescope.json and the card too, names paths of this machine: ${ownPaths.join(', ')}`,
        ]
      : []),
    `${place} (${address}), ${readers}`,
    `${plural(files.length, 'file')}; ${missing.length === 0 ? 'all of them are there already' : `${missing.length} of them will be sent, ${formatBytes(bytes)}`}:`,
    ...files.filter((file) => !file.ofRun).map(line),
    ...ofRun.slice(0, mostOfRun).map(line),
    ...(left > 0 ? [`  and ${left} more that the run wrote`] : []),
  ]
}
