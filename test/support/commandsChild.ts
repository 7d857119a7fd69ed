// Runs commands one after the other in a process that can be ended if one of them hangs, or that runs beside another. A message
// contains a command and its folder; the answer says how it ended.
import { cliIn } from './cli.ts'

process.on('message', ({ folder, args }: { folder: string; args: string[] }) => {
  void cliIn(folder, ...args).then((result) => process.send?.(result))
})
