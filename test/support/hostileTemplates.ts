// Chat templates that take long, grow, nest, or reach for what they were not given. Each renders to a short text, or is refused.
const grow = (step: string, times = 60) =>
  `{% set ns = namespace(x=["a"], s="aaaaaaaa") %}{% for i in range(${times}) %}${step}{% endfor %}`

export const hostileTemplates: Readonly<Record<string, string>> = {
  'a huge range': '{% for i in range(1000000000) %}x{% endfor %}',
  'a range without an end': '{{ range(1, 2, 0) }}',
  'loops in loops': `${'{% for i in range(100000) %}'.repeat(3)}x${'{% endfor %}'.repeat(3)}`,
  'a long text again and again': `${'{% for i in range(100000) %}'.repeat(2)}${'x'.repeat(1000)}${'{% endfor %}'.repeat(2)}`,
  'a macro that calls itself': '{% macro f(x) %}{{ caller() if false else g() }}{% endmacro %}{{ f(1) }}',
  'a call that calls itself': '{% set ns = namespace() %}{% macro f(m) %}{{ m(m) }}{% endmacro %}{{ f(f) }}',
  'a text that doubles': grow('{% set ns.s = ns.s ~ ns.s %}'),
  'a list that doubles': grow('{% set ns.x = ns.x + ns.x %}'),
  'a text that multiplies': `${grow('{% set ns.s = ns.s ~ ns.s %}', 18)}{{ ns.s | replace("a", ns.s) }}`,
  'a text of many pieces': `${grow('{% set ns.s = ns.s ~ " a" ~ ns.s %}', 18)}{{ ns.s.split(" ") | length }}`,
  'a list of lists of lists': `${grow('{% set ns.x = [ns.x, ns.x] %}', 20)}{{ ns.x | tojson | length }}`,
  'a namespace that holds itself': '{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}{{ ns | tojson }}',
  'a far indent': '{{ "a\nb" | indent(500000000, true) | length }}',
  'deep parentheses': `{{ ${'('.repeat(200000)}1${')'.repeat(200000)} }}`,
  'deep blocks': '{% if 1 %}'.repeat(100000),
  'a block without an end': '{% for x in messages %}',
  'an include': '{% include "/etc/passwd" %}',
  'an import': '{% import "os" as os %}{{ os }}',
  'a constructor': '{{ range.constructor("return process")() }}',
  'a constructor of text': '{{ "".constructor.constructor("return process")() }}',
  'a class': '{{ "".__class__.__mro__[1].__subclasses__() }}',
  'a prototype': '{% set messages.__proto__.polluted = 1 %}',
  'a prototype of a map':
    '{% set ns = namespace(__proto__=1) %}{% set ns.__proto__ = 2 %}{% set ns.constructor = 3 %}{{ ns.x }}',
  'a reason without an end': '{{ raise_exception("x" * 3) }}',
  'a long reason': `{{ raise_exception("${'x'.repeat(100000)}\u001b[2J") }}`,
}
