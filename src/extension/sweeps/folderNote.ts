// A sweep's command tells its folder, by a file that only the two share, to the window that started it in a terminal.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const lookEveryMs = 200

export interface FolderNote {
  /** The file that the command writes; it is not there before. */
  readonly path: string
  /** Waits until it is told, and removes the note; null: the command is over and said nothing. */
  read(isOver: () => boolean): Promise<string | null>
}

export async function folderNote(): Promise<FolderNote> {
  const own = await mkdtemp(join(tmpdir(), 'sparsescope-sweep-'))
  const path = join(own, 'folder')
  const read: FolderNote['read'] = async (isOver) => {
    for (;;) {
      // Asked first: it may be told and over between the two.
      const over = isOver()
      const told = await readFile(path, 'utf8').catch(() => null)
      if (told === null && !over) {
        await sleep(lookEveryMs)
        continue
      }
      await rm(own, { recursive: true, force: true }).catch(() => undefined)
      return told
    }
  }
  return { path, read }
}
