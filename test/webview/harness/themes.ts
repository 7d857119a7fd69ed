// Variables as VS Code's own themes set them, for looking at the views outside of VS Code.

export type ThemeName = 'light' | 'dark' | 'highContrast' | 'highContrastLight'

interface Theme {
  bodyClass: string
  variables: Record<string, string>
}

const common = {
  'font-family': 'system-ui, "Ubuntu", "DejaVu Sans", sans-serif',
  'font-size': '13px',
  'editor-font-family': '"DejaVu Sans Mono", monospace',
}

const light = {
  ...common,
  foreground: '#3b3b3b',
  descriptionForeground: '#616161',
  'editor-background': '#ffffff',
  'panel-border': '#e5e5e5',
  focusBorder: '#005fb8',
  errorForeground: '#c72e0f',
  'button-background': '#005fb8',
  'button-foreground': '#ffffff',
  'button-secondaryBackground': '#e5e5e5',
  'button-secondaryForeground': '#3b3b3b',
  'input-background': '#ffffff',
  'input-foreground': '#3b3b3b',
  'input-border': '#cecece',
  'list-hoverBackground': '#f2f2f2',
  'list-activeSelectionBackground': '#e8e8e8',
  'list-activeSelectionForeground': '#000000',
  'editorHoverWidget-background': '#f8f8f8',
  'editorHoverWidget-border': '#c8c8c8',
  'badge-background': '#cccccc',
  'badge-foreground': '#3b3b3b',
  'progressBar-background': '#005fb8',
  'textBlockQuote-background': '#f8f8f8',
  'sparsescope-notComputed': '#8c8c8c',
}

const dark = {
  ...common,
  foreground: '#cccccc',
  descriptionForeground: '#9d9d9d',
  'editor-background': '#1f1f1f',
  'panel-border': '#2b2b2b',
  focusBorder: '#0078d4',
  errorForeground: '#f85149',
  'button-background': '#0078d4',
  'button-foreground': '#ffffff',
  'button-secondaryBackground': '#313131',
  'button-secondaryForeground': '#cccccc',
  'input-background': '#313131',
  'input-foreground': '#cccccc',
  'input-border': '#3c3c3c',
  'list-hoverBackground': '#2a2d2e',
  'list-activeSelectionBackground': '#04395e',
  'list-activeSelectionForeground': '#ffffff',
  'editorHoverWidget-background': '#202020',
  'editorHoverWidget-border': '#454545',
  'badge-background': '#616161',
  'badge-foreground': '#f8f8f8',
  'progressBar-background': '#0078d4',
  'textBlockQuote-background': '#2b2b2b',
  'sparsescope-notComputed': '#7a7a7a',
}

const highContrast = {
  ...common,
  foreground: '#ffffff',
  descriptionForeground: '#e0e0e0',
  'editor-background': '#000000',
  'panel-border': '#6fc3df',
  contrastBorder: '#6fc3df',
  contrastActiveBorder: '#f38518',
  focusBorder: '#f38518',
  errorForeground: '#f48771',
  'button-background': '#000000',
  'button-foreground': '#ffffff',
  'button-border': '#6fc3df',
  'input-background': '#000000',
  'input-foreground': '#ffffff',
  'input-border': '#6fc3df',
  'editorHoverWidget-background': '#0c141f',
  'badge-background': '#000000',
  'badge-foreground': '#ffffff',
  'sparsescope-notComputed': '#ffffff',
}

const highContrastLight = {
  ...common,
  foreground: '#292929',
  descriptionForeground: '#3b3b3b',
  'editor-background': '#ffffff',
  'panel-border': '#0f4a85',
  contrastBorder: '#0f4a85',
  contrastActiveBorder: '#006bbd',
  focusBorder: '#006bbd',
  errorForeground: '#b5200d',
  'button-background': '#0f4a85',
  'button-foreground': '#ffffff',
  'input-background': '#ffffff',
  'input-foreground': '#292929',
  'input-border': '#0f4a85',
  'badge-background': '#0f4a85',
  'badge-foreground': '#ffffff',
  'sparsescope-notComputed': '#292929',
}

export const themes: Record<ThemeName, Theme> = {
  light: { bodyClass: 'vscode-light', variables: light },
  dark: { bodyClass: 'vscode-dark', variables: dark },
  highContrast: { bodyClass: 'vscode-high-contrast', variables: highContrast },
  highContrastLight: { bodyClass: 'vscode-high-contrast-light vscode-high-contrast', variables: highContrastLight },
}
