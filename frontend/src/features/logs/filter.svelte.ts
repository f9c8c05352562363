import type { FilterCheck } from '../../lib/api/types.gen';
import { api } from '../../lib/state/session.svelte';

/** How long the typing rests before the filter is asked about, and before it is used. */
const askAfter = 80;
const useAfter = 450;

/** FilterField is the text of the filter while it is written: what it means, and how it could go on. */
export class FilterField {
  text = $state('');
  check = $state.raw<FilterCheck | undefined>();
  /** at is the completion that is chosen; -1 = none. */
  at = $state(-1);
  open = $state(false);
  private asked = ''; // what check is about
  private wanted = false; // the answer that is awaited is to be used
  private turn = 0;
  private ask: ReturnType<typeof setTimeout> | undefined;
  private wait: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly use: (filter: string, check: FilterCheck) => void) {}

  get completions() {
    return this.open ? (this.check?.completions ?? []) : [];
  }

  /** show takes over a filter that comes from elsewhere. */
  show(filter: string): void {
    if (filter === this.text || filter === this.check?.normal) return;
    this.text = filter;
    this.at = -1;
    void this.look(filter.length, false);
  }

  /** type hears every change, and where the cursor is. */
  type(text: string, cursor: number): void {
    this.text = text;
    this.at = -1;
    this.open = true;
    this.wanted = false;
    clearTimeout(this.ask);
    clearTimeout(this.wait);
    this.ask = setTimeout(() => void this.look(cursor, false), askAfter);
    this.wait = setTimeout(() => void this.apply(), useAfter);
  }

  /** look asks what the text means, and uses it where wanted. */
  async look(cursor: number, use: boolean): Promise<void> {
    const turn = ++this.turn;
    const text = this.text;
    this.wanted ||= use;
    let check: FilterCheck;
    try {
      check = await api.checkFilter(text, cursor);
    } catch {
      return; // the list says that nobody answers
    }
    if (turn !== this.turn) return;
    this.check = check;
    this.asked = text;
    if (!this.wanted) return;
    this.wanted = false;
    if (!check.error) this.use(check.normal, check);
  }

  apply(): Promise<void> {
    clearTimeout(this.wait);
    clearTimeout(this.ask);
    return this.look(this.text.length, true);
  }

  /** move chooses another completion. */
  move(step: number): void {
    this.open = true;
    const n = this.completions.length;
    if (n > 0) this.at = this.at < 0 && step < 0 ? n - 1 : (this.at + step + n) % n;
  }

  /**
   * take puts a completion in, and gives where the cursor belongs. What is shown may be older than the text: then the
   * newer ones are asked for, and what is typed meanwhile stays behind the completion.
   */
  async take(index: number, at: number): Promise<number> {
    const text = this.text;
    let list = this.check?.completions ?? [];
    if (this.asked !== text) {
      try {
        list = (await api.checkFilter(text, at)).completions;
      } catch {
        return at; // the list says that nobody answers
      }
    }
    const c = list[index];
    if (!c) return this.text.length;
    const typed = inserted(text, this.text, at);
    if (typed === undefined) return this.text.length; // it is another text by now
    this.type(text.slice(0, c.from) + c.insert + typed + text.slice(c.to), c.from + c.insert.length + typed.length);
    return c.from + c.insert.length + typed.length;
  }

  /** leave forgets what was to be used: the page is another one. */
  leave(): void {
    clearTimeout(this.ask);
    clearTimeout(this.wait);
    this.turn++;
    this.wanted = false;
    this.open = false;
  }

  clear(): void {
    this.text = '';
    this.open = false;
    void this.apply();
  }
}

/** inserted is what was typed into a text at a place; undefined where it was changed otherwise. */
function inserted(before: string, after: string, at: number): string | undefined {
  const head = before.slice(0, at);
  const tail = before.slice(at);
  if (after.length < before.length || !after.startsWith(head) || !after.endsWith(tail)) return undefined;
  return after.slice(at, after.length - tail.length);
}
