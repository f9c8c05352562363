package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

func record(id string) *exchange.Record {
	return &exchange.Record{ID: id, Time: time.Now(), Op: llm.OpChat, Status: exchange.StatusProcessing, RequestedModel: "alpha/a-1", Method: "POST"}
}

// listen opens the events and gives what each Read brings.
func (w *world) listen(ctx context.Context) (io.ReadCloser, <-chan string) {
	w.t.Helper()
	r, err := w.send(ctx, "GET", "/api/events", "", fields{})
	if err != nil {
		w.t.Fatal(err)
	}
	reads := make(chan string, 100)
	go func() {
		defer close(reads)
		p := make([]byte, 1<<20)
		for {
			n, err := r.Stream.Read(p)
			if err != nil {
				return
			}
			reads <- string(p[:n])
		}
	}()
	return r.Stream, reads
}

// short is each event as "type operation/state id".
func short(t *testing.T, text string) (all []string) {
	t.Helper()
	for event := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		if strings.HasPrefix(event, ":") {
			all = append(all, "heartbeat")
			continue
		}
		head, data, ok := strings.Cut(event, "\ndata: ")
		var f Frame
		if err := json.Unmarshal([]byte(data), &f); err != nil || !ok || head != "event: "+f.Type {
			t.Fatalf("event %q: %v", event, err)
		}
		line := f.Type
		switch {
		case f.Gateway != nil:
			line += " " + f.Gateway.State
		case f.Log != nil:
			line += " " + f.Operation + " " + f.Log.ID + " " + f.Log.Status
		case f.Refused != nil:
			line += " " + f.Refused.Origin
		case f.Dropped != nil:
			line += fmt.Sprint(" ", f.Dropped.Rows)
		}
		all = append(all, line)
	}
	return all
}

func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, config.Fixed{})
		a, b := record("a"), record("b")
		w.Hub.Begin(a)
		stream, reads := w.listen(t.Context())
		synctest.Wait()
		if diff := cmp.Diff([]string{"gateway running", "log create a processing"}, short(t, <-reads)); diff != "" {
			t.Fatal(diff)
		}

		start := time.Now()
		w.Hub.Begin(b)
		a.Status = exchange.StatusSuccess
		w.Hub.End(a)
		w.Hub.Gateway(Gateway{State: "stopped"})
		w.Refused("http://evil.example", "/v1/models")
		w.Hub.Dropped(Dropped{Rows: 3})
		do[Saved](w, "PUT", "/api/config", `{"settings":{"theme":"dark"}}`)
		want := []string{"gateway stopped", "log create b processing", "log update a success", "config", "refused http://evil.example", "dropped 3"}
		if diff := cmp.Diff(want, short(t, <-reads)); diff != "" {
			t.Fatal(diff)
		}
		if waited := time.Since(start); waited > flushEvery {
			t.Errorf("events came after %s", waited)
		}
		for i := range 50 {
			w.Hub.Begin(record(fmt.Sprint("r", i)))
		}
		if got := short(t, <-reads); len(got) != 50 {
			t.Errorf("50 rows at once came in pieces: %d first", len(got))
		}
		if diff := cmp.Diff([]string{"heartbeat"}, short(t, <-reads)); diff != "" || time.Since(start) > 20*time.Second {
			t.Error("no heartbeat", diff)
		}
		stream.Close()
		if _, open := <-reads; open || len(w.Hub.subs) != 0 {
			t.Error("a closed stream goes on")
		}
	})
}

func TestASlowListenerIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, config.Fixed{})
		s := w.Hub.subscribe(Gateway{}, nil, false)
		for i := range maxPending + 1 {
			w.Hub.Begin(record(fmt.Sprint(i)))
		}
		if _, err := s.Read(make([]byte, 10)); err != io.EOF {
			t.Fatalf("read: %v", err)
		}
		s.Close()
	})
}

func TestStreamsEndWithTheirRequestAndTheHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, config.Fixed{})
		ctx, cancel := context.WithCancel(t.Context())
		_, gone := w.listen(ctx)
		_, stays := w.listen(t.Context())
		<-gone
		<-stays
		cancel()
		if _, open := <-gone; open {
			t.Error("a stream outlives its request")
		}
		w.Hub.Close()
		if _, open := <-stays; open {
			t.Error("a stream outlives the hub")
		}
		if _, late := w.listen(t.Context()); true {
			if _, open := <-late; open {
				t.Error("a closed hub takes listeners")
			}
		}
	})
}

func TestTheHubIsCheapWithoutListeners(t *testing.T) {
	h, r := NewHub(), record("a")
	h.Begin(r)
	h.End(r)
	if n := testing.AllocsPerRun(100, func() { h.Begin(r); h.End(r) }); n > 1 {
		t.Errorf("%v allocations an exchange, want only the row", n)
	}
}
