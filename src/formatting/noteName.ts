/** The note that a run leaves beside the checkpoint it saves: how it came about. */
export const noteName = 'sparsescope.json'
