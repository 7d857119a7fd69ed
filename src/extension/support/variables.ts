// VS Code replaces `${…}` in what a task is made of, its arguments and working directory included; for `${command:…}` it runs
// the command. Nothing escapes it, so that a path which contains one cannot be handed to a task.

/** Whether a task may get another text than this one. */
export function hasVariable(text: string): boolean {
  return text.includes('${')
}
