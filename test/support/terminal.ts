// The screen of a terminal after something was written to it, by an emulator.
import { Terminal } from '@xterm/headless'
import { spawn } from 'node:child_process'

export interface Emulator {
  write(text: string | Uint8Array): Promise<void>
  resize(columns: number): void
  /** All lines with what has scrolled away, rows that the terminal broke joined, without the empty rest. */
  lines(): string[]
}

export function createEmulator(columns: number, rows = 24): Emulator {
  // A program's \n reaches a terminal as \r\n.
  const terminal = new Terminal({
    cols: columns,
    rows,
    scrollback: 10_000,
    allowProposedApi: true,
    convertEol: true,
  })
  return {
    write: (text) => new Promise((resolve) => terminal.write(text, resolve)),
    resize: (width) => terminal.resize((columns = width), rows),
    lines() {
      const lines: string[] = []
      const { active } = terminal.buffer
      for (let y = 0; y < active.length; y++) {
        const row = active.getLine(y)
        const isBroken = active.getLine(y + 1)?.isWrapped === true
        // A wide character that did not fit leaves the last cell of the row empty.
        const isShort = row?.getCell(columns - 1)?.getChars() === ''
        const text = row?.translateToString(!isBroken || isShort) ?? ''
        if (row?.isWrapped) lines[lines.length - 1] += text
        else lines.push(text)
      }
      while (lines.at(-1) === '') lines.pop()
      return lines
    },
  }
}

export interface TerminalResult {
  status: number | null
  /** Output as it came, in pieces. */
  pieces: Buffer[]
}

/** Runs a program on a pseudo-terminal of util-linux's `script`. */
export async function onTerminal(columns: number, command: readonly string[], cwd: string): Promise<TerminalResult> {
  const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
  const line = `stty cols ${columns} rows 24; exec ${quoted}`
  const child = spawn('script', ['-qefc', line, '/dev/null'], { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
  const pieces: Buffer[] = []
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece))
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return { status, pieces }
}
