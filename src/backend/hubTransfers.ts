// Publishes the result of a run on the Hub: first the plan, then, after the user has agreed to it, the upload.
import { EngineError } from '../engine/errors.ts'
import { hubAccess } from '../engine/hub/hubAccess.ts'
import { bytesToSend, planPush, push, type PushPlan } from '../engine/hub/push.ts'
import { publicationOf, toldPush } from '../engine/run/origin/publication.ts'
import type { ParamsOf } from '../protocol/parameters.ts'
import type { PublishPlan, PullProgress } from '../protocol/rpc.ts'
import { sha256Of } from '../system/sha256.ts'
import type { CallContext } from './channel.ts'
import { parseHubName } from '../engine/checkpoint/hubCache.ts'
import { pull } from '../engine/hub/pull.ts'

// Pulls a model of the Hub, and reports progress to the editor a few times a second.
const tellEveryMs = 200

export async function pullModel(name: string, { signal, progress }: CallContext<'pull'>): Promise<{ folder: string }> {
  const onProgress = seldom(progress)
  const access = await hubAccess()
  const { folder } = await pull(parseHubName(name), { access, signal, onProgress })
  return { folder }
}

/** Reports a few times a second, and at the end. */
export function seldom(tell: (progress: PullProgress) => void): (have: number, total: number) => void {
  let last = -Infinity
  return (have, total) => {
    const now = performance.now()
    if (now - last < tellEveryMs && have < total) return
    last = now
    tell({ have, total })
  }
}

async function planned({ folder, repository, revision, isPrivate }: ParamsOf<'planPublish'>, signal: AbortSignal) {
  const publication = await publicationOf(folder)
  const session = { access: await hubAccess(), signal }
  const target = { name: { repository, revision }, create: true, isPrivate }
  return { plan: await planPush(target, publication.files, session), publication, session }
}

export async function planPublish(
  request: ParamsOf<'planPublish'>,
  { signal }: CallContext<'planPublish'>,
): Promise<PublishPlan> {
  const { plan, publication } = await planned(request, signal)
  return { ...toldPush(plan, publication), ownPaths: [...publication.ownPaths], agreed: sealOf(plan) }
}

/** @throws EngineError 'exists' when the plan differs from the agreed one. */
export async function publish(
  { agreed, ...request }: ParamsOf<'publish'>,
  { signal, progress }: CallContext<'publish'>,
): Promise<{ address: string }> {
  const { plan, session } = await planned(request, signal)
  if (sealOf(plan) !== agreed)
    throw new EngineError(
      'exists',
      'the files or the repository have changed since you agreed; publish again to see them',
    )
  const total = bytesToSend(plan)
  const tell = seldom(progress)
  let have = 0
  const { address } = await push(plan, { ...session, onBytes: (bytes) => tell((have += bytes), total) })
  return { address }
}

/** Two plans have the same key when they send the same files to the same readers. */
function sealOf({ name, isPrivate, files }: PushPlan): string {
  const what = files.map(({ path, sha256, state }) => [path, sha256, state])
  return sha256Of(JSON.stringify([name, isPrivate, what]))
}
