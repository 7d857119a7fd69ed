// The thread behind factsThread.ts.
import { parentPort } from 'node:worker_threads'
import { messageOf } from '../../errors.ts'
import type { FactsAnswer, FactsQuestion } from '../support/factsThread.ts'
import { readModelFacts } from './modelFacts.ts'

const answer = (message: FactsAnswer) => parentPort?.postMessage(message)

parentPort?.on('message', ({ path, mostBytes }: FactsQuestion) => {
  readModelFacts(path, mostBytes).then(
    (facts) => answer({ facts }),
    (error: unknown) => answer({ failed: messageOf(error) }),
  )
})
