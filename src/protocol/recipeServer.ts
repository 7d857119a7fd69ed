// What the recipe language server is told beside the protocol of language servers.

/** `{folders}`: folders of recipes whose finished runs tell how long others take. */
export const runFoldersMethod = 'sparsescope/runFolders'
