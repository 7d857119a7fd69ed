// How many ids of which length the data files of a recipe hold, where it leaves that to them.
import { resolve } from 'node:path'
import { filesOf } from '../../../recipe/dataFiles.ts'
import { isText } from '../../../recipe/dataUses.ts'
import { recoveriesOf, type IdShape } from '../../../recipe/resolve.ts'
import type { Recipe } from '../../../recipe/schema.ts'
import { openIdTensor } from '../../text/idTensor.ts'

/** Reads headers only. What cannot be read has no shape here: it is refused where its ids are read. */
export async function idShapesOf({ calibration, recover, evaluate = [] }: Recipe, folder: string): Promise<IdShape> {
  const shapes = new Map<string, readonly number[]>()
  const key = (data: string, field?: string) => JSON.stringify([data, field])
  const named = [calibration ?? {}, ...recoveriesOf(recover), ...evaluate].flatMap(({ data, field }) =>
    filesOf(data).map((file) => ({ data: file, field })),
  )
  for (const { data, field } of named) {
    if (isText(data) || shapes.has(key(data, field))) continue
    const tensor = await openIdTensor(resolve(folder, data), field).catch(() => null)
    if (!tensor) continue
    shapes.set(key(data, field), tensor.shape)
    await tensor.close()
  }
  return (data, field) => shapes.get(key(data, field)) ?? null
}
