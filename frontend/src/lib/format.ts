const integer = new Intl.NumberFormat('en-US');

/** count is a whole number with separators: 12,345. */
export function count(n: number): string {
  return integer.format(Math.round(n));
}

/** compact is a number of at most four signs: 12,345 → 12.3k. */
export function compact(n: number): string {
  for (const [size, unit] of [
    [1e9, 'B'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (n >= size * 0.9995) {
      const v = n / size;
      return `${v < 99.95 ? trim(v.toFixed(1)) : Math.round(v)}${unit}`;
    }
  }
  return String(Math.round(n));
}

/** duration shows milliseconds in the unit that fits: 0.4 ms, 38 ms, 1.24 s, 3 m 05 s. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '–';
  if (ms > 0 && ms < 0.05) return '< 0.1 ms';
  if (ms < 1) return `${trim(ms.toFixed(1))} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9_995) return `${(ms / 1000).toFixed(2)} s`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const s = Math.round(ms / 1000);
  if (s < 3600) return `${Math.floor(s / 60)} m ${pad(s % 60)} s`;
  return `${Math.floor(s / 3600)} h ${pad(Math.floor((s % 3600) / 60))} m`;
}

/** bytes shows a size: 512 B, 1.4 KB, 4 MB. */
export function bytes(n: number): string {
  if (n < 1024) return `${n} B`;
  const units = ['KB', 'MB', 'GB', 'TB'];
  let v = n / 1024;
  let u = 0;
  while (v >= 1023.95 && u < units.length - 1) {
    v /= 1024;
    u++;
  }
  return `${v < 99.95 ? trim(v.toFixed(1)) : Math.round(v)} ${units[u]}`;
}

/** money is US dollars with two digits that count, at least to the cent: $12.34, $0.05, $0.012, $0.00012. */
export function money(usd: number | null | undefined): string {
  if (usd === null || usd === undefined) return 'unknown';
  if (usd === 0) return '$0';
  if (usd >= 999.995) return `$${count(usd)}`;
  if (usd >= 0.0995) return `$${usd.toFixed(2)}`;
  return `$${usd.toFixed(Math.min(12, 1 - Math.floor(Math.log10(usd)))).replace(/(\.\d\d\d*?)0+$/, '$1')}`;
}

/** percent shows 0–100 with a decimal only where it says something. */
export function percent(v: number): string {
  return `${v >= 99.95 || v < 0.05 ? Math.round(v) : trim(v.toFixed(1))}%`;
}

/** clockTime is the local time of day; with milliseconds where rows would look alike. */
export function clockTime(iso: string, millis = false): string {
  const d = new Date(iso);
  const t = `${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}`;
  return millis ? `${t}.${String(d.getMilliseconds()).padStart(3, '0')}` : t;
}

/** dayTime is the date in words where it is not today, and the time of day. */
export function dayTime(iso: string, now = Date.now()): string {
  const d = new Date(iso);
  const today = new Date(now);
  if (d.toDateString() === today.toDateString()) return clockTime(iso);
  const day = `${months[d.getMonth()]} ${d.getDate()}`;
  const year = d.getFullYear() === today.getFullYear() ? '' : ` ${d.getFullYear()}`;
  return `${day}${year}, ${pad(d.getHours())}:${pad(d.getMinutes())}`;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** ago is a distance in time: just now, 4 min ago, 3 h ago, 2 days ago. */
export function ago(iso: string, now: number): string {
  const s = Math.max(0, (now - Date.parse(iso)) / 1000);
  if (s < 45) return 'just now';
  if (s < 3570) return `${Math.max(1, Math.round(s / 60))} min ago`;
  if (s < 84_600) return `${Math.round(s / 3600)} h ago`;
  const days = Math.round(s / 86_400);
  return days === 1 ? 'yesterday' : `${days} days ago`;
}

/** until is the distance to a time to come: in 4 min, in 3 h, in 2 days. */
export function until(iso: string, now: number): string {
  const s = Math.max(0, (Date.parse(iso) - now) / 1000);
  if (s < 90) return `in ${Math.ceil(s)} s`;
  if (s < 5400) return `in ${Math.round(s / 60)} min`;
  if (s < 129_600) return `in ${Math.round(s / 3600)} h`;
  return `in ${Math.round(s / 86_400)} days`;
}

/** plural chooses the word: plural(2, 'key') → "2 keys". */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** sentence begins a message with a capital. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function pad(n: number): string {
  return String(n).padStart(2, '0');
}

function trim(s: string): string {
  return s.replace(/\.0$/, '');
}
