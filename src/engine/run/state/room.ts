// Room on the disks that is set aside for a run's files: its result and its state.
import { join } from 'node:path'
import { setAside, type Reserve } from '../../checkpoint/setAside.ts'
import { bytesOfState, reserveFile } from './runState.ts'

export interface RunRoom {
  /** Null where nothing is set aside: before the run has come so far, and where the system cannot. */
  result: Reserve | null
  pruned: Reserve | null
  gguf: Reserve | null
  state: StateReserve | null
  /** Gives back what so many bytes need that are about to be written into the state. */
  readonly forState: (bytes: number) => Promise<void>
}

export function createRoom(): RunRoom {
  const room: RunRoom = {
    result: null,
    pruned: null,
    gguf: null,
    state: null,
    forState: async (bytes) => room.state?.before(bytes),
  }
  return room
}

export interface StateReserve {
  before(bytes: number): Promise<void>
  release(): Promise<void>
}

/**
 * `bytes`: of the state at its largest, what is there included. Files of a state are replaced by new ones and removed, so
 * what is still to be written is what was planned without what is there.
 * @throws as `setAside`.
 */
export async function setAsideForState(
  state: string,
  bytes: number,
  signal?: AbortSignal,
): Promise<StateReserve | null> {
  const left = async (more: number) => Math.max(0, bytes - (await bytesOfState(state)) - more)
  const what = 'what a killed run goes on from'
  const reserve = await setAside({ path: join(state, reserveFile), bytes: await left(0), what, signal })
  return (
    reserve && {
      before: async (more) => reserve.shrinkTo(await left(more)),
      release: () => reserve.release(),
    }
  )
}
