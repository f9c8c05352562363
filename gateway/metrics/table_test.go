package metrics

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

// borrowed is the text that stands in bytes, without a copy.
func borrowed(b []byte) string { return unsafe.String(&b[0], len(b)) }

func fixed6(v float64) string { return strconv.FormatFloat(v, 'f', 6, 64) }

// However many names callers invent, the number of series is bounded, and nothing is lost in the sums.
func TestSeriesAreBounded(t *testing.T) {
	const sets, calls = 50, 1000
	m := open(t, Options{Sets: sets, Config: Config{Labels: []string{"team"}}})
	for i := range calls {
		r := plainRecord()
		r.Metadata = []exchange.Field{{Name: "team", Value: fmt.Sprint("team ", i)}}
		r.RequestedModel = fmt.Sprint("name ", i)
		r.Model = fmt.Sprint("model ", i)
		if i%2 == 1 {
			r.Status, r.Error = exchange.StatusError, &llm.Error{Kind: llm.KindModelUnavailable, Status: 404}
		}
		m.Begin(r)
		m.End(r)
		m.Answered(Request{Path: "/v1/chat/completions", Method: "POST", Status: 200, Header: header{"X-Bf-Dim-team": fmt.Sprint("team ", i)}})
	}
	var series, sum, answered float64
	for at, value := range read(t, m) {
		switch {
		case strings.HasPrefix(at, "bifrost_upstream_requests_total"):
			series, sum = series+1, sum+value
		case strings.HasPrefix(at, "http_requests_total"):
			answered += value
		}
	}
	if series > 2*sets+1 || series < sets {
		t.Errorf("%v series", series)
	}
	if sum != calls || answered != calls {
		t.Errorf("%v calls and %v requests were counted", sum, answered)
	}
	got := read(t, m)
	const failed = "bifrost_error_requests_total{alias=other error_type=caller_model_not_available fallback_index=0 method=chat_completion model=other number_of_retries=0 provider=demo reason=caller_model_not_available selected_key_id=k1 selected_key_name=one status_code=404 team=other}"
	if got[failed] == 0 {
		t.Error("failed calls are not folded into one set")
	}
	if n := got["heimdall_metrics_folded_total{}"]; n < 2*(calls-3*sets) {
		t.Errorf("%v were folded", n)
	}
	if at := "http_requests_total{method=POST path=/v1/chat/completions status=200 team=other}"; got[at] != calls-sets {
		t.Errorf("%v requests of other teams", got[at])
	}
}

// A set that is known stays known when there are too many.
func TestKnownSetsStay(t *testing.T) {
	m := open(t, Options{Sets: 2})
	for i := range 10 {
		r := plainRecord()
		r.RequestedModel = fmt.Sprint("name ", i)
		m.End(r)
	}
	m.End(plainRecord()) // the first that has no alias
	r := plainRecord()
	r.RequestedModel = "name 0"
	m.End(r)
	expect(t, m,
		"bifrost_success_requests_total{alias=name 0 fallback_index=0 method=chat_completion model=chat number_of_retries=0 provider=demo selected_key_id=k1 selected_key_name=one} 2",
		"bifrost_success_requests_total{alias=name 1 fallback_index=0 method=chat_completion model=chat number_of_retries=0 provider=demo selected_key_id=k1 selected_key_name=one} 1",
		"bifrost_success_requests_total{alias=other fallback_index=0 method=chat_completion model=chat number_of_retries=0 provider=demo selected_key_id=k1 selected_key_name=one} 8",
		"bifrost_success_requests_total{fallback_index=0 method=chat_completion model=chat number_of_retries=0 provider=demo selected_key_id=k1 selected_key_name=one} 1",
	)
}

// A provider may answer with any status; they are bounded too.
func TestStatusesAreBounded(t *testing.T) {
	m := open(t, Options{})
	for i := range 500 {
		r := plainRecord()
		r.Status, r.Error = exchange.StatusError, &llm.Error{Kind: llm.KindOther, Status: 100 + i}
		m.End(r)
	}
	n := 0.0
	sum := 0.0
	for at, value := range read(t, m) {
		if strings.HasPrefix(at, "bifrost_error_requests_total") {
			n, sum = n+1, sum+value
		}
	}
	if n > maxFailures+1 || sum != 500 {
		t.Errorf("%v series of %v errors", n, sum)
	}
}

// Names may be anything: too long, or no text at all. They do not break the exposition, and long ones are cut.
func TestOddNames(t *testing.T) {
	m := open(t, Options{})
	r := plainRecord()
	r.RequestedModel = "\xff" + strings.Repeat("ä", 100_000)
	m.End(r)
	m.End(r)
	for at, n := range read(t, m) {
		if strings.HasPrefix(at, "bifrost_success_requests_total") && (len(at) > 400 || n != 2 || !strings.Contains(at, "alias=\ufffdää")) {
			t.Errorf("%v times %s", n, at)
		}
	}
}

// What a record's text stands in is used again after End.
func TestNamesAreCopied(t *testing.T) {
	m := open(t, Options{})
	body := []byte("a-model-of-its-own")
	r := plainRecord()
	r.RequestedModel = borrowed(body)
	m.End(r)
	copy(body, "ZZZZZZZZZZZZZZZZZZZ")
	r = plainRecord()
	r.RequestedModel = "a-model-of-its-own"
	m.End(r)
	expect(t, m, "bifrost_success_requests_total{alias=a-model-of-its-own fallback_index=0 method=chat_completion model=chat number_of_retries=0 provider=demo selected_key_id=k1 selected_key_name=one} 2")
}

func TestManyAtOnce(t *testing.T) {
	m := open(t, Options{Sets: 8, Config: Config{Labels: []string{"team"}, Breakdown: true}})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 100 {
				r := record()
				r.KeyName = fmt.Sprint(i*100 + j%10)
				m.Begin(r)
				m.End(r)
				m.Answered(Request{Path: "/", Method: "GET", Status: 200 + j})
				if j == 50 {
					commit, err := m.Prepare(Config{Enabled: true, Labels: []string{"team", fmt.Sprint("label", i)}})
					if err != nil {
						t.Error(err)
						return
					}
					commit()
				}
				if j%25 == 0 {
					read(t, m)
				}
			}
		})
	}
	all.Wait()
	expect(t, m, "bifrost_active_requests{method=chat_completion_stream} 0")
}

// A new configuration with the same labels goes on counting; with others it counts from zero, but knows what is in flight.
func TestSwap(t *testing.T) {
	m := open(t, Options{})
	const at = "bifrost_success_requests_total{fallback_index=0 method=chat_completion model=chat number_of_retries=0 provider=demo selected_key_id=k1 selected_key_name=one} "
	use := func(c Config) {
		t.Helper()
		commit, err := m.Prepare(c)
		if err != nil {
			t.Fatal(err)
		}
		commit()
	}
	m.Begin(plainRecord())
	m.End(plainRecord())
	m.Begin(plainRecord())
	use(Config{Enabled: true, Breakdown: true})
	expect(t, m, at+"1", "bifrost_active_requests{method=chat_completion} 1")
	use(Config{Enabled: true, Labels: []string{"team"}})
	m.End(plainRecord())
	expect(t, m, at+"1", "bifrost_active_requests{method=chat_completion} 0")
	use(Config{Enabled: true, Labels: []string{"team"}, Users: true})
	m.End(plainRecord())
	expect(t, m, at+"1")
	if _, err := m.Prepare(Config{Labels: []string{"provider"}}); err == nil || !strings.Contains(err.Error(), `"provider"`) {
		t.Error(err)
	}
}

// Counting is on the way of every request.
func TestAllocations(t *testing.T) {
	m := open(t, Options{Config: Config{Labels: []string{"team", "tenant"}, Breakdown: true}})
	r := record()
	r.Metadata = []exchange.Field{{Name: "team", Value: "tools"}}
	r.Spans = []exchange.Span{{Phase: exchange.PhaseRead, Duration: time.Microsecond}, {Phase: exchange.PhaseRoute, Duration: time.Microsecond}}
	failed := plainRecord()
	failed.Status, failed.Error = exchange.StatusError, &llm.Error{Kind: llm.KindServerError, Status: 500}
	limited := failed.Attempts[0]
	limited.KeyID, limited.Kind = "k0", llm.KindProviderLimited
	failed.Attempts = []exchange.Attempt{limited, failed.Attempts[0]}
	h := header{"X-Bf-Dim-team": "tools"}
	for name, f := range map[string]func(){
		"a stream":  func() { m.Begin(r); m.End(r) },
		"a failure": func() { m.Begin(failed); m.End(failed) },
		"HTTP":      func() { m.Answered(Request{Path: "/v1/messages", Method: "POST", Status: 200, Header: h}) },
	} {
		if n := testing.AllocsPerRun(100, f); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkEnd(b *testing.B) {
	m := open(b, Options{Config: Config{Labels: []string{"team"}}})
	r := record()
	r.Metadata = []exchange.Field{{Name: "team", Value: "tools"}}
	for i := range 1000 { // others
		o := plainRecord()
		o.KeyName = fmt.Sprint(i)
		m.End(o)
	}
	b.ReportAllocs()
	for b.Loop() {
		m.Begin(r)
		m.End(r)
	}
}

func BenchmarkAnswered(b *testing.B) {
	m := open(b, Options{})
	b.ReportAllocs()
	for b.Loop() {
		m.Answered(Request{Path: "/v1/messages", Method: "POST", Status: 200, Took: time.Second, In: 100, Out: 200})
	}
}
