import type { RuleFile } from '../rule.ts'
import { plannedReports } from '../plannedRule.ts'

export const rule: RuleFile = {
  id: 'C',
  severity: 'error',
  needs: 'model',
  title: 'A GGUF file that llama.cpp would not read as this model',
  why: '`format: gguf` writes the result once more for llama.cpp, which supports certain families, variants and tokenizers. Others would not load there, or would compute something else, so they are refused before the run. A warning says where llama.cpp computes differently for some texts.',
  bad: 'prune: [{sparsity: 0.3}]\nsave: {to: out, format: gguf}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out, format: dense}',
  *check(context) {
    const found = plannedReports(context, 'gguf-impossible')
    yield* found
    const { save } = context.resolved
    const { model } = context
    if (save?.format !== 'gguf' || !model?.modelConfig || found.length > 0) return
    const { present, ggufProblem } = model.tokenizer
    const at = ['save', 'format']
    const fixes = [context.fix.drop(at)]
    if (!present)
      yield {
        at,
        message: 'The model folder has no tokenizer.json, which a GGUF file needs: copy it from the model.',
        fixes,
      }
    else if (ggufProblem) yield { at, message: `tokenizer.json: ${ggufProblem}: remove format.`, fixes }
  },
}
