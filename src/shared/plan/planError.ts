/** A recipe asks for what cannot be done with the model. The message is for people: where, why, how to mend it. */
export class PlanError extends Error {
  override readonly name = 'PlanError'
}
