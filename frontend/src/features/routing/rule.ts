import type { Rule, RuleTarget } from '../../lib/api/types.gen';

/** One target of a form; its weight is percent. Key pins one key of the provider. */
export interface TargetForm {
  provider: string;
  model: string;
  key: string;
  weight: number | undefined;
}

/** newTarget sends a request where it was going. */
export function newTarget(weight: number): TargetForm {
  return { provider: '', model: '', key: '', weight };
}

/** What the form of a rule holds. */
export interface RuleForm {
  name: string;
  description: string;
  enabled: boolean;
  chain: boolean;
  expression: string;
  targets: TargetForm[];
  fallbacks: string[];
  scope: string;
  scopeId: string;
  priority: number | undefined;
}

/** ruleForm begins a form with a rule, or for a new one. */
export function ruleForm(rule?: Rule): RuleForm {
  return {
    name: rule?.name ?? '',
    description: rule?.description ?? '',
    enabled: rule?.enabled ?? true,
    chain: rule?.chain_rule ?? false,
    expression: rule?.cel_expression ?? '',
    targets: rule ? rule.targets.map((t) => ({ provider: t.provider ?? '', model: t.model ?? '', key: t.key_id ?? '', weight: round(t.weight * 100) })) : [newTarget(100)],
    fallbacks: rule?.fallbacks ?? [],
    scope: rule?.scope ?? 'global',
    scopeId: rule?.scope_id ?? '',
    priority: rule?.priority ?? 0,
  };
}

const round = (n: number) => Math.round(n * 100) / 100;

/** ruleDraft is what a form says to the API. Weights are parts of a whole there. */
export function ruleDraft(form: RuleForm) {
  const sum = form.targets.reduce((n, t) => n + (t.weight ?? 0), 0);
  const part = (t: TargetForm) => (sum > 0 ? (t.weight ?? 0) / sum : 1 / form.targets.length);
  return {
    name: form.name.trim(),
    description: form.description.trim(),
    enabled: form.enabled,
    chain_rule: form.chain,
    cel_expression: form.expression.trim(),
    targets: form.targets.map((t) => ({
      ...(t.provider ? { provider: t.provider } : {}),
      ...(t.model.trim() ? { model: t.model.trim() } : {}),
      ...(t.provider && t.key ? { key_id: t.key } : {}),
      weight: part(t),
    })),
    fallbacks: form.fallbacks,
    scope: form.scope,
    scope_id: form.scope === 'global' ? '' : form.scopeId,
    priority: form.priority ?? 0,
  };
}

/** targetWords says where a rule sends a request. */
export function targetWords(targets: RuleTarget[]): string {
  const word = (t: RuleTarget) => [t.provider, t.model].filter(Boolean).join('/') + (t.provider && t.model ? '' : t.provider ? ', same model' : t.model ? ', same provider' : 'where it was going');
  if (targets.length === 1) return word(targets[0]!);
  return targets.map((t) => `${word(t)} ${Math.round(t.weight * 100)}%`).join(' · ');
}

/** scopes are whose requests a rule is asked for, in the order in which they are asked. */
export const scopes: [value: string, words: string][] = [
  ['virtual_key', 'A virtual key'],
  ['team', 'A team'],
  ['customer', 'A customer'],
  ['global', 'Everybody'],
];

/** pieces are what an expression can speak of; a click puts one in. */
export const pieces: { text: string; about: string }[] = [
  { text: 'model', about: 'the model that was asked for' },
  { text: 'provider', about: 'its provider, empty where none was named' },
  { text: 'request_type', about: 'chat_completion, embedding, …' },
  { text: 'headers["x-tier"]', about: 'a header of the request' },
  { text: 'params["env"]', about: 'a part of the query' },
  { text: 'virtual_key_name', about: 'who calls' },
  { text: 'team_name', about: 'its team' },
  { text: 'budget_used', about: 'percent of the fullest budget' },
  { text: 'complexity_tier == "SIMPLE"', about: 'how hard the question is: also MEDIUM, COMPLEX, REASONING' },
  { text: 'model.startsWith("small-")', about: 'also endsWith, contains, matches' },
];

/** caret marks a place in a text of several lines: the line itself, and a mark below its column. */
export function caret(text: string, line: number, column: number): { line: string; mark: string } {
  const found = text.split('\n')[line - 1] ?? '';
  return { line: found, mark: `${' '.repeat(Math.max(0, column - 1))}^` };
}

/** headerMap reads lines of "name: value". */
export function headerMap(lines: string[]): Record<string, string> {
  const out: Record<string, string> = {};
  for (const line of lines) {
    const at = line.indexOf(':');
    const name = (at < 0 ? line : line.slice(0, at)).trim();
    if (name) out[name] = at < 0 ? '' : line.slice(at + 1).trim();
  }
  return out;
}
