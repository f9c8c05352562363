import type { FilterNode, LogEntry } from '../api/types.gen';

/** Verdict says whether a filter holds for a row; unknown where the row does not tell, or not yet. */
export type Verdict = 'yes' | 'no' | 'unknown';

/**
 * match judges a row of the log by a filter as the API gives it, as the store would: null is the filter that selects
 * everything. What the rows do not have (see elsewhere) is unknown, and so is what a running request may still turn
 * out to be.
 */
export function match(node: FilterNode | null | undefined, row: LogEntry): Verdict {
  if (!node) return 'yes';
  const parts = node.parts ?? [];
  switch (node.kind) {
    case 'and':
      return join(parts, row, 'no', 'yes');
    case 'or':
      return join(parts, row, 'yes', 'no');
    case 'not':
      return opposite(match(parts[0], row));
    case 'term':
      return term(node, row);
  }
}

/** join is decided by the first part that says so, and else by what all of them say. */
function join(parts: FilterNode[], row: LogEntry, decides: Verdict, else_: Verdict): Verdict {
  let verdict = else_;
  for (const part of parts) {
    const v = match(part, row);
    if (v === decides) return v;
    if (v === 'unknown') verdict = v;
  }
  return verdict;
}

function opposite(v: Verdict): Verdict {
  return v === 'unknown' ? v : v === 'yes' ? 'no' : 'yes';
}

/** elsewhere are the fields that only the store has. */
const elsewhere = new Set(['op', 'engine', 'warning', 'decoded', 'text']);

/** late are those that a running request may still get, or get another of; settling those that stay once they are there. */
const late = new Set(
  'status upstream error finish cache fallback latency ttft tokens input output cached reasoning cost retries tool'.split(' '),
);
const settling = new Set(['session', 'process', 'rule']);

const numeric = new Set(['count', 'bytes', 'duration', 'money', 'time']);
const ordered = new Set(['<', '<=', '>', '>=']);

function term(t: FilterNode, row: LogEntry): Verdict {
  const field = t.field ?? '';
  const op = t.op ?? '';
  if (elsewhere.has(field)) return 'unknown';
  const running = row.status === 'processing';
  let fits: boolean | undefined;
  let open = running && late.has(field);
  if (numeric.has(t.type ?? '') || (t.type === 'status' && ordered.has(op))) {
    const n = numberOf(field, row);
    fits = n !== undefined && fitsNumber(t, n);
  } else {
    const texts = textsOf(t, row).filter((text): text is string => !!text);
    open ||= running && settling.has(field) && texts.length === 0;
    fits = fitsTexts(t, texts);
  }
  if (fits === undefined) return 'unknown';
  const negative = op === '!=' || op === '!~';
  if (fits) return negative ? 'no' : 'yes';
  if (open) return 'unknown';
  return negative ? 'yes' : 'no';
}

/** numberOf is a field's number in the unit of its kind; undefined where there is none. */
function numberOf(field: string, row: LogEntry): number | undefined {
  const running = row.status === 'processing';
  const usage = row.token_usage;
  switch (field) {
    case 'status':
      return row.status_code || undefined;
    case 'time':
      return Date.parse(row.timestamp);
    case 'latency':
      return row.latency ?? undefined;
    case 'ttft':
      return row.ttft ?? undefined;
    case 'cost':
      return row.cost ?? undefined;
    case 'size':
      return row.request_size;
    case 'retries':
      return running ? undefined : row.number_of_retries;
    case 'fallback':
      return running ? undefined : row.fallback_index;
    case 'tokens':
      return usage?.total_tokens;
    case 'input':
      return usage?.prompt_tokens;
    case 'output':
      return usage?.completion_tokens;
    case 'cached':
      return usage?.cached_read_tokens;
    case 'reasoning':
      return usage?.reasoning_tokens;
  }
  return undefined;
}

/** grain is what numbers are multiplied by, and rounded, before they are compared: as the store counts them. */
const grain: Record<string, number> = { money: 1e9, duration: 1e3, time: 1e3 };

function fitsNumber(t: FilterNode, n: number): boolean {
  const g = grain[t.type ?? ''];
  const grains = (v: number) => (g ? Math.round(v * g) : v);
  const have = grains(n);
  return (t.values ?? []).some(({ number }) => {
    const want = grains(number);
    switch (t.op) {
      case '<':
        return have < want;
      case '<=':
        return have <= want;
      case '>':
        return have > want;
      case '>=':
        return have >= want;
      default:
        return have === want;
    }
  });
}

/** textsOf are all the texts that a field has. */
function textsOf(t: FilterNode, row: LogEntry): (string | null | undefined)[] {
  switch (t.field) {
    case 'provider':
      return [row.provider];
    case 'model':
      return [row.model, row.alias];
    case 'alias':
      return [row.alias];
    case 'status':
      return [row.status, row.status_code ? String(row.status_code) : ''];
    case 'key':
      return [row.selected_key_id, row.selected_key_name];
    case 'vk':
      return [row.virtual_key_id, row.virtual_key_name];
    case 'team':
      return [row.team_id, row.team_name];
    case 'customer':
      return [row.customer_id, row.customer_name];
    case 'rule':
      return [row.routing_rule_id, row.routing_rule_name];
    case 'object':
      return [row.object];
    case 'dialect':
      return [row.dialect];
    case 'upstream':
      return [row.upstream_dialect];
    case 'stream':
      return [String(row.stream)];
    case 'finish':
      return [row.stop_reason];
    case 'error':
      return [row.error_details?.kind];
    case 'app':
      return [row.app];
    case 'agent':
      return [row.user_agent];
    case 'cache':
      return [row.cache_hit];
    case 'id':
      return [row.id];
    case 'session':
      return [row.session_id];
    case 'parent':
      return [row.parent_request_id];
    case 'tool':
      return row.called_tools ?? [];
    case 'process':
      return [row.process?.name, row.process?.dir];
    case 'path':
      return [row.path];
    case 'trace':
      return [row.trace_id];
    case 'meta':
      return [row.metadata?.[t.key ?? '']];
  }
  return [];
}

/** fitsTexts is undefined where a pattern is one that only the store understands. */
function fitsTexts(t: FilterNode, texts: string[]): boolean | undefined {
  const values = (t.values ?? []).map((v) => v.text);
  switch (t.op) {
    case ':':
      return texts.some((text) => values.some((v) => glob(v, text)));
    case '~':
    case '!~': {
      const re = regexp(values[0] ?? '');
      return re && texts.some((text) => re.test(text));
    }
  }
  return texts.some((text) => values.includes(text));
}

/** fold is a text without the case of its ASCII letters. */
const fold = (s: string) => s.replace(/[A-Z]/g, (c) => c.toLowerCase());

/** glob reports whether text is the pattern but for case, where each * stands for any characters. */
export function glob(pattern: string, text: string): boolean {
  const [first = '', ...rest] = fold(pattern).split('*');
  const last = rest.pop();
  const s = fold(text);
  if (last === undefined) return s === first;
  if (!s.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = s.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return s.length - last.length >= at && s.endsWith(last);
}

const patterns = new Map<string, RegExp | undefined>();

/** regexp is a pattern of the store's language; undefined where the browser's has no such, or takes it for another. */
function regexp(pattern: string): RegExp | undefined {
  if (patterns.has(pattern)) return patterns.get(pattern);
  const [, flags = '', body = ''] = /^(?:\(\?([ims]+)\))?([^]*)$/.exec(pattern) ?? [];
  let re: RegExp | undefined;
  try {
    if (!/\[\[:|\(\?[PimsU]/.test(body)) re = new RegExp(body, `${flags}u`);
  } catch {
    re = undefined;
  }
  if (patterns.size >= 100) patterns.clear();
  patterns.set(pattern, re);
  return re;
}
