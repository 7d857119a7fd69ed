// Commands, one after the other, in a process that can be ended should one of them wait for ever, or that runs beside another. It is
// told a command and its folder by a message, and answers each with how it ended.
import { cliIn } from './cli.ts'

process.on('message', ({ folder, args }: { folder: string; args: string[] }) => {
  void cliIn(folder, ...args).then((result) => process.send?.(result))
})
