import type { ChatMessage, ContentPart } from '../../../lib/api/chat';

/** Piece is one thing that a turn shows. */
export type Piece =
  | { kind: 'text' | 'reasoning' | 'refusal' | 'note'; text: string }
  | { kind: 'image'; source: string }
  | { kind: 'call'; id: string; name: string; arguments: string }
  | { kind: 'result'; id: string; text: string };

/** piecesOf takes a message apart, in the order in which it is read. */
export function piecesOf(message: ChatMessage): Piece[] {
  const out: Piece[] = [];
  const thought = reasoningOf(message);
  if (thought) out.push({ kind: 'reasoning', text: thought });
  if (message.role === 'tool') {
    const text = contentParts(message).map((p) => p.text ?? '').join('\n');
    out.push({ kind: 'result', id: message.tool_call_id ?? '', text });
  } else out.push(...contentParts(message).map(pieceOf));
  if (message.refusal) out.push({ kind: 'refusal', text: message.refusal });
  for (const call of message.tool_calls ?? []) {
    out.push({ kind: 'call', id: call.id ?? '', name: call.function?.name ?? call.type ?? 'tool', arguments: call.function?.arguments ?? '' });
  }
  return out;
}

function contentParts(message: ChatMessage): ContentPart[] {
  const { content } = message;
  if (!content) return [];
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}

function pieceOf(part: ContentPart): Piece {
  if (part.type === 'image_url' && part.image_url) {
    const source = typeof part.image_url === 'string' ? part.image_url : part.image_url.url;
    return { kind: 'image', source };
  }
  if (part.refusal) return { kind: 'refusal', text: part.refusal };
  if (part.text !== undefined) return { kind: 'text', text: part.text };
  if (part.input_audio) return { kind: 'note', text: `Audio, ${part.input_audio.format}` };
  if (part.file) return { kind: 'note', text: `File ${part.file.filename ?? part.file.file_id ?? ''}`.trim() };
  return { kind: 'note', text: `A part of type ${part.type}` };
}

function reasoningOf(message: ChatMessage): string {
  const details = message.reasoning_details?.map((d) => d.text ?? d.summary ?? (d.data ? '(encrypted)' : '')).filter(Boolean);
  if (details?.length) return details.join('\n');
  return message.reasoning ?? message.reasoning_content ?? '';
}

/** pretty lays out JSON text; what is no JSON stays as it is. */
export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
