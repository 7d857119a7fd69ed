// The line to the extension host, of the whole page.
import type { FromRun, ToRun } from '../../src/protocol/view.ts'
import { connectHost } from '../shared/host.ts'

export const host = connectHost<ToRun, FromRun>()
