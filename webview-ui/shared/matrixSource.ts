// Pictures and weights of one checkpoint of the view, asked for through the host.
import type { Tile, Weight } from '../../src/shared/protocol/inspect.ts'
import type { AskParams, ModelKey } from '../../src/shared/protocol/view.ts'
import type { Host } from './host.ts'

export interface MatrixSource {
  tile: (params: AskParams<'tile'>, signal: AbortSignal) => Promise<Tile>
  weight: (params: AskParams<'weight'>, signal: AbortSignal) => Promise<Weight>
}

export function matrixSource(host: Pick<Host<never, never>, 'ask'>, model: ModelKey): MatrixSource {
  return {
    tile: (params, signal) => host.ask('tile', model, params, signal),
    weight: (params, signal) => host.ask('weight', model, params, signal),
  }
}
