// The line to the extension host.
import type { FromInspector, ToInspector } from '../../src/protocol/view.ts'
import { connectHost } from '../shared/host.ts'

export const host = connectHost<ToInspector, FromInspector>()
