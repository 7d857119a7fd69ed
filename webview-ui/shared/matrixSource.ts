// Pictures and weights of one checkpoint of the view, asked for through the host.
import type { ModelKey } from '../../src/shared/protocol/view.ts'
import type { Host } from './host.ts'
import type { MatrixSource } from './matrixView.ts'

export function matrixSource(host: Pick<Host<never, never>, 'ask'>, model: ModelKey): MatrixSource {
  return {
    tile: (params, signal) => host.ask('tile', model, params, signal),
    weight: (params, signal) => host.ask('weight', model, params, signal),
  }
}
