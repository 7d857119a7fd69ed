// Runs steps of the tests in parallel. Each prints when it is over, so outputs do not mix.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * Time limit of a step; the longest takes about fourteen minutes on two processors. The limit is for a test that timed out while
 * something polls or listens: its process never ends.
 */
const longestMs = 25 * 60_000

/** @typedef {{ title: string, args: string[], env?: NodeJS.ProcessEnv }} Step */

/**
 * Begins the steps in their order, `atOnce` at a time. `onEnd` gets each step's exit code and output. A step that is not over
 * after `limitMs` is killed, and its exit code is 1.
 * @param {readonly Step[]} steps
 * @param {number} atOnce
 * @param {(step: Step, status: number, output: string) => void} onEnd
 * @param {number} [limitMs]
 */
export async function runSteps(steps, atOnce, onEnd, limitMs = longestMs) {
  const processorTime = createMeter()
  const one = async (step) => {
    const began = performance.now()
    const { status, output } = await run(step, limitMs)
    const seconds = Math.round((performance.now() - began) / 1000)
    console.log(`\n== ${step.title}, ${seconds} s${processorTime()}`)
    process.stdout.write(output)
    onEnd(step, status, output)
  }
  const queue = [...steps]
  const lane = async () => {
    for (let step = queue.shift(); step; step = queue.shift()) await one(step)
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
}

function run({ args, env }, limitMs) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
    let output = ''
    const end = (status, told = '') => {
      clearTimeout(timer)
      resolve({ status, output: output + told })
    }
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      // Child processes may hold its outputs open, and `close` would not come.
      for (const stream of [child.stdout, child.stderr]) stream.destroy()
      end(1, `\nkilled: not over after ${Math.round(limitMs / 1000)} s\n`)
    }, limitMs)
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8')
      stream.on('data', (text) => (output += text))
    }
    child.once('error', (error) => end(1, `${error.message}\n`))
    child.once('close', (code) => end(code ?? 1))
  })
}

/** Processor time of ended child processes, in seconds; Linux only. */
function spentSeconds() {
  if (process.platform !== 'linux') return null
  // Fields 16 and 17 of the whole line, in hundredths; the name in field 2 may hold spaces.
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ')
  return (Number(fields[13]) + Number(fields[14])) / 100
}

/** Processor time of the step that has just ended, which says more than the elapsed time if the machine is busy. */
function createMeter() {
  let before = spentSeconds()
  return () => {
    if (before === null) return ''
    const now = spentSeconds()
    const text = ` (${Math.round(now - before)} s of a processor)`
    before = now
    return text
  }
}
