// Replaces ajv and ajv-formats in the command line's bundle (buildTargets.mjs). The MCP SDK imports them for forms that our server
// never sends, and they are twice as large as the rest of it.
export default function noValidator() {
  throw new Error('no schema of a client is checked')
}
export { noValidator as Ajv }
