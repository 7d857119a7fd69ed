// Units that reconstruction can train at once: a whole block, or its attention or its MLP with its norm and residual.
import { Arena } from '../compute/arena.ts'
import type { Block } from '../model/block.ts'
import { blockBackward, blockForward, type BlockSaved } from '../model/blockPass.ts'
import type { AttentionPartSaved, MlpPartSaved } from '../model/branches.ts'
import { runPass } from '../model/pass.ts'
import {
  attentionSubmodule,
  attentionSubmoduleBackward,
  mlpSubmodule,
  mlpSubmoduleBackward,
} from '../model/submodule.ts'
import type { Unit } from './reconstruct.ts'

export function blockUnit(block: Block): Unit<BlockSaved> {
  return {
    forward: (step, input, save) => blockForward(step, block, input, save),
    backward: async (step, saved, dOutput, grads) => {
      await blockBackward(step, block, saved, dOutput, grads, false)
    },
  }
}

export function attentionUnit(block: Block): Unit<AttentionPartSaved> {
  return {
    forward: (step, input, save) =>
      runPass(step, input.shape, save, (pass, output) => attentionSubmodule(pass, block, input, output)),
    backward: async (step, saved, dOutput, grads) => {
      using scope = new Arena(step.backend)
      await attentionSubmoduleBackward({ step, scope, block, saved, grads }, dOutput, null)
    },
  }
}

export function mlpUnit(block: Block): Unit<MlpPartSaved> {
  return {
    forward: (step, input, save) =>
      runPass(step, input.shape, save, (pass, output) => mlpSubmodule(pass, block, input, output)),
    backward: async (step, saved, dOutput, grads) => {
      using scope = new Arena(step.backend)
      await mlpSubmoduleBackward({ step, scope, block, saved, grads }, dOutput, null)
    },
  }
}
