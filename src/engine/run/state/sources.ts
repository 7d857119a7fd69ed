// Every file whose content goes into a run's result: where it is now, and its fingerprint when the run began.
import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { type DataFiles, filesOf } from '../../../recipe/dataFiles.ts'
import type { ResolvedRecipe } from '../../../recipe/resolve.ts'
import { type Checkpoint, openCheckpoint } from '../../checkpoint/checkpoint.ts'
import { locate } from '../../checkpoint/locate.ts'
import { filesOfAdapter } from '../../checkpoint/adapterFolder.ts'
import { isCompanion } from '../../checkpoint/carryOver.ts'
import { maskFileName } from '../../checkpoint/maskFile.ts'
import { EngineError, throwIfCancelled } from '../../errors.ts'
import { readError } from '../../../system/diskErrors.ts'
import { openRegular } from '../../checkpoint/regularFile.ts'
import type { RunProgress } from './progress.ts'

/** A file and its role in the run. The role stays the same when the working folder is moved. */
interface SourceFile {
  /** `model config.json`, `calibration`, `evaluate 0`. */
  readonly role: string
  readonly path: string
}

export interface SourceRecord extends Fingerprint {
  readonly role: string
  readonly name: string
}

/** The files of the model, and those that the recipe names. Paths of the recipe are absolute. */
export async function sourceFiles(recipe: ResolvedRecipe, source: Checkpoint): Promise<SourceFile[]> {
  const { entry } = await locate(source.path)
  const beside = (await readdir(source.folder)).filter((name) => isCompanion(name) || name === maskFileName)
  const model = [...source.files, ...[entry, ...beside].map((name) => ({ name, path: join(source.folder, name) }))]
  const files = new Map(model.map(({ name, path }) => [`model ${name}`, path]))
  const { calibration, recover, evaluate } = recipe
  const add = (role: string, path: string | null | undefined) => path && files.set(role, path)
  const addData = (role: string, data: DataFiles | undefined) => {
    for (const [name, path] of rolesOf(role, data)) add(name, path)
  }
  addData('calibration', calibration?.data)
  for (const [i, { data, lora, dense, adapter }] of recover.entries()) {
    const which = recover.length > 1 ? ` ${i}` : ''
    addData(`recover${which}`, data)
    add(`start matrices${which}`, lora.init)
    for (const [name, path] of adapter === undefined ? [] : Object.entries(await filesOfAdapter(adapter)))
      add(`adapter${which} ${name}`, path)
    for (const file of dense ? await filesOfModel(dense) : []) add(`dense${which} ${file.name}`, file.path)
  }
  for (const [i, { data }] of evaluate.entries()) add(`evaluate ${i}`, data)
  return [...files].map(([role, path]) => ({ role, path }))
}

/** Weights and configuration of a model that is only computed with. */
async function filesOfModel(path: string): Promise<{ name: string; path: string }[]> {
  const checkpoint = await openCheckpoint(path)
  await checkpoint.close()
  return [...checkpoint.files, { name: 'config.json', path: join(checkpoint.folder, 'config.json') }]
}

/** Role and path of each file of a list. */
function rolesOf(role: string, data: DataFiles | undefined): [role: string, path: string][] {
  const files = filesOf(data)
  return files.map((path, i) => [files.length > 1 ? `${role} file ${i}` : role, path])
}

/** Content hash of a data file of the recipe, its paths absolute. */
export function contentOf(
  { calibration, recover, evaluate }: ResolvedRecipe,
  records: readonly SourceRecord[],
  path: string,
): string {
  const used = [
    ...rolesOf('calibration', calibration?.data),
    ...recover.flatMap(({ data }, i) => rolesOf(recover.length > 1 ? `recover ${i}` : 'recover', data)),
    ...evaluate.flatMap(({ data }, i) => rolesOf(`evaluate ${i}`, data)),
  ]
  const role = used.find(([, data]) => data === path)?.[0]
  const record = records.find((one) => one.role === role)
  if (!record) throw new EngineError('internal', `${path} is no file that the run has recorded`)
  return record.sha256
}

/** Role and content hash of the files whose role begins with `prefix`, sorted by role. */
export function sourceHashes(records: readonly SourceRecord[], prefix: string): readonly [string, string][] {
  return records
    .filter(({ role }) => role.startsWith(prefix))
    .map(({ role, sha256 }): [string, string] => [role, sha256])
    .sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Fingerprints of files from their last read, by path. */
export type KnownFiles = ReadonlyMap<string, Fingerprint>

/** Fingerprints the files. A known file whose stamp leaves no doubt is not read again. @throws EngineError when a file cannot be read. */
export async function recordSources(
  files: readonly SourceFile[],
  { known = new Map(), signal }: { known?: KnownFiles; signal?: AbortSignal } = {},
): Promise<SourceRecord[]> {
  const found = new Map<string, Fingerprint>()
  for (const { path } of files) {
    if (found.has(path)) continue
    const before = known.get(path)
    const same = before && (await recognise(path, before, signal))
    found.set(path, same ?? (await fingerprint(path, signal)))
  }
  return files.flatMap(({ role, path }) => {
    const seen = found.get(path)
    return seen ? [{ ...seen, role, name: basename(path) }] : []
  })
}

/** Checks the files that a run reads, and updates their stamps. @throws EngineError 'bad-data' when one was changed, removed or added. */
export async function checkSources(
  { recipe, source, progress }: { recipe: ResolvedRecipe; source: Checkpoint; progress: Pick<RunProgress, 'sources'> },
  signal?: AbortSignal,
): Promise<void> {
  const before = new Map(progress.sources.map((record) => [record.role, record]))
  const changed = new Set<string>()
  const now: SourceRecord[] = []
  for (const { role, path } of await sourceFiles(recipe, source)) {
    const old = before.get(role)
    before.delete(role)
    const found = old && (await recognise(path, old, signal))
    if (found) now.push({ ...old, ...found })
    else changed.add(path)
  }
  for (const { name } of before.values()) changed.add(name)
  if (changed.size > 0)
    throw new EngineError(
      'bad-data',
      `${[...changed].join(', ')} changed since the run began; put back what was there and resume the run, or start a new one`,
    )
  progress.sources = now
}

/** A hash of a file's content, and a stamp by which an untouched file is known again without reading it. */
export interface Fingerprint {
  readonly bytes: number
  readonly sha256: string
  /** Device, inode, size and times. A different stamp means other content, or only a touch or a copy. */
  readonly stamp: string
  /** When the stamp was taken, ms since 1970. */
  readonly seen: number
}

const chunkBytes = 4 * 2 ** 20

/** Reads the whole file. @throws EngineError, 'bad-data' when the file is written to meanwhile. */
export async function fingerprint(path: string, signal?: AbortSignal): Promise<Fingerprint> {
  try {
    const file = await openRegular(path, 'bad-data')
    try {
      const seen = Date.now()
      const before = await file.stat({ bigint: true })
      const hash = createHash('sha256')
      const chunk = Buffer.alloc(Math.min(chunkBytes, Number(before.size) + 1))
      for (let bytesRead = -1; bytesRead !== 0;) {
        throwIfCancelled(signal)
        bytesRead = (await file.read(chunk, 0, chunk.length)).bytesRead
        hash.update(chunk.subarray(0, bytesRead))
      }
      const stamp = stampOf(before)
      if (stampOf(await file.stat({ bigint: true })) !== stamp)
        throw new EngineError('bad-data', `${path} is being written to; wait for it, or give a copy`)
      return { bytes: Number(before.size), sha256: hash.digest('hex'), stamp, seen }
    } finally {
      await file.close()
    }
  } catch (error) {
    throw readError(error, path)
  }
}

/** The file's fingerprint if its content is still that of `old`, else null. Reads it only where the stamp leaves doubt. */
export async function recognise(path: string, old: Fingerprint, signal?: AbortSignal): Promise<Fingerprint | null> {
  const facts = await stat(path, { bigint: true }).catch(() => null)
  if (!facts) return null
  if (stampOf(facts) === old.stamp && isSettled(facts, old)) return old
  if (Number(facts.size) !== old.bytes) return null
  const now = await fingerprint(path, signal)
  return now.sha256 === old.sha256 ? now : null
}

function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
}

/** File systems count time in steps, so a change right after the stamp was taken may not show in it. */
const stepMs = 2000

function isSettled({ ctimeMs }: BigIntStats, { seen }: Fingerprint): boolean {
  return Number(ctimeMs) < seen - stepMs
}
