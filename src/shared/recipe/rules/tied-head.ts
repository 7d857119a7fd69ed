import { setTrain } from '../../lint/fixes.ts'
import { defineRule } from '../../lint/rule.ts'

export const rule = defineRule({
  id: 'R4',
  severity: 'warning',
  needs: 'model',
  title: 'Training the head of a tied model',
  why: 'Head and embedding are one matrix in this model. The trained head is saved as a matrix of its own, `tie_word_embeddings: false` is written into config.json, and the checkpoint grows by it (peft#2777).',
  bad: 'recover: {mode: retrain, data: a.jsonl, seq_len: 64, train: [norm, head]}\nsave: {to: out}',
  good: 'recover: {mode: retrain, data: a.jsonl, seq_len: 64, train: [norm]}\nsave: {to: out}',
  *check({ document, recoveries, model }) {
    if (!model?.modelConfig?.tied) return
    for (const { path, written, resolved } of recoveries) {
      const train = written.train ?? []
      const index = train.indexOf('head')
      if (index < 0 || resolved.mode !== 'retrain') continue
      const rest = train.filter((t) => t !== 'head')
      yield {
        at: [...path, 'train', index],
        message: model.modelConfig.isPart
          ? 'The head of this model is its embedding, and a model of several parts cannot be saved untied: remove it.'
          : 'The head of this model is its embedding: training it unties them, and the saved model gets a head of its own.',
        fixes: rest.length > 0 ? [setTrain(document, path, rest)] : [],
      }
    }
  },
})
