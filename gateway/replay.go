package gateway

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"heimdall/gateway/admin"
	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// replay sends a request of the log through the chain again, changed as the call says, and reads the answer to its end.
// It is the administrator's own call: nobody's budget pays it.
func (g *Gateway) replay(ctx context.Context, rec *exchange.Record, r admin.Replay) (admin.Replayed, error) {
	x, wanted, err := g.again(rec, r)
	if err != nil {
		return admin.Replayed{}, err
	}
	reply, err := (*g.chain.Load())(ctx, x)
	if err == nil {
		err = discard(reply)
	}
	if known := recordedError(x); known != nil {
		err = known
	}
	out := admin.Replayed{LogID: x.ID}
	if x.Record != nil {
		out.LogID, out.Status = x.Record.ID, x.Record.HTTPStatus
		if got := x.Record.Provider; wanted != "" && got != "" && got != wanted {
			out.Message = "it was answered by " + got + "/" + x.Record.Model + ": a routing rule or a fallback sent it there"
		}
	}
	if err != nil {
		shown := admin.ShowError(llm.AsError(err))
		out.Error = &shown
	}
	return out, nil
}

// discard reads an answer that nobody wants to its end.
func discard(reply *exchange.Reply) error {
	if reply.Release != nil {
		defer reply.Release()
	}
	if reply.Stream == nil {
		return nil
	}
	_, err := io.Copy(io.Discard, reply.Stream)
	return errors.Join(err, reply.Stream.Close())
}

// again makes the exchange that repeats a logged request. provider is the one that it is sent to, "" where that is left
// to the gateway.
func (g *Gateway) again(rec *exchange.Record, r admin.Replay) (x *exchange.Exchange, provider string, err error) {
	if err := replayable(rec); err != nil {
		return nil, "", err
	}
	row, params, err := g.rowOf(rec)
	if err != nil {
		return nil, "", err
	}
	x = &exchange.Exchange{
		ID: uuid.Must(uuid.NewV7()).String(), Row: row, Method: rec.Method, Path: rec.Path, Params: params, Query: queryOf(row, rec),
		Header: headerOf(rec, r.Provider != ""), Raw: slices.Clone(rec.Request.Data), Start: time.Now(), Parent: rec.ID,
	}
	d, ok := g.dialects[x.Spoken()]
	if !ok {
		return nil, "", llm.Errorf(llm.KindInvalidRequest, "this program does not speak %q any more, in which the request is", x.Spoken())
	}
	x.SetDialect(d)
	if r.Provider != "" || r.Model != "" {
		if provider, err = g.redirect(x, rec, r); err != nil {
			return nil, "", err
		}
	}
	if len(r.Params) > 0 {
		if x.Raw, err = replaceParams(d, x.Named(), rec.Op, x.Raw, r.Params); err != nil {
			return nil, "", err
		}
	}
	return x, provider, nil
}

// replayable refuses what the log does not have whole.
func replayable(rec *exchange.Record) error {
	refuse := func(format string, args ...any) error {
		e := llm.Errorf(llm.KindInvalidRequest, "this request can't be sent again: "+format, args...)
		e.Status = 409
		return e
	}
	switch {
	case rec.Op == "":
		return refuse("it was turned away before it was known what it asked for")
	case rec.Request.Cut() && len(rec.Request.Data) > 0:
		return refuse("the log kept only the first %d of the %d bytes of its body; let it keep more of requests to come (log_body_cap_kb in the settings)", len(rec.Request.Data), rec.Request.Size)
	case rec.Request.Cut(), rec.Method == "POST" && rec.Request.Size == 0 && rec.Op != llm.OpStoredCancel:
		return refuse("the log did not keep its body, or has had to make room since")
	}
	return nil
}

// rowOf finds the route that a logged request took, as the administrator's own.
func (g *Gateway) rowOf(rec *exchange.Record) (*exchange.Row, map[string]string, error) {
	rows := slices.DeleteFunc(append(g.inferenceRows(), testRow), func(row exchange.Row) bool {
		return row.Op != rec.Op || row.Method != rec.Method || rec.Dialect != row.Dialect && rec.Dialect != row.Plain
	})
	slices.SortStableFunc(rows, func(a, b exchange.Row) int { return literal(b.Path) - literal(a.Path) }) // the most particular first
	for _, row := range rows {
		if params, ok := matchPath(row.Path, rec.Path); ok {
			row.Guard = exchange.GuardManage
			return &row, params, nil
		}
	}
	return nil, nil, llm.Errorf(llm.KindInvalidRequest, "this request can't be sent again: this program has no route %s %s for it", rec.Method, rec.Path)
}

var parameter = regexp.MustCompile(`\{(\w+)(?:\.\.\.)?\}`)

// literal counts the characters of a route that are no parameter.
func literal(path string) int { return len(parameter.ReplaceAllString(path, "")) }

// matchPath finds the parameters of a route in a path as the log has it: unescaped, so that each may hold slashes.
func matchPath(pattern, path string) (map[string]string, bool) {
	expr, from := "^", 0
	var names []string
	for _, at := range parameter.FindAllStringSubmatchIndex(pattern, -1) {
		expr += regexp.QuoteMeta(pattern[from:at[0]]) + "(.+)"
		names = append(names, pattern[at[2]:at[3]])
		from = at[1]
	}
	found := regexp.MustCompile(expr + regexp.QuoteMeta(pattern[from:]) + "$").FindStringSubmatch(path)
	if found == nil {
		return nil, false
	}
	var params map[string]string
	for i, name := range names {
		if params == nil {
			params = map[string]string{}
		}
		params[name] = found[i+1]
	}
	return params, true
}

// pathOf puts parameters into a route.
func pathOf(pattern string, params map[string]string) string {
	return parameter.ReplaceAllStringFunc(pattern, func(one string) string {
		return params[parameter.FindStringSubmatch(one)[1]]
	})
}

// queryOf is what the query must say for the request to be understood as it was. The log does not keep it.
func queryOf(row *exchange.Row, rec *exchange.Record) url.Values {
	q := url.Values{}
	if row.Plain != "" && rec.Dialect == row.Dialect {
		q.Set("alt", "sse")
	}
	if rec.Method == "GET" && rec.Stream {
		q.Set("stream", "true")
	}
	if rec.RequestedModel == "" && rec.Provider != "" {
		q.Set("provider", rec.Provider) // operations on what a provider keeps name it there
	}
	return q
}

// redirect names another provider, another model or both in the request: in its path, where models stand there, else in
// the body. The client's own fallbacks were for what it asked.
func (g *Gateway) redirect(x *exchange.Exchange, rec *exchange.Record, r admin.Replay) (provider string, err error) {
	if rec.RequestedModel == "" {
		return "", refuseParam("model", "this operation names no model, so it can't be sent to another one")
	}
	provider, model := g.destination(rec, r)
	if provider != "" && g.router.Load().Provider(provider) == nil {
		return "", refuseParam("provider", "the provider %q is not configured", provider)
	}
	name := model
	if provider != "" {
		name = provider + "/" + model
	}
	if _, inPath := x.Params["model"]; inPath {
		x.Params["model"] = name
		if _, both := x.Params["provider"]; both {
			x.Params["provider"], x.Params["model"] = provider, model
		}
		x.Path = pathOf(x.Row.Path, x.Params)
	} else if x.Raw, err = rawjson.Set(nil, x.Raw, "model", rawjson.AppendString(nil, name)); err != nil {
		return "", refuseParam("model", "it can't be put into the body of the request, which is no JSON object")
	}
	if rawjson.IsObject(x.Raw) {
		if without, err := rawjson.Delete(nil, x.Raw, "fallbacks"); err == nil {
			x.Raw = without
		}
	}
	return provider, nil
}

// destination is the provider and the model that are meant. What is left out stays as it was: the provider that answered
// and the model that was asked for.
func (g *Gateway) destination(rec *exchange.Record, r admin.Replay) (provider, model string) {
	known := func(name string) (string, string) {
		if first, rest, ok := strings.Cut(name, "/"); ok && rest != "" && g.router.Load().Provider(first) != nil {
			return first, rest
		}
		return "", name
	}
	if model = r.Model; model == "" {
		_, model = known(rec.RequestedModel)
	} else if r.Provider == "" {
		if first, rest := known(model); first != "" {
			return first, rest
		}
	}
	return cmp.Or(r.Provider, rec.Provider), strings.TrimPrefix(model, r.Provider+"/")
}

func refuseParam(param, format string, args ...any) error {
	e := llm.Errorf(llm.KindInvalidRequest, param+": "+format, args...)
	e.Param = param
	return e
}
