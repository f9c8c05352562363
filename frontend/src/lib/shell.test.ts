import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { curl, quote } from './shell';

const call = { method: 'POST', url: 'http://127.0.0.1:8080/v1/chat/completions', body: '', signIn: false, stream: false };

test('a shell reads the body back byte by byte', () => {
  const body = `{"content":"it's $HOME \\n \`date\` \\"x\\" 'é' !"}\n`;
  const command = curl({ ...call, body }).replace(/^curl /, "printf '%s\\n' ");
  const words = execFileSync('sh', ['-c', command], { encoding: 'utf8' });
  expect(words).toBe(`${call.url}\n-H\nContent-Type: application/json\n--data-raw\n${body}\n`);
});

test('a login is named by variable only', () => {
  expect(curl({ ...call, signIn: true })).toContain('-u "$HEIMDALL_ADMIN_USERNAME:$HEIMDALL_ADMIN_PASSWORD"');
  expect(curl(call)).not.toContain('-u');
});

test('other methods and streams are kept', () => {
  expect(curl({ ...call, method: 'DELETE' })).toContain('curl -X DELETE http');
  expect(curl({ ...call, stream: true })).toContain('curl -N http');
  expect(quote("a'b")).toBe(`'a'\\''b'`);
});
