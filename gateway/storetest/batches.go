package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/observe"
)

// mixed is a batch of records some of which have no bodies, or one, or such as repeat others'.
func mixed(batch, n int) []*exchange.Record {
	history := `{"model":"demo","messages":[{"role":"system","content":"` + noise(500) + `"}`
	var all []*exchange.Record
	for i := range n {
		r := full(fmt.Sprintf("%d.%d", batch, i))
		r.Time = noon.Add(time.Duration(batch)*time.Hour + time.Duration(i)*time.Second)
		history += fmt.Sprintf(`,{"role":"user","content":"%d %s"}`, i, noise(100))
		r.Request, r.Response = body(history+"]}"), body(noise(i*50))
		switch i % 5 {
		case 1:
			r.Request = exchange.Body{}
		case 2:
			r.Response = exchange.Body{}
		case 3:
			r.Request, r.Response = exchange.Body{}, exchange.Body{Size: 700}
		}
		all = append(all, r)
	}
	return all
}

// noise is n characters that can't be compressed much.
func noise(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"[rand.IntN(64)]
	}
	return string(b)
}

func logsDeleteAmong(t *testing.T, open func() observe.Store) {
	s := open()
	var all []*exchange.Record
	for b := range 4 {
		batch := mixed(b, 30)
		appendAll(t, s, batch...)
		all = append(all, batch...)
	}
	for len(all) > 0 {
		rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		gone := all[:min(len(all), 17)]
		all = all[len(gone):]
		var ids []string
		for _, r := range gone {
			ids = append(ids, r.ID)
		}
		if err := s.Delete(t.Context(), ids); err != nil {
			t.Fatalf("delete: %v", err)
		}
		for _, r := range all {
			checkGet(t, s, r)
		}
		for _, id := range ids {
			if _, err := s.Get(t.Context(), id); !errors.Is(err, observe.ErrNotFound) {
				t.Errorf("get of a deleted record: error %v, want ErrNotFound", err)
			}
		}
		closeStore(t, s)
		s = open()
	}
	// What comes now may not find what was there.
	bare := &exchange.Record{ID: "bare", Time: noon, Request: exchange.Body{Size: 5}}
	next := full("next")
	appendAll(t, s, bare, next)
	checkGet(t, s, bare)
	checkGet(t, s, next)
}

func logsReplaceAmong(t *testing.T, open func() observe.Store) {
	s := open()
	first, second := mixed(1, 20), mixed(1, 20)
	appendAll(t, s, first...)
	appendAll(t, s, append(second[10:], mixed(2, 10)...)...)
	for _, r := range append(first[:10], second[10:]...) {
		checkGet(t, s, r)
	}
	if p := search(t, s, observe.Query{}); p.Total != 30 {
		t.Errorf("%d records in all, want 30", p.Total)
	}
}

func logsPruneBatches(t *testing.T, open func() observe.Store) {
	s := open()
	var all []*exchange.Record
	for b := range 50 {
		batch := mixed(b, 20)
		appendAll(t, s, batch...)
		all = append(all, batch...)
	}
	// Into the middle of a batch.
	const gone = 20*20 + 8
	p, err := s.Prune(t.Context(), observe.Limits{Before: all[gone].Time})
	if want := (observe.Pruned{Rows: gone}); err != nil || p != want {
		t.Errorf("prune: %+v, %v; want %+v", p, err, want)
	}
	closeStore(t, s)
	s = open()
	for _, r := range all[gone:] {
		checkGet(t, s, r)
	}
	p, err = s.Prune(t.Context(), observe.Limits{BodiesBefore: noon.Add(1000 * time.Hour)})
	if err != nil || p.Rows != 0 || p.Bodies != 0 {
		t.Errorf("prune of all bodies but those of errors: %+v, %v", p, err)
	}
	for _, r := range all[gone:] {
		r.ID, r.Status = r.ID+" again", exchange.StatusSuccess
	}
	appendAll(t, s, all[gone:]...)
	p, err = s.Prune(t.Context(), observe.Limits{BodiesBefore: noon.Add(1000 * time.Hour)})
	if err != nil || p.Rows != 0 || p.Bodies == 0 {
		t.Errorf("prune of all bodies: %+v, %v", p, err)
	}
	for _, r := range all[gone:] {
		got, err := s.Get(t.Context(), r.ID)
		if err != nil || got.Request.Size != r.Request.Size || got.Request.Data != nil || got.Response.Data != nil || got.Header != nil {
			t.Fatalf("get without bodies: %v, %v; want the rest of the record", got, err)
		}
	}
	if p, err = s.Prune(t.Context(), observe.Limits{MaxBytes: 1}); err != nil || p.Rows != int64(2*len(all[gone:])) {
		t.Errorf("prune of all there is: %+v, %v", p, err)
	}
	next := mixed(60, 20)
	appendAll(t, s, next...)
	for _, r := range next {
		checkGet(t, s, r)
	}
}
