/** Work of which one goes on at a time: a call meanwhile makes one more after it, and is answered by that. */
export class OneMore {
  private now: Promise<void> | null = null
  private next: Promise<void> | null = null
  private readonly work: () => Promise<void>

  constructor(work: () => Promise<void>) {
    this.work = work
  }

  run(): Promise<void> {
    if (!this.now) return (this.now = this.work().finally(() => (this.now = null)))
    const again = () => {
      this.next = null
      return this.run()
    }
    return (this.next ??= this.now.then(again, again))
  }
}
