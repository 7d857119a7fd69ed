// One bundle for the server's process and its threads.
import { dirname, join } from 'node:path'
import { parentPort } from 'node:worker_threads'
import { createAnswers } from './answers.ts'
import { startLanguageServer } from './languageServer.ts'
import { answerAsThread } from './recipeThread.ts'

// The bundle is in dist/ of the extension.
const answers = createAnswers(join(dirname(process.argv[1]), '..'))
if (parentPort) answerAsThread(parentPort, answers)
else startLanguageServer(answers)
