// Small files beside the weights that say how to read a model: its configuration and its tokenizer.

const companions =
  /^(?:config|generation_config|special_tokens_map|added_tokens|merges|(?:tokenizer|vocab|chat_template).*)\.(?:json|txt|model|jinja)$/

export function isCompanion(name: string): boolean {
  return companions.test(name)
}
