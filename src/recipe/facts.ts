// Facts about the world outside the recipe that lint uses. Gathering them is the caller's work (src/engine/facts): the
// rules themselves read no file. Null or absent means not looked at, and rules that need the fact stay silent.
import type { ModelConfig } from '../catalog/families/modelConfig.ts'
import type { Parameter } from '../catalog/families/parameters.ts'
import type { Overlap } from '../formatting/paths.ts'
import type { Module } from './match.ts'

export type ModuleKind = 'linear' | 'router' | 'embedding' | 'projection' | 'norm' | 'head' | 'other'

/** A module of the checkpoint: something with a weight. */
export interface ModelModule extends Module {
  readonly kind: ModuleKind
  /** Null outside the blocks. */
  readonly block: number | null
  /** Output and input features of a matrix, whatever way round the file stores it; 1 column for a vector. */
  readonly rows: number
  readonly columns: number
  /** Stored [in, out], as GPT-2's Conv1D. */
  readonly transposed: boolean
}

/** A checkpoint that cannot be used at all, and the rule that says so. */
export interface ModelProblem {
  readonly rule:
    | 'model-missing'
    | 'unknown-family'
    | 'damaged-weights'
    | 'config-mismatch'
    | 'quantised-weights'
    | 'unsafe-weights'
  readonly message: string
}

export interface TensorFacts {
  readonly dtype: string
  readonly shape: readonly number[]
}

export interface ModelFacts {
  /** Several: a quantised model can have an unknown type too. Empty: everything could be read. */
  readonly problems: readonly ModelProblem[]
  readonly tensors: ReadonlyMap<string, TensorFacts>
  readonly config: Readonly<Record<string, unknown>> | null
  /** Null when config.json is missing or of an unknown family. */
  readonly modelConfig: ModelConfig | null
  /** All parameters in model order; empty without `modelConfig`. */
  readonly parameters: readonly Parameter[]
  /** Modules in model order. */
  readonly modules: readonly ModelModule[]
  readonly tokenizer: {
    readonly present: boolean
    readonly largestId: number | null
    /** Why llama.cpp does not support it; null or absent: no reason is known. */
    readonly ggufProblem?: string | null
  }
  /** Whether a mask file is beside the weights. */
  readonly masked: boolean
  /** Sparsity by module name, from the report of the run that made this checkpoint; null when there is none. */
  readonly sparsities: ReadonlyMap<string, number> | null
  /** The source model of that run: a path, or a name on the Hub; absent if unknown. */
  readonly source?: string
}

export interface DataFacts {
  readonly exists: boolean
  readonly bytes: number
  readonly kind: 'text' | 'lines' | 'table' | 'ids' | 'unknown'
  /** Columns of text and of conversations, or integer tensors; null when the file says nothing about them. */
  readonly fields: readonly string[] | null
  /** Columns of conversations, which are also in `fields`; absent: none. */
  readonly chats?: readonly string[]
  /** All columns of a table or of the first line; absent when the file says nothing about them. */
  readonly columns?: readonly string[]
  /** Integer tensors: [windows, length] or [length]. */
  readonly shapes: ReadonlyMap<string, readonly number[]>
  /** Null when the file is too large to have been counted. */
  readonly documents: number | null
  /** Upper bound on the bytes of the longest document; null when not all were seen. */
  readonly longestDocument: number | null
  /** Why the file cannot be read, or null. */
  readonly problem: string | null
  /** Whether the file is on another machine's share and was not read. */
  readonly isOnShare?: true
}

/** Shape of the named tensor, or else of the only one; null where the file holds no ids. */
export function idShapeOf(file: DataFacts | undefined, field: string | undefined): readonly number[] | null {
  if (file?.kind !== 'ids') return null
  return file.shapes.get(field ?? [...file.shapes.keys()][0]) ?? null
}

/** The column of text or conversations that is read; without a `field` it is `text`, or `messages` where only that is there. */
export function textFieldOf({ fields, chats = [] }: DataFacts, field: string | undefined): string {
  return field ?? (chats.includes('messages') && !fields?.includes('text') ? 'messages' : 'text')
}

export interface MachineFacts {
  readonly memoryBytes: number
  readonly freeDiskBytes: number | null
  readonly threads: number
  /** Memory that a run may use: `--memory`, or half of what is free. */
  readonly budgetBytes: number
  /** Whether the user set that budget. */
  readonly budgetAsked?: boolean
  /** Null: not looked at. */
  readonly gpu: boolean | null
  /** Whether the processor has instructions for products of bf16. */
  readonly bf16?: boolean
}

export interface OutputFacts {
  readonly exists: boolean
  /** Whether it is inside or around the folder of the model, links followed; null: neither. */
  readonly overlap: Overlap | null
}

export interface LintFacts {
  /** The recipe's folder, absolute: its paths are relative to it. */
  readonly folder?: string
  readonly model: ModelFacts | null
  /** By path as written in the recipe. */
  readonly data: ReadonlyMap<string, DataFacts>
  /** Why an adapter that a recovery names cannot be merged, by path as written; null if it can. */
  readonly adapters?: ReadonlyMap<string, string | null>
  readonly machine: MachineFacts | null
  readonly output: OutputFacts | null
  /** The same for `save.pruned`. */
  readonly prunedOutput?: OutputFacts | null
  /** The same for the GGUF file beside `save.to`. */
  readonly ggufOutput?: OutputFacts | null
}

export const noFacts: LintFacts = { model: null, data: new Map(), machine: null, output: null }

/** Only the projections inside the blocks are pruned (docs/methods.md, "What is pruned"). */
export function isPrunable(module: ModelModule): boolean {
  return module.kind === 'linear'
}
