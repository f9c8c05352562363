package gatewaytest

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"heimdall/gateway/admin"
	"heimdall/providers/fake"
	"heimdall/providers/transport"
)

// phases are the spans of a record by name, those of calls with their number.
func phases(d admin.LogDetail) []string {
	var out []string
	for _, s := range d.Spans {
		name := s.Phase
		if s.Attempt > 0 {
			name += " " + string(rune('0'+s.Attempt))
		}
		out = append(out, name)
	}
	return out
}

func field(fields []admin.HeaderField, name string) admin.HeaderField {
	for _, f := range fields {
		if strings.EqualFold(f.Name, name) {
			return f
		}
	}
	return admin.HeaderField{}
}

// What the log keeps of a request is all four bodies, where its time went, who called and what the caller said of it.
func TestRecord(t *testing.T) {
	t.Parallel()
	stream := join(chatFrames, usageChunk, "[DONE]")
	found := make(chan struct{})
	g := Start(t, Options{Script: func(*transport.Request) fake.Reply {
		<-found
		r := streams(stream)
		r.Header["X-Ratelimit-Remaining-Requests"] = "99"
		r.Header["Set-Cookie"] = "session=upstream-secret"
		return r
	}})
	const trace = "0af7651916cd43dd8448eb211c80319c"
	answered := make(chan Answer, 1)
	go func() {
		a, _ := g.Try(t.Context(), "POST", "/v1/chat/completions", strings.Replace(chatStream, "gpt", "openai/gpt", 1), "Authorization", "Bearer client-secret", "Content-Type", "application/json",
			"X-Bf-Dim-Team", "blue", "X-Bf-Session-Id", "session-1", "User-Agent", "OpenAI/JS 6.1.0", "Traceparent", "00-"+trace+"-b7ad6b7169203331-01", "Tracestate", "vendor=1")
		answered <- a
	}()
	caller := fmt.Sprintf(`"process":{"pid":%d,"name":"gatewaytest.test",`, os.Getpid())
	if runtime.GOOS == "linux" { // the request shows who sent it while it runs
		Eventually(t, "the caller is found", func() bool { return strings.Contains(g.Do("GET", "/api/logs", "").Body, caller) })
	}
	close(found)
	a := <-answered
	d := g.Detail(g.Rows()[0].ID)

	if runtime.GOOS == "linux" && (d.Process == nil || d.Process.PID != os.Getpid()) {
		t.Errorf("the log does not say who called: %s", encoded(d.Process))
	}

	if d.ClientResponse.Text != a.Body || a.Body == stream {
		t.Errorf("the client got %q, the log has %q", a.Body, d.ClientResponse.Text)
	}
	sent := g.Upstream.Seen()[0]
	if d.UpstreamRequest.Text != sent.Body || d.RawResponse.Text != stream {
		t.Errorf("the provider's side: %q, %q", d.UpstreamRequest.Text, d.RawResponse.Text)
	}
	for _, want := range []string{"read", "identify", "route", "attempt 1", "stream 1", "settle"} {
		if !slices.Contains(phases(d), want) {
			t.Errorf("no span %q among %v", want, phases(d))
		}
	}
	for _, s := range d.Spans {
		if s.StartMS < 0 || s.LengthMS < 0 || s.StartMS+s.LengthMS > *d.Latency+0.001 {
			t.Errorf("%+v is outside of a request of %v ms", s, *d.Latency)
		}
	}
	if d.UpstreamFrames != len(chatFrames)+2 || d.ClientFrames != len(chatFrames)+2-1 { // without the usage that nobody asked for
		t.Errorf("%d frames came, %d went", d.UpstreamFrames, d.ClientFrames)
	}
	if f := field(d.RequestHeaders, "Authorization"); !f.Masked || strings.Contains(f.Value, "secret") {
		t.Errorf("Authorization: %+v", f)
	}
	if f := field(d.RequestHeaders, "User-Agent"); f.Value != "OpenAI/JS 6.1.0" {
		t.Errorf("User-Agent: %+v", f)
	}
	if f := field(d.ResponseHeaders, "Set-Cookie"); !f.Masked || strings.Contains(f.Value, "secret") {
		t.Errorf("Set-Cookie: %+v", f)
	}
	if f := field(d.ResponseHeaders, "X-Ratelimit-Remaining-Requests"); f.Value != "99" {
		t.Errorf("the provider's header: %+v", d.ResponseHeaders)
	}
	if d.Metadata["team"] != "blue" || d.SessionID != "session-1" || d.App == "" || d.TraceID != trace {
		t.Errorf("metadata %v, session %q, app %q, trace %q", d.Metadata, d.SessionID, d.App, d.TraceID)
	}
	if got := a.Header.Get("X-Bifrost-Trace-Id"); got != trace {
		t.Errorf("the client hears of the trace %q", got)
	}
	if got := sent.Header["Traceparent"]; !strings.HasPrefix(got, "00-"+trace+"-") || strings.Contains(got, "b7ad6b7169203331") || sent.Header["Tracestate"] != "vendor=1" {
		t.Errorf("the provider hears of the trace %q, %q", got, sent.Header["Tracestate"])
	}
}

func TestFrames(t *testing.T) {
	t.Parallel()
	g := Start(t, Options{Script: func(*transport.Request) fake.Reply { return streams(join(chatFrames, usageChunk, "[DONE]")) }})
	g.Do("POST", "/openai/chat/completions", chatStream)
	id := g.Rows()[0].ID
	for side, n := range map[string]int{"upstream": len(chatFrames) + 2, "client": len(chatFrames) + 1} {
		var f admin.StreamFrames
		g.JSON("GET", "/api/logs/"+id+"/frames?side="+side, "", &f)
		if len(f.Frames) != n || f.Cut {
			t.Fatalf("%s: %s", side, encoded(f))
		}
		last := -1.0
		for i, one := range f.Frames {
			if one.AtMS == nil || *one.AtMS < last || one.Size == 0 || one.Data == "" {
				t.Errorf("%s, frame %d: %+v after %v ms", side, i, one, last)
			}
			if one.AtMS != nil {
				last = *one.AtMS
			}
		}
	}
	if a := g.Do("GET", "/api/logs/"+id+"/frames?side=elsewhere", ""); a.Status != 400 || !strings.Contains(a.Body, "side") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// What was never meant to be kept is not there in any of the places that are new.
func TestNoContentAnywhere(t *testing.T) {
	t.Parallel()
	config := strings.TrimSuffix(Config, "}") + `,"client":{"disable_content_logging":true,"allow_per_request_content_storage_override":true}}`
	g := Start(t, Options{Config: config, Script: func(*transport.Request) fake.Reply { return answers(chatAnswer) }})
	g.Do("POST", "/openai/chat/completions", chatRequest)
	g.Do("POST", "/openai/chat/completions", chatRequest, "X-Bf-Disable-Content-Logging", "false")
	rows := g.Rows()
	d := g.Detail(rows[0].ID)
	for name, b := range map[string]admin.Body{"client sent": d.RawRequest, "provider got": d.UpstreamRequest, "provider sent": d.RawResponse, "client got": d.ClientResponse} {
		if b.Text != "" || b.Missing == "" || b.Size == 0 {
			t.Errorf("%s: %+v", name, b)
		}
	}
	if len(d.RequestHeaders)+len(d.ResponseHeaders) != 0 || len(d.Spans) == 0 {
		t.Errorf("%d and %d headers, %d spans", len(d.RequestHeaders), len(d.ResponseHeaders), len(d.Spans))
	}
	if d := g.Detail(rows[1].ID); d.RawRequest.Text != chatRequest || d.RawResponse.Text != chatAnswer || d.ClientResponse.Text == "" {
		t.Errorf("a caller that wants it kept: %s", encoded(d))
	}
}

// Whoever is turned away at the door is in the log, without what it brought.
func TestRefusedAtTheDoor(t *testing.T) {
	t.Parallel()
	g := Start(t, Options{})
	g.Do("POST", "/v1/chat/completions", `{"secret":"body"}`, "Origin", "http://evil.test")
	g.Do("POST", "/v1/chat/completions", `{"secret":"body"}`, "Host", "evil.test")
	g.Do("POST", "/nothing/here", `{"secret":"body"}`)
	g.Do("GET", "/nothing/here", "")
	g.Do("POST", "/api/nothing", "{}")
	rows := g.Rows()
	var got []int
	for _, e := range rows {
		got = append(got, e.StatusCode)
		if d := g.Detail(e.ID); d.RawRequest.Text != "" || len(d.RequestHeaders) != 0 || d.ErrorDetails == nil || d.ErrorDetails.Message == "" {
			t.Errorf("detail: %s", encoded(d))
		}
	}
	if !slices.Equal(got, []int{403, 403, 404}) {
		t.Errorf("the log has %v", got)
	}
}
