/** quote makes one word of a POSIX shell out of any text. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Call is what `curl` needs to repeat a request. */
export interface Call {
  method: string;
  url: string;
  body: string;
  /** signIn adds the administrator's login, by variable: no secret is in the text. */
  signIn: boolean;
  stream: boolean;
}

/** curl gives the command line that makes a call. */
export function curl(call: Call): string {
  const lines = [`curl ${call.stream ? '-N ' : ''}${call.method === 'POST' || call.method === 'GET' ? '' : `-X ${call.method} `}${call.url}`];
  if (call.signIn) lines.push(`-u "$HEIMDALL_ADMIN_USERNAME:$HEIMDALL_ADMIN_PASSWORD"`);
  if (call.body) {
    lines.push(`-H 'Content-Type: application/json'`);
    lines.push(`--data-raw ${quote(call.body)}`);
  }
  return lines.join(' \\\n  ');
}
