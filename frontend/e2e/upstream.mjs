import { createServer } from 'node:http';

const answers = {
  'coder-32b':
    'transport/client.go closes the socket of the call as soon as its context ends, even before a header has arrived. edge/conn.go notices the hang-up: it reads one byte ahead while an exchange runs, and cancels that context.',
  'writer-7b': 'The build failed in the link step, because two object files define the same symbol. Nothing before it changed since the last green run.',
  'reasoner-70b': 'A read that returns zero bytes, a write that fails with a reset, and a keep-alive probe that goes unanswered. Only the first two are quick.',
};

/** startUpstream runs a model server that answers chat requests, at a speed that depends on the model. */
export async function startUpstream() {
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const piece of request) text += piece;
    if (!request.url.endsWith('/chat/completions')) {
      const data = Object.keys(answers).map((id) => ({ id, object: 'model' }));
      const known = request.url.endsWith('/models');
      response.writeHead(known ? 200 : 404, { 'Content-Type': 'application/json' }).end(JSON.stringify(known ? { object: 'list', data } : { error: { message: 'not found' } }));
      return;
    }
    const asked = JSON.parse(text);
    const words = (answers[asked.model] ?? 'Yes.').split(/(?<= )/);
    const usage = { prompt_tokens: 900 + text.length, completion_tokens: 4 * words.length, total_tokens: 900 + text.length + 4 * words.length };
    const base = { id: 'chatcmpl-1', created: Math.floor(Date.now() / 1000), model: asked.model };
    const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    await wait(20 + 2 * asked.model.length ** 2);
    if (!asked.stream) {
      const choices = [{ index: 0, message: { role: 'assistant', content: words.join('') }, finish_reason: 'stop' }];
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ ...base, object: 'chat.completion', choices, usage }));
      return;
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const send = (chunk) => response.write(`data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', ...chunk })}\n\n`);
    for (const content of words) {
      send({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
      await wait(asked.model.length);
    }
    send({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
    send({ choices: [], usage });
    response.end('data: [DONE]\n\n');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    stop: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())),
  };
}
