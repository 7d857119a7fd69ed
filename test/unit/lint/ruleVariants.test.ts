// What rules say beyond their one example: other places, other severities, and where they must be silent.
import assert from 'node:assert/strict'
import type { LintFacts } from '../../../src/recipe/facts.ts'
import type { Severity } from '../../../src/recipe/finding.ts'
import { lint } from '../../../src/lint/lint.ts'
import {
  factsOf,
  gptNeoxConfig,
  llamaConfig,
  machine,
  modelOf,
  olmoConfig,
  optConfig,
} from '../../support/recipeFacts.ts'

const opt = factsOf(modelOf(optConfig, { masked: true }))
const llama = factsOf(modelOf(llamaConfig, { masked: true }))
const neox = factsOf(modelOf({ ...gptNeoxConfig }, { masked: true }))
const plain = factsOf(modelOf(olmoConfig, { masked: true }))
const bare = factsOf({ ...modelOf(optConfig), tokenizer: { present: false, largestId: null } })
const small: LintFacts = { ...opt, machine: { ...machine, freeDiskBytes: 1000, budgetBytes: 8e9, memoryBytes: 1000 } }
const there: LintFacts = { ...opt, output: { exists: true, overlap: null } }
const inside: LintFacts = { ...opt, output: { exists: false, overlap: 'inside' } }
const same: LintFacts = { ...opt, output: { exists: true, overlap: 'same' } }

const data = 'calibration: {data: a.jsonl, seq_len: 64}\n'
const chats = `prune: [{method: wanda}]\nsave: {to: out}\ncalibration: {data: chats.jsonl, seq_len: 64}\n`
const save = 'save: {to: out}\n'
const retrain = (more: string) => `recover: {mode: retrain, data: a.jsonl, seq_len: 64, ${more}}\n${save}`
const filesIn = (out: string) =>
  `model: m/a\nprune: [{sparsity: 0.3}]\nevaluate: [{task: piqa, data: p.jsonl, at: [pruned], out: ${out}}]\nsave: {to: all/out}\n`
const prune = (step: string) => `prune: [{${step}}]\n${save}`

type Case = [what: string, text: string, rule: string, severity: Severity | null, facts?: LintFacts]
const cases: Case[] = [
  ['sparsegpt without data', prune('method: sparsegpt'), 'M1', 'error'],
  ['reconstruction without data', `recover: {train: [norm]}\n${save}`, 'M1', 'error'],
  ['retraining without data', `recover: {mode: retrain, train: [norm]}\n${save}`, 'M1', 'error'],
  ['magnitude needs no data', prune('sparsity: 0.3'), 'M1', null],
  ['calibration of a reconstruction is used', `${data}recover: {train: [norm]}\n${save}`, 'M2', null],
  [
    'a sparsegpt Hessian with too few tokens',
    `${prune('method: sparsegpt')}calibration: {data: a.jsonl, samples: 3, seq_len: 64}\n`,
    'M3',
    'error',
    opt,
  ],
  [
    'an alps Hessian with too few tokens',
    `${prune('method: alps')}calibration: {data: a.jsonl, samples: 3, seq_len: 64}\n`,
    'M3',
    'warning',
    opt,
  ],
  [
    'few samples of wanda',
    `${prune('method: wanda')}calibration: {data: a.jsonl, samples: 3, seq_len: 64}\n`,
    'M3',
    'warning',
    opt,
  ],
  ['negative dampening', `${prune('method: sparsegpt, dampening: -1')}${data}`, 'M4', 'error'],
  [
    'rows of ids that are too short',
    `${prune('method: wanda')}calibration: {data: ids.safetensors, samples: 64, seq_len: 32}\n`,
    'M5',
    'error',
    opt,
  ],
  [
    'rows of ids that leave nothing open',
    `${prune('method: wanda')}calibration: {data: ids.safetensors}\n`,
    'M5',
    null,
    opt,
  ],
  [
    'rows of ids, which have a length',
    `${prune('method: wanda')}calibration: {data: ids.safetensors}\n`,
    'L5',
    null,
    opt,
  ],
  [
    'ids that nobody has looked at, as before a run',
    `${prune('method: wanda')}calibration: {data: ids.safetensors}\n`,
    'L5',
    null,
  ],
  ['text that nobody has looked at', `${prune('method: wanda')}calibration: {data: a.jsonl}\n`, 'L5', 'warning'],
  [
    'rows of ids that are longer than the positions',
    `${prune('method: wanda')}calibration: {data: ids.safetensors}\n`,
    'L4',
    'error',
    factsOf(modelOf({ ...optConfig, max_position_embeddings: 8 })),
  ],
  ['fewer documents than samples', retrain('train: [norm], samples: 5000'), 'M5', 'error', opt],
  [
    'another spelling of the same file',
    `${prune('method: wanda')}${data}evaluate: [{data: ./a.jsonl, seq_len: 64}]\n`,
    'M6',
    'warning',
  ],
  [
    'the same file by its absolute path',
    `${prune('method: wanda')}${data}evaluate: [{data: /recipes/x/../a.jsonl, seq_len: 64}]\n`,
    'M6',
    'warning',
    { ...opt, folder: '/recipes' },
  ],
  [
    'a file of that name elsewhere',
    `${prune('method: wanda')}${data}evaluate: [{data: /other/a.jsonl, seq_len: 64}]\n`,
    'M6',
    null,
    { ...opt, folder: '/recipes' },
  ],
  [
    'the same field, once by default',
    `${prune('method: wanda')}${data}evaluate: [{data: a.jsonl, field: text, seq_len: 64}]\n`,
    'M6',
    'warning',
  ],
  [
    'another field of the same file',
    `${prune('method: wanda')}${data}evaluate: [{data: a.jsonl, field: title, seq_len: 64}]\n`,
    'M6',
    null,
  ],
  [
    'the only tensor of ids, once by its name',
    `${prune('method: wanda')}calibration: {data: ids.safetensors}\nevaluate: [{data: ids.safetensors, field: ids}]\n`,
    'M6',
    'warning',
    opt,
  ],
  [
    'questions that are also trained on',
    `${retrain('train: [norm]')}evaluate: [{task: boolq, data: a.jsonl}]\n`,
    'M6',
    'warning',
  ],
  [
    'a file that is not there',
    `${prune('method: wanda')}calibration: {data: gone.txt, seq_len: 64}\n`,
    'M7',
    'error',
    opt,
  ],
  ['start matrices that are not there', retrain('train: [mask_lora], lora: {init: gone.txt}'), 'M7', 'error', opt],
  ['long documents', `${prune('method: wanda')}${data}`, 'M8', null, opt],
  ['short conversations, which fill windows together', chats, 'M8', null, opt],
  ['conversations without `field`', chats, 'M7', null, opt],
  ['text in data of conversations', chats.replace('64}', '64, field: text}'), 'M7', 'error', opt],
  ['answers of a plain text', 'evaluate: [{data: b.txt, seq_len: 64, loss_on: assistant}]\n', 'S6', 'warning'],
  ['samples without prompts', 'evaluate: [{task: samples}]\n', 'S8', 'error'],
  ['samples, which need no data', 'evaluate: [{task: samples, prompts: [a], max_tokens: 5}]\n', 'S8', null],
  ['perplexity without data', 'evaluate: [{seq_len: 64}]\n', 'S8', 'error'],
  ['data of samples', 'evaluate: [{task: samples, prompts: [a], data: b.jsonl}]\n', 'S6', 'warning'],
  ['prompts of perplexity', 'evaluate: [{data: b.jsonl, seq_len: 64, prompts: [a]}]\n', 'S6', 'warning'],
  ['samples of questions', 'evaluate: [{task: rte, data: rte.jsonl, samples: 4}]\n', 'S6', 'warning'],
  [
    'more windows to measure on than a file has',
    'evaluate: [{data: ids.safetensors, samples: 65}]\n',
    'M5',
    'error',
    opt,
  ],
  [
    'as many windows to measure on as a file has',
    'evaluate: [{data: ids.safetensors, samples: 64}]\n',
    'M5',
    null,
    opt,
  ],
  ['a prompt that is no text', 'evaluate: [{task: samples, prompts: [{a: b}]}]\n', 'S7', 'error'],
  ['samples without a tokenizer', 'evaluate: [{task: samples, prompts: [a]}]\n', 'C6', 'error', bare],
  ['an empty list of recoveries', `${prune('sparsity: 0.3')}recover: []\n`, 'S6', 'warning'],
  ['reconstruction without pruning', `${data}recover: [{mode: reconstruct, train: [norm]}]\n${save}`, 'R11', 'error'],
  ['retraining without pruning', retrain('train: [norm]'), 'R11', null],
  [
    'reconstruction after retraining',
    `${prune('sparsity: 0.3')}${data}recover: [{mode: retrain, data: a.jsonl, seq_len: 64, train: [norm]}, {train: [norm]}]\n`,
    'R12',
    'warning',
  ],
  [
    'refit after reconstruction',
    `${prune('sparsity: 0.3')}${data}recover: [{train: [norm]}, {mode: refit}]\n`,
    'R12',
    'warning',
  ],
  [
    'adapters that read their text five times',
    retrain('train: [norm, mask_lora], samples: 100, steps: 500'),
    'L7',
    'hint',
  ],
  [
    'batches that read their text five times',
    retrain('train: [full], samples: 100, steps: 50, batch_size: 5, grad_accumulation: 2'),
    'L7',
    'hint',
  ],
  ['norms that read their text five times', retrain('train: [norm], samples: 100, steps: 500'), 'L7', null],
  ['adapters that read their text twice', retrain('train: [mask_lora], samples: 100, steps: 200'), 'L7', null],
  ['refit after ALPS', `${prune('sparsity: 0.3, method: alps')}${data}recover: {mode: refit}\n`, 'R13', 'hint'],
  ['refit after ADMM', `${prune('sparsity: 0.3, method: admm')}${data}recover: {mode: refit}\n`, 'R13', null],
  [
    'refit after ALPS and Wanda',
    `prune: [{sparsity: 0.3, method: alps, targets: ['re:.*fc1']}, {sparsity: 0.3, method: wanda, targets: ['re:.*fc2']}]\n${data}recover: {mode: refit}\n`,
    'R13',
    null,
  ],
  [
    'retraining after ALPS',
    `${prune('sparsity: 0.3, method: alps')}${data}recover: {mode: retrain, data: a.jsonl, seq_len: 64, train: [norm]}\n`,
    'R13',
    null,
  ],
  [
    'refit first',
    `${prune('sparsity: 0.3')}${data}recover: [{mode: refit}, {train: [norm]}, {mode: retrain, data: a.jsonl, seq_len: 64, train: [norm]}]\n`,
    'R12',
    null,
  ],
  [
    'data of a second retraining',
    `recover: [{mode: retrain, data: a.jsonl, seq_len: 64, train: [norm]}, {mode: retrain, train: [norm]}]\n${save}`,
    'M1',
    'error',
  ],
  [
    'calibration of a refit in a list',
    `${prune('sparsity: 0.3')}${data}recover: [{mode: retrain, data: a.jsonl, seq_len: 64, train: [norm]}, {mode: refit}]\n`,
    'M2',
    null,
  ],
  ['biases of OPT', retrain('train: [bias]'), 'R2', null, opt],
  ['norms that have no weights', retrain('train: [norm, mask_lora]'), 'R2', 'warning', plain],
  ['only norms that have no weights', retrain('train: [norm]'), 'R7', 'error', plain],
  ['norms of LLaMA', retrain('train: [norm]'), 'R7', null, llama],
  ['only biases where there are none', retrain('train: [bias]'), 'R7', 'error', llama],
  ['only the head in a reconstruction', `${data}recover: {train: [head]}\n${save}`, 'R7', 'error'],
  ['the embedding in a reconstruction', `${data}recover: {train: [embedding, norm]}\n${save}`, 'R3', 'warning'],
  ['an untied head', retrain('train: [head]'), 'R4', null, llama],
  ['a rank of ScaleLoRA, which has none', retrain('train: [scale_lora], lora: {rank: 4096}'), 'R5', null, opt],
  ['a model with a mask needs no prune step', retrain('train: [norm]'), 'R9', null, opt],
  [
    'windows beyond 4096 where the model has them',
    `${prune('method: wanda')}calibration: {data: a.jsonl, seq_len: 5000}\n`,
    'L4',
    'warning',
    factsOf(modelOf({ ...optConfig, max_position_embeddings: 9000 })),
  ],
  ['10 steps of retraining have a step after warm-up', retrain('train: [norm], steps: 10'), 'L3', null],
  ['warm-up steps', retrain('train: [norm], warmup_steps: 10'), 'L3', 'error'],
  ['epochs', retrain('train: [norm], epochs: 3'), 'S5', 'error'],
  ['full besides norms', retrain('train: [full, norm]'), 'S5', 'error'],
  [
    'an every that never comes',
    `${retrain('train: [norm], steps: 10')}evaluate: [{data: b.jsonl, seq_len: 64, every: 20}]\n`,
    'S6',
    'warning',
  ],
  [
    'the adapter of a list of which another item is misspelt',
    `${data}recover: {train: [mask_lora, nrom], lora: {rank: 4}}\n${save}`,
    'S6',
    null,
  ],
  ['an adapter that is misspelt itself', `${data}recover: {train: [mask_lor], lora: {rank: 4}}\n${save}`, 'S6', null],
  ['a key of a method that is misspelt', `${prune('method: sparsegtp, dampening: 0.02')}${data}`, 'S6', null],
  ['a key of a method whose key is misspelt', `${prune('metod: sparsegpt, dampening: 0.02')}${data}`, 'S6', null],
  [
    'keys of a mode that is misspelt',
    `recover: {mode: retrin, data: a.jsonl, seq_len: 64, clip_norm: 1}\n${save}`,
    'S6',
    null,
  ],
  [
    'a stage of a prune that is misspelt',
    `prnue: [{method: wanda}]\n${data}evaluate: [{data: b.jsonl, seq_len: 64, at: [pruned]}]\n${save}`,
    'S6',
    null,
  ],
  [
    'a mistake beside a method that is written well',
    `${prune('method: wanda, dampening: 0.02, sparsty: 0.3')}${data}`,
    'S6',
    'warning',
  ],
  ['calibration of a method that is misspelt', `${prune('method: wnda')}${data}`, 'M2', null],
  ['calibration that is misspelt', `${prune('method: wanda')}calibrtion: {data: a.jsonl, seq_len: 64}\n`, 'M1', null],
  ['save that is misspelt', `prune: [{sparsity: 0.3}]\nsav: {to: out}\n`, 'S10', null],
  [
    'targets with dense inputs',
    `${prune('method: wanda')}${data}recover: {inputs: dense, targets: block}\n`,
    'S6',
    'warning',
  ],
  ['targets with pruned inputs', `${prune('method: wanda')}${data}recover: {targets: model}\n`, 'S6', null],
  ['submodules side by side', `${prune('method: wanda')}${data}recover: {window: submodule}\n`, 'S6', 'warning', neox],
  ['submodules one after the other', `${prune('method: wanda')}${data}recover: {window: submodule}\n`, 'S6', null, opt],
  ['scope with N:M', prune('pattern: "2:4", scope: row'), 'S6', 'warning'],
  [
    'a field of a .txt',
    `${prune('method: wanda')}calibration: {data: a.txt, field: x, seq_len: 64}\n`,
    'S6',
    'warning',
  ],
  ['an invalid value of a sweep', `${prune('sparsity: 0.3')}sweep: {"prune.0.sparsity": [0.3, 30]}\n`, 'S9', 'error'],
  ['a percentage with its sign', prune('sparsity: 50%'), 'N6', 'error'],
  ['sparsity 1', prune('sparsity: 1'), 'N6', 'error'],
  ['N:M close to its sparsity', prune('pattern: "1:3", sparsity: 0.333'), 'N1', null],
  ['2:4 has a kernel', prune('pattern: "2:4"'), 'N4', null],
  ['the default block size with M = 7', `${prune('method: sparsegpt, pattern: "2:7"')}${data}`, 'N5', 'error'],
  ['global with admm', `${prune('method: admm, scope: global')}${data}`, 'N12', 'error'],
  ['global with N:M', `${prune('method: alps, scope: global, pattern: "2:4"')}${data}`, 'N12', null],
  ['selection with alps', `${prune('method: alps, selection: perp')}${data}`, 'S6', 'warning'],
  ['iterations with wanda', `${prune('method: wanda, iterations: 20')}${data}`, 'S6', 'warning'],
  ['wanda at high sparsity', `${prune('method: wanda, sparsity: 0.7')}${data}`, 'N11', null],
  ['two equal steps', `prune: [{sparsity: 0.3}, {sparsity: 0.3}]\n${save}`, 'T10', 'hint', opt],
  ['a head that is ignored', prune('targets: [Linear, "re:.*lm_head"], ignore: [lm_head]'), 'T8', null, llama],
  ['norms beside linears', prune('targets: ["re:.*layers.*"]'), 'T11', null, opt],
  ['an ignore for the head of a tied model', prune('ignore: ["re:.*lm_head"]'), 'T7', null, opt],
  ['an escaped number', prune('targets: ["re:model\\\\.decoder\\\\.layers\\\\.1\\\\."]'), 'T4', null, opt],
  ['an output that is there', prune('sparsity: 0.3'), 'G2', 'warning', there],
  ['an output that is the model', prune('sparsity: 0.3'), 'G2', 'error', same],
  [
    'an output inside the model, as written',
    'model: m/a\nprune: [{sparsity: 0.3}]\nsave: {to: ./m/b/../a/out}\n',
    'G2',
    'error',
  ],
  ['an output around the model, as written', 'model: m/a\nprune: [{sparsity: 0.3}]\nsave: {to: m}\n', 'G2', 'error'],
  [
    'an output beside the model, of a longer name',
    'model: m/a\nprune: [{sparsity: 0.3}]\nsave: {to: m/ab}\n',
    'G2',
    null,
  ],
  [
    'an output outside a model that is the folder of the recipe',
    'model: .\nprune: [{sparsity: 0.3}]\nsave: {to: ../out}\n',
    'G2',
    null,
  ],
  [
    'a pruned model in the model',
    'model: m/a\nprune: [{sparsity: 0.3}]\nsave: {to: out, pruned: m/a/x}\n',
    'G2',
    'error',
  ],
  [
    'a pruned model in the result',
    'model: m/a\nprune: [{sparsity: 0.3}]\nsave: {to: out, pruned: out/x}\n',
    'G2',
    'error',
  ],
  [
    'a pruned model without recovery',
    'model: m/a\nprune: [{sparsity: 0.3}]\nsave: {to: out, pruned: x}\n',
    'S6',
    'warning',
  ],
  ['files of an evaluation in the model', filesIn('./m/a/eval'), 'G2', 'error'],
  ['files of an evaluation in the result', filesIn('all/out/eval'), 'G2', 'error'],
  ['files of an evaluation around the result', filesIn('all'), 'G2', null],
  ['an output that a link leads into the model', prune('sparsity: 0.3'), 'G2', 'error', inside],
  ['a full disk', prune('sparsity: 0.3'), 'G2', 'warning', small],
  ['little memory', prune('sparsity: 0.3'), 'G1', 'warning', small],
  ['a missing value of data', `${prune('method: wanda')}calibration: {seq_len: 64}\n`, 'S8', 'error'],
  ['a truth value as a word', retrain('train: [norm], shuffle: yes'), 'S7', 'error'],
]

describe('rules, beyond their examples', () => {
  for (const [what, text, rule, severity, facts] of cases) {
    it(`${rule} ${severity === null ? 'is silent about' : `is ${severity} for`} ${what}`, () => {
      const { findings } = lint(`version: 1\nmodel: m\n${text}`, { facts })
      const found = findings.filter((f) => f.rule === rule).map((f) => f.severity)
      assert.deepEqual(found, severity === null ? [] : found.length > 0 ? found.map(() => severity) : [severity])
    })
  }

  it('S7 says which word was meant', () => {
    const { findings } = lint(`version: 1\nmodel: m\n${prune('method: wnda, sparsity: 0.3')}`)
    assert.match(findings[0].message, /"wnda": did you mean wanda\?$/)
  })
})
