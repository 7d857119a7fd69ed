import { setTimeout } from 'node:timers/promises'

type Found<T> = T | null | undefined | false

/** Waits until `look` finds something, and returns it. `what` says in the error what did not come within `limitMs`. @throws Error */
export async function until<T>(what: string, look: () => Found<T> | Promise<Found<T>>, limitMs = 150_000): Promise<T> {
  const deadline = Date.now() + limitMs
  for (;;) {
    const found = await look()
    if (found !== null && found !== undefined && found !== false) return found
    if (Date.now() > deadline) throw new Error(`waited ${limitMs / 1000} s for ${what}`)
    await setTimeout(50)
  }
}
