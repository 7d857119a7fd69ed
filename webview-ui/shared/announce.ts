// One polite live region per view, which describes changes to screen readers.
let region: HTMLElement | null = null

export function announce(text: string): void {
  region ??= makeRegion()
  if (region.textContent !== text) region.textContent = text
}

function makeRegion(): HTMLElement {
  const made = document.createElement('div')
  made.className = 'srOnly'
  made.role = 'status'
  made.ariaLive = 'polite'
  return document.body.appendChild(made)
}
