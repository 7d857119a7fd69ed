// The part of the WebAssembly API in use: Node's types leave it to the DOM's, which do not belong here.
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number; shared?: boolean })
    /** An ArrayBuffer where it is not shared. */
    readonly buffer: SharedArrayBuffer
    /** Adds pages of 64 KiB; throws when the system refuses. */
    grow(pages: number): number
  }
  class Module {
    constructor(bytes: Uint8Array)
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>)
    readonly exports: Record<string, unknown>
  }
  function validate(bytes: Uint8Array): boolean
}
