package unary_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/dialect/unary"
	"heimdall/providers/llm"
)

// TestCorpus replays what was recorded of these endpoints: within its own dialect, and in the other one of its family.
func TestCorpus(t *testing.T) {
	for _, e := range []struct {
		endpoint       string
		theirs, others dialect.Dialect // of the family with the versioned paths, and of the rest
	}{
		{"embeddings", unary.NewEmbed(), unary.NewEmbeddings()},
		{"rerank", unary.NewCohereRerank(), unary.NewRerank()},
		{"tokenize", unary.NewTokenize(), unary.NewTokenize()},
	} {
		for _, c := range dialecttest.Corpus(t, e.endpoint) {
			own, other := e.others, e.theirs
			if strings.HasPrefix(c.ID, "cohere.") {
				own, other = e.theirs, e.others
			}
			t.Run(c.ID, func(t *testing.T) { replay(t, own, other, c) })
		}
	}
}

func replay(t *testing.T, own, other dialect.Dialect, c dialecttest.Case) {
	if c.Status != 200 {
		e := own.Client.DecodeError(c.Status, func(name string) string { return c.Header[name] }, c.Response)
		status, body := own.Server.EncodeError(e)
		if status != c.Status || e.Message == "" || e.Kind == llm.KindOther || e.Raw != nil && string(body) != string(c.Response) {
			t.Errorf("%+v became %d %s", e, status, body)
		}
		return
	}
	var req *llm.Request
	if c.Request != nil {
		if err := dialecttest.RequestIdentity(own, dialect.Path{}, c.Request); err != nil {
			t.Errorf("request identity: %v", err)
		}
		req = read(t, own, c.Request)
		out, _, err := other.Client.EncodeRequest(req)
		if err != nil {
			t.Fatal(err)
		}
		across := read(t, other, out)
		if diff := cmp.Diff(req, across, ignored); diff != "" {
			t.Errorf("request across: %s", diff)
		}
	}
	first := answer(t, own, c.Response)
	body, warnings := own.Server.EncodeResponse(first)
	if diff := cmp.Diff(first, answer(t, own, body), dialecttest.Same, added); diff != "" || len(warnings) > 0 {
		t.Errorf("response identity: %s %v", diff, warnings)
	}
	if s := own.Client.Scan(c.Response); !s.Done || s.HasUsage != (first.Usage != nil) || s.HasUsage && s.Usage.Input != first.Usage.Input {
		t.Errorf("scan %+v, usage %+v", s, first.Usage)
	}
	body, _ = other.Server.(dialect.Answerer).EncodeAnswer(req, first)
	if diff := cmp.Diff(first, answer(t, other, body), near, ignored, added); diff != "" && own.Name != other.Name {
		t.Errorf("response across: %s", diff)
	}
}

func read(t *testing.T, d dialect.Dialect, body []byte) *llm.Request {
	t.Helper()
	r, err := d.Server.DecodeRequest(dialect.Path{}, body)
	if err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return r
}

func answer(t *testing.T, d dialect.Dialect, body []byte) *llm.Response {
	t.Helper()
	r, err := d.Client.DecodeResponse(body)
	if err != nil {
		t.Fatalf("%v in %.500s", err, body)
	}
	return r
}

// added is what an answer gets that clients need and this provider does not send.
var added = cmp.Options{cmpopts.IgnoreFields(llm.Usage{}, "Raw"), cmp.FilterPath(func(p cmp.Path) bool {
	return p.String() == "ID"
}, cmp.Comparer(func(a, b string) bool { return a == b || a == "" || b == "" }))}

// ignored is what need not cross.
var ignored = cmp.Options{cmpopts.IgnoreTypes(llm.Extra{}), cmpopts.IgnoreFields(llm.Response{}, "Model"),
	cmpopts.IgnoreFields(llm.Embed{}, "Encoding", "Task")}

// near compares vectors by their numbers, in whatever form.
var near = cmp.Comparer(func(a, b llm.Vector) bool {
	x, y := floatsOf(a), floatsOf(b)
	if a.Index != b.Index || len(x) != len(y) || len(x) == 0 {
		return false
	}
	for i := range x {
		if math.Abs(x[i]-y[i]) > 1e-7 {
			return false
		}
	}
	return true
})

// floatsOf reads a vector by way of the dialect that gives numbers to those who ask for them.
func floatsOf(v llm.Vector) (list []float64) {
	req := &llm.Request{Embed: &llm.Embed{Encoding: "float"}}
	body, _ := unary.NewEmbeddings().Server.(dialect.Answerer).EncodeAnswer(req, &llm.Response{Vectors: []llm.Vector{v}})
	var out struct {
		Data []struct{ Embedding []float64 }
	}
	if json.Unmarshal(body, &out) != nil || len(out.Data) != 1 {
		return nil
	}
	return out.Data[0].Embedding
}
