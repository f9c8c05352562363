package compat

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers/dialect/chat"
	"heimdall/providers/dialect/messages"
	"heimdall/providers/llm"
)

func TestErrorReply(t *testing.T) {
	raw := `{"error":{"message":"raw","type":"t","x":1}}`
	e := &llm.Error{Kind: llm.KindProviderLimited, Status: 429, Message: "slow down", RetryAfter: 1500 * time.Millisecond, Raw: []byte(raw), Dialect: "chat"}
	x := &exchange.Exchange{Start: time.Now(), Record: &exchange.Record{Op: llm.OpChat, Provider: "p", Model: "m", RequestedModel: "p/m"}}
	always, never := &exchange.Row{Decorate: exchange.DecorateAlways}, &exchange.Row{}

	r := ErrorReply(always, chat.New(), x, e)
	if r.Status != 429 || !strings.HasPrefix(string(r.Body), strings.TrimSuffix(raw, "}")+`,"is_bifrost_error":false,"status_code":429,"extra_fields":{`) || !json.Valid(r.Body) {
		t.Errorf("native: %d %s", r.Status, r.Body)
	}
	for _, part := range []string{`"error_type":"provider_rate_limited"`, `"routing_info":{"provider":"p","model":"m"`, `"original_model_requested":"m"`, `"model_requested":"m"`} {
		if !strings.Contains(string(r.Body), part) {
			t.Errorf("lacks %s: %s", part, r.Body)
		}
	}
	if len(r.Header) != 1 || r.Header[0] != (exchange.Field{Name: "Retry-After", Value: "2"}) {
		t.Errorf("header: %v", r.Header)
	}
	if r := ErrorReply(never, messages.New(), x, e); strings.Contains(string(r.Body), "raw") || !strings.Contains(string(r.Body), `"message":"slow down"`) || strings.Contains(string(r.Body), "bifrost") {
		t.Errorf("another dialect: %s", r.Body)
	}
	if r := ErrorReply(always, chat.New(), nil, e); strings.Contains(string(r.Body), "extra_fields") || !json.Valid(r.Body) {
		t.Errorf("before there is an exchange: %s", r.Body)
	}
	if string(e.Raw) != raw {
		t.Error("the error itself was changed")
	}
}

func TestManagementError(t *testing.T) {
	r := ManagementError(&llm.Error{Kind: llm.KindInvalidRequest, Status: 400, Type: "invalid", Param: "name", Message: `a "quoted" name`})
	var got struct {
		Code  int `json:"status_code"`
		Error struct{ Type, Message, Param string }
	}
	if err := json.Unmarshal(r.Body, &got); err != nil || r.Status != 400 || got.Code != 400 || got.Error.Message != `a "quoted" name` || got.Error.Param != "name" || got.Error.Type != "invalid" {
		t.Errorf("%d %s %v", r.Status, r.Body, err)
	}
	if r := ManagementError(json.Unmarshal([]byte("{"), &got)); r.Status != 500 || strings.Contains(string(r.Body), "JSON") {
		t.Errorf("an unknown error's text leaves the process: %s", r.Body)
	}
}
