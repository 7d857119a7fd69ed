// llama.cpp as an oracle for GGUF files, where somebody has installed it: `npm i node-llama-cpp@3` in a folder outside the project,
// which SPARSESCOPE_LLAMA_CPP names. It is never a dependency.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { byteTokenizer } from './byteTokenizer.ts'

const script = fileURLToPath(new URL('./llamaCpp.mjs', import.meta.url))

/** The folder of an installed llama.cpp, or why there is none. */
export function llamaCpp(): { folder: string } | { why: string } {
  const folder = process.env.SPARSESCOPE_LLAMA_CPP
  if (!folder) return { why: 'SPARSESCOPE_LLAMA_CPP names no folder with node-llama-cpp 3 (npm i node-llama-cpp@3)' }
  const there = existsSync(join(folder, 'node_modules/node-llama-cpp/dist/index.js'))
  return there ? { folder } : { why: `there is no node-llama-cpp in ${folder}` }
}

export interface Asked {
  prompts?: string[]
  /** Tokens after each prompt. */
  tokens?: number
  /** Rows of ids whose loss is asked for. */
  rows?: number[][]
  threads?: number
}

export interface Answer {
  /** Seconds of all tokens, and of those after the first, which come one at a time. */
  answers: { prompt: number[]; ids: number[]; seconds: number; decodeSeconds: number }[]
  /** For each row, the mean of −log p of all its ids but the first. */
  losses: number[]
}

export async function askLlamaCpp(folder: string, file: string, asked: Asked): Promise<Answer> {
  const child = spawn(process.execPath, [script, folder, file], { stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.end(JSON.stringify(asked))
  const [out, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  if (code !== 0) throw new Error(`llama.cpp did not take ${file}: ${errors.slice(-2000)}`)
  return JSON.parse(out.trim().split('\n').at(-1) ?? '') as Answer
}

/** A copy of a tiny model, with changes of its config.json, and a tokenizer of as many bytes as its vocabulary has rows. */
export function withTokenizer(model: string, to: string, changes: Record<string, unknown> = {}): void {
  cpSync(model, to, { recursive: true })
  const config = JSON.parse(readFileSync(join(model, 'config.json'), 'utf8')) as Record<string, unknown>
  writeFileSync(join(to, 'config.json'), JSON.stringify({ ...config, ...changes }))
  const tokenizer = byteTokenizer()
  const part = tokenizer.model as { vocab: Record<string, number>; merges: string[] }
  const rows = Math.min(Number(config.vocab_size), 257)
  part.vocab = Object.fromEntries(Object.entries(part.vocab).filter(([, id]) => id < rows))
  part.merges = []
  writeFileSync(join(to, 'tokenizer.json'), JSON.stringify(tokenizer))
}
