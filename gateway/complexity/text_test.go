package complexity

import (
	"bytes"
	"strings"
	"testing"
)

const asked = "Prove step by step that it is so."

// dialects are bodies of every dialect: ASKED is the last question.
var dialects = map[string]string{
	"chat":                   `{"model":"m","messages":[{"role":"developer","content":"x"},{"role":"user","content":"before"},{"role":"assistant","content":"y","tool_calls":[]},{"role":"user","content":"ASKED"}]}`,
	"chat parts":             `{"messages":[{"role":"user","content":[{"type":"text","text":"ASKED"},{"type":"image_url","image_url":{"url":"data:"}}]}]}`,
	"chat in a tool loop":    `{"messages":[{"role":"user","content":"ASKED"},{"role":"assistant","content":null,"tool_calls":[{"id":"1"}]},{"role":"tool","tool_call_id":"1","content":"hello"}]}`,
	"completions":            `{"model":"m","prompt":"ASKED"}`,
	"completions list":       `{"prompt":["before","ASKED"]}`,
	"responses":              `{"model":"m","instructions":"x","input":"ASKED"}`,
	"responses items":        `{"input":[{"role":"user","content":"before"},{"type":"message","role":"user","content":[{"type":"input_text","text":"ASKED"}]}],"text":{"format":{"type":"text"}},"prompt":{"id":"p"}}`,
	"responses in a loop":    `{"input":[{"role":"user","content":[{"type":"input_text","text":"ASKED"}]},{"type":"reasoning","summary":[{"type":"summary_text","text":"hello"}]},{"type":"function_call","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"1","output":"hello"}]}`,
	"messages":               `{"model":"m","system":[{"type":"text","text":"x"}],"messages":[{"role":"user","content":"ASKED"}]}`,
	"messages blocks":        `{"messages":[{"role":"user","content":[{"type":"text","text":"ASKED","cache_control":{"type":"ephemeral"}}]},{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"f","input":{"text":"hello"}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":[{"type":"text","text":"hello"}]}]}]}`,
	"generate":               `{"systemInstruction":{"parts":[{"text":"x"}]},"contents":[{"role":"user","parts":[{"text":"before"}]},{"role":"model","parts":[{"text":"y"}]},{"role":"user","parts":[{"text":"ASKED"},{"inlineData":{}}]}]}`,
	"generate without roles": `{"contents":[{"parts":[{"text":"ASKED"}]}],"system_instruction":{"parts":{"text":"x"}}}`,
	"generate in a loop":     `{"contents":[{"role":"user","parts":[{"text":"ASKED"}]},{"role":"model","parts":[{"functionCall":{}}]},{"role":"user","parts":[{"functionResponse":{"response":{"text":"hello"}}}]}]}`,
	"generate count":         `{"generateContentRequest":{"contents":[{"parts":[{"text":"ASKED"}]}]}}`,
	"generate embed":         `{"content":{"parts":[{"text":"ASKED"}]}}`,
	"converse":               `{"system":[{"text":"x"}],"messages":[{"role":"user","content":[{"text":"before"}]},{"role":"user","content":[{"text":"ASKED"}]},{"role":"user","content":[{"toolResult":{"content":[{"text":"hello"}]}}]}]}`,
	"converse count":         `{"input":{"converse":{"messages":[{"role":"user","content":[{"text":"ASKED"}]}]}}}`,
	"invoke":                 `{"anthropic_version":"x","max_tokens":1,"messages":[{"role":"user","content":"ASKED"}]}`,
	"invoke of an old kind":  `{"inputText":"ASKED","textGenerationConfig":{}}`,
	"cohere":                 `{"model":"m","messages":[{"role":"system","content":"x"},{"role":"user","content":"ASKED"},{"role":"tool","tool_call_id":"1","content":[{"type":"document","document":{"data":"hello"}}]}]}`,
	"rerank":                 `{"query":"ASKED","documents":["hello"]}`,
	"embeddings":             `{"input":["before","ASKED"]}`,
	"escaped":                `{"messages":[{"role":"us\u0065r","content":"Pr\u006fve\u0020step by\nstep that it is so."}]}`,
}

func TestTheQuestionOfEveryDialectIsFound(t *testing.T) {
	a := New(Config{})
	want := a.Grade([]byte(`{"prompt":"` + asked + `"}`))
	if want.Tier != Reasoning {
		t.Fatal(want)
	}
	for name, body := range dialects {
		if g := a.Grade([]byte(strings.ReplaceAll(body, "ASKED", asked))); g.Tier != Reasoning || g.Reasons[0] != want.Reasons[0] {
			t.Errorf("%s: %s", name, g)
		}
	}
	for name, body := range map[string]string{
		"no body": ``, "no object": `[1]`, "no text": `{"model":"m","messages":[]}`, "an image": `{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}`,
		"numbers": `{"input":[1,2,3],"prompt":7}`, "the model's words": `{"messages":[{"role":"assistant","content":"` + asked + `"}]}`, "broken": `{"messages":[{"role"`,
		"too deep": `{"input":{"input":{"input":{"input":{"input":{"input":{"prompt":"` + asked + `"}}}}}}}`,
	} {
		if g := a.Grade([]byte(body)); g.Tier != "" || g.Score != 0 {
			t.Errorf("%s: %s", name, g)
		}
	}
}

func TestInstructionsAreFoundInEveryDialect(t *testing.T) {
	const system = "You write Python functions that keep a distributed database available."
	a := New(Config{})
	for name, body := range map[string]string{
		"chat":      `{"messages":[{"role":"system","content":"SYSTEM"},{"role":"user","content":"Go on"}]}`,
		"newer":     `{"messages":[{"role":"developer","content":[{"type":"text","text":"SYSTEM"}]},{"role":"user","content":"Go on"}]}`,
		"responses": `{"input":"Go on","instructions":"SYSTEM"}`,
		"messages":  `{"system":[{"type":"text","text":"SYSTEM"}],"messages":[{"role":"user","content":"Go on"}]}`,
		"generate":  `{"contents":[{"parts":[{"text":"Go on"}]}],"systemInstruction":{"parts":[{"text":"SYSTEM"}]}}`,
		"converse":  `{"messages":[{"role":"user","content":[{"text":"Go on"}]}],"system":[{"text":"SYSTEM"}]}`,
	} {
		with, without := a.Grade([]byte(strings.ReplaceAll(body, "SYSTEM", system))), a.Grade([]byte(strings.ReplaceAll(body, "SYSTEM", "")))
		if with.Score <= without.Score || with.Score > without.Score+0.13 {
			t.Errorf("%s: %s, and without them %s", name, with, without)
		}
	}
}

func FuzzGrade(f *testing.F) {
	for _, body := range dialects {
		f.Add([]byte(strings.ReplaceAll(body, "ASKED", asked)))
	}
	for _, body := range []string{`{"input":"\ud83d"}`, `{"prompt":"` + strings.Repeat(`\\`, 20000) + `"}`, `{"contents":{"parts":{"parts":{"parts":""}}}}`, `{"messages":[[["x"]]]}`, "{\"prompt\":\"\xff\xfe c++# ก\"}"} {
		f.Add([]byte(body))
	}
	a := New(Config{})
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		g := a.Grade(body)
		if !bytes.Equal(before, body) {
			t.Fatal("the body was changed")
		}
		if again := a.Grade(body); again.String() != g.String() {
			t.Fatalf("%s, then %s", g, again)
		}
		if g.Score < 0 || g.Score > 1 || (g.Tier == "") != (len(g.Reasons) == 0) {
			t.Fatalf("%+v", g)
		}
	})
}
