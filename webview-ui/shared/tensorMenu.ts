/** What VS Code's own menu of a tensor is about; of nothing for what is no tensor. */
export function tensorMenu(name: string | undefined): Record<string, unknown> {
  return name === undefined ? {} : { webviewSection: 'tensor', tensor: name, preventDefaultContextMenuItems: true }
}
