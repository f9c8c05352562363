package gateway

import (
	"context"
	"time"

	"github.com/google/uuid"

	"heimdall/gateway/admin"
	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// testRow is the route that a test call takes: the same chain as everybody's.
var testRow = exchange.Row{Method: "POST", Path: "/api/providers/{provider}/test", Guard: exchange.GuardManage, Op: llm.OpChat, Dialect: "chat"}

// noHeader is the header of a call that came from no client.
type noHeader struct{}

func (noHeader) Get(name string) string {
	if name == "User-Agent" {
		return "Heimdall (test call)"
	}
	return ""
}

func (noHeader) HasPrefix(string) bool { return false }

func (noHeader) Each(string, func(name, value string)) {}

// testCall sends one small chat call through the chain, log included.
func (g *Gateway) testCall(ctx context.Context, c admin.TestCall) admin.TestOutcome {
	w := rawjson.Writer{}
	w.Open('{')
	w.StringField("model", c.Provider+"/"+c.Model)
	w.RawField("messages", []byte(`[{"role":"user","content":"Reply with one short sentence: are you there?"}]`))
	w.Close('}')
	x := &exchange.Exchange{
		ID: uuid.Must(uuid.NewV7()).String(), Row: &testRow, Method: "POST", Path: "/api/providers/" + c.Provider + "/test",
		Header: noHeader{}, Raw: w.B, KeyID: c.KeyID, Start: time.Now(),
	}
	d := g.dialects[testRow.Dialect]
	x.SetDialect(d)
	reply, err := (*g.chain.Load())(ctx, x)
	out := admin.TestOutcome{LogID: x.ID, Latency: time.Since(x.Start)}
	if err == nil {
		if reply.Release != nil {
			defer reply.Release()
		}
		out.Status = reply.Status
		err = recordedError(x)
	}
	if err != nil {
		out.Err = llm.AsError(err)
		out.Status = out.Err.Status
		return out
	}
	if r, err := d.Client.DecodeResponse(reply.Body); err != nil {
		out.Err = llm.AsError(err)
	} else {
		out.Text = text(r)
	}
	return out
}

// recordedError is the error that the chain rendered into the reply, if it did.
func recordedError(x *exchange.Exchange) error {
	if x.Record != nil && x.Record.Error != nil {
		return x.Record.Error
	}
	return nil
}

func text(r *llm.Response) string {
	out := ""
	for _, c := range r.Choices {
		for _, p := range c.Parts {
			if p.Kind == llm.PartText {
				out += p.Text
			}
		}
	}
	return out
}
