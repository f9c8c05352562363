import type { LogEntry } from '../../lib/api/types.gen';
import { statuses } from '../../lib/entry';
import { toggled, type Filters, type ListName } from './filters';

/** Suggestion is a filter that the text in the filter field could mean. */
export interface Suggestion {
  kind: 'Status' | 'Provider' | 'Model' | 'Request';
  label: string;
  /** to gives the filters with this one added. */
  to(f: Filters): Filters;
}

/** Known are the values that have been seen or are set up. */
export interface Known {
  providers: string[];
  models: string[];
}

const perKind = 8;

/** suggest gives the filters that contain the text and are not on already. */
export function suggest(text: string, f: Filters, known: Known): Suggestion[] {
  const needle = text.trim().toLowerCase();
  const out: Suggestion[] = [];
  const add = (kind: Suggestion['kind'], list: ListName, values: { value: string; word: string }[]) => {
    const fit = values.filter(({ value, word }) => !f[list].includes(value) && `${kind} ${word}`.toLowerCase().includes(needle));
    out.push(...fit.slice(0, perKind).map(({ value, word }) => ({ kind, label: word, to: (g: Filters) => toggled(g, list, value) })));
  };
  const plain = (value: string) => ({ value, word: value });
  add('Status', 'status', statuses);
  add('Provider', 'providers', known.providers.map(plain));
  add('Model', 'models', known.models.map(plain));
  if (needle && !/\s/.test(needle)) {
    const typed = text.trim();
    if (!known.models.includes(typed)) out.push({ kind: 'Model', label: typed, to: (g) => toggled(g, 'models', typed) });
    out.push({ kind: 'Request', label: typed, to: (g) => ({ ...g, request: typed }) });
  }
  return out;
}

/** seenModels are the models of some entries, each once. */
export function seenModels(entries: LogEntry[]): string[] {
  return [...new Set(entries.map((e) => e.model || e.alias).filter(Boolean))];
}
