package main

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// Dialects of the mock and of the load generator, by the path that they are posted to.
const (
	chatPath     = "/v1/chat/completions"
	messagesPath = "/v1/messages"
)

// A content chunk carries "#N STAMP;": its number from 0, and when the mock made it in nanoseconds of the clock that
// all processes of a machine share.

// parseMark reads the mark of a line; ok is false where it has none.
func parseMark(line []byte) (number int, stamp int64, ok bool) {
	_, rest, found := bytes.Cut(line, []byte(`"#`))
	if !found {
		return 0, 0, false
	}
	first, rest, found := bytes.Cut(rest, []byte(" "))
	second, _, closed := bytes.Cut(rest, []byte(";"))
	if !found || !closed {
		return 0, 0, false
	}
	number, err := strconv.Atoi(string(first))
	if err != nil {
		return 0, 0, false
	}
	stamp, err = strconv.ParseInt(string(second), 10, 64)
	return number, stamp, err == nil
}

// answerText is the text of a plain answer: n bytes that need no escaping, the same in all processes.
func answerText(n int) string {
	const words = "The quick brown fox jumps over the lazy dog and then does it all again. "
	return strings.Repeat(words, n/len(words)+1)[:n]
}

// plainAnswer is the body of a complete answer.
func plainAnswer(path string, size int) []byte {
	if path == messagesPath {
		return fmt.Appendf(nil, `{"id":"msg_01bench","type":"message","role":"assistant","model":"claude-3-5-haiku-20241022","content":[{"type":"text","text":"%s"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":900,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":%d}}`,
			answerText(size), size/4)
	}
	return fmt.Appendf(nil, `{"id":"chatcmpl-bench","object":"chat.completion","created":1767225600,"model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"message":{"role":"assistant","content":"%s","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":900,"completion_tokens":%d,"total_tokens":%d,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0}},"service_tier":"default","system_fingerprint":"fp_bench"}`,
		answerText(size), size/4, 900+size/4)
}

// frames are the parts of a streamed answer: what precedes the content chunks, what stands around the mark of each,
// and what follows them.
type frames struct{ head, before, after, tail []byte }

func framesOf(path string, usage bool) frames {
	if path == messagesPath {
		return frames{
			head: []byte("event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_01bench\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-3-5-haiku-20241022\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":900,\"output_tokens\":1}}}\n\n" +
				"event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"),
			before: []byte("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\""),
			after:  []byte("\"}}\n\n"),
			tail: []byte("event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n" +
				"event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":100}}\n\n" +
				"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"),
		}
	}
	const open = `data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1767225600,"model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_bench","choices":[`
	f := frames{
		head:   []byte(open + `{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}]}` + "\n\n"),
		before: []byte(open + `{"index":0,"delta":{"content":"`),
		after:  []byte(`"},"logprobs":null,"finish_reason":null}]}` + "\n\n"),
		tail:   []byte(open + `{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}` + "\n\n"),
	}
	if usage {
		f.tail = append(f.tail, (open + `],"usage":{"prompt_tokens":900,"completion_tokens":100,"total_tokens":1000}}` + "\n\n")...)
	}
	f.tail = append(f.tail, "data: [DONE]\n\n"...)
	return f
}

// requestBody is a chat of about size bytes with escapes and letters outside ASCII, as real ones have.
func requestBody(path, model string, stream bool, size int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"model":%q,"stream":%t,"max_tokens":1024,`, model, stream)
	if path == messagesPath {
		b.WriteString(`"system":"You are a careful assistant.","messages":[`)
	} else {
		b.WriteString(`"temperature":0.7,"messages":[{"role":"system","content":"You are a careful assistant."},`)
	}
	const turn = `{"role":"user","content":"Größe \"prüfen\":\n\tfunc main() { fmt.Println(\"naïve – 日本語 \u2713\") }\n%d. Please explain step by step what this does and why it was written that way, in two or three sentences."},` +
		`{"role":"assistant","content":"It prints a line.\n\nThe quotes are escaped, the é and the 語 are not; path C:\\temp\\x%d."},`
	for i := 0; b.Len() < size-80; i++ {
		fmt.Fprintf(&b, turn, i, i)
	}
	b.WriteString(`{"role":"user","content":"And now?"}]}`)
	return b.Bytes()
}
