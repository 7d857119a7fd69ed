// Declares what every runtime here has (Node, webview, VS Code's hosts), though ECMAScript's library does not name it.

declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean })
  decode(input?: ArrayBufferView | ArrayBuffer): string
}

declare class TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>
}

declare function structuredClone<T>(value: T): T
