import type { Key } from '../../lib/api/types.gen';

type Aliases = Key['aliases'];

/** AliasForm is one alias as it is edited: what callers say, the provider's own name, and what else is stored with it. */
export interface AliasForm {
  name: string;
  model: string;
  more: Record<string, string>;
}

export function aliasForms(aliases: Aliases | undefined): AliasForm[] {
  return Object.entries(aliases ?? {})
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, a]) => {
      if (typeof a === 'string') return { name, model: a, more: {} };
      const { model_id = '', ...more } = a;
      return { name, model: model_id, more };
    });
}

/** aliasDraft is what the API is sent for them. Rows without any name are left out. */
export function aliasDraft(rows: AliasForm[]): Aliases {
  const filled = rows.filter((r) => r.name.trim() || r.model.trim());
  return Object.fromEntries(filled.map((r) => [r.name.trim(), Object.keys(r.more).length > 0 ? { ...r.more, model_id: r.model.trim() } : r.model.trim()]));
}

/** twice names the alias that stands in two rows; "" where there is none. */
export function twice(rows: AliasForm[]): string {
  const names = rows.map((r) => r.name.trim()).filter(Boolean);
  return names.find((name, i) => names.indexOf(name) !== i) ?? '';
}

/** moreWords are the further options of an alias: region eu · api_version 1. */
export function moreWords(row: AliasForm): string {
  return Object.entries(row.more)
    .map(([name, value]) => (name === 'description' ? value : `${name} ${value}`))
    .join(' · ');
}

/** aliasLines are the aliases one to a line: fast → small-1. */
export function aliasLines(aliases: Aliases | undefined): string[] {
  return aliasForms(aliases).map((a) => `${a.name} → ${a.model}`);
}
