// The result of a run to the Hub: what would be sent first, and then, when a person has agreed to just that, the sending.
import type { ParamsOf } from '../protocol/parameters.ts'
import { sha256Of } from '../system/sha256.ts'
import { EngineError } from '../engine/errors.ts'
import { hubAccess } from '../engine/hub/hubAccess.ts'
import { hashFile, planPush, push, type HashedFile, type PushPlan } from '../engine/hub/push.ts'
import { publicationOf } from '../engine/run/origin/publication.ts'
import type { PublishPlan } from '../protocol/rpc.ts'
import type { CallContext } from './channel.ts'
import { seldom } from './pull.ts'

async function planned({ folder, repository, revision, isPrivate }: ParamsOf<'planPublish'>, signal: AbortSignal) {
  const { files, ownPaths, ofRun } = await publicationOf(folder)
  const hashed: HashedFile[] = []
  for (const file of files) hashed.push(await hashFile(file, signal))
  const sending = { access: await hubAccess(), signal }
  const plan = await planPush({ name: { repository, revision }, create: true, isPrivate }, hashed, sending)
  return { plan, ownPaths, ofRun, sending }
}

export async function planPublish(
  request: ParamsOf<'planPublish'>,
  { signal }: CallContext<'planPublish'>,
): Promise<PublishPlan> {
  const { plan, ownPaths, ofRun } = await planned(request, signal)
  const { name, exists, hasBranch, isPrivate, address, files } = plan
  const listed = files.map(({ path, bytes, state, content }) => ({
    ...{ path, bytes, state, made: 'text' in content, ofRun: ofRun.has(path) },
  }))
  return {
    ...name,
    exists,
    hasBranch,
    isPrivate,
    address,
    files: listed,
    ownPaths: [...ownPaths],
    agreed: sealOf(plan),
  }
}

/** @throws EngineError 'exists' where that is no longer what was agreed to. */
export async function publish(
  { agreed, ...request }: ParamsOf<'publish'>,
  { signal, progress }: CallContext<'publish'>,
): Promise<{ address: string }> {
  const { plan, sending } = await planned(request, signal)
  if (sealOf(plan) !== agreed)
    throw new EngineError(
      'exists',
      'the files or the repository have changed since you agreed; publish again to see them',
    )
  const total = plan.files.reduce((sum, { bytes, state }) => sum + (state === 'there' ? 0 : bytes), 0)
  const tell = seldom(progress)
  let have = 0
  const onSent = (bytes: number) => tell((have += bytes), total)
  const { address } = await push(plan, { ...sending, onSent })
  return { address }
}

/** Two plans have the same one where they send the same files to the same readers. */
function sealOf({ name, isPrivate, files }: PushPlan): string {
  const what = files.map(({ path, sha256, state }) => [path, sha256, state])
  return sha256Of(JSON.stringify([name, isPrivate, what]))
}
