/** A message that may name files, for a report that anybody may read: folders may have any letters, and spaces. */
export function withoutPaths(text: string, home: string): string {
  const withoutHome = home.length > 1 ? text.replaceAll(home, '<path>') : text
  // A name at the end ends at a space: what follows is the message again.
  return withoutHome.replace(/(?:[A-Za-z]:)?[\\/](?:[^\\/:*?"<>|\n()]+[\\/])*[^\\/\s:*?"<>|()]+/gu, '<path>')
}
