// Contributions of the views to package.json, made from their rows (src/protocol/view.ts).

/** The manifest and its texts with the contributions of all views; those of anything else stay as they are. */
export function withViews(manifest, texts, views) {
  const rows = Object.values(views)
  const opens = rows.map((view) => view.opens)
  const isOfView = ({ command }) => opens.some((one) => one.command === command)
  const keyOf = (command) => command.replace('sparsescope.', 'command.')
  const isPanel = (event) => event.startsWith('onWebviewPanel:')
  const { commands, menus } = manifest.contributes
  const made = opens.map(({ command, title: _title, menus: _menus, ...more }) => ({
    command,
    title: `%${keyOf(command)}%`,
    category: '%category%',
    ...more,
  }))
  const placed = (menu) =>
    opens.flatMap(({ command, menus = {} }) => (menus[menu] ?? []).map((item) => ({ command, ...item })))
  const places = new Set([...Object.keys(menus), ...opens.flatMap((one) => Object.keys(one.menus ?? {}))])
  return {
    manifest: {
      ...manifest,
      activationEvents: [
        ...manifest.activationEvents.filter((event) => !isPanel(event)),
        ...rows.filter((view) => view.restored).map((view) => `onWebviewPanel:${view.type}`),
      ],
      contributes: {
        ...manifest.contributes,
        commands: [...made, ...commands.filter((one) => !isOfView(one))],
        menus: Object.fromEntries(
          [...places].map((menu) => [
            menu,
            [...placed(menu), ...(menus[menu] ?? []).filter((item) => !isOfView(item))],
          ]),
        ),
      },
    },
    texts: { ...texts, ...Object.fromEntries(opens.map(({ command, title }) => [keyOf(command), title])) },
  }
}
