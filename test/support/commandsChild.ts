// Commands, one after the other, in a process that can be ended should one of them wait for ever. Its argument is a list of their
// arguments as JSON; it prints a line of JSON for the end of each.
import { cli } from './cli.ts'

async function main(): Promise<void> {
  for (const args of JSON.parse(process.argv[2]) as string[][])
    process.stdout.write(`${JSON.stringify(await cli(...args))}\n`)
  process.exit()
}

void main()
