import type { FromSweep, ToSweep } from '../../src/protocol/sweepView.ts'
import { connectHost } from '../shared/host.ts'

export const host = connectHost<ToSweep, FromSweep>()
